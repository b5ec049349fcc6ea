//! The knowledge of words, compiled.

use std::collections::BTreeMap;

use super::message::Messages;
use super::pattern::{Builder, Patterns};
use crate::knowledge::{Knowledge, Phrase, Problem};

/// All patterns and messages, ready to be searched.
pub(super) struct Recogniser {
    pub(super) patterns: Patterns,
    pub(super) messages: Messages,
    /// Every phrase with the numbers of its patterns, in the order of the files.
    pub(super) phrases: Vec<Compiled>,
}

/// A phrase with the numbers of its patterns.
pub(super) struct Compiled {
    pub(super) topic: String,
    pub(super) at: usize,
    pub(super) patterns: Vec<usize>,
    pub(super) unless: Vec<usize>,
}

impl Recogniser {
    /// Compiles what can be compiled, and tells what cannot.
    pub(super) fn new(knowledge: &Knowledge) -> (Self, Vec<Problem>) {
        let mut builder = Builder::default();
        let mut problems = Vec::new();
        for topic in knowledge.words().phrases.values() {
            for (name, forms) in &topic.words {
                builder.word(name, forms);
            }
        }
        let mut phrases = Vec::new();
        for (topic, content) in &knowledge.words().phrases {
            for (at, phrase) in content.phrase.iter().enumerate() {
                let mut compile = |sources: &[String]| -> Vec<usize> {
                    let mut numbers = Vec::new();
                    for source in sources {
                        match builder.pattern(source) {
                            Ok(number) => numbers.push(number),
                            Err(what) => problems.push(problem(topic, &format!("{}: {what}", phrase.id))),
                        }
                    }
                    numbers
                };
                let mut patterns = compile(&phrase.en);
                patterns.extend(compile(&phrase.ja));
                let unless = compile(&phrase.unless);
                problems.extend(unresolved(knowledge, topic, phrase));
                phrases.push(Compiled { topic: topic.clone(), at, patterns, unless });
            }
        }
        for (client, errors) in &knowledge.words().client_errors {
            for message in &errors.message {
                let causes = message.means.keys().filter(|id| !knowledge.taxonomy.cause.contains_key(*id));
                let symptom =
                    Some(&message.symptom).filter(|id| !knowledge.taxonomy.symptom.contains_key(*id));
                for id in causes.chain(symptom) {
                    problems.push(Problem {
                        path: format!("client_errors/{client}.toml"),
                        what: format!("{}: {id:?} is not in the taxonomy", message.id),
                    });
                }
            }
        }
        let (messages, unclear) = Messages::new(&knowledge.words().client_errors);
        problems.extend(unclear);
        (Self { patterns: builder.build(), messages, phrases }, problems)
    }

    /// The phrase behind a compiled one.
    pub(super) fn phrase<'k>(knowledge: &'k Knowledge, compiled: &Compiled) -> &'k Phrase {
        &knowledge.words().phrases[&compiled.topic].phrase[compiled.at]
    }
}

/// The ids of a phrase that are not in the taxonomy.
fn unresolved(knowledge: &Knowledge, topic: &str, phrase: &Phrase) -> Vec<Problem> {
    let known = |list: &str, id: &str| {
        knowledge.taxonomy.values.get(list).is_some_and(|values| values.iter().any(|value| value == id))
    };
    let causes = phrase.cause.keys().filter(|id| !knowledge.taxonomy.cause.contains_key(*id));
    let symptoms = phrase.symptom.keys().filter(|id| !knowledge.taxonomy.symptom.contains_key(*id));
    let lists: [(&str, &BTreeMap<String, f64>); 3] =
        [("service", &phrase.service), ("device", &phrase.device), ("client", &phrase.client)];
    let values = lists.into_iter().flat_map(|(list, map)| map.keys().filter(move |id| !known(list, id)));
    causes
        .chain(symptoms)
        .chain(values)
        .map(|id| problem(topic, &format!("{}: {id:?} is not in the taxonomy", phrase.id)))
        .collect()
}

fn problem(topic: &str, what: &str) -> Problem {
    Problem { path: format!("phrases/{topic}.toml"), what: what.to_owned() }
}
