//! POP3 (RFC 1939) with its extensions (RFC 2449, RFC 2595, RFC 5034): from the greeting to the headers of the newest
//! messages, without taking any away.

use serde_json::json;
use zeroize::Zeroizing;

use super::input::{Excess, Input};
use super::sasl::{self, Choice, Exchange, Mechanism};
use super::{
    Aim, Credential, Dialog, Reply, Security, Talk, Transcript, Want, capability_words, one_line,
    sounds_temporary,
};
use crate::recorder::{Detail, tame_text};

/// Of how many of the newest messages the headers are read, where the server takes commands in a row.
const MESSAGES: u64 = 10;

/// With more messages than this their ids are not asked for: the list would be long.
const UIDL_LIMIT: u64 = 1000;

/// A conversation with a POP3 server.
pub struct Pop<'a> {
    aim: Aim<'a>,
    talk: Talk,
    input: Input,
    secure: bool,
    capabilities: Vec<String>,
    /// Whether the server answered `CAPA` with a list.
    listed: bool,
    exchange: Option<Exchange>,
    waiting: Waiting,
    /// The lines of a list under way.
    list: Option<Vec<String>>,
    /// How many `TOP` answers are still to come.
    tops: u64,
    messages: u64,
    ids: Option<u64>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Waiting {
    Greeting,
    Capa,
    Stls,
    Auth,
    User,
    Pass,
    Stat,
    Uidl,
    Top,
}

impl<'a> Pop<'a> {
    /// Begins; the server speaks first.
    pub fn new(aim: Aim<'a>) -> Self {
        Self {
            aim,
            talk: Talk::new(),
            input: Input::default(),
            secure: aim.security == Security::Tls,
            capabilities: Vec::new(),
            listed: false,
            exchange: None,
            waiting: Waiting::Greeting,
            list: None,
            tops: 0,
            messages: 0,
            ids: None,
        }
    }

    fn command(&mut self, waiting: Waiting, text: &str) {
        self.waiting = waiting;
        self.talk.write(format!("{text}\r\n"));
    }

    /// The parameters of a capability; `None` where it is not offered.
    fn capability(&self, name: &str) -> Option<&str> {
        self.capabilities.iter().find_map(|line| {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            (word == name).then_some(rest)
        })
    }

    fn take(&mut self, line: &[u8]) {
        if let Some(list) = &mut self.list {
            if line == b"." {
                let list = self.list.take().unwrap_or_default();
                self.listed(&list);
            } else if list.len() < 64 {
                list.push(String::from_utf8_lossy(line).into_owned());
            }
            return;
        }
        let (good, text) = if let Some(rest) = line.strip_prefix(b"+OK") {
            (true, rest)
        } else if let Some(rest) = line.strip_prefix(b"-ERR") {
            (false, rest)
        } else if let (Some(challenge), Waiting::Auth) = (line.strip_prefix(b"+ "), self.waiting) {
            self.challenge(challenge);
            return;
        } else if (line, self.waiting) == (b"+", Waiting::Auth) {
            self.challenge(b"");
            return;
        } else {
            self.talk.garbage(line);
            return;
        };
        let text = String::from_utf8_lossy(text).trim().to_owned();
        self.answered(good, &text);
    }

    fn answered(&mut self, good: bool, text: &str) {
        match self.waiting {
            Waiting::Greeting => {
                self.talk.detail("greeting", tame_text(text));
                if good {
                    self.talk.stage("capability");
                    self.command(Waiting::Capa, "CAPA");
                } else {
                    self.talk.finish("greeting_refused", Some(reply("greeting", text)));
                }
            }
            Waiting::Capa | Waiting::Uidl | Waiting::Top if good => self.list = Some(Vec::new()),
            Waiting::Capa => self.capable(),
            Waiting::Stls if good => {
                let left_over = self.input.discard();
                self.talk.start_tls(left_over);
            }
            Waiting::Stls => self.finish("starttls_refused", Some(reply("starttls", text))),
            Waiting::User if good => self.pass(),
            Waiting::Auth | Waiting::User | Waiting::Pass => self.signed_in(good, text),
            Waiting::Stat => self.counted(good, text),
            Waiting::Uidl => self.read_messages(),
            Waiting::Top => {
                let stated = text.to_ascii_lowercase();
                if stated.contains("unknown command") || stated.contains("not implemented") {
                    self.finish("ok", None);
                } else {
                    self.finish("message_unreadable", Some(reply("fetch", text)));
                }
            }
        }
    }

