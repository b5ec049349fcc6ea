//! IMAP (RFC 9051, RFC 3501): from the greeting to the newest messages, without changing anything in the mailbox.
//!
//! After the sign-in two round trips: everything about the mailbox, then a piece of the newest messages.

mod find;
pub mod parse;

use std::time::Duration;

use serde_json::json;
use zeroize::Zeroizing;

use self::find::Find;
use self::parse::{Folder, Line, Quota, Status};
use super::input::{Excess, Input, Response};
use super::sasl::{self, Choice, Exchange, Mechanism};
use super::{
    Aim, Credential, Dialog, Reply, Security, Talk, Transcript, Want, capability_words, one_line,
    sounds_temporary,
};
use crate::recorder::{Detail, tame_text};

/// Of how many of the newest messages a piece is read.
const MESSAGES: u64 = 20;

/// How many odd lines are borne before the conversation is given up.
const ODD_LIMIT: u32 = 8;

/// How many folders are kept.
const FOLDER_LIMIT: usize = 2000;

/// A conversation with an IMAP server.
pub struct Imap<'a> {
    aim: Aim<'a>,
    talk: Talk,
    input: Input,
    secure: bool,
    capabilities: Option<Vec<String>>,
    /// Whether the capabilities are those after the sign-in.
    fresh: bool,
    exchange: Option<Exchange>,
    expected: Vec<(u32, Command)>,
    tags: u32,
    odd: u32,
    bye: Option<String>,
    welcome: Option<String>,
    alerts: Vec<String>,
    mailbox: Mailbox,
    /// Looks for one message in place of checking the mailbox.
    find: Option<Find>,
}

#[derive(Default)]
struct Mailbox {
    open: bool,
    exists: u64,
    refused: Option<(Command, Reply)>,
    quota_asked: bool,
    quota_roots: Vec<Vec<u8>>,
    quotas: Vec<Quota>,
    folders: Vec<Folder>,
    junk: Option<(String, u64)>,
    asked: u64,
    read: u64,
    empty: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Command {
    Capability,
    Examine,
    Fetch,
    Id,
    List,
    Open,
    Quota,
    Search,
    SignIn,
    StartTls,
    Status,
}

impl<'a> Imap<'a> {
    /// Begins; the server speaks first.
    pub fn new(aim: Aim<'a>) -> Self {
        Self {
            aim,
            talk: Talk::new(),
            input: Input::default(),
            secure: aim.security == Security::Tls,
            capabilities: None,
            fresh: false,
            exchange: None,
            expected: Vec::new(),
            tags: 0,
            odd: 0,
            bye: None,
            welcome: None,
            alerts: Vec::new(),
            mailbox: Mailbox::default(),
            find: None,
        }
    }

    /// The same, but looks for the message of that id in all folders for so long. Where it was found is said by the
    /// details `found` (`inbox`, `junk`, `elsewhere`) and `folder`.
    #[must_use]
    pub fn finding(mut self, message_id: &str, patience: Duration) -> Self {
        self.find = Some(Find::new(message_id, patience));
        self
    }

    fn command(&mut self, command: Command, text: &str) {
        let line = format!("{} {text}\r\n", self.tag(command));
        self.talk.write(line);
    }

    fn tag(&mut self, command: Command) -> String {
        self.tags += 1;
        self.expected.push((self.tags, command));
        format!("a{}", self.tags)
    }

    fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().flatten().any(|word| word == capability)
    }

    fn take(&mut self, response: &Response) {
        let line = parse::line(&response.line);
        match line {
            Line::Untagged { status: Some(status), code, text } => self.untagged_status(status, code, text),
            Line::Untagged { status: None, text, .. } if !self.talk.at_greeting() => {
                self.untagged(text, response);
            }
            Line::Continue(text) if !self.talk.at_greeting() => self.challenge(text),
            Line::Tagged { tag, status, code, text } if !self.talk.at_greeting() => {
                match self.expected.iter().position(|(expected, _)| *expected == tag) {
                    Some(index) => {
                        let (_, command) = self.expected.remove(index);
                        self.note_code(code, text);
                        self.answered(command, status, code, text);
                    }
                    // a tag that was answered already, or never used: no answer can be trusted any more
                    None => self.talk.garbage(&response.line),
                }
            }
            _ => self.odd(&response.line),
        }
    }

    fn learn(&mut self, words: &str) {
        self.capabilities = Some(capability_words(words.split(' ')));
        self.fresh = true;
    }

