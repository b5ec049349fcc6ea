//! How far this device's clock is off: by time servers (SNTP), or by the `Date` of web servers where those are silent.

pub mod certificates;
pub mod sntp;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use naosu_core::evidence::ObservationId;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::clock::sntp::{Moment, Offset, Reading};
use crate::deadline::Deadline;
use crate::dns::Names;
use crate::family::Family;
use crate::others::Others;
use crate::reach::{NOT_ALLOWED, Permitted, Reach};
use crate::recorder::{Pending, Recorder};
use crate::vantage;

/// A time server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TimeServer {
    /// Its name or address.
    pub host: String,
    /// Its UDP port.
    pub port: u16,
}

/// The usual UDP port of time servers.
pub const PORT: u16 = 123;

/// The time according to a web server.
#[derive(Clone, Debug)]
pub struct Dated {
    /// The web server.
    pub source: String,
    /// What it said, to the second.
    pub time: Timestamp,
    /// This device's own clock when that came.
    pub received: SystemTime,
    /// From the question to the answer.
    pub round_trip: Duration,
}

/// What is known about the clock.
#[derive(Debug)]
pub struct Clock {
    /// The outcome of variable `clock`.
    pub outcome: &'static str,
    /// What must be added to this device's clock, in seconds.
    pub offset: Option<f64>,
    /// The observation.
    pub observation: ObservationId,
    /// Time servers that were not waited for.
    pub others: Others,
}

/// The longest that a server is awaited.
const LIMIT: Duration = Duration::from_millis(2400);

/// For the last servers to be recorded.
const TAIL: Duration = Duration::from_millis(100);

/// After this long without an answer the server is asked once more, at its other address if it has one.
const RESEND: Duration = Duration::from_millis(800);

/// How long a good answer is awaited after a bad one.
const AFTER_BAD: Duration = Duration::from_millis(200);

/// How long a second opinion is awaited.
const SECOND_OPINION: Duration = Duration::from_millis(300);

/// How long the web servers' time is awaited when a single time server says that the clock is wrong.
const THIRD_OPINION: Duration = Duration::from_millis(1500);

/// How wrong the `Date` of a web server may be, in seconds, besides the way it took.
const DATE_UNCERTAINTY: f64 = 1.0;

/// Up to here a clock counts as accurate, in seconds.
const ACCURATE: f64 = 30.0;

/// Up to here it is slightly off: sign-in protocols still put up with it (Kerberos: five minutes).
const SLIGHT: f64 = 300.0;

/// The servers that are asked when none is named.
pub fn built_in() -> Vec<TimeServer> {
    ["time.apple.com", "time.google.com", "ntp.nict.jp", "pool.ntp.org"]
        .map(|host| TimeServer { host: host.to_owned(), port: PORT })
        .to_vec()
}

