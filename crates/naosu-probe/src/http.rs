//! One HTTP/1.1 GET over connections of our own (RFC 9110, RFC 9112). What comes back is data: redirects are not
//! followed, an error status is an answer.

#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use naosu_core::evidence::ObservationId;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use url::{Host, Url};

use crate::deadline::Deadline;
use crate::dns::Names;
use crate::family::Family;
use crate::reach::Reach;
use crate::recorder::Recorder;
use crate::tcp::{self, dial_any};
use crate::tls::{Trust, secure};

/// The most that the header of an answer may take, in bytes.
const HEADER_LIMIT: usize = 32 * 1024;

/// The most header fields of an answer.
const FIELD_LIMIT: usize = 64;

/// What came of a GET.
#[derive(Debug)]
pub enum Fetched {
    /// A server answered, whatever its status.
    Answered(Answered),
    /// Nothing that is HTTP came back.
    Failed(Failed),
}

/// An answer.
#[derive(Debug)]
pub struct Answered {
    /// The status code.
    pub status: u16,
    /// The header fields in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, at most as long as the limit that was given.
    pub body: Vec<u8>,
    /// Whether the body came to its end within the limit and the deadline.
    pub complete: bool,
    /// The address that answered.
    pub address: SocketAddr,
    /// From the request to the header of the answer.
    pub round_trip: Duration,
    /// This device's own clock when the header came.
    pub received: SystemTime,
    /// Whether the answer came over TLS with nothing wrong; false over plain HTTP.
    pub verified: bool,
    /// The outcome of variable `tls`, for https.
    pub tls: Option<&'static str>,
    /// The observations this rests on.
    pub after: Vec<ObservationId>,
}

/// Why there is no answer.
#[derive(Debug)]
pub struct Failed {
    /// `name_unresolved`, `no_address`, an outcome of variable `tcp` other than `open`, `tls`, or `malformed`.
    pub outcome: &'static str,
    /// The outcome of variable `tls`, where that is what failed.
    pub tls: Option<&'static str>,
    /// The observations this rests on.
    pub after: Vec<ObservationId>,
}

impl Answered {
    /// The first header field of that name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The time the server says it is (RFC 9110 section 6.6.1).
    pub fn date(&self) -> Option<Timestamp> {
        let parser = jiff::fmt::rfc2822::DateTimeParser::new();
        parser.parse_timestamp(self.header("date")?).ok()
    }
}

impl Fetched {
    fn failed(outcome: &'static str, after: Vec<ObservationId>) -> Self {
        Self::Failed(Failed { outcome, tls: None, after })
    }
}

