//! What to do next: the one step with the least expected cost to a working account.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::diagnosis::{Diagnosis, RankedCause, Verdict};
use crate::evidence::Evidence;
use crate::knowledge::{Action, ActionKind, Knowledge, Lang, Risk, Situation, Who};

pub mod belief;
pub mod decide;
pub mod plan;
mod sequence;
pub(crate) mod tables;
#[cfg(test)]
mod tests;

/// What to do next.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct NextStep {
    /// `question`, `action`, `probe`, `wait` or `escalation`.
    pub kind: String,
    /// The id of the action or question in the knowledge.
    pub id: String,
    /// The causes it helps against, the most probable first.
    pub addresses: Vec<String>,
    /// How long it takes the person, in minutes.
    pub minutes: f64,
    /// What it can cost: `none`, `interrupts`, `loses_settings`, `loses_data`, `irreversible`.
    pub risk: Risk,
    /// What it is, in the person's language.
    pub title: String,
    /// What to do, in order, in the person's language; a warning comes first. Of a question: its options, `id: text`.
    pub instructions: Vec<String>,
    /// What can be answered to it besides how an action came out; empty where that is all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<StepOption>,
    /// Why it is asked or done, in the person's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Of a wait: when it is over, in seconds since 1970 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<u64>,
}

/// An answer that a step offers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct StepOption {
    /// Its id.
    pub id: String,
    /// It, in the person's language.
    pub text: String,
}

/// How much a minute of waiting counts beside a minute of work.
const WAITED_MINUTE: f64 = 0.05;

/// How much longer it takes when somebody else has to be asked to do it.
const SOMEBODY_ELSE: f64 = 4.0;

/// Causes that contribute less than this to an action's use are not named with it.
const NAMED: f64 = 0.02;

/// The step to take next, or nothing when all is well.
///
/// Actions are ranked by efficiency, the probability that it helps divided by its cost (Heckerman, Breese &
/// Rommelse 1995, "Decision-theoretic troubleshooting"); what
/// must be done before the best one comes first. Where an observation asks for one action by name, it is that one; and
/// nothing is proposed against causes that neither an observation nor words speak for.
pub fn next_step(
    knowledge: &Knowledge,
    evidence: &Evidence,
    diagnosis: &Diagnosis,
    lang: Lang,
) -> Option<NextStep> {
    if diagnosis.verdict == Verdict::Healthy {
        return None;
    }
    let request = &evidence.request;
    let situation = Situation {
        device: request.device.as_deref().unwrap_or("unknown"),
        client: request.client.as_deref().unwrap_or("unknown"),
        service: request.service.as_deref().unwrap_or("unknown"),
    };
    let actions = &knowledge.care().actions;
    let asked = |action: &Action| {
        evidence.observations.iter().any(|seen| action.is_asked_by(&seen.variable, &seen.outcome))
    };
    if let Some((id, action)) = actions.iter().find(|(_, action)| asked(action)) {
        let causes = diagnosis.causes.iter().filter(|cause| !cause.evidence_for.is_empty());
        let helps = |cause: &&RankedCause| {
            let known = knowledge.causes.get(&cause.id);
            known.is_some_and(|known| known.fixes.iter().any(|fix| fix.action == *id))
        };
        let addresses = causes.filter(helps).map(|cause| cause.id.clone()).collect();
        let mut step = shown(id, action, addresses, situation, lang);
        step.why = Some(action.why.get(lang).to_owned());
        return Some(step);
    }
    let mut useful: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
    for cause in diagnosis.arguable(evidence) {
        for fix in knowledge.causes.get(&cause.id).iter().flat_map(|known| &known.fixes) {
            useful.entry(&fix.action).or_default().push((&cause.id, cause.probability * fix.probability));
        }
    }
    let (id, action, causes) = useful
        .into_iter()
        .filter_map(|(id, causes)| Some((id, actions.get(id)?, causes)))
        .filter(|(_, action, _)| action.only.admits(situation))
        .max_by(|one, two| {
            efficiency(one.1, &one.2).total_cmp(&efficiency(two.1, &two.2)).then_with(|| two.0.cmp(one.0))
        })?;
    let mut addresses: Vec<(&str, f64)> = causes.into_iter().filter(|(_, use_)| *use_ >= NAMED).collect();
    addresses.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let addresses = addresses.into_iter().map(|(cause, _)| cause.to_owned()).collect();
    let first = action.requires.iter().find_map(|id| Some((id.as_str(), actions.get(id)?)));
    let (id, action) = first.unwrap_or((id, action));
    Some(shown(id, action, addresses, situation, lang))
}

pub(crate) fn shown(
    id: &str,
    action: &Action,
    addresses: Vec<String>,
    situation: Situation<'_>,
    lang: Lang,
) -> NextStep {
    let warning = action.warning.iter().map(|warning| warning.get(lang).to_owned());
    NextStep {
        kind: match action.kind {
            ActionKind::Action => "action",
            ActionKind::Escalation => "escalation",
            ActionKind::Wait => "wait",
        }
        .to_owned(),
        id: id.to_owned(),
        addresses,
        minutes: action.minutes,
        risk: action.risk,
        title: action.title.get(lang).to_owned(),
        instructions: warning.chain(action.instructions(situation, lang)).collect(),
        options: Vec::new(),
        why: None,
        due: None,
    }
}

/// The probability that an action helps, divided by its cost in minutes.
fn efficiency(action: &Action, causes: &[(&str, f64)]) -> f64 {
    let helps: f64 = causes.iter().map(|(_, probability)| probability).sum();
    helps / cost(action)
}

/// Minutes of work, of waiting, and of what can go wrong; never nothing.
fn cost(action: &Action) -> f64 {
    let effort = match action.who {
        Who::Person => action.minutes,
        Who::Helper | Who::DomainAdmin | Who::Provider => action.minutes * SOMEBODY_ELSE,
    };
    let damage = match action.risk {
        Risk::None => 0.0,
        Risk::Interrupts => 2.0,
        Risk::LosesSettings => 20.0,
        Risk::LosesData => 120.0,
        Risk::Irreversible => 600.0,
    };
    (effort + action.wait_minutes * WAITED_MINUTE + damage).max(0.5)
}
