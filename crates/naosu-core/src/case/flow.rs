//! Following a flow state by state.

use std::collections::BTreeSet;

use super::guide::all_mended;
use super::{FIXED, NOT_FIXED, Standing, Taken, Tried, What};
use crate::knowledge::{
    Action, Flow, FlowState, FlowStateKind, Knowledge, Lang, Risk, Situation, Transition,
};
use crate::step::plan::first_of_all;
use crate::step::{NextStep, StepOption};

/// A place in a flow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) flow_id: &'a str,
    pub(super) state_id: &'a str,
    pub(super) state: &'a FlowState,
    /// The action with which the flow was entered here: what was done is done, and only how it came out is asked.
    done: Option<&'a Action>,
}

/// How many hand-overs from flow to flow are followed.
const HAND_OVERS: usize = 4;

/// Where the case stands in a flow; at its end where the person said that it works.
pub(super) fn place<'a>(knowledge: &'a Knowledge, standing: &Standing<'_>) -> Option<Place<'a>> {
    if let Some((last, before)) = standing.taken.split_last() {
        let (flow_id, flow) = knowledge.care().flows.get_key_value(last.flow)?;
        let (state_id, state) = flow.states.get_key_value(last.state)?;
        return match (state.kind, last.way) {
            (FlowStateKind::Done, FIXED) => Some(Place { flow_id, state_id, state, done: None }),
            (FlowStateKind::Done, NOT_FIXED) => not_at_the_end(knowledge, before),
            _ => after(knowledge, last.flow, last.state, last.way),
        };
    }
    if let Some(pending) = standing.pending {
        let action = knowledge.care().actions.get(pending.action).filter(|_| !pending.said_fixed)?;
        // what it was for is mended, as measured: what else is broken is another matter
        if all_mended(knowledge, standing).iter().any(|mended| mended.action == pending.action) {
            return None;
        }
        return done(knowledge, action.flow.as_deref()?, pending.action);
    }
    let (flow_id, flow) = knowledge.care().flows.get_key_value(standing.begun?)?;
    from(knowledge, flow_id, flow, &flow.start)
}

/// Where a flow goes on after one of its actions was carried out: a wait is waited, a task with one way is left by it, and of
/// one with several is asked which.
fn done<'a>(knowledge: &'a Knowledge, flow_id: &str, action_id: &str) -> Option<Place<'a>> {
    let (flow_id, flow) = knowledge.care().flows.get_key_value(flow_id)?;
    let does = |(_, state): &(&'a String, &'a FlowState)| {
        matches!(state.kind, FlowStateKind::Task | FlowStateKind::Wait)
            && state.actions.iter().any(|known| known == action_id)
    };
    let (state_id, state) = flow.states.iter().find(does)?;
    match state.next.as_slice() {
        [way] if state.says_nothing() => from(knowledge, flow_id, flow, &way.to),
        _ if state.kind == FlowStateKind::Wait => Some(Place { flow_id, state_id, state, done: None }),
        _ => Some(Place { flow_id, state_id, state, done: knowledge.care().actions.get(action_id) }),
    }
}

/// The state to which a way leads; nothing where it leads out of the flows.
fn after<'a>(knowledge: &'a Knowledge, flow_id: &str, state_id: &str, way: &str) -> Option<Place<'a>> {
    let (flow_id, flow) = knowledge.care().flows.get_key_value(flow_id)?;
    let next = &flow.states.get(state_id)?.next;
    from(knowledge, flow_id, flow, &next.iter().find(|transition| transition.id == way)?.to)
}

/// That state; hand-overs to another flow are followed.
fn from<'a>(
    knowledge: &'a Knowledge,
    mut flow_id: &'a str,
    mut flow: &'a Flow,
    mut to: &'a str,
) -> Option<Place<'a>> {
    for _ in 0..HAND_OVERS {
        let (state_id, state) = flow.states.get_key_value(to)?;
        if state.kind != FlowStateKind::HandOver {
            return Some(Place { flow_id, state_id, state, done: None });
        }
        (flow_id, flow) = knowledge.care().flows.get_key_value(state.flow.as_deref()?)?;
        to = &flow.start;
    }
    None
}

