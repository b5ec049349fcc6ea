//! What a person's words say about the causes, as factors beside those of the probes.

use std::sync::OnceLock;

use crate::intake::{Recognised, recognise};
use crate::knowledge::Knowledge;

use super::model::{Hypothesis, Model};

/// From this probability of one cause by what was measured alone, words count the less the surer it is, down to nothing.
const OPEN: f64 = 0.5;
/// No words speak more than this for or against a cause: measured proof, which goes to 1 in 10,000, wins.
const STRONGEST: f64 = 100.0;
/// Added to both probabilities, so that "next to nothing" against "nothing" is no news.
const GROUND: f64 = 2e-3;

/// From this probability of causes that no probe sees the words name a concrete trouble.
const CONCRETE: f64 = 0.5;
/// What such words leave of "nothing is wrong".
const UNHEALTHY: f64 = 0.02;

/// What the recognition gives when nothing was said, by place of the cause.
#[derive(Debug, Default)]
pub(super) struct Silence(OnceLock<Vec<f64>>);

/// Multiplies what was said into the probabilities of the hypotheses.
///
/// Words that name a concrete trouble which no probe sees (mail comes only by hand, a lost number) also speak against
/// "nothing is wrong", however well everything measured works. Others leave it alone: that mail cannot be fetched, while
/// it demonstrably can, is then said by the verdict.
pub(super) fn join(knowledge: &Knowledge, said: &Recognised, weights: &mut [f64]) {
    let model = &knowledge.model;
    let factors = factors(knowledge, said, openness(model, weights));
    let unseen = |id: &str| knowledge.taxonomy.cause.get(id).is_some_and(|cause| cause.machine == "no");
    let concrete: f64 = said.cause.iter().filter(|cause| unseen(&cause.id)).map(|cause| cause.p).sum();
    let mut sum = 0.0;
    for (hypothesis, weight) in model.hypotheses.iter().zip(weights.iter_mut()) {
        *weight *= match hypothesis {
            Hypothesis::Cause(cause) => factors[*cause],
            Hypothesis::Pair(one, two) => factors[*one].max(factors[*two]),
            Hypothesis::Healthy if concrete >= CONCRETE => UNHEALTHY,
            Hypothesis::Healthy | Hypothesis::Other => 1.0,
        };
        sum += *weight;
    }
    for weight in weights {
        *weight /= sum;
    }
}

/// How much is left for words to tell, 0 to 1, as the power of what they say: measured proof is not talked away.
fn openness(model: &Model, weights: &[f64]) -> f64 {
    let causes = model.hypotheses.iter().zip(weights).filter(|(hypothesis, _)| match hypothesis {
        Hypothesis::Cause(_) | Hypothesis::Pair(..) => true,
        Hypothesis::Healthy | Hypothesis::Other => false,
    });
    let surest = causes.map(|(_, weight)| *weight).fold(0.0, f64::max);
    ((1.0 - surest) / (1.0 - OPEN)).clamp(0.0, 1.0)
}

/// P(words | cause) / P(words), by place of the cause, to that power.
fn factors(knowledge: &Knowledge, recognised: &Recognised, power: f64) -> Vec<f64> {
    let model = &knowledge.model;
    let silence = model.silence.0.get_or_init(|| by_place(model, &recognise(knowledge, "")));
    let said = by_place(model, recognised);
    said.iter()
        .zip(silence)
        .map(|(said, silence)| {
            ((said + GROUND) / (silence + GROUND)).clamp(1.0 / STRONGEST, STRONGEST).powf(power)
        })
        .collect()
}

fn by_place(model: &Model, recognised: &Recognised) -> Vec<f64> {
    let mut probabilities = vec![0.0; model.causes.len()];
    for scored in &recognised.cause {
        if let Some(place) = model.cause(&scored.id) {
            probabilities[place] = scored.p;
        }
    }
    probabilities
}
