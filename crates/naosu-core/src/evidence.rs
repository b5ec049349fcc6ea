//! What was seen: observations, raw and complete, and what was asked for.
//!
//! Nothing in here is an opinion. An observation is one *variable* with one of its closed *outcomes*
//! (`knowledge/variables/`), the *subject* it is about, and details. What a network or a server did is data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the evidence format that this crate writes.
pub const SCHEMA: &str = "naosu.evidence/1";

/// All observations of one run, and what was asked for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// [`SCHEMA`].
    pub schema: String,
    /// What was asked for.
    pub request: Request,
    /// When the run began: RFC 3339 in UTC, to the second, by this device's own clock.
    pub started: String,
    /// How long the run took, in milliseconds.
    pub elapsed_ms: u64,
    /// The observations in the order in which they ended; ids are unique.
    pub observations: Vec<Observation>,
}

/// What was asked for: no secret is ever part of it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// The mail address that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The user's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The service, an id of the taxonomy; `unknown` where neither said nor recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The device with the trouble, an id of the taxonomy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The mail program, an id of the taxonomy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// How the sign-in was to be tried.
    pub sign_in: SignIn,
    /// The sign-in name that was given, where it is not the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Which built-ins were replaced by name: `imap`, `pop`, `smtp`, `resolver`, `ntp`, `connectivity`, `status`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<String>,
}

/// How the sign-in was to be tried.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignIn {
    /// Not at all.
    #[default]
    None,
    /// With a password.
    Password,
    /// With an OAuth 2.0 access token.
    Token,
}

/// The name of one observation within its evidence: `o1`, `o2`, … in the order of their starts.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct ObservationId(pub String);

/// One fact that a probe or an answer gave.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Unique within the evidence.
    pub id: ObservationId,
    /// What was observed, a stem of `knowledge/variables/`.
    pub variable: String,
    /// How it came out, one of the variable's outcomes.
    pub outcome: String,
    /// What it is about: `host:port`, a name, an interface, an address family.
    pub subject: String,
    /// Raw details; texts from outside are cut to a length and freed of control characters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<String, Value>,
    /// When it began, in milliseconds since the start of the run.
    pub started_ms: u64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// The observations that had to end before this one could begin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<ObservationId>,
}

impl Observation {
    /// The detail of that name, where it is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.detail.get(name)?.as_str()
    }

    /// The detail of that name, where it is a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.detail.get(name)?.as_f64()
    }
}