    fn odd(&mut self, line: &[u8]) {
        self.odd += 1;
        if self.talk.at_greeting() || self.odd > ODD_LIMIT {
            self.talk.garbage(line);
        }
    }

    /// What response codes bring besides the answer: capabilities and warnings.
    fn note_code(&mut self, code: Option<&str>, text: &str) {
        let Some(code) = code else { return };
        if let Some(words) = parse::after_word(code, "CAPABILITY") {
            self.learn(words);
        }
        let name = code.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        if matches!(name.as_str(), "ALERT" | "WEBALERT") && self.alerts.len() < 8 {
            self.alerts.push(tame_text(text));
        }
    }

    fn untagged_status(&mut self, status: Status, code: Option<&str>, text: &str) {
        if self.talk.at_greeting() {
            self.greeting(status, code, text);
            return;
        }
        self.note_code(code, text);
        if status == Status::Bye {
            self.bye = Some(coded(code, text));
        }
    }

    fn greeting(&mut self, status: Status, code: Option<&str>, text: &str) {
        self.talk.detail("greeting", tame_text(text));
        self.note_code(code, text);
        match status {
            Status::Ok | Status::Preauth => {
                self.talk.stage("capability");
                if status == Status::Preauth {
                    self.talk.detail("preauth", true);
                    if !self.secure {
                        self.finish("starttls_missing", None);
                    } else if self.aim.credential.is_some() {
                        self.open_mailbox();
                    } else {
                        self.finish("reachable", None);
                    }
                } else if self.capabilities.is_some() {
                    self.capable();
                } else {
                    self.command(Command::Capability, "CAPABILITY");
                }
            }
            Status::Bye | Status::No | Status::Bad => {
                let reply = reply("greeting", status, code, text);
                self.talk.finish("greeting_refused", Some(reply));
            }
        }
    }

    /// The capabilities are known: encrypt, sign in, or leave it.
    fn capable(&mut self) {
        if self.secure {
            self.sign_in();
        } else if self.aim.security == Security::Plain {
            let offered = self.has("STARTTLS");
            self.talk.detail("starttls_offered", offered);
            self.finish("sign_in_withheld", None);
        } else if self.has("STARTTLS") {
            self.talk.stage("starttls");
            self.command(Command::StartTls, "STARTTLS");
        } else {
            self.finish("starttls_missing", None);
        }
    }

    fn sign_in(&mut self) {
        self.talk.stage("sign_in");
        self.fresh = false;
        let mechanisms: Vec<String> = self
            .capabilities
            .iter()
            .flatten()
            .filter_map(|word| word.strip_prefix("AUTH="))
            .map(str::to_owned)
            .collect();
        self.talk.detail("mechanisms", mechanisms.join(" "));
        let Some(credential) = self.aim.credential else {
            self.finish("reachable", None);
            return;
        };
        let names: Vec<&str> = mechanisms.iter().map(String::as_str).collect();
        let choice = sasl::choose(&names, credential);
        let command_allowed = matches!(credential, Credential::Password(_)) && !self.has("LOGINDISABLED");
        match choice {
            Choice::Use(mechanism) if mechanism != Mechanism::Login || !command_allowed => {
                let mut exchange = Exchange::new(mechanism, &self.aim, credential);
                self.talk.detail("mechanism", mechanism.name());
                self.talk.transcript.sign_in_tried = true;
                let mut line = Zeroizing::new(
                    format!("{} AUTHENTICATE {}", self.tag(Command::SignIn), mechanism.name()).into_bytes(),
                );
                if mechanism.speaks_first() && self.has("SASL-IR") {
                    let first = sasl::encode(&exchange.first());
                    line.reserve_exact(first.len() + 3);
                    line.push(b' ');
                    line.extend_from_slice(first.as_bytes());
                    self.talk.detail("initial_response", true);
                }
                line.extend_from_slice(b"\r\n");
                self.talk.write_secret(line);
                self.exchange = Some(exchange);
            }
            _ if command_allowed => {
                let (Credential::Password(secret) | Credential::Token(secret)) = credential;
                self.talk.detail("mechanism", "LOGIN command");
                self.talk.transcript.sign_in_tried = true;
                let tag = self.tag(Command::SignIn);
                let (user, password) = (quoted(self.aim.user), quoted(secret.expose()));
                let line = Zeroizing::new(format!("{tag} LOGIN {} {}\r\n", *user, *password).into_bytes());
                self.talk.write_secret(line);
            }
            Choice::OauthOnly => self.finish("sign_in_oauth_only", None),
            Choice::Unsupported => self.finish("sign_in_unsupported", None),
            Choice::Use(_) | Choice::Nothing => self.finish("sign_in_not_offered", None),
        }
    }

