//! What to do now in a case, and what an answer to it means.

use std::collections::{BTreeMap, BTreeSet};

use super::{Closing, Driver, FIXED, NOT_FIXED, Next, Pending, Standing, Tried, What, flow};
use crate::diagnosis::{Verdict, diagnose, is_well, state, weights};
use crate::evidence::Evidence;
use crate::knowledge::{Action, FlowStateKind, Knowledge, Lang, Risk, State};
use crate::outcome::Outcomes;
use crate::step::belief::{Belief, Known};
use crate::step::plan::{Course, next as plan};
use crate::step::{NextStep, StepOption, is_repair};

/// The question after an action that no probe can verify; its step's id is this.
pub const DID_IT_HELP: &str = "did_it_help";
/// The probe after an action; its step's id is this.
const VERIFY: &str = "verify";

pub(super) fn next(
    knowledge: &Knowledge,
    outcomes: &Outcomes,
    standing: &Standing<'_>,
    driver: Driver,
) -> Next {
    if let Some(closing) = &standing.closed {
        return Next::Closed(closing.clone());
    }
    if let Some(pending) = standing.pending
        && let Some(next) = verification(knowledge, standing, pending, driver)
    {
        return next;
    }
    if let Some(closing) = over(knowledge, standing) {
        return Next::Closed(closing);
    }
    let mut place = flow::place(knowledge, standing);
    if let Some(end) = place.filter(|place| place.state.kind == FlowStateKind::Done) {
        if let Some(next) = end_of_flow(knowledge, standing, driver, end) {
            return next;
        }
        place = flow::not_at_the_end(knowledge, &standing.taken);
    }
    if let Some(place) = place {
        let belief = belief_before(knowledge, standing, "");
        return Next::Step(Box::new(flow::step(knowledge, place, standing, belief.situation())));
    }
    let known = known_before(knowledge, standing, "");
    let belief = Belief::new(knowledge, &Known { outcomes: Some(outcomes), now: standing.now, ..known });
    let proposed = |course: &Course<'_>| plan(knowledge, &belief, course, standing.lang);
    // what was put off comes back before it is handed over, or given up
    let step = proposed(&course(knowledge, standing, true))
        .filter(|step| standing.deferred.is_empty() || step.kind != "escalation")
        .or_else(|| proposed(&course(knowledge, standing, false)));
    match step {
        Some(mut step) => {
            if step.kind == "wait" {
                step.due = knowledge.care().actions.get(&step.id).map(|action| due(standing.turned, action));
            }
            Next::Step(Box::new(step))
        }
        None => Next::Closed(Closing { resolved: false, cause: None }),
    }
}

pub(super) fn ranked<'a>(knowledge: &'a Knowledge, standing: &Standing<'_>) -> Vec<(&'a str, f64)> {
    let belief = Belief::new(knowledge, &known_before(knowledge, standing, ""));
    let causes = knowledge.model.causes();
    belief.ranked().into_iter().map(|(place, probability)| (causes[place].as_str(), probability)).collect()
}

pub(super) fn answer(
    knowledge: &Knowledge,
    standing: &Standing<'_>,
    step: &NextStep,
    answer: &str,
) -> Option<What> {
    let action = step.id.clone();
    if step.id == DID_IT_HELP || step.id == VERIFY {
        let Some(pending) = standing.pending else {
            let end = flow::place(knowledge, standing)?;
            let way = match answer {
                "fixed" => FIXED,
                "not_fixed" | "unknown" | "done" => NOT_FIXED,
                _ => return None,
            };
            return Some(What::Went {
                flow: end.flow_id.to_owned(),
                state: end.state_id.to_owned(),
                way: way.to_owned(),
                general: false,
            });
        };
        let action = pending.action.to_owned();
        return match answer {
            "fixed" => Some(What::Fixed { action }),
            "not_fixed" | "unknown" | "done" => Some(What::NotFixed { action }),
            _ => None,
        };
    }
    if let Some((flow, state)) = step.id.split_once('.') {
        return flow::answer(knowledge, flow, state, answer);
    }
    if step.kind == "question" {
        let known = step.options.iter().any(|option| option.id == answer) || answer == "unknown";
        // who says that it works now, or that it does not, without an option for it has not answered the question
        return known.then(|| What::Answered { question: step.id.clone(), option: answer.to_owned() });
    }
    match answer {
        "fixed" => Some(What::Fixed { action }),
        "not_fixed" if !is_repair(knowledge, &action) => Some(What::Done { action }),
        "not_fixed" => Some(What::NotFixed { action }),
        "done" => Some(What::Done { action }),
        "unknown" | "could_not" => Some(What::CouldNot { action }),
        "later" => Some(What::Deferred { action }),
        _ => None,
    }
}

