//! Flows are followed: general answers do no harm, an end is proved, what was done is done.

#![expect(
    clippy::disallowed_methods,
    reason = "the test reads the recorded worlds; the core still reads no files"
)]

use naosu_core::case::{Case, Closing, DID_IT_HELP, Driver, Event, Next, What};
use naosu_core::evidence::{Evidence, Request};
use naosu_core::knowledge::{FlowStateKind, Knowledge, Lang, Risk, embedded};
use naosu_core::step::NextStep;

const LANGS: [Lang; 2] = [Lang::En, Lang::Ja];

fn world(name: &str) -> Evidence {
    let path = format!("{}/../../scenarios/{name}/evidence.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn begun(flow: &str) -> Case {
    Case::in_flow(0, Request::default(), Lang::En, flow.to_owned())
}

fn done(action: &str) -> Case {
    let mut case = Case::new(0, Request::default(), Lang::En);
    case.apply(Event { at: 0, what: What::Done { action: action.to_owned() } }).unwrap();
    case
}

fn step(knowledge: &Knowledge, case: &Case) -> NextStep {
    match case.next(knowledge, Driver::Talks) {
        Next::Step(step) => *step,
        Next::Closed(closing) => panic!("closed: {closing:?}"),
    }
}

fn closed(knowledge: &Knowledge, case: &Case) -> Closing {
    match case.next(knowledge, Driver::Talks) {
        Next::Step(step) => panic!("{step:?}"),
        Next::Closed(closing) => closing,
    }
}

fn say(knowledge: &Knowledge, case: &mut Case, at: u64, answer: &str) {
    let step = step(knowledge, case);
    let what = case.answer(knowledge, &step, answer);
    let what = what.unwrap_or_else(|| panic!("{} does not take {answer}", step.id));
    case.apply(Event { at, what }).unwrap();
}

/// Goes this way, answer after answer; each state is checked.
fn go(knowledge: &Knowledge, case: &mut Case, ways: &[(&str, &str)]) {
    for (id, answer) in ways {
        assert_eq!(step(knowledge, case).id, *id);
        say(knowledge, case, 60, answer);
    }
}

#[test]
fn general_answers_solve_nothing_and_start_nothing_anew() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    for flow in knowledge.care().flows.keys() {
        for answer in ["unknown", "not_fixed", "done", "could_not"] {
            let mut case = begun(flow);
            let mut ids: Vec<String> = Vec::new();
            loop {
                match case.next(&knowledge, Driver::Talks) {
                    Next::Closed(closing) => {
                        assert!(!closing.resolved, "{flow}, {answer}: {ids:?}");
                        break;
                    }
                    // out of the flow: that the planner ends is held elsewhere
                    Next::Step(step) if !step.id.contains('.') && step.id != DID_IT_HELP => break,
                    Next::Step(step) if step.kind == "wait" => {
                        // waited for a year, it is still that wait
                        let due = step.due.unwrap();
                        for later in 1..12 {
                            say(&knowledge, &mut case, due * later, answer);
                            assert_eq!(self::step(&knowledge, &case).id, step.id, "{flow}, {answer}");
                        }
                        break;
                    }
                    Next::Step(step) => {
                        ids.push(step.id.clone());
                        assert!(ids.len() < 60, "{flow}, {answer}: {ids:?}");
                        let general =
                            if step.id == DID_IT_HELP && answer == "could_not" { "unknown" } else { answer };
                        say(&knowledge, &mut case, 60, general);
                    }
                }
            }
        }
    }
}

