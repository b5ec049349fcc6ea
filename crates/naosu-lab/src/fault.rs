//! What a `[process]` section can say: the servers of an in-process world and the fault put into them.
//!
//! Everything has a healthy default, so that a fault is one or two lines. The words here are the file format.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod dns;
mod http;
mod mail;
mod ntp;
mod tls;

pub use dns::{Dns, DnsBehaviour};
pub use http::{Feed, FeedFormat, FeedState, Http, HttpAnswer, Page};
pub use mail::{Hostile, Mail, Security};
pub use ntp::{Ntp, NtpBehaviour};
pub use tls::{Certificate, Tls, TlsBehaviour};

/// An in-process world. The six servers named here always exist and are healthy unless told otherwise.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Process {
    /// How far this device's clock is ahead of the world's true time, in seconds; negative when it is behind. Time
    /// servers, HTTP dates and the validity of certificates follow the world's time.
    pub clock_ahead_seconds: i64,
    /// Held back in every conversation, half in each direction, in milliseconds. TCP's own handshake is not delayed.
    pub round_trip_ms: u64,
    /// How every server can be reached that does not say so itself.
    pub reach: Reach,
    /// The account and its mailbox, one for all servers of the world.
    pub mailbox: Mailbox,
    /// The resolver.
    pub dns: Dns,
    /// The time server.
    pub ntp: Ntp,
    /// The web server of the connectivity test.
    pub connectivity: Http,
    /// The IMAP server.
    pub imap: Mail,
    /// The POP server.
    pub pop: Mail,
    /// The submission server.
    pub smtp: Mail,
    /// Further servers by name.
    pub more: BTreeMap<String, Server>,
}

/// A further server of a world.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Server {
    /// Another resolver; handed to Naosu after the first.
    Dns(Dns),
    /// A web server: status pages, autoconfig.
    Http(Http),
    /// Another IMAP server.
    Imap(Mail),
    /// Another time server; handed to Naosu after the first.
    Ntp(Ntp),
    /// Another POP server.
    Pop(Mail),
    /// Another SMTP server.
    Smtp(Mail),
}

/// How a server can be reached.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The server is there.
    #[default]
    Open,
    /// The port is closed: TCP connections are refused, UDP datagrams answered with "port unreachable".
    Refused,
    /// The connection is taken and cut off at once.
    Reset,
    /// Nothing ever answers; a TCP connection does not even open.
    Silent,
    /// A TCP connection opens, then nothing is ever said. The same as silent for UDP.
    Mute,
}

/// The account and its mailbox.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mailbox {
    /// The user name that can sign in; the address of the check when not given. Its part before the `@` is not accepted.
    pub user: Option<String>,
    /// The true password; the one of the check when not given.
    pub password: Option<String>,
    /// Messages in the inbox at the start.
    pub inbox: u32,
    /// Messages in the junk folder at the start.
    pub junk: u32,
    /// The junk folder's name.
    pub junk_name: String,
    /// Storage used, in KiB.
    pub quota_used: u64,
    /// Storage allowed, in KiB; 0 for a server that says nothing about quota.
    pub quota_limit: u64,
    /// Where a message sent over SMTP appears.
    pub delivery: Delivery,
    /// How long after it was taken a message appears, in milliseconds.
    pub delivery_ms: u64,
}

impl Default for Mailbox {
    fn default() -> Self {
        Self {
            user: None,
            password: None,
            inbox: 3,
            junk: 0,
            junk_name: "Junk".to_owned(),
            quota_used: 1_200,
            quota_limit: 1_048_576,
            delivery: Delivery::Inbox,
            delivery_ms: 0,
        }
    }
}

/// Where a message goes that SMTP took.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Into the inbox.
    Inbox,
    /// Into the junk folder.
    Junk,
    /// Into a folder called "Archive", as a filter rule would.
    Elsewhere,
    /// Nowhere.
    Lost,
}
