//! SMTP submission (RFC 5321, RFC 6409, RFC 3207, RFC 4954): from the greeting to leave to send to oneself. No message
//! is sent unless one is given.

use std::net::IpAddr;

use serde_json::json;
use zeroize::Zeroizing;

use super::input::{Excess, Input};
use super::sasl::{self, Choice, Exchange};
use super::{Aim, Dialog, Reply, Security, Talk, Transcript, Want, capability_words, one_line};
use crate::recorder::{Detail, tame_text};

/// The size announced for the message that is asked leave for, in bytes.
const SIZE: u64 = 20_000;

/// How many lines one reply may have.
const REPLY_LINES: usize = 128;

/// A conversation with an SMTP server.
pub struct Smtp<'a> {
    aim: Aim<'a>,
    talk: Talk,
    input: Input,
    secure: bool,
    capabilities: Vec<String>,
    exchange: Option<Exchange>,
    message: Option<Vec<u8>>,
    waiting: Waiting,
    /// The lines of a reply under way.
    lines: Vec<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Waiting {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Recipient,
    Data,
    Message,
}

impl<'a> Smtp<'a> {
    /// Begins; the server speaks first.
    pub fn new(aim: Aim<'a>) -> Self {
        Self {
            aim,
            talk: Talk::new(),
            input: Input::default(),
            secure: aim.security == Security::Tls,
            capabilities: Vec::new(),
            exchange: None,
            message: None,
            waiting: Waiting::Greeting,
            lines: Vec::new(),
        }
    }

    /// The same, and sends this message to oneself. Its lines end in CR LF.
    #[must_use]
    pub fn with_message(mut self, message: Vec<u8>) -> Self {
        self.message = Some(message);
        self
    }

    fn command(&mut self, waiting: Waiting, text: &str) {
        self.waiting = waiting;
        self.talk.write(format!("{text}\r\n"));
    }

