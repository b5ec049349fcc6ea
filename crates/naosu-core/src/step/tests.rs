//! The published check vectors (troubleshooting §2), and properties held against exact oracles.
//!
//! By number: 2.1 to 2.4 below as printed or recomputed; 2.5 and 2.6 are profiles of unpublished models, of which the order
//! of the planners is held on drawn ones; 2.7 as far as its figures are in print; 2.8 is about general Bayesian networks, which
//! nothing here needs; 2.9 and 2.10 name no numbers to hold.

use std::collections::BTreeMap;

use super::decide::{Act, Ask, Choice, Situation, after_failure, asking, decide};
use super::sequence::{exact, sequence};

fn act(cost: f64, fixes: &[(usize, f64)]) -> Act {
    Act { cost, place: None, fixes: fixes.to_vec() }
}

/// No handing over: it costs more than anything else could.
const NEVER: f64 = 1e6;

fn assert_near(is: f64, should: f64, tolerance: f64) {
    assert!((is - should).abs() <= tolerance, "{is} is not {should} ± {tolerance}");
}

/// Weights of the hypotheses that the sequence of actions costs, each tried when those before have failed.
fn cost_of(situation: &Situation, order: &[usize]) -> f64 {
    let mut weights = situation.weights.clone();
    let mut spent = 0.0;
    for action in order {
        spent += situation.actions[*action].cost * weights.iter().sum::<f64>();
        weights = after_failure(&situation.actions[*action], &weights);
    }
    spent + weights.iter().sum::<f64>() * situation.hand_over
}

/// The exact optimum with questions: expectimax over the states of information. A state is what was tried and answered.
fn oracle(situation: &Situation) -> f64 {
    fn value(
        situation: &Situation,
        weights: &[f64],
        tried: u32,
        asked: u32,
        known: &mut BTreeMap<(u32, u32, Vec<u64>), f64>,
    ) -> f64 {
        let mass: f64 = weights.iter().sum();
        if mass < 1e-12 {
            return 0.0;
        }
        let key = (tried, asked, weights.iter().map(|weight| weight.to_bits()).collect());
        if let Some(value) = known.get(&key) {
            return *value;
        }
        let mut best = mass * situation.hand_over;
        for (at, act) in situation.actions.iter().enumerate().filter(|(at, _)| tried & (1 << at) == 0) {
            let left = after_failure(act, weights);
            best = best.min(act.cost * mass + value(situation, &left, tried | (1 << at), asked, known));
        }
        for (at, ask) in situation.questions.iter().enumerate().filter(|(at, _)| asked & (1 << at) == 0) {
            let mut total = ask.cost * mass;
            for answer in &ask.answers {
                let scaled: Vec<f64> = weights.iter().zip(answer).map(|(w, p)| w * p).collect();
                total += value(situation, &scaled, tried, asked | (1 << at), known);
            }
            best = best.min(total);
        }
        known.insert(key, best);
        best
    }
    value(situation, &situation.weights, 0, 0, &mut BTreeMap::new())
}

/// What following [`decide`] to the end costs.
fn policy(situation: &Situation) -> f64 {
    let mass: f64 = situation.weights.iter().sum();
    if mass < 1e-12 {
        return 0.0;
    }
    match decide(situation).choice {
        Choice::HandOver => mass * situation.hand_over,
        Choice::Act(at) => {
            let mut after = situation.clone();
            after.weights = after_failure(&situation.actions[at], &situation.weights);
            let mut cost = situation.actions[at].cost;
            if let Some(place) = situation.actions[at].place {
                cost += std::mem::take(&mut after.places[place]);
            }
            after.actions[at].fixes.clear();
            cost * mass + policy(&after)
        }
        Choice::Ask(at) => {
            let ask = &situation.questions[at];
            let mut total = ask.cost * mass;
            for answer in &ask.answers {
                let mut after = situation.clone();
                after.weights = situation.weights.iter().zip(answer).map(|(w, p)| w * p).collect();
                after.questions.remove(at);
                total += policy(&after);
            }
            total
        }
    }
}

