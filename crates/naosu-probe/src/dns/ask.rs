//! One question to one resolver, over sockets of our own.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::Instant;

use super::message::{Answer, CHAIN_LIMIT, Question, Reading, bare};
use crate::deadline::Deadline;
use crate::reach::Permitted;

/// The longest that one question may take.
pub(super) const LIMIT: Duration = Duration::from_secs(3);

/// How long an answer is listened for after the question was given up; nobody waits for that.
const LATE: Duration = Duration::from_secs(8);

/// After this long without an answer the question is sent once more: one packet may have been lost.
const RESEND: Duration = Duration::from_millis(700);

/// How long a good answer is awaited after a broken one.
const AFTER_BROKEN: Duration = Duration::from_millis(300);

/// How one question came out.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    /// The outcome of variable `dns`.
    pub(super) outcome: &'static str,
    /// The records of the kind asked for.
    pub(super) records: Vec<RData>,
    /// The response code, where there was an answer.
    pub(super) code: Option<ResponseCode>,
    /// The names that CNAME records led through.
    pub(super) chain: Vec<String>,
    /// From the last sending to the answer.
    pub(super) round_trip: Option<Duration>,
    /// Whether the question had to be asked over TCP.
    pub(super) over_tcp: bool,
    /// Where an answer may still come that was not awaited.
    pub(super) open: Option<Arc<StillOpen>>,
}

/// A question that was given up while its answer may still be on the way.
#[derive(Debug)]
pub(super) struct StillOpen {
    socket: UdpSocket,
    question: Question,
    asked: Instant,
}

impl StillOpen {
    /// The answer's records and how long it took, if it comes within [`LATE`].
    pub(super) async fn answer(&self) -> Option<(Vec<RData>, Duration)> {
        let mut buffer = vec![0; 4096];
        let limit = Deadline::after(LATE);
        loop {
            let length = limit.run(self.socket.recv(&mut buffer)).await?.ok()?;
            match self.question.read(&buffer[..length]) {
                Reading::Answer(answer) => return Some((answer.records, self.asked.elapsed())),
                Reading::Truncated => return Some((Vec::new(), self.asked.elapsed())),
                Reading::Stranger | Reading::Broken => {}
            }
        }
    }
}

impl Reply {
    /// A reply without records.
    pub(super) fn failed(outcome: &'static str) -> Self {
        let (records, chain) = (Vec::new(), Vec::new());
        Self { outcome, records, code: None, chain, round_trip: None, over_tcp: false, open: None }
    }
}

/// Asks, follows CNAME records to their end, and says how it came out.
pub(super) async fn ask(server: SocketAddr, name: &Name, kind: RecordType, deadline: Deadline) -> Reply {
    let deadline = deadline.within(LIMIT);
    let mut name = name.clone();
    let mut chain = Vec::new();
    loop {
        let (mut reply, answer) = ask_once(server, &name, kind, deadline).await;
        let Some(answer) = answer else {
            reply.chain = chain;
            return reply;
        };
        chain.extend(answer.chain.iter().map(bare));
        let stops_short = answer.records.is_empty()
            && answer.code == ResponseCode::NoError
            && !answer.negative
            && chain.len() < CHAIN_LIMIT;
        match answer.chain.into_iter().next_back() {
            Some(end) if stops_short && kind != RecordType::CNAME => name = end,
            _ => {
                reply.chain = chain;
                return reply;
            }
        }
    }
}

async fn ask_once(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    deadline: Deadline,
) -> (Reply, Option<Answer>) {
    let mut question = Question { name: name.clone(), kind, id: rand::random(), edns: true };
    let mut heard = over_udp(server, &question, deadline).await;
    if matches!(&heard, Heard::Answer(answer, _) if answer.code == ResponseCode::FormErr) {
        // RFC 6891 section 7: a resolver that does not know EDNS says FORMERR
        question = Question { id: rand::random(), edns: false, ..question };
        heard = over_udp(server, &question, deadline).await;
    }
    let over_tcp = matches!(heard, Heard::Truncated);
    if over_tcp {
        heard = over_tcp_stream(server, &question, deadline).await;
    }
    let reply = |outcome| Reply { over_tcp, ..Reply::failed(outcome) };
    match heard {
        Heard::Answer(answer, round_trip) => {
            let (code, records) = (Some(answer.code), answer.records.clone());
            let outcome = outcome_of(&answer, server.ip());
            (Reply { code, records, round_trip: Some(round_trip), ..reply(outcome) }, Some(answer))
        }
        Heard::Error(outcome) => (reply(outcome), None),
        Heard::Nothing(open) => (Reply { open: Some(Arc::new(open)), ..reply("silent") }, None),
        Heard::Truncated => (reply("malformed"), None),
    }
}

