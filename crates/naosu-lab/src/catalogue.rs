//! The scenarios of the repository, embedded so that they can be played from the binary alone.

use include_dir::{Dir, include_dir};

use crate::scenario::{Scenario, ScenarioError};

static SCENARIOS: Dir<'_> = include_dir!("$OUT_DIR/scenarios");

/// The names of all scenarios, sorted.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = SCENARIOS
        .dirs()
        .filter(|folder| folder.contains(folder.path().join("fault.toml")))
        .filter_map(|folder| folder.path().to_str())
        .collect();
    names.sort_unstable();
    names
}

/// The names of the scenarios that can be played in this process, sorted.
pub fn in_process() -> Vec<&'static str> {
    names()
        .into_iter()
        .filter(|name| matches!(load(name), Some(Ok(scenario)) if scenario.process.is_some()))
        .collect()
}

/// The text of a scenario's `fault.toml`.
pub fn text(name: &str) -> Option<&'static str> {
    SCENARIOS.get_file(format!("{name}/fault.toml"))?.contents_utf8()
}

/// A scenario by its name; none when there is no such.
pub fn load(name: &str) -> Option<Result<Scenario, ScenarioError>> {
    text(name).map(Scenario::load)
}
