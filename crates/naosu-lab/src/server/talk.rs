//! What IMAP, POP and SMTP servers have in common: lines, scripted replies, STARTTLS, the log.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::account::{Account, Heard, SignIn};
use crate::clock::WorldClock;
use crate::fault::{Hostile, Mail, Security};
use crate::gate::Gate;
use crate::server::tls::{Accepted, Acceptor};
use crate::server::{hostile, imap, pop, smtp};

/// A connection, encrypted or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The three protocols of mail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Imap,
    Pop,
    Smtp,
}

/// A mail server ready to run.
pub(crate) struct MailServer {
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) protocol: Protocol,
    pub(crate) security: Security,
    pub(crate) mail: Mail,
    pub(crate) acceptor: Acceptor,
    pub(crate) account: Arc<Account>,
    pub(crate) domain: String,
    pub(crate) clock: WorldClock,
}

/// Serves until dropped.
pub(crate) async fn run(gate: Gate, server: Arc<MailServer>) {
    gate.run(move |stream| {
        let server = Arc::clone(&server);
        async move {
            // A client that hangs up, and a script that does, are the usual ends.
            let _ = converse(server, stream).await;
        }
    })
    .await;
}

async fn converse(server: Arc<MailServer>, stream: TcpStream) -> io::Result<()> {
    if server.mail.hostile.values().any(|hostile| *hostile == Hostile::Reset) {
        stream.set_zero_linger()?;
    }
    let mut talk = Talk { server, stream: Box::new(stream), buffer: Vec::new(), encrypted: false };
    if talk.server.security == Security::Tls {
        talk.encrypt().await?;
    }
    match talk.server.protocol {
        Protocol::Imap => imap::serve(&mut talk).await?,
        Protocol::Pop => pop::serve(&mut talk).await?,
        Protocol::Smtp => smtp::serve(&mut talk).await?,
    }
    talk.stream.shutdown().await
}

/// One conversation with a client.
pub(crate) struct Talk {
    pub(crate) server: Arc<MailServer>,
    pub(crate) encrypted: bool,
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

/// Who a client says to be, and whether it could prove it.
pub(crate) struct Claim {
    pub(crate) mechanism: String,
    pub(crate) user: String,
    pub(crate) password: Option<String>,
    pub(crate) proven: bool,
}

/// The longest line taken, in bytes.
const LINE_LIMIT: usize = 64 * 1_024;
/// The longest literal or message taken, in bytes.
const DATA_LIMIT: usize = 32 * 1_024 * 1_024;

impl Talk {
    /// The next line without its end. An error when the client hangs up or says too much.
    pub(crate) async fn line(&mut self) -> io::Result<String> {
        let text = self.raw_line().await?;
        let server = self.server.name.clone();
        self.server.account.note_heard(Heard { server, encrypted: self.encrypted, text: text.clone() });
        Ok(text)
    }

