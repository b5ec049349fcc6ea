//! A message to oneself, and where it arrives. Only made when asked for.

use std::time::Duration;

use jiff::Zoned;
use jiff::fmt::rfc2822;
use naosu_core::evidence::ObservationId;
use serde_json::json;
use tokio::time::Instant;

use crate::deadline::Deadline;
use crate::dialog::imap::Imap;
use crate::dialog::sasl;
use crate::dialog::smtp::Smtp;
use crate::dns::Names;
use crate::mail::{Endpoint, converse};
use crate::recorder::Recorder;
use crate::tls::Trust;

/// How long the message is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is kept back from the deadline for the last look.
const RESERVE: Duration = Duration::from_millis(700);

/// What the message says, in both languages.
const BODY: &str = "Naosu sent this message to find out whether mail arrives. It can be deleted.\r\n\
    このメールは、メールが届くかどうかを確かめるためにNaosuが送りました。削除してかまいません。\r\n";

/// Sends one message to `smtp.address` and looks for it over IMAP; records `send_test`.
///
/// It signs in again, once per server: only to be called where the check of both servers signed in. `None` where it
/// could not be found out whether the message arrived, because IMAP failed meanwhile.
pub async fn send_test(
    smtp: &Endpoint<'_>,
    imap: &Endpoint<'_>,
    names: &Names,
    trust: &Trust,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Option<ObservationId> {
    let address = smtp.address?;
    let mut pending = recorder.start("send_test", address, after);
    let token = format!("{:032x}", rand::random::<u128>());
    let domain = address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let message_id = format!("<naosu-{token}@{domain}>");
    let message = message(address, &message_id, &token);
    let sent = converse(smtp, |aim| Smtp::new(aim).with_message(message), names, trust, deadline).await;
    let accepted_at = Instant::now();
    let accepted = sent.as_ref().is_some_and(|sent| sent.outcome == "ok");
    if !accepted {
        if let Some(reply) = sent.as_ref().and_then(|sent| sent.reply.clone()) {
            pending.detail("reply_phase", reply.phase).detail("reply_code", reply.code_value());
            pending.detail("reply_enhanced", json!(reply.enhanced)).detail("reply", reply.text);
        } else {
            pending.detail("reply", sent.map_or("tcp_silent", |sent| sent.outcome));
        }
        return Some(pending.finish("refused"));
    }
    pending.detail("message_id", message_id.as_str());
    let patience = PATIENCE.min(deadline.remaining().saturating_sub(RESERVE));
    let seen =
        converse(imap, |aim| Imap::new(aim).finding(&message_id, patience), names, trust, deadline).await?;
    let tenths = u32::try_from(accepted_at.elapsed().as_millis() / 100).unwrap_or(u32::MAX);
    pending.detail("seconds", f64::from(tenths) / 10.0);
    if seen.outcome != "ok" && seen.outcome != "conversation_silent" {
        return None;
    }
    if let Some(folder) = seen.detail.get("folder") {
        pending.detail("folder", folder.clone());
    }
    let outcome = match seen.detail.get("found").and_then(serde_json::Value::as_str) {
        Some("inbox") => "arrived_inbox",
        Some("junk") => "arrived_junk",
        Some(_) => "arrived_elsewhere",
        None => "not_arrived",
    };
    Some(pending.finish(outcome))
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
