//! What a `[process]` section can say: the servers of an in-process world and the fault put into them.
//!
//! Everything has a healthy default, so that a fault is one or two lines. The words here are the file format.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

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

/// A web server.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Its host name.
    pub host: Option<String>,
    /// Where it listens.
    pub address: Option<IpAddr>,
    /// How it can be reached.
    pub reach: Option<Reach>,
    /// Present for https.
    pub tls: Option<Tls>,
    /// What every path answers that `pages` does not mention.
    pub answer: HttpAnswer,
    /// Pages by path.
    pub pages: BTreeMap<String, Page>,
    /// Held back before each answer, in milliseconds.
    pub delay_ms: u64,
}

/// What a web server answers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpAnswer {
    /// 200 with Apple's "Success" page, as captive.apple.com.
    #[default]
    AppleSuccess,
    /// 200 with another page than asked for, without a sign-in form.
    Altered,
    /// 200, in chunks without end.
    ChunksWithoutEnd,
    /// Hangs up without an answer.
    Close,
    /// 200, a body without end.
    EndlessBody,
    /// 200, headers without end.
    EndlessHeaders,
    /// Random bytes.
    Garbage,
    /// 200, announces a body of 2^62 bytes and sends nothing of it.
    HugeLength,
    /// Takes the request, says nothing.
    Mute,
    /// 204, as the connectivity tests of Android and Chrome.
    NoContent,
    /// 404.
    NotFound,
    /// 200 with a sign-in page.
    PortalPage,
    /// 302 to a sign-in page.
    PortalRedirect,
    /// 503.
    ServerError,
    /// 200 with an XML document whose entities grow without bound.
    XmlBomb,
}

/// One page of a web server.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Page {
    /// The status code.
    pub status: u16,
    /// The type of the body.
    pub content_type: String,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
    /// The body; placeholders of the world's endpoints are filled in.
    pub body: String,
    /// The body is a provider's status feed.
    pub feed: Option<Feed>,
    /// The body is an autoconfig document for the world's servers.
    pub autoconfig: bool,
    /// One of the ready answers in place of all this.
    pub answer: Option<HttpAnswer>,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            status: 200,
            content_type: "text/html; charset=utf-8".to_owned(),
            headers: BTreeMap::new(),
            body: String::new(),
            feed: None,
            autoconfig: false,
            answer: None,
        }
    }
}

/// A provider's status feed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// Whose format.
    pub format: FeedFormat,
    /// The service's name in the feed.
    pub service: String,
    /// What the feed says of it.
    pub state: FeedState,
}

/// Whose format a status feed has.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedFormat {
    /// `system_status_*.js` of www.apple.com.
    Apple,
    /// `incidents.json` of Google Workspace.
    Google,
    /// Posts of status.cloud.microsoft.
    Microsoft,
    /// `summary.json` of an Atlassian Statuspage.
    Statuspage,
}

/// What a status feed says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedState {
    /// Slow or partly out of order.
    Degraded,
    /// In maintenance.
    Maintenance,
    /// Nothing is wrong.
    Operational,
    /// Out of order.
    Outage,
    /// An outage that is over.
    Resolved,
}

/// The TLS side of a server.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// What its certificate is like.
    pub certificate: Certificate,
    /// The names in the certificate; the server's host name when empty.
    pub names: Vec<String>,
    /// The common name of the issuer, for `untrusted_root` and `interceptor`.
    pub issuer: Option<String>,
    /// Whether that issuer is in the trust store all the same (an interceptor that put itself there).
    pub issuer_trusted: bool,
    /// Certificates sent beside the chain, to no purpose.
    pub extra_certificates: u16,
    /// Nothing newer than TLS 1.2.
    pub tls12_only: bool,
    /// What it does when a handshake begins.
    pub behaviour: TlsBehaviour,
}

/// What a server's certificate is like.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certificate {
    /// Its validity ended two days ago.
    Expired,
    /// The intermediate certificate is not sent.
    Incomplete,
    /// Issued on the fly by security software or a company proxy.
    Interceptor,
    /// Its validity begins in three days.
    NotYetValid,
    /// Signed with its own key.
    SelfSigned,
    /// From a root nobody trusts.
    UntrustedRoot,
    /// Leaf, intermediate, trusted root.
    #[default]
    Valid,
    /// For `names`, or for the provider's general name.
    WrongName,
}

/// What a server does when a handshake begins.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsBehaviour {
    /// The fatal alert `handshake_failure`.
    Alert,
    /// Hangs up on the `ClientHello`.
    Close,
    /// Random bytes.
    Garbage,
    /// TLS records with random content.
    GarbageRecords,
    /// The handshake.
    #[default]
    Normal,
    /// Chooses TLS 1.0 whatever is offered, as a server that knows nothing newer.
    OldOnly,
    /// The fatal alert `protocol_version`.
    OldOnlyAlert,
    /// Goes on as if there were no TLS.
    Plaintext,
    /// Reads the `ClientHello` and says nothing more.
    Stall,
}

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
