//! What mail programs and systems say: `knowledge/client_errors/<client>.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Forms, Text};

/// The messages of one client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientErrors {
    /// What the client is called.
    pub name: Text,
    /// The client of the taxonomy, where the messages give it away.
    pub client: Option<String>,
    /// The service of the taxonomy, where the messages give it away.
    pub service: Option<String>,
    /// The device of the taxonomy, where the messages give it away.
    pub device: Option<String>,
    /// Where the texts were seen, unless a message says otherwise.
    #[serde(default)]
    pub source: Vec<String>,
    /// Whether the texts were seen in that source.
    #[serde(default)]
    pub verified: bool,
    /// When the texts were last looked at, `YYYY-MM`.
    pub checked: Option<String>,
    /// Named sets of forms, used in the patterns of this file as `<name>`.
    #[serde(default)]
    pub words: BTreeMap<String, Forms>,
    /// The messages.
    pub message: Vec<KnownMessage>,
}

/// One message: the same thing said in both languages.
///
/// `%@`, `%S`, `%s`, `%d`, `%1$S`, `...` stand for anything.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownMessage {
    /// Unique in its file; the client's own key or symbol where it has one.
    pub id: String,
    /// Its English texts.
    #[serde(default)]
    pub en: Vec<String>,
    /// Its Japanese texts.
    #[serde(default)]
    pub ja: Vec<String>,
    /// Patterns, written as those of a phrase, that tell it where no known message is quoted.
    #[serde(default)]
    pub pattern: Vec<String>,
    /// Codes shown with it or instead of it.
    #[serde(default)]
    pub code: Vec<String>,
    /// Its symbol in the client's source.
    pub symbol: Option<String>,
    /// What the person who sees it has.
    pub symptom: String,
    /// How likely it speaks of which cause; the rest is something else.
    #[serde(default)]
    pub means: BTreeMap<String, f64>,
    /// Anything a reader should know.
    pub note: Option<String>,
    /// Where the texts were seen.
    #[serde(default)]
    pub source: Vec<String>,
    /// Whether the texts were seen in the source.
    #[serde(default)]
    pub verified: bool,
    /// Rows of the coverage table it serves.
    #[serde(default)]
    pub covers: Vec<String>,
}
