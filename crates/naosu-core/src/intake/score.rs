//! Adds up what was found in the words.
//!
//! A symptom's score is the logarithm of its prior plus the weights of the phrases and messages that were found; a
//! cause's is the logarithm of its share in the likely symptoms plus the same. Of phrases that tell the same thing
//! (one group) only the strongest counts. The scores become probabilities by a softmax with a temperature fitted to how
//! often it was right on texts that were new to it.

use std::collections::{BTreeMap, BTreeSet};

use super::learned::softmax;
use super::normalize::normalize;
use super::pattern::Span;
use super::recogniser::Recogniser;
use super::{Matched, Recognised, Said, Scored, language};
use crate::knowledge::{Context, Knowledge, KnownMessage, Lang, Phrase};

/// Fitted so that what is said with some probability is right about as often.
const SYMPTOM_TEMPERATURE: f64 = 1.05;
/// The same for the causes.
const CAUSE_TEMPERATURE: f64 = 0.8;
/// What a whole distinctive message adds to its symptom.
const MESSAGE_SYMPTOM: f64 = 2.2;
/// What a whole distinctive message adds to a cause it always means, per nat above `UNNAMED`.
const MESSAGE_CAUSE: f64 = 0.8;
/// Probability below which a message does not speak for a cause.
const UNNAMED: f64 = 0.03;
/// Share of a cause that a symptom does not name.
pub(super) const UNLISTED: f64 = 0.004;
/// Weight below which a service, device or client counts as not said.
const SAID: f64 = 0.5;
/// What a message adds to its symptom when it is all that was said.
const BARE: f64 = 7.0;
/// Share of the text from which a message is all that was said.
pub(super) const MOSTLY: f64 = 0.6;
/// Strength from which a message gives its client away.
const DISTINCTIVE: f64 = 0.9;
/// The group of what messages say.
const MESSAGE: &str = "message";
/// Share of a message's weight that phrases have already told when they speak for the same target.
const ALREADY_TOLD: f64 = 0.6;
/// Messages that are looked at.
const MESSAGES: usize = 4;

/// Sums of weights by target; each group's strongest counts.
#[derive(Default)]
struct Sums(BTreeMap<String, BTreeMap<String, f64>>);

/// Recognises a text.
pub(super) fn score(knowledge: &Knowledge, recogniser: &Recogniser, text: &str) -> Recognised {
    let normalised = normalize(text);
    let lang = language(text);
    let (phrases, said) = phrases(knowledge, recogniser, &normalised, lang);
    let messages = messages(knowledge, recogniser, &normalised);

    let (mut symptom, mut cause) = (Sums::default(), Sums::default());
    let (mut service, mut device, mut client) = (Sums::default(), Sums::default(), Sums::default());
    let mut circumstances = BTreeMap::new();
    let (mut denied, mut tried) = (BTreeSet::new(), BTreeSet::new());
    for (phrase, said) in phrases.iter().zip(&said) {
        let group = phrase.group.as_ref().unwrap_or(&said.id);
        symptom.add(group, &phrase.symptom, 1.0);
        cause.add(group, &phrase.cause, 1.0);
        service.add(group, &phrase.service, 1.0);
        device.add(group, &phrase.device, 1.0);
        client.add(group, &phrase.client, 1.0);
        for (name, value) in &phrase.sets {
            circumstances.entry(name.clone()).or_insert_with(|| value.clone());
        }
        denied.extend(phrase.denies.iter().cloned());
        tried.extend(phrase.tried.iter().cloned());
    }
    if let Some((matched, message)) = bare(&messages) {
        cause.add(MESSAGE, &meant(message), matched.cover);
        symptom.add("bare message", &BTreeMap::from([(message.symptom.clone(), BARE)]), matched.cover);
    }
    for (matched, message) in messages.iter().take(MESSAGES) {
        symptom.add(MESSAGE, &BTreeMap::from([(message.symptom.clone(), MESSAGE_SYMPTOM)]), matched.strength);
        cause.add(MESSAGE, &meant(message), matched.strength);
        let errors = &knowledge.words().client_errors[&matched.client];
        let values =
            [(&mut service, &errors.service), (&mut device, &errors.device), (&mut client, &errors.client)];
        for (sums, value) in values {
            if let Some(value) = value
                && matched.strength >= DISTINCTIVE
            {
                sums.add(MESSAGE, &BTreeMap::from([(value.clone(), 1.0)]), matched.strength);
            }
        }
    }
    let (service, device, client) = (service.said(), device.said(), client.said());
    let mut given: Vec<&Context> = Vec::new();
    for (topic, content) in &knowledge.words().phrases {
        for (at, context) in content.context.iter().enumerate() {
            if holds(context, &service, &device, &client, &circumstances) {
                let group = format!("{topic}.context.{at}");
                symptom.add(&group, &context.symptom, 1.0);
                if context.given.is_some() {
                    given.push(context);
                } else {
                    cause.add(&group, &context.cause, 1.0);
                }
            }
        }
    }
    let symptoms = symptoms(knowledge, &symptom);
    let causes = causes(knowledge, &symptoms, &given, &cause);
    Recognised {
        symptom: symptoms,
        cause: causes,
        service,
        device,
        client,
        lang,
        messages: messages.into_iter().map(|(matched, _)| matched).collect(),
        circumstances,
        denied,
        tried,
        phrases: said,
    }
}

