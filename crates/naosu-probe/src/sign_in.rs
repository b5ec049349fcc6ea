//! One sign-in at a time over all servers of an account, in a fixed order, and none after a refusal.

use std::collections::BTreeSet;
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
    /// The protocols that have their sign-in still before them.
    before: watch::Sender<BTreeSet<Protocol>>,
}

#[derive(Debug, Default)]
struct Refused(bool);

impl Default for SignIns {
    fn default() -> Self {
        Self(Arc::new(Inner { refused: Arc::default(), before: watch::Sender::default() }))
    }
}

/// Leave to sign in; the next server gets it when this is dropped.
#[derive(Debug)]
pub struct Leave {
    refused: OwnedMutexGuard<Refused>,
    sign_ins: SignIns,
    protocol: Protocol,
}

impl SignIns {
    /// Announces that servers of a protocol are on their way to a sign-in: protocols behind it wait.
    pub fn announce(&self, protocol: Protocol) {
        self.0.before.send_if_modified(|before| before.insert(protocol));
    }

    /// The protocol's sign-in is over, or will never come.
    pub fn over(&self, protocol: Protocol) {
        self.0.before.send_if_modified(|before| before.remove(&protocol));
    }

    /// Waits for the sign-ins of protocols that go before, and for the one that is under way; `None` when one was
    /// refused.
    pub async fn leave(&self, protocol: Protocol) -> Option<Leave> {
        let mut before = self.0.before.subscribe();
        let none_before = |before: &BTreeSet<Protocol>| before.iter().all(|other| *other >= protocol);
        // whether the turn came or the patience ended
        let _ = tokio::time::timeout(PATIENCE, before.wait_for(none_before)).await;
        let refused = Arc::clone(&self.0.refused).lock_owned().await;
        (!refused.0).then(|| Leave { refused, sign_ins: self.clone(), protocol })
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
        drop(sign_ins.leave(Protocol::Imap).await.unwrap());
        sign_ins.leave(Protocol::Pop).await.unwrap().refused();
        assert!(sign_ins.leave(Protocol::Smtp).await.is_none());
    }

    #[tokio::test]
    async fn imap_goes_first_however_late_it_comes() {
        let sign_ins = SignIns::default();
        sign_ins.announce(Protocol::Imap);
        sign_ins.announce(Protocol::Smtp);
        let late = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            sign_ins.leave(Protocol::Imap).await.unwrap().refused();
        };
        let (smtp, ()) = tokio::join!(sign_ins.leave(Protocol::Smtp), late);
        assert!(smtp.is_none(), "the refusal came first");
    }

    #[tokio::test]
    async fn whoever_will_not_come_is_not_waited_for() {
        let sign_ins = SignIns::default();
        sign_ins.announce(Protocol::Imap);
        let given_up = async { sign_ins.over(Protocol::Imap) };
        let (smtp, ()) = tokio::join!(sign_ins.leave(Protocol::Smtp), given_up);
        assert!(smtp.is_some());
        drop(smtp);
        sign_ins.announce(Protocol::Imap);
        assert!(sign_ins.leave(Protocol::Smtp).await.is_some(), "nor for ever");
    }
}
