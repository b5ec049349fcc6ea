//! What times and addresses tell of the way to the servers: where a refusal comes from, whether packets are lost,
//! whether a network lets out nothing but its own web page.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::evidence::Observation;

use super::endpoint::{Endpoint, port};

/// A refusal counts as from near by when the way to the server takes longer by this factor and this many
/// milliseconds: a loaded machine answers its neighbours within fewer.
const NEARBY: (u64, u64) = (3, 15);

/// From here on, in milliseconds beyond one round trip, a name or time question has been sent twice.
const REPEATED_QUESTION_MS: f64 = 600.0;

/// From here on, in milliseconds, a connection had its first packet repeated (RFC 6298: after one second), if
/// something else answered in so small a part of it.
const REPEATED_CONNECTION_MS: f64 = 950.0;

/// How much quicker something else answered.
const REPEATED_FACTOR: f64 = 3.0;

/// From this share of all segments on those that were sent again are a sign of loss.
const REPEATED_SHARE: f64 = 0.025;

/// Whether the refusal of that endpoint came sooner than its server could have answered: by the round trip that the
/// same address takes for ports that are open, or by most of those that are refused.
pub(super) fn refused_nearby(all: &[Observation], endpoint: &Endpoint<'_>) -> Vec<usize> {
    let own: Vec<usize> =
        dialled(all, endpoint).filter(|(_, o)| o.outcome == "refused").map(|(i, _)| i).collect();
    let addresses: BTreeSet<&str> = own.iter().filter_map(|index| all[*index].text("address")).collect();
    let [address] = addresses.into_iter().collect::<Vec<_>>()[..] else { return Vec::new() };
    let Some(quickest) = own.iter().map(|index| all[*index].elapsed_ms).max() else { return Vec::new() };
    let of_address = || {
        all.iter().enumerate().filter(|(_, o)| {
            matches!(o.variable.as_str(), "tcp" | "neighbour")
                && o.text("address") == Some(address)
                && port(o) != endpoint.port
        })
    };
    let open = of_address().filter(|(_, o)| o.outcome == "open").min_by_key(|(_, o)| (o.elapsed_ms, port(o)));
    let mut refused: Vec<(u64, usize)> =
        of_address().filter(|(_, o)| o.outcome == "refused").map(|(i, o)| (o.elapsed_ms, i)).collect();
    refused.sort_unstable();
    let measure = match open {
        Some((index, seen)) => Some((seen.elapsed_ms, index)),
        None => refused.get(refused.len() / 2).copied(),
    };
    match measure {
        Some((way, index)) if way >= quickest * NEARBY.0 && way >= quickest + NEARBY.1 => {
            own.into_iter().chain([index]).collect()
        }
        _ => Vec::new(),
    }
}

/// The attempts to connect to that endpoint where this device itself has no way out for any of the addresses.
pub(super) fn family_missing(all: &[Observation], endpoint: &Endpoint<'_>) -> Vec<usize> {
    let tried: Vec<usize> = dialled(all, endpoint).map(|(index, _)| index).collect();
    if tried.iter().all(|index| all[*index].outcome == "no_route") { tried } else { Vec::new() }
}

/// The attempts to connect to that endpoint at addresses that only a house or a company has, while other names have
/// public ones.
pub(super) fn inside_address(all: &[Observation], endpoint: &Endpoint<'_>) -> Vec<usize> {
    let address = |o: &Observation| o.text("address").and_then(|text| text.parse::<IpAddr>().ok());
    let tried: Vec<usize> = dialled(all, endpoint).map(|(index, _)| index).collect();
    let all_inside = !tried.is_empty() && tried.iter().all(|i| address(&all[*i]).is_some_and(is_inside));
    let is_name = endpoint.host.parse::<IpAddr>().is_err();
    let public = || {
        let mut answers = all.iter().filter(|o| o.variable == "dns" && o.outcome == "answer");
        answers.any(|o| {
            let words = o.text("answers").unwrap_or_default().split(", ");
            words.filter_map(|word| word.parse::<IpAddr>().ok()).any(|a| !is_inside(a) && !a.is_loopback())
        })
    };
    if all_inside && is_name && public() { tried } else { Vec::new() }
}

/// Signs that packets are lost here and there: one resolver that answers about a name and is silent about it,
/// connections and questions that took a repeated packet. `signs` where there are several and not only names show
/// them, `names_only` where only names do; nothing where there is but one.
pub(super) fn loss_signs(all: &[Observation]) -> Option<(&'static str, Vec<usize>)> {
    let mut signs: Vec<usize> = (0..all.len()).filter(|index| is_loss_sign(all, &all[*index])).collect();
    let of_names = signs.iter().filter(|index| all[**index].variable == "dns").count();
    if of_names > 0 && of_names == signs.len() {
        return Some(("names_only", signs));
    }
    signs.truncate(8);
    (signs.len() > 1).then_some(("signs", signs))
}

