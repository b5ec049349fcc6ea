//! `naosu case`: one trouble, step by step.

use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Result;
use naosu_core::case::{Case, Event, What};
use naosu_core::evidence::Request;
use naosu_core::knowledge::{Knowledge, Lang};

use crate::cli::CaseArguments;
use crate::usage::Mistake;

mod stdio;

/// Opens a case and goes through it.
pub(crate) fn run(knowledge: &Knowledge, arguments: &CaseArguments, lang: Lang) -> Result<ExitCode> {
    let case = open(knowledge, arguments, lang)?;
    if arguments.stdio {
        return stdio::run(knowledge, case);
    }
    Err(Mistake::error(
        "naosu case: say how: --stdio speaks JSON lines",
        "naosu case: 使い方を指定してください。--stdio でJSONの行をやり取りします",
    ))
}

/// The case as the command line describes it.
fn open(knowledge: &Knowledge, arguments: &CaseArguments, lang: Lang) -> Result<Case> {
    known(knowledge, "device", arguments.device.as_deref())?;
    known(knowledge, "service", arguments.service.as_deref())?;
    known(knowledge, "client", arguments.client.as_deref())?;
    let request = Request {
        words: arguments.text.clone(),
        device: arguments.device.clone(),
        service: arguments.service.clone(),
        client: arguments.client.clone(),
        ..Request::default()
    };
    let evidence = arguments.evidence.as_deref().map(super::diagnose::load).transpose()?;
    let mut case = Case::new(now(), request, lang);
    if let Some(evidence) = evidence {
        case.apply(Event { at: now(), what: What::Measured(Box::new(evidence)) })?;
    }
    Ok(case)
}

/// That a value is one of the taxonomy's.
fn known(knowledge: &Knowledge, list: &str, value: Option<&str>) -> Result<()> {
    let values = knowledge.taxonomy.values.get(list).map_or(&[][..], Vec::as_slice);
    match value {
        Some(value) if !values.iter().any(|known| known == value) => {
            let all = values.join(", ");
            Err(Mistake::error(
                format!("--{list} {value}: not known: use one of {all}"),
                format!("--{list} {value}: 次のどれかを指定してください: {all}"),
            ))
        }
        _ => Ok(()),
    }
}

/// Seconds since 1970 UTC; 0 where the clock says that it is earlier.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