    fn challenge(&mut self, text: &[u8]) {
        let Some(exchange) = &mut self.exchange else {
            self.odd(text);
            return;
        };
        let begun = self.talk.transcript.detail.contains_key("initial_response");
        let answer = if !begun && exchange.mechanism().speaks_first() {
            self.talk.detail("initial_response", false);
            Ok(exchange.first())
        } else {
            exchange.answer(&sasl::decode(text))
        };
        if let Ok(answer) = answer {
            let mut line = Zeroizing::new(Vec::with_capacity(answer.len() * 2 + 8));
            line.extend_from_slice(sasl::encode(&answer).as_bytes());
            line.extend_from_slice(b"\r\n");
            self.talk.write_secret(line);
        } else {
            self.exchange = None;
            self.talk.write("*\r\n");
            self.talk.garbage(text);
        }
    }

    fn answered(&mut self, command: Command, status: Status, code: Option<&str>, text: &str) {
        match command {
            Command::Capability if self.talk.transcript.stage == "capability" => {
                self.capabilities.get_or_insert_default();
                self.capable();
            }
            Command::StartTls => {
                if status == Status::Ok {
                    let left_over = self.input.discard();
                    self.talk.start_tls(left_over);
                } else {
                    let reply = reply("starttls", status, code, text);
                    self.finish("starttls_refused", Some(reply));
                }
            }
            Command::SignIn => self.signed_in(status, code, text),
            Command::Search => self.searched(),
            Command::Quota
            | Command::Id
            | Command::List
            | Command::Open
            | Command::Status
            | Command::Capability => {}
            Command::Examine => {
                if status == Status::Ok {
                    self.mailbox.open = true;
                } else {
                    self.mailbox.refused = Some((command, reply("select", status, code, text)));
                }
            }
            Command::Fetch => {
                // Messages that another program removed meanwhile are no fault (RFC 5530).
                let gone = code.is_some_and(|code| code.eq_ignore_ascii_case("EXPUNGEISSUED"));
                let nothing = self.mailbox.read <= self.mailbox.empty;
                if !gone && (status != Status::Ok || nothing) {
                    self.mailbox.refused = Some((command, reply("fetch", status, code, text)));
                }
            }
        }
        if self.expected.is_empty() {
            match self.talk.transcript.stage {
                "mailbox" if self.find.is_some() => {
                    if let Some(find) = &mut self.find {
                        find.folders(&self.mailbox.folders);
                    }
                    self.talk.stage("search");
                    self.look();
                }
                "search" => self.looked(),
                "mailbox" => self.open_messages(),
                "message" => self.conclude(),
                _ => {}
            }
        }
    }

    fn signed_in(&mut self, status: Status, code: Option<&str>, text: &str) {
        let exchange = self.exchange.take();
        if status == Status::Ok {
            if exchange.is_some_and(|mut exchange| exchange.taken(None).is_err()) {
                self.talk.garbage(b"the server did not prove that it knows the password");
                return;
            }
            self.welcome = Some(text.to_owned());
            self.open_mailbox();
            return;
        }
        if let Some(failure) = exchange.as_ref().and_then(Exchange::failure) {
            self.talk.detail("oauth_failure", tame_text(failure));
        }
        let reply = reply("auth", status, code, text);
        let temporary =
            code.is_some_and(|code| code.eq_ignore_ascii_case("UNAVAILABLE")) || sounds_temporary(text);
        let outcome = if temporary { "sign_in_unavailable" } else { "sign_in_refused" };
        self.finish(outcome, Some(reply));
    }

    fn open_mailbox(&mut self) {
        self.talk.transcript.signed_in = true;
        self.talk.stage("mailbox");
        if self.has("ID") {
            self.command(
                Command::Id,
                concat!("ID (\"name\" \"naosu\" \"version\" \"", env!("CARGO_PKG_VERSION"), "\")"),
            );
        }
        if self.find.is_none() {
            if !self.fresh {
                self.command(Command::Capability, "CAPABILITY");
            }
            self.ask_quota();
        }
        let special = self.has("SPECIAL-USE") && self.has("LIST-EXTENDED");
        let list = if special { "LIST \"\" \"*\" RETURN (SPECIAL-USE)" } else { "LIST \"\" \"*\"" };
        self.command(Command::List, list);
        if self.find.is_some() {
            return;
        }
        self.command(Command::Examine, "EXAMINE INBOX");
    }

