//! A truthful simulated user with each cause is led to its fix.

use std::collections::BTreeMap;

use naosu_core::case::{Case, DID_IT_HELP, Driver, Event, Next, Refused, What};
use naosu_core::evidence::Request;
use naosu_core::knowledge::{ActionKind, Knowledge, Lang, Risk, Situation, embedded};
use serde_json::Value;

/// One case, played to its end.
struct Played {
    steps: Vec<String>,
    minutes: f64,
    resolved: bool,
    /// Steps until the one that mended it.
    reckless: Option<String>,
}

/// Somebody with one cause, who answers as people with it mostly do.
struct Somebody<'a> {
    cause: &'a str,
    /// Whether questions are answered at all.
    answers: bool,
}

impl Somebody<'_> {
    fn mends(&self, knowledge: &Knowledge, action: &str) -> bool {
        let fixes = &knowledge.causes[self.cause].fixes;
        fixes.iter().any(|fix| fix.action == action && fix.probability >= 0.5)
    }

    fn answer(&self, knowledge: &Knowledge, id: &str) -> String {
        let question = &knowledge.care().questions[id];
        if !self.answers {
            return "unknown".to_owned();
        }
        let likelihoods = question.likelihoods(self.cause);
        let best = likelihoods.iter().copied().fold(0.0, f64::max);
        let at = likelihoods.iter().position(|likelihood| *likelihood >= best).unwrap();
        question.options[at].id.clone()
    }
}

const MOST_STEPS: usize = 40;

fn play(knowledge: &Knowledge, request: &Request, somebody: &Somebody<'_>) -> Played {
    let mut case = Case::new(0, request.clone(), Lang::En);
    let mut played = Played { steps: Vec::new(), minutes: 0.0, resolved: false, reckless: None };
    while played.steps.len() < MOST_STEPS {
        let step = match case.next(knowledge, Driver::Talks) {
            Next::Closed(closing) => {
                played.resolved = closing.resolved;
                return played;
            }
            Next::Step(step) => step,
        };
        played.minutes += step.minutes;
        let answer = if step.kind == "question" {
            played.steps.push(format!("?{}", step.id));
            somebody.answer(knowledge, &step.id)
        } else {
            played.steps.push(step.id.clone());
            let mends = somebody.mends(knowledge, &step.id);
            if step.risk >= Risk::LosesData && harmless(knowledge, request, somebody, &case) {
                played.reckless = Some(step.id.clone());
            }
            if mends { "fixed" } else { "not_fixed" }.to_owned()
        };
        let what = case.answer(knowledge, &step, &answer).unwrap();
        case.apply(Event { at: 0, what }).unwrap();
    }
    played
}

/// Whether something that loses nothing would have done and was not proposed yet.
fn harmless(knowledge: &Knowledge, request: &Request, somebody: &Somebody<'_>, case: &Case) -> bool {
    let situation = Situation {
        device: request.device.as_deref().unwrap_or("unknown"),
        client: request.client.as_deref().unwrap_or("unknown"),
        service: request.service.as_deref().unwrap_or("unknown"),
    };
    let history = format!("{:?}", case.events());
    knowledge.care().fixes(&knowledge.causes[somebody.cause], situation).iter().any(|(fix, action)| {
        fix.probability >= 0.5
            && action.risk < Risk::LosesData
            && action.kind != ActionKind::Escalation
            && !history.contains(&format!("\"{}\"", fix.action))
    })
}

