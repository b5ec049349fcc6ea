//! The knowledge's questions and fixes as numbers, made once.

use crate::knowledge::{Care, Cause, Fix, Question};
use std::collections::BTreeMap;

/// Questions and fixes by place: of the cause in [`crate::diagnosis::Model::causes`], of the question and the action in
/// the order of their ids.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(super) questions: Vec<Answers>,
    /// By cause: the actions that fix it, with their probabilities.
    pub(super) fixes: Vec<Vec<Mend>>,
}

/// That an action mends a cause.
#[derive(Debug)]
pub(super) struct Mend {
    /// The action's place.
    pub(super) action: usize,
    /// What the knowledge says of it.
    pub(super) fix: Fix,
}

/// How probable the answers to a question are.
#[derive(Debug)]
pub(super) struct Answers {
    /// By option, by cause; at the end for a cause that we do not know, which is what is usual.
    pub(super) likelihoods: Vec<Vec<f64>>,
    /// The option that says "I don't know".
    pub(super) unknown: Option<usize>,
}

impl Tables {
    pub(crate) fn new(care: &Care, known: &BTreeMap<String, Cause>, causes: &[String]) -> Self {
        let places: BTreeMap<&str, usize> =
            care.actions.keys().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
        let fixes = |id: &String| {
            let fixes = known.get(id).into_iter().flat_map(|cause| &cause.fixes);
            fixes
                .filter_map(|fix| Some(Mend { action: *places.get(fix.action.as_str())?, fix: fix.clone() }))
                .collect()
        };
        Self {
            questions: care.questions.values().map(|question| Answers::new(question, causes)).collect(),
            fixes: causes.iter().map(fixes).collect(),
        }
    }
}

impl Answers {
    fn new(question: &Question, causes: &[String]) -> Self {
        let mut likelihoods: Vec<Vec<f64>> =
            vec![Vec::with_capacity(causes.len() + 1); question.options.len()];
        for cause in causes {
            for (row, likelihood) in likelihoods.iter_mut().zip(question.likelihoods(cause)) {
                row.push(likelihood);
            }
        }
        for (row, option) in likelihoods.iter_mut().zip(&question.options) {
            row.push(option.usual);
        }
        Self { likelihoods, unknown: question.options.iter().position(|option| option.id == "unknown") }
    }

    /// The rows as they are expected of somebody who answers with knowledge this often.
    pub(super) fn expected(&self, knows: f64) -> Vec<Vec<f64>> {
        let row = |(at, row): (usize, &Vec<f64>)| {
            let of = |likelihood: &f64| {
                if Some(at) == self.unknown { 1.0 - (1.0 - likelihood) * knows } else { likelihood * knows }
            };
            row.iter().map(of).collect()
        };
        self.likelihoods.iter().enumerate().map(row).collect()
    }
}
