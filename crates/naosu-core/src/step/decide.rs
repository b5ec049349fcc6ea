//! What to do now, as a problem of numbers: hypotheses with weights, actions, questions, and handing over.
//!
//! Decision-theoretic troubleshooting: the expected cost of repair of a sequence of actions, each of which is tried when all
//! before it have failed, ended by handing over where nothing pays any more. Weights are never normalised: the mass that
//! is left after failures is the probability of getting there.
//!
//! After Heckerman, Breese and Rommelse (CACM 1995), Jensen et al. (SACSO, 2001) and Langseth and Jensen (2003): what a question
//! is worth is reckoned in [`super::inquiry`], sequences in [`super::sequence`]. Of what costs the same, that is done which
//! varies less, then that which loses less, then that which comes first.

use super::inquiry::{Groups, inquire};
use super::sequence::{Sequencer, exact, sequence};

/// Hypotheses with their weights, and what can be done about them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Situation {
    /// The weight of each hypothesis; exactly one of them is true. They need not add up to one.
    pub weights: Vec<f64>,
    /// What can be done.
    pub actions: Vec<Act>,
    /// What can be asked.
    pub questions: Vec<Ask>,
    /// What handing over costs.
    pub hand_over: f64,
    /// What it costs to open each place in which actions are done; nothing for one that is open.
    pub places: Vec<f64>,
}

/// An action.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Act {
    /// What it costs, the way to its place aside.
    pub cost: f64,
    /// Where it is done, a place in [`Situation::places`].
    pub place: Option<usize>,
    /// What can be lost by it, the greater the worse; it decides between actions that are otherwise as good.
    pub risk: u8,
    /// The hypotheses that it ends, with the probability that it does.
    pub fixes: Vec<(usize, f64)>,
}

/// A question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// What it costs.
    pub cost: f64,
    /// By answer: the probability of that answer, by hypothesis.
    pub answers: Vec<Vec<f64>>,
}

/// What to do now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Choice {
    /// The action at that place.
    Act(usize),
    /// The question at that place.
    Ask(usize),
    /// Hand over.
    HandOver,
}

/// What to do now, and what the whole rest is expected to cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// What to do now.
    pub choice: Choice,
    /// The expected cost until it works or is handed over.
    pub expected: f64,
}

/// With at most so many useful actions their best order is found exactly.
pub const EXACT: usize = 9;

/// A hypothesis with less than this share of the mass does not matter for the decision.
const NEGLIGIBLE: f64 = 3e-4;

/// Decides.
///
/// A question is asked only where that is cheaper than not asking at all and also cheaper than asking after the best
/// action has failed: "now or later", not "now or never" (Langseth & Jensen 2003, Eq. 5).
pub fn decide(full: &Situation) -> Decision {
    let situation = &pruned(full);
    let mass: f64 = situation.weights.iter().sum();
    if mass <= 0.0 {
        return Decision { choice: Choice::HandOver, expected: full.hand_over };
    }
    let mut sequencer = Sequencer::new(situation);
    let useful = situation.actions.iter().filter(|act| !act.fixes.is_empty()).count();
    let best = if useful <= EXACT {
        exact(situation, &situation.weights)
    } else {
        sequencer.plan(&situation.weights, f64::INFINITY)
    };
    let choice = best.first.map_or(Choice::HandOver, Choice::Act);
    let without = Decision { choice, expected: best.cost / mass };

    if situation.questions.is_empty() {
        return without;
    }
    let groups = Groups::new(situation);
    let Some(inquiry) = inquire(situation, &groups, &mut sequencer, best.cost) else { return without };
    if let Some(first) = best.first {
        let act = &situation.actions[first];
        let left = after_failure(act, &situation.weights);
        let open = act.place.map_or(0.0, |place| situation.places[place]);
        let mut sequencer = Sequencer::after(situation, Some(first));
        let later = inquiry.later(situation, &groups, &mut sequencer, &left);
        if (act.cost + open) * mass + later <= inquiry.cost {
            return without;
        }
    }
    Decision { choice: Choice::Ask(inquiry.question), expected: inquiry.cost / mass }
}

/// The expected cost, times the mass, of asking now and going on with the best sequence for each answer.
pub fn asking(situation: &Situation, ask: &Ask, weights: &[f64]) -> f64 {
    let mut scaled = vec![0.0; weights.len()];
    let mut total = 0.0;
    for answer in &ask.answers {
        for (index, weight) in weights.iter().enumerate() {
            scaled[index] = weight * answer[index];
        }
        total += sequence(situation, &scaled).cost;
    }
    total + ask.cost * weights.iter().sum::<f64>()
}

/// The weights after an action has failed.
pub fn after_failure(act: &Act, weights: &[f64]) -> Vec<f64> {
    let mut left = weights.to_vec();
    for (hypothesis, fix) in &act.fixes {
        left[*hypothesis] *= 1.0 - fix;
    }
    left
}

/// Without the hypotheses that do not matter; places of actions and questions stay what they are.
fn pruned(full: &Situation) -> Situation {
    let mass: f64 = full.weights.iter().sum();
    let kept: Vec<usize> =
        (0..full.weights.len()).filter(|index| full.weights[*index] > mass * NEGLIGIBLE).collect();
    let mut place = vec![None; full.weights.len()];
    for (new, old) in kept.iter().enumerate() {
        place[*old] = Some(new);
    }
    let fixes = |act: &Act| -> Vec<(usize, f64)> {
        act.fixes
            .iter()
            .filter(|(_, fix)| *fix > 0.0)
            .filter_map(|(old, fix)| Some((place[*old]?, *fix)))
            .collect()
    };
    Situation {
        weights: kept.iter().map(|index| full.weights[*index]).collect(),
        actions: full.actions.iter().map(|act| Act { fixes: fixes(act), ..*act }).collect(),
        questions: full
            .questions
            .iter()
            .map(|ask| Ask {
                cost: ask.cost,
                answers: ask
                    .answers
                    .iter()
                    .map(|answer| kept.iter().map(|index| answer[*index]).collect())
                    .collect(),
            })
            .collect(),
        hand_over: full.hand_over,
        places: full.places.clone(),
    }
}
