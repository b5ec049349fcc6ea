//! What follows from the evidence: a pure function of evidence and knowledge.
//!
//! 1. [`scene`] turns observations into facts: what each endpoint's first failing stage is, and what the run as a whole
//!    shows (is anything outside alive, does the resolver tell the truth, is one issuer everywhere).
//! 2. [`model`] holds the hypotheses (each cause, a few explicit pairs, "something else", "nothing is wrong") and the
//!    signatures; at most one signature of each evidence group speaks for each endpoint, and one that several
//!    endpoints show is counted once.
//! 3. [`posterior`] multiplies priors and likelihoods (one fault, naive Bayes over groups).
//! 4. [`words`] joins what the person said, as one more factor, limited so that measured proof wins.
//!
//! The result is total and deterministic: the same evidence and knowledge give the same value.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::evidence::{Evidence, ObservationId, Request};
use crate::intake::{Recognised, recognise};
use crate::knowledge::{Knowledge, Scope, State};

pub use self::model::Model;
use self::model::{Hypothesis, Spoken};
use self::scene::Scene;

pub mod model;
mod posterior;
mod scene;
mod words;

/// From this probability on a cause counts as found, and health as health.
pub const FOUND: f64 = 0.5;

/// The causes are listed down to this probability.
const LISTED: f64 = 0.01;

/// How many variables are named that would settle what is open.
const SETTLING: usize = 3;

/// What follows from the evidence.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Diagnosis {
    /// Whether a cause was found.
    pub verdict: Verdict,
    /// The causes, the most probable first; those under 1 % are left out.
    pub causes: Vec<RankedCause>,
    /// The probability that the cause is one we do not know.
    pub something_else: f64,
    /// Variables whose measurement would separate the leading explanations, most telling first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub would_settle: Vec<String>,
}

impl Diagnosis {
    /// The causes that something speaks for: an observation, or the person's words. What is left of the others is how
    /// frequent they are, which is nothing to tell a person about this account.
    pub fn arguable<'a>(&'a self, evidence: &Evidence) -> impl Iterator<Item = &'a RankedCause> + use<'a> {
        let words = evidence.request.words.as_deref().is_some_and(|words| !words.trim().is_empty());
        self.causes.iter().filter(move |cause| words || !cause.evidence_for.is_empty())
    }
}

/// The three ways a run can end.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that was measured works.
    Healthy,
    /// One cause is more probable than everything else together.
    CauseFound,
    /// The evidence does not decide.
    Inconclusive,
}

/// A cause, how probable it is, and which observations say so.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RankedCause {
    /// The cause's id.
    pub id: String,
    /// Its probability, rounded to four places.
    pub probability: f64,
    /// The observations that speak for it.
    #[serde(rename = "for")]
    pub evidence_for: Vec<ObservationId>,
    /// The observations that speak against it.
    #[serde(rename = "against")]
    pub evidence_against: Vec<ObservationId>,
}

/// The signatures that some evidence shows: what [`diagnose`] weighs.
#[derive(Debug)]
pub struct Signs<'a> {
    model: &'a Model,
    spoken: Vec<Spoken>,
}

impl<'a> Signs<'a> {
    /// Reads the evidence.
    pub fn of(knowledge: &'a Knowledge, evidence: &Evidence) -> Self {
        Self::in_scene(&knowledge.model, &Scene::new(knowledge, evidence))
    }

    /// The probability of every hypothesis, in the model's order; they add up to one.
    pub fn posterior(&self) -> Vec<f64> {
        posterior::posterior(self.model, &self.spoken)
    }

    fn in_scene(model: &'a Model, scene: &Scene) -> Self {
        Self { model, spoken: model.spoken(scene) }
    }
}

/// Diagnoses evidence.
pub fn diagnose(knowledge: &Knowledge, evidence: &Evidence) -> Diagnosis {
    let model = &knowledge.model;
    let scene = Scene::new(knowledge, evidence);
    let spoken = model.spoken(&scene);
    let words = evidence.request.words.as_deref().filter(|words| !words.trim().is_empty());
    let said = words.map(|words| recognise(knowledge, words));
    let weights = joined(knowledge, &spoken, said.as_ref());

    let mut causes: Vec<RankedCause> = Vec::new();
    let (mut healthy, mut something_else) = (0.0, 0.0);
    let mut by_cause = vec![0.0; model.causes.len()];
    for (hypothesis, weight) in model.hypotheses.iter().zip(&weights) {
        match hypothesis {
            Hypothesis::Healthy => healthy += weight,
            Hypothesis::Other => something_else += weight,
            Hypothesis::Cause(cause) => by_cause[*cause] += weight,
            Hypothesis::Pair(one, two) => {
                by_cause[*one] += weight;
                by_cause[*two] += weight;
            }
        }
    }
    for (index, probability) in by_cause.iter().enumerate().filter(|(_, p)| **p >= LISTED) {
        let (evidence_for, evidence_against) = reasons(model, &spoken, index, evidence);
        let id = model.causes[index].clone();
        causes.push(RankedCause { id, probability: rounded(*probability), evidence_for, evidence_against });
    }
    causes.sort_by(|a, b| b.probability.total_cmp(&a.probability).then_with(|| a.id.cmp(&b.id)));

    let measured = scene.measured();
    let trouble = spoken.iter().any(|spoken| model.accuses(spoken));
    let verdict = match causes.first() {
        Some(first) if first.probability >= FOUND && trouble && !first.evidence_for.is_empty() => {
            Verdict::CauseFound
        }
        _ if healthy >= FOUND && measured && !scene.unexplained() => Verdict::Healthy,
        _ => Verdict::Inconclusive,
    };
    let would_settle = match verdict {
        Verdict::Inconclusive if !scene.withheld().is_empty() => scene.withheld().to_vec(),
        // what is derived cannot be measured by itself
        Verdict::Inconclusive => model
            .would_settle(&scene, &weights)
            .into_iter()
            .filter(|variable| knowledge.variables.contains_key(variable))
            .take(SETTLING)
            .collect(),
        Verdict::Healthy | Verdict::CauseFound => Vec::new(),
    };
    if verdict == Verdict::Healthy {
        causes.retain(|cause| !cause.evidence_for.is_empty());
    }
    Diagnosis { verdict, causes, something_else: rounded(something_else), would_settle }
}

