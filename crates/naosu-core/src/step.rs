//! What to do next: the one step with the least expected cost to a working account.

use serde::{Deserialize, Serialize};

use crate::diagnosis::{Diagnosis, Verdict};
use crate::evidence::Evidence;
use crate::knowledge::{Knowledge, Lang};

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
    pub risk: String,
    /// What it is, in the person's language.
    pub title: String,
    /// What to do, in order, in the person's language.
    pub instructions: Vec<String>,
}

/// The step to take next, or nothing when all is well.
pub fn next_step(
    _knowledge: &Knowledge,
    _evidence: &Evidence,
    diagnosis: &Diagnosis,
    _lang: Lang,
) -> Option<NextStep> {
    match diagnosis.verdict {
        Verdict::Healthy => None,
        Verdict::CauseFound | Verdict::Inconclusive => None,
    }
}
