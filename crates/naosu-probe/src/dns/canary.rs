//! Whether resolvers are honest about names that do not exist.

use std::net::SocketAddr;

use hickory_proto::rr::{Name, RecordType};
use naosu_core::evidence::ObservationId;
use rand::Rng;

use super::ask::ask as ask_one;
use super::view::{server_name, text};
use crate::deadline::Deadline;
use crate::recorder::Recorder;

/// Asks each resolver for two names that do not exist: one under `invalid` (RFC 6761), one under `com`.
pub(super) async fn ask(
    servers: &[SocketAddr],
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) {
    let mut tasks = Vec::new();
    for server in servers.iter().copied() {
        let mut pending = recorder.start("dns_canary", server_name(server), after);
        tasks.push(tokio::spawn(async move {
            let (invalid, com) = (nonsense("invalid"), nonsense("com"));
            let (invalid, com) = tokio::join!(
                ask_one(server, &invalid, RecordType::A, deadline),
                ask_one(server, &com, RecordType::A, deadline)
            );
            let mut resolved: Vec<String> =
                [&invalid, &com].into_iter().filter(|reply| reply.outcome == "answer").map(text).collect();
            resolved.dedup();
            let denied = |outcome| matches!(outcome, "nxdomain" | "no_data");
            if !resolved.is_empty() {
                pending.detail("answers", resolved.join(", "));
                pending.finish("hijacked");
            } else if denied(invalid.outcome) || denied(com.outcome) {
                pending.finish("honest");
            } else {
                pending.finish("unmeasured");
            }
        }));
    }
    for task in tasks {
        let _ = task.await;
    }
}

fn nonsense(under: &str) -> Name {
    let mut random = rand::rng();
    let label: String = (0..20).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect();
    Name::from_ascii(format!("{label}.{under}.")).expect("letters make a name")
}
