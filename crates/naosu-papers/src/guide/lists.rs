//! The lists: all messages by text and code, all causes, everything that can be done, all providers.

use std::collections::BTreeMap;

use askama::Template;
use naosu_core::knowledge::Lang;

use super::Topic;
use super::client::has_words;
use super::frame::{Frame, Link};
use super::replies;
use crate::dialogs::filled;
use crate::{pick, said};

#[derive(Template)]
#[template(path = "guide/messages.html")]
struct MessagesPage<'a> {
    f: Frame<'a>,
    clients: Vec<(Link, usize)>,
    servers: Vec<(Link, usize)>,
    codes: Vec<Entry>,
    /// By language, that of the page first.
    texts: Vec<(&'static str, &'static str, Vec<Entry>)>,
}

/// A text or code, with where it leads: the places of one text in several programs side by side.
struct Entry {
    text: String,
    places: Vec<Link>,
}

/// All messages.
pub(super) fn messages(frame: Frame<'_>) -> askama::Result<String> {
    let (knowledge, lang) = (frame.knowledge, frame.lang);
    let frame = frame.named(
        pick(lang, "All messages and codes", "すべてのメッセージとコード"),
        pick(
            lang,
            "Error messages and codes of mail programs and mail servers, sorted, each with what it means.",
            "メールソフトとメールサーバのエラーメッセージ・コードの一覧。それぞれの意味と直し方へ進めます。",
        ),
    );
    let mut clients = Vec::new();
    let (mut codes, mut english, mut japanese) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (id, client) in &knowledge.words().client_errors {
        let known: Vec<_> = client.message.iter().filter(|message| has_words(message)).collect();
        if known.is_empty() {
            continue;
        }
        let program = client.name.get(lang);
        clients.push((frame.link(Topic::Client(id), program), known.len()));
        for message in known {
            let put = |into: &mut BTreeMap<(String, String), Vec<Link>>, text: &str| {
                let text = filled(text);
                let place = frame.part(Topic::Client(id), &message.id, program);
                let places = into.entry((text.to_lowercase(), text)).or_default();
                if !places.contains(&place) {
                    places.push(place);
                }
            };
            message.code.iter().chain(&message.symbol).for_each(|code| put(&mut codes, code));
            message.en.iter().for_each(|text| put(&mut english, text));
            message.ja.iter().for_each(|text| put(&mut japanese, text));
        }
    }
    clients.sort_by_key(|(link, _)| link.text.to_lowercase());
    let entries = |map: BTreeMap<(String, String), Vec<Link>>| {
        map.into_iter().map(|((_, text), places)| Entry { text, places }).collect::<Vec<_>>()
    };
    let mut texts = vec![
        (Lang::En.tag(), pick(lang, "Texts in English", "英語の文"), entries(english)),
        (Lang::Ja.tag(), pick(lang, "Texts in Japanese", "日本語の文"), entries(japanese)),
    ];
    if lang == Lang::Ja {
        texts.reverse();
    }
    MessagesPage { clients, servers: replies::groups(&frame), codes: entries(codes), texts, f: frame }
        .render()
}

#[derive(Template)]
#[template(path = "guide/list.html")]
struct ListPage<'a> {
    f: Frame<'a>,
    lead: &'static str,
    groups: Vec<Group>,
}

/// A heading with what is under it.
struct Group {
    heading: &'static str,
    /// Links, each with a few words.
    entries: Vec<(Link, String)>,
}

/// All causes, by where they lie; the most frequent first.
pub(super) fn causes(frame: Frame<'_>) -> askama::Result<String> {
    let (knowledge, lang) = (frame.knowledge, frame.lang);
    let frame = frame.named(
        pick(lang, "All causes", "すべての原因"),
        pick(
            lang,
            "Why mail or an Apple account stops working: every cause that Naosu knows, by where it lies.",
            "メールやApple Accountが使えなくなる原因の一覧。どこに原因があるかで分けました。",
        ),
    );
    let mut groups: Vec<(f64, Group)> = Vec::new();
    for (id, heading) in GROUPS {
        let known = knowledge.causes.iter();
        let mut of: Vec<_> = known
            .filter(|(cause, _)| knowledge.taxonomy.cause.get(*cause).is_some_and(|entry| entry.group == id))
            .collect();
        of.sort_by(|a, b| b.1.prior.total_cmp(&a.1.prior));
        let weight = of.iter().map(|(_, cause)| cause.prior).sum();
        let entries = of
            .into_iter()
            .map(|(id, cause)| (frame.cause(id), cause.explanation.get(lang).to_owned()))
            .collect();
        groups.push((weight, Group { heading: pick(lang, heading.0, heading.1), entries }));
    }
    groups.sort_by(|a, b| b.0.total_cmp(&a.0));
    let lead = pick(
        lang,
        "The most frequent first. A cause is why it fails; what you see is a symptom.",
        "多いものから順に並べています。",
    );
    ListPage { lead, groups: groups.into_iter().map(|(_, group)| group).collect(), f: frame }.render()
}

