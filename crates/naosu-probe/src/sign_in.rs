//! One sign-in at a time over all servers of an account, and none after a refusal.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// The sign-ins of one account in one run. A password that one server refused is not sent to another: some providers
/// count every refusal towards a lock.
#[derive(Clone, Debug, Default)]
pub struct SignIns(Arc<Mutex<Refused>>);

#[derive(Debug, Default)]
struct Refused(bool);

/// Leave to sign in; the next server gets it when this is dropped.
#[derive(Debug)]
pub struct Leave(OwnedMutexGuard<Refused>);

impl SignIns {
    /// Waits for the sign-in that is under way; `None` when one was refused.
    pub async fn leave(&self) -> Option<Leave> {
        let refused = Arc::clone(&self.0).lock_owned().await;
        (!refused.0).then_some(Leave(refused))
    }
}

impl Leave {
    /// The sign-in was refused: there will be no other.
    pub fn refused(mut self) {
        self.0.0 = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn after_a_refusal_there_is_no_leave() {
        let sign_ins = SignIns::default();
        drop(sign_ins.leave().await.unwrap());
        sign_ins.leave().await.unwrap().refused();
        assert!(sign_ins.leave().await.is_none());
    }
}
