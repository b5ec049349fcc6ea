//! The guide: everything that is known is in it, in both languages, and every link leads somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use naosu_core::knowledge::{Knowledge, Lang, embedded};
use naosu_papers::guide::{Guide, Home, LANGUAGES, Topic};

use crate::page::{Page, all, is_harmless, is_readable, target};

const BASE: &str = "https://guide.example/naosu/";

static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(|| Knowledge::built_in().unwrap());

/// All files by their paths.
static FILES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| files(&KNOWLEDGE));

fn files(knowledge: &Knowledge) -> BTreeMap<String, String> {
    let home = Home::Files { base_url: Some(BASE.to_owned()) };
    Guide::new(knowledge, home).files().unwrap().into_iter().collect()
}

/// The pages of these files, parsed.
fn pages(files: &BTreeMap<String, String>) -> BTreeMap<&str, Page> {
    let pages = files.iter().filter(|(path, _)| path.strip_suffix(".html").is_some());
    pages.map(|(path, text)| (path.as_str(), Page::parse(text))).collect()
}

fn page(topic: Topic<'_>, lang: Lang) -> Page {
    let path = format!("{}/{}", lang.tag(), topic.path());
    Page::parse(FILES.get(&path).unwrap_or_else(|| panic!("no page {path}")))
}

#[test]
fn everything_that_is_known_has_its_page() {
    let care = KNOWLEDGE.care();
    for lang in LANGUAGES {
        let is_there = |topic| assert!(!page(topic, lang).texts("h1")[0].is_empty());
        KNOWLEDGE.taxonomy.symptom.keys().for_each(|id| is_there(Topic::Symptom(id)));
        KNOWLEDGE.taxonomy.cause.keys().for_each(|id| is_there(Topic::Cause(id)));
        care.actions.keys().for_each(|id| is_there(Topic::Action(id)));
        KNOWLEDGE.providers().iter().for_each(|(id, _)| is_there(Topic::Provider(id)));
        care.flows.keys().for_each(|id| is_there(Topic::Flow(id)));
        care.checklists.keys().for_each(|id| is_there(Topic::Checklist(id)));
    }
}

#[test]
fn everything_smaller_has_its_anchor() {
    let care = KNOWLEDGE.care();
    let mut messages = 0;
    for lang in LANGUAGES {
        let mut parsed: BTreeMap<String, Page> = BTreeMap::new();
        let mut is_there = |topic: Topic<'_>, id: &str| {
            let page = parsed.entry(topic.path()).or_insert_with(|| page(topic, lang));
            assert!(page.ids.contains(id), "{topic:?} has no {id} in {lang:?}");
        };
        for (id, client) in &KNOWLEDGE.words().client_errors {
            // those without words are patterns
            for message in client.message.iter().filter(|one| !one.en.is_empty() || !one.ja.is_empty()) {
                is_there(Topic::Client(id), &message.id);
                messages += 1;
            }
        }
        for (id, group) in KNOWLEDGE.replies().groups() {
            group.reply.iter().for_each(|reply| is_there(Topic::Replies(id), &reply.id));
        }
        for (id, flow) in &care.flows {
            flow.states.keys().for_each(|state| is_there(Topic::Flow(id), state));
        }
        for (id, list) in &care.checklists {
            list.items.iter().for_each(|item| is_there(Topic::Checklist(id), &item.id));
        }
        for (id, cause) in &KNOWLEDGE.causes {
            cause.fixes.iter().for_each(|fix| is_there(Topic::Cause(id), &fix.action));
        }
        care.answers.keys().for_each(|id| is_there(Topic::Answers, id));
        for (id, action) in &care.actions {
            if action.correction.is_some() {
                is_there(Topic::Corrections, id);
            }
        }
    }
    assert!(messages > 1000, "{messages}");
}