/// The last way that says how something came out, and the state it led from.
fn deciding<'a, 'b>(
    knowledge: &'a Knowledge,
    taken: &'b [Taken<'b>],
) -> Option<(&'b Taken<'b>, &'a FlowState, &'a Transition)> {
    let known = |taken: &'b Taken<'b>| {
        let state = knowledge.care().flows.get(taken.flow)?.states.get(taken.state)?;
        let way = state.next.iter().find(|way| way.id == taken.way)?;
        Some((taken, state, way))
    };
    taken.iter().rev().filter_map(known).find(|(_, state, _)| !state.says_nothing())
}

/// Whether the person said that it works: on the way, or when it was asked.
pub(super) fn is_said_to_work(knowledge: &Knowledge, taken: &[Taken<'_>]) -> bool {
    taken.last().is_some_and(|last| last.way == FIXED && is_end(knowledge, last))
        || deciding(knowledge, taken).is_some_and(|(taken, _, way)| way.works && !taken.general)
}

fn is_end(knowledge: &Knowledge, taken: &Taken<'_>) -> bool {
    let flow = knowledge.care().flows.get(taken.flow);
    flow.and_then(|flow| flow.states.get(taken.state)).is_some_and(|state| state.kind == FlowStateKind::Done)
}

/// Where it goes on when these ways led to an end and it does not work: where something was done and taken to have worked, by
/// the way for the other case; out of the flow else.
pub(super) fn not_at_the_end<'a>(knowledge: &'a Knowledge, taken: &[Taken<'_>]) -> Option<Place<'a>> {
    let (taken, state, _) =
        deciding(knowledge, taken).filter(|(taken, _, way)| way.works && taken.general)?;
    after(knowledge, taken.flow, taken.state, &state.next.last()?.id)
}

/// What an answer means in that state.
pub(super) fn answer(knowledge: &Knowledge, flow_id: &str, state_id: &str, answer: &str) -> Option<What> {
    let state = knowledge.care().flows.get(flow_id)?.states.get(state_id)?;
    let (first, last) = (state.next.first()?, state.next.last()?);
    let works = || state.next.iter().find(|way| way.works).unwrap_or(first);
    let (way, general) = match (state.kind, answer) {
        (_, answer) if state.next.iter().any(|way| way.id == answer) => {
            (state.next.iter().find(|way| way.id == answer)?, false)
        }
        (FlowStateKind::Wait, "done" | "not_fixed" | "unknown" | "could_not" | "later") => {
            (state.way_back(state_id)?, false)
        }
        (FlowStateKind::Wait | FlowStateKind::Task, "fixed") => (works(), false),
        (FlowStateKind::Task, "done") => (first, true),
        (FlowStateKind::Task, "not_fixed" | "unknown" | "could_not")
        | (FlowStateKind::Choice, "done" | "fixed" | "not_fixed" | "unknown" | "could_not") => (last, false),
        _ => return None,
    };
    let (flow, state, way) = (flow_id.to_owned(), state_id.to_owned(), way.id.clone());
    Some(What::Went { flow, state, way, general })
}

/// The variables that tell whether what was done in the flow has helped.
pub(super) fn verified_by(knowledge: &Knowledge, standing: &Standing<'_>) -> Vec<String> {
    let passed = standing.taken.iter().filter_map(|taken| {
        Some(knowledge.care().flows.get(taken.flow)?.states.get(taken.state)?.actions.iter())
    });
    let all = passed.flatten().map(String::as_str).chain(standing.last_done);
    let verify = all.filter_map(|id| knowledge.care().actions.get(id)).flat_map(|action| &action.verify);
    verify.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

/// What was made safe: actions that were carried out, and those of the tasks that were gone through.
fn made_safe<'a>(knowledge: &'a Knowledge, standing: &Standing<'a>) -> BTreeSet<&'a str> {
    let tried = standing.tried.iter().filter(|(_, tried)| **tried != Tried::CouldNot).map(|(id, _)| *id);
    let passed = standing.taken.iter().filter_map(|taken| {
        let state = knowledge.care().flows.get(taken.flow)?.states.get(taken.state)?;
        let carried_out = state.kind == FlowStateKind::Task
            && (state.says_nothing() || state.next.last().is_some_and(|way| way.id != taken.way));
        carried_out.then(|| state.actions.iter().map(String::as_str))
    });
    tried.chain(passed.flatten()).collect()
}

/// When a wait is looked at again: counted from the last answer, and not beyond its most while that is still to come.
fn due(state_id: &str, state: &FlowState, standing: &Standing<'_>) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "minutes of a wait, not negative"
    )]
    let seconds = |minutes: f64| (minutes * 60.0) as u64;
    let waited = |taken: &&Taken<'_>| {
        taken.state == state_id && state.way_back(state_id).is_some_and(|way| way.id == taken.way)
    };
    let before = standing.taken.iter().rev().find(|taken| !waited(taken));
    let begun = before.map_or(standing.entered, |taken| taken.at);
    let since = standing.taken.last().map_or(standing.entered, |taken| taken.at);
    let due = since.saturating_add(seconds(state.wait_minutes));
    let latest = begun.saturating_add(seconds(state.wait_at_most_minutes));
    if latest > since { due.min(latest) } else { due }
}

