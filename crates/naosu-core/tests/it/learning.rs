//! What cases teach, and what that changes in the cases after them.

use naosu_core::case::rehearsal::symptoms_alone;
use naosu_core::case::{Case, Closing, Driver, Event, Next, What};
use naosu_core::evidence::Request;
use naosu_core::knowledge::{ActionKind, Knowledge, Lang, embedded};
use naosu_core::outcome::{Outcomes, TROUBLES_OF_A_CAUSE};
use naosu_core::step::NextStep;
use naosu_core::step::belief::{Belief, Known};

/// 2026-07-01.
const NOW: u64 = 20_635 * 24 * 60 * 60;

fn opened(request: &Request) -> Case {
    Case::new(NOW, request.clone(), Lang::En)
}

fn signed_out() -> Request {
    Request {
        words: Some("It says the password is wrong".to_owned()),
        device: Some("iphone".to_owned()),
        service: Some("gmail".to_owned()),
        ..Request::default()
    }
}

fn take(case: &mut Case, what: What) {
    case.apply(Event { at: NOW + 60, what }).unwrap();
}

fn step(case: &Case, knowledge: &Knowledge, outcomes: &Outcomes) -> NextStep {
    match case.next_with(knowledge, outcomes, Driver::Talks) {
        Next::Step(step) => *step,
        Next::Closed(closing) => panic!("closed: {closing:?}"),
    }
}

/// Closes a case as whoever drives it does.
fn closed(case: &mut Case, knowledge: &Knowledge) {
    let Next::Closed(closing) = case.next(knowledge, Driver::Talks) else { panic!("it is not over") };
    take(case, What::Closed(closing));
}

/// Goes on until that many repairs have failed and the one after them has helped; the failed ones, and that one.
fn repaired(case: &mut Case, knowledge: &Knowledge, failures: usize) -> (Vec<String>, String) {
    let mut failed = Vec::new();
    loop {
        let step = step(case, knowledge, &Outcomes::default());
        let repair = step.kind == "action" && !step.addresses.is_empty();
        let answer = match (step.kind.as_str(), failed.len() < failures) {
            ("question", _) => "unknown",
            (_, true) => "not_fixed",
            (_, false) if repair => "fixed",
            _ => "unknown",
        };
        let what = case.answer(knowledge, &step, answer).unwrap();
        take(case, what);
        match answer {
            "not_fixed" => failed.push(step.id),
            "fixed" => return (failed, step.id),
            _ => {}
        }
    }
}

#[test]
fn empty_outcomes_change_nothing_to_the_last_bit() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let outcomes = Outcomes::default();
    for (request, _) in symptoms_alone(&knowledge).iter().step_by(7) {
        let known = Known { request: Some(request), ..Known::default() };
        let learned = Known { outcomes: Some(&outcomes), now: NOW, ..known.clone() };
        let bits = |known: &Known<'_>| -> Vec<u64> {
            Belief::new(&knowledge, known).weights.iter().map(|weight| weight.to_bits()).collect()
        };
        assert_eq!(bits(&known), bits(&learned));
    }
}

#[test]
fn a_solved_case_teaches_what_helped_and_what_did_not() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let mut case = opened(&signed_out());
    let (failed, ending) = repaired(&mut case, &knowledge, 2);
    assert_eq!(case.lesson(&knowledge), None, "it is not over yet");
    closed(&mut case, &knowledge);
    let lesson = case.lesson(&knowledge).unwrap();
    assert_eq!(lesson.at, NOW);
    assert_eq!((lesson.context.device.as_str(), lesson.context.service.as_str()), ("iphone", "gmail"));
    let counts = &lesson.counts;
    let shares: f64 = counts.causes.values().sum();
    assert!((0.9..=1.0 + 1e-12).contains(&shares), "{counts:?}");
    // the action that helped: the shares of the causes, and no failure
    assert_eq!(counts.tries[&ending].len(), counts.causes.len());
    for (cause, tries) in &counts.tries[&ending] {
        assert_eq!((tries.fixed, tries.not_fixed), (counts.causes[cause], 0.0));
    }
    // those that did not help: a failure against the causes that they might have mended
    for (action, causes) in counts.tries.iter().filter(|(action, _)| **action != ending) {
        assert!(failed.contains(action), "{action}");
        for (cause, tries) in causes {
            assert_eq!((tries.fixed, tries.not_fixed), (0.0, counts.causes[cause]));
            assert!(knowledge.causes[cause].fixes.iter().any(|fix| fix.action == *action));
        }
    }
    // no words, no ids of answers
    let json = serde_json::to_string(&lesson).unwrap();
    assert!(!json.contains("password is wrong"), "{json}");
    // again, it is the same
    assert_eq!(Case::replay(case.events().to_vec()).unwrap().lesson(&knowledge), Some(lesson));
}

