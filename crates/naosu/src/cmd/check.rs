//! `naosu check`: measure, diagnose, show.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use naosu_core::diagnosis::Verdict;
use naosu_core::evidence::Evidence;
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::report::{Report, report};
use naosu_core::sentence::variable_name;
use naosu_probe::plan::{Order, measure};
use naosu_probe::recorder::Recorder;

use super::case::gauge::Gauge;
use super::order::order;
use crate::cli::{CheckArguments, Color};
use crate::progress::Progress;
use crate::render::page::Page;
use crate::render::text::{Detail, text};
use crate::usage::Mistake;

mod confirm;

/// How the result of a check is shown.
pub(crate) struct View {
    /// As JSON.
    pub(crate) json: bool,
    /// How much of it, for a person.
    pub(crate) detail: Detail,
    /// In colour or not.
    pub(crate) color: Color,
}

/// Measures, diagnoses, and prints the report.
pub(crate) fn run(
    knowledge: &Knowledge,
    arguments: &CheckArguments,
    lang: Lang,
    color: Color,
) -> Result<ExitCode> {
    let mut order = order(knowledge, arguments, lang)?;
    if let Some(file) = &arguments.evidence_out {
        // said before the measuring, which takes a while
        OpenOptions::new().append(true).create(true).open(file).map_err(|error| unwritable(file, &error))?;
    }
    let guided = !arguments.once && !arguments.json && crate::terminal();
    let mut evidence = evidence(knowledge, &order, lang)?;
    let mut arguments = arguments.clone();
    if guided {
        arguments.confirmed = confirm::ask(&evidence, lang)?;
        if !arguments.confirmed.is_empty() {
            order.confirmed.clone_from(&arguments.confirmed);
            evidence = self::evidence(knowledge, &order, lang)?;
        }
    }
    let arguments = &arguments;
    if let Some(file) = &arguments.evidence_out {
        let json = serde_json::to_string_pretty(&evidence).context("write the evidence as JSON")? + "\n";
        std::fs::write(file, json).map_err(|error| unwritable(file, &error))?;
    }
    let report = report(knowledge, evidence, lang);
    let detail = Detail { verbose: arguments.verbose, step: !guided };
    let status = show(knowledge, &report, lang, &View { json: arguments.json, detail, color })?;
    if guided && (report.diagnosis.verdict != Verdict::Healthy || report.next.is_some()) {
        let gauge = Gauge::new(arguments.clone(), order.credential, &report.evidence);
        super::case::guide::after_check(knowledge, report.evidence, gauge, lang, color)?;
    }
    Ok(status)
}

fn unwritable(file: &Path, error: &io::Error) -> anyhow::Error {
    let name = file.display();
    Mistake::error(
        format!("--evidence-out {name}: {error}: name a file that can be written"),
        format!("--evidence-out {name}: 書き込めません({error}): 書き込めるファイルを指定してください"),
    )
}

/// Carries the order out, with its progress on the terminal.
pub(crate) fn evidence(knowledge: &Knowledge, order: &Order, lang: Lang) -> Result<Evidence> {
    let names: BTreeMap<String, String> = knowledge
        .variables
        .keys()
        .map(|id| (id.clone(), variable_name(knowledge, id, lang).to_owned()))
        .collect();
    let progress = Arc::new(Progress::start(names, lang));
    let watcher = Arc::clone(&progress);
    let recorder = Recorder::new(move |event| watcher.on(event));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the probes")?;
    let evidence = runtime.block_on(measure(order, knowledge, recorder));
    // what still waits for a silent network is not waited for
    runtime.shutdown_background();
    progress.end();
    Ok(evidence)
}

/// Prints the report; the exit status is its verdict.
pub(crate) fn show(knowledge: &Knowledge, report: &Report, lang: Lang, view: &View) -> Result<ExitCode> {
    if view.json {
        super::print_data(&(serde_json::to_string(report).context("write the report as JSON")? + "\n"))?;
    } else {
        let page = Page::of_stdout(view.color);
        super::print_on(page, &text(knowledge, report, lang, page, view.detail))?;
    }
    Ok(status(report.diagnosis.verdict))
}

/// Prints what a case measured, without a next step: the case has its own.
pub(crate) fn show_measured(knowledge: &Knowledge, seen: Evidence, lang: Lang, color: Color) -> Result<()> {
    let report = Report { next: None, ..report(knowledge, seen, lang) };
    let detail = Detail { verbose: false, step: false };
    show(knowledge, &report, lang, &View { json: false, detail, color })?;
    Ok(())
}

/// The exit status of a verdict: 0 healthy, 1 a cause was found, 3 inconclusive.
pub(crate) fn status(verdict: Verdict) -> ExitCode {
    ExitCode::from(match verdict {
        Verdict::Healthy => 0,
        Verdict::CauseFound => 1,
        Verdict::Inconclusive => 3,
    })
}
