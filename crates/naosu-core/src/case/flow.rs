//! Following a flow state by state.

use super::Standing;
use crate::knowledge::{Flow, FlowState, FlowStateKind, Knowledge, Risk, Situation};
use crate::step::{NextStep, StepOption};

/// A place in a flow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) flow_id: &'a str,
    pub(super) state_id: &'a str,
    pub(super) state: &'a FlowState,
}

/// How many hand-overs from flow to flow are followed.
const HAND_OVERS: usize = 4;

/// The state of a flow in which an action is carried out.
pub(super) fn doing<'a>(knowledge: &'a Knowledge, flow_id: &'a str, action: &str) -> Option<Place<'a>> {
    let flow = knowledge.care().flows.get(flow_id)?;
    let at = |(_, state): &(&'a String, &'a FlowState)| {
        state.kind == FlowStateKind::Task && state.actions.iter().any(|known| known == action)
    };
    let (state_id, state) = flow.states.iter().find(at)?;
    Some(Place { flow_id, state_id, state })
}

/// The state to which a way leads; hand-overs to another flow are followed. Nothing where it leads out of the flows.
pub(super) fn after<'a>(
    knowledge: &'a Knowledge,
    flow_id: &str,
    state_id: &str,
    way: &str,
) -> Option<Place<'a>> {
    let (mut flow_id, mut flow) = knowledge.care().flows.get_key_value(flow_id)?;
    let next = &flow.states.get(state_id)?.next;
    let mut to: &str = &next.iter().find(|transition| transition.id == way)?.to;
    for _ in 0..HAND_OVERS {
        let (state_id, state) = flow.states.get_key_value(to)?;
        if state.kind != FlowStateKind::HandOver {
            return Some(Place { flow_id, state_id, state });
        }
        let next: (&'a String, &'a Flow) = knowledge.care().flows.get_key_value(state.flow.as_deref()?)?;
        (flow_id, flow) = next;
        to = &flow.start;
    }
    None
}

/// A state as a step.
pub(super) fn step(
    knowledge: &Knowledge,
    place: Place<'_>,
    standing: &Standing<'_>,
    situation: Situation<'_>,
) -> NextStep {
    let Place { flow_id, state_id, state } = place;
    let lang = standing.lang;
    let kind = match state.kind {
        FlowStateKind::Choice => "question",
        FlowStateKind::Wait => "wait",
        FlowStateKind::Task | FlowStateKind::Done | FlowStateKind::HandOver => "action",
    };
    let options: Vec<StepOption> = state
        .next
        .iter()
        .map(|way| StepOption { id: way.id.clone(), text: way.when.get(lang).to_owned() })
        .collect();
    let mut instructions = state.steps.get(lang).to_vec();
    if instructions.is_empty() {
        for action in state.actions.iter().filter_map(|id| knowledge.care().actions.get(id)) {
            instructions.push(action.title.get(lang).to_owned());
            instructions.extend(action.warning.iter().map(|warning| warning.get(lang).to_owned()));
            instructions.extend(action.instructions(situation, lang));
        }
    }
    instructions.extend(options.iter().map(|option| format!("{}: {}", option.id, option.text)));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "minutes of a wait, not negative"
    )]
    let due = standing.since.saturating_add((state.wait_minutes * 60.0) as u64);
    NextStep {
        kind: kind.to_owned(),
        id: format!("{flow_id}.{state_id}"),
        addresses: knowledge.care().flows.get(flow_id).map(|flow| flow.causes.clone()).unwrap_or_default(),
        minutes: state.minutes,
        risk: Risk::None,
        title: state.title.get(lang).to_owned(),
        instructions,
        options,
        why: None,
        due: (state.kind == FlowStateKind::Wait).then_some(due),
    }
}
