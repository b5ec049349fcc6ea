//! The file format of a scenario, shared by in-process worlds and worlds of real servers.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::fault::Process;

/// One scenario: a world, how Naosu is called in it, and what it must find.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What is broken, in a few words; shown after the user has guessed.
    pub title: Title,
    /// What Naosu must find.
    pub expect: Expect,
    /// How `naosu check` is called.
    #[serde(default)]
    pub check: Check,
    /// The in-process world, if this scenario has one.
    pub process: Option<Process>,
    /// The world of real servers, if this scenario has one.
    pub real: Option<toml::Table>,
}

impl Scenario {
    /// Reads and checks the text of a `fault.toml`.
    ///
    /// Fails on unknown or missing keys, on a scenario without a world, and on an expectation that contradicts itself.
    pub fn load(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text)?;
        if scenario.process.is_none() && scenario.real.is_none() {
            return Err(ScenarioError::NoWorld);
        }
        if (scenario.expect.verdict == Verdict::CauseFound) != scenario.expect.cause.is_some() {
            return Err(ScenarioError::CauseWithoutVerdict);
        }
        if scenario.expect.cause.is_none() && !scenario.expect.also.is_empty() {
            return Err(ScenarioError::AlternativeWithoutCause);
        }
        Ok(scenario)
    }
}

/// What is broken, in both languages.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// English.
    pub en: String,
    /// Japanese.
    pub ja: String,
}

/// What Naosu must find.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The verdict of the report.
    pub verdict: Verdict,
    /// The id of the first cause; given exactly when the verdict is `cause_found`.
    pub cause: Option<String>,
    /// Other cause ids that would be as right in this world.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
}

/// The verdict of a report, as in its JSON.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// At least one cause is probable enough to name.
    CauseFound,
    /// Everything works.
    Healthy,
    /// Something may be wrong, but the evidence does not say what.
    Inconclusive,
}

/// How `naosu check` is called in this world.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Check {
    /// The account's address; empty when the check names only a service.
    pub address: String,
    /// What the user says, handed over as the second argument when not empty.
    pub words: String,
    /// The made-up password the user believes in, handed over with `--password-file`. An empty one in the file means none:
    /// `--no-login` is given.
    #[serde(deserialize_with = "none_when_empty")]
    pub password: Option<String>,
    /// Further arguments. `{imap}` stands for `host:port` of the endpoint called `imap`; `{imap.host}`, `{imap.port}`,
    /// `{imap.address}` (IP address and port) and `{imap.url}` for its parts.
    pub arguments: Vec<String>,
}

impl Default for Check {
    fn default() -> Self {
        Self {
            address: "hanako@example.jp".to_owned(),
            words: String::new(),
            password: Some("sakura-no-hana-7".to_owned()),
            arguments: ["--imap", "{imap}/tls", "--smtp", "{smtp}/starttls"].map(str::to_owned).to_vec(),
        }
    }
}

/// Why a scenario file is not usable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// `also` is given without `cause`.
    #[error("expect.also is given without expect.cause")]
    AlternativeWithoutCause,
    /// `cause` is given with another verdict than `cause_found`, or missing with it.
    #[error("expect.cause must be given exactly when expect.verdict is cause_found")]
    CauseWithoutVerdict,
    /// Neither `[process]` nor `[real]`.
    #[error("the scenario has no world: add [process] or [real]")]
    NoWorld,
    /// The text is not TOML of this shape.
    #[error(transparent)]
    Shape(#[from] toml::de::Error),
}

/// Replaces every `{name}` of `values` in a template; braces that name nothing known stay as they are.
pub fn fill(template: &str, values: &BTreeMap<String, String>) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        let value = from.find('}').and_then(|end| values.get(&from[1..end]).map(|value| (value, end)));
        if let Some((value, end)) = value {
            filled.push_str(value);
            rest = &from[end + 1..];
        } else {
            filled.push('{');
            rest = &from[1..];
        }
    }
    filled.push_str(rest);
    filled
}

fn none_when_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEALTHY: &str = r#"
        title = { en = "All is well", ja = "正常" }
        [expect]
        verdict = "healthy"
        [process]
    "#;

    #[test]
    fn a_scenario_has_healthy_defaults() {
        let scenario = Scenario::load(HEALTHY).unwrap();
        assert_eq!(scenario.check.address, "hanako@example.jp");
        assert_eq!(scenario.check.arguments[1], "{imap}/tls");
        assert!(scenario.process.is_some());
    }

    #[test]
    fn unknown_keys_and_contradictions_are_refused() {
        let misspelt = HEALTHY.replace("[process]", "[process]\nround_tripms = 3");
        assert!(matches!(Scenario::load(&misspelt), Err(ScenarioError::Shape(_))));
        let without_world = HEALTHY.replace("[process]", "");
        assert!(matches!(Scenario::load(&without_world), Err(ScenarioError::NoWorld)));
        let without_cause = HEALTHY.replace("healthy", "cause_found");
        assert!(matches!(Scenario::load(&without_cause), Err(ScenarioError::CauseWithoutVerdict)));
    }

    #[test]
    fn placeholders_are_filled_and_other_braces_stay() {
        let values = BTreeMap::from([("imap".to_owned(), "imap.example.jp:143".to_owned())]);
        assert_eq!(
            fill("{imap}/tls {unknown} {\"a\":{imap}}", &values),
            "imap.example.jp:143/tls {unknown} {\"a\":imap.example.jp:143}"
        );
        assert_eq!(fill("{", &values), "{");
    }
}
