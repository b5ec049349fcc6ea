//! What a mail program says, message by message, with what it means.

use askama::Template;
use naosu_core::knowledge::{ClientErrors, KnownMessage, Lang};

use super::Topic;
use super::frame::{Frame, Link};
use super::shown::{Sources, often};
use super::topic::anchor;
use crate::dialogs::filled;

#[derive(Template)]
#[template(path = "guide/client.html")]
struct ClientPage<'a> {
    f: Frame<'a>,
    shelves: Vec<(Link, Vec<Told>)>,
    count: usize,
    sources: Sources,
}

/// A message, as it is shown.
struct Told {
    anchor: String,
    /// Its heading: its text in the page's language, else in the other, else its number.
    title: Words,
    /// Its other texts.
    others: Vec<Words>,
    codes: Vec<String>,
    means: Vec<(Link, &'static str)>,
}

/// Words and whose language they are.
struct Words {
    tag: &'static str,
    text: String,
}

/// The page of a mail program.
pub(super) fn page<'a>(frame: Frame<'a>, id: &'a str) -> askama::Result<String> {
    let Some(client) = frame.knowledge.words().client_errors.get(id) else { return Ok(String::new()) };
    let lang = frame.lang;
    let program = client.name.get(lang);
    let title = crate::pick(lang, format!("Messages: {program}"), format!("{program}のメッセージ"));
    let description = crate::pick(
        lang,
        format!("What the error messages of {program} mean, and what to do about each."),
        format!("{program}に出るエラーメッセージの意味と、直し方。"),
    );
    let messages = frame.pick("Messages", "メッセージ");
    let frame = frame.named(title, description).of(Topic::Messages, messages);
    let mut shelves: Vec<(Link, Vec<Told>)> = Vec::new();
    for message in client.message.iter().filter(|message| has_words(message)) {
        let Some(symptom) = frame.symptom(&message.symptom) else { continue };
        let told = Told::new(&frame, message);
        match shelves.iter_mut().find(|(known, _)| *known == symptom) {
            Some((_, shelf)) => shelf.push(told),
            None => shelves.push((symptom, vec![told])),
        }
    }
    shelves.sort_by_key(|(_, shelf)| std::cmp::Reverse(shelf.len()));
    let of_messages = client.message.iter().flat_map(|message| &message.source);
    let sources = Sources::new(&frame, client.source.iter().chain(of_messages), client.checked.as_deref());
    let count = shelves.iter().map(|(_, shelf)| shelf.len()).sum();
    ClientPage { f: frame, shelves, count, sources }.render()
}

impl Told {
    fn new(frame: &Frame<'_>, message: &KnownMessage) -> Self {
        let words = |tag: &'static str, texts: &[String]| -> Vec<Words> {
            texts.iter().map(|text| Words { tag, text: filled(text) }).collect()
        };
        let (en, ja) = (words("en", &message.en), words("ja", &message.ja));
        let mut all = if frame.lang == Lang::En { en } else { ja };
        all.extend(if frame.lang == Lang::En { words("ja", &message.ja) } else { words("en", &message.en) });
        let mut means: Vec<(&String, f64)> = message.means.iter().map(|(id, share)| (id, *share)).collect();
        means.sort_by(|a, b| b.1.total_cmp(&a.1));
        let title = if all.is_empty() { None } else { Some(all.remove(0)) };
        Self {
            anchor: anchor(&message.id),
            title: title.unwrap_or_else(|| Words { tag: "en", text: message.id.clone() }),
            others: all,
            codes: message.code.iter().chain(&message.symbol).cloned().collect(),
            means: means.into_iter().map(|(id, share)| (frame.cause(id), often(share, frame.lang))).collect(),
        }
    }
}

/// Whether a message has words that could be looked up; the others are patterns.
pub(super) fn has_words(message: &KnownMessage) -> bool {
    !message.en.is_empty() || !message.ja.is_empty()
}

/// The message's text in that language, else in the other.
pub(super) fn heading(message: &KnownMessage, lang: Lang) -> String {
    let texts = crate::pick(lang, [&message.en, &message.ja], [&message.ja, &message.en]);
    let text = texts.into_iter().flatten().next();
    text.map_or_else(|| message.id.clone(), |text| filled(text))
}

/// The messages of that kind, by program, each leading to its place.
pub(super) fn told(frame: &Frame<'_>, wanted: impl Fn(&KnownMessage) -> bool) -> Vec<(String, Vec<Link>)> {
    let clients = frame.knowledge.words().client_errors.iter();
    let of = |(id, client): (&String, &ClientErrors)| {
        let messages = client.message.iter().filter(|message| has_words(message) && wanted(message));
        let links: Vec<Link> = messages
            .map(|message| frame.part(Topic::Client(id), &message.id, heading(message, frame.lang)))
            .collect();
        (!links.is_empty()).then(|| (client.name.get(frame.lang).to_owned(), links))
    };
    clients.filter_map(of).collect()
}