    /// As [`Talk::line`] without an entry in the log, for the lines of a message.
    pub(crate) async fn raw_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                while line.last().is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
                    line.pop();
                }
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            if self.buffer.len() > LINE_LIMIT {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.fill().await?;
        }
    }

    /// Exactly so many bytes.
    pub(crate) async fn data(&mut self, length: usize) -> io::Result<Vec<u8>> {
        if length > DATA_LIMIT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        while self.buffer.len() < length {
            self.fill().await?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    /// Sends the reply of a stage, the scripted one or else this healthy one, or does what the script says instead.
    /// Tells whether what was said means success. Lines are apart with `\n`; `tag` goes before the last one unless that
    /// is untagged itself.
    pub(crate) async fn reply(&mut self, stage: &str, tag: &str, healthy: &str) -> io::Result<bool> {
        let server = Arc::clone(&self.server);
        if server.mail.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(server.mail.delay_ms)).await;
        }
        let text = server.mail.replies.get(stage).map_or(healthy, String::as_str);
        let (before, last) =
            text.rsplit_once('\n').map_or((None, text), |(before, last)| (Some(before), last));
        let untagged = tag.is_empty() || last.starts_with("* ") || last.starts_with('+');
        let last_line = if untagged { last.to_owned() } else { format!("{tag} {last}") };
        let lines = before.into_iter().flat_map(str::lines).chain([last_line.as_str()]);
        let mut wire = String::new();
        for line in lines {
            wire.push_str(line);
            wire.push_str("\r\n");
        }
        if let Some(hostile) = server.mail.hostile.get(stage) {
            hostile::play(*hostile, server.protocol, &mut self.stream, &wire).await?;
        } else {
            self.send(&wire).await?;
        }
        if last.starts_with("* BYE") || last.starts_with("421") {
            self.stream.shutdown().await?;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let outcome = last.trim_start_matches("* ");
        Ok(match server.protocol {
            Protocol::Imap => ["OK", "PREAUTH", "+"].iter().any(|word| outcome.starts_with(word)),
            Protocol::Pop => outcome.starts_with('+'),
            Protocol::Smtp => outcome.starts_with(['2', '3']),
        })
    }

    /// Sends a reply that no script can change.
    pub(crate) async fn say(&mut self, text: &str) -> io::Result<()> {
        self.send(&format!("{text}\r\n")).await
    }

    /// Sends a challenge and gives the client's decoded answer; none when it gives up or answers nonsense.
    pub(crate) async fn challenge(&mut self, challenge: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let encoded = STANDARD.encode(challenge);
        let prefix = if self.server.protocol == Protocol::Smtp { "334" } else { "+" };
        self.say(&format!("{prefix} {encoded}")).await?;
        Ok(STANDARD.decode(self.line().await?).ok())
    }

    /// Writes a claim down and sends the last reply of the sign-in: `yes` when it is proven, else `no`. Tells whether the
    /// client is signed in.
    pub(crate) async fn sign_in(&mut self, tag: &str, claim: Claim, yes: &str, no: &str) -> io::Result<bool> {
        let scripted = self.server.mail.replies.get("sign_in").map(|reply| {
            let last = reply.lines().last().unwrap_or_default();
            ["OK", "+OK", "235"].iter().any(|word| last.starts_with(word))
        });
        let accepted = scripted.unwrap_or(claim.proven);
        self.server.account.note_sign_in(SignIn {
            server: self.server.name.clone(),
            mechanism: claim.mechanism,
            user: claim.user,
            password: claim.password,
            encrypted: self.encrypted,
            accepted,
        });
        self.reply("sign_in", tag, if claim.proven { yes } else { no }).await
    }

    /// Begins TLS. Whatever plaintext the client sent in advance is forgotten (RFC 8314, RFC 3501 6.2.1).
    pub(crate) async fn encrypt(&mut self) -> io::Result<()> {
        self.buffer.clear();
        let stream = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        let acceptor = self.server.acceptor.clone();
        match acceptor.accept(stream).await? {
            Accepted::Secure(stream) => {
                self.stream = stream;
                self.encrypted = true;
            }
            Accepted::Plain(stream) => self.stream = stream,
        }
        Ok(())
    }

    /// Whether STARTTLS is offered now.
    pub(crate) fn offers_starttls(&self) -> bool {
        let missing = self.server.mail.without.iter().any(|name| name == "STARTTLS" || name == "STLS");
        self.server.security == Security::Starttls && !self.encrypted && !missing
    }

    /// The sign-in mechanisms offered now.
    pub(crate) fn mechanisms(&self) -> Vec<String> {
        if !self.encrypted && !self.server.mail.plaintext_sign_in {
            return Vec::new();
        }
        let default = || vec!["PLAIN".to_owned(), "LOGIN".to_owned()];
        self.server.mail.mechanisms.clone().unwrap_or_else(default)
    }

    async fn send(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await?;
        self.stream.flush().await
    }

    async fn fill(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}