fn is_loss_sign(all: &[Observation], observation: &Observation) -> bool {
    let repeated =
        |took: f64, fastest: f64| took >= REPEATED_CONNECTION_MS && took >= fastest * REPEATED_FACTOR;
    let quickest =
        |of: &dyn Fn(&Observation) -> Option<f64>| all.iter().filter_map(of).fold(f64::INFINITY, f64::min);
    let round_trip = observation.number("rtt_ms");
    match (observation.variable.as_str(), observation.outcome.as_str()) {
        ("dns", "silent") => answered_besides(all, observation),
        ("ntp", "answered") => round_trip.is_some_and(|way| took(observation) >= way + REPEATED_QUESTION_MS),
        ("tcp" | "neighbour", "open" | "refused") => {
            let address = observation.text("address");
            let to_address = |other: &Observation| {
                let known = matches!(other.variable.as_str(), "tcp" | "neighbour")
                    && matches!(other.outcome.as_str(), "open" | "refused")
                    && other.text("address") == address;
                known.then(|| took(other))
            };
            repeated(took(observation), quickest(&to_address))
        }
        ("connectivity", "online") => round_trip
            .is_some_and(|way| repeated(way, quickest(&|other: &Observation| other.number("rtt_ms")))),
        ("packet_loss", _) => {
            let counted = |name| observation.number(name).unwrap_or_default();
            let (again, sent) = (counted("segments_repeated"), counted("segments_sent"));
            // what was sent to silent ports was repeated too
            let swallowed = |other: &Observation| {
                matches!(other.variable.as_str(), "tcp" | "neighbour" | "control" | "alternative")
                    && other.outcome == "silent"
            };
            again >= 3.0 && again >= sent * REPEATED_SHARE && !all.iter().any(swallowed)
        }
        _ => false,
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of one run are far below 2^52")]
fn took(observation: &Observation) -> f64 {
    observation.elapsed_ms as f64
}

/// Whether the same resolver said something about the same name, of this or another kind.
fn answered_besides(all: &[Observation], silent: &Observation) -> bool {
    let name = |o: &Observation| o.subject.split(' ').next().unwrap_or_default().to_ascii_lowercase();
    let server = silent.text("server").filter(|server| !server.is_empty());
    server.is_some()
        && all.iter().any(|other| {
            other.variable == "dns"
                && matches!(other.outcome.as_str(), "answer" | "no_data" | "nxdomain")
                && other.text("server") == server
                && name(other) == name(silent)
        })
}

/// What answers where the way out is only a web page of the network's own: nothing but port 80 is open anywhere.
pub(super) fn only_the_web(all: &[Observation]) -> Vec<usize> {
    let dialled = || {
        all.iter()
            .enumerate()
            .filter(|(_, o)| matches!(o.variable.as_str(), "tcp" | "neighbour" | "control" | "alternative"))
    };
    let open_besides = dialled().any(|(_, o)| o.outcome == "open" && port(o) != 80);
    let time = all.iter().any(|o| o.variable == "ntp" && o.outcome == "answered");
    if open_besides || time {
        return Vec::new();
    }
    dialled().filter(|(_, o)| o.outcome == "open").map(|(index, _)| index).collect()
}

/// Whether no connection was taken or refused anywhere, at hosts that have nothing to do with each other: the test of
/// the way out is one of them.
pub(super) fn nothing_over_tcp(all: &[Observation]) -> Vec<usize> {
    let dead = |o: &Observation| matches!(o.outcome.as_str(), "silent" | "prohibited" | "unreachable");
    let without = |o: &Observation| matches!(o.outcome.as_str(), "no_route" | "no_address");
    let dialled = |variable: &str| matches!(variable, "tcp" | "neighbour" | "control" | "alternative");
    let (mut tests, mut servers) = (Vec::new(), Vec::new());
    for (index, observation) in all.iter().enumerate() {
        let list = match observation.variable.as_str() {
            "connectivity" => &mut tests,
            variable if dialled(variable) => &mut servers,
            _ => continue,
        };
        if dead(observation) {
            list.push(index);
        } else if !without(observation) {
            return Vec::new();
        }
    }
    if tests.is_empty() || servers.is_empty() {
        return Vec::new();
    }
    tests.extend(servers);
    tests
}

/// The connections that were tried to that endpoint.
fn dialled<'a>(
    all: &'a [Observation],
    endpoint: &'a Endpoint<'_>,
) -> impl Iterator<Item = (usize, &'a Observation)> {
    all.iter().enumerate().filter(|(_, o)| {
        o.variable == "tcp" && o.text("host") == Some(endpoint.host) && port(o) == endpoint.port
    })
}

/// Addresses that nobody outside a house or a company has (RFC 1918, RFC 4193, RFC 6598).
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let [one, two, ..] = four.octets();
            four.is_private() || (one == 100 && (64..128).contains(&two))
        }
        IpAddr::V6(six) => six.segments()[0] & 0xfe00 == 0xfc00,
    }
}
