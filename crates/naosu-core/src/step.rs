//! What to do next: the one step with the least expected cost to a working account.

use serde::{Deserialize, Serialize};

use crate::diagnosis::{Diagnosis, Verdict};
use crate::evidence::Evidence;
use crate::knowledge::{Action, ActionKind, Knowledge, Lang, Risk, Situation};

use self::belief::{Belief, Known};
use self::plan::Course;

pub mod belief;
pub mod decide;
mod inquiry;
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

/// The step to take next, or nothing when all is well: the first of the guided case that begins with this evidence. Who names
/// a trouble though everything measured works has it where no probe looks, and is led on.
pub fn next_step(
    knowledge: &Knowledge,
    evidence: &Evidence,
    diagnosis: &Diagnosis,
    lang: Lang,
) -> Option<NextStep> {
    let belief = Belief::new(knowledge, &Known { evidence: Some(evidence), ..Known::default() });
    if diagnosis.verdict == Verdict::Healthy && belief.said.is_empty() {
        return None;
    }
    plan::next(knowledge, &belief, &Course::default(), lang)
}

/// Whether an action is a repair, which mends some cause; a safeguard or a look mends none.
pub fn is_repair(knowledge: &Knowledge, action: &str) -> bool {
    knowledge.causes.values().any(|cause| cause.fixes.iter().any(|fix| fix.action == action))
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