fn outcome_of(answer: &Answer, server: IpAddr) -> &'static str {
    match answer.code {
        ResponseCode::NoError if leads_nowhere(&answer.records, server.is_loopback()) => "sinkhole",
        ResponseCode::NoError if !answer.records.is_empty() => "answer",
        ResponseCode::NoError if answer.referral => "refused",
        ResponseCode::NoError => "no_data",
        ResponseCode::NXDomain => "nxdomain",
        ResponseCode::Refused | ResponseCode::NotAuth => "refused",
        _ => "servfail",
    }
}

/// Whether the only addresses are such as no server elsewhere can have: `0.0.0.0` and `::` (RFC 1122 section 3.2.1.3,
/// RFC 4291 section 2.5.2), this device itself, or its own link. Filters answer so. A resolver on this device may well
/// speak of this device (`local`).
pub(super) fn leads_nowhere(records: &[RData], local: bool) -> bool {
    let address = |record: &RData| match record {
        RData::A(a) => Some(IpAddr::V4(a.0)),
        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
        _ => None,
    };
    let nowhere = |record: &RData| {
        address(record).is_some_and(|address| {
            let here = address.is_loopback() || is_link_local(address);
            address.is_unspecified() || (here && !local)
        })
    };
    !records.is_empty() && records.iter().all(nowhere)
}

/// Addresses of one link (RFC 3927, RFC 4291 section 2.5.6).
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.is_unicast_link_local(),
    }
}

enum Heard {
    Answer(Answer, Duration),
    Truncated,
    Nothing(StillOpen),
    Error(&'static str),
}

async fn over_udp(server: SocketAddr, question: &Question, deadline: Deadline) -> Heard {
    let bytes = question.bytes();
    let socket = match connected(Permitted::configured(server)).await {
        Ok(socket) => socket,
        Err(error) => return Heard::Error(failure(&error)),
    };
    if let Err(error) = socket.send(&bytes).await {
        return Heard::Error(failure(&error));
    }
    let asked = Instant::now();
    let mut sent = asked;
    let mut resent = false;
    let mut broken = false;
    let mut limit = deadline;
    let mut buffer = vec![0; 4096];
    loop {
        let wait = if resent { limit } else { limit.within(RESEND.saturating_sub(sent.elapsed())) };
        match wait.run(socket.recv(&mut buffer)).await {
            Some(Ok(length)) => match question.read(&buffer[..length]) {
                Reading::Answer(answer) => return Heard::Answer(answer, sent.elapsed()),
                Reading::Truncated => return Heard::Truncated,
                Reading::Stranger => broken = true,
                Reading::Broken => {
                    limit = limit.within(AFTER_BROKEN);
                    broken = true;
                    resent = true;
                }
            },
            Some(Err(error)) => return Heard::Error(failure(&error)),
            None if limit.remaining().is_zero() && broken => return Heard::Error("malformed"),
            None if limit.remaining().is_zero() => {
                return Heard::Nothing(StillOpen { socket, question: question.clone(), asked });
            }
            None => {
                resent = true;
                sent = Instant::now();
                if let Err(error) = socket.send(&bytes).await {
                    return Heard::Error(failure(&error));
                }
            }
        }
    }
}

async fn over_tcp_stream(server: SocketAddr, question: &Question, deadline: Deadline) -> Heard {
    let started = Instant::now();
    let talk = async {
        let mut stream = TcpStream::connect(Permitted::configured(server).address()).await?;
        let bytes = question.bytes();
        let length = u16::try_from(bytes.len()).unwrap_or(0);
        let mut message = length.to_be_bytes().to_vec();
        message.extend(bytes);
        stream.write_all(&message).await?;
        let length = stream.read_u16().await?;
        let mut answer = vec![0; usize::from(length)];
        stream.read_exact(&mut answer).await?;
        io::Result::Ok(answer)
    };
    match deadline.run(talk).await {
        None => Heard::Error("silent"),
        Some(Err(error)) => Heard::Error(failure(&error)),
        Some(Ok(bytes)) => match question.read(&bytes) {
            Reading::Answer(answer) => Heard::Answer(answer, started.elapsed()),
            _ => Heard::Error("malformed"),
        },
    }
}

/// A socket of our own on a random port that hears only that server.
async fn connected(server: Permitted) -> io::Result<UdpSocket> {
    let server = server.address();
    let local: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(local).await?;
    socket.connect(server).await?;
    Ok(socket)
}

fn failure(error: &io::Error) -> &'static str {
    match error.kind() {
        // an ICMP port unreachable, or over TCP a reset
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => "port_refused",
        io::ErrorKind::TimedOut => "silent",
        io::ErrorKind::UnexpectedEof => "malformed",
        _ => "unreachable",
    }
}
