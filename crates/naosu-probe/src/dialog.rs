//! Conversations with mail servers, without sockets: bytes in, wants out.
//!
//! A [`Dialog`] is told what came ([`Dialog::received`], [`Dialog::closed`], …) and asked what it wants next
//! ([`Dialog::next`]). It ends with a [`Transcript`] of facts. Whatever a server sends, a dialog ends: lines, literals,
//! bytes and answers are limited ([`input`]), and time is the driver's.
//!
//! A secret is only ever part of a [`Want::Write`], over a line that the driver said is encrypted and verified, and in
//! at most one sign-in.

pub mod imap;
pub mod input;
pub mod pop;
pub mod sasl;
mod scrub;
pub mod smtp;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use naosu_core::knowledge::Security;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::recorder::{Detail, tame_text};
use crate::secret::Credential;
use crate::tls::protocol_of;

/// What a dialog wants next.
#[derive(Debug, Eq, PartialEq)]
pub enum Want {
    /// More bytes from the server.
    Read,
    /// These bytes written; they may hold the secret.
    Write(Zeroizing<Vec<u8>>),
    /// That long nothing, then to be asked again.
    Pause(Duration),
    /// TLS on this connection, then [`Dialog::secured`].
    StartTls,
    /// Nothing more.
    Done,
}

/// A conversation with a server.
pub trait Dialog {
    /// What it wants now. To be asked until it wants to read, to start TLS, or nothing more.
    fn next(&mut self) -> Want;
    /// Bytes came from the server.
    fn received(&mut self, bytes: &[u8]);
    /// TLS was started on the connection and its certificate is verified.
    fn secured(&mut self);
    /// The server hung up.
    fn closed(&mut self);
    /// The server said nothing for too long.
    fn silent(&mut self);
    /// Where the conversation stands: `greeting`, `capability`, `starttls`, `sign_in`, `mailbox`, `message`, …
    fn stage(&self) -> &'static str;
    /// What was learnt.
    fn transcript(self) -> Transcript;
}

/// What a conversation is to find out, and as whom.
#[derive(Clone, Copy)]
pub struct Aim<'a> {
    /// How the connection is encrypted. With [`Security::Tls`] it already is, and its certificate is verified.
    pub security: Security,
    /// The server's name and port, which OAUTHBEARER repeats.
    pub host: &'a str,
    /// See `host`.
    pub port: u16,
    /// The sign-in name.
    pub user: &'a str,
    /// What to sign in with; without it no sign-in is tried.
    pub credential: Option<&'a Credential>,
    /// The user's mail address, to which SMTP asks for leave to send.
    pub address: Option<&'a str>,
    /// Our own address, by which SMTP introduces us.
    pub local: Option<IpAddr>,
}

/// What a conversation showed.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// The outcome of the variable `imap`, `pop` or `smtp`.
    pub outcome: &'static str,
    /// Where it ended, see [`Dialog::stage`].
    pub stage: &'static str,
    /// The answer that decided the outcome.
    pub reply: Option<Reply>,
    /// What the server said it can do, at the last time it was asked, in capitals.
    pub capabilities: Vec<String>,
    /// Further details of the main observation.
    pub detail: Detail,
    /// Observations of other variables.
    pub extras: Vec<Extra>,
    /// How many times we waited for the server.
    pub round_trips: u32,
    /// Whether a sign-in was sent.
    pub sign_in_tried: bool,
    /// Whether it was taken.
    pub signed_in: bool,
}

/// An answer of a server that decided something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    /// When it was said, in the words of `knowledge/replies/`: `greeting`, `starttls`, `auth`, `select`, `fetch`,
    /// `ehlo`, `mail`, `rcpt`, `data`.
    pub phase: &'static str,
    /// The SMTP reply code; with IMAP and POP the response code in brackets, else the status.
    pub code: String,
    /// The enhanced status code (RFC 3463).
    pub enhanced: Option<String>,
    /// The text with its response code or enhanced code, tamed.
    pub text: String,
}

impl Reply {
    /// As a detail: an object of its parts.
    pub fn value(&self) -> Value {
        json!({
            "phase": self.phase,
            "code": self.code_value(),
            "enhanced": self.enhanced,
            "text": self.text,
        })
    }

    /// The code, a number where it is one.
    pub fn code_value(&self) -> Value {
        self.code.parse::<u16>().map_or_else(|_| json!(self.code), |number| json!(number))
    }
}

/// An observation of another variable that a conversation made in passing.
#[derive(Clone, Debug, PartialEq)]
pub struct Extra {
    /// The variable.
    pub variable: &'static str,
    /// Its outcome.
    pub outcome: &'static str,
    /// Its details.
    pub detail: Detail,
}

