//! Short answers to what people ask in general: `knowledge/answers/`.

use serde::Deserialize;

use super::Text;
use super::situation::Only;

/// A question that people ask, with its answer and what it leads to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What is asked.
    pub question: Text,
    /// The answer.
    pub answer: Text,
    /// Where it applies.
    #[serde(default)]
    pub only: Only,
    /// The causes to think of, the most likely first.
    #[serde(default)]
    pub causes: Vec<String>,
    /// The actions that help, in the order in which to try them.
    #[serde(default)]
    pub actions: Vec<String>,
    /// The rows of `coverage.tsv` that it serves.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// When they were last looked at, `YYYY-MM`.
    pub checked: String,
}