/// The groups of causes of the taxonomy.
const GROUPS: [(&str, (&str, &str)); 8] = [
    ("service", ("The provider's side", "メール提供元の側")),
    ("network", ("The way between device and provider", "端末と提供元の間")),
    ("identity", ("Password, second factor, locks", "パスワード・認証・ロック")),
    ("settings", ("Settings of the account", "アカウントの設定")),
    ("mailbox", ("The mailbox and its messages", "メールボックスとメール")),
    ("device", ("The device and its apps", "端末とアプリ")),
    ("carrier", ("The carrier and the SIM", "携帯会社とSIM")),
    ("message", ("iMessage and FaceTime", "iMessageとFaceTime")),
];

/// Everything that can be done, the quickest first.
pub(super) fn actions(frame: Frame<'_>) -> askama::Result<String> {
    use naosu_core::knowledge::{Action, ActionKind, Risk, Who};
    let lang = frame.lang;
    let frame = frame.named(
        pick(lang, "What to do", "直し方"),
        pick(
            lang,
            "Every repair for mail and Apple accounts that Naosu knows, with time, risk and the steps by device.",
            "メールやApple Accountの直し方の一覧。かかる時間、注意、端末別の手順つき。",
        ),
    );
    let actions = &frame.knowledge.care().actions;
    let group = |heading, wanted: &dyn Fn(&Action) -> bool| {
        let mut of: Vec<_> = actions.iter().filter(|(_, action)| wanted(action)).collect();
        of.sort_by(|a, b| a.1.minutes.total_cmp(&b.1.minutes));
        let entry = |(id, action): (&String, &Action)| {
            (frame.link(Topic::Action(id), action.title.get(lang)), said::minutes(action.minutes, lang))
        };
        Group { heading, entries: of.into_iter().map(entry).collect() }
    };
    let own = |action: &Action| action.kind == ActionKind::Action && action.who != Who::DomainAdmin;
    let groups = vec![
        group(pick(lang, "Nothing can be lost", "何も消えないもの"), &|action| {
            own(action) && action.risk <= Risk::Interrupts
        }),
        group(pick(lang, "Settings are erased", "消える設定があるもの"), &|action| {
            own(action) && action.risk == Risk::LosesSettings
        }),
        group(pick(lang, "Data can be lost", "データが消えることがあるもの"), &|action| {
            own(action) && action.risk >= Risk::LosesData
        }),
        group(pick(lang, "Wait", "待つ"), &|action| action.kind == ActionKind::Wait),
        group(pick(lang, "Ask for help", "相談する"), &|action| action.kind == ActionKind::Escalation),
        group(
            pick(lang, "For whoever runs a mail domain", "メールのドメインの管理者向け"),
            &|action| action.kind == ActionKind::Action && action.who == Who::DomainAdmin,
        ),
    ];
    let lead = pick(
        lang,
        "Find out first which one of them it is: each helps against some causes only.",
        "先に原因を調べてください。どの対処も、効く原因は限られています。",
    );
    ListPage { lead, groups, f: frame }.render()
}

/// All providers: those of the taxonomy's services first.
pub(super) fn providers(frame: Frame<'_>) -> askama::Result<String> {
    let lang = frame.lang;
    let frame = frame.named(
        pick(lang, "Mail providers", "メール提供元"),
        pick(
            lang,
            "Servers, ports, user name and password of mail providers, by name and by what stands after the @.",
            "メール提供元のサーバ、ポート、ユーザ名、パスワードの一覧。アドレスの@より後ろでも探せます。",
        ),
    );
    let entry = |(id, provider): (&str, &naosu_core::knowledge::Provider)| {
        let name = frame.pick(&provider.en, &provider.ja);
        let domains = provider.domains.iter().map(|domain| format!("@{domain}")).collect::<Vec<_>>();
        (frame.link(Topic::Provider(id), name), domains.join(" "))
    };
    let all = frame.knowledge.providers();
    let is_large = |service: &str| !matches!(service, "isp" | "other" | "self_hosted");
    let of = |large: bool| {
        let mut entries: Vec<_> =
            all.iter().filter(|(_, provider)| is_large(&provider.service) == large).map(entry).collect();
        entries.sort_by_key(|(link, _)| link.text.to_lowercase());
        entries
    };
    let groups = vec![
        Group { heading: pick(lang, "Most used", "利用者の多い提供元"), entries: of(true) },
        Group { heading: pick(lang, "All others", "そのほか"), entries: of(false) },
    ];
    let lead = pick(
        lang,
        "Find yours by its name, or by what stands after the @ of the address.",
        "名前か、メールアドレスの@より後ろで探してください。",
    );
    ListPage { lead, groups, f: frame }.render()
}
