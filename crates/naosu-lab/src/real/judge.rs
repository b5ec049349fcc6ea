//! Runs `naosu` in a world and compares what it says with what the scenario expects.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use naosu_lab::scenario::Verdict;
use serde::Deserialize;
use serde_json::Value;

use crate::real::scenario::{PASSWORD, Scenario};
use crate::real::stopped;
use crate::real::world::World;

/// The run's own deadline is 15 s by default; this is what it may never exceed.
const LIMIT: Duration = Duration::from_secs(40);

/// What came out of one run.
pub(crate) struct Outcome {
    /// Verdict and first cause are the expected ones, the exit status fits and no secret leaked.
    pub(crate) right: bool,
    /// Verdict, causes and times in one line.
    pub(crate) said: String,
    /// The diagnosis as it goes into the golden.
    pub(crate) diagnosis: String,
}

#[derive(Deserialize)]
struct Report {
    diagnosis: Value,
}

#[derive(Deserialize)]
struct Diagnosis {
    verdict: Verdict,
    #[serde(default)]
    causes: Vec<Cause>,
}

#[derive(Deserialize)]
struct Cause {
    id: String,
    probability: f64,
}

/// Runs `naosu check` once.
pub(crate) fn judge(scenario: &Scenario, world: &World, naosu: &Path) -> Result<Outcome> {
    let w = world.directory();
    let begun = Instant::now();
    let mut child = world
        .check(naosu, scenario)
        .stdin(Stdio::null())
        .stdout(File::create(w.join("report.json"))?)
        .stderr(File::create(w.join("stderr"))?)
        .spawn()
        .context("start naosu")?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if stopped() || begun.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            bail!("naosu did not end within {} s", LIMIT.as_secs());
        }
        thread::sleep(Duration::from_millis(10));
    };
    let elapsed = begun.elapsed();
    let text = fs::read_to_string(w.join("report.json"))?;
    let stderr = fs::read_to_string(w.join("stderr"))?;
    let Ok(report) = serde_json::from_str::<Report>(&text) else {
        bail!("no report ({status}): {}", stderr.trim());
    };
    let diagnosis: Diagnosis = serde_json::from_value(report.diagnosis.clone())?;
    let evidence =
        fs::read_to_string(w.join("evidence.json")).context("read the evidence that naosu wrote")?;

    let mut faults = Vec::new();
    for secret in [Some(PASSWORD), scenario.check.password.as_deref()].into_iter().flatten() {
        if [&text, &stderr, &evidence].iter().any(|output| output.contains(secret)) {
            faults.push("a password leaked".to_owned());
        }
    }
    faults.extend(status_fault(diagnosis.verdict, status));
    let attempts = refused_sign_ins(w);
    if attempts > 1 {
        faults.push(format!("{attempts} refused sign-ins for one protocol"));
    }
    let first = diagnosis.causes.first().map(|cause| cause.id.as_str());
    let expect = &scenario.expect;
    let mut fitting = expect.cause.iter().chain(&expect.also).map(String::as_str);
    let cause_fits = expect.cause.is_none() || fitting.any(|cause| Some(cause) == first);
    let right = expect.verdict == diagnosis.verdict && cause_fits && faults.is_empty();
    let causes: Vec<String> = diagnosis
        .causes
        .iter()
        .take(if right { 1 } else { 3 })
        .map(|cause| format!("{} {:.2}", cause.id, cause.probability))
        .collect();
    let mut said = format!("{} {}", word(diagnosis.verdict), causes.join(", "));
    for fault in faults {
        let _ = write!(said, "; {fault}");
    }
    let _ = write!(said, " ({:.1} s)", elapsed.as_secs_f64());
    let diagnosis = serde_json::to_string_pretty(&report.diagnosis)? + "\n";
    Ok(Outcome { right, said, diagnosis })
}

/// The verdict as it is written in the report.
pub(crate) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::CauseFound => "cause_found",
        Verdict::Healthy => "healthy",
        Verdict::Inconclusive => "inconclusive",
    }
}

fn status_fault(verdict: Verdict, status: ExitStatus) -> Option<String> {
    let expected = match verdict {
        Verdict::Healthy => 0,
        Verdict::CauseFound => 1,
        Verdict::Inconclusive => 3,
    };
    (status.code() != Some(expected)).then(|| format!("{status} where {expected} fits the verdict"))
}

/// The most refused sign-ins that Dovecot's log counts for one protocol.
fn refused_sign_ins(w: &Path) -> usize {
    let log = fs::read_to_string(w.join("dovecot.log")).unwrap_or_default();
    ["imap-login: ", "pop3-login: "]
        .iter()
        .map(|protocol| {
            log.lines()
                .filter(|line| line.contains(protocol))
                .filter_map(|line| line.split_once("auth failed, ")?.1.split_once(" attempts"))
                .filter_map(|(count, _)| count.parse::<usize>().ok())
                .sum()
        })
        .max()
        .unwrap_or_default()
}
