//! TCP connections: each address judged by itself, several of one host raced (RFC 8305).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use naosu_core::evidence::ObservationId;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use crate::deadline::Deadline;
use crate::others::Others;
use crate::reach::{NOT_ALLOWED, Permitted, Reach};
use crate::recorder::{Pending, Recorder};
use crate::vantage;

mod connect;
#[cfg(test)]
mod tests;

/// The longest that one connection attempt is awaited: the first two repetitions of a lost SYN are behind it then.
pub const ATTEMPT: Duration = Duration::from_millis(3500);

/// How long after the winner the losers of a race are still watched: the first repetition of a lost SYN is behind it.
pub const AFTERMATH: Duration = Duration::from_millis(1500);

/// How long one attempt has before the next one starts beside it (RFC 8305 section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// How many addresses of one host are tried.
const ADDRESS_LIMIT: usize = 8;

/// How one connection attempt came out.
#[derive(Debug)]
pub struct Dialled {
    /// The connection, when there is one.
    pub stream: Option<TcpStream>,
    /// The outcome of variable `tcp`.
    pub outcome: &'static str,
    /// The observation.
    pub observation: ObservationId,
    /// Where to.
    pub to: Permitted,
}

/// How a race for one host came out.
#[derive(Debug)]
pub struct Race {
    /// The first connection, when there is one.
    pub winner: Option<Dialled>,
    /// `open`, or the outcome of variable `tcp` that explains best why there is no connection.
    pub outcome: &'static str,
    /// The attempts that go on.
    pub others: Others,
    /// The winner's observation, or those of all that failed.
    pub after: Vec<ObservationId>,
}

