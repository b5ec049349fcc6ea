//! A conversation on a connection.

use std::time::Duration;

use naosu_core::knowledge::Protocol;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::deadline::Deadline;
use crate::dialog::{Dialog, Transcript, Want};
use crate::sign_in::{Leave, SignIns, Withheld};

/// How long one answer is awaited: servers hold back the answer to a wrong password for some seconds.
const ANSWER_LIMIT: Duration = Duration::from_secs(9);

/// How long the last words may take to be written.
const FAREWELL_LIMIT: Duration = Duration::from_millis(100);

/// How much is read at once, in bytes.
const BUFFER: usize = 8 * 1024;

/// Where a conversation stands when it needs no more of this connection as it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    Done,
    StartTls,
}

/// A dialog and the connection it is held on.
pub(super) struct Line<S, D> {
    stream: S,
    dialog: D,
    deadline: Deadline,
    buffer: Box<[u8]>,
    /// Where leave to sign in is asked for, before the first word of a sign-in.
    sign_ins: Option<Asking>,
    leave: Option<Leave>,
    withheld: Option<Withheld>,
    /// The longest wait for an answer.
    pub(super) slowest: Duration,
}

/// What is asked for: whose leave, and to sign in as whom.
pub(super) struct Asking {
    pub(super) sign_ins: SignIns,
    pub(super) protocol: Protocol,
    pub(super) user: String,
    pub(super) host: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin, D: Dialog> Line<S, D> {
    pub(super) fn new(stream: S, dialog: D, deadline: Deadline) -> Self {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        let (sign_ins, leave, withheld) = (None, None, None);
        Self { stream, dialog, deadline, buffer, sign_ins, leave, withheld, slowest: Duration::ZERO }
    }

    /// Asks for leave before it signs in; without leave the conversation ends there.
    pub(super) fn asking(mut self, asking: Asking) -> Self {
        self.sign_ins = Some(asking);
        self
    }

    /// Waits for the first bytes and says whether any came, or the end of the connection.
    pub(super) async fn greeting(&mut self, deadline: Deadline) -> bool {
        self.read(deadline).await
    }

    /// Goes on until the dialog wants TLS or nothing more.
    pub(super) async fn run(&mut self) -> Turn {
        let mut writing = Vec::new();
        loop {
            let want = match self.dialog.next() {
                Want::Write(bytes) => {
                    writing.push(bytes);
                    continue;
                }
                want => want,
            };
            if !self.may_go_on().await {
                return Turn::Done;
            }
            if !self.write(std::mem::take(&mut writing), &want).await {
                self.dialog.silent();
                continue;
            }
            match want {
                Want::StartTls => return Turn::StartTls,
                Want::Done => return Turn::Done,
                Want::Pause(pause) => {
                    if self.deadline.run(tokio::time::sleep(pause)).await.is_none() {
                        self.dialog.silent();
                    }
                    continue;
                }
                Want::Read | Want::Write(_) => {}
            }
            if !self.read(self.deadline.within(ANSWER_LIMIT)).await {
                self.dialog.silent();
            }
        }
    }

    /// Says good-bye and gives up the connection.
    pub(super) async fn close(mut self) -> Transcript {
        let _ = self.deadline.within(FAREWELL_LIMIT).run(self.stream.shutdown()).await;
        let mut transcript = self.dialog.transcript();
        if let Some(why) = self.withheld {
            let why = match why {
                Withheld::Refused => "withheld: another server refused it",
                Withheld::Closed => "withheld: signed in too often",
            };
            transcript.outcome = "reachable";
            transcript.sign_in_tried = false;
            transcript.detail.insert("sign_in".to_owned(), json!(why));
        }
        if let (Some(leave), "sign_in_refused") = (self.leave, transcript.outcome) {
            leave.refused();
        }
        transcript
    }

    /// Takes leave to sign in, or gives it back when the sign-in is over; `false` when there is no leave.
    async fn may_go_on(&mut self) -> bool {
        let signing_in = self.dialog.stage() == "sign_in";
        if !signing_in {
            self.leave = None;
        } else if let Some(Asking { sign_ins, protocol, user, host }) = self.sign_ins.take() {
            // without an answer in time no leave is given
            let asked = self.deadline.run(sign_ins.leave(protocol, &user, &host)).await;
            match asked.unwrap_or(Err(Withheld::Closed)) {
                Ok(leave) => self.leave = Some(leave),
                Err(why) => self.withheld = Some(why),
            }
        }
        self.withheld.is_none()
    }

    pub(super) fn into_parts(self) -> (S, D) {
        (self.stream, self.dialog)
    }

    /// Writes what is wanted in a row in one piece; `false` when the server did not take it in time.
    async fn write(&mut self, parts: Vec<Zeroizing<Vec<u8>>>, then: &Want) -> bool {
        if parts.is_empty() {
            return true;
        }
        // as large as it will be: what grows leaves copies behind, and a secret may be among the parts
        let mut bytes = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
        for part in &parts {
            bytes.extend_from_slice(part);
        }
        let limit = if *then == Want::Done { FAREWELL_LIMIT } else { ANSWER_LIMIT };
        let written = async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        };
        // An error is not the last word: a server that hung up may have said why, and reading finds that out.
        self.deadline.within(limit).run(written).await.is_some() || *then == Want::Done
    }

    async fn read(&mut self, deadline: Deadline) -> bool {
        let started = Instant::now();
        let read = deadline.run(self.stream.read(&mut self.buffer)).await;
        self.slowest = self.slowest.max(started.elapsed());
        match read {
            Some(Ok(0) | Err(_)) => self.dialog.closed(),
            Some(Ok(count)) => self.dialog.received(&self.buffer[..count]),
            None => return false,
        }
        true
    }
}