#[test]
fn a_message_can_be_found_by_its_text_and_its_code() {
    for lang in LANGUAGES {
        let words = page(Topic::Messages, lang).texts("main")[0].clone();
        for text in ["0x800CCC0E", "Cannot Get Mail", "メールを取得できません", "certificateerror::expired"]
        {
            let there = words.to_lowercase().contains(&text.to_lowercase());
            assert!(there || text.contains("::"), "{text}");
        }
        let message = page(Topic::Client("ios_mail"), lang);
        assert!(message.texts("main")[0].contains("MFMessageErrorDomain 1045"));
    }
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages(&FILES);
    let mut links = 0;
    let mut reached: BTreeSet<String> = BTreeSet::new();
    for (path, page) in &pages {
        for link in all(&page.html, "a[href], link[rel=stylesheet]") {
            let href = link.attr("href").unwrap();
            if href.starts_with("https://") || href.starts_with("http://") {
                continue;
            }
            let (to, anchor) = target(path, href);
            links += 1;
            assert!(FILES.contains_key(&to), "{path}: {href} leads to nothing");
            if let Some(anchor) = anchor {
                assert!(pages[to.as_str()].ids.contains(&anchor), "{path}: {href} has no such anchor");
            }
            reached.insert(to);
        }
    }
    assert!(links > 10_000, "{links}");
    let lost: Vec<&&str> =
        pages.keys().filter(|path| !reached.contains(**path) && **path != "index.html").collect();
    assert!(lost.is_empty(), "no page leads to {lost:?}");
}

#[test]
fn every_page_can_be_read_by_anybody_and_fetches_nothing() {
    for (path, page) in &pages(&FILES) {
        is_readable(path, page);
        is_harmless(path, page);
    }
    let style = &FILES["style.css"];
    assert!(!style.contains("http") && !style.contains("@import") && !style.contains("url("));
}

#[test]
fn both_languages_say_as_much() {
    let pages = pages(&FILES);
    for (path, english) in pages.iter().filter_map(|(path, page)| Some((path.strip_prefix("en/")?, page))) {
        let japanese = &pages[format!("ja/{path}").as_str()];
        for selector in ["h2", "h3", "article", "section", "dt", "tr", "details"] {
            assert_eq!(english.texts(selector).len(), japanese.texts(selector).len(), "{path}: {selector}");
        }
        let title = &japanese.texts("h1")[0];
        let is_japanese = |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}');
        assert!(title.chars().any(is_japanese), "{path}: {title}");
        assert!(!english.texts("h1")[0].chars().any(is_japanese), "{path}");
    }
}

#[test]
fn search_engines_are_told_the_address_and_the_languages() {
    let cause = page(Topic::Cause("cert_expired"), Lang::Ja);
    let address = |lang: &str| format!("{BASE}{lang}/causes/cert_expired.html");
    assert_eq!(cause.attribute("link[rel=canonical]", "href"), Some(address("ja")));
    for lang in ["en", "ja"] {
        let selector = format!("link[rel=alternate][hreflang={lang}]");
        assert_eq!(cause.attribute(&selector, "href"), Some(address(lang)));
    }
    let sitemap = &FILES["sitemap.xml"];
    for path in pages(&FILES).keys().filter(|path| **path != "index.html") {
        assert!(sitemap.contains(&format!("<loc>{BASE}{path}</loc>")), "{path}");
    }
    let nowhere = Guide::new(&KNOWLEDGE, Home::Files { base_url: None });
    let page = Page::parse(&nowhere.page(Topic::Front, Lang::En).unwrap());
    assert_eq!(page.attribute("link[rel=canonical]", "href"), None);
    assert!(nowhere.files().unwrap().iter().all(|(path, _)| path != "sitemap.xml"));
}

#[test]
fn a_cause_offers_what_can_lose_data_last_and_warns_before() {
    let cause = page(Topic::Cause("client_profile_corrupt"), Lang::En);
    let graves: Vec<bool> =
        all(&cause.html, "article").map(|one| one.html().contains("Data can be lost")).collect();
    assert!(graves.contains(&true) && graves.contains(&false), "{graves:?}");
    assert!(graves.is_sorted(), "{graves:?}");
    let erases = page(Topic::Action("reset_network_settings"), Lang::Ja);
    let text = erases.html.root_element().text().collect::<String>();
    let (warning, steps) =
        (text.find("消えるもの").unwrap(), text.find("転送またはiPhoneをリセット").unwrap());
    assert!(warning < steps);
    assert!(erases.texts("summary").iter().any(|summary| summary == "iPhone(iOS 15+)"));
}

