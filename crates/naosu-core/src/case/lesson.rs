//! What a case teaches, from its history.

use std::collections::BTreeMap;

use super::guide::{all_mended, belief_before};
use super::{Standing, Tried};
use crate::knowledge::{ActionKind, Fix, Knowledge};
use crate::outcome::{Context, Lesson};

/// Of a case that ended solved, and of which it is known by what.
///
/// Each cause is responsible in proportion to its weight before the action that ended the case, times the probability that
/// this action ends it; both by the knowledge alone.
pub(super) fn lesson(knowledge: &Knowledge, standing: &Standing<'_>) -> Option<Lesson> {
    let closing = standing.closed.as_ref()?;
    if !closing.resolved || closing.cause.is_none() {
        return None;
    }
    let ending = standing.pending.map(|pending| pending.action).or(standing.last_done)?;
    let belief = belief_before(knowledge, standing, ending);
    let fix = |cause: &str, action: &str| -> Option<&Fix> {
        let mut fixes = knowledge.causes.get(cause)?.fixes.iter();
        fixes.find(|fix| fix.action == action && fix.probability > 0.0 && fix.admits(&belief.seen))
    };
    let ids = knowledge.model.causes().iter();
    let mut shares: BTreeMap<&str, f64> = belief
        .weights
        .iter()
        .zip(ids)
        .filter_map(|(weight, id)| Some((id.as_str(), weight * fix(id, ending)?.probability)))
        .collect();
    let sum: f64 = shares.values().sum();
    if sum <= 0.0 {
        return None;
    }
    for share in shares.values_mut() {
        *share /= sum;
    }

    let context = Context { device: belief.device.clone(), service: belief.service.clone() };
    let is_wait =
        |id: &str| knowledge.care().actions.get(id).is_some_and(|action| action.kind == ActionKind::Wait);
    if is_wait(ending) {
        return Some(Lesson::of_wait(standing.now, context, &shares));
    }
    let others = || standing.tried.iter().filter(|(id, _)| **id != ending && !is_wait(id));
    let repairs: Vec<(&str, &str)> = all_mended(knowledge, standing)
        .iter()
        .map(|mended| (mended.action, mended.cause))
        .filter(|(action, _)| others().any(|(id, _)| id == action))
        .collect();
    // carried out and measured, and nothing was mended: that is a failure too
    let measured = |id: &str| standing.earlier.iter().any(|repair| repair.action == id);
    let failed = others()
        .filter(|(id, tried)| match tried {
            Tried::NotFixed => true,
            Tried::Done => measured(id) && !repairs.iter().any(|(action, _)| action == *id),
            Tried::CouldNot => false,
        })
        .map(|(id, _)| (*id, shares.keys().copied().filter(|cause| fix(cause, id).is_some()).collect()))
        .collect();
    Some(Lesson::of_repair(standing.now, context, ending, &shares, &failed, &repairs))
}