#[test]
fn every_wait_can_be_waited_on() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let mut waits = 0;
    for (name, flow) in &knowledge.care().flows {
        for (id, state) in flow.states.iter().filter(|(_, state)| state.kind == FlowStateKind::Wait) {
            assert!(state.way_back(id).is_some(), "{name}.{id}");
            waits += 1;
        }
    }
    assert!(waits >= 5);

    // the recovery takes up to thirty days, and is asked about every three
    let day = 86_400;
    let mut case = done("start_account_recovery");
    say(&knowledge, &mut case, 0, "requested");
    for waited in (3..=27).step_by(3) {
        assert_eq!(step(&knowledge, &case).due, Some(waited * day));
        say(&knowledge, &mut case, waited * day, "later");
    }
    say(&knowledge, &mut case, 29 * day, "unknown");
    assert_eq!(step(&knowledge, &case).due, Some(30 * day), "not beyond its most");
    say(&knowledge, &mut case, 40 * day, "done");
    let wait = step(&knowledge, &case);
    assert_eq!((wait.id.as_str(), wait.due), ("account_recovery.wait", Some(43 * day)));
    assert!(wait.options.iter().any(|option| option.text.contains("go on waiting")), "{wait:?}");
    // it works at last
    let mut solved = case.clone();
    say(&knowledge, &mut solved, 41 * day, "fixed");
    go(&knowledge, &mut solved, &[("account_recovery.afterwards", "done")]);
    assert!(closed(&knowledge, &solved).resolved);
}

#[test]
fn an_end_is_believed_where_it_was_said_and_asked_for_else() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    // said
    let mut said = begun("get_help");
    go(
        &knowledge,
        &mut said,
        &[("get_help.whose", "carrier"), ("get_help.prepare", "done"), ("get_help.ask", "asked")],
    );
    let mut asked = said.clone();
    say(&knowledge, &mut said, 60, "solved");
    let closing = closed(&knowledge, &said);
    assert_eq!((closing.resolved, closing.cause), (true, None));
    // only done
    say(&knowledge, &mut asked, 60, "done");
    assert_eq!(step(&knowledge, &asked).id, "get_help.answer");
    // nothing was wrong
    let mut fake = begun("account_takeover");
    say(&knowledge, &mut fake, 60, "fake");
    assert!(closed(&knowledge, &fake).resolved);

    // only done, and asked at the end
    let mut secured = done("secure_account");
    go(&knowledge, &mut secured, &[("account_takeover.secure", "done"), ("account_takeover.others", "done")]);
    let question = step(&knowledge, &secured);
    assert_eq!(question.id, DID_IT_HELP);
    let mut works = secured.clone();
    say(&knowledge, &mut works, 60, "fixed");
    assert!(closed(&knowledge, &works).resolved);
    say(&knowledge, &mut secured, 60, "not_fixed");
    let next = step(&knowledge, &secured);
    assert!(!next.id.contains('.') && next.id != DID_IT_HELP && next.id != "secure_account", "{}", next.id);
    let back = secured.last_retractable().unwrap();
    secured.apply(Event { at: 61, what: What::Retracted { index: back } }).unwrap();
    assert_eq!(step(&knowledge, &secured), question);

    // `done` where a way says that it works: asked, and if not, it goes on as for that
    let mut long = begun("long_unresolved");
    go(&knowledge, &mut long, &[("long_unresolved.collect", "done"), ("long_unresolved.light", "done")]);
    go(&knowledge, &mut long, &[(DID_IT_HELP, "not_fixed")]);
    assert_eq!(step(&knowledge, &long).id, "long_unresolved.account");
    let saved = serde_json::to_string(long.events()).unwrap();
    let again = Case::replay(serde_json::from_str::<Vec<Event>>(&saved).unwrap()).unwrap();
    assert_eq!(again, long);
}

#[test]
fn an_end_is_measured_where_one_can() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let measured = |name: &str| What::Measured(Box::new(world(name)));
    let mut case = Case::in_flow(0, Request::default(), Lang::En, "long_unresolved".to_owned());
    case.apply(Event { at: 0, what: measured("wrong_password") }).unwrap();
    go(&knowledge, &mut case, &[("long_unresolved.collect", "done"), ("long_unresolved.light", "done")]);
    let Next::Step(probe) = case.next(&knowledge, Driver::Measures) else { panic!("closed") };
    assert_eq!(probe.kind, "probe");
    assert!(probe.instructions.contains(&"imap".to_owned()), "{probe:?}");
    let mut broken = case.clone();
    broken.apply(Event { at: 60, what: measured("wrong_password") }).unwrap();
    let Next::Step(on) = broken.next(&knowledge, Driver::Measures) else { panic!("closed") };
    assert_eq!(on.id, "long_unresolved.account");
    case.apply(Event { at: 60, what: measured("healthy_round_trip_50ms") }).unwrap();
    let Next::Closed(closing) = case.next(&knowledge, Driver::Measures) else { panic!("open") };
    assert!(closing.resolved);
}

