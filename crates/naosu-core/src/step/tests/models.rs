//! What the tests share: models drawn by a fixed seed, the exact optimum, and other planners to be held against.

use std::collections::BTreeMap;

use crate::step::decide::{Act, Ask, Choice, Situation, after_failure, asking, decide};
use crate::step::sequence::{exact, sequence};

/// No handing over: it costs more than anything else could.
pub(super) const NEVER: f64 = 1e6;

pub(super) fn act(cost: f64, fixes: &[(usize, f64)]) -> Act {
    Act { cost, fixes: fixes.to_vec(), ..Act::default() }
}

/// A question to which the answer is yes with that probability, by hypothesis, and otherwise no.
pub(super) fn yes_or_no(cost: f64, yes: &[f64]) -> Ask {
    Ask { cost, answers: vec![yes.to_vec(), yes.iter().map(|yes| 1.0 - yes).collect()] }
}

#[track_caller]
pub(super) fn assert_near(is: f64, should: f64, tolerance: f64) {
    assert!((is - should).abs() <= tolerance, "{is} is not {should} ± {tolerance}");
}

/// What actions in that order cost, each tried when those before have failed, and handing over at the end.
pub(super) fn cost_of(situation: &Situation, order: &[usize]) -> f64 {
    let mut weights = situation.weights.clone();
    let mut spent = 0.0;
    for action in order {
        spent += situation.actions[*action].cost * weights.iter().sum::<f64>();
        weights = after_failure(&situation.actions[*action], &weights);
    }
    spent + weights.iter().sum::<f64>() * situation.hand_over
}

/// The exact optimum with questions: expectimax over the states of information, each of which is reckoned once. A state
/// is what was tried in vain, and what was answered.
pub(super) fn oracle(situation: &Situation) -> f64 {
    Oracle { situation, known: BTreeMap::new() }.value(0, &mut vec![0; situation.questions.len()])
}

struct Oracle<'a> {
    situation: &'a Situation,
    known: BTreeMap<(u32, Vec<u8>), f64>,
}

impl Oracle<'_> {
    /// `answered` holds, by question, the place of its answer plus one, and 0 where it was not asked.
    fn value(&mut self, tried: u32, answered: &mut Vec<u8>) -> f64 {
        let situation = self.situation;
        let mut weights = situation.weights.clone();
        for (at, act) in situation.actions.iter().enumerate() {
            if tried & (1 << at) != 0 {
                weights = after_failure(act, &weights);
            }
        }
        for (ask, answer) in
            situation.questions.iter().zip(answered.iter()).filter(|(_, answer)| **answer > 0)
        {
            weights.iter_mut().zip(&ask.answers[usize::from(*answer) - 1]).for_each(|(w, p)| *w *= p);
        }
        let mass: f64 = weights.iter().sum();
        if mass < 1e-12 {
            return 0.0;
        }
        let key = (tried, answered.clone());
        if let Some(value) = self.known.get(&key) {
            return *value;
        }
        let mut best = mass * situation.hand_over;
        for (at, act) in situation.actions.iter().enumerate().filter(|(at, _)| tried & (1 << at) == 0) {
            let opened =
                |(other, act): (usize, &Act)| (tried & (1 << other) != 0).then_some(act.place).flatten();
            let open = act.place.is_none()
                || situation
                    .actions
                    .iter()
                    .enumerate()
                    .filter_map(opened)
                    .any(|place| Some(place) == act.place);
            let way = if open { 0.0 } else { act.place.map_or(0.0, |place| situation.places[place]) };
            best = best.min((act.cost + way) * mass + self.value(tried | (1 << at), answered));
        }
        for (at, ask) in situation.questions.iter().enumerate() {
            if answered[at] > 0 {
                continue;
            }
            let mut total = ask.cost * mass;
            for answer in 0..ask.answers.len() {
                answered[at] = u8::try_from(answer + 1).expect("a few answers");
                total += self.value(tried, answered);
            }
            answered[at] = 0;
            best = best.min(total);
        }
        self.known.insert(key, best);
        best
    }
}

/// What it costs to do to the end what a planner says, which is asked again after each failure and each answer.
pub(super) fn following(situation: &Situation, planner: &dyn Fn(&Situation) -> Choice) -> f64 {
    let mass: f64 = situation.weights.iter().sum();
    if mass < 1e-12 {
        return 0.0;
    }
    match planner(situation) {
        Choice::HandOver => mass * situation.hand_over,
        Choice::Act(at) => {
            let mut after = situation.clone();
            after.weights = after_failure(&situation.actions[at], &situation.weights);
            let mut cost = situation.actions[at].cost;
            if let Some(place) = situation.actions[at].place {
                cost += std::mem::take(&mut after.places[place]);
            }
            after.actions[at].fixes.clear();
            cost * mass + following(&after, planner)
        }
        Choice::Ask(at) => {
            let ask = &situation.questions[at];
            let mut total = ask.cost * mass;
            for answer in &ask.answers {
                let mut after = situation.clone();
                after.weights = situation.weights.iter().zip(answer).map(|(w, p)| w * p).collect();
                after.questions[at].answers = vec![vec![1.0; answer.len()]];
                total += following(&after, planner);
            }
            total
        }
    }
}