    fn ask_quota(&mut self) {
        let offered =
            self.capabilities.iter().flatten().any(|word| word == "QUOTA" || word.starts_with("QUOTA="));
        if offered && !self.mailbox.quota_asked {
            self.mailbox.quota_asked = true;
            self.command(Command::Quota, "GETQUOTAROOT INBOX");
        }
    }

    fn open_messages(&mut self) {
        if !self.mailbox.open {
            self.conclude();
            return;
        }
        self.talk.stage("message");
        self.ask_quota();
        let exists = self.mailbox.exists;
        if exists > 0 {
            self.mailbox.asked = exists.min(MESSAGES);
            let first = exists - self.mailbox.asked + 1;
            self.command(
                Command::Fetch,
                &format!("FETCH {first}:{exists} (UID RFC822.SIZE BODY.PEEK[]<0.64>)"),
            );
        }
        let junk = parse::junk(&self.mailbox.folders).map(|folder| (folder.name(), folder.raw.clone()));
        if let Some((name, raw)) = junk {
            self.mailbox.junk = Some((name, 0));
            let mut line = format!("{} STATUS ", self.tag(Command::Status)).into_bytes();
            line.extend(parse::string(&raw));
            line.extend(b" (MESSAGES UNSEEN)\r\n");
            self.talk.write(line);
        }
        if self.expected.is_empty() {
            self.conclude();
        }
    }

    fn untagged(&mut self, text: &str, response: &Response) {
        let upper = text.to_ascii_uppercase();
        if let Some(words) = parse::after_word(text, "CAPABILITY") {
            self.learn(words);
        } else if let Some(rest) = parse::after_word(text, "QUOTA") {
            // RFC 9208 section 4.1.2: the roots that count for a mailbox are those that QUOTAROOT named
            let roots = &self.mailbox.quota_roots;
            let counts =
                roots.is_empty() || parse::words(rest).first().is_none_or(|root| roots.contains(root));
            if counts && self.mailbox.quotas.len() < 16 {
                self.mailbox.quotas.extend(parse::quotas(rest));
            }
        } else if let Some(rest) = parse::after_word(text, "QUOTAROOT") {
            self.mailbox.quota_roots = parse::words(rest).into_iter().skip(1).collect();
        } else if upper.starts_with("LIST ") {
            if self.mailbox.folders.len() < FOLDER_LIMIT {
                self.mailbox.folders.extend(parse::folder(&response.line, &response.literals));
            }
        } else if upper.starts_with("STATUS ") {
            if let (Some(count), Some((_, messages))) =
                (parse::item(&upper, "MESSAGES"), &mut self.mailbox.junk)
            {
                *messages = count;
            }
        } else if let Some(rest) = upper.strip_prefix("SEARCH") {
            if let Some(find) = self.find.as_mut().filter(|_| rest.bytes().any(|byte| byte.is_ascii_digit()))
            {
                find.hit();
            }
        } else if upper.starts_with("ID ") {
            let name = parse::id_name(text);
            if !name.is_empty() {
                self.talk.detail("server", tame_text(&name));
            }
        } else if let Some((number, what)) = parse::numbered(&upper) {
            if what == "EXISTS" && self.talk.transcript.stage == "mailbox" {
                self.mailbox.exists = number;
            } else if what.starts_with("FETCH") && upper.contains("BODY[]") {
                self.mailbox.read += 1;
                self.mailbox.empty += u64::from(upper.contains("BODY[]<0> NIL"));
            }
        }
    }

    /// Everything that was to be learnt is learnt.
    fn conclude(&mut self) {
        let refused = self.mailbox.refused.take();
        match refused {
            Some((Command::Fetch, reply)) => self.finish("message_unreadable", Some(reply)),
            Some((_, reply)) => self.finish("mailbox_refused", Some(reply)),
            None => self.finish("ok", None),
        }
    }

    fn finish(&mut self, outcome: &'static str, reply: Option<Reply>) {
        if !self.talk.done {
            self.tags += 1;
            self.talk.write(format!("a{} LOGOUT\r\n", self.tags));
        }
        self.talk.finish(outcome, reply);
    }

