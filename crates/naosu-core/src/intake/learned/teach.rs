//! Fits the weights: stochastic gradient descent on the logarithm of the complaints' likelihood, with the step of each
//! weight divided by the root of its squared gradients so far (`AdaGrad`, Duchi, Hazan, Singer 2011, Figure 1, diagonal)
//! and a pull towards zero; the weights of the last rounds are averaged (Polyak, Juditsky 1992).

use std::collections::BTreeMap;

use super::{FIRST, LAST, Learned, Pieces, SCALE, STEPS, Scored, ZERO, offset};

/// Times that every complaint is looked at.
const ROUNDS: usize = 6;
/// The weights are averaged over so many of the last of them,
const AVERAGED: usize = 2;
/// where each so manieth complaint gives one set of weights.
const APART: usize = 997;
/// The first step of a weight.
const RATE: f32 = 0.3;
/// What the sum of squared gradients begins with.
const BEGINNING: f32 = 0.01;
/// The pull of a weight towards zero, each time its piece is looked at.
const PULL: f32 = 0.015;
/// A piece that fewer complaints hold is left out.
const RARE: u32 = 4;
/// A weight below this is left out.
const SMALL: f32 = 0.05;
/// Complaints are looked at in steps of this prime, so that those of one file do not follow each other.
const STRIDE: usize = 1_000_003;

/// A question with the labels that answer it.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    name: String,
    labels: Vec<String>,
}

impl Question {
    pub(crate) fn new(name: &str, labels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { name: name.to_owned(), labels: labels.into_iter().map(Into::into).collect() }
    }
}

/// One complaint.
pub(in crate::intake) struct Example {
    /// The pieces of its text.
    pub(in crate::intake) pieces: Pieces,
    /// For each question the right label, and what the phrases say; nothing where nobody knows.
    pub(in crate::intake) answers: Vec<Option<(String, Vec<Scored>)>>,
    /// How many complaints it counts for.
    pub(in crate::intake) counts: f32,
}

/// An example as numbers.
struct Row {
    pieces: Vec<usize>,
    /// For each question the place of the right label, and what counts before any piece.
    answers: Vec<Option<(usize, Vec<f32>)>>,
    counts: f32,
}

impl Learned {
    /// Learns to answer the questions; `from` is kept with it.
    pub(crate) fn learn(from: String, questions: &[Question], examples: &[Example]) -> Self {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for piece in examples.iter().flat_map(|example| &example.pieces.0) {
            *counts.entry(piece.clone()).or_default() += 1;
        }
        counts.retain(|_, count| *count >= RARE);
        let places: BTreeMap<&str, usize> =
            counts.keys().enumerate().map(|(place, piece)| (piece.as_str(), place)).collect();
        let rows: Vec<Row> = examples
            .iter()
            .map(|example| Row {
                pieces: example
                    .pieces
                    .0
                    .iter()
                    .filter_map(|piece| places.get(piece.as_str()).copied())
                    .collect(),
                answers: questions
                    .iter()
                    .zip(&example.answers)
                    .map(|(of, is)| numbers(of, is.as_ref()))
                    .collect(),
                counts: example.counts,
            })
            .collect();
        let (mut labels, mut lines) = (Vec::new(), vec![String::new(); places.len()]);
        for (at, question) in questions.iter().enumerate() {
            let (weights, biases) = fit(question.labels.len(), places.len(), at, &rows);
            for (line, weights) in lines.iter_mut().zip(weights.chunks_exact(question.labels.len())) {
                for (place, weight) in weights.iter().enumerate() {
                    line.extend(written(labels.len() + place, *weight));
                }
            }
            let named = question.labels.iter().map(|label| format!("{}/{label}", question.name));
            labels
                .extend(named.zip(biases.into_iter().map(|bias| (f64::from(bias) * 100.0).round() / 100.0)));
        }
        let told = places.keys().zip(&lines).filter(|(_, line)| !line.is_empty());
        let text: String = told.flat_map(|(piece, line)| [piece, "\t", line, "\n"]).collect();
        // the biases are those that are written
        Self::read(
            Self { from, labels, rows: text.into_bytes().into(), ..Self::default() }
                .show()
                .into_bytes()
                .into(),
        )
    }
}

