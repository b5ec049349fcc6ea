//! The report: evidence, diagnosis and next step in one value; what `--json` prints and every view is made from.

use serde::{Deserialize, Serialize};

use crate::diagnosis::{Diagnosis, diagnose};
use crate::evidence::{Evidence, ObservationId};
use crate::knowledge::{Knowledge, Lang};
use crate::step::{NextStep, next_step};

/// The version of the report format that this crate writes.
pub const SCHEMA: &str = "naosu.report/1";

/// Evidence, diagnosis and next step of one run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// The account that was asked about.
    pub account: Account,
    /// What was seen.
    pub evidence: Evidence,
    /// What follows.
    pub diagnosis: Diagnosis,
    /// What to do next; nothing when all is well and no trouble was named.
    pub next: Option<NextStep>,
    /// Where the time of the run went.
    pub timing: Timing,
}

/// The account that was asked about.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Account {
    /// The mail address, where one was given.
    pub address: Option<String>,
    /// The service, an id of the taxonomy.
    pub service: String,
}

/// Where the time of a run went.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Timing {
    /// The whole run, in milliseconds.
    pub total_ms: u64,
    /// The chain of observations that waited for each other and ended last, from the first to the last.
    pub critical_path: Vec<ObservationId>,
    /// How long that chain took, in milliseconds.
    pub critical_path_ms: u64,
}

/// Makes the report of a run, from its evidence alone: the same evidence gives the same report.
pub fn report(knowledge: &Knowledge, evidence: Evidence, lang: Lang) -> Report {
    let diagnosis = diagnose(knowledge, &evidence);
    let next = next_step(knowledge, &evidence, &diagnosis, lang);
    let timing = timing(&evidence);
    let service = evidence.request.service.clone().unwrap_or_else(|| "unknown".to_owned());
    let account = Account { address: evidence.request.address.clone(), service };
    Report { schema: SCHEMA.to_owned(), account, evidence, diagnosis, next, timing }
}

/// From the observation that ended last back along what it had to wait for, each time the one that ended last.
fn timing(evidence: &Evidence) -> Timing {
    let all = &evidence.observations;
    let end = |index: usize| all[index].started_ms.saturating_add(all[index].elapsed_ms);
    let mut chain: Vec<usize> = Vec::new();
    let mut next = (0..all.len()).filter(|index| all[*index].elapsed_ms > 0).max_by_key(|index| end(*index));
    while let Some(index) = next {
        chain.push(index);
        next = all[index]
            .after
            .iter()
            .filter_map(|id| all.iter().position(|observation| observation.id == *id))
            .filter(|before| !chain.contains(before))
            .max_by_key(|before| end(*before));
    }
    chain.reverse();
    let critical_path_ms = match (chain.first(), chain.last()) {
        (Some(first), Some(last)) => end(*last).saturating_sub(all[*first].started_ms),
        _ => 0,
    };
    let critical_path = chain.into_iter().map(|index| all[index].id.clone()).collect();
    Timing { total_ms: evidence.elapsed_ms, critical_path, critical_path_ms }
}