#[test]
fn what_was_done_is_done() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    for action in ["contact_provider_support", "contact_carrier_support", "tell_provider"] {
        assert_eq!(step(&knowledge, &done(action)).id, "get_help.answer", "{action}");
    }
    assert_eq!(step(&knowledge, &done("contact_apple_support")).id, "get_help.answer");
    let mut outage = done("wait_for_provider");
    let wait = step(&knowledge, &outage);
    assert_eq!((wait.kind.as_str(), wait.id.as_str(), wait.due), ("wait", "outage.watch", Some(1800)));
    go(
        &knowledge,
        &mut outage,
        &[("outage.watch", "done"), ("outage.watch", "over"), ("outage.check", "works")],
    );
    assert!(closed(&knowledge, &outage).resolved);

    let asked = step(&knowledge, &done("start_account_recovery"));
    assert_eq!((asked.kind.as_str(), asked.title.as_str()), ("question", "How did it come out?"));
    assert_eq!(asked.instructions.len(), asked.options.len(), "{asked:?}");
    assert_eq!(asked.risk, Risk::None);
    // measured meanwhile, it is still waited for
    let mut helped = done("contact_provider_support");
    helped.apply(Event { at: 9, what: What::Measured(Box::new(world("wrong_password"))) }).unwrap();
    let Next::Step(wait) = helped.next(&knowledge, Driver::Measures) else { panic!("closed") };
    assert_eq!(wait.id, "get_help.answer");
    // and every action that has a flow enters it
    for (id, _) in knowledge.care().actions.iter().filter(|(_, action)| action.flow.is_some()) {
        assert!(step(&knowledge, &done(id)).id.contains('.'), "{id}");
    }
}

#[test]
fn a_case_begins_in_any_flow() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    for (id, flow) in &knowledge.care().flows {
        let case = begun(id);
        assert_eq!(step(&knowledge, &case).id, format!("{id}.{}", flow.start));
        let saved = serde_json::to_string(case.events()).unwrap();
        let again = Case::replay(serde_json::from_str::<Vec<Event>>(&saved).unwrap()).unwrap();
        assert_eq!(again, case);
    }
    let plain = Case::new(0, Request::default(), Lang::En);
    assert!(!serde_json::to_string(plain.events()).unwrap().contains("flow"));
    assert_eq!(step(&knowledge, &begun("no_such_flow")), step(&knowledge, &plain));
}

#[test]
fn a_task_says_its_risk_and_what_comes_first() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let known = knowledge.care();
    for lang in LANGS {
        let mut case = Case::in_flow(0, Request::default(), lang, "new_iphone".to_owned());
        go(
            &knowledge,
            &mut case,
            &[
                ("new_iphone.before", "no"),
                ("new_iphone.setup", "done"),
                ("new_iphone.sign_in", "done"),
                ("new_iphone.carrier_mail", "yes"),
            ],
        );
        let profile = step(&knowledge, &case);
        let (renew, note) =
            (&known.actions["renew_carrier_mail_settings"], &known.actions["note_account_settings"]);
        assert_eq!(profile.risk, Risk::LosesSettings);
        assert_eq!(profile.instructions[0], renew.warning.as_ref().unwrap().get(lang));
        let first = &profile.instructions[1];
        assert!(first.ends_with(note.title.get(lang)) && first != note.title.get(lang), "{first}");
        let own = known.flows["new_iphone"].states["profile"].steps.get(lang);
        assert!(profile.instructions.contains(&own[0]));
        assert!(profile.minutes > known.flows["new_iphone"].states["profile"].minutes);
    }
    // what was made safe on the way is not asked for again
    let mut case = begun("before_update");
    go(
        &knowledge,
        &mut case,
        &[
            ("before_update.record", "done"),
            ("before_update.backup", "done"),
            ("before_update.requirements", "yes"),
        ],
    );
    let update = step(&knowledge, &case);
    assert_eq!(update.risk, known.actions["update_system"].risk);
    let backup = known.actions["back_up_device"].title.get(Lang::En);
    assert!(!update.instructions.iter().any(|line| line.contains(backup)), "{:?}", update.instructions);
}