/// A generator with a fixed seed (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        #[expect(clippy::cast_precision_loss, reason = "a fraction")]
        let fraction = (self.0 >> 11) as f64 / (1_u64 << 53) as f64;
        fraction
    }

    fn below(&mut self, limit: usize) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "small"
        )]
        let number = (self.roll() * limit as f64) as usize;
        number.min(limit - 1)
    }

    fn weights(&mut self, count: usize) -> Vec<f64> {
        let weights: Vec<f64> = (0..count).map(|_| 0.02 + self.roll()).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    }

    /// One action for each hypothesis, and it mends nothing else.
    fn basic(&mut self, count: usize) -> Situation {
        Situation {
            weights: self.weights(count),
            actions: (0..count)
                .map(|h| act(1.0 + 9.0 * self.roll(), &[(h, 0.3 + 0.7 * self.roll())]))
                .collect(),
            hand_over: 10.0 + 40.0 * self.roll(),
            ..Situation::default()
        }
    }

    /// Actions that mend one to four hypotheses each.
    fn dependent(&mut self, hypotheses: usize, actions: usize) -> Situation {
        let mut situation = Situation {
            weights: self.weights(hypotheses),
            hand_over: 15.0 + 60.0 * self.roll(),
            ..Situation::default()
        };
        for _ in 0..actions {
            let mut fixes = BTreeMap::new();
            for _ in 0..=self.below(4) {
                fixes.insert(self.below(hypotheses), 0.4 + 0.6 * self.roll());
            }
            let fixes: Vec<(usize, f64)> = fixes.into_iter().collect();
            situation.actions.push(act(1.0 + 9.0 * self.roll(), &fixes));
        }
        situation
    }

    fn question(&mut self, hypotheses: usize) -> Ask {
        let yes: Vec<f64> = (0..hypotheses).map(|_| if self.roll() < 0.5 { 0.05 } else { 0.9 }).collect();
        let no = yes.iter().map(|yes| 1.0 - yes).collect();
        Ask { cost: 0.2 + self.roll(), answers: vec![yes, no] }
    }
}

#[test]
fn roll_back_of_cacm_1995_figure_1() {
    // §2.1: C_o = 5, C_1 = 10, C_2 = 20, and whichever is tried second ends it. The figures are not one joint
    // distribution, so this holds the roll-back only.
    let one_then_the_other = |cost: f64, fixes: f64, other: f64| {
        let situation = Situation {
            weights: vec![1.0],
            actions: vec![act(cost, &[(0, fixes)])],
            hand_over: other,
            ..Situation::default()
        };
        cost_of(&situation, &[0])
    };
    let first = |c1: f64, c2: f64| (one_then_the_other(10.0, c1, 20.0), one_then_the_other(20.0, c2, 10.0));
    let (given_true, given_false, unobserved) = (first(0.9, 0.01), first(0.25, 0.7), first(0.5, 0.05));
    assert_near(5.0 + given_true.0, 17.0, 1e-9);
    assert_near(5.0 + given_true.1, 34.9, 1e-9);
    assert_near(5.0 + given_false.0, 30.0, 1e-9);
    assert_near(5.0 + given_false.1, 28.0, 1e-9);
    assert_near(unobserved.0, 20.0, 1e-9);
    assert_near(unobserved.1, 29.5, 1e-9);
    let observe = 5.0 + 0.8 * given_true.0.min(given_true.1) + 0.2 * given_false.0.min(given_false.1);
    assert_near(observe, 19.2, 1e-9);
}

#[test]
fn sacso_2001_figure_1() {
    // §2.2
    let situation = Situation {
        weights: vec![0.20, 0.25, 0.40, 0.15],
        actions: vec![
            act(1.0, &[(0, 1.0), (1, 1.0)]),
            act(1.0, &[(1, 1.0), (2, 1.0)]),
            act(1.0, &[(2, 1.0), (3, 1.0)]),
        ],
        hand_over: NEVER,
        ..Situation::default()
    };
    assert_near(sequence(&situation, &situation.weights).cost, 1.50, 1e-9);
    assert_near(exact(&situation, &situation.weights).cost, 1.45, 1e-9);
    let decision = decide(&situation);
    assert_near(decision.expected, 1.45, 1e-9);
    assert_eq!(decision.choice, Choice::Act(2));
}

