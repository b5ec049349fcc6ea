//! What to do now, as a problem of numbers: hypotheses with weights, actions, questions, and handing over.
//!
//! Decision-theoretic troubleshooting: the expected cost of repair of a sequence of actions, each of which is tried when all
//! before it have failed, ended by handing over where nothing pays any more. Weights are never normalised: the mass that
//! is left after failures is the probability of getting there.
//!
//! A question is worth what it saves. What is left to pay after an answer is the cheaper of two: the sequence of actions
//! without asking again, and going on asking (what the mending costs once the cause is known, and for each bit that is
//! still missing what the best question here takes for one). The second is the look further ahead than one step: two questions
//! that tell something only together are found by it.

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

/// How many questions are weighed with sequences; they are the ones that tell most for their cost.
const SHORT_LIST: usize = 4;

/// How much more each further bit costs than the best question takes for one now.
const DEARER: f64 = 1.5;

/// Decides.
///
/// A question is asked only where that is cheaper than not asking at all and also cheaper than asking after the best
/// action has failed: "now or later", not "now or never".
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

    let groups = Groups::new(situation);
    let (short, bit) = short_list(situation, &groups, mass);
    let mut value = Value { sequencer: &mut sequencer, groups: &groups, bit, sums: Vec::new() };
    let now = value.of(&situation.weights).min(best.cost);
    let mut asked: Option<(f64, usize)> = None;
    for index in short {
        let cost = value.asking(&situation.questions[index], &situation.weights);
        if cost < now && asked.is_none_or(|(least, _)| cost < least) {
            asked = Some((cost, index));
        }
    }
    let Some((cost, index)) = asked else { return without };
    if let Some(first) = best.first {
        let act = &situation.actions[first];
        let left = after_failure(act, &situation.weights);
        let open = act.place.map_or(0.0, |place| situation.places[place]);
        let mut later = Sequencer::after(situation, Some(first));
        let mut later = Value { sequencer: &mut later, groups: &groups, bit, sums: Vec::new() };
        let going_on = later.of(&left).min(later.asking(&situation.questions[index], &left));
        if (act.cost + open) * mass + going_on <= cost {
            return without;
        }
    }
    Decision { choice: Choice::Ask(index), expected: cost / mass }
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

/// The hypotheses by what is done about them: two that the same action ends best need not be told apart.
#[derive(Debug)]
struct Groups {
    /// By hypothesis: its group.
    of: Vec<usize>,
    count: usize,
    /// By hypothesis: what mending costs once it is known to be this one.
    known: Vec<f64>,
}

impl Groups {
    fn new(situation: &Situation) -> Self {
        let mut best: Vec<Option<(f64, usize)>> = vec![None; situation.weights.len()];
        for (index, act) in situation.actions.iter().enumerate() {
            let open = act.place.map_or(0.0, |place| situation.places[place]);
            for (hypothesis, fix) in &act.fixes {
                // tried alone, and handed over where it fails
                let cost = act.cost + open + (1.0 - fix) * situation.hand_over * RETRIED;
                if cost < best[*hypothesis].map_or(situation.hand_over, |(least, _)| least) {
                    best[*hypothesis] = Some((cost, index));
                }
            }
        }
        let none = situation.actions.len();
        let of = best.iter().map(|best| best.map_or(none, |(_, index)| index)).collect();
        let known = best.iter().map(|best| best.map_or(situation.hand_over, |(cost, _)| cost)).collect();
        Self { of, count: none + 1, known }
    }

    /// The bits that are missing to know the group, times the mass; `sums` is memory to work in.
    fn missing(&self, weights: impl Iterator<Item = f64>, sums: &mut Vec<f64>) -> f64 {
        sums.clear();
        sums.resize(self.count, 0.0);
        let mut mass = 0.0;
        for (group, weight) in self.of.iter().zip(weights) {
            sums[*group] += weight;
            mass += weight;
        }
        if mass <= 0.0 {
            return 0.0;
        }
        sums.iter().filter(|sum| **sum > 0.0).map(|sum| -sum * (sum / mass).log2()).sum()
    }
}

/// After an action against a known cause has failed there mostly is another one; the share of handing over that is left.
const RETRIED: f64 = 0.2;

/// The questions that tell most for their cost, the best first, and what a bit costs with the best of them.
fn short_list(situation: &Situation, groups: &Groups, mass: f64) -> (Vec<usize>, f64) {
    let mut sums = Vec::with_capacity(groups.count);
    let missing = groups.missing(situation.weights.iter().copied(), &mut sums);
    let mut priced: Vec<(f64, usize)> = Vec::new();
    for (index, ask) in situation.questions.iter().enumerate() {
        let mut left = 0.0;
        for answer in &ask.answers {
            left += groups.missing(situation.weights.iter().zip(answer).map(|(w, p)| w * p), &mut sums);
        }
        let bits = (missing - left) / mass;
        if bits > 1e-6 {
            // what one bit costs; the first bits of a question that tells little come at a discount that does not last
            priced.push((ask.cost / bits, index));
        }
    }
    priced.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    let bit = priced.first().map_or(f64::INFINITY, |(price, _)| *price);
    (priced.into_iter().take(SHORT_LIST).map(|(_, index)| index).collect(), bit)
}

/// What is left to pay, times the mass.
#[derive(Debug)]
struct Value<'a> {
    sequencer: &'a mut Sequencer,
    groups: &'a Groups,
    /// What a bit costs.
    bit: f64,
    /// Memory to work in.
    sums: Vec<f64>,
}

impl Value<'_> {
    fn of(&mut self, weights: &[f64]) -> f64 {
        let mut asking = f64::INFINITY;
        if self.bit.is_finite() {
            let known = weights.iter().zip(&self.groups.known);
            let mending: f64 = known.map(|(weight, cost)| weight * cost).sum();
            let missing = self.groups.missing(weights.iter().copied(), &mut self.sums);
            asking = mending + missing * self.bit * DEARER;
        }
        self.sequencer.plan(weights, asking).cost.min(asking)
    }

    fn asking(&mut self, ask: &Ask, weights: &[f64]) -> f64 {
        let mut scaled = vec![0.0; weights.len()];
        let mut total = ask.cost * weights.iter().sum::<f64>();
        for answer in &ask.answers {
            for (index, weight) in weights.iter().enumerate() {
                scaled[index] = weight * answer[index];
            }
            total += self.of(&scaled);
        }
        total
    }
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
        actions: full
            .actions
            .iter()
            .map(|act| Act { cost: act.cost, place: act.place, fixes: fixes(act) })
            .collect(),
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