    /// A list came to its end.
    fn listed(&mut self, list: &[String]) {
        match self.waiting {
            Waiting::Capa => {
                self.listed = true;
                let tame = |line: &String| capability_words(line.split(' ')).join(" ");
                self.capabilities = list.iter().map(tame).filter(|line| !line.is_empty()).collect();
                self.capable();
            }
            Waiting::Uidl => {
                self.ids = Some(self.messages.min(list.len() as u64));
                self.read_messages();
            }
            _ => {
                self.tops = self.tops.saturating_sub(1);
                if self.tops == 0 {
                    self.finish("ok", None);
                }
            }
        }
    }

    fn capable(&mut self) {
        if self.secure {
            self.sign_in();
        } else if self.aim.security == Security::Plain {
            let offered = self.capability("STLS").is_some();
            self.talk.detail("starttls_offered", offered);
            self.finish("sign_in_withheld", None);
        } else if self.capability("STLS").is_some() || !self.listed {
            self.talk.stage("starttls");
            self.command(Waiting::Stls, "STLS");
        } else {
            self.finish("starttls_missing", None);
        }
    }

    fn sign_in(&mut self) {
        self.talk.stage("sign_in");
        let mechanisms = self.capability("SASL").map(str::to_owned);
        let names: Vec<&str> =
            mechanisms.as_deref().unwrap_or_default().split(' ').filter(|name| !name.is_empty()).collect();
        self.talk.detail("mechanisms", names.join(" "));
        let Some(credential) = self.aim.credential else {
            self.finish("reachable", None);
            return;
        };
        // A server that lists SASL and not USER takes no USER; one that lists neither is just old.
        let command_allowed = matches!(credential, Credential::Password(_))
            && (self.capability("USER").is_some() || mechanisms.is_none());
        match sasl::choose(&names, credential) {
            Choice::Use(mechanism) if mechanism != Mechanism::Login || !command_allowed => {
                let mut exchange = Exchange::new(mechanism, &self.aim, credential);
                self.talk.detail("mechanism", mechanism.name());
                self.talk.transcript.sign_in_tried = true;
                let mut line = Zeroizing::new(format!("AUTH {}", mechanism.name()).into_bytes());
                if mechanism.speaks_first() {
                    let first = sasl::encode(&exchange.first());
                    // RFC 5034 section 4: a first message that makes the line too long waits for its turn.
                    if first.len() <= 200 {
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
            _ if command_allowed => {
                self.talk.detail("mechanism", "USER command");
                self.talk.transcript.sign_in_tried = true;
                self.command(Waiting::User, &format!("USER {}", one_line(self.aim.user)));
            }
            Choice::OauthOnly => self.finish("sign_in_oauth_only", None),
            Choice::Unsupported => self.finish("sign_in_unsupported", None),
            Choice::Use(_) | Choice::Nothing => self.finish("sign_in_not_offered", None),
        }
    }

    fn pass(&mut self) {
        if let Some(Credential::Password(secret)) = self.aim.credential {
            let secret = Zeroizing::new(one_line(secret.expose()));
            self.waiting = Waiting::Pass;
            self.talk.write_secret(Zeroizing::new(format!("PASS {}\r\n", *secret).into_bytes()));
        }
    }

    fn challenge(&mut self, text: &[u8]) {
        let Some(exchange) = &mut self.exchange else {
            self.talk.garbage(text);
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
            self.talk.garbage(text);
        }
    }

    fn signed_in(&mut self, good: bool, text: &str) {
        let exchange = self.exchange.take();
        if good {
            if exchange.is_some_and(|mut exchange| exchange.taken(None).is_err()) {
                self.talk.garbage(b"the server did not prove that it knows the password");
                return;
            }
            self.talk.transcript.signed_in = true;
            self.talk.stage("mailbox");
            self.command(Waiting::Stat, "STAT");
            return;
        }
        if let Some(failure) = exchange.as_ref().and_then(Exchange::failure) {
            self.talk.detail("oauth_failure", tame_text(failure));
        }
        let reply = reply("auth", text);
        let outcome = match reply.code.as_str() {
            // RFC 2449 section 8.1.1: the sign-in was right, another session holds the mailbox.
            "IN-USE" => "mailbox_refused",
            "SYS/TEMP" => "sign_in_unavailable",
            "AUTH" => "sign_in_refused",
            _ if sounds_temporary(text) => "sign_in_unavailable",
            _ => "sign_in_refused",
        };
        self.finish(outcome, Some(reply));
    }

    fn counted(&mut self, good: bool, text: &str) {
        if !good {
            self.finish("mailbox_refused", Some(reply("select", text)));
            return;
        }
        let mut numbers = text.split(' ').map_while(|word| word.parse::<u64>().ok());
        let Some(messages) = numbers.next() else {
            self.talk.garbage(text.as_bytes());
            return;
        };
        self.messages = messages;
        let mut detail = Detail::from([("messages".to_owned(), json!(messages))]);
        if let Some(size) = numbers.next() {
            detail.insert("bytes".to_owned(), json!(size));
        }
        self.talk.extra("pop_mailbox", "counted", detail);
        if (1..=UIDL_LIMIT).contains(&messages) && self.capability("UIDL").is_some() {
            self.command(Waiting::Uidl, "UIDL");
        } else {
            self.read_messages();
        }
    }

    fn read_messages(&mut self) {
        let offered = self.capability("TOP").is_some() || !self.listed;
        if self.messages == 0 || !offered {
            self.finish("ok", None);
            return;
        }
        self.talk.stage("message");
        self.waiting = Waiting::Top;
        let pipelining = self.capability("PIPELINING").is_some();
        self.tops = if pipelining { self.messages.min(MESSAGES) } else { 1 };
        for number in (self.messages - self.tops + 1..=self.messages).rev() {
            self.talk.write(format!("TOP {number} 0\r\n"));
        }
    }

    fn finish(&mut self, outcome: &'static str, reply: Option<Reply>) {
        if !self.talk.done {
            self.talk.write("QUIT\r\n");
        }
        self.talk.finish(outcome, reply);
    }
}

impl Dialog for Pop<'_> {
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
                // it came before the command was sent
                Some(Ok(line)) if self.talk.unsent() => self.talk.garbage(&line),
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
        self.listed = false;
        self.input.discard();
        self.talk.stage("capability");
        self.command(Waiting::Capa, "CAPA");
    }

    fn closed(&mut self) {
        if self.waiting == Waiting::Top {
            let reply = reply("fetch", "connection closed");
            self.talk.finish("message_unreadable", Some(reply));
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
        if let Some(ids) = self.ids {
            self.talk.detail("unique_ids", ids);
        }
        self.talk.transcript.capabilities = self.capabilities;
        self.talk.end(&self.aim)
    }
}

/// `[IN-USE] text` (RFC 2449 section 8).
fn reply(phase: &'static str, text: &str) -> Reply {
    let code = text
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map(|(code, _)| code.to_ascii_uppercase());
    Reply {
        phase,
        code: code.map_or_else(|| "-ERR".to_owned(), |code| tame_text(&code)),
        enhanced: None,
        text: tame_text(text),
    }
}

#[cfg(test)]
mod tests;
