//! Mail servers: IMAP, POP and SMTP.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Reach, Tls};

/// A mail server: IMAP, POP or SMTP.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// Its host name; `imap.`, `pop.` or `smtp.` before the account's domain when not given.
    pub host: Option<String>,
    /// Where it listens.
    pub address: Option<IpAddr>,
    /// How it can be reached.
    pub reach: Option<Reach>,
    /// Given, the host has the address `::1` as well, and this is how the same port can be reached there.
    pub ipv6: Option<Reach>,
    /// TLS from the first byte (the default of IMAP and POP), after STARTTLS (the default of SMTP), or never.
    pub security: Option<Security>,
    /// The TLS side.
    pub tls: Tls,
    /// In place of the greeting; lines apart with `\n`.
    pub greeting: Option<String>,
    /// Sign-in mechanisms on an encrypted line; `PLAIN` and `LOGIN` when not given. `PLAIN`, `LOGIN` and `SCRAM-SHA-256`
    /// are understood, all others only offered.
    pub mechanisms: Option<Vec<String>>,
    /// Whether passwords are taken on an unencrypted line too.
    pub plaintext_sign_in: bool,
    /// Further capabilities (IMAP, POP) or extensions (SMTP).
    pub capabilities: Vec<String>,
    /// Capabilities left out although the server would have them.
    pub without: Vec<String>,
    /// The largest message SMTP takes, in bytes; 25 MiB when not given.
    pub size_limit: Option<u64>,
    /// Replies by stage in place of the healthy ones; lines apart with `\n`, without the tag of IMAP. See
    /// [`Mail::hostile`] for the stages.
    pub replies: BTreeMap<String, String>,
    /// What happens at a stage in place of a reply. Stages are `greeting`, `starttls` (POP's STLS too), `sign_in` (its last
    /// reply, whatever the mechanism), and else the command's name in lower case: `capability`, `id`, `list`, `status`,
    /// `select`, `fetch`, `getquotaroot`, `idle`, `logout`; `capa`, `stat`, `uidl`, `top`, `retr`; `ehlo`, `mail`, `rcpt`,
    /// `data`, `message` (the reply after the message's last line), `quit`.
    pub hostile: BTreeMap<String, Hostile>,
    /// Held back before each reply, in milliseconds.
    pub delay_ms: u64,
}

/// When a mail server encrypts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// Never; STARTTLS is not offered.
    Plain,
    /// On demand.
    Starttls,
    /// From the first byte.
    Tls,
}

/// What a broken or hostile server does in place of a reply.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hostile {
    /// Hangs up.
    Close,
    /// The healthy reply, one byte a second.
    Drip,
    /// One line without end.
    EndlessLine,
    /// Lines without end that never finish the reply: untagged ones (IMAP), continued ones (SMTP), of a list (POP).
    EndlessLines,
    /// Random bytes, 4 KiB of them.
    Garbage,
    /// Half of the healthy reply, then hangs up.
    Half,
    /// Announces a literal of 4 GiB and streams it (IMAP); an endless line elsewhere.
    HugeLiteral,
    /// Says nothing.
    Mute,
    /// The healthy reply with NUL bytes in it.
    NulBytes,
    /// The healthy reply, then its contrary.
    OkThenNo,
    /// Cuts the connection off.
    Reset,
    /// The healthy reply under another tag (IMAP); a reply nobody asked for elsewhere.
    WrongTag,
}
