//! What servers answer when they refuse, and what that means.

use askama::Template;
use naosu_core::knowledge::{Group, Kind, Match, Reply};

use super::Topic;
use super::frame::{Frame, Link};
use super::shown::Sources;
use super::topic::anchor;
use crate::said::capital;

/// A text of fewer bytes says too little to be taken for a quotation.
const QUOTED: usize = 8;

#[derive(Template)]
#[template(path = "guide/replies.html")]
struct RepliesPage<'a> {
    f: Frame<'a>,
    providers: Vec<Link>,
    rows: Vec<Row>,
    sources: Sources,
}

/// One answer.
struct Row {
    anchor: String,
    /// Its code, as it stands before the text.
    code: String,
    texts: Vec<String>,
    protocol: Option<String>,
    means: Vec<Link>,
}

/// The page of a group of answers.
pub(super) fn page<'a>(frame: Frame<'a>, id: &'a str) -> askama::Result<String> {
    let knowledge = frame.knowledge;
    let Some(group) = knowledge.replies().get(id) else { return Ok(String::new()) };
    let whose = whose(&frame, id, group);
    let title = crate::pick(frame.lang, format!("Server replies: {whose}"), format!("サーバの応答: {whose}"));
    let description = crate::pick(
        frame.lang,
        format!("What mail servers mean by their error replies ({whose})."),
        format!("メールサーバのエラー応答の意味({whose})。"),
    );
    let messages = frame.pick("Messages", "メッセージ");
    let frame = frame.named(title, description).of(Topic::Messages, messages);
    let own = std::iter::once(id).filter(|_| group.providers.is_empty());
    let providers = own.chain(group.providers.iter().map(String::as_str));
    let providers = providers.filter_map(|id| {
        let provider = knowledge.providers().get(id)?;
        Some(frame.link(Topic::Provider(id), frame.pick(&provider.en, &provider.ja)))
    });
    let sources =
        Sources::new(&frame, group.reply.iter().map(|reply| &reply.source), group.checked.as_deref());
    RepliesPage {
        providers: providers.collect(),
        rows: group.reply.iter().map(|reply| Row::new(&frame, reply)).collect(),
        sources,
        f: frame,
    }
    .render()
}

impl Row {
    fn new(frame: &Frame<'_>, reply: &Reply) -> Self {
        Self {
            anchor: anchor(&reply.id),
            code: code(reply),
            texts: texts(reply),
            protocol: reply.protocol.map(|protocol| protocol.as_str().to_uppercase()),
            means: reply.means.iter().map(|id| frame.cause(id)).collect(),
        }
    }
}

/// The numbers of an answer.
fn code(reply: &Reply) -> String {
    let code = reply.code.map(|code| code.to_string());
    [code, reply.enhanced.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn texts(reply: &Reply) -> Vec<String> {
    let all = reply.pattern.iter().chain(&reply.patterns);
    all.map(
        |text| if reply.by == Match::ResponseCode { format!("[{text}]") } else { text.replace("%s", "…") },
    )
    .collect()
}

/// Whose answers they are.
pub(super) fn whose(frame: &Frame<'_>, id: &str, group: &Group) -> String {
    if let Some(provider) = frame.knowledge.providers().get(id) {
        return frame.pick(&provider.en, &provider.ja).to_owned();
    }
    match (id, group.kind) {
        ("codes", _) => frame.pick("SMTP codes", "SMTPの応答コード").to_owned(),
        ("enhanced_codes", _) => frame.pick("enhanced status codes", "拡張ステータスコード").to_owned(),
        (_, Kind::Wording) => frame.pick("in plain words", "一般的な言い回し").to_owned(),
        (_, Kind::Any) => frame.pick("many servers", "多くのサーバに共通").to_owned(),
        (_, Kind::Standard) => id.replace("rfc", "RFC "),
        _ => capital(&id.replace('_', " ")),
    }
}

/// The answers that speak of a cause before all else, each with its code and text.
pub(super) fn meaning(frame: &Frame<'_>, cause: &str) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for (id, group) in frame.knowledge.replies().groups().filter(|(_, group)| group.kind != Kind::Wording) {
        let first = |reply: &&Reply| !reply.weak && reply.means.first().is_some_and(|first| first == cause);
        for reply in group.reply.iter().filter(first) {
            let text = words(reply);
            if !text.is_empty() && !links.iter().any(|link| link.text == text) {
                links.push(frame.part(Topic::Replies(id), &reply.id, text));
            }
        }
    }
    links
}

/// The answers that such words quote: by text first, then by their code.
pub(super) fn like(frame: &Frame<'_>, quoted: &str, most: usize) -> Vec<Link> {
    let quoted = quoted.to_lowercase();
    let codes: Vec<&str> = quoted.split(|c: char| !c.is_ascii_digit() && c != '.').collect();
    let mut found: Vec<(bool, Link)> = Vec::new();
    for (id, group) in frame.knowledge.replies().groups().filter(|(_, group)| group.kind != Kind::Wording) {
        for reply in &group.reply {
            let mut patterns = reply.pattern.iter().chain(&reply.patterns);
            let says = patterns.any(|text| text.len() >= QUOTED && quoted.contains(&text.to_lowercase()));
            if says || reply.enhanced.as_deref().is_some_and(|code| codes.contains(&code)) {
                let text = format!("{} ({})", words(reply), whose(frame, id, group));
                found.push((!says, frame.part(Topic::Replies(id), &reply.id, text)));
            }
        }
    }
    found.sort_by_key(|(by_code, _)| *by_code);
    found.into_iter().take(most).map(|(_, link)| link).collect()
}

/// An answer in a line.
fn words(reply: &Reply) -> String {
    let text = texts(reply).into_iter().next().unwrap_or_default();
    [code(reply), text].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// All groups, with the number of their answers.
pub(super) fn groups(frame: &Frame<'_>) -> Vec<(Link, usize)> {
    let all = frame.knowledge.replies().groups();
    let mut groups: Vec<(Link, usize)> = all
        .map(|(id, group)| (frame.link(Topic::Replies(id), whose(frame, id, group)), group.reply.len()))
        .collect();
    groups.sort_by_key(|(link, _)| link.text.to_lowercase());
    groups
}
