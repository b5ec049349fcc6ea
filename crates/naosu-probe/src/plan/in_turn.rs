//! Servers that were found and not named: one after the other until one answers, as mail programs do (RFC 2782).

use std::time::Duration;

use futures_util::future::join_all;

use naosu_core::knowledge::Protocol;

use super::Run;
use crate::discovery::{Discovered, Endpoint};
use crate::mail::MailResult;
use crate::others::Others;
use crate::reach::NOT_ALLOWED;

/// Another server is tried only with this much time left: connecting alone can take most of it.
const ENOUGH: Duration = Duration::from_secs(4);

impl Run<'_> {
    /// Tries servers of one protocol until one takes the connection. Says whether that one is well.
    pub(super) async fn first_that_answers(
        &self,
        protocol: Protocol,
        servers: Vec<&Endpoint>,
        found: &Discovered,
    ) -> (bool, Others) {
        let credential = self.order.credential.as_ref();
        let mut others = Others::none();
        let mut failed: Vec<(&Endpoint, MailResult)> = Vec::new();
        for server in servers {
            if !failed.is_empty() && self.deadline.remaining() < ENOUGH {
                break;
            }
            let after: Vec<_> = failed.iter().map(|(_, result)| result.observation.clone()).collect();
            let mut result = self.check(server, credential, Some(found), None, &after).await;
            others.join(std::mem::replace(&mut result.others, Others::none()));
            if unreached(&result) {
                failed.push((server, result));
                continue;
            }
            if let Some((first, _)) = failed.first() {
                self.record_next_used(first, server, &result);
            }
            self.sign_ins.over(protocol);
            self.look_around(server, &result).await;
            return (matches!(result.outcome, "ok" | "reachable"), others);
        }
        self.sign_ins.over(protocol);
        let looked = failed.iter().map(|(server, result)| self.look_around(server, result));
        join_all(looked).await;
        (false, others)
    }

    fn record_next_used(&self, failed: &Endpoint, used: &Endpoint, result: &MailResult) {
        let after = std::slice::from_ref(&result.observation);
        let mut pending = self.recorder.start("settings", used.protocol.as_str(), after);
        pending.detail("failed", failed.subject()).detail("used", used.subject());
        pending.finish("next_used");
    }
}

/// Whether nothing was said to the server yet.
fn unreached(result: &MailResult) -> bool {
    let outcome = result.outcome;
    outcome.starts_with("name_") || outcome.starts_with("tcp_") || outcome == NOT_ALLOWED
}
