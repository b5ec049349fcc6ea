//! A cause: what it is, how it shows and is proven, what helps against it, and how to keep it from coming back.

use askama::Template;
use naosu_core::knowledge::{Cause, Choice, Item, Question};
use naosu_core::step::plan;

use super::Topic;
use super::action::Remedy;
use super::client::told;
use super::frame::{Frame, Link};
use super::replies;
use super::shown::{Sources, observation, often};
use crate::said;

/// So many sentences say how a measurement shows it.
const SIGNS: usize = 6;
/// So many answers of servers are named; the page of each server has the others.
const REPLIES: usize = 12;
/// So many questions are named.
const QUESTIONS: usize = 5;
/// An answer given so many times more often with a cause speaks for it.
pub(super) const SPEAKS: f64 = 1.5;

#[derive(Template)]
#[template(path = "guide/cause.html")]
struct CausePage<'a> {
    f: Frame<'a>,
    explanation: &'a str,
    /// How many of 1000 troubles it is.
    prior: f64,
    heals: bool,
    /// Where it can be at all.
    only: Option<String>,
    symptoms: Vec<(Link, &'static str)>,
    messages: Vec<(String, Vec<Link>)>,
    machine: Machine,
    signs: Vec<String>,
    said: Vec<Link>,
    asked: Vec<(&'a str, Vec<&'a str>)>,
    not_this: Vec<&'a str>,
    fixes: Vec<Remedy>,
    flows: Vec<Link>,
    answers: Vec<Link>,
    care: Vec<(&'a str, &'a str, &'static str)>,
    sources: Sources,
}

/// How much a measurement can tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Machine {
    Proves,
    Narrows,
    CannotSee,
}

impl CausePage<'_> {
    fn proves(&self) -> bool {
        self.machine == Machine::Proves
    }

    fn narrows(&self) -> bool {
        self.machine == Machine::Narrows
    }
}

/// The page of a cause.
pub(super) fn page<'a>(frame: Frame<'a>, id: &'a str) -> askama::Result<String> {
    let knowledge = frame.knowledge;
    let Some(cause) = knowledge.causes.get(id) else { return Ok(String::new()) };
    let lang = frame.lang;
    let causes = frame.pick("Causes", "原因");
    let explanation = cause.explanation.get(lang);
    let frame = frame.named(said::cause_name(knowledge, id, lang), explanation).of(Topic::Causes, causes);
    let care = knowledge.care();
    let fixes = plan::fixes(knowledge, &[(id, 1.0)]).into_iter().map(|(action_id, action)| {
        let fix = cause.fixes.iter().find(|fix| fix.action == action_id);
        Remedy::new(&frame, action_id, action, fix)
    });
    let fixes = fixes.collect();
    let only = frame.names(cause.only.device.iter().chain(&cause.only.client).chain(&cause.only.service));
    let entry = knowledge.taxonomy.cause.get(id);
    CausePage {
        explanation,
        prior: cause.prior,
        heals: cause.heals_by_waiting,
        only: Some(only).filter(|names| !names.is_empty()),
        symptoms: symptoms(&frame, id),
        messages: messages(&frame, id),
        machine: match entry.map(|entry| entry.machine.as_str()) {
            Some("yes") => Machine::Proves,
            Some("partly") => Machine::Narrows,
            _ => Machine::CannotSee,
        },
        signs: signs(&frame, id),
        said: replies::meaning(&frame, id).into_iter().take(REPLIES).collect(),
        asked: asked(&frame, id),
        not_this: cause.not_this.iter().map(|text| text.get(lang)).collect(),
        fixes,
        flows: care
            .flows
            .iter()
            .filter(|(_, flow)| flow.causes.iter().any(|one| one == id))
            .map(|(id, flow)| frame.link(Topic::Flow(id), flow.title.get(lang)))
            .collect(),
        answers: care
            .answers
            .iter()
            .filter(|(_, answer)| answer.causes.iter().any(|one| one == id))
            .map(|(id, answer)| frame.part(Topic::Answers, id, answer.question.get(lang)))
            .collect(),
        care: prevention(&frame, cause)
            .into_iter()
            .map(|item| (item.text.get(lang), item.why.get(lang), said::every(item.every, lang)))
            .collect(),
        sources: Sources::new(&frame, &cause.sources, Some(&cause.checked)),
        f: frame,
    }
    .render()
}

/// The symptoms it is behind, those that it explains most often first.
fn symptoms(frame: &Frame<'_>, cause: &str) -> Vec<(Link, &'static str)> {
    let all = frame.knowledge.words().symptoms.iter();
    let mut shown: Vec<(f64, Link)> = all
        .filter_map(|(id, symptom)| {
            let share = *symptom.causes.get(cause)?;
            Some((share, frame.symptom(id)?))
        })
        .collect();
    shown.sort_by(|a, b| b.0.total_cmp(&a.0));
    shown.into_iter().map(|(share, link)| (link, often(share, frame.lang))).collect()
}

/// The messages that speak of it before all else, by program.
fn messages(frame: &Frame<'_>, cause: &str) -> Vec<(String, Vec<Link>)> {
    told(frame, |message| {
        let first = message.means.iter().max_by(|a, b| a.1.total_cmp(b.1).then_with(|| b.0.cmp(a.0)));
        first.is_some_and(|(id, _)| id == cause)
    })
}

/// The questions whose answers speak for it, the clearest first.
fn asked<'a>(frame: &Frame<'a>, cause: &str) -> Vec<(&'a str, Vec<&'a str>)> {
    let ratio = |option: &Choice| option.ratios.get(cause).copied().unwrap_or(1.0);
    let strongest = |question: &Question| question.options.iter().map(ratio).fold(1.0, f64::max);
    let mut questions: Vec<&Question> = frame.knowledge.care().questions.values().collect();
    questions.retain(|question| strongest(question) >= SPEAKS);
    questions.sort_by(|a, b| strongest(b).total_cmp(&strongest(a)));
    let told = |question: &'a Question| {
        let options = question.options.iter().filter(|option| ratio(option) >= SPEAKS);
        (question.text.get(frame.lang), options.map(|option| option.text.get(frame.lang)).collect())
    };
    questions.into_iter().take(QUESTIONS).map(told).collect()
}

/// What a measurement sees, where it is this cause; each sentence once.
fn signs(frame: &Frame<'_>, cause: &str) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for fact in frame.knowledge.model.signs(cause) {
        if let Some(sentence) = observation(frame.knowledge, fact, frame.lang)
            && !sentences.contains(&sentence)
            && sentences.len() < SIGNS
        {
            sentences.push(sentence);
        }
    }
    sentences
}

/// What to look at again and again so that it does not come back: what asks for one of its fixes.
fn prevention<'a>(frame: &Frame<'a>, cause: &Cause) -> Vec<&'a Item> {
    let items = frame.knowledge.care().checklists.values().flat_map(|list| &list.items);
    let helps =
        |item: &&Item| item.action.as_ref().is_some_and(|id| cause.fixes.iter().any(|fix| fix.action == *id));
    let mut items: Vec<&Item> = items.filter(|item| item.every.days().is_some()).filter(helps).collect();
    items.dedup_by(|a, b| a.text == b.text);
    items
}
