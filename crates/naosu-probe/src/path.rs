//! What the way to a server does to packets: large ones that vanish, and loss.

mod counters;
#[cfg(test)]
mod tests;

use std::time::Duration;

use naosu_core::evidence::ObservationId;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use crate::deadline::Deadline;
use crate::reach::Permitted;
use crate::recorder::Recorder;
use crate::tcp;

/// The size of segments that passes everywhere: the smallest packet every IPv4 host must accept, without its headers
/// (RFC 9293 section 3.7.1).
pub const SMALL_SEGMENT: u32 = 536;

/// How many connections the loss test makes.
const CONNECTIONS: usize = 12;

/// The time between their beginnings: spread out, so that one full queue does not hit all.
const SPACING: Duration = Duration::from_millis(40);

/// A connection that took longer than this had a packet lost and repeated: the first repetition of a SYN comes after
/// one second (RFC 6298 section 2).
const REPEATED: Duration = Duration::from_millis(950);

/// The longest that one connection of the loss test is awaited.
const CONNECTION_LIMIT: Duration = Duration::from_millis(3200);

/// From this share of lost packets on loss is heavy: TCP then hardly gets anywhere.
const HEAVY: f64 = 0.2;

/// Tries a step that stalled once more over a connection with small segments: when it now gets through, large packets
/// vanish on the way (`black_hole`), when it does not, their size is not the reason (`unchanged`). `step` makes the
/// stalled step over the new connection (a TLS handshake, a command with a large answer) and says whether it got
/// through. Subject `host:port`.
pub async fn path_mtu<F>(
    host: &str,
    to: Permitted,
    step: F,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> (&'static str, ObservationId)
where
    F: AsyncFnOnce(TcpStream) -> bool,
{
    let address = to.address();
    let mut pending = recorder.start("path_mtu", format!("{host}:{}", address.port()), after);
    pending.detail("address", address.ip().to_string()).detail("segment", SMALL_SEGMENT);
    // the connection is part of this observation, not one of its own
    let quiet = Recorder::default();
    let dialled = tcp::dial(to, "tcp", Some(SMALL_SEGMENT), &quiet, deadline, &[]).await;
    let got_through = match dialled.stream {
        Some(stream) => deadline.run(step(stream)).await.unwrap_or(false),
        None => false,
    };
    let outcome = if got_through { "black_hole" } else { "unchanged" };
    (outcome, pending.finish(outcome))
}

/// Records that a large answer got through (`clear`), for callers that have just seen one.
pub fn path_clear(host: &str, port: u16, recorder: &Recorder, after: &[ObservationId]) -> ObservationId {
    recorder.start("path_mtu", format!("{host}:{port}"), after).finish("clear")
}

/// The loss of packets over the whole run, counted by the system where it does that.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    at_start: Option<counters::Segments>,
}

impl Loss {
    /// Begins to count, at the start of the run.
    pub fn begin() -> Self {
        Self { at_start: counters::segments() }
    }

    /// Whether the system had to repeat packets since the start, more than one.
    pub fn suspected(self) -> bool {
        let repeated =
            |start: counters::Segments, end: counters::Segments| end.repeated.saturating_sub(start.repeated);
        self.at_start.zip(counters::segments()).is_some_and(|(start, end)| repeated(start, end) > 1)
    }

    /// Makes some connections to an endpoint that is known to be open and counts those that needed a repetition; the
    /// system's own counters over the run add to the details. Only worth its time when something was slow or failed.
    /// Subject `host:port`.
    pub async fn measure(
        self,
        host: &str,
        to: Permitted,
        recorder: &Recorder,
        deadline: Deadline,
        after: &[ObservationId],
    ) -> (&'static str, ObservationId) {
        let address = to.address();
        let mut pending = recorder.start("packet_loss", format!("{host}:{}", address.port()), after);
        let tasks: Vec<_> = (0_u32..)
            .take(CONNECTIONS)
            .map(|number| tokio::spawn(connect(to, SPACING * number, deadline)))
            .collect();
        let mut attempts = Vec::new();
        for task in tasks {
            attempts.extend(task.await.ok());
        }
        let (sent, lost) = count(&attempts);
        let outcome = judge(sent, lost);
        pending.detail("sent", sent).detail("lost", lost).detail("address", address.ip().to_string());
        let fastest = attempts.iter().filter_map(|attempt| attempt.took).min();
        if let Some(fastest) = fastest {
            pending.detail("fastest_ms", u64::try_from(fastest.as_millis()).unwrap_or(u64::MAX));
        }
        if let (Some(start), Some(end)) = (self.at_start, counters::segments()) {
            pending
                .detail("segments_sent", end.sent.saturating_sub(start.sent))
                .detail("segments_repeated", end.repeated.saturating_sub(start.repeated));
        }
        (outcome, pending.finish(outcome))
    }
}

/// One connection of the loss test.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    /// How long it was awaited.
    waited: Duration,
    /// How long it took, where it came about (or was refused: a packet came back either way).
    took: Option<Duration>,
}

async fn connect(to: Permitted, delay: Duration, deadline: Deadline) -> Attempt {
    let address = to.address();
    tokio::time::sleep(delay).await;
    let started = Instant::now();
    let attempt = async {
        let socket = if address.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
        socket.connect(address).await
    };
    let answered = match deadline.within(CONNECTION_LIMIT).run(attempt).await {
        Some(Ok(_)) => true,
        Some(Err(error)) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        None => false,
    };
    let waited = started.elapsed();
    Attempt { waited, took: answered.then_some(waited) }
}

/// How many SYN packets went out and how many of them (or of their answers) were lost. They are repeated after 1 s and
/// after 3 s (RFC 6298).
fn count(attempts: &[Attempt]) -> (usize, usize) {
    let fastest = attempts.iter().filter_map(|attempt| attempt.took).min().unwrap_or_default();
    let (mut sent, mut lost) = (0, 0);
    for attempt in attempts {
        // the way itself takes its time
        let repetitions = match attempt.waited.saturating_sub(fastest) {
            over if over >= REPEATED * 3 => 2,
            over if over >= REPEATED => 1,
            _ => 0,
        };
        // cut off before the first repetition and without an answer: nothing is known
        if attempt.took.is_none() && repetitions == 0 {
            continue;
        }
        sent += 1 + repetitions;
        lost += repetitions + usize::from(attempt.took.is_none());
    }
    (sent, lost)
}

#[expect(clippy::cast_precision_loss, reason = "a few dozen packets")]
fn judge(sent: usize, lost: usize) -> &'static str {
    match lost {
        0 => "none",
        _ if lost as f64 >= HEAVY * sent as f64 && lost > 1 => "heavy",
        _ => "some",
    }
}
