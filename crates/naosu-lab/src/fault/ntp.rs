//! Time servers.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Reach;

/// A time server.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ntp {
    /// Where it listens.
    pub address: Option<IpAddr>,
    /// How it can be reached.
    pub reach: Option<Reach>,
    /// What it answers.
    pub behaviour: NtpBehaviour,
    /// How far this server alone is ahead of the world's time, in seconds.
    pub ahead_seconds: f64,
    /// Held back before each answer, in milliseconds.
    pub delay_ms: u64,
}

/// What a time server answers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NtpBehaviour {
    /// The time.
    #[default]
    Answer,
    /// Random bytes.
    Garbage,
    /// Kiss-o'-death DENY (RFC 5905 7.4).
    KissDeny,
    /// Kiss-o'-death RATE (RFC 5905 7.4).
    KissRate,
    /// An answer to another request (wrong origin timestamp).
    WrongOrigin,
    /// The time, cut off after 20 bytes.
    Short,
    /// A time it says itself not to be sure of (leap indicator 3, stratum 16).
    Unsynchronised,
}