/// One connection attempt to one address. `variable` is `tcp`, `neighbour`, `control` or `proxy_reach`; `mss` limits
/// the size of segments in both directions (where the platform can do that). The subject is the address with its port.
pub async fn dial(
    to: Permitted,
    variable: &'static str,
    mss: Option<u32>,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Dialled {
    dial_named(&to.address().ip().to_string(), to, variable, mss, recorder, deadline, after).await
}

/// The same for an address of a known host, which goes into the detail `host`.
pub async fn dial_named(
    host: &str,
    to: Permitted,
    variable: &'static str,
    mss: Option<u32>,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Dialled {
    let pending = begin(host, to.address(), variable, recorder, after);
    let started = Instant::now();
    let result = deadline.within(ATTEMPT).run(connect::connect(to, mss)).await;
    conclude(pending, to, variable, started, result)
}

/// Happy Eyeballs over all addresses: IPv6 first, the next one after 250 ms or as soon as one has failed. Every
/// address is recorded by itself (variable `tcp`); what is not decided when there is a winner goes on in
/// [`Race::others`] for a short time, so that a dead family is seen without delaying anything. Addresses out of reach are
/// recorded and left alone.
pub async fn dial_any(
    host: &str,
    port: u16,
    addresses: &[IpAddr],
    reach: &Reach,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Race {
    let mut permitted = Vec::new();
    let mut failed: Vec<Failed> = Vec::new();
    for address in interleaved(addresses) {
        let address = SocketAddr::new(address, port);
        match reach.permit(address) {
            Some(to) => permitted.push(to),
            None => failed.push(Failed {
                outcome: NOT_ALLOWED,
                observation: begin(host, address, "tcp", recorder, after).finish(NOT_ALLOWED),
            }),
        }
    }
    let mut queue = permitted.into_iter();
    let (done, mut results) = mpsc::channel(ADDRESS_LIMIT);
    let (stop, stopped) = watch::channel(false);
    let mut others = Others::none();
    let mut running = 0_usize;
    let mut start = |to: Permitted, running: &mut usize| {
        *running += 1;
        let pending = begin(host, to.address(), "tcp", recorder, after);
        let attempt = attempt(pending, to, deadline, stopped.clone(), done.clone());
        others.add(tokio::spawn(attempt));
    };
    let winner = loop {
        if running == 0 {
            let Some(to) = queue.next() else { break None };
            start(to, &mut running);
        }
        let next = if queue.len() == 0 {
            results.recv().await
        } else {
            let Ok(next) = timeout(STAGGER, results.recv()).await else {
                if let Some(to) = queue.next() {
                    start(to, &mut running);
                }
                continue;
            };
            next
        };
        let Some(dialled) = next else { break None };
        running -= 1;
        if dialled.stream.is_some() {
            break Some(dialled);
        }
        failed.push(Failed { outcome: dialled.outcome, observation: dialled.observation });
        if let Some(to) = queue.next() {
            start(to, &mut running);
        }
    };
    let Some(winner) = winner else {
        let outcome = explanation(&failed);
        let after = failed.into_iter().map(|failed| failed.observation).collect();
        return Race { winner: None, outcome, others, after };
    };
    let _ = stop.send(true);
    for to in queue {
        start(to, &mut running);
    }
    let after = vec![winner.observation.clone()];
    Race { winner: Some(winner), outcome: "open", others, after }
}

/// An address of a race that gave no connection.
struct Failed {
    outcome: &'static str,
    observation: ObservationId,
}

/// One attempt of a race, which ends a while after somebody has won.
async fn attempt(
    pending: Pending,
    to: Permitted,
    deadline: Deadline,
    mut stopped: watch::Receiver<bool>,
    done: mpsc::Sender<Dialled>,
) {
    let started = Instant::now();
    let aftermath = async move {
        // an error means that the race was given up: that, too, is the end
        let _ = stopped.wait_for(|stopped| *stopped).await;
        tokio::time::sleep(AFTERMATH).await;
    };
    let result = tokio::select! {
        result = deadline.within(ATTEMPT).run(connect::connect(to, None)) => result,
        () = aftermath => None,
    };
    let dialled = conclude(pending, to, "tcp", started, result);
    let _ = done.send(dialled).await;
}

fn begin(
    host: &str,
    address: SocketAddr,
    variable: &'static str,
    recorder: &Recorder,
    after: &[ObservationId],
) -> Pending {
    let mut pending = recorder.start(variable, address.to_string(), after);
    pending
        .detail("host", host)
        .detail("port", address.port())
        .detail("address", address.ip().to_string())
        .detail("family", if address.is_ipv6() { "IPv6" } else { "IPv4" });
    pending
}

fn conclude(
    mut pending: Pending,
    to: Permitted,
    variable: &str,
    started: Instant,
    result: Option<Result<TcpStream, connect::Failure>>,
) -> Dialled {
    let (stream, outcome) = match result {
        Some(Ok(stream)) => {
            pending.detail("rtt_ms", u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
            (Some(stream), "open")
        }
        Some(Err(failure)) => {
            if let Some(code) = failure.error.raw_os_error() {
                pending.detail("errno", code);
            }
            if failure.prohibited {
                pending.detail("icmp", "prohibited");
            }
            (None, if failure.prohibited { "prohibited" } else { explain(&failure.error, to.address()) })
        }
        None => (None, "silent"),
    };
    let observation = pending.finish(recorded(variable, outcome));
    Dialled { stream, outcome, observation, to }
}

/// The outcome as the variable knows it: the lesser ones tell fewer failures apart.
fn recorded(variable: &str, outcome: &'static str) -> &'static str {
    match (variable, outcome) {
        ("tcp", outcome) => outcome,
        ("proxy_reach", "reset") => "refused",
        ("proxy_reach", "prohibited") | (_, "no_route") => "unreachable",
        (_, outcome) => outcome,
    }
}

/// The outcome of variable `tcp` that an error of connecting is.
pub(crate) fn explain(error: &io::Error, address: SocketAddr) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "refused",
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            "reset"
        }
        io::ErrorKind::TimedOut => "silent",
        io::ErrorKind::PermissionDenied => "prohibited",
        // the protocol itself is missing, or there is no address to send from
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported => "no_route",
        // the same error stands for "no route here" and for a router's answer: ask the system which
        io::ErrorKind::NetworkUnreachable if vantage::source_towards(address.ip()).is_err() => "no_route",
        _ if error.raw_os_error().is_some_and(|code| connect::FAMILY_MISSING.contains(&code)) => "no_route",
        _ => "unreachable",
    }
}

/// The outcome that explains best why nothing is open: what a server or a router said counts more than silence, and what
/// was not tried more than what this device could not try.
fn explanation(failed: &[Failed]) -> &'static str {
    let order = ["refused", "reset", "prohibited", "silent", "unreachable", NOT_ALLOWED, "no_route"];
    let seen = |outcome: &&str| failed.iter().any(|failed| failed.outcome == *outcome);
    order.into_iter().find(seen).unwrap_or("no_route")
}

/// IPv6 and IPv4 in turn, IPv6 first (RFC 8305 section 4).
fn interleaved(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let (mut six, mut four): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.iter().copied().partition(IpAddr::is_ipv6);
    six.dedup();
    four.dedup();
    let mut ordered = Vec::new();
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    loop {
        let pair = [six.next(), four.next()];
        if pair == [None, None] || ordered.len() >= ADDRESS_LIMIT {
            ordered.truncate(ADDRESS_LIMIT);
            return ordered;
        }
        ordered.extend(pair.into_iter().flatten());
    }
}