/// A state as a step.
pub(super) fn step(
    knowledge: &Knowledge,
    place: Place<'_>,
    standing: &Standing<'_>,
    situation: Situation<'_>,
) -> NextStep {
    let Place { flow_id, state_id, state, done } = place;
    let lang = standing.lang;
    let care = knowledge.care();
    let mut step = NextStep {
        kind: match state.kind {
            FlowStateKind::Choice => "question",
            FlowStateKind::Wait => "wait",
            FlowStateKind::Task | FlowStateKind::Done | FlowStateKind::HandOver => "action",
        }
        .to_owned(),
        id: format!("{flow_id}.{state_id}"),
        addresses: care.flows.get(flow_id).map(|flow| flow.causes.clone()).unwrap_or_default(),
        minutes: state.minutes,
        risk: Risk::None,
        title: state.title.get(lang).to_owned(),
        instructions: Vec::new(),
        options: state
            .next
            .iter()
            .map(|way| StepOption { id: way.id.clone(), text: way.when.get(lang).to_owned() })
            .collect(),
        why: None,
        due: (state.kind == FlowStateKind::Wait).then(|| due(state_id, state, standing)),
    };
    if let Some(action) = done {
        "question".clone_into(&mut step.kind);
        step.minutes = OUTCOME_MINUTES;
        how_it_came_out(lang).clone_into(&mut step.title);
        step.why = Some(action.title.get(lang).to_owned());
    } else {
        tell(knowledge, state, standing, situation, &mut step);
    }
    step.instructions.extend(step.options.iter().map(|option| format!("{}: {}", option.id, option.text)));
    step
}

/// How long it takes to say how something came out.
const OUTCOME_MINUTES: f64 = 0.3;

fn how_it_came_out(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "How did it come out?",
        Lang::Ja => "どうなりましたか",
    }
}

/// What to do in a state: warnings, what must be safe before, and the state's own steps or those of its actions; with its
/// risk and minutes.
fn tell<'a>(
    knowledge: &'a Knowledge,
    state: &'a FlowState,
    standing: &Standing<'a>,
    situation: Situation<'_>,
    step: &mut NextStep,
) {
    let lang = standing.lang;
    let care = knowledge.care();
    let actions: Vec<&Action> = state.actions.iter().filter_map(|id| care.actions.get(id)).collect();
    step.risk = actions.iter().map(|action| action.risk).max().unwrap_or(Risk::None);
    for warning in actions.iter().filter_map(|action| action.warning.as_ref()) {
        step.instructions.push(warning.get(lang).to_owned());
    }
    let mut safe = made_safe(knowledge, standing);
    safe.extend(state.actions.iter().map(String::as_str));
    for id in actions.iter().flat_map(|action| &action.requires) {
        let Some(first) = care.actions.get(id).filter(|_| safe.insert(id)) else { continue };
        step.minutes += first.minutes;
        step.instructions.push(first_of_all(first.title.get(lang), lang));
        step.instructions.extend(first.instructions(situation, lang));
    }
    let own = state.steps.get(lang);
    step.instructions.extend_from_slice(own);
    if own.is_empty() {
        for action in actions {
            step.instructions.push(action.title.get(lang).to_owned());
            step.instructions.extend(action.instructions(situation, lang));
        }
    }
}
