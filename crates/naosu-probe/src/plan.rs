//! The run: which measurement waits for which, under one deadline.
//!
//! ```text
//! vantage ──────────────► proxies
//! connectivity ─► clock
//! resolvers' honesty
//! published settings ─► servers ─► name ─► TCP ─► TLS ─► dialog ─► other ports, loss   (each server on its own)
//! domain records · provider status · Apple's hosts
//! ```
//!
//! Everything in one column goes on side by side; a run takes its longest chain of round trips, not their sum.

use std::collections::BTreeMap;
use std::time::Duration;

use naosu_core::evidence::{Evidence, Request, SCHEMA};
use naosu_core::knowledge::{Knowledge, Protocol, Security};
use url::Url;

use crate::deadline::Deadline;
use crate::dns::Names;
use crate::recorder::Recorder;
use crate::secret::Secret;
use crate::tls::Trust;

/// What to measure, and with what.
pub struct Order {
    /// What was asked for; becomes part of the evidence.
    pub request: Request,
    /// The servers that were named; they replace what would be discovered.
    pub servers: Vec<Server>,
    /// What to sign in with.
    pub credential: Option<Credential>,
    /// How names are resolved.
    pub names: Names,
    /// Which certificates are trusted.
    pub trust: Trust,
    /// The time servers that replace the built-in ones: name and port.
    pub ntp: Vec<(String, u16)>,
    /// The pages that replace the built-in ones for testing the way out.
    pub connectivity: Vec<Url>,
    /// Status pages that replace the built-in ones, by service.
    pub status: BTreeMap<String, Url>,
    /// Whether to send a test message to oneself.
    pub send_test: bool,
    /// How long the whole run may take.
    pub deadline: Duration,
}

/// A mail server and how to talk to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Server {
    /// The protocol it is to speak.
    pub protocol: Protocol,
    /// Its name or address.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
}

/// What to sign in with.
pub enum Credential {
    /// A password.
    Password(Secret),
    /// An OAuth 2.0 access token.
    Token(Secret),
}

/// What is kept back from the deadline for diagnosis and output.
const RESERVE: Duration = Duration::from_millis(150);
