//! The closed vocabulary: `knowledge/taxonomy.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Ids are stable: reports, tests and data refer to them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taxonomy {
    /// Groups of causes, with a heading.
    pub groups: BTreeMap<String, String>,
    /// The causes.
    pub cause: BTreeMap<String, CauseEntry>,
    /// The symptoms, with a gloss.
    pub symptom: BTreeMap<String, String>,
    /// Closed lists of values: `service`, `device`, `client`, `lang`.
    pub values: BTreeMap<String, Vec<String>>,
}

/// One cause of the taxonomy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CauseEntry {
    /// The group it belongs to.
    pub group: String,
    /// Whether a probe can prove it (`yes`), narrow it (`partly`), or only a person tell (`no`).
    pub machine: String,
    /// Its name in English.
    pub en: String,
    /// Its name in Japanese.
    pub ja: String,
}
