//! A symptom: what can be behind it, what tells the causes apart, and what to do first.

use askama::Template;
use naosu_core::knowledge::{Action, ActionKind, Question, Risk, Symptom, Who};
use naosu_core::step::plan;

use super::action::Remedy;
use super::cause::SPEAKS;
use super::client::told;
use super::frame::{Frame, Link};
use super::shown::often;

/// So many causes stand open; the others are folded.
const OPEN: usize = 5;
/// So many questions are named.
const QUESTIONS: usize = 4;
/// A question that tells less than this about the causes (in nats) is not worth its place.
const TELLING: f64 = 0.02;

#[derive(Template)]
#[template(path = "guide/symptom.html")]
struct SymptomPage<'a> {
    f: Frame<'a>,
    causes: Vec<Suspect<'a>>,
    rarer: Vec<Suspect<'a>>,
    /// What is worth doing first.
    first: Option<Remedy>,
    /// Whether a measurement can prove some of them.
    measurable: bool,
    questions: Vec<Telling<'a>>,
    messages: Vec<(String, Vec<Link>)>,
}

/// A cause that can be behind it.
struct Suspect<'a> {
    link: Link,
    often: &'static str,
    /// Whether a measurement can prove it.
    measurable: bool,
    explanation: &'a str,
}

/// A question, with the causes that each answer speaks for.
struct Telling<'a> {
    text: &'a str,
    why: &'a str,
    options: Vec<(&'a str, Vec<Link>)>,
}

/// The page of a symptom.
pub(super) fn page<'a>(frame: Frame<'a>, id: &'a str) -> askama::Result<String> {
    let knowledge = frame.knowledge;
    let Some(symptom) = knowledge.words().symptoms.get(id) else { return Ok(String::new()) };
    let lang = frame.lang;
    let name = symptom.name.get(lang);
    let mut ranked: Vec<(&String, f64)> = symptom.causes.iter().map(|(id, share)| (id, *share)).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let names: Vec<String> = ranked.iter().take(3).map(|(id, _)| frame.cause(id).text).collect();
    let names = names.join(frame.pick("; ", "、"));
    let description = crate::pick(
        lang,
        format!("{name}: what can be behind it, how to tell, and what to do. Most often: {names}."),
        format!("「{name}」の考えられる原因、見分け方、直し方。多いもの: {names}。"),
    );
    let frame = frame.named(name, description);
    let provable = |id: &str| knowledge.taxonomy.cause.get(id).is_some_and(|entry| entry.machine == "yes");
    let suspect = |(id, share): &(&'a String, f64)| Suspect {
        link: frame.cause(id),
        often: often(*share, lang),
        measurable: provable(id),
        explanation: knowledge.causes.get(*id).map_or("", |cause| cause.explanation.get(lang)),
    };
    let shares: Vec<(&str, f64)> = ranked.iter().map(|(id, share)| (id.as_str(), *share)).collect();
    let fixes = plan::fixes(knowledge, &shares);
    let first = fixes.into_iter().find(|(_, action)| is_harmless(action));
    SymptomPage {
        causes: ranked.iter().take(OPEN).map(suspect).collect(),
        rarer: ranked.iter().skip(OPEN).map(suspect).collect(),
        first: first.map(|(id, action)| Remedy::new(&frame, id, action, None)),
        measurable: ranked.iter().any(|(id, _)| provable(id)),
        questions: questions(&frame, symptom),
        messages: told(&frame, |message| message.symptom == id),
        f: frame,
    }
    .render()
}

/// Whether anybody can do it without losing anything.
fn is_harmless(action: &Action) -> bool {
    action.kind == ActionKind::Action && action.who == Who::Person && action.risk <= Risk::Interrupts
}

/// The questions whose answers tell most about which of its causes it is.
fn questions<'a>(frame: &Frame<'a>, symptom: &Symptom) -> Vec<Telling<'a>> {
    let all = frame.knowledge.care().questions.values();
    let mut ranked: Vec<(f64, &Question)> =
        all.map(|question| (information(question, symptom), question)).collect();
    ranked.retain(|(gain, _)| *gain >= TELLING);
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked.into_iter().take(QUESTIONS).map(|(_, question)| telling(frame, question, symptom)).collect()
}

fn telling<'a>(frame: &Frame<'a>, question: &'a Question, symptom: &Symptom) -> Telling<'a> {
    let mut options: Vec<(&str, Vec<Link>)> = Vec::new();
    for option in &question.options {
        let mut speaks: Vec<(&String, f64)> = option
            .ratios
            .iter()
            .filter(|(cause, ratio)| **ratio >= SPEAKS && symptom.causes.contains_key(*cause))
            .map(|(cause, ratio)| (cause, ratio * symptom.causes[cause]))
            .collect();
        speaks.sort_by(|a, b| b.1.total_cmp(&a.1));
        if !speaks.is_empty() {
            let links = speaks.into_iter().map(|(cause, _)| frame.cause(cause)).collect();
            options.push((option.text.get(frame.lang), links));
        }
    }
    Telling { text: question.text.get(frame.lang), why: question.why.get(frame.lang), options }
}

/// How much the answer is expected to tell about the cause (the mutual information of both, in nats).
fn information(question: &Question, symptom: &Symptom) -> f64 {
    let total: f64 = symptom.causes.values().sum();
    let each: Vec<(f64, Vec<f64>)> =
        symptom.causes.iter().map(|(cause, share)| (share / total, question.likelihoods(cause))).collect();
    (0..question.options.len())
        .map(|at| {
            let overall: f64 = each.iter().map(|(share, likelihoods)| share * likelihoods[at]).sum();
            let told = |(share, likelihoods): &(f64, Vec<f64>)| match likelihoods[at] {
                p if p > 0.0 && overall > 0.0 => share * p * (p / overall).ln(),
                _ => 0.0,
            };
            each.iter().map(told).sum::<f64>()
        })
        .sum()
}
