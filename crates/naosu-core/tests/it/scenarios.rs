//! The evidence saved in `scenarios/`, diagnosed again without any network.
//!
//! With `NAOSU_BLESS=1` in the environment the saved diagnoses are written anew instead of compared. The expectation of
//! each scenario is held either way.

#![expect(
    clippy::disallowed_methods,
    reason = "the test reads the saved cases; the core still reads no files"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use naosu_core::diagnosis::{Verdict, diagnose};
use naosu_core::evidence::Evidence;
use naosu_core::knowledge::{Knowledge, embedded};
use serde::Deserialize;
use serde_json::Value;

/// What this test reads of a `fault.toml`.
#[derive(Deserialize)]
struct Fault {
    expect: Expect,
}

#[derive(Deserialize)]
struct Expect {
    verdict: Verdict,
    cause: Option<String>,
    #[serde(default)]
    also: Vec<String>,
}

#[test]
fn saved_evidence_gives_the_saved_and_the_expected_diagnosis() {
    let bless = std::env::var_os("NAOSU_BLESS").is_some();
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let (mut wrong, mut diagnosed) = (Vec::new(), 0);
    for folder in folders() {
        let Ok(saved) = fs::read_to_string(folder.join("evidence.json")) else { continue };
        let name = name(&folder);
        let evidence: Evidence =
            serde_json::from_str(&saved).unwrap_or_else(|error| panic!("{name}: {error}"));
        let diagnosis = diagnose(&knowledge, &evidence);
        let first = diagnosis.causes.first().map(|cause| cause.id.clone());
        let Expect { verdict, cause, also } = fault(&folder).expect;
        let fits = cause.is_none() || cause.iter().chain(&also).any(|cause| first.as_ref() == Some(cause));
        if diagnosis.verdict != verdict || !fits {
            let found = diagnosis.verdict;
            wrong.push(format!("{name}: {found:?} with {first:?} first, not {verdict:?} with {cause:?}"));
        }
        let value = serde_json::to_value(&diagnosis).unwrap();
        let golden = folder.join("diagnosis.json");
        let before =
            fs::read_to_string(&golden).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
        if bless && before.as_ref() != Some(&value) {
            fs::write(golden, serde_json::to_string_pretty(&value).unwrap() + "\n").unwrap();
        } else if before.as_ref() != Some(&value) {
            wrong.push(format!("{name}: not as in diagnosis.json: {value}"));
        }
        diagnosed += 1;
    }
    assert!(diagnosed >= 45, "only {diagnosed} saved cases");
    assert!(
        wrong.is_empty(),
        "{} of {diagnosed} (NAOSU_BLESS=1 accepts new diagnoses that fit):\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_diagnosis_that_is_saved_has_its_evidence() {
    for folder in folders() {
        let (evidence, diagnosis) = (folder.join("evidence.json"), folder.join("diagnosis.json"));
        assert_eq!(evidence.exists(), diagnosis.exists(), "{}", name(&folder));
    }
}

#[test]
fn every_cause_that_a_machine_can_prove_wins_in_some_scenario() {
    let taxonomy: toml::Table =
        fs::read_to_string(root().join("knowledge/taxonomy.toml")).unwrap().parse().unwrap();
    let machine = |cause: &toml::Value| cause.get("machine").and_then(toml::Value::as_str) == Some("yes");
    let provable: BTreeSet<&str> = taxonomy["cause"]
        .as_table()
        .unwrap()
        .iter()
        .filter(|(_, cause)| machine(cause))
        .map(|(id, _)| id.as_str())
        .collect();
    assert!(provable.len() >= 25, "{} causes", provable.len());
    let proven: BTreeSet<String> = folders().iter().filter_map(|folder| fault(folder).expect.cause).collect();
    let without: Vec<&str> = provable.into_iter().filter(|cause| !proven.contains(*cause)).collect();
    assert!(without.is_empty(), "no scenario expects {without:?}");
}

/// The folders of all scenarios, sorted.
fn folders() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("scenarios")).unwrap();
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// What a scenario expects; a folder without it is no scenario.
fn fault(folder: &Path) -> Fault {
    let text = fs::read_to_string(folder.join("fault.toml"))
        .unwrap_or_else(|error| panic!("{}: fault.toml: {error}", name(folder)));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", name(folder)))
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