/// The phrases that the text says, with their ids.
fn phrases<'k>(
    knowledge: &'k Knowledge,
    recogniser: &Recogniser,
    text: &str,
    lang: Lang,
) -> (Vec<&'k Phrase>, Vec<Said>) {
    let found = recogniser.patterns.search(text);
    let mut said = Vec::new();
    for compiled in &recogniser.phrases {
        let phrase = Recogniser::phrase(&knowledge.words().phrases, compiled);
        let other = match lang {
            Lang::En => "ja",
            Lang::Ja => "en",
        };
        if phrase.lang.as_deref() == Some(other) {
            continue;
        }
        let spans = compiled.patterns.iter().filter_map(|number| found.get(number));
        let Some(span) = spans.into_iter().find(|span| !(phrase.negatable && negated(text, **span))) else {
            continue;
        };
        if !compiled.unless.iter().any(|number| found.contains_key(number)) {
            let id = format!("{}.{}", compiled.topic, phrase.id);
            said.push((phrase, Said { id, words: text[span.start..span.end].to_owned() }));
        }
    }
    said.into_iter().unzip()
}

/// The messages that the text quotes, strongest first.
fn messages<'k>(
    knowledge: &'k Knowledge,
    recogniser: &Recogniser,
    text: &str,
) -> Vec<(Matched, &'k KnownMessage)> {
    let hits = recogniser.messages.search(text);
    hits.into_iter()
        .filter_map(|hit| {
            let message = knowledge.words().client_errors[&hit.client]
                .message
                .iter()
                .find(|known| known.id == hit.id)?;
            Some((
                Matched { client: hit.client, id: hit.id, strength: hit.strength, cover: hit.cover },
                message,
            ))
        })
        .collect()
}

/// What a message that is wholly there adds to each cause it may mean.
fn meant(message: &KnownMessage) -> BTreeMap<String, f64> {
    let means = message.means.iter().filter(|&(_, &p)| p > UNNAMED);
    means.map(|(id, p)| (id.clone(), MESSAGE_CAUSE * (p / UNNAMED).ln())).collect()
}

/// The message that is all that was said, placeholders and a few words aside.
fn bare<'m, 'k>(messages: &'m [(Matched, &'k KnownMessage)]) -> Option<&'m (Matched, &'k KnownMessage)> {
    let mut best: Option<&(Matched, &KnownMessage)> = None;
    for candidate in messages.iter().filter(|(matched, _)| matched.cover >= MOSTLY) {
        if best.is_none_or(|(matched, _)| candidate.0.cover > matched.cover) {
            best = Some(candidate);
        }
    }
    best
}