    fn extras(&mut self) {
        if !self.talk.transcript.signed_in {
            return;
        }
        if self.fresh {
            let idle = if self.has("IDLE") { "offered" } else { "missing" };
            self.talk.extra("imap_idle", idle, Detail::new());
        }
        if let Some((outcome, detail)) = parse::fullest(&self.mailbox.quotas) {
            self.talk.extra("imap_quota", outcome, detail);
        }
        if self.mailbox.open {
            let (name, junk) = self.mailbox.junk.clone().unwrap_or_default();
            let mut detail = Detail::from([
                ("inbox".to_owned(), json!(self.mailbox.exists)),
                ("junk".to_owned(), json!(junk)),
                ("folders".to_owned(), json!(self.mailbox.folders.len())),
            ]);
            if !name.is_empty() {
                detail.insert("junk_folder".to_owned(), json!(tame_text(&name)));
            }
            self.talk.extra("imap_folders", "counted", detail);
        }
    }
}

impl Dialog for Imap<'_> {
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
            match self.input.response() {
                Some(Ok(response)) => self.take(&response),
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
        while let Some(Ok(response)) = self.input.response() {
            if matches!(parse::line(&response.line), Line::Tagged { .. }) {
                self.talk.taken_back(&response.line);
            }
        }
    }

    fn secured(&mut self) {
        self.secure = true;
        self.capabilities = None;
        self.input.discard();
        self.talk.stage("capability");
        self.command(Command::Capability, "CAPABILITY");
    }

    fn closed(&mut self) {
        let bye = self.bye.take();
        match (self.talk.transcript.stage, bye) {
            ("sign_in", Some(bye)) => {
                let (code, text) = parse::code(&bye);
                let reply = reply("auth", Status::Bye, code, text);
                let temporary = sounds_temporary(&bye) || code.is_some_and(|code| code == "UNAVAILABLE");
                let outcome = if temporary { "sign_in_unavailable" } else { "sign_in_refused" };
                self.talk.finish(outcome, Some(reply));
            }
            ("capability" | "starttls", Some(bye)) => {
                let (code, text) = parse::code(&bye);
                self.talk.finish("greeting_refused", Some(reply("greeting", Status::Bye, code, text)));
            }
            ("mailbox", bye) => {
                let ominous = |text: &String| text.to_ascii_lowercase().contains("failed");
                if let Some(text) = bye.or_else(|| self.welcome.take().filter(ominous)) {
                    let (code, text) = parse::code(&text);
                    self.talk.finish("mailbox_refused", Some(reply("select", Status::Bye, code, text)));
                }
            }
            ("message", bye) => {
                let text = bye.unwrap_or_else(|| "connection closed".to_owned());
                let (code, text) = parse::code(&text);
                self.talk.finish("message_unreadable", Some(reply("fetch", Status::Bye, code, text)));
            }
            _ => {}
        }
        self.talk.closed();
    }

    fn silent(&mut self) {
        self.talk.silent();
    }

    fn stage(&self) -> &'static str {
        self.talk.transcript.stage
    }

    fn transcript(mut self) -> Transcript {
        self.extras();
        if !self.alerts.is_empty() {
            self.talk.detail("alerts", json!(self.alerts));
        }
        if let Some(bye) = &self.bye {
            self.talk.detail("bye", tame_text(bye));
        }
        if self.mailbox.asked > 0 {
            self.talk.detail("messages_asked", self.mailbox.asked);
            self.talk.detail("messages_read", self.mailbox.read);
        }
        self.talk.transcript.capabilities = self.capabilities.unwrap_or_default();
        self.talk.end(&self.aim)
    }
}

fn reply(phase: &'static str, status: Status, code: Option<&str>, text: &str) -> Reply {
    let word = code.and_then(|code| code.split(' ').next()).filter(|word| !word.is_empty());
    Reply {
        phase,
        code: word.map_or_else(|| status.name().to_owned(), |word| tame_text(&word.to_ascii_uppercase())),
        enhanced: None,
        text: tame_text(&coded(code, text)),
    }
}

/// A text with its response code, as the server wrote it.
fn coded(code: Option<&str>, text: &str) -> String {
    code.map_or_else(|| text.to_owned(), |code| format!("[{code}] {text}"))
}

/// A quoted string (RFC 9051 section 4.3). Characters outside ASCII go as they are: servers take UTF-8 there.
fn quoted(text: &str) -> Zeroizing<String> {
    let mut quoted = Zeroizing::new(String::with_capacity(text.len() * 2 + 2));
    quoted.push('"');
    for letter in one_line(text).chars() {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