/// What a fixed list costs until the cause is mended: the actions in the order of the articles' rows.
fn by_the_articles(knowledge: &Knowledge, request: &Request, somebody: &Somebody<'_>) -> (usize, f64) {
    let situation = Situation {
        device: request.device.as_deref().unwrap_or("unknown"),
        client: request.client.as_deref().unwrap_or("unknown"),
        service: request.service.as_deref().unwrap_or("unknown"),
    };
    let mut list: Vec<(&str, &String)> = knowledge
        .care()
        .actions
        .iter()
        .filter(|(_, action)| action.only.admits(situation))
        .filter(|(id, _)| knowledge.causes.values().any(|c| c.fixes.iter().any(|fix| fix.action == **id)))
        .map(|(id, action)| (action.covers.iter().min().map_or("Z", String::as_str), id))
        .collect();
    list.sort();
    let mut minutes = 0.0;
    for (at, (_, id)) in list.iter().enumerate() {
        minutes += knowledge.care().actions[*id].minutes;
        if somebody.mends(knowledge, id) {
            return (at + 1, minutes);
        }
    }
    (list.len() + 1, minutes)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn mean(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let count = values.len() as f64;
    values.iter().sum::<f64>() / count
}

struct Tally {
    steps: Vec<f64>,
    minutes: Vec<f64>,
    article: Vec<f64>,
    unresolved: usize,
    reckless: usize,
    over: usize,
}

#[expect(clippy::print_stdout, reason = "its figures are what it is run for")]
fn tally(name: &str, knowledge: &Knowledge, all: &[(Request, String)], answers: bool) -> Tally {
    let mut tally =
        Tally { steps: vec![], minutes: vec![], article: vec![], unresolved: 0, reckless: 0, over: 0 };
    let mut told = BTreeMap::new();
    for (request, cause) in all {
        let somebody = Somebody { cause, answers };
        let played = play(knowledge, request, &somebody);
        #[expect(clippy::cast_precision_loss, reason = "at most 40")]
        tally.steps.push(played.steps.len() as f64);
        tally.minutes.push(played.minutes);
        tally.article.push(by_the_articles(knowledge, request, &somebody).1);
        tally.unresolved += usize::from(!played.resolved);
        tally.over += usize::from(played.steps.len() > 6);
        tally.reckless += usize::from(played.reckless.is_some());
        if played.steps.len() > 6 || !played.resolved || played.reckless.is_some() {
            told.insert(
                format!("{cause} {:?} {:?}", request.device, request.service),
                format!(
                    "{} resolved={} reckless={:?} {}",
                    played.steps.len(),
                    played.resolved,
                    played.reckless,
                    played.steps.join(" ")
                ),
            );
        }
    }
    for (what, how) in &told {
        println!("   {what}: {how}");
    }
    println!(
        "{name}: n={} median {} mean {:.2} steps, over six {}, unresolved {}, reckless {}, mean {:.1} min (articles {:.1})",
        all.len(),
        median(&mut tally.steps.clone()),
        mean(&tally.steps),
        tally.over,
        tally.unresolved,
        tally.reckless,
        mean(&tally.minutes),
        mean(&tally.article),
    );
    tally
}

/// Each cause with nothing but the symptom that is most often seen with it, where it can occur.
fn symptoms(knowledge: &Knowledge) -> Vec<(Request, String)> {
    let mut all = Vec::new();
    for (id, cause) in &knowledge.causes {
        let symptoms = &knowledge.words().symptoms;
        let weight =
            |symptom: &str| symptoms[symptom].prior * symptoms[symptom].causes.get(id).unwrap_or(&0.0);
        let symptom = symptoms.keys().max_by(|a, b| weight(a).total_cmp(&weight(b))).unwrap();
        for (device, service) in [
            ("iphone", "icloud"),
            ("iphone", "docomo"),
            ("windows", "outlook"),
            ("mac", "icloud"),
            ("android", "gmail"),
        ] {
            let situation = Situation { device, client: "unknown", service };
            if cause.only.admits(situation) {
                let words =
                    if device == "mac" { &symptoms[symptom].name.ja } else { &symptoms[symptom].name.en };
                let request = Request {
                    words: Some(words.clone()),
                    device: Some(device.to_owned()),
                    service: Some(service.to_owned()),
                    ..Request::default()
                };
                all.push((request, id.clone()));
            }
        }
    }
    all
}

/// The complaints of the corpus whose cause is known.
fn complaints(knowledge: &Knowledge) -> Vec<(Request, String)> {
    let mut all = Vec::new();
    for (path, text) in corpus() {
        let _ = path;
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| value[name].as_str().filter(|id| *id != "unknown").map(str::to_owned);
            let Some(cause) = field("cause").filter(|cause| knowledge.causes.contains_key(cause)) else {
                continue;
            };
            let request = Request {
                words: field("text"),
                device: field("device"),
                service: field("service"),
                client: field("client"),
                ..Request::default()
            };
            all.push((request, cause));
        }
    }
    all
}

