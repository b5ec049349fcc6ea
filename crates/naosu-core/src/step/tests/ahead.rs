//! §1.5: the myopic trap, and looking two questions ahead.

use super::models::{
    Dice, NEVER, act, assert_near, following, now_or_never, oracle, policy, silent, yes_or_no,
};
use crate::step::decide::{Choice, Situation, decide};

/// Two questions, each of which leaves the halves as they were; only whether both answers are the same tells them apart.
fn trap(certain: f64) -> Situation {
    let question = |yes: [bool; 4]| yes_or_no(1.0, &yes.map(|yes| if yes { certain } else { 1.0 - certain }));
    Situation {
        weights: vec![0.25; 4],
        actions: vec![act(20.0, &[(0, 1.0), (3, 1.0)]), act(20.0, &[(1, 1.0), (2, 1.0)])],
        questions: vec![question([true, true, false, false]), question([true, false, true, false])],
        hand_over: NEVER,
        ..Situation::default()
    }
}

#[test]
fn two_questions_that_tell_only_together_are_asked() {
    let trap = trap(1.0);
    assert_near(oracle(&trap), 22.0, 1e-9);
    assert_near(following(&trap, &now_or_never), 30.0, 1e-9);
    assert!(matches!(decide(&trap).choice, Choice::Ask(_)));
    assert_near(decide(&trap).expected, 22.0, 1e-9);
    assert_near(policy(&trap), 22.0, 1e-9);
}

#[test]
fn they_are_asked_in_twos_though_people_err_and_not_where_it_does_not_pay() {
    let likely = trap(0.95);
    assert_near(policy(&likely), oracle(&likely), 1e-9);
    assert!(matches!(decide(&likely).choice, Choice::Ask(_)));
    let guessed = trap(0.6);
    assert_near(policy(&guessed), oracle(&guessed), 1e-9);
    assert!(matches!(decide(&guessed).choice, Choice::Act(_)));
    let mut dear = trap(1.0);
    dear.questions.iter_mut().for_each(|ask| ask.cost = 6.0);
    assert_near(policy(&dear), oracle(&dear), 1e-9);
    assert!(matches!(decide(&dear).choice, Choice::Act(_)));
}

#[test]
fn drawn_traps_cost_almost_what_the_optimum_costs() {
    let mut dice = Dice(0xFEED_FACE_CAFE_BEEF);
    let (mut ours, mut blind, mut myopic, mut best) = (0.0, 0.0, 0.0, 0.0);
    for _ in 0..60 {
        // which of two actions helps is told by the parity of two answers; two more questions tell a little each
        let mut situation = Situation { weights: dice.weights(8), hand_over: 300.0, ..Situation::default() };
        let parity = |h: usize| (h ^ (h >> 1)) & 1;
        for side in 0..2 {
            let fixes: Vec<(usize, f64)> =
                (0..8).filter(|h| parity(*h) == side).map(|h| (h, dice.between(0.9, 1.0))).collect();
            situation.actions.push(act(dice.between(10.0, 30.0), &fixes));
        }
        for own in 0..3 {
            situation.actions.push(act(dice.between(15.0, 40.0), &[(own, 0.95)]));
        }
        for bit in 0..2 {
            let yes: Vec<f64> = (0..8).map(|h| if (h >> bit) & 1 == 1 { 0.95 } else { 0.05 }).collect();
            situation.questions.push(yes_or_no(dice.between(0.5, 3.0), &yes));
        }
        situation.questions.push(dice.question(8));
        ours += policy(&situation);
        blind += following(&situation, &silent);
        myopic += following(&situation, &now_or_never);
        best += oracle(&situation);
    }
    assert!(best <= ours && ours < 1.005 * best, "{ours} {best}");
    assert!(ours < myopic && myopic < blind, "{ours} {myopic} {blind}");
}