/// Whether everything that was measured works, whatever was said.
pub fn is_well(knowledge: &Knowledge, evidence: &Evidence) -> bool {
    let request = Request { words: None, ..evidence.request.clone() };
    diagnose(knowledge, &Evidence { request, ..evidence.clone() }).verdict == Verdict::Healthy
}

/// How probable everything is that could be the matter, by what was measured and said.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Each cause, in the order of [`Model::causes`]; a pair of causes counts for both.
    pub causes: Vec<f64>,
    /// A cause that we do not know.
    pub other: f64,
    /// Nothing is wrong.
    pub healthy: f64,
}

/// The probabilities by evidence and by what was recognised in words; either may be missing.
pub fn weights(knowledge: &Knowledge, evidence: Option<&Evidence>, said: Option<&Recognised>) -> Weights {
    let model = &knowledge.model;
    let spoken =
        evidence.map_or_else(Vec::new, |evidence| model.spoken(&scene::Scene::new(knowledge, evidence)));
    let posterior = joined(knowledge, &spoken, said);
    let mut weights = Weights { causes: vec![0.0; model.causes.len()], other: 0.0, healthy: 0.0 };
    for (hypothesis, weight) in model.hypotheses.iter().zip(&posterior) {
        match hypothesis {
            Hypothesis::Healthy => weights.healthy += weight,
            Hypothesis::Other => weights.other += weight,
            Hypothesis::Cause(cause) => weights.causes[*cause] += weight,
            Hypothesis::Pair(one, two) => {
                weights.causes[*one] += weight;
                weights.causes[*two] += weight;
            }
        }
    }
    weights
}

/// What was observed, and what the diagnosis derives of it for the run as a whole: `variable=outcome`.
pub fn facts(knowledge: &Knowledge, evidence: &Evidence) -> BTreeSet<String> {
    let observed = evidence.observations.iter().map(|seen| format!("{}={}", seen.variable, seen.outcome));
    let scene = scene::Scene::new(knowledge, evidence);
    let run = scene.places(Scope::Run);
    let texts: Vec<&str> = knowledge.model.fact_texts().collect();
    let derived = texts.into_iter().filter(|text| {
        knowledge.model.fact(text).is_some_and(|fact| run.iter().any(|place| place.facts.contains(fact)))
    });
    observed.chain(derived.map(str::to_owned)).collect()
}

/// The probability of each hypothesis by what was measured and what was said.
fn joined(knowledge: &Knowledge, spoken: &[Spoken], said: Option<&Recognised>) -> Vec<f64> {
    let mut weights = posterior::posterior(&knowledge.model, spoken);
    if let Some(said) = said {
        words::join(knowledge, said, &mut weights);
    }
    weights
}

/// The observations behind the signatures that speak for a cause, and against it.
fn reasons(
    model: &Model,
    spoken: &[Spoken],
    cause: usize,
    evidence: &Evidence,
) -> (Vec<ObservationId>, Vec<ObservationId>) {
    let (mut pro, mut contra) = (Vec::new(), Vec::new());
    for one in spoken {
        let likelihood = one.likelihood(cause);
        let best = one.best();
        let list = if likelihood > one.rest * 3.0 && likelihood >= best * 0.05 && model.accuses(one) {
            &mut pro
        } else if likelihood < best * 0.05 {
            &mut contra
        } else {
            continue;
        };
        for index in &one.observations {
            list.push(evidence.observations[*index].id.clone());
        }
    }
    for list in [&mut pro, &mut contra] {
        list.sort_by(|a, b| number(a).cmp(&number(b)).then_with(|| a.cmp(b)));
        list.dedup();
    }
    contra.retain(|id| !pro.contains(id));
    (pro, contra)
}

/// Whether an observation is bad news by itself.
pub fn is_bad(knowledge: &Knowledge, variable: &str, outcome: &str) -> bool {
    state(knowledge, variable, outcome) == Some(State::Bad)
}

/// What an observation's outcome means by itself; `None` for what the knowledge does not know.
pub fn state(knowledge: &Knowledge, variable: &str, outcome: &str) -> Option<State> {
    Some(knowledge.variables.get(variable)?.outcomes.get(outcome)?.state)
}

/// `o12` sorts as 12.
fn number(id: &ObservationId) -> u64 {
    id.0.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(u64::MAX)
}

fn rounded(probability: f64) -> f64 {
    (probability * 10_000.0).round() / 10_000.0
}
