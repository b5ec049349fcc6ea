//! What the user sees: `knowledge/symptoms/<id>.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Text;

/// One symptom.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Symptom {
    /// Its name.
    pub name: Text,
    /// How often it is the complaint, before a word is read; relative to the others.
    pub prior: f64,
    /// How often which cause is behind it, before a word is read; relative, the rest share a little.
    pub causes: BTreeMap<String, f64>,
    /// Rows of the coverage table it serves.
    #[serde(default)]
    pub covers: Vec<String>,
}