/// What comes after an action: measuring again, asking whether it helped, the end, or nothing where the case goes on.
fn verification(
    knowledge: &Knowledge,
    standing: &Standing<'_>,
    pending: Pending<'_>,
    driver: Driver,
) -> Option<Next> {
    let action = knowledge.care().actions.get(pending.action)?;
    if !pending.said_fixed && !is_repair(knowledge, pending.action) {
        return None;
    }
    let begins = flow::place(knowledge, standing).filter(|_| !pending.said_fixed);
    // a flow says itself when it is done; where it waits for what was done, that is looked at first
    let waits = begins.is_none_or(|place| place.state.kind == FlowStateKind::Wait);
    // what worked before as well tells nothing of what the action did
    let repair = standing.earlier.iter().rev().find(|repair| repair.action == pending.action);
    let before = if pending.measured { repair.map(|repair| repair.before) } else { standing.evidence };
    let worked = before.is_some_and(|before| is_well(knowledge, before));
    let probes = waits && driver == Driver::Measures && !action.verify.is_empty() && !worked;
    if probes && !pending.measured {
        return Some(Next::Step(Box::new(probe_step(pending.action, &action.verify, standing.lang))));
    }
    let seen = standing.evidence.filter(|_| pending.measured && !pending.unclear);
    match seen.map(|evidence| outcome(knowledge, evidence, &action.verify)) {
        Some(Seen::Works) if !worked => Some(Next::Closed(resolved(knowledge, standing, pending.action))),
        Some(Seen::Broken) => None,
        _ if begins.is_some() => None,
        _ if pending.said_fixed => Some(Next::Closed(resolved(knowledge, standing, pending.action))),
        _ => Some(Next::Step(Box::new(did_it_help(
            pending.action,
            action.title.get(standing.lang),
            standing.lang,
        )))),
    }
}

/// The end of a flow: closed where the person said on the way that it works, or it is measured or asked to; nothing where it
/// does not.
fn end_of_flow(
    knowledge: &Knowledge,
    standing: &Standing<'_>,
    driver: Driver,
    end: flow::Place<'_>,
) -> Option<Next> {
    let closed = || {
        let cause = flow_cause(knowledge, standing, end.flow_id);
        Some(Next::Closed(Closing { resolved: true, cause }))
    };
    if flow::is_said_to_work(knowledge, &standing.taken) {
        return closed();
    }
    let verify = flow::verified_by(knowledge, standing);
    if driver == Driver::Measures && !verify.is_empty() && !standing.looked {
        return Some(Next::Step(Box::new(probe_step(end.flow_id, &verify, standing.lang))));
    }
    match standing.seen.map(|evidence| outcome(knowledge, evidence, &verify)) {
        Some(Seen::Works) => closed(),
        Some(Seen::Broken) => None,
        Some(Seen::Unclear) | None => {
            let flow = knowledge.care().flows.get(end.flow_id);
            let about = flow.map_or(end.flow_id, |flow| flow.title.get(standing.lang));
            Some(Next::Step(Box::new(did_it_help(end.flow_id, about, standing.lang))))
        }
    }
}

/// The end that came by itself: it was broken, and it is measured to work, though nothing was done (an outage is over).
fn over(knowledge: &Knowledge, standing: &Standing<'_>) -> Option<Closing> {
    let (before, after) = standing.changed?;
    let was = diagnose(knowledge, before);
    if was.verdict != Verdict::CauseFound || diagnose(knowledge, after).verdict != Verdict::Healthy {
        return None;
    }
    Some(Closing { resolved: true, cause: was.causes.first().map(|cause| cause.id.clone()) })
}

/// The causes that repairs have ended, in the order of the repairs.
pub(super) fn causes_mended(knowledge: &Knowledge, standing: &Standing<'_>) -> Vec<String> {
    all_mended(knowledge, standing).iter().map(|mended| mended.cause.to_owned()).collect()
}

/// What was measured after an action says about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Seen {
    Works,
    Broken,
    Unclear,
}

fn outcome(knowledge: &Knowledge, evidence: &Evidence, verify: &[String]) -> Seen {
    let verdict = diagnose(knowledge, evidence).verdict;
    // measured from another machine, `clock` is not the device's
    let elsewhere = evidence.observations.iter().any(|observation| observation.variable == "browser_clock");
    let states: Vec<State> = evidence
        .observations
        .iter()
        .filter(|observation| verify.contains(&observation.variable))
        .filter(|observation| !elsewhere || observation.variable != "clock")
        .filter_map(|observation| state(knowledge, &observation.variable, &observation.outcome))
        .collect();
    if verdict == Verdict::CauseFound || states.contains(&State::Bad) {
        Seen::Broken
    } else if states.contains(&State::Good) {
        Seen::Works
    } else {
        Seen::Unclear
    }
}