#[test]
fn langseth_jensen_2003_example_4() {
    // §2.3: exactly one of the cut sets {1,2}, {2,3}, {3,4}, {4,5} is broken; A2 to A4 repair one component each.
    // Printed are 1.58, 1.53 and 1.47, with slips; recomputed 1.5884, 1.5398 and 1.4805.
    let [q1, q2, q3, q4, q5] = [0.03, 0.045, 0.065, 0.035, 0.05];
    let broken = [
        q1 * q2 * (1.0 - q3) * (1.0 - q4 * q5),
        q2 * q3 * (1.0 - q1) * (1.0 - q4),
        q3 * q4 * (1.0 - q2) * (1.0 - q5),
        q4 * q5 * (1.0 - q3) * (1.0 - q1 * q2),
    ];
    let sum: f64 = broken.iter().sum();
    let situation = Situation {
        weights: broken.iter().map(|broken| broken / sum).collect(),
        actions: vec![
            act(1.0, &[(0, 1.0), (1, 1.0)]),
            act(1.0, &[(1, 1.0), (2, 1.0)]),
            act(1.0, &[(2, 1.0), (3, 1.0)]),
        ],
        hand_over: NEVER,
        ..Situation::default()
    };
    assert_near(cost_of(&situation, &[1, 0, 2]), 1.5884, 1e-3);
    assert_near(cost_of(&situation, &[1, 2, 0]), 1.5398, 1e-3);
    assert_near(sequence(&situation, &situation.weights).cost, 1.5398, 1e-3);
    assert_near(exact(&situation, &situation.weights).cost, 1.4805, 1e-3);
}

#[test]
fn lin_2014_figure_2() {
    // §2.4: the strategy A1, Q, then A2 or A3 costs 2
    let situation = Situation {
        weights: vec![0.5, 0.25, 0.25],
        actions: vec![act(1.0, &[(0, 1.0)]), act(1.0, &[(1, 1.0)]), act(1.0, &[(2, 1.0)])],
        questions: vec![Ask { cost: 1.0, answers: vec![vec![0.5, 1.0, 0.0], vec![0.5, 0.0, 1.0]] }],
        hand_over: NEVER,
        places: vec![],
    };
    let left = after_failure(&situation.actions[0], &situation.weights);
    assert_near(1.0 + asking(&situation, &situation.questions[0], &left), 2.0, 1e-9);
    // without the question it is cheaper here, and that is what we do
    assert_near(oracle(&situation), 1.75, 1e-9);
    assert_near(policy(&situation), 1.75, 1e-9);
}

#[test]
fn vomlelova_2003_theorem_4() {
    // §2.4: 3m + 3 equiprobable faults, questions that name three of them each, an exact cover
    for m in 1..=2_usize {
        let count = 3 * m + 3;
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let (n, size) = (count as f64, m as f64);
        let cover =
            |set: usize| -> Vec<f64> { (0..count).map(|h| if h / 3 == set { 1.0 } else { 0.0 }).collect() };
        let situation = Situation {
            weights: vec![1.0 / n; count],
            actions: (0..count).map(|h| act(1.0, &[(h, 1.0)])).collect(),
            questions: (0..=m)
                .map(|set| {
                    let yes = cover(set);
                    let no = yes.iter().map(|yes| 1.0 - yes).collect();
                    Ask { cost: 1.0, answers: vec![yes, no] }
                })
                .collect(),
            hand_over: NEVER,
            places: vec![],
        };
        let optimum = 2.0 + size * (size + 3.0) / (2.0 * (size + 1.0));
        assert_near(oracle(&situation), optimum, 1e-9);
        assert!(policy(&situation) >= optimum - 1e-9);
        assert!(policy(&situation) <= optimum * 1.3);
    }
}