/// Whether "no", "not" or ではない stands beside the place.
fn negated(text: &str, span: Span) -> bool {
    let before = text[..span.start].trim_end();
    let words: Vec<&str> = before.rsplit([' ', '\n']).take(2).collect();
    let denied = words.iter().any(|word| BEFORE.contains(word)) && !before.ends_with('\n');
    let after = &text[span.end..];
    denied || AFTER.iter().any(|denial| after.starts_with(denial))
}

const BEFORE: &[&str] = &[
    "no", "not", "without", "isnt", "never", "wasnt", "arent", "neither", "any", "dont", "didnt", "doesnt",
    "havent", "hasnt",
];
const AFTER: &[&str] = &[
    "ではな",
    "じゃな",
    "ではあり",
    "は出な",
    "は出て",
    "も出な",
    "はない",
    "はありません",
    "もない",
    "もありません",
    "は関係な",
    "のせいではな",
    "とは違",
    "は問題な",
    "でもな",
    "is not",
    "isnt",
    "is fine",
    "is ok",
    "なし",
    "ていな",
    "ていませ",
    "てな",
    "てませ",
    "ておら",
];

fn holds(
    context: &Context,
    service: &str,
    device: &str,
    client: &str,
    circumstances: &BTreeMap<String, String>,
) -> bool {
    let any = |list: &[String], value: &str| list.is_empty() || list.iter().any(|id| id == value);
    any(&context.service, service)
        && any(&context.device, device)
        && any(&context.client, client)
        && context.circumstance.iter().all(|(name, value)| circumstances.get(name) == Some(value))
}

fn symptoms(knowledge: &Knowledge, sums: &Sums) -> Vec<Scored> {
    let totals = sums.totals();
    let scores = knowledge.taxonomy.symptom.keys().map(|id| {
        let prior = knowledge.words().symptoms.get(id).map_or(0.01, |symptom| symptom.prior);
        (id.as_str(), prior.ln() + totals.get(id).copied().unwrap_or(0.0))
    });
    softmax(scores.collect(), SYMPTOM_TEMPERATURE)
}

fn causes(knowledge: &Knowledge, symptoms: &[Scored], given: &[&Context], sums: &Sums) -> Vec<Scored> {
    let totals = sums.totals();
    let scores = knowledge.taxonomy.cause.keys().map(|id| {
        let share: f64 = symptoms
            .iter()
            .map(|symptom| {
                let known = knowledge.words().symptoms.get(&symptom.id);
                let share = known.and_then(|known| known.causes.get(id)).copied().unwrap_or(UNLISTED);
                let lift: f64 = given
                    .iter()
                    .filter(|context| context.given.as_ref() == Some(&symptom.id))
                    .filter_map(|context| context.cause.get(id))
                    .sum();
                symptom.p * share * lift.exp()
            })
            .sum();
        (id.as_str(), share.ln() + totals.get(id).copied().unwrap_or(0.0))
    });
    softmax(scores.collect(), CAUSE_TEMPERATURE)
}

impl Sums {
    fn add(&mut self, group: &str, weights: &BTreeMap<String, f64>, factor: f64) {
        for (target, weight) in weights {
            let weight = weight * factor;
            let best = self.0.entry(target.clone()).or_default().entry(group.to_owned()).or_default();
            if weight.abs() > best.abs() {
                *best = weight;
            }
        }
    }

    fn totals(&self) -> BTreeMap<&String, f64> {
        self.0
            .iter()
            .map(|(target, groups)| {
                let sum: f64 = groups.values().sum();
                let message = groups.get(MESSAGE).copied().unwrap_or(0.0);
                let told = message.min(sum - message).max(0.0);
                (target, sum - ALREADY_TOLD * told)
            })
            .collect()
    }

    /// The heaviest value, if it is heavy enough to count as said.
    fn said(&self) -> String {
        let mut best = ("unknown", SAID);
        for (target, weight) in self.totals() {
            if weight > best.1 {
                best = (target, weight);
            }
        }
        best.0.to_owned()
    }
}
