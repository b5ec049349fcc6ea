//! What to ask a person where no probe can see: `knowledge/questions/`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Text;
use super::situation::Only;

/// A question with its closed answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// How many minutes it takes to answer.
    pub minutes: f64,
    /// Where it makes sense to ask.
    #[serde(default)]
    pub only: Only,
    /// The beginnings of observations, `variable=outcome`, that tell it already: what was measured is not asked. Nor is what
    /// the words say: `said=topic.phrase`, `said=message` where they quote a known message, `symptom=id` where they say
    /// plainly which trouble it is.
    #[serde(default)]
    pub measured_by: Vec<String>,
    /// The rows of `coverage.tsv` that it serves.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// When they were last looked at, `YYYY-MM`.
    pub checked: String,
    /// The question.
    pub text: Text,
    /// Why it is asked.
    pub why: Text,
    /// The answers, one of them `unknown`.
    pub options: Vec<Choice>,
}

/// One answer to a question.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Unique within the question.
    pub id: String,
    /// P(this answer | a cause that no option names); the options of a question sum to 1.
    pub usual: f64,
    /// The answer.
    pub text: Text,
    /// By cause, how many times more (or less) often than usual this answer is given, before the answers with that cause
    /// are brought to 1 again.
    #[serde(default)]
    pub ratios: BTreeMap<String, f64>,
}

/// No single answer may count for more than this: people err, and one slip must not rule a cause out.
pub const STRONGEST_RATIO: f64 = 30.0;

impl Question {
    /// Whether what was measured tells it already.
    pub fn is_measured(&self, seen: &BTreeSet<String>) -> bool {
        self.measured_by.iter().any(|beginning| seen.iter().any(|one| one.starts_with(beginning)))
    }

    /// P(answer | cause) for each option in order: the ratios applied to what is usual, summing to 1.
    pub fn likelihoods(&self, cause: &str) -> Vec<f64> {
        let weights: Vec<f64> = self
            .options
            .iter()
            .map(|option| option.usual * option.ratios.get(cause).copied().unwrap_or(1.0))
            .collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likelihoods_sum_to_one_and_follow_the_ratios() {
        let question: Question = toml::from_str(
            r#"
            minutes = 0.3
            sources = ["s"]
            checked = "2026-11"
            text = { en = "Q", ja = "問" }
            why = { en = "W", ja = "訳" }
            [[options]]
            id = "yes"
            usual = 0.2
            text = { en = "Yes", ja = "はい" }
            ratios = { keychain_corrupt = 10.0 }
            [[options]]
            id = "no"
            usual = 0.7
            text = { en = "No", ja = "いいえ" }
            [[options]]
            id = "unknown"
            usual = 0.1
            text = { en = "I don't know", ja = "わからない" }
            "#,
        )
        .unwrap();
        let usual = question.likelihoods("cert_expired");
        assert!(usual.iter().zip([0.2, 0.7, 0.1]).all(|(is, should)| (is - should).abs() < 1e-12));
        let likelihoods = question.likelihoods("keychain_corrupt");
        assert!((likelihoods.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((likelihoods[0] - 2.0 / 2.8).abs() < 1e-12);
    }
}
