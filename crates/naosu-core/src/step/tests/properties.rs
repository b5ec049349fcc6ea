//! §1.2 to §1.6 and §5 "Oracle": what holds of every model, on drawn ones.

use super::models::{Dice, NEVER, act, assert_near, omniscient, oracle, policy};
use crate::step::decide::{Ask, Choice, Situation, asking, decide};
use crate::step::sequence::{exact, sequence};

#[test]
fn the_best_prefix_is_exact_on_basic_models() {
    // §1.3: 400 of 400
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..400 {
        let situation = dice.basic(8);
        let (greedy, best) =
            (sequence(&situation, &situation.weights), exact(&situation, &situation.weights));
        assert_near(greedy.cost, best.cost, 1e-9);
        assert_eq!(greedy.first, best.first);
    }
}

#[test]
fn compounds_of_places_are_exact_on_basic_models() {
    // §1.6: 200 of 200
    let mut dice = Dice(0xD1B5_4A32_D192_ED03);
    for _ in 0..200 {
        let mut situation = dice.basic(8);
        situation.hand_over = NEVER;
        situation.places = (0..3).map(|_| dice.between(1.0, 6.0)).collect();
        for act in &mut situation.actions {
            act.place = Some(dice.below(3));
            act.fixes[0].1 = 1.0;
        }
        let (greedy, best) =
            (sequence(&situation, &situation.weights), exact(&situation, &situation.weights));
        assert_near(greedy.cost / best.cost, 1.0, 1e-6);
        assert_near(best.cost, oracle(&situation), 1e-9);
    }
}

#[test]
fn greedy_is_within_four_times_the_optimum_and_the_optimum_above_its_bound() {
    // Lin 2014, Theorem 1; Vomlelová's lower bound: what each fault would cost if it were known
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    for _ in 0..200 {
        let situation = dice.dependent(10, 8);
        let greedy = sequence(&situation, &situation.weights).cost;
        let best = exact(&situation, &situation.weights).cost;
        assert!(best <= greedy + 1e-9 && greedy <= 4.0 * best + 1e-9);
        assert!(omniscient(&situation) <= best + 1e-9);
        assert_near(decide(&situation).expected, best, 1e-9);
    }
}

#[test]
fn the_policy_lies_between_the_optimum_and_not_asking() {
    let mut dice = Dice(0xA076_1D64_78BD_642F);
    let mut excess = 0.0;
    for _ in 0..80 {
        let mut situation = dice.dependent(5, 4);
        situation.questions = (0..3).map(|_| dice.question(5)).collect();
        let (best, ours) = (oracle(&situation), policy(&situation));
        assert!(omniscient(&situation) <= best + 1e-9);
        assert!(best <= ours + 1e-9, "{ours} is below the optimum {best}");
        assert!(ours <= exact(&situation, &situation.weights).cost + 1e-9, "it would be cheaper not to ask");
        excess += ours / best - 1.0;
    }
    assert!(excess / 80.0 < 0.005, "on average {excess} / 80 above the optimum");
}

#[test]
fn a_free_question_never_costs() {
    // VOI ≥ 0, with exact sequences and with the exact optimum
    let mut dice = Dice(0xE703_7ED1_A0B4_28DB);
    for _ in 0..100 {
        let mut situation = dice.dependent(6, 6);
        let ask = dice.question(6);
        let answered = |answer: &Vec<f64>| {
            let scaled: Vec<f64> = situation.weights.iter().zip(answer).map(|(w, p)| w * p).collect();
            exact(&situation, &scaled).cost
        };
        let with: f64 = ask.answers.iter().map(answered).sum();
        let without = exact(&situation, &situation.weights).cost;
        assert!(with <= without + 1e-9);
        situation.questions = vec![Ask { cost: 0.0, ..ask }];
        assert!(oracle(&situation) <= with + 1e-9);
    }
}

