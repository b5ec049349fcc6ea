//! One sign-in at a time over all servers of an account, in a fixed order, and none after a refusal.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use naosu_core::knowledge::Protocol;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

/// How long a protocol waits for its turn: those before it may be held up by a silent network.
const PATIENCE: Duration = Duration::from_millis(2500);

/// The sign-ins of one account in one run. A password that one server refused is not sent to another: some providers
/// count every refusal towards a lock. Which server is asked first must not be chance, or the same account would give
/// different evidence: IMAP goes before POP, and POP before SMTP.
#[derive(Clone, Debug)]
pub struct SignIns(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    refused: Arc<Mutex<Refused>>,
    gate: Option<Gate>,
    /// The protocols that have their sign-in still before them.
    before: watch::Sender<BTreeSet<Protocol>>,
}

#[derive(Debug, Default)]
struct Refused(bool);

impl Default for SignIns {
    fn default() -> Self {
        Self::guarded(None)
    }
}

/// Asked right before a sign-in is sent, with the user name and the server's name, whether it may be: a machine that signs
/// in for many people keeps their accounts from being locked by any of them.
#[derive(Clone)]
pub struct Gate(Arc<Ask>);

type Ask = dyn Fn(&str, &str) -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync;

impl Gate {
    /// A gate that asks `ask`.
    pub fn new<F, R>(ask: F) -> Self
    where
        F: Fn(&str, &str) -> R + Send + Sync + 'static,
        R: Future<Output = bool> + Send + 'static,
    {
        Self(Arc::new(move |user, host| Box::pin(ask(user, host))))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

/// Why a sign-in was not sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Withheld {
    /// Another server refused it in this run.
    Refused,
    /// The gate is closed, or there was no time to ask.
    Closed,
}

/// Leave to sign in; the next server gets it when this is dropped.
#[derive(Debug)]
pub struct Leave {
    refused: OwnedMutexGuard<Refused>,
    sign_ins: SignIns,
    protocol: Protocol,
}

impl SignIns {
    /// Sign-ins for which the gate is asked each time.
    pub fn guarded(gate: Option<Gate>) -> Self {
        Self(Arc::new(Inner { refused: Arc::default(), gate, before: watch::Sender::default() }))
    }

    /// Announces that servers of a protocol are on their way to a sign-in: protocols behind it wait.
    pub fn announce(&self, protocol: Protocol) {
        self.0.before.send_if_modified(|before| before.insert(protocol));
    }

    /// The protocol's sign-in is over, or will never come.
    pub fn over(&self, protocol: Protocol) {
        self.0.before.send_if_modified(|before| before.remove(&protocol));
    }

    /// Waits for the sign-ins of protocols that go before, and for the one that is under way; no leave when one was
    /// refused.
    pub async fn leave(&self, protocol: Protocol, user: &str, host: &str) -> Result<Leave, Withheld> {
        let mut before = self.0.before.subscribe();
        let none_before = |before: &BTreeSet<Protocol>| before.iter().all(|other| *other >= protocol);
        // whether the turn came or the patience ended
        let _ = tokio::time::timeout(PATIENCE, before.wait_for(none_before)).await;
        let refused = Arc::clone(&self.0.refused).lock_owned().await;
        if refused.0 {
            return Err(Withheld::Refused);
        }
        let leave = Leave { refused, sign_ins: self.clone(), protocol };
        match &self.0.gate {
            Some(gate) if !(gate.0)(user, host).await => Err(Withheld::Closed),
            _ => Ok(leave),
        }
    }
}

impl Leave {
    /// The sign-in was refused: there will be no other.
    pub fn refused(mut self) {
        self.refused.0 = true;
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.sign_ins.over(self.protocol);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn after_a_refusal_there_is_no_leave() {
        let sign_ins = SignIns::default();
        drop(sign_ins.leave(Protocol::Imap, "hanako", "mail.example.jp").await.unwrap());
        sign_ins.leave(Protocol::Pop, "hanako", "mail.example.jp").await.unwrap().refused();
        assert!(sign_ins.leave(Protocol::Smtp, "hanako", "mail.example.jp").await.is_err());
    }

    #[tokio::test]
    async fn imap_goes_first_however_late_it_comes() {
        let sign_ins = SignIns::default();
        sign_ins.announce(Protocol::Imap);
        sign_ins.announce(Protocol::Smtp);
        let late = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            sign_ins.leave(Protocol::Imap, "hanako", "mail.example.jp").await.unwrap().refused();
        };
        let (smtp, ()) = tokio::join!(sign_ins.leave(Protocol::Smtp, "hanako", "mail.example.jp"), late);
        assert!(smtp.is_err(), "the refusal came first");
    }

    #[tokio::test]
    async fn whoever_will_not_come_is_not_waited_for() {
        let sign_ins = SignIns::default();
        sign_ins.announce(Protocol::Imap);
        let given_up = async { sign_ins.over(Protocol::Imap) };
        let (smtp, ()) = tokio::join!(sign_ins.leave(Protocol::Smtp, "hanako", "mail.example.jp"), given_up);
        assert!(smtp.is_ok());
        drop(smtp);
        sign_ins.announce(Protocol::Imap);
        assert!(sign_ins.leave(Protocol::Smtp, "hanako", "mail.example.jp").await.is_ok(), "nor for ever");
    }

    #[tokio::test]
    async fn a_closed_gate_lets_nobody_through_and_is_asked_for_each() {
        let sign_ins = SignIns::guarded(Some(Gate::new(|user, host| {
            let open = user == "hanako" && host == "imap.example.jp";
            async move { open }
        })));
        assert!(sign_ins.leave(Protocol::Imap, "hanako", "imap.example.jp").await.is_ok());
        let closed = sign_ins.leave(Protocol::Smtp, "taro", "imap.example.jp").await;
        assert_eq!(closed.unwrap_err(), Withheld::Closed);
        assert!(sign_ins.leave(Protocol::Smtp, "hanako", "imap.example.jp").await.is_ok());
    }
}
