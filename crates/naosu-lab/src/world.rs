//! In-process worlds: all servers of a scenario on loopback, and how Naosu is called in them.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::account::Account;
pub use crate::account::{Heard, SignIn};
use crate::delay::Relay;
use crate::scenario::Scenario;

mod builder;

/// In-process worlds.
#[derive(Debug)]
pub struct World;

/// A world in play; its servers end and its ports are free when it is dropped.
#[derive(Debug)]
pub struct Running {
    /// Where each endpoint listens, by name: `dns`, `ntp`, `connectivity`, `imap`, `pop`, `smtp`, and the further ones.
    pub endpoints: BTreeMap<String, SocketAddr>,
    /// The roots that certificates of this world are trusted by, PEM.
    pub ca_pem: String,
    /// What follows `naosu check`: the scenario's own arguments and all that point it at this world.
    pub arguments: Vec<String>,
    account: Arc<Account>,
    tasks: JoinSet<()>,
    relays: Vec<Relay>,
    /// Holds the CA and password files; removed with the world.
    files: TempDir,
}

/// Why a world could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// A certificate could not be made.
    #[error("certificate cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// The scenario is played by real servers only.
    #[error("the scenario has no [process] world")]
    NoProcess,
    /// A record is not in zone-file form, or of an unknown type.
    #[error("unusable DNS record: {name} {kind} {value}")]
    Record {
        /// Its owner.
        name: String,
        /// Its type.
        kind: String,
        /// Its value.
        value: String,
    },
    /// A port or a file could not be had.
    #[error("port or file cannot be had")]
    System(#[from] io::Error),
    /// The TLS library refuses a certificate.
    #[error("certificate cannot be served")]
    Tls(#[from] rustls::Error),
}

impl World {
    /// Starts all servers of a scenario's `[process]` section. Needs a tokio runtime with I/O and time.
    pub async fn start(scenario: &Scenario) -> Result<Running, WorldError> {
        builder::start(scenario).await
    }
}

impl Running {
    /// Every attempt to sign in so far, in order.
    pub fn sign_ins(&self) -> Vec<SignIn> {
        self.account.sign_ins()
    }

    /// Every line the mail servers heard so far, in order; the lines of messages are left out.
    pub fn heard(&self) -> Vec<Heard> {
        self.account.heard()
    }

    /// How many messages have arrived in a folder.
    pub fn messages(&self, folder: &str) -> usize {
        self.account.messages(folder).len()
    }

    /// The directory of this world's files, for what else a test wants to leave there.
    pub fn directory(&self) -> &Path {
        self.files.path()
    }

    /// Ends all servers and waits until their ports are free.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        for relay in self.relays {
            relay.stop().await;
        }
        // Conversations end with their servers, at their next turn.
        tokio::task::yield_now().await;
    }
}
