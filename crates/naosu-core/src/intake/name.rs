//! The names that we give to symptoms and causes ourselves: who writes one, and no more, means it.

use std::collections::BTreeMap;

use super::learned::softmax;
use super::normalize::normalize;
use super::score::UNLISTED;
use super::{Recognised, Scored};
use crate::knowledge::Knowledge;

/// Probability of what is called by its name.
const CALLED: f64 = 0.95;

/// Whose name it is.
enum Named {
    Symptom(String),
    Cause(String),
}

/// The names in both languages, normalised.
pub(super) struct Names(BTreeMap<String, Named>);

impl Names {
    pub(super) fn new(knowledge: &Knowledge) -> Self {
        let mut names = BTreeMap::new();
        for (id, cause) in &knowledge.taxonomy.cause {
            for name in [&cause.en, &cause.ja] {
                names.insert(normalize(name), Named::Cause(id.clone()));
            }
        }
        let glosses = knowledge.taxonomy.symptom.iter();
        let symptoms = &knowledge.words().symptoms;
        let own = symptoms.iter().flat_map(|(id, symptom)| [(id, &symptom.name.en), (id, &symptom.name.ja)]);
        for (id, name) in glosses.chain(own) {
            names.insert(normalize(name), Named::Symptom(id.clone()));
        }
        Self(names)
    }

    /// Sets what the name says, where the normalised text is one; tells whether it is.
    pub(super) fn recognise(&self, knowledge: &Knowledge, text: &str, found: &mut Recognised) -> bool {
        match self.0.get(text) {
            None => return false,
            Some(Named::Cause(id)) => found.cause = called(id, &found.cause),
            Some(Named::Symptom(id)) => {
                found.symptom = called(id, &found.symptom);
                found.cause = with_the_symptom(knowledge, id);
            }
        }
        true
    }
}

/// That answer, and what is left in the proportions that it had.
fn called(id: &str, answers: &[Scored]) -> Vec<Scored> {
    let others: f64 = answers.iter().filter(|answer| answer.id != id).map(|answer| answer.p).sum();
    let left = |p: f64| if others > 0.0 { (1.0 - CALLED) * p / others } else { 0.0 };
    let rest = answers.iter().filter(|answer| answer.id != id);
    let rest = rest.map(|answer| Scored { id: answer.id.clone(), p: left(answer.p) });
    [Scored { id: id.to_owned(), p: CALLED }].into_iter().chain(rest).collect()
}

/// The causes in the proportions that they have where this symptom is all that is known.
fn with_the_symptom(knowledge: &Knowledge, id: &str) -> Vec<Scored> {
    let known = knowledge.words().symptoms.get(id).map(|symptom| &symptom.causes);
    let share = |cause: &str| known.and_then(|known| known.get(cause)).copied().unwrap_or(UNLISTED);
    let causes = knowledge.taxonomy.cause.keys();
    softmax(causes.map(|cause| (cause.as_str(), share(cause).ln())).collect(), 1.0)
}
