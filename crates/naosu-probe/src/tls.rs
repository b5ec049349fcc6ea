//! Encrypted connections, and what is wrong with them.
//!
//! A handshake goes on past certificate faults so that they can be described; whether a secret may be sent is said by
//! [`Secured::verified`] and by nothing else. The presented chain is judged in parts ([`chain`]): trust, validity and
//! name each by themselves, so that one fault does not hide another. Where rustls and the server cannot agree, a
//! hand-made hello ([`hello`]) finds out what the server would have agreed to.

pub mod chain;
pub mod hello;
pub mod tap;
mod verify;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use naosu_core::evidence::ObservationId;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor};
use rustls::{AlertDescription, ClientConnection};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::deadline::Deadline;
use crate::recorder::{Detail, Recorder, tame_text};
use crate::tls::chain::Judgement;
use crate::tls::hello::OldHello;
use crate::tls::tap::{Tap, Tapped};
use crate::tls::verify::Witness;

/// How long a handshake may take before it counts as stalled.
pub const HANDSHAKE_LIMIT: Duration = Duration::from_secs(4);

/// How long the second connection, made to learn what an old server speaks, may take.
const SECOND_LIMIT: Duration = Duration::from_millis(2500);

/// Whom to trust: the system's roots, and those of `--ca-file`.
pub struct Trust {
    anchors: Vec<TrustAnchor<'static>>,
    /// The same roots as certificates, where the source has them whole: an anchor alone has no dates.
    roots: Vec<CertificateDer<'static>>,
}

/// Why a certificate file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// There is no certificate in it.
    #[error("no PEM certificate in it")]
    Empty,
    /// One of its parts is not PEM.
    #[error("not a PEM file: {0}")]
    Pem(String),
    /// One of its certificates cannot be read.
    #[error("certificate {number} in it cannot be read: {problem}")]
    Certificate {
        /// Which one, from 1.
        number: usize,
        /// What the parser said.
        problem: String,
    },
}

impl Trust {
    /// The system's roots (those of Mozilla where the system has none), and the certificates of `extra_pem`.
    pub fn load(extra_pem: Option<&[u8]>) -> Result<Self, TrustError> {
        let mut trust = match extra_pem {
            Some(pem) => Self::only(pem)?,
            None => Self { anchors: Vec::new(), roots: Vec::new() },
        };
        let extra = trust.anchors.len();
        for root in rustls_native_certs::load_native_certs().certs {
            if let Ok(anchor) = webpki::anchor_from_trusted_cert(&root) {
                trust.anchors.push(anchor.to_owned());
                trust.roots.push(root);
            }
        }
        if trust.anchors.len() == extra {
            trust.anchors.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        Ok(trust)
    }

    /// The certificates of a PEM file and no others.
    pub fn only(pem: &[u8]) -> Result<Self, TrustError> {
        let mut trust = Self { anchors: Vec::new(), roots: Vec::new() };
        for (index, root) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let root = root.map_err(|problem| TrustError::Pem(problem.to_string()))?;
            let anchor = webpki::anchor_from_trusted_cert(&root).map_err(|problem| {
                TrustError::Certificate { number: index + 1, problem: problem.to_string() }
            })?;
            trust.anchors.push(anchor.to_owned());
            trust.roots.push(root);
        }
        if trust.anchors.is_empty() { Err(TrustError::Empty) } else { Ok(trust) }
    }
}

/// What came of an attempt to encrypt a connection.
pub struct Secured<S> {
    /// The encrypted stream, where the handshake came to its end: also over a faulty certificate.
    pub stream: Option<TlsStream<Tapped<S>>>,
    /// The outcome of the variable `tls`.
    pub outcome: &'static str,
    /// Whether a secret may be sent: nothing at all is wrong.
    pub verified: bool,
    /// The details of the observation.
    pub detail: Detail,
    /// The observation.
    pub observation: ObservationId,
}

/// TLS over any stream; records one `tls` observation (subject `host:port`). The handshake goes on past certificate
/// faults so that they can be described; [`Secured::verified`] says whether a secret may be sent.
pub async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    host: &str,
    port: u16,
    trust: &Trust,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Secured<S> {
    let handshake = Handshake { host, port, trust, recorder, deadline, after };
    handshake.run(stream, async || None).await
}

/// A handshake to be made, for callers that can connect a second time.
#[derive(Clone, Copy)]
pub struct Handshake<'a> {
    /// The name the certificate must have.
    pub host: &'a str,
    /// The port, for the subject of the observation.
    pub port: u16,
    /// Whom to trust.
    pub trust: &'a Trust,
    /// Where to record.
    pub recorder: &'a Recorder,
    /// When to be over.
    pub deadline: Deadline,
    /// The observations that had to be waited for.
    pub after: &'a [ObservationId],
}

