//! What evidence speaks for which cause: `knowledge/signatures/`.
//!
//! A file is a *group* of evidence that is counted once: its signatures are tried in order, and only the first that
//! matches speaks (later stages are conditioned on earlier ones).
//! The likelihoods are P(this signature | cause); causes that are not named have `rest`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A group of signatures, of which at most one speaks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureGroup {
    /// What the group is matched against.
    pub scope: Scope,
    /// The signatures in the order in which they are tried.
    pub signature: Vec<Signature>,
}

/// What a group of signatures is matched against.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Once, against the whole run.
    Run,
    /// Against each mail endpoint (`imap`, `pop`, `smtp`) on its own.
    Mail,
    /// Against each endpoint of Apple's services on its own.
    Apple,
}

/// One pattern of facts and how likely each cause makes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Unique in the whole knowledge.
    pub id: String,
    /// Facts `variable=outcome` (or `variable=one|other`) that must all hold.
    #[serde(default)]
    pub all: Vec<String>,
    /// Facts of which at least one must hold; empty asks for nothing.
    #[serde(default)]
    pub any: Vec<String>,
    /// Facts of which none may hold.
    #[serde(default)]
    pub none: Vec<String>,
    /// P(signature | cause) in (0, 1] for the causes that make it likely or unlikely.
    #[serde(default)]
    pub likelihood: BTreeMap<String, f64>,
    /// Where the reply of the server names the causes: the likelihoods of its first, second, … meaning.
    #[serde(default)]
    pub reply: Vec<f64>,
    /// P(signature | any cause that is not named).
    pub rest: f64,
    /// P(signature | a cause that we do not know); `rest` when absent.
    pub other: Option<f64>,
    /// P(signature | nothing is wrong); when absent `rest` for the run's groups, and next to nothing for an endpoint's.
    pub healthy: Option<f64>,
}

/// Pairs of causes that occur together: `knowledge/pairs.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pairs {
    /// The pairs.
    pub pair: Vec<Pair>,
}

/// Two causes that occur together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Both causes.
    pub causes: [String; 2],
    /// How often, per 1000 troubles.
    pub prior: f64,
    /// How that comes about.
    pub why: String,
}