/// Asks all servers side by side: one `ntp` observation each, then `clock`. Two servers that agree are enough, the
/// rest follows in [`Clock::others`]. `dates` is only awaited when no server has given the time.
pub async fn measure(
    servers: &[TimeServer],
    names: &Names,
    reach: &Reach,
    dates: impl Future<Output = Vec<Dated>>,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Clock {
    let limit = deadline.within(LIMIT);
    let (done, mut answers) = mpsc::channel(servers.len().max(1));
    let mut others = Others::none();
    for server in servers {
        let (server, names, reach) = (server.clone(), names.clone(), reach.clone());
        let (recorder, after, done) = (recorder.clone(), after.to_vec(), done.clone());
        others.add(tokio::spawn(async move {
            let opinion = ask(&server, &names, &reach, &recorder, limit, &after).await;
            let _ = done.send(opinion).await;
        }));
    }
    drop(done);
    let mut asked = Vec::new();
    let mut opinions: Vec<Opinion> = Vec::new();
    let mut patience = deadline.within(LIMIT + TAIL);
    while let Some(Some((observation, opinion))) = patience.run(answers.recv()).await {
        asked.push(observation);
        if let Some(opinion) = opinion {
            opinions.push(opinion);
            if best(&opinions).is_some_and(|(_, agreeing)| agreeing > 1) {
                break;
            }
            patience = limit.within(SECOND_OPINION);
        }
    }
    let mut pending = recorder.start("clock", "device", &asked);
    let alone = best(&opinions)
        .is_none_or(|(opinion, agreeing)| agreeing == 1 && opinion.offset.seconds.abs() > ACCURATE);
    if alone {
        let patience = if opinions.is_empty() { deadline } else { deadline.within(THIRD_OPINION) };
        let dates = patience.run(dates).await.unwrap_or_default();
        opinions.extend(dates.into_iter().map(Opinion::from));
    }
    if let Some((one, other)) = dispute(&opinions) {
        pending
            .detail("said_s", hundredths(one.offset.seconds))
            .detail("source", one.source.as_str())
            .detail("other", other.source.as_str());
        return Clock { outcome: "disputed", offset: None, observation: pending.finish("disputed"), others };
    }
    let Some((opinion, _)) = best(&opinions) else {
        let observation = pending.finish("unmeasured");
        return Clock { outcome: "unmeasured", offset: None, observation, others };
    };
    let Offset { seconds, uncertainty } = opinion.offset;
    pending
        .detail("offset_s", hundredths(seconds))
        .detail("uncertainty_s", hundredths(uncertainty))
        .detail("direction", if seconds < 0.0 { "ahead" } else { "behind" })
        .detail("source", opinion.source.as_str())
        .detail("method", opinion.method);
    let outcome = match seconds.abs() {
        distance if distance <= ACCURATE => "accurate",
        distance if distance <= SLIGHT => "slightly_off",
        _ => "off",
    };
    Clock { outcome, offset: Some(seconds), observation: pending.finish(outcome), others }
}

/// What one source says about the clock.
#[derive(Clone, Debug)]
struct Opinion {
    source: String,
    method: &'static str,
    offset: Offset,
}

impl From<Dated> for Opinion {
    fn from(dated: Dated) -> Self {
        let half = dated.round_trip.as_secs_f64() / 2.0;
        let own = sntp::seconds(moment(dated.received)) - half;
        // the seconds are cut off, not rounded
        let said = sntp::seconds(dated.time.as_nanosecond()) + 0.5;
        let offset = Offset { seconds: said - own, uncertainty: DATE_UNCERTAINTY + half };
        Self { source: dated.source, method: "http", offset }
    }
}

/// The opinion that most others agree with, the most certain of those, and with how many it agrees (itself included).
fn best(opinions: &[Opinion]) -> Option<(&Opinion, usize)> {
    opinions.iter().map(|one| (one, agreeing(one, opinions))).min_by(|one, two| {
        two.1.cmp(&one.1).then(one.0.offset.uncertainty.total_cmp(&two.0.offset.uncertainty))
    })
}

/// Two sources of which one says that the clock is right and the other that it is not, where neither has more others on
/// its side.
fn dispute(opinions: &[Opinion]) -> Option<(&Opinion, &Opinion)> {
    let off = opinions.iter().find(|one| one.offset.seconds.abs() > SLIGHT)?;
    let right = opinions.iter().find(|one| one.offset.seconds.abs() <= ACCURATE)?;
    (agreeing(off, opinions) == agreeing(right, opinions)).then_some((off, right))
}

/// With how many opinions this one agrees, itself included.
fn agreeing(one: &Opinion, opinions: &[Opinion]) -> usize {
    let agrees = |other: &&Opinion| {
        let apart = (one.offset.seconds - other.offset.seconds).abs();
        apart <= one.offset.uncertainty + other.offset.uncertainty + 1.0
    };
    opinions.iter().filter(agrees).count()
}

async fn ask(
    server: &TimeServer,
    names: &Names,
    reach: &Reach,
    recorder: &Recorder,
    limit: Deadline,
    after: &[ObservationId],
) -> (ObservationId, Option<Opinion>) {
    let subject =
        if server.port == PORT { server.host.clone() } else { format!("{}:{}", server.host, server.port) };
    let mut pending = recorder.start("ntp", subject.clone(), after);
    let looked = limit.run(names.addresses(&server.host, recorder, limit, after)).await;
    let Some(looked) = looked.filter(|looked| !looked.addresses.is_empty()) else {
        return (pending.finish("name_unresolved"), None);
    };
    looked.after.into_iter().for_each(|id| pending.wait_for(id));
    let permit = |address: IpAddr| reach.permit(SocketAddr::new(address, server.port));
    let permitted: Vec<Permitted> = candidates(&looked.addresses).into_iter().filter_map(permit).collect();
    if permitted.is_empty() {
        return (pending.finish(NOT_ALLOWED), None);
    }
    let heard = ask_addresses(&permitted, limit).await;
    let (outcome, opinion) = describe(&mut pending, heard, subject);
    (pending.finish(outcome), opinion)
}

fn describe(pending: &mut Pending, heard: Heard, source: String) -> (&'static str, Option<Opinion>) {
    match heard {
        Heard::Failed(outcome) => (outcome, None),
        Heard::Answer { reading: Reading::Kiss(code), .. } => {
            pending.detail("code", code);
            ("kiss_of_death", None)
        }
        Heard::Answer { reading: Reading::Bad(reason), .. } => {
            pending.detail("reason", reason);
            ("bad_answer", None)
        }
        Heard::Answer { reading: Reading::Time(time), address, asked, round_trip } => {
            let offset = sntp::offset(&time, asked, round_trip);
            pending
                .detail("offset_s", hundredths(offset.seconds))
                .detail("uncertainty_s", hundredths(offset.uncertainty))
                .detail("stratum", time.stratum)
                .detail("address", address.to_string())
                .detail("rtt_ms", u64::try_from(round_trip.as_millis()).unwrap_or(u64::MAX));
            ("answered", Some(Opinion { source, method: "ntp", offset }))
        }
    }
}

/// One address of each family that this device has a way to, IPv4 first: time servers are less often reachable over
/// IPv6.
fn candidates(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let of = |family| addresses.iter().copied().find(|address| Family::of(*address) == family);
    let both: Vec<IpAddr> = Family::BOTH.into_iter().filter_map(of).collect();
    let (mut reachable, unreachable): (Vec<_>, Vec<_>) =
        both.into_iter().partition(|address| vantage::source_towards(*address).is_ok());
    if reachable.is_empty() {
        reachable = unreachable;
    }
    reachable
}

enum Heard {
    Answer { reading: Reading, address: IpAddr, asked: Moment, round_trip: Duration },
    Failed(&'static str),
}

/// Asks the first address, and after a while without an answer the other one or the first again: a server that has
/// answered, whatever it said, is not asked again.
async fn ask_addresses(addresses: &[Permitted], limit: Deadline) -> Heard {
    let Some(first) = addresses.first().copied() else { return Heard::Failed("unreachable") };
    let heard = ask_once(first, limit.within(RESEND)).await;
    let second = addresses.get(1).copied();
    match (heard, second) {
        (answer @ Heard::Answer { .. }, _) => answer,
        (Heard::Failed("silent"), second) => ask_once(second.unwrap_or(first), limit).await,
        (failed, None) => failed,
        (failed, Some(second)) => match ask_once(second, limit).await {
            answer @ Heard::Answer { .. } => answer,
            Heard::Failed(_) => failed,
        },
    }
}

async fn ask_once(server: Permitted, limit: Deadline) -> Heard {
    let server = server.address();
    let nonce: u64 = rand::random();
    let exchange = async {
        let socket = UdpSocket::bind((Family::of(server.ip()).unspecified(), 0)).await?;
        socket.connect(server).await?;
        let asked = moment(SystemTime::now());
        let started = Instant::now();
        socket.send(&sntp::question(nonce)).await?;
        let mut buffer = [0; 512];
        let mut until = limit;
        let mut worst = None;
        while let Some(length) = until.run(socket.recv(&mut buffer)).await.transpose()? {
            let reading = sntp::read(&buffer[..length], nonce);
            let is_bad = matches!(reading, Reading::Bad(_));
            let round_trip = started.elapsed();
            worst = Some(Heard::Answer { reading, address: server.ip(), asked, round_trip });
            if !is_bad {
                break;
            }
            // it may be forged: the true one is awaited a little longer
            until = until.within(AFTER_BAD);
        }
        io::Result::Ok(worst)
    };
    match exchange.await {
        Ok(Some(heard)) => heard,
        Ok(None) => Heard::Failed("silent"),
        Err(error) => Heard::Failed(failure(&error)),
    }
}

fn failure(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => "refused",
        io::ErrorKind::TimedOut => "silent",
        _ => "unreachable",
    }
}

/// The system clock, also when it stands before 1970.
fn moment(time: SystemTime) -> Moment {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => sntp::nanoseconds(since),
        Err(before) => -sntp::nanoseconds(before.duration()),
    }
}

fn hundredths(seconds: f64) -> f64 {
    let rounded = (seconds * 100.0).round() / 100.0;
    // no "-0"
    if rounded == 0.0 { 0.0 } else { rounded }
}
