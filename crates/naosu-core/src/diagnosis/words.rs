//! What a person's words say about the causes, as factors beside those of the probes.

use std::sync::OnceLock;

use crate::intake::{Recognised, recognise};
use crate::knowledge::Knowledge;

use super::model::Model;

/// Words count less than their recognition says: they are one telling of one event, and who tells it errs.
const TEMPER: f64 = 1.0;
/// No words speak more than this for or against a cause: measured proof, which goes to 1 in 10,000, wins.
const STRONGEST: f64 = 100.0;
/// Added to both probabilities, so that "next to nothing" against "nothing" is no news.
const GROUND: f64 = 2e-3;

/// What the recognition gives when nothing was said, by place of the cause.
#[derive(Debug, Default)]
pub(super) struct Silence(OnceLock<Vec<f64>>);

/// The logarithm of P(words | cause) / P(words), by place of the cause.
pub(super) fn factors(knowledge: &Knowledge, recognised: &Recognised) -> Vec<f64> {
    let model = &knowledge.model;
    let silence = model.silence.0.get_or_init(|| by_place(model, &recognise(knowledge, "")));
    let said = by_place(model, recognised);
    let limit = STRONGEST.ln();
    said.iter()
        .zip(silence)
        .map(|(said, silence)| (TEMPER * ((said + GROUND) / (silence + GROUND)).ln()).clamp(-limit, limit))
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