#[test]
fn given_up_reopened_or_closed_by_hand_teaches_nothing() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let mut tried = opened(&signed_out());
    let first = step(&tried, &knowledge, &Outcomes::default());
    if first.kind == "question" {
        take(&mut tried, What::Answered { question: first.id, option: "unknown".to_owned() });
    }
    let second = step(&tried, &knowledge, &Outcomes::default());
    take(&mut tried, What::NotFixed { action: second.id });

    let ends = [
        What::Stopped,
        What::Closed(Closing { resolved: false, cause: None }),
        What::Closed(Closing { resolved: true, cause: None }),
    ];
    for end in ends {
        let mut case = tried.clone();
        take(&mut case, end);
        assert_eq!(case.lesson(&knowledge), None);
    }

    let (_, _) = repaired(&mut tried, &knowledge, 0);
    closed(&mut tried, &knowledge);
    assert!(tried.lesson(&knowledge).is_some());
    let last = tried.events().len() - 1;
    take(&mut tried, What::Retracted { index: last });
    assert_eq!(tried.lesson(&knowledge), None);
    closed(&mut tried, &knowledge);
    assert!(tried.lesson(&knowledge).is_some());
}

#[test]
fn what_went_away_while_waiting_is_kept_apart() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let mends =
        |id: &str| knowledge.causes.values().any(|cause| cause.fixes.iter().any(|fix| fix.action == id));
    let actions = knowledge.care().actions.iter();
    let (wait, _) =
        actions.clone().find(|(id, action)| action.kind == ActionKind::Wait && mends(id)).unwrap();
    let (repair, _) =
        actions.clone().find(|(id, action)| action.kind == ActionKind::Action && mends(id)).unwrap();
    let mut case = opened(&signed_out());
    take(&mut case, What::NotFixed { action: repair.clone() });
    take(&mut case, What::Fixed { action: wait.clone() });
    closed(&mut case, &knowledge);
    let counts = case.lesson(&knowledge).unwrap().counts;
    assert!((counts.by_itself - 1.0).abs() < 1e-12 && counts.tries.is_empty(), "{counts:?}");
    // and a wait that did not help is no failure of the wait
    let mut case = opened(&signed_out());
    take(&mut case, What::NotFixed { action: wait.clone() });
    take(&mut case, What::Fixed { action: repair.clone() });
    closed(&mut case, &knowledge);
    let counts = case.lesson(&knowledge).unwrap().counts;
    assert_eq!(counts.tries.keys().collect::<Vec<_>>(), [repair]);
}

#[test]
fn what_keeps_failing_is_proposed_later_and_one_case_does_not_do_it() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let begun = opened(&signed_out());
    // the first repair fails, another one ends it, time after time
    let mut case = begun.clone();
    let (failed, ending) = repaired(&mut case, &knowledge, 1);
    closed(&mut case, &knowledge);
    let lesson = case.lesson(&knowledge).unwrap();
    let before = step(&begun, &knowledge, &Outcomes::default());

    let mut outcomes = Outcomes::default();
    outcomes.learn(&lesson);
    let known = Known { request: Some(&begun.opening().request), ..Known::default() };
    let share = |belief: &Belief| -> Vec<f64> {
        let mass: f64 = belief.weights.iter().sum();
        belief.weights.iter().map(|weight| weight / mass).collect()
    };
    let one = Belief::new(&knowledge, &Known { outcomes: Some(&outcomes), now: NOW, ..known.clone() });
    let none = Belief::new(&knowledge, &known);
    let most = 1.0 + 1.0 / TROUBLES_OF_A_CAUSE;
    for (one, none) in share(&one).iter().zip(share(&none)) {
        assert!(*one <= none * most + 1e-12 && *one >= none / most - 1e-12, "{none} became {one}");
        assert!((one - none).abs() <= 0.056);
    }

    for _ in 0..60 {
        outcomes.learn(&lesson);
    }
    let many = Belief::new(&knowledge, &Known { outcomes: Some(&outcomes), now: NOW, ..known.clone() });
    for cause in lesson.counts.causes.iter().filter(|(_, share)| **share > 0.1).map(|(id, _)| id) {
        let figure = |action: &str| {
            let fix = knowledge.causes[cause].fixes.iter().find(|fix| fix.action == action);
            fix.map(|fix| (fix.probability, many.experience.rate(action, cause, fix.probability)))
        };
        let (known, now) = figure(&ending).unwrap();
        assert!(now > known || known >= 1.0, "{cause}: {known} became {now}");
        if let Some((known, now)) = figure(&failed[0]) {
            assert!(now < known, "{cause}: {known} became {now}");
        }
    }
    // twenty years later it is as if nothing had been learned
    let mut later = Case::new(NOW + 20 * 365 * 24 * 60 * 60, begun.opening().request.clone(), Lang::En);
    assert_eq!(step(&later, &knowledge, &outcomes).id, before.id);
    // what always helped comes before what always failed
    later = begun.clone();
    let mut order = Vec::new();
    while !(order.contains(&ending) && order.contains(&failed[0])) {
        let step = step(&later, &knowledge, &outcomes);
        let answer = if step.kind == "question" { "unknown" } else { "not_fixed" };
        order.push(step.id.clone());
        let what = later.answer(&knowledge, &step, answer).unwrap();
        take(&mut later, what);
    }
    let place = |id: &String| order.iter().position(|known| known == id).unwrap();
    assert!(place(&ending) < place(&failed[0]), "{order:?}");
}
