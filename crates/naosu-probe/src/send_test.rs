//! A message to oneself, and where it arrives. Only made when asked for.
//!
//! It travels in the conversations of the check itself: SMTP takes it, IMAP then looks for it, each with the one
//! sign-in that it has.

use std::time::Duration;

use jiff::Zoned;
use jiff::fmt::rfc2822;
use naosu_core::evidence::ObservationId;
use tokio::time::Instant;

use crate::deadline::Deadline;
use crate::dialog::sasl;
use crate::mail::MailResult;
use crate::recorder::Recorder;

/// How long the message is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is kept back from the deadline for the last look.
const RESERVE: Duration = Duration::from_millis(700);

/// What the message says, in both languages.
const BODY: &str = "Naosu sent this message to find out whether mail arrives. It can be deleted.\r\n\
    このメールは、メールが届くかどうかを確かめるためにNaosuが送りました。削除してかまいません。\r\n";

/// A message to oneself that can be told from every other.
#[derive(Clone, Debug)]
pub struct TestMessage {
    /// The address it goes to and comes from.
    pub address: String,
    /// Its Message-ID, in angle brackets.
    pub message_id: String,
    /// The message, with CR LF.
    pub bytes: Vec<u8>,
    /// How long it is looked for.
    pub patience: Duration,
    /// When it was made.
    made: Instant,
}

impl TestMessage {
    /// A message to that address that is looked for until the deadline, half a minute at the most.
    pub fn to(address: &str, deadline: Deadline) -> Self {
        let token = format!("{:032x}", rand::random::<u128>());
        let domain = address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let message_id = format!("<naosu-{token}@{domain}>");
        let bytes = message(address, &message_id, &token);
        let patience = PATIENCE.min(deadline.remaining().saturating_sub(RESERVE));
        Self { address: address.to_owned(), message_id, bytes, patience, made: Instant::now() }
    }

    /// Records `send_test` after both servers were checked with this message. `None` where it cannot be said whether it
    /// arrived: it was never handed over, or IMAP failed.
    pub fn record(
        &self,
        smtp: &MailResult,
        imap: Option<&MailResult>,
        recorder: &Recorder,
    ) -> Option<ObservationId> {
        let mut pending = recorder.start("send_test", &self.address, std::slice::from_ref(&smtp.observation));
        if smtp.outcome != "ok" {
            let refused = matches!(smtp.outcome, "sender_refused" | "recipient_refused" | "message_refused");
            pending.detail("reply", smtp.reply.as_deref().unwrap_or(smtp.outcome));
            return refused.then(|| pending.finish("refused"));
        }
        let imap = imap.filter(|imap| imap.signed_in)?;
        pending.wait_for(imap.observation.clone());
        let tenths = u32::try_from(self.made.elapsed().as_millis() / 100).unwrap_or(u32::MAX);
        pending.detail("message_id", self.message_id.as_str()).detail("seconds", f64::from(tenths) / 10.0);
        let outcome = match &imap.found {
            Some((place, folder)) => {
                pending.detail("folder", folder.as_str());
                match place.as_str() {
                    "inbox" => "arrived_inbox",
                    "junk" => "arrived_junk",
                    _ => "arrived_elsewhere",
                }
            }
            None => "not_arrived",
        };
        Some(pending.finish(outcome))
    }
}

fn message(address: &str, message_id: &str, token: &str) -> Vec<u8> {
    let date = rfc2822::to_string(&Zoned::now()).unwrap_or_default();
    let address = address.replace(['<', '>', '\r', '\n'], "");
    let body = sasl::encode(BODY.as_bytes());
    let mut message = format!(
        "From: <{address}>\r\nTo: <{address}>\r\nSubject: Naosu {token}\r\nDate: {date}\r\n\
         Message-ID: {message_id}\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    .into_bytes();
    for line in body.as_bytes().chunks(76) {
        message.extend_from_slice(line);
        message.extend_from_slice(b"\r\n");
    }
    message
}
