//! A person who changes the language reads the same case in other words: no step, and no end of a wait, moves.

#![expect(
    clippy::disallowed_methods,
    reason = "the test reads the recorded worlds; the core still reads no files"
)]

use naosu_core::case::{Case, Driver, Event, Next, What};
use naosu_core::evidence::{Evidence, Request};
use naosu_core::knowledge::{Knowledge, Lang, embedded};

/// Days later, when a clock that was begun anew would show.
const LATER: u64 = 5 * 86_400;

#[test]
fn no_step_and_no_wait_moves_when_the_language_is_changed() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let (mut waits, mut flows) = (0, 0);
    for (request, measured) in beginnings() {
        let mut case = Case::new(1000, request, Lang::En);
        if let Some(evidence) = measured {
            case.apply(Event { at: 1000, what: What::Measured(Box::new(evidence)) }).unwrap();
        }
        // the flow comes late, after everything else was not possible
        let turns = if case.opening().request.service.is_some() { 40 } else { 8 };
        for turn in 0..turns {
            let Next::Step(step) = case.next(&knowledge, Driver::Talks) else { break };
            let mut other = case.clone();
            for (place, lang) in [Lang::Ja, Lang::En].into_iter().enumerate() {
                let at = 1000 + turn + LATER * (place as u64 + 1);
                other.apply(Event { at, what: What::Language { lang } }).unwrap();
                let Next::Step(same) = other.next(&knowledge, Driver::Talks) else { panic!("{}", step.id) };
                assert_eq!((&same.id, same.due), (&step.id, step.due));
            }
            let Next::Step(back) = other.next(&knowledge, Driver::Talks) else { panic!("{}", step.id) };
            assert_eq!(back, step, "and there and back it is the very same");
            waits += usize::from(step.due.is_some());
            flows += usize::from(step.due.is_some() && step.id.contains('.'));
            let answer = match step.kind.as_str() {
                "question" if step.id.contains('.') => step.options[0].id.clone(),
                _ if step.id == "start_account_recovery" => "done".to_owned(),
                _ => "unknown".to_owned(),
            };
            let Some(what) = case.answer(&knowledge, &step, &answer) else { break };
            case.apply(Event { at: 1000 + turn, what }).unwrap();
        }
    }
    assert!(waits > 3 && flows > 0, "{waits} waits, {flows} of them in flows");
}

/// Words that lead to waits and into a flow, and outages that were measured.
fn beginnings() -> Vec<(Request, Option<Evidence>)> {
    let said = |words: &str, service: Option<&str>| Request {
        words: Some(words.to_owned()),
        service: service.map(str::to_owned),
        device: Some("iphone".to_owned()),
        ..Request::default()
    };
    let mut all = vec![
        (
            said(
                "I lost the trusted phone number and cannot get the verification code for my Apple ID",
                Some("apple_id"),
            ),
            None,
        ),
        (said("メールが受信できません", None), None),
        (said("account locked after too many attempts", None), None),
    ];
    for world in ["provider_status_outage", "healthy_dual_stack", "wrong_password"] {
        let path = format!("{}/../../scenarios/{world}/evidence.json", env!("CARGO_MANIFEST_DIR"));
        let evidence = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        all.push((Request::default(), Some(evidence)));
    }
    all
}