    fn hello(&mut self) {
        let name = match self.aim.local {
            Some(IpAddr::V4(address)) => format!("[{address}]"),
            Some(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
            None => "[127.0.0.1]".to_owned(),
        };
        self.command(Waiting::Ehlo, &format!("EHLO {name}"));
    }

    /// The parameters of an extension; `None` where it is not offered.
    fn extension(&self, name: &str) -> Option<&str> {
        self.capabilities.iter().find_map(|line| {
            let (word, rest) = line.split_once([' ', '=']).unwrap_or((line, ""));
            (word == name).then_some(rest)
        })
    }

    fn take(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let digits = line.len() >= 3 && line[..3].iter().all(u8::is_ascii_digit);
        let separator = line.get(3).copied().unwrap_or(b' ');
        if !digits || !matches!(separator, b' ' | b'-') || self.lines.len() >= REPLY_LINES {
            self.talk.garbage(line);
            return;
        }
        let text = text.get(3..).unwrap_or_default();
        self.lines.push(text.get(1..).unwrap_or_default().to_owned());
        if separator == b'-' {
            return;
        }
        let lines = std::mem::take(&mut self.lines);
        let code = line[..3].iter().fold(0_u16, |code, digit| code * 10 + u16::from(digit - b'0'));
        self.answered(code, &lines);
    }

    fn answered(&mut self, code: u16, lines: &[String]) {
        let good = (200..300).contains(&code);
        match self.waiting {
            Waiting::Greeting => {
                self.talk.detail("greeting", tame_text(&lines.join(" ")));
                if !good {
                    self.finish("greeting_refused", Some(reply("greeting", code, lines)));
                } else if lines.first().is_some_and(|line| {
                    line.to_ascii_uppercase().contains("FTP") && !line.to_ascii_uppercase().contains("SMTP")
                }) {
                    self.talk.detail("protocol", "FTP");
                    self.finish("greeting_other_protocol", None);
                } else {
                    self.talk.stage("capability");
                    self.hello();
                }
            }
            Waiting::Ehlo if good => {
                self.capabilities = lines
                    .iter()
                    .skip(1)
                    .map(|line| capability_words(line.split(' ')).join(" "))
                    .filter(|line| !line.is_empty())
                    .take(64)
                    .collect();
                self.capable();
            }
            Waiting::Ehlo => self.finish("greeting_refused", Some(reply("ehlo", code, lines))),
            Waiting::StartTls if code == 220 => {
                let left_over = self.input.discard();
                self.talk.start_tls(left_over);
            }
            Waiting::StartTls => self.finish("starttls_refused", Some(reply("starttls", code, lines))),
            Waiting::Auth if code == 334 => self.challenge(lines.first().map_or("", String::as_str)),
            Waiting::Auth => self.signed_in(code, lines),
            Waiting::Mail if good => {
                if self.pipelining() {
                    self.waiting = Waiting::Recipient;
                } else {
                    self.recipient();
                }
            }
            Waiting::Mail => {
                // RFC 1870: too large for this server, whoever sends it.
                let outcome = if code == 552 { "message_refused" } else { "sender_refused" };
                self.finish(outcome, Some(reply("mail", code, lines)));
            }
            Waiting::Recipient if good => {
                if self.message.is_some() {
                    self.talk.stage("message");
                    self.command(Waiting::Data, "DATA");
                } else {
                    self.allowed();
                }
            }
            Waiting::Recipient => self.finish("recipient_refused", Some(reply("rcpt", code, lines))),
            Waiting::Data if code == 354 => {
                let message = self.message.take().unwrap_or_default();
                self.waiting = Waiting::Message;
                self.talk.write(stuffed(&message));
            }
            Waiting::Message if good => {
                self.talk.detail("accepted", tame_text(&lines.join(" ")));
                self.allowed();
            }
            Waiting::Data | Waiting::Message => {
                self.finish("message_refused", Some(reply("data", code, lines)));
            }
        }
    }

    fn capable(&mut self) {
        if self.secure {
            self.sign_in();
            return;
        }
        let offered = self.extension("STARTTLS").is_some();
        match self.aim.security {
            Security::Plain => {
                self.talk.detail("starttls_offered", offered);
                if offered || self.extension("AUTH").is_some() {
                    self.finish("sign_in_withheld", None);
                } else {
                    self.ask_leave();
                }
            }
            _ if offered => {
                self.talk.stage("starttls");
                self.command(Waiting::StartTls, "STARTTLS");
            }
            _ => self.finish("starttls_missing", None),
        }
    }

    fn sign_in(&mut self) {
        self.talk.stage("sign_in");
        let mechanisms = self.extension("AUTH").map(str::to_owned);
        let names: Vec<&str> =
            mechanisms.as_deref().unwrap_or_default().split(' ').filter(|name| !name.is_empty()).collect();
        self.talk.detail("mechanisms", names.join(" "));
        if mechanisms.is_none() {
            self.talk.detail("sign_in", "not_offered");
            self.ask_leave();
            return;
        }
        let Some(credential) = self.aim.credential else {
            self.finish("reachable", None);
            return;
        };
        match sasl::choose(&names, credential) {
            Choice::Use(mechanism) => {
                let mut exchange = Exchange::new(mechanism, &self.aim, credential);
                self.talk.detail("mechanism", mechanism.name());
                self.talk.transcript.sign_in_tried = true;
                let mut line = Zeroizing::new(format!("AUTH {}", mechanism.name()).into_bytes());
                if mechanism.speaks_first() {
                    let first = sasl::encode(&exchange.first());
                    // RFC 4954 section 4: a first message that makes the line too long waits for its turn.
                    if first.len() <= 480 {
                        line.reserve_exact(first.len() + 3);
                        line.push(b' ');
                        line.extend_from_slice(first.as_bytes());
                        self.talk.detail("initial_response", true);
                    }
                }
                line.extend_from_slice(b"\r\n");
                self.waiting = Waiting::Auth;
                self.talk.write_secret(line);
                self.exchange = Some(exchange);
            }
            Choice::OauthOnly => self.finish("sign_in_oauth_only", None),
            Choice::Unsupported => self.finish("sign_in_unsupported", None),
            Choice::Nothing => self.finish("sign_in_not_offered", None),
        }
    }

    fn challenge(&mut self, text: &str) {
        let Some(exchange) = &mut self.exchange else {
            self.talk.garbage(text.as_bytes());
            return;
        };
        let begun = self.talk.transcript.detail.contains_key("initial_response");
        let answer = if !begun && exchange.mechanism().speaks_first() {
            self.talk.detail("initial_response", false);
            Ok(exchange.first())
        } else {
            exchange.answer(&sasl::decode(text.as_bytes()))
        };
        if let Ok(answer) = answer {
            let mut line = Zeroizing::new(Vec::with_capacity(answer.len() * 2 + 8));
            line.extend_from_slice(sasl::encode(&answer).as_bytes());
            line.extend_from_slice(b"\r\n");
            self.talk.write_secret(line);
        } else {
            self.talk.garbage(text.as_bytes());
        }
    }

    fn signed_in(&mut self, code: u16, lines: &[String]) {
        let exchange = self.exchange.take();
        if code == 235 {
            let data = lines
                .first()
                .and_then(|line| line.rsplit(' ').next())
                .map(|word| sasl::decode(word.as_bytes()));
            let proven = exchange.is_none_or(|mut exchange| {
                exchange.taken(None).is_ok() || exchange.taken(data.as_deref()).is_ok()
            });
            if proven {
                self.talk.transcript.signed_in = true;
                self.ask_leave();
            } else {
                self.talk.garbage(b"the server did not prove that it knows the password");
            }
            return;
        }
        if let Some(failure) = exchange.as_ref().and_then(Exchange::failure) {
            self.talk.detail("oauth_failure", tame_text(failure));
        }
        let outcome = if (400..500).contains(&code) { "sign_in_unavailable" } else { "sign_in_refused" };
        self.finish(outcome, Some(reply("auth", code, lines)));
    }

    fn pipelining(&self) -> bool {
        self.extension("PIPELINING").is_some() && self.message.is_none()
    }

    /// Asks leave to send to oneself.
    fn ask_leave(&mut self) {
        self.talk.stage("envelope");
        let Some(address) = self.address() else {
            self.allowed();
            return;
        };
        let size = self.message.as_ref().map_or(SIZE, |message| message.len() as u64);
        let size = if self.extension("SIZE").is_some() { format!(" SIZE={size}") } else { String::new() };
        self.command(Waiting::Mail, &format!("MAIL FROM:<{address}>{size}"));
        if self.pipelining() {
            self.talk.write(format!("RCPT TO:<{address}>\r\n"));
        }
    }

    fn recipient(&mut self) {
        let address = self.address().unwrap_or_default();
        self.command(Waiting::Recipient, &format!("RCPT TO:<{address}>"));
    }

    fn address(&self) -> Option<String> {
        let address = one_line(self.aim.address?);
        Some(address.replace(['<', '>', ' '], ""))
    }

    /// Nothing was refused.
    fn allowed(&mut self) {
        if !self.secure {
            self.finish("sign_in_withheld", None);
        } else if self.aim.credential.is_none() {
            self.finish("reachable", None);
        } else {
            self.finish("ok", None);
        }
    }

    fn finish(&mut self, outcome: &'static str, reply: Option<Reply>) {
        if !self.talk.done {
            let envelope = matches!(self.waiting, Waiting::Mail | Waiting::Recipient);
            self.talk.write(if envelope { "RSET\r\nQUIT\r\n" } else { "QUIT\r\n" });
        }
        self.talk.finish(outcome, reply);
    }

    fn size(&self) -> Option<(&'static str, Detail)> {
        if self.capabilities.is_empty() || !self.secure {
            return None;
        }
        let limit = self.extension("SIZE").and_then(|size| size.trim().parse::<u64>().ok()).unwrap_or(0);
        let detail = Detail::from([
            ("limit".to_owned(), json!(limit)),
            ("limit_mb".to_owned(), json!(limit / 1_000_000)),
            ("limit_kb".to_owned(), json!(limit / 1_000)),
        ]);
        match limit {
            0 => Some(("unlimited", Detail::new())),
            1..1_000_000 => Some(("small", detail)),
            _ => Some(("ample", detail)),
        }
    }
}

impl Dialog for Smtp<'_> {
    fn next(&mut self) -> Want {
        self.talk.next()
    }