/// One GET of an `http` or `https` URL; redirects are not followed; the body is cut to `limit` bytes; `family` pins
/// the address family. Records `dns`, `tcp` and `tls` on the way.
#[expect(clippy::too_many_arguments, reason = "all of them are needed and none belongs to another")]
pub async fn get(
    url: &Url,
    names: &Names,
    trust: &Trust,
    reach: &Reach,
    family: Option<Family>,
    limit: usize,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Fetched {
    let Some(host) = host_of(url) else { return Fetched::failed("malformed", after.to_vec()) };
    let looked = names.addresses(&host, recorder, deadline, after).await;
    if looked.problem.is_some() {
        return Fetched::failed("name_unresolved", looked.after);
    }
    let of_family = |address: &IpAddr| family.is_none_or(|family| family == Family::of(*address));
    let addresses: Vec<IpAddr> = looked.addresses.into_iter().filter(of_family).collect();
    get_at(url, &addresses, trust, reach, limit, recorder, deadline, &looked.after).await
}

/// The same from known addresses.
#[expect(clippy::too_many_arguments, reason = "all of them are needed and none belongs to another")]
pub async fn get_at(
    url: &Url,
    addresses: &[IpAddr],
    trust: &Trust,
    reach: &Reach,
    limit: usize,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Fetched {
    let (Some(host), Some(port)) = (host_of(url), url.port_or_known_default()) else {
        return Fetched::failed("malformed", after.to_vec());
    };
    if addresses.is_empty() {
        return Fetched::failed("no_address", after.to_vec());
    }
    let race = dial_any(&host, port, addresses, reach, recorder, deadline, after).await;
    let Some((stream, address)) = race.winner.and_then(|winner| Some((winner.stream?, winner.to.address())))
    else {
        return Fetched::failed(race.outcome, race.after);
    };
    if url.scheme() != "https" {
        let exchanged = exchange(stream, url, limit, deadline).await;
        return conclude(exchanged, address, false, None, race.after);
    }
    // boxed: a handshake is a large future, and most calls never make one
    let secured = Box::pin(secure(stream, &host, port, trust, recorder, deadline, &race.after)).await;
    let after = vec![secured.observation];
    let Some(stream) = secured.stream else {
        return Fetched::Failed(Failed { outcome: "tls", tls: Some(secured.outcome), after });
    };
    let exchanged = Box::pin(exchange(stream, url, limit, deadline)).await;
    conclude(exchanged, address, secured.verified, Some(secured.outcome), after)
}

/// The host of a URL as names are looked up: an IPv6 address without its brackets.
pub fn host_of(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => Some(name.to_owned()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

fn conclude(
    exchanged: Result<Exchanged, &'static str>,
    address: SocketAddr,
    verified: bool,
    tls: Option<&'static str>,
    after: Vec<ObservationId>,
) -> Fetched {
    match exchanged {
        Err(outcome) => Fetched::Failed(Failed { outcome, tls, after }),
        Ok(Exchanged { status, headers, body, complete, round_trip, received }) => {
            Fetched::Answered(Answered {
                status,
                headers,
                body,
                complete,
                address,
                round_trip,
                received,
                verified,
                tls,
                after,
            })
        }
    }
}

struct Exchanged {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    complete: bool,
    round_trip: Duration,
    received: SystemTime,
}

async fn exchange<S>(
    stream: S,
    url: &Url,
    limit: usize,
    deadline: Deadline,
) -> Result<Exchanged, &'static str>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = request(url).ok_or("malformed")?;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEADER_LIMIT).max_headers(FIELD_LIMIT);
    let (mut sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|error| explain(&error))?;
    let mut connection = std::pin::pin!(connection);
    let started = Instant::now();
    let mut closed = false;
    let answer = {
        let mut sending = std::pin::pin!(sender.send_request(request));
        let both = async {
            loop {
                tokio::select! {
                    biased;
                    answer = &mut sending => return answer,
                    _ = &mut connection, if !closed => closed = true,
                }
            }
        };
        deadline.run(both).await
    };
    let answer = match answer {
        None => return Err("silent"),
        Some(Err(error)) => return Err(explain(&error)),
        Some(Ok(answer)) => answer,
    };
    let (round_trip, received) = (started.elapsed(), SystemTime::now());
    let status = answer.status().as_u16();
    let headers = fields(&answer);
    let mut body = Vec::new();
    let mut complete = false;
    {
        let mut reading = std::pin::pin!(read(answer.into_body(), limit, &mut body));
        let both = async {
            loop {
                tokio::select! {
                    biased;
                    complete = &mut reading => return complete,
                    _ = &mut connection, if !closed => closed = true,
                }
            }
        };
        if let Some(ended) = deadline.run(both).await {
            complete = ended;
        }
    }
    Ok(Exchanged { status, headers, body, complete, round_trip, received })
}

/// Reads up to `limit` bytes; whether that was all.
async fn read(mut incoming: Incoming, limit: usize, body: &mut Vec<u8>) -> bool {
    while let Some(frame) = incoming.frame().await {
        let Ok(frame) = frame else { return false };
        let Ok(data) = frame.into_data() else { continue };
        let room = limit - body.len();
        body.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return false;
        }
    }
    true
}

fn fields(answer: &Response<Incoming>) -> Vec<(String, String)> {
    let fields = answer.headers().iter();
    fields
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
}

fn request(url: &Url) -> Option<Request<Empty<Bytes>>> {
    let host = match (url.host_str()?, url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Request::get(target)
        .header(HOST, host)
        .header(USER_AGENT, "naosu")
        .header(CONNECTION, "close")
        .header("accept", "*/*")
        .body(Empty::new())
        .ok()
}

fn explain(error: &hyper::Error) -> &'static str {
    if error.is_incomplete_message() || error.is_closed() {
        return "reset";
    }
    let mut source: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    if error.is_canceled() {
        // the connection ended before the request: why, if it was more than that
        return source.and_then(|cause| cause.downcast_ref::<hyper::Error>()).map_or("reset", explain);
    }
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            let nowhere = SocketAddr::new(Family::V4.unspecified(), 0);
            return match error.kind() {
                io::ErrorKind::UnexpectedEof => "reset",
                _ => tcp::explain(error, nowhere),
            };
        }
        source = cause.source();
    }
    "malformed"
}