#[test]
fn the_best_prefix_is_exact_on_basic_models() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..200 {
        let situation = dice.basic(8);
        let (greedy, best) =
            (sequence(&situation, &situation.weights), exact(&situation, &situation.weights));
        assert_near(greedy.cost, best.cost, 1e-9);
        assert_eq!(greedy.first, best.first);
    }
}

#[test]
fn compounds_of_places_are_exact_on_basic_models() {
    let mut dice = Dice(0xD1B5_4A32_D192_ED03);
    for _ in 0..200 {
        let mut situation = dice.basic(8);
        situation.hand_over = NEVER;
        situation.places = (0..3).map(|_| 1.0 + 5.0 * dice.roll()).collect();
        for act in &mut situation.actions {
            act.place = Some(dice.below(3));
            act.fixes[0].1 = 1.0;
        }
        let (greedy, best) =
            (sequence(&situation, &situation.weights), exact(&situation, &situation.weights));
        assert_near(greedy.cost / best.cost, 1.0, 1e-6);
    }
}

#[test]
fn greedy_is_within_four_times_the_optimum_and_the_optimum_above_its_bound() {
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    for _ in 0..200 {
        let situation = dice.dependent(10, 8);
        let greedy = sequence(&situation, &situation.weights).cost;
        let best = exact(&situation, &situation.weights).cost;
        assert!(best <= greedy + 1e-9 && greedy <= 4.0 * best + 1e-9);
        // sum over the faults of what each would cost if it were known
        let mut bound = 0.0;
        for hypothesis in 0..situation.weights.len() {
            let mut alone = vec![0.0; situation.weights.len()];
            alone[hypothesis] = situation.weights[hypothesis];
            bound += exact(&situation, &alone).cost;
        }
        assert!(bound <= best + 1e-9);
    }
}

#[test]
fn the_policy_lies_between_the_optimum_and_not_asking() {
    let mut dice = Dice(0xA076_1D64_78BD_642F);
    let mut excess = 0.0;
    for _ in 0..40 {
        let mut situation = dice.dependent(5, 4);
        situation.questions = (0..2).map(|_| dice.question(5)).collect();
        let (best, ours) = (oracle(&situation), policy(&situation));
        assert!(ours >= best - 1e-9, "{ours} is below the optimum {best}");
        excess += ours / best - 1.0;
    }
    assert!(excess / 40.0 < 0.06, "on average {excess} / 40 above the optimum");
}

#[test]
fn a_free_question_never_costs() {
    // VOI ≥ 0 with exact sequences
    let mut dice = Dice(0xE703_7ED1_A0B4_28DB);
    for _ in 0..100 {
        let situation = dice.dependent(6, 6);
        let ask = dice.question(6);
        let with: f64 = ask
            .answers
            .iter()
            .map(|answer| {
                let scaled: Vec<f64> = situation.weights.iter().zip(answer).map(|(w, p)| w * p).collect();
                exact(&situation, &scaled).cost
            })
            .sum();
        assert!(with <= exact(&situation, &situation.weights).cost + 1e-9);
    }
}

#[test]
fn neither_scale_nor_order_matters() {
    let mut dice = Dice(0x8EBC_6AF0_9C88_C6E3);
    for _ in 0..50 {
        let mut situation = dice.dependent(6, 7);
        situation.questions = vec![dice.question(6)];
        let decision = decide(&situation);
        let mut scaled = situation.clone();
        scaled.weights.iter_mut().for_each(|weight| *weight *= 1e-3);
        assert_eq!(decide(&scaled).choice, decision.choice);
        assert_near(decide(&scaled).expected, decision.expected, 1e-9);
        let mut turned = situation.clone();
        turned.actions.reverse();
        assert_near(decide(&turned).expected, decision.expected, 1e-9);
    }
}

#[test]
fn a_question_about_nothing_is_not_asked() {
    let mut dice = Dice(0x1234_5678_9ABC_DEF1);
    let mut situation = dice.dependent(6, 5);
    situation.questions = vec![Ask { cost: 0.1, answers: vec![vec![0.5; 6], vec![0.5; 6]] }];
    assert!(!matches!(decide(&situation).choice, Choice::Ask(_)));
    let asked = asking(&situation, &situation.questions[0], &situation.weights);
    assert_near(asked, sequence(&situation, &situation.weights).cost + 0.1, 1e-9);
}