impl Handshake<'_> {
    /// As [`secure`]; `again` makes a second connection to the same server, ready for a hello, and is called only when
    /// the server turned the first hello away in the manner of servers that know nothing newer than TLS 1.1 or only
    /// ciphers that are out of use.
    pub async fn run<S, A>(self, stream: S, again: A) -> Secured<S>
    where
        S: AsyncRead + AsyncWrite + Unpin,
        A: AsyncFnOnce() -> Option<S>,
    {
        let mut pending = self.recorder.start("tls", subject(self.host, self.port), self.after);
        let made = Box::pin(self.shake(stream)).await;
        let (outcome, mut detail) = match made.failure {
            None => (made.judgement.as_ref().map_or("ok", Judgement::outcome), Detail::new()),
            Some(Failure::Old(hello)) => hello.named().unwrap_or(("garbage", Detail::new())),
            Some(Failure::Certificate(problem)) => {
                let outcome = made.judgement.as_ref().map_or("ok", Judgement::outcome);
                let outcome = if outcome == "ok" { "cert_invalid" } else { outcome };
                (outcome, Detail::from([("problem".to_owned(), json!(problem))]))
            }
            Some(Failure::Named { outcome, detail, ask_again }) => {
                let older = if ask_again { Box::pin(self.ask_again(again)).await } else { None };
                match older.as_ref().and_then(OldHello::named) {
                    Some(named) => named,
                    None => (outcome, detail),
                }
            }
        };
        if let Some(judgement) = made.judgement {
            let mut facts = judgement.detail;
            facts.append(&mut detail);
            detail = facts;
        }
        if let Some(stream) = &made.stream {
            let (_, connection) = stream.get_ref();
            detail.extend(agreed(connection));
        }
        for (name, value) in &detail {
            pending.detail(name, value.clone());
        }
        let observation = pending.finish(outcome);
        let verified = outcome == "ok" && made.stream.is_some();
        Secured { stream: made.stream, outcome, verified, detail, observation }
    }

    async fn shake<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Shaken<S> {
        let (witness, mut config) = Witness::config();
        let (tapped, tap) = Tapped::new(stream);
        let host = ascii(self.host);
        let name = if let Ok(name) = ServerName::try_from(host.as_str()) {
            name.to_owned()
        } else {
            config.enable_sni = false;
            ServerName::try_from("invalid").expect("a plain label is a name")
        };
        let connect = TlsConnector::from(Arc::new(config)).connect(name, tapped).into_fallible();
        let connected = self.deadline.within(HANDSHAKE_LIMIT).run(connect).await;
        let presented = witness.presented();
        let judgement =
            (!presented.is_empty()).then(|| chain::judge(&presented, &host, self.trust, chain::now()));
        match connected {
            Some(Ok(stream)) => Shaken { stream: Some(stream), judgement, failure: None },
            Some(Err((error, mut tapped))) => {
                if tap.received().is_empty() {
                    // A server that spoke and hung up at once: its words may still wait behind our failed write.
                    let mut rest = [0; 512];
                    let wait = self.deadline.within(Duration::from_millis(200));
                    let _ = wait.run(tapped.read(&mut rest)).await;
                }
                Shaken { stream: None, judgement, failure: Some(failure(&error, &tap)) }
            }
            None => Shaken { stream: None, judgement, failure: Some(unfinished(&tap)) },
        }
    }

    async fn ask_again<S, A>(&self, again: A) -> Option<OldHello>
    where
        S: AsyncRead + AsyncWrite + Unpin,
        A: AsyncFnOnce() -> Option<S>,
    {
        let deadline = self.deadline.within(SECOND_LIMIT);
        let mut stream = deadline.run(again()).await??;
        Some(hello::old_hello(&mut stream, self.host, deadline).await)
    }
}