fn numbers(question: &Question, answer: Option<&(String, Vec<Scored>)>) -> Option<(usize, Vec<f32>)> {
    let (right, phrased) = answer?;
    let place = question.labels.iter().position(|label| label == right)?;
    let said =
        |label: &String| phrased.iter().find(|scored| scored.id == *label).map_or(0.0, |scored| scored.p);
    #[expect(clippy::cast_possible_truncation, reason = "a logarithm is a small number")]
    let offsets = question.labels.iter().map(|label| offset(said(label)) as f32).collect();
    Some((place, offsets))
}

/// The weights of all pieces, one label after the other, and the biases.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "some hundred pieces")]
fn fit(labels: usize, pieces: usize, question: usize, rows: &[Row]) -> (Vec<f32>, Vec<f32>) {
    let (mut weights, mut squares) = (vec![0.0; pieces * labels], vec![BEGINNING; pieces * labels]);
    let (mut biases, mut bias_squares) = (vec![0.0; labels], vec![BEGINNING; labels]);
    let (mut sums, mut summed) = (vec![0.0; pieces * labels], 0.0);
    let mut off = vec![0.0_f32; labels];
    for look in 0..ROUNDS * rows.len() {
        if look >= (ROUNDS - AVERAGED) * rows.len() && look % APART == 0 {
            summed += 1.0;
            for (sum, weight) in sums.iter_mut().zip(&weights) {
                *sum += *weight;
            }
        }
        let row = &rows[look * STRIDE % rows.len()];
        let Some((right, offsets)) = &row.answers[question] else { continue };
        let found = &row.pieces;
        let factor = SCALE as f32 / (found.len().max(1) as f32).sqrt();
        off.fill(0.0);
        for &piece in found {
            for (sum, weight) in off.iter_mut().zip(&weights[piece * labels..]) {
                *sum += weight;
            }
        }
        for ((sum, bias), offset) in off.iter_mut().zip(&biases).zip(offsets) {
            *sum = *sum * factor + bias + offset;
        }
        let top = off.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for score in &mut off {
            *score = (*score - top).exp();
        }
        let sum: f32 = off.iter().sum();
        for weight in &mut off {
            *weight /= sum;
        }
        off[*right] -= 1.0;
        for off in &mut off {
            *off *= row.counts;
        }
        step(&mut biases, &mut bias_squares, &off, 1.0, 0.0);
        for &piece in found {
            let span = piece * labels..(piece + 1) * labels;
            step(&mut weights[span.clone()], &mut squares[span], &off, factor, PULL);
        }
    }
    if summed > 0.0 {
        weights = sums.into_iter().map(|sum| sum / summed).collect();
    }
    (weights, biases)
}

/// One step against the gradient, which is how far off each label is.
fn step(weights: &mut [f32], squares: &mut [f32], off: &[f32], factor: f32, pull: f32) {
    for ((weight, squared), off) in weights.iter_mut().zip(squares).zip(off) {
        let gradient = factor * off + pull * *weight;
        *squared += gradient * gradient;
        *weight -= RATE * gradient / squared.sqrt();
    }
}

/// A weight as two characters: the label's place and the number of steps; nothing where it is small.
#[expect(clippy::cast_possible_truncation, reason = "it is brought into the range before")]
fn written(place: usize, weight: f32) -> Option<String> {
    let most = f64::from(LAST - ZERO);
    let steps = (f64::from(weight) * STEPS).round().clamp(-most, most) as i16;
    let place =
        u8::try_from(place).ok().and_then(|place| FIRST.checked_add(place)).filter(|at| *at <= LAST)?;
    let steps = u8::try_from(i16::from(ZERO) + steps).ok()?;
    (weight.abs() >= SMALL).then(|| String::from_utf8_lossy(&[place, steps]).into_owned())
}