/// What all conversations keep: what is to be written, and what was learnt.
#[derive(Default)]
struct Talk {
    wants: VecDeque<Want>,
    done: bool,
    unanswered: bool,
    transcript: Transcript,
}

impl Talk {
    fn new() -> Self {
        let mut talk = Self { unanswered: true, ..Self::default() };
        talk.stage("greeting");
        talk
    }

    fn next(&mut self) -> Want {
        match self.wants.pop_front() {
            Some(want) => {
                self.unanswered |= matches!(want, Want::Write(_));
                want
            }
            None if self.done => Want::Done,
            None => Want::Read,
        }
    }

    /// Counts a round trip when these are the first bytes after a wait.
    fn heard(&mut self) {
        if std::mem::take(&mut self.unanswered) {
            self.transcript.round_trips += 1;
        }
    }

    fn stage(&mut self, stage: &'static str) {
        self.transcript.stage = stage;
    }

    fn at_greeting(&self) -> bool {
        self.transcript.stage == "greeting"
    }

    fn write(&mut self, bytes: impl Into<Vec<u8>>) {
        self.wants.push_back(Want::Write(Zeroizing::new(bytes.into())));
    }

    fn write_secret(&mut self, bytes: Zeroizing<Vec<u8>>) {
        self.wants.push_back(Want::Write(bytes));
    }

    /// Whether a command waits to be sent, so that nothing that has come can be its answer.
    fn unsent(&self) -> bool {
        self.wants.iter().any(|want| matches!(want, Want::Write(_)))
    }

    /// The server took back, in the same breath, what the conversation had ended well with.
    fn taken_back(&mut self, line: &[u8]) {
        if self.done && matches!(self.transcript.outcome, "ok" | "reachable") {
            self.done = false;
            self.garbage(line);
        }
    }

    fn start_tls(&mut self, left_over: usize) {
        if left_over > 0 {
            // Bytes that came before TLS but after the answer cannot be the server's (RFC 9051 section 6.2.1).
            self.detail("injected_bytes", left_over);
        }
        self.wants.push_back(Want::StartTls);
    }

    fn pause(&mut self, pause: Duration) {
        self.wants.push_back(Want::Pause(pause));
    }

    fn detail(&mut self, name: &str, value: impl Into<Value>) {
        self.transcript.detail.insert(name.to_owned(), value.into());
    }

    fn extra(&mut self, variable: &'static str, outcome: &'static str, detail: Detail) {
        self.transcript.extras.push(Extra { variable, outcome, detail });
    }

    /// Ends the conversation; what was wanted before is still wanted.
    fn finish(&mut self, outcome: &'static str, reply: Option<Reply>) {
        if self.done {
            return;
        }
        self.done = true;
        self.transcript.outcome = outcome;
        self.transcript.reply = reply;
    }

    fn closed(&mut self) {
        self.wants.clear();
        self.finish(if self.at_greeting() { "greeting_closed" } else { "conversation_closed" }, None);
    }

    fn silent(&mut self) {
        self.finish(if self.at_greeting() { "greeting_silent" } else { "conversation_silent" }, None);
        self.wants.clear();
    }

    /// What was learnt, without the secret even where the server repeated it.
    fn end(mut self, aim: &Aim<'_>) -> Transcript {
        scrub::scrub(&mut self.transcript, aim);
        self.transcript
    }

    /// What came cannot be understood.
    fn garbage(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(&line[..line.len().min(200)]);
        self.detail("text", tame_text(&text));
        if self.at_greeting() {
            let protocol = protocol_of(&text);
            if protocol == "unknown" {
                self.finish("greeting_garbage", None);
            } else {
                self.detail("protocol", protocol);
                self.finish("greeting_other_protocol", None);
            }
        } else {
            self.finish("conversation_garbage", None);
        }
        self.wants.clear();
    }
}

/// A text that goes into a command line, freed of everything that would end the line.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')).collect()
}

/// Whether the words of a refusal say that it will pass: what cannot be checked now is not wrong. An account that is
/// locked for a while is: nothing more may be tried on it.
fn sounds_temporary(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    if ["lock", "suspend", "disabled", "blocked", "banned", "too many failed"]
        .iter()
        .any(|word| text.contains(word))
    {
        return false;
    }
    [
        "temporar",
        "unavailable",
        "internal error",
        "internal server error",
        "server error",
        "server busy",
        "maintenance",
    ]
    .iter()
    .any(|word| text.contains(word))
}

/// Capabilities as they are kept: capitals, printable, limited in number and length.
fn capability_words<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    words
        .filter(|word| {
            !word.is_empty() && word.len() <= 64 && word.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .take(64)
        .map(str::to_ascii_uppercase)
        .collect()
}

#[cfg(test)]
mod harness;