/// What following [`decide`] costs.
pub(super) fn policy(situation: &Situation) -> f64 {
    following(situation, &|situation| decide(situation).choice)
}

/// The planner that never asks.
pub(super) fn silent(situation: &Situation) -> Choice {
    sequence(situation, &situation.weights).first.map_or(Choice::HandOver, Choice::Act)
}

/// The planner that asks as soon as asking now is better than never (Langseth & Jensen's Eq. 4).
pub(super) fn now_or_never(situation: &Situation) -> Choice {
    let mut best = (sequence(situation, &situation.weights).cost, None);
    for (at, ask) in situation.questions.iter().enumerate().filter(|(_, ask)| ask.answers.len() > 1) {
        let cost = asking(situation, ask, &situation.weights);
        if cost < best.0 - 1e-12 {
            best = (cost, Some(at));
        }
    }
    best.1.map_or_else(|| silent(situation), Choice::Ask)
}

/// What it would cost if the cause were known from the beginning.
pub(super) fn omniscient(situation: &Situation) -> f64 {
    let alone = |hypothesis: usize| {
        let mut alone = situation.clone();
        alone.weights.iter_mut().enumerate().filter(|(at, _)| *at != hypothesis).for_each(|(_, w)| *w = 0.0);
        alone.actions.iter_mut().for_each(|act| act.fixes.retain(|(fixed, _)| *fixed == hypothesis));
        exact(&alone, &alone.weights).cost
    };
    (0..situation.weights.len()).map(alone).sum()
}

/// A generator with a fixed seed (xorshift).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        #[expect(clippy::cast_precision_loss, reason = "a fraction")]
        let fraction = (self.0 >> 11) as f64 / (1_u64 << 53) as f64;
        fraction
    }

    pub(super) fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.roll()
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "small"
        )]
        let number = (self.roll() * limit as f64) as usize;
        number.min(limit - 1)
    }

    pub(super) fn weights(&mut self, count: usize) -> Vec<f64> {
        let weights: Vec<f64> = (0..count).map(|_| 0.02 + self.roll()).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    }

    /// One action for each hypothesis, and it mends nothing else.
    pub(super) fn basic(&mut self, count: usize) -> Situation {
        Situation {
            weights: self.weights(count),
            actions: (0..count)
                .map(|h| act(self.between(1.0, 10.0), &[(h, self.between(0.3, 1.0))]))
                .collect(),
            hand_over: self.between(10.0, 50.0),
            ..Situation::default()
        }
    }

    /// Actions that mend one to four hypotheses each.
    pub(super) fn dependent(&mut self, hypotheses: usize, actions: usize) -> Situation {
        let mut situation = Situation {
            weights: self.weights(hypotheses),
            hand_over: self.between(15.0, 75.0),
            ..Situation::default()
        };
        for _ in 0..actions {
            let mut fixes = BTreeMap::new();
            for _ in 0..=self.below(4) {
                fixes.insert(self.below(hypotheses), self.between(0.4, 1.0));
            }
            let fixes: Vec<(usize, f64)> = fixes.into_iter().collect();
            situation.actions.push(act(self.between(1.0, 10.0), &fixes));
        }
        situation
    }

    pub(super) fn question(&mut self, hypotheses: usize) -> Ask {
        let yes: Vec<f64> = (0..hypotheses).map(|_| if self.roll() < 0.5 { 0.05 } else { 0.9 }).collect();
        yes_or_no(self.between(0.2, 1.2), &yes)
    }

    /// Something like the printer models of the SACSO project, as many causes as actions: a likely cause with a cheap
    /// remedy and many others with dear ones, actions that mend one to three causes and seldom fail, and questions, each
    /// about some of the causes, that cost about as much as a cheap action.
    pub(super) fn printer(&mut self, actions: usize, questions: usize) -> Situation {
        let mut weights = self.weights(actions);
        weights[0] += self.between(0.5, 2.0);
        let sum: f64 = weights.iter().sum();
        let mut situation = Situation {
            weights: weights.iter().map(|weight| weight / sum).collect(),
            hand_over: 600.0,
            ..Situation::default()
        };
        for own in 0..actions {
            let mut fixes = BTreeMap::from([(own, self.between(0.9, 1.0))]);
            for _ in 0..self.below(3) {
                fixes.insert(self.below(actions), self.between(0.9, 1.0));
            }
            let fixes: Vec<(usize, f64)> = fixes.into_iter().collect();
            let cost = if own == 0 { self.between(3.0, 10.0) } else { self.between(20.0, 150.0) };
            situation.actions.push(act(cost, &fixes));
        }
        for _ in 0..questions {
            let yes: Vec<f64> = (0..actions).map(|_| if self.roll() < 0.4 { 0.97 } else { 0.03 }).collect();
            situation.questions.push(yes_or_no(self.between(3.0, 15.0), &yes));
        }
        situation
    }
}