/// It works: credit goes to the most probable of the causes that the action mends.
fn resolved(knowledge: &Knowledge, standing: &Standing<'_>, action: &str) -> Closing {
    let belief = belief_before(knowledge, standing, action);
    let mut best: Option<(f64, &str)> = None;
    for (weight, id) in belief.weights.iter().zip(knowledge.model.causes()) {
        let fixes = knowledge.causes.get(id).into_iter().flat_map(|cause| &cause.fixes);
        for fix in fixes.filter(|fix| fix.action == action) {
            let credit = weight * fix.probability;
            if best.is_none_or(|(most, _)| credit > most) {
                best = Some((credit, id));
            }
        }
    }
    let ranked = || belief.ranked().first().map(|(place, _)| knowledge.model.causes()[*place].clone());
    Closing { resolved: true, cause: best.map(|(_, id)| id.to_owned()).or_else(ranked) }
}

fn flow_cause(knowledge: &Knowledge, standing: &Standing<'_>, flow: &str) -> Option<String> {
    let flow = knowledge.care().flows.get(flow)?;
    if standing.last_done.is_none() && flow.causes.is_empty() {
        // it began in the flow, which is about no cause in particular
        return None;
    }
    let credited = standing.last_done.and_then(|action| resolved(knowledge, standing, action).cause);
    if let Some(cause) = credited.filter(|cause| flow.causes.contains(cause)) {
        return Some(cause);
    }
    let belief = belief_before(knowledge, standing, "");
    let ranked = belief.ranked();
    let ids = ranked.iter().map(|(place, _)| &knowledge.model.causes()[*place]);
    ids.clone().find(|id| flow.causes.contains(id)).or_else(|| ids.clone().next()).cloned()
}

/// What is believed by the knowledge alone, that action not held against any cause.
pub(super) fn belief_before(knowledge: &Knowledge, standing: &Standing<'_>, action: &str) -> Belief {
    Belief::new(knowledge, &known_before(knowledge, standing, action))
}

/// What is known, that action not held against any cause.
///
/// A cause that was mended, as measured, is set aside with what was said about it: the repair is no failure, and answers and
/// words that spoke for it tell nothing of what is still broken.
fn known_before<'a>(knowledge: &'a Knowledge, standing: &Standing<'a>, action: &str) -> Known<'a> {
    let mended = all_mended(knowledge, standing);
    // what that action did is judged by what was measured before it
    let last = standing.earlier.iter().rev().find(|repair| repair.action == action);
    let evidence = last.map_or(standing.evidence, |repair| Some(repair.before));
    let mended: Vec<Mended<'_>> = mended.into_iter().filter(|mended| mended.action != action).collect();
    let worked = |id: &str| mended.iter().any(|mended| mended.action == id);
    // carried out, with the result open, is no failure; measured afterwards and still broken is one
    let broken = |id: &str| {
        standing.pending.is_some_and(|pending| pending.measured && !pending.unclear && pending.action == id)
    };
    let failed = standing.tried.iter().filter(|(id, tried)| {
        **id != action && !worked(id) && (**tried == Tried::NotFixed || **tried == Tried::Done && broken(id))
    });
    Known {
        request: Some(standing.request),
        evidence,
        answers: answers_that_hold(knowledge, standing, &mended),
        failed: failed.map(|(id, _)| *id).collect(),
        mended: mended.iter().map(|mended| mended.cause).collect(),
        ..Known::default()
    }
}

/// A cause that a repair has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mended<'a> {
    pub(super) cause: &'a str,
    pub(super) action: &'a str,
    at: usize,
}

/// All repairs that have ended something.
pub(super) fn all_mended<'a>(knowledge: &'a Knowledge, standing: &Standing<'a>) -> Vec<Mended<'a>> {
    standing.earlier.iter().filter_map(|repair| mended(knowledge, repair)).collect()
}

/// The answers, without those that spoke for something that was mended after they were given.
fn answers_that_hold<'a>(
    knowledge: &Knowledge,
    standing: &Standing<'a>,
    mended: &[Mended<'_>],
) -> BTreeMap<&'a str, &'a str> {
    let stale = |question: &str, option: &str, at: usize| {
        mended.iter().any(|mended| at < mended.at && speaks_for(knowledge, question, option, mended.cause))
    };
    let answers = standing.answers.iter().filter(|(question, (option, at))| !stale(question, option, *at));
    answers.map(|(question, (option, _))| (*question, *option)).collect()
}

/// From this probability before, and below that after, a cause counts as mended.
const MENDED: (f64, f64) = (0.3, 0.1);

