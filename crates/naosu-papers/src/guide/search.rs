//! What the guide has about somebody's words; the recogniser finds it.

use askama::Template;
use naosu_core::intake::{Matched, Scored, recognise};

use super::Topic;
use super::client::heading;
use super::frame::{Frame, Link};
use super::replies;
use super::shown::often;

/// The most of each kind that is shown, and how probable it must be.
const SYMPTOMS: (usize, f64) = (3, 0.08);
const CAUSES: (usize, f64) = (6, 0.03);
const MESSAGES: usize = 8;
const REPLIES: usize = 8;
/// The most of the words that is read, in bytes.
const WORDS: usize = 4000;

#[derive(Template)]
#[template(path = "guide/search.html")]
struct SearchPage<'a> {
    f: Frame<'a>,
    /// Whether anything was recognised at all.
    known: bool,
    messages: Vec<(Link, String)>,
    replies: Vec<Link>,
    symptoms: Vec<Link>,
    causes: Vec<(Link, &'static str, String)>,
    provider: Option<Link>,
}

/// The page that answers words.
pub(super) fn page<'a>(frame: Frame<'a>, words: &'a str) -> askama::Result<String> {
    let (knowledge, lang) = (frame.knowledge, frame.lang);
    let words = words[..words.floor_char_boundary(WORDS)].trim();
    let mut frame = frame.named(
        crate::pick(lang, "What the guide has", "ガイドの検索結果"),
        crate::pick(lang, "What fits these words.", "この言葉に当てはまるもの。"),
    );
    frame.answer = true;
    frame.words = words;
    let found = recognise(knowledge, words);
    let known = !words.is_empty() && (!found.messages.is_empty() || !found.phrases.is_empty());
    let best = |list: &[Scored], (most, least): (usize, f64)| -> Vec<Scored> {
        list.iter().filter(|one| known && one.p >= least).take(most).cloned().collect()
    };
    let message = |matched: &Matched| {
        let client = knowledge.words().client_errors.get(&matched.client)?;
        let message = client.message.iter().find(|message| message.id == matched.id)?;
        let place = (!message.en.is_empty() || !message.ja.is_empty())
            .then(|| frame.part(Topic::Client(&matched.client), &matched.id, heading(message, lang)));
        Some((place?, client.name.get(lang).to_owned()))
    };
    let cause = |one: &Scored| {
        let explanation = knowledge.causes.get(&one.id).map_or("", |cause| cause.explanation.get(lang));
        (frame.cause(&one.id), often(one.p, lang), explanation.to_owned())
    };
    let provider = words.split_whitespace().find_map(|word| {
        let domain = word.trim_matches(|c: char| !c.is_alphanumeric()).rsplit('@').next()?;
        let (id, provider) = knowledge.providers().by_domain(domain)?;
        Some(frame.link(Topic::Provider(id), frame.pick(&provider.en, &provider.ja)))
    });
    SearchPage {
        known,
        messages: found.messages.iter().filter_map(message).take(MESSAGES).collect(),
        replies: replies::like(&frame, words, REPLIES),
        symptoms: best(&found.symptom, SYMPTOMS).iter().filter_map(|one| frame.symptom(&one.id)).collect(),
        causes: best(&found.cause, CAUSES).iter().map(cause).collect(),
        provider,
        f: frame,
    }
    .render()
}