#[test]
fn simple_car_2_by_probability_and_cost() {
    // §2.7: battery, oil, tank, fuel line, starter. Published for the order by p/C: 227.8390 and 300.7670; the network's
    // overlaps (a second broken part after the first repair) are not in print, and make it up to 3 % dearer than one fault.
    let broken = [0.60288, 0.18009, 0.10805, 0.07204, 0.03602];
    let car = |costs: [f64; 5]| Situation {
        weights: broken.to_vec(),
        actions: costs.iter().enumerate().map(|(part, cost)| act(*cost, &[(part, 1.0)])).collect(),
        hand_over: 500.0,
        ..Situation::default()
    };
    for (costs, published) in
        [([120.0, 90.0, 55.0, 150.0, 50.0], 227.8390), ([200.0, 75.0, 50.0, 150.0, 40.0], 300.7670)]
    {
        let situation = car(costs);
        let mass: f64 = broken.iter().sum();
        let printed = cost_of(&situation, &[0, 1, 2]) / mass;
        assert!(printed <= published && printed >= 0.97 * published, "{printed} against {published}");
        // the best prefix is held against handing over, so it is never dearer than the printed order
        let ours = sequence(&situation, &situation.weights);
        assert!(ours.cost / mass <= printed + 1e-9);
        assert_near(ours.cost, exact(&situation, &situation.weights).cost, 1e-9);
    }
    assert_eq!(decide(&car([120.0, 90.0, 55.0, 150.0, 50.0])).choice, Choice::Act(0));
}

#[test]
fn planners_rank_as_in_hbr_1995() {
    // §2.6: omniscient, decision-theoretic, a static order, a random order; the cost grows in that order
    let mut dice = Dice(0x0123_4567_89AB_CDEF);
    let (mut omniscient, mut ours, mut fixed, mut random) = (0.0, 0.0, 0.0, 0.0);
    for _ in 0..60 {
        let mut situation = dice.dependent(9, 7);
        situation.hand_over = 120.0;
        situation.questions = (0..2).map(|_| dice.question(9)).collect();
        for hypothesis in 0..situation.weights.len() {
            let mut alone = vec![0.0; situation.weights.len()];
            alone[hypothesis] = situation.weights[hypothesis];
            omniscient += exact(&situation, &alone).cost;
        }
        ours += policy(&situation);
        let mut order: Vec<usize> = (0..situation.actions.len()).collect();
        random += cost_of(&situation, &order);
        let efficiency = |at: &usize| {
            let act = &situation.actions[*at];
            act.fixes.iter().map(|(h, fix)| situation.weights[*h] * fix).sum::<f64>() / act.cost
        };
        order.sort_by(|a, b| efficiency(b).total_cmp(&efficiency(a)));
        fixed += cost_of(&situation, &order);
    }
    assert!(omniscient < ours && ours < fixed && fixed < random, "{omniscient} {ours} {fixed} {random}");
}

#[test]
fn a_myopic_trap_never_costs_more_than_not_asking() {
    // §1.5: each answer alone leaves the two halves as they were, both together tell them apart. One step ahead sees no use
    // in either, and then nothing is asked; that must not cost more than not asking.
    let situation = Situation {
        weights: vec![0.25; 4],
        actions: vec![act(20.0, &[(0, 1.0), (3, 1.0)]), act(20.0, &[(1, 1.0), (2, 1.0)])],
        questions: [[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0]]
            .iter()
            .map(|yes| Ask { cost: 1.0, answers: vec![yes.to_vec(), yes.iter().map(|p| 1.0 - p).collect()] })
            .collect(),
        hand_over: NEVER,
        places: vec![],
    };
    let blind = exact(&situation, &situation.weights).cost;
    assert_near(oracle(&situation), 22.0, 1e-9);
    assert!(policy(&situation) <= blind + 1e-9);
}