#[test]
fn words_find_messages_causes_and_symptoms() {
    let home = Home::Server { base_url: BASE.to_owned(), style: "/s.css".to_owned() };
    let guide = Guide::new(&KNOWLEDGE, home);
    let found = |words: &'static str, lang| {
        let page = Page::parse(&guide.search(words, lang).unwrap());
        is_readable(lang.tag(), &page);
        is_harmless("search", &page);
        let links: Vec<String> =
            all(&page.html, "main a").map(|link| link.attr("href").unwrap().to_owned()).collect();
        for link in &links {
            let (path, anchor) = target("", link.strip_prefix("/guide/").unwrap_or("en/index.html"));
            let path = path.trim_start_matches('/');
            let page = Page::parse(&FILES[path]);
            assert!(anchor.is_none_or(|anchor| page.ids.contains(&anchor)), "{link}");
        }
        links
    };
    let links = found("Cannot Get Mail. The connection to the server failed.", Lang::En);
    assert!(links.iter().any(|link| link.starts_with("/guide/en/messages/ios_mail.html#")), "{links:?}");
    assert!(links.iter().any(|link| link.starts_with("/guide/en/causes/")), "{links:?}");
    let links = found("証明書の期限が切れています", Lang::Ja);
    assert!(links.contains(&"/guide/ja/causes/cert_expired.html".to_owned()), "{links:?}");
    let links = found(
        "550 5.7.26 this message fails to pass SPF checks for an SPF record with a hard fail",
        Lang::En,
    );
    assert!(links.contains(&"/guide/en/replies/gmail.html#r005".to_owned()), "{links:?}");
    let links = found("hanako@docomo.ne.jp", Lang::Ja);
    assert!(links.contains(&"/guide/ja/providers/docomo.html".to_owned()), "{links:?}");
    let links = found("qwertz", Lang::En);
    assert!(links.contains(&"/guide/en/messages.html".to_owned()), "{links:?}");
    found("<script>alert(1)</script>\"'", Lang::En);
    found("", Lang::En);
}

/// Text that would be something else where it is not escaped.
const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>\"' onclick='x' {{ 7 }} &lt;";

#[test]
fn hostile_knowledge_stays_text() {
    let folders = [
        "actions/",
        "answers/",
        "causes/",
        "checklists/",
        "client_errors/",
        "flows/",
        "providers/",
        "replies/",
        "status/",
    ];
    let spoilt: Vec<(String, String)> = embedded()
        .into_iter()
        .map(|(path, text)| {
            if !folders.iter().any(|folder| path.starts_with(folder)) {
                return (path, text);
            }
            let mut value: toml::Table = text.parse().unwrap();
            value.iter_mut().for_each(|(key, value)| spoil(key, value));
            (path, toml::to_string(&value).unwrap())
        })
        .collect();
    let knowledge = Knowledge::load(&spoilt).unwrap();
    let files = files(&knowledge);
    assert!(files.keys().eq(FILES.keys()));
    let (pages, mut spoilt) = (pages(&files), 0);
    for (path, page) in &pages {
        is_harmless(path, page);
        spoilt += usize::from(page.html.root_element().text().collect::<String>().contains(HOSTILE));
    }
    assert!(spoilt > pages.len() * 9 / 10, "{spoilt}");
}

/// Puts hostile text behind everything that is read and not an id.
fn spoil(key: &str, value: &mut toml::Value) {
    match value {
        toml::Value::String(text) if READ.contains(&key) => text.push_str(HOSTILE),
        toml::Value::Array(items) => items.iter_mut().for_each(|item| spoil(key, item)),
        toml::Value::Table(table) => table.iter_mut().for_each(|(key, value)| spoil(key, value)),
        _ => {}
    }
}

const READ: [&str; 14] = [
    "en", "ja", "value", "source", "sources", "help", "page", "os", "pattern", "enhanced", "checked", "host",
    "code", "symbol",
];
