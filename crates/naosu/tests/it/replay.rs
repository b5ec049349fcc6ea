//! `naosu diagnose`: the same bytes from the same evidence.

use std::path::Path;

use serde_json::{Value, json};

use crate::run::{naosu, naosu_with_input};
use crate::schema;

/// A run that met an expired certificate while everything around was well.
fn evidence() -> Value {
    json!({
        "schema": "naosu.evidence/1",
        "request": {"address": "hanako@example.jp", "sign_in": "password", "named": ["imap"]},
        "started": "2026-11-22T03:00:00Z",
        "elapsed_ms": 120,
        "observations": [
            {"id": "o1", "variable": "connectivity", "outcome": "online", "subject": "ipv4",
             "detail": {"rtt_ms": 12}, "started_ms": 0, "elapsed_ms": 24},
            {"id": "o2", "variable": "clock", "outcome": "accurate", "subject": "clock",
             "detail": {"offset_s": 0.02}, "started_ms": 1, "elapsed_ms": 30},
            {"id": "o3", "variable": "dns", "outcome": "answer", "subject": "imap.example.jp A",
             "detail": {"answers": "203.0.113.7"}, "started_ms": 1, "elapsed_ms": 9},
            {"id": "o4", "variable": "tcp", "outcome": "connected", "subject": "203.0.113.7:993",
             "started_ms": 10, "elapsed_ms": 11, "after": ["o3"]},
            {"id": "o5", "variable": "tls", "outcome": "cert_expired", "subject": "imap.example.jp:993",
             "detail": {"not_after": "2026-11-20T00:00:00Z"}, "started_ms": 21, "elapsed_ms": 40, "after": ["o4"]},
            {"id": "o6", "variable": "imap", "outcome": "cert_expired", "subject": "imap.example.jp:993",
             "detail": {"not_after": "2026-11-20T00:00:00Z"}, "started_ms": 61, "elapsed_ms": 1, "after": ["o5"]},
        ],
    })
}

fn saved(evidence: &Value) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(file.path(), evidence.to_string()).expect("it can be written");
    file
}

fn diagnose(path: &Path, more: &[&str]) -> crate::run::Ran {
    let path = path.to_str().expect("temporary paths are UTF-8");
    naosu(["diagnose", path].iter().chain(more))
}

#[test]
fn the_same_evidence_gives_the_same_bytes() {
    let file = saved(&evidence());
    for more in [&["--json"][..], &["--verbose"], &["--lang", "ja"], &["--lang", "ja", "--json"]] {
        let (once, again) = (diagnose(file.path(), more), diagnose(file.path(), more));
        assert_eq!(once.stderr, "", "{more:?}");
        assert_eq!(once.stdout, again.stdout, "{more:?}");
        assert_eq!(once.status, Some(1), "{more:?}");
    }
}

#[test]
fn a_report_is_evidence_too() {
    let file = saved(&evidence());
    let first = diagnose(file.path(), &["--json"]).stdout;
    let again = naosu_with_input(["diagnose", "-", "--json"], &first);
    assert_eq!(first, again.stdout);
}

#[test]
fn the_report_follows_its_schema() {
    let file = saved(&evidence());
    for lang in ["en", "ja"] {
        let report: Value =
            serde_json::from_str(&diagnose(file.path(), &["--json", "--lang", lang]).stdout).unwrap();
        schema::report(&report);
        assert_eq!(report["evidence"], evidence());
        assert_eq!(report["diagnosis"]["causes"][0]["id"], "cert_expired");
        assert!(report["diagnosis"]["causes"][0]["for"].as_array().unwrap().contains(&json!("o6")));
        assert_eq!(report["timing"]["critical_path"], json!(["o3", "o4", "o5", "o6"]));
    }
}

#[test]
fn the_text_names_the_cause_in_the_language_asked_for() {
    let file = saved(&evidence());
    let english = diagnose(file.path(), &["--lang", "en", "--color", "never"]).stdout;
    let japanese = diagnose(file.path(), &["--lang", "ja", "--color", "never"]).stdout;
    assert!(english.contains("imap.example.jp:993") && english.contains("certificate"), "{english}");
    assert!(japanese.contains("imap.example.jp:993") && japanese.contains("証明書"), "{japanese}");
    assert!(!english.contains('\u{1b}') && !japanese.contains('\u{1b}'), "no colours were asked for");
}

#[test]
fn colours_only_where_they_are_asked_for() {
    let file = saved(&evidence());
    assert!(diagnose(file.path(), &["--color", "always"]).stdout.contains('\u{1b}'));
    assert!(!diagnose(file.path(), &[]).stdout.contains('\u{1b}'), "standard output is no terminal here");
}

/// Where everything works, "it lies where this does not look" is said to those who name a trouble, and a step follows.
#[test]
fn what_lies_elsewhere_is_said_with_its_next_step_only() {
    let mut well = evidence();
    for (at, outcome) in [(4, "ok"), (5, "ok")] {
        well["observations"][at]["outcome"] = json!(outcome);
        well["observations"][at]["detail"] = json!({});
    }
    for (words, trouble) in [("my iPhone cannot receive mail", true), ("good morning", false)] {
        well["request"]["words"] = json!(words);
        let told = diagnose(saved(&well).path(), &["--lang", "en"]);
        assert_eq!(told.status, Some(0), "{}", told.stdout);
        assert!(told.stdout.contains("works"), "{}", told.stdout);
        assert_eq!(told.stdout.contains("where this does not look"), trouble, "{}", told.stdout);
        assert_eq!(told.stdout.contains("\nNext"), trouble, "{}", told.stdout);
    }
}

#[test]
fn evidence_without_observations_decides_nothing() {
    let mut nothing = evidence();
    nothing["observations"] = json!([]);
    let ran = diagnose(saved(&nothing).path(), &["--json"]);
    assert_eq!(ran.status, Some(3));
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    schema::report(&report);
    assert_eq!(report["diagnosis"]["verdict"], "inconclusive");
}

#[test]
fn hostile_evidence_is_read_without_harm() {
    let mut hostile = evidence();
    let observations = hostile["observations"].as_array_mut().unwrap();
    // waits for itself, for what does not exist, and for a ring; unknown variables; numbers at the end of their range
    observations[0]["after"] = json!(["o1", "o99", "o6"]);
    observations[1]["variable"] = json!("no_such_variable");
    observations[2]["subject"] = json!("\u{1b}[31m\u{0}\u{202e}::::");
    observations[3]["started_ms"] = json!(u64::MAX);
    observations[4]["detail"] = json!({"not_after": [[[]]], "names": {"a": null}});
    let file = saved(&hostile);
    for more in [&["--json"][..], &["--verbose"], &["--verbose", "--lang", "ja"]] {
        let ran = diagnose(file.path(), more);
        assert!(matches!(ran.status, Some(0 | 1 | 3)), "{more:?}: {:?} {}", ran.status, ran.stderr);
        assert!(
            !ran.stdout.contains('\u{1b}'),
            "{more:?}: control characters reach the terminal: {:?}",
            ran.stdout
        );
    }
}

/// The evidence that was saved from real servers.
#[test]
fn every_saved_case_follows_the_schema_and_repeats() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    for entry in std::fs::read_dir(scenarios).unwrap() {
        let path = entry.unwrap().path().join("evidence.json");
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        schema::evidence(&serde_json::from_str(&text).unwrap());
        let (once, again) = (diagnose(&path, &["--json"]), diagnose(&path, &["--json"]));
        assert_eq!(once.stdout, again.stdout, "{}", path.display());
        schema::report(&serde_json::from_str(&once.stdout).unwrap());
    }
}