    fn received(&mut self, bytes: &[u8]) {
        if self.talk.done {
            return;
        }
        self.talk.heard();
        self.input.push(bytes);
        while !self.talk.done {
            match self.input.line() {
                // it came before the command was sent; only a farewell may come at any time (RFC 5321 section 3.8)
                Some(Ok(line)) if self.talk.unsent() && !line.starts_with(b"421") => self.talk.garbage(&line),
                Some(Ok(line)) => self.take(&line),
                Some(Err(excess)) => {
                    let unread = self.input.unread().to_vec();
                    let note: &[u8] = match excess {
                        Excess::Line | Excess::Zero => &unread,
                        Excess::Total => b"too much data",
                        Excess::Count => b"too many lines",
                    };
                    self.talk.garbage(note);
                }
                None => break,
            }
        }
        if let Some(Ok(line)) = self.input.line() {
            self.talk.taken_back(&line);
        }
    }

    fn secured(&mut self) {
        self.secure = true;
        self.capabilities.clear();
        self.lines.clear();
        self.input.discard();
        self.talk.stage("capability");
        self.hello();
    }

    fn closed(&mut self) {
        self.talk.closed();
    }

    fn silent(&mut self) {
        self.talk.silent();
    }

    fn stage(&self) -> &'static str {
        self.talk.transcript.stage
    }

    fn transcript(mut self) -> Transcript {
        if let Some((outcome, detail)) = self.size() {
            self.talk.extra("smtp_size", outcome, detail);
        }
        self.talk.transcript.capabilities = self.capabilities;
        self.talk.end(&self.aim)
    }
}

fn reply(phase: &'static str, code: u16, lines: &[String]) -> Reply {
    let text = lines.join(" ");
    let enhanced = lines.first().and_then(|line| enhanced(line));
    Reply { phase, code: code.to_string(), enhanced, text: tame_text(&text) }
}

/// The enhanced status code at the beginning of a text (RFC 2034, RFC 3463).
fn enhanced(text: &str) -> Option<String> {
    let word = text.split(' ').next()?;
    let parts: Vec<&str> = word.split('.').collect();
    let number =
        |part: &&str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    (parts.len() == 3 && matches!(parts[0], "2" | "4" | "5") && parts.iter().all(number))
        .then(|| word.to_owned())
}

/// A message as it goes over the line: dots at the beginning of lines doubled, the end marked (RFC 5321 section 4.5.2).
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(message.len() + 8);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            bytes.push(b'.');
        }
        bytes.extend_from_slice(line);
    }
    if !bytes.ends_with(b"\r\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b".\r\n");
    bytes
}

#[cfg(test)]
mod tests;