/// The cause that a repair has ended, by what was measured before and after it; the words are left out of both.
fn mended<'a>(knowledge: &'a Knowledge, repair: &super::Repair<'a>) -> Option<Mended<'a>> {
    let (before, after) = (measured(knowledge, repair.before), measured(knowledge, repair.after));
    let causes = knowledge.model.causes().iter().enumerate();
    let ended = causes.filter(|(place, id)| {
        before[*place] >= MENDED.0
            && after[*place] < MENDED.1
            && knowledge.causes.get(*id).is_some_and(|cause| {
                cause.fixes.iter().any(|fix| fix.action == repair.action && fix.probability > 0.0)
            })
    });
    let (_, cause) = ended.max_by(|a, b| before[a.0].total_cmp(&before[b.0]))?;
    Some(Mended { cause, action: repair.action, at: repair.at })
}

/// The probability of each cause by what was measured alone.
fn measured(knowledge: &Knowledge, evidence: &Evidence) -> Vec<f64> {
    let weights = weights(knowledge, Some(evidence), None);
    let mass: f64 = weights.causes.iter().sum::<f64>() + weights.other + weights.healthy;
    weights.causes.iter().map(|weight| weight / mass.max(f64::MIN_POSITIVE)).collect()
}

/// Whether an answer is given considerably more often with that cause.
fn speaks_for(knowledge: &Knowledge, question: &str, option: &str, cause: &str) -> bool {
    let Some(question) = knowledge.care().questions.get(question) else { return false };
    let at = question.options.iter().position(|known| known.id == option);
    at.is_some_and(|at| question.likelihoods(cause)[at] > 1.5 * question.options[at].usual)
}

/// How long what was put off stays put off, in seconds.
const PUT_OFF: u64 = 12 * 60 * 60;

fn course<'a>(knowledge: &'a Knowledge, standing: &Standing<'a>, deferring: bool) -> Course<'a> {
    let of = |wanted: fn(Tried) -> bool| -> BTreeSet<&'a str> {
        standing.tried.iter().filter(|(_, tried)| wanted(**tried)).map(|(id, _)| *id).collect()
    };
    let mut safe = of(|tried| tried != Tried::CouldNot);
    // a risky action's safeguards are gone through together, under the name of the longest
    for action in knowledge.care().actions.values().filter(|action| action.risk >= Risk::LosesData) {
        let longest = action
            .requires
            .iter()
            .filter_map(|id| Some((id, knowledge.care().actions.get(id)?.minutes)))
            .max_by(|a, b| a.1.total_cmp(&b.1).then_with(|| b.0.cmp(a.0)));
        if longest.is_some_and(|(id, _)| safe.contains(id.as_str())) {
            safe.extend(action.requires.iter().map(String::as_str));
        }
    }
    let place = standing.last_done.and_then(|id| knowledge.care().actions.get(id));
    let mut spent = of(|_| true);
    let mut impossible = of(|tried| tried == Tried::CouldNot);
    let put_off = |since: u64| deferring && standing.now.saturating_sub(since) < PUT_OFF;
    for (id, _) in standing.deferred.iter().filter(|(_, since)| put_off(**since)) {
        spent.insert(id);
        // so is what must not be done without it
        impossible.insert(id);
    }
    Course {
        spent,
        safe,
        impossible,
        asked: answers_that_hold(knowledge, standing, &all_mended(knowledge, standing)).into_keys().collect(),
        place: place.map(|action| action.place.as_str()),
    }
}

fn due(now: u64, action: &Action) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "minutes of a wait, not negative"
    )]
    now.saturating_add((action.wait_minutes * 60.0) as u64)
}

fn probe_step(id: &str, verify: &[String], lang: Lang) -> NextStep {
    let title = match lang {
        Lang::En => "Measure whether it works now",
        Lang::Ja => "直ったかどうかを測ります",
    };
    NextStep {
        kind: "probe".to_owned(),
        id: VERIFY.to_owned(),
        addresses: Vec::new(),
        minutes: 0.0,
        risk: Risk::None,
        title: title.to_owned(),
        instructions: verify.to_vec(),
        options: Vec::new(),
        why: Some(id.to_owned()),
        due: None,
    }
}

fn did_it_help(id: &str, about: &str, lang: Lang) -> NextStep {
    let (title, texts) = match lang {
        Lang::En => ("Does it work now?", ["Yes, it works.", "No, it is as before.", "I cannot tell."]),
        Lang::Ja => ("直りましたか。", ["はい。直りました。", "いいえ。変わりません。", "わかりません。"]),
    };
    let options: Vec<StepOption> = ["fixed", "not_fixed", "unknown"]
        .iter()
        .zip(texts)
        .map(|(id, text)| StepOption { id: (*id).to_owned(), text: text.to_owned() })
        .collect();
    NextStep {
        kind: "question".to_owned(),
        id: DID_IT_HELP.to_owned(),
        addresses: Vec::new(),
        minutes: 0.3,
        risk: Risk::None,
        title: title.to_owned(),
        instructions: options.iter().map(|option| format!("{}: {}", option.id, option.text)).collect(),
        options,
        why: Some(format!("{about}: {id}")),
        due: None,
    }
}
