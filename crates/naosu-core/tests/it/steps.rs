//! What a decision must not depend on: the order in which things became known.

#![expect(
    clippy::disallowed_methods,
    reason = "the test reads the saved cases; the core still reads no files"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use naosu_core::evidence::Evidence;
use naosu_core::knowledge::{Knowledge, Lang, Risk, embedded};
use naosu_core::step::NextStep;
use naosu_core::step::belief::{Belief, Known};
use naosu_core::step::plan::{Course, fixes, next};

/// The saved evidence, by the name of its world.
fn worlds() -> BTreeMap<String, Evidence> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let evidence = |world: &Path| fs::read_to_string(world.join("evidence.json")).ok();
    let known = |world: std::path::PathBuf| {
        let evidence = serde_json::from_str(&evidence(&world)?).unwrap();
        Some((world.file_name().unwrap().to_string_lossy().into_owned(), evidence))
    };
    entries.filter_map(known).collect()
}

fn decided(knowledge: &Knowledge, known: &Known<'_>) -> (Vec<f64>, Option<NextStep>) {
    let belief = Belief::new(knowledge, known);
    let step = next(knowledge, &belief, &Course::default(), Lang::Ja);
    (belief.weights, step)
}

fn assert_same(name: &str, one: &(Vec<f64>, Option<NextStep>), other: &(Vec<f64>, Option<NextStep>)) {
    for (one, other) in one.0.iter().zip(&other.0) {
        assert!((one - other).abs() <= 1e-9 * one.abs().max(1e-12), "{name}: {one} and {other}");
    }
    assert_eq!(one.1, other.1, "{name}");
}

#[test]
fn the_order_of_the_evidence_does_not_matter() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let worlds = worlds();
    assert!(worlds.len() > 100);
    for (name, evidence) in &worlds {
        let once = decided(&knowledge, &Known { evidence: Some(evidence), ..Known::default() });
        let mut backwards = evidence.clone();
        backwards.observations.reverse();
        let known = Known { evidence: Some(&backwards), ..Known::default() };
        assert_same(name, &once, &decided(&knowledge, &known));
    }
}

#[test]
fn the_order_in_which_actions_failed_does_not_matter() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let ids: Vec<&str> = knowledge.care().actions.keys().map(String::as_str).collect();
    for (at, (name, evidence)) in worlds().iter().enumerate() {
        let failed: Vec<&str> = (0..5).map(|n| ids[(at * 7 + n * 11) % ids.len()]).collect();
        let known = Known { evidence: Some(evidence), failed: failed.clone(), ..Known::default() };
        let one = decided(&knowledge, &known);
        let failed = failed.into_iter().rev().collect();
        let other = decided(&knowledge, &Known { evidence: Some(evidence), failed, ..Known::default() });
        assert_same(name, &one, &other);
    }
}

#[test]
fn what_costs_least_is_offered_first_and_what_loses_data_last() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    for (id, cause) in &knowledge.causes {
        let ranked = fixes(&knowledge, &[(id, 1.0)]);
        assert_eq!(ranked.len(), cause.fixes.len(), "{id}");
        let risky: Vec<bool> = ranked.iter().map(|(_, action)| action.risk >= Risk::LosesData).collect();
        assert!(risky.is_sorted(), "{id}: {risky:?}");
    }
    let first = |id: &str| fixes(&knowledge, &[(id, 1.0)])[0].0.to_owned();
    assert_eq!(first("wrong_password"), "reenter_password");
    assert_eq!(first("app_password_required"), "create_app_password");
    assert_eq!(first("clock_skew"), "set_clock_automatic");
    assert!(fixes(&knowledge, &[("no_such", 1.0)]).is_empty());
}

#[test]
fn a_cause_that_can_be_proven_has_signs_or_a_server_names_it() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    assert!(knowledge.model.signs("cert_expired").contains(&"mail=cert_expired"));
    assert_eq!(knowledge.model.signs("no_such"), [""; 0]);
    for (id, entry) in knowledge.taxonomy.cause.iter().filter(|(_, entry)| entry.machine == "yes") {
        let mut replies = knowledge.replies().groups().flat_map(|(_, group)| &group.reply);
        let named = replies.any(|reply| reply.means.first() == Some(id));
        assert!(named || !knowledge.model.signs(id).is_empty(), "{id} ({})", entry.en);
    }
}
