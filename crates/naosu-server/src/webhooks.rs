//! Webhooks: other programs are told that a case was opened, waits, or was resolved.
//!
//! What is to be told is written in the transaction of the change (`store::webhooks`), and delivered from there until it is
//! taken or given up, also over restarts. A message holds no words and no addresses of the person. It is signed as
//! Standard Webhooks has it (<https://www.standardwebhooks.com>): the receiver knows whom it is from, and when.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;
use url::Url;

use crate::desk::{Desk, now};
use crate::store::cases::Summary;
use crate::store::webhooks::{Attempt, Due};

mod send;

/// What can be told.
pub(crate) const EVENTS: [&str; 3] = ["case.opened", "case.resolved", "case.waiting"];

/// How often it is looked what is due.
const LOOK: Duration = Duration::from_millis(500);

/// How many deliveries are made at once.
const AT_ONCE: i64 = 16;

/// A delivery that is being tried is tried again after this many seconds if the server dies meanwhile.
const CLAIM: i64 = 60;

/// How long to wait after each failed attempt, in seconds; after the last the message is given up. 1.5 days in all.
const WAITS: [i64; 9] = [5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 72_000];

/// What is told of an event: ids and times, nothing that says who it is.
pub(crate) fn payload(event: &str, case: i64, at: i64, summary: &Summary) -> String {
    json!({
        "type": event,
        "timestamp": timestamp(at),
        "data": {
            "case": case,
            "state": summary.state,
            "lang": summary.lang,
            "symptom": summary.symptom,
            "cause": summary.cause,
            "device": summary.device,
            "client": summary.client,
            "service": summary.service,
            "steps": summary.steps,
            "due_at": summary.due_at,
        },
    })
    .to_string()
}

/// A new key of 192 bits, in base64.
pub(crate) fn fresh_key() -> String {
    let mut bytes = [0; 24];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut bytes);
    STANDARD.encode(bytes)
}

/// The URL of a webhook: `https`, or `http`, with a host, and without a name, password or fragment.
pub(crate) fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (matches!(url.scheme(), "https" | "http") && url.has_host() && plain).then_some(url)
}

/// The signature of a message (Standard Webhooks, version 1).
fn signature(key: &str, message: &str, at: u64, payload: &str) -> String {
    let key = STANDARD.decode(key).unwrap_or_default();
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(format!("{message}.{at}.{payload}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Delivers what is due, for ever.
pub(crate) async fn deliver(desk: Desk) {
    let sender = send::Sender::new();
    loop {
        let at = i64::try_from(now()).unwrap_or(i64::MAX);
        match desk.store.due_deliveries(at, AT_ONCE).await {
            Ok(due) if !due.is_empty() => {
                let mut tries = tokio::task::JoinSet::new();
                for due in due {
                    tries.spawn(one(desk.clone(), sender.clone(), due));
                }
                while tries.join_next().await.is_some() {}
            }
            Ok(_) => tokio::time::sleep(LOOK).await,
            Err(error) => {
                tracing::error!(%error, "deliveries cannot be read");
                tokio::time::sleep(LOOK * 20).await;
            }
        }
    }
}

/// One attempt.
async fn one(desk: Desk, sender: send::Sender, due: Due) {
    let seconds = || i64::try_from(now()).unwrap_or(i64::MAX / 2);
    match desk.store.claim_delivery(&due, seconds() + CLAIM).await {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => return tracing::error!(%error, "a delivery cannot be claimed"),
    }
    let at = now();
    let sent = match address(&due.url) {
        Some(url) => {
            let signed = send::Signed {
                message: &due.message,
                at,
                signature: &signature(&due.secret, &due.message, at, &due.payload),
                payload: &due.payload,
            };
            sender.send(desk.config.reach, &url, &signed).await
        }
        None => Err("no address".to_owned()),
    };
    // the address may hold a secret of the receiver: only the number is told
    let attempt = match &sent {
        Ok(()) => Attempt::Delivered,
        Err(end) => {
            tracing::info!(webhook = due.webhook, attempt = due.attempts + 1, end, "a delivery failed");
            let wait = usize::try_from(due.attempts).ok().and_then(|attempts| WAITS.get(attempts));
            match wait {
                Some(wait) => Attempt::Again { due_at: seconds() + wait, end },
                None => Attempt::GivenUp { end },
            }
        }
    };
    if let Err(error) = desk.store.attempted(&due, seconds(), attempt).await {
        tracing::error!(%error, "the end of a delivery cannot be kept");
    }
}

/// RFC 3339 in UTC, to the second.
fn timestamp(at: i64) -> String {
    jiff::Timestamp::from_second(at).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_specification() {
        // the example of the reference libraries
        let key = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn times_are_written_as_rfc_3339_has_them() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(timestamp(1_795_385_776), "2026-11-22T22:16:16Z");
    }

    #[test]
    fn only_plain_web_addresses_are_taken() {
        assert!(address("https://hooks.example.jp/a?b=c").is_some());
        for text in [
            "ftp://example.jp/",
            "https://",
            "https://a:b@example.jp/",
            "https://example.jp/#x",
            "x",
            "file:///etc/passwd",
        ] {
            assert!(address(text).is_none(), "{text}");
        }
    }
}