/// A subject as evidence names it: `host:port`, an IPv6 address in brackets.
pub(crate) fn subject(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

struct Shaken<S> {
    stream: Option<TlsStream<Tapped<S>>>,
    judgement: Option<Judgement>,
    failure: Option<Failure>,
}

enum Failure {
    /// The server answered with a version or a cipher that we do not speak.
    Old(OldHello),
    /// The handshake broke off over the certificate.
    Certificate(&'static str),
    /// Any other; `ask_again` says that a second, older hello may tell why.
    Named { outcome: &'static str, detail: Detail, ask_again: bool },
}

/// The name as it is written in DNS and in certificates.
fn ascii(host: &str) -> String {
    let host = host.strip_suffix('.').unwrap_or(host);
    idna::domain_to_ascii(host).ok().filter(|name| !name.is_empty()).unwrap_or_else(|| host.to_owned())
}

fn agreed(connection: &ClientConnection) -> Detail {
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "unknown",
    };
    let mut detail = Detail::from([("version".to_owned(), json!(version))]);
    if let Some(suite) = connection.negotiated_cipher_suite() {
        detail.insert("cipher".to_owned(), json!(suite.suite().as_str().unwrap_or("unknown")));
    }
    detail
}

/// What a handshake that ended in an error says.
fn failure(error: &io::Error, tap: &Tap) -> Failure {
    if let Some(named) = not_tls(tap) {
        return named;
    }
    let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match ours {
        Some(rustls::Error::AlertReceived(alert)) => Failure::Named {
            outcome: "alert",
            detail: Detail::from([("alert".to_owned(), json!(alert_name(*alert)))]),
            ask_again: matches!(
                alert,
                AlertDescription::ProtocolVersion
                    | AlertDescription::HandshakeFailure
                    | AlertDescription::InsufficientSecurity
                    | AlertDescription::InternalError
                    | AlertDescription::IllegalParameter
                    | AlertDescription::DecodeError
            ),
        },
        Some(rustls::Error::PeerIncompatible(_)) => match hello::read(&tap.received()) {
            Some(answer @ OldHello::Server { .. }) => Failure::Old(answer),
            _ => unreadable(tap, error),
        },
        Some(rustls::Error::InvalidCertificate(problem)) => Failure::Certificate(match problem {
            rustls::CertificateError::BadEncoding => "malformed",
            rustls::CertificateError::BadSignature => "handshake_signature",
            _ => "unusable",
        }),
        Some(_) => unreadable(tap, error),
        None => Failure::Named {
            outcome: "closed",
            detail: traffic(tap),
            ask_again: tap.received().is_empty() && tap.sent() > 0,
        },
    }
}

/// What a handshake that was still under way at the limit says.
fn unfinished(tap: &Tap) -> Failure {
    not_tls(tap).unwrap_or_else(|| Failure::Named {
        outcome: "stalled",
        detail: traffic(tap),
        ask_again: false,
    })
}

fn unreadable(tap: &Tap, error: &io::Error) -> Failure {
    let mut detail = traffic(tap);
    detail.insert("problem".to_owned(), json!(tame_text(&error.to_string())));
    Failure::Named { outcome: "garbage", detail, ask_again: false }
}

/// Bytes that cannot begin a TLS record: printable ones are another protocol in the clear.
fn not_tls(tap: &Tap) -> Option<Failure> {
    let received = tap.received();
    let first = *received.first()?;
    if (20..=23).contains(&first) && received.get(1).is_none_or(|major| *major == 3) {
        return None;
    }
    let line: Vec<u8> = received.iter().copied().take_while(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let printable = line.iter().all(|byte| (0x20..0x7f).contains(byte) || *byte == b'\t' || *byte >= 0x80);
    let mut detail = traffic(tap);
    if printable && first.is_ascii_graphic() {
        let text = String::from_utf8_lossy(&line);
        detail.insert("text".to_owned(), json!(tame_text(&text)));
        detail.insert("protocol".to_owned(), json!(protocol_of(&text)));
        return Some(Failure::Named { outcome: "plaintext", detail, ask_again: false });
    }
    Some(Failure::Named { outcome: "garbage", detail, ask_again: false })
}

fn traffic(tap: &Tap) -> Detail {
    Detail::from([
        ("bytes_received".to_owned(), Value::from(tap.received_total())),
        ("bytes_sent".to_owned(), Value::from(tap.sent())),
    ])
}

/// The protocol whose servers begin like that: `IMAP`, `POP`, `SMTP`, `FTP`, `HTTP`, `SSH` or `unknown`.
pub fn protocol_of(text: &str) -> &'static str {
    let upper = text.to_ascii_uppercase();
    if upper.starts_with("* ") {
        "IMAP"
    } else if upper.starts_with("+OK") || upper.starts_with("-ERR") {
        "POP"
    } else if upper.starts_with("HTTP/") || upper.starts_with("<HTML") || upper.starts_with("<!DOCTYPE") {
        "HTTP"
    } else if upper.starts_with("SSH-") {
        "SSH"
    } else if upper.len() >= 4
        && upper.as_bytes()[..3].iter().all(u8::is_ascii_digit)
        && matches!(upper.as_bytes()[3], b' ' | b'-')
    {
        if upper.contains("FTP") && !upper.contains("SMTP") { "FTP" } else { "SMTP" }
    } else {
        "unknown"
    }
}

/// The alert as RFC 8446 section 6 writes it: `handshake_failure`.
fn alert_name(alert: AlertDescription) -> String {
    let mut name = String::new();
    for letter in format!("{alert:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests;
