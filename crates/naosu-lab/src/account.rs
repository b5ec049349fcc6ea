//! The account of a world: who may sign in, what is in the mailbox, and what was tried.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::fault::{Delivery, Mailbox};

/// One attempt to sign in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignIn {
    /// The endpoint's name.
    pub server: String,
    /// `PLAIN`, `LOGIN`, `SCRAM-SHA-256` …; `LOGIN command` and `USER/PASS` for the commands of IMAP and POP.
    pub mechanism: String,
    /// The user name as it came.
    pub user: String,
    /// The password or token as it came; none where the mechanism keeps it to itself.
    pub password: Option<String>,
    /// Whether the line was encrypted.
    pub encrypted: bool,
    /// Whether it was taken.
    pub accepted: bool,
}

/// One line a mail server received.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Heard {
    /// The endpoint's name.
    pub server: String,
    /// Whether the line was encrypted.
    pub encrypted: bool,
    /// The line without its end.
    pub text: String,
}

/// The account, shared by all servers of a world.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) mailbox: Mailbox,
    state: Mutex<State>,
}

/// A message in the mailbox.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) folder: String,
    pub(crate) uid: u32,
    /// With CRLF at the end of each line.
    pub(crate) text: String,
    due: Instant,
}

#[derive(Debug, Default)]
struct State {
    messages: Vec<Message>,
    next_uid: u32,
    sign_ins: Vec<SignIn>,
    heard: Vec<Heard>,
}

/// Lines kept; a client that says more is no longer listened to, only answered.
const HEARD_LIMIT: usize = 10_000;

impl Account {
    pub(crate) fn new(user: String, password: String, mailbox: Mailbox) -> Self {
        let state = State { next_uid: 1, ..State::default() };
        let account = Self { user, password, mailbox, state: Mutex::new(state) };
        for number in 0..account.mailbox.inbox {
            account.put("INBOX", welcome(number, &account.user), Duration::ZERO);
        }
        for number in 0..account.mailbox.junk {
            account.put(&account.mailbox.junk_name, welcome(number, &account.user), Duration::ZERO);
        }
        account
    }

    /// Whether this user name and password may sign in.
    pub(crate) fn admits(&self, user: &str, password: &str) -> bool {
        user.eq_ignore_ascii_case(&self.user) && password == self.password
    }

    /// Takes a message sent over SMTP.
    pub(crate) fn deliver(&self, text: String) {
        let folder = match self.mailbox.delivery {
            Delivery::Inbox => "INBOX",
            Delivery::Junk => &self.mailbox.junk_name,
            Delivery::Elsewhere => "Archive",
            Delivery::Lost => return,
        };
        self.put(folder, text, Duration::from_millis(self.mailbox.delivery_ms));
    }

    /// The folders there are.
    pub(crate) fn folders(&self) -> Vec<String> {
        vec![
            "INBOX".to_owned(),
            "Archive".to_owned(),
            "Drafts".to_owned(),
            self.mailbox.junk_name.clone(),
            "Sent".to_owned(),
            "Trash".to_owned(),
        ]
    }

    /// The messages that have arrived in a folder.
    pub(crate) fn messages(&self, folder: &str) -> Vec<Message> {
        let now = Instant::now();
        let state = self.state();
        let inside = |message: &&Message| message.folder.eq_ignore_ascii_case(folder) && message.due <= now;
        state.messages.iter().filter(inside).cloned().collect()
    }

    /// Removes a message.
    pub(crate) fn remove(&self, uid: u32) {
        self.state().messages.retain(|message| message.uid != uid);
    }

    pub(crate) fn note_sign_in(&self, sign_in: SignIn) {
        self.state().sign_ins.push(sign_in);
    }

    pub(crate) fn note_heard(&self, heard: Heard) {
        let mut state = self.state();
        if state.heard.len() < HEARD_LIMIT {
            state.heard.push(heard);
        }
    }

    pub(crate) fn sign_ins(&self) -> Vec<SignIn> {
        self.state().sign_ins.clone()
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.state().heard.clone()
    }

    fn put(&self, folder: &str, text: String, after: Duration) {
        let mut state = self.state();
        let uid = state.next_uid;
        state.next_uid += 1;
        state.messages.push(Message { folder: folder.to_owned(), uid, text, due: Instant::now() + after });
    }

    /// A conversation that panicked leaves whole records behind: they are pushed at once.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn welcome(number: u32, to: &str) -> String {
    format!(
        "Return-Path: <taro@example.com>\r\nDate: Mon, 2 Nov 2026 09:{:02}:00 +0900\r\nFrom: Taro <taro@example.com>\r\n\
         To: <{to}>\r\nSubject: Lunch {number}\r\nMessage-ID: <lunch-{number}@example.com>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nShall we have lunch together?\r\n",
        number % 60
    )
}
