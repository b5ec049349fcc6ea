//! Resolvers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Reach;

/// A resolver.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dns {
    /// Where it listens.
    pub address: Option<IpAddr>,
    /// How it can be reached, over UDP and TCP.
    pub reach: Option<Reach>,
    /// What it does with every name that `names` does not mention.
    pub behaviour: DnsBehaviour,
    /// What it does with these names and everything below them.
    pub names: BTreeMap<String, DnsBehaviour>,
    /// Where a hijacked name leads.
    pub hijack_to: IpAddr,
    /// Records beside those of the world: name → type (`A`, `AAAA`, `CNAME`, `MX`, `NS`, `PTR`, `SRV`, `TXT`) → values in
    /// zone-file form. A type given for a name replaces the world's records of that name and type.
    pub records: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Whether the world's mail servers are published as SRV records (RFC 6186, RFC 8314) of the account's domain.
    pub publish: bool,
    /// Held back before each answer, in milliseconds.
    pub delay_ms: u64,
}

impl Default for Dns {
    fn default() -> Self {
        Self {
            address: None,
            reach: None,
            behaviour: DnsBehaviour::Answer,
            names: BTreeMap::new(),
            hijack_to: IpAddr::from([127, 0, 0, 99]),
            records: BTreeMap::new(),
            publish: true,
            delay_ms: 0,
        }
    }
}

/// What a resolver does with a name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsBehaviour {
    /// From its records; names without any do not exist.
    Answer,
    /// Announces 65 535 answers and gives one.
    CountsTooLarge,
    /// No record of any type.
    Empty,
    /// Every name leads to `hijack_to`, those that do not exist too.
    Hijack,
    /// A name in the answer points to itself.
    Loop,
    /// Random bytes.
    Malformed,
    /// The name does not exist.
    Nxdomain,
    /// Refuses to answer.
    Refused,
    /// Fails to find out.
    Servfail,
    /// Says nothing.
    Silent,
    /// Cut off over UDP, whole over TCP.
    Truncated,
    /// Answers with the id of another question.
    WrongId,
}
