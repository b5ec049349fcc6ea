//! Why mail or an account stopped working, and what fixes it: `knowledge/causes/`.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Text;
use super::situation::Only;

/// What we believe about one cause of the taxonomy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// How many of 1000 troubles of people at home it is; the file's comment gives the reasoning.
    pub prior: f64,
    /// Where it can occur at all.
    #[serde(default)]
    pub only: Only,
    /// Whether it usually heals without anybody doing anything.
    pub heals_by_waiting: bool,
    /// The rows of `coverage.tsv` that it serves.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// When they were last looked at, `YYYY-MM`.
    pub checked: String,
    /// What it is, whether it is the person's fault, and what heals it.
    pub explanation: Text,
    /// What would show that it is not this.
    #[serde(default)]
    pub not_this: Vec<Text>,
    /// What fixes it, in no particular order.
    pub fixes: Vec<Fix>,
}

/// That an action fixes a cause.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// The action.
    pub action: String,
    /// P(the action heals this cause when it is proposed): carried out rightly × prerequisites met × fixes.
    pub probability: f64,
    /// Observations (`variable=outcome`) of which one must have been made, where anything was measured.
    #[serde(default)]
    pub when: Vec<String>,
    /// Observations of which none may have been made.
    #[serde(default)]
    pub unless: Vec<String>,
}

impl Fix {
    /// Whether it can help in view of what was measured.
    pub fn admits(&self, seen: &BTreeSet<String>) -> bool {
        let any = |list: &[String]| list.iter().any(|observation| seen.contains(observation));
        seen.is_empty() || ((self.when.is_empty() || any(&self.when)) && !any(&self.unless))
    }
}