#[test]
fn neither_scale_nor_order_matters() {
    let mut dice = Dice(0x8EBC_6AF0_9C88_C6E3);
    for _ in 0..50 {
        let mut situation = dice.dependent(6, 7);
        situation.questions = vec![dice.question(6), dice.question(6)];
        let decision = decide(&situation);
        let mut scaled = situation.clone();
        scaled.weights.iter_mut().for_each(|weight| *weight *= 1e-3);
        assert_eq!(decide(&scaled).choice, decision.choice);
        assert_near(decide(&scaled).expected, decision.expected, 1e-9);
        let mut turned = situation.clone();
        turned.actions.reverse();
        turned.questions.reverse();
        assert_near(decide(&turned).expected, decision.expected, 1e-9);
    }
}

#[test]
fn a_question_about_nothing_is_not_asked() {
    let mut dice = Dice(0x1234_5678_9ABC_DEF1);
    for cost in [0.0, 0.1] {
        let mut situation = dice.dependent(6, 5);
        situation.questions = vec![Ask { cost, answers: vec![vec![0.5; 6], vec![0.5; 6]] }];
        assert!(!matches!(decide(&situation).choice, Choice::Ask(_)));
        let asked = asking(&situation, &situation.questions[0], &situation.weights);
        assert_near(asked, sequence(&situation, &situation.weights).cost + cost, 1e-9);
    }
}

/// What is done first, by the exact sequence and by the greedy one.
fn firsts(situation: &Situation) -> [Option<usize>; 2] {
    [exact(situation, &situation.weights).first, sequence(situation, &situation.weights).first]
}

#[test]
fn of_two_that_cost_the_same_the_one_that_varies_less_comes_first() {
    // a tenth for one and a fifth for two are as efficient; begun with the greater, what it costs varies less
    let situation = Situation {
        weights: vec![0.1, 0.2, 0.7],
        actions: vec![act(1.0, &[(0, 1.0)]), act(2.0, &[(1, 1.0)])],
        hand_over: 50.0,
        ..Situation::default()
    };
    let moments = |order: [usize; 2]| {
        let (mut left, mut spent, mut mean, mut square) = (1.0, 0.0, 0.0, 0.0);
        for action in order {
            spent += situation.actions[action].cost;
            let ended = situation.weights[action];
            mean += ended * spent;
            square += ended * spent * spent;
            left -= ended;
        }
        spent += situation.hand_over;
        (mean + left * spent, square + left * spent * spent)
    };
    let (one, two) = (moments([0, 1]), moments([1, 0]));
    assert_near(one.0, two.0, 1e-9);
    assert!(two.1 < one.1);
    assert_eq!(firsts(&situation), [Some(1); 2]);
}

#[test]
fn of_two_that_are_as_good_the_one_that_risks_less_comes_first_and_then_the_first() {
    let mut situation = Situation {
        weights: vec![0.4, 0.4, 0.2],
        actions: vec![act(1.0, &[(0, 0.9)]), act(1.0, &[(1, 0.9)])],
        hand_over: 50.0,
        ..Situation::default()
    };
    assert_eq!(firsts(&situation), [Some(0); 2]);
    situation.actions[0].risk = 3;
    assert_eq!(firsts(&situation), [Some(1); 2]);
    assert_eq!(decide(&situation).choice, Choice::Act(1));
    // also inside of a place, and of two places
    for places in [[0, 0], [0, 1]] {
        situation.places = vec![1.0, 1.0];
        situation.actions.iter_mut().zip(places).for_each(|(act, place)| act.place = Some(place));
        assert_eq!(firsts(&situation), [Some(1); 2]);
    }
    // a lesser risk is no reason where it costs more
    situation.actions[0].cost = 0.9;
    assert_eq!(firsts(&situation), [Some(0); 2]);
}

#[test]
fn of_two_questions_that_are_as_good_the_first_is_asked() {
    for count in [2, 8] {
        let mut dice = Dice(0x5555_AAAA_1234_4321);
        let mut situation = dice.printer(6, 1);
        situation.weights = vec![1.0 / 6.0; 6];
        let ask = Ask { cost: 0.1, ..situation.questions.remove(0) };
        situation.questions = vec![ask; count];
        assert_eq!(decide(&situation).choice, Choice::Ask(0));
    }
}