fn corpus() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> =
        embedded().into_iter().filter(|(path, _)| path.starts_with("corpus/")).collect();
    files.retain(|(path, _)| path.contains("complaints-"));
    files.push(("held".to_owned(), include_str!("../data/complaints-held.jsonl").to_owned()));
    files
}

#[test]
#[ignore = "minutes in a debug build; prints its figures with --nocapture"]
fn everybody_is_led_to_the_fix() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let symptoms = symptoms(&knowledge);
    let told = tally("symptom only", &knowledge, &symptoms, true);
    assert_eq!(told.reckless, 0, "a risky step where a harmless one would have done");
    assert!(3.0 * mean(&told.minutes) <= mean(&told.article), "more than a third of the articles' minutes");
    tally("symptom only, answers nothing", &knowledge, &symptoms, false);
    let complaints = complaints(&knowledge);
    tally("complaints", &knowledge, &complaints, true);
    tally("complaints, answers nothing", &knowledge, &complaints, false);
}

fn event(what: What) -> Event {
    Event { at: 60, what }
}

fn step_of(case: &Case, knowledge: &Knowledge) -> naosu_core::step::NextStep {
    match case.next(knowledge, Driver::Talks) {
        Next::Step(step) => *step,
        Next::Closed(closing) => panic!("closed: {closing:?}"),
    }
}

#[test]
fn a_case_is_what_its_events_add_up_to() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let request =
        Request { words: Some("パスワードが違うと出ます".to_owned()), ..Request::default() };
    let mut case = Case::new(0, request, Lang::Ja);
    let first = step_of(&case, &knowledge);
    let failed = if first.kind == "question" {
        What::Answered { question: first.id.clone(), option: "unknown".to_owned() }
    } else {
        What::NotFixed { action: first.id.clone() }
    };
    case.apply(event(failed)).unwrap();
    let second = step_of(&case, &knowledge);
    assert_ne!(second.id, first.id);

    let saved = serde_json::to_string(case.events()).unwrap();
    let events: Vec<Event> = serde_json::from_str(&saved).unwrap();
    let again = Case::replay(events).unwrap();
    assert_eq!(again, case);
    assert_eq!(step_of(&again, &knowledge), second);

    // a changed mind: as if it had not been said
    let index = case.last_retractable().unwrap();
    case.apply(event(What::Retracted { index })).unwrap();
    assert_eq!(step_of(&case, &knowledge), first);
    assert_eq!(case.apply(event(What::Retracted { index: 0 })), Err(Refused::NotRetractable));

    case.apply(event(What::Stopped)).unwrap();
    assert_eq!(case.apply(event(What::Resumed)), Err(Refused::Over));
    assert!(!case.closed().unwrap().resolved);
}

#[test]
fn a_carried_out_action_is_verified_and_credited() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let mut case = Case::new(0, Request::default(), Lang::En);
    let action = "set_clock_automatic".to_owned();
    case.apply(event(What::Done { action: action.clone() })).unwrap();
    assert_eq!(step_of(&case, &knowledge).id, DID_IT_HELP);
    let Next::Step(probe) = case.next(&knowledge, Driver::Measures) else { panic!() };
    assert_eq!(probe.kind, "probe");
    case.apply(event(What::Fixed { action })).unwrap();
    let Next::Closed(closing) = case.next(&knowledge, Driver::Talks) else { panic!() };
    assert_eq!((closing.resolved, closing.cause.as_deref()), (true, Some("clock_skew")));
}

#[test]
fn account_recovery_is_followed_through_its_wait() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let request = Request { service: Some("apple_id".to_owned()), ..Request::default() };
    let mut case = Case::new(0, request, Lang::En);
    case.apply(event(What::Done { action: "start_account_recovery".to_owned() })).unwrap();
    for (kind, answer) in
        [("action", "requested"), ("wait", "message"), ("action", "done"), ("action", "done")]
    {
        let step = step_of(&case, &knowledge);
        assert_eq!(step.kind, kind, "{}", step.id);
        if kind == "wait" {
            assert_eq!(step.due, Some(60 + 4320 * 60));
        }
        let what = case.answer(&knowledge, &step, answer).unwrap();
        case.apply(event(what)).unwrap();
    }
    let Next::Closed(closing) = case.next(&knowledge, Driver::Talks) else { panic!() };
    assert_eq!((closing.resolved, closing.cause.as_deref()), (true, Some("trusted_number_lost")));
}
