//! How people say it: `knowledge/phrases/<topic>.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The phrases of one topic, with the words they are made of.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// What the file is about, for its readers.
    #[serde(default)]
    pub about: String,
    /// Named sets of forms, used in patterns of every file as `<name>`.
    #[serde(default)]
    pub words: BTreeMap<String, Forms>,
    /// The phrases.
    #[serde(default)]
    pub phrase: Vec<Phrase>,
    /// What follows from the recognised service, device or client.
    #[serde(default)]
    pub context: Vec<Context>,
}

/// Forms of one word, or patterns of one phrase, in both languages.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forms {
    /// English.
    #[serde(default)]
    pub en: Vec<String>,
    /// Japanese.
    #[serde(default)]
    pub ja: Vec<String>,
}

/// One thing a person may say, and what it speaks for.
///
/// A pattern is made of literal pieces (normalised as the text is), `<word>` references, `..` (a gap inside one
/// sentence), `~` (a short gap) and `&` (both sides, anywhere in the text). An English piece matches whole words; `*` at its end lets the
/// word go on. Weights are natural logarithms of likelihood ratios.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrase {
    /// Unique in its file.
    pub id: String,
    /// Only in texts of this language, `en` or `ja`.
    pub lang: Option<String>,
    /// English patterns.
    #[serde(default)]
    pub en: Vec<String>,
    /// Japanese patterns.
    #[serde(default)]
    pub ja: Vec<String>,
    /// Patterns (either language) that take the phrase back when they match in the text.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Whether "no", "not", ではない beside it take it back.
    #[serde(default)]
    pub negatable: bool,
    /// Phrases of one group tell the same thing: for each target only the strongest counts.
    pub group: Option<String>,
    /// Weights for symptoms.
    #[serde(default)]
    pub symptom: BTreeMap<String, f64>,
    /// Weights for causes.
    #[serde(default)]
    pub cause: BTreeMap<String, f64>,
    /// Symptoms and causes that who says it rules out, whatever other words sound like.
    #[serde(default)]
    pub denies: Vec<String>,
    /// Actions that were carried out and did not help.
    #[serde(default)]
    pub tried: Vec<String>,
    /// Weights for services.
    #[serde(default)]
    pub service: BTreeMap<String, f64>,
    /// Weights for devices.
    #[serde(default)]
    pub device: BTreeMap<String, f64>,
    /// Weights for clients.
    #[serde(default)]
    pub client: BTreeMap<String, f64>,
    /// Circumstances it states.
    #[serde(default)]
    pub sets: BTreeMap<String, String>,
}

/// What follows from a recognised service, device, client or circumstance (all of the given ones must hold).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// Any of these services.
    #[serde(default)]
    pub service: Vec<String>,
    /// Any of these devices.
    #[serde(default)]
    pub device: Vec<String>,
    /// Any of these clients.
    #[serde(default)]
    pub client: Vec<String>,
    /// All of these circumstances.
    #[serde(default)]
    pub circumstance: BTreeMap<String, String>,
    /// Only as far as this symptom is likely.
    pub given: Option<String>,
    /// Weights for symptoms.
    #[serde(default)]
    pub symptom: BTreeMap<String, f64>,
    /// Weights for causes.
    #[serde(default)]
    pub cause: BTreeMap<String, f64>,
}
