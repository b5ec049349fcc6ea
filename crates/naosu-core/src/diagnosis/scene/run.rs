//! What the run as a whole shows: the way out, the resolvers, the address families, the provider.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::Observation;
use crate::knowledge::{Knowledge, Protocol, Said};

use super::certificate::registrable;
use super::endpoint::{Endpoint, port};

/// What the connectivity tests of both families show together.
pub(super) fn internet(all: &[Observation]) -> (Option<&'static str>, Vec<usize>) {
    let tests: Vec<usize> = places(all, "connectivity");
    let with = |outcomes: &[&str]| -> Vec<usize> {
        tests.iter().copied().filter(|index| outcomes.contains(&all[*index].outcome.as_str())).collect()
    };
    for (name, outcomes) in [
        ("online", &["online"][..]),
        ("portal", &["portal"]),
        ("altered", &["altered"]),
        ("unresolved", &["name_unresolved"]),
        ("silent", &["silent"]),
        ("refused", &["refused", "reset"]),
    ] {
        let found = with(outcomes);
        if !found.is_empty() {
            return (Some(name), found);
        }
    }
    let found = with(&["no_route", "unreachable"]);
    if !found.is_empty() {
        return (Some("no_route"), found);
    }
    // a name that has an address of neither family is as good as none
    let found = with(&["no_address"]);
    if found.len() > 1 { (Some("unresolved"), found) } else { (None, tests) }
}

/// What the resolvers are worth.
pub(super) fn resolver(all: &[Observation]) -> (Option<&'static str>, Vec<usize>) {
    let canaries = places(all, "dns_canary");
    let hijacked: Vec<usize> = canaries.into_iter().filter(|i| all[*i].outcome == "hijacked").collect();
    if !hijacked.is_empty() {
        return (Some("hijacking"), hijacked);
    }
    let asked = places(all, "dns");
    let empty = empty_answers(all);
    if !empty.is_empty() {
        return (Some("empty"), empty);
    }
    let with = |outcomes: &[&str]| -> Vec<usize> {
        asked.iter().copied().filter(|index| outcomes.contains(&all[*index].outcome.as_str())).collect()
    };
    for (name, outcomes) in [
        ("works", &["answer", "no_data"][..]),
        ("failing", &["servfail", "malformed"]),
        ("filtering", &["sinkhole"]),
        ("refusing", &["refused"]),
        ("absent", &["port_refused"]),
        ("blind", &["nxdomain"]),
        ("slow", &["late"]),
        ("silent", &["silent", "unreachable"]),
    ] {
        let found = with(outcomes);
        if !found.is_empty() {
            return (Some(name), found);
        }
    }
    let none: Vec<usize> =
        places(all, "resolver_config").into_iter().filter(|i| all[*i].outcome == "none").collect();
    if none.is_empty() { (None, none) } else { (Some("absent"), none) }
}

/// Questions for addresses, where no name has any although they belong to different owners.
fn empty_answers(all: &[Observation]) -> Vec<usize> {
    let mut owners = BTreeSet::new();
    let mut empty = Vec::new();
    for (index, observation) in all.iter().enumerate().filter(|(_, o)| o.variable == "dns") {
        let mut words = observation.subject.split(' ');
        let (Some(name), Some(kind @ ("A" | "AAAA"))) = (words.next(), words.next()) else { continue };
        if observation.outcome != "no_data" {
            return Vec::new();
        }
        if kind == "A" {
            owners.insert(registrable(name));
        }
        empty.push(index);
    }
    if owners.len() > 1 { empty } else { Vec::new() }
}

/// Whether anything outside this device answers; `None` when too little was tried to say no.
pub(super) fn outside(
    all: &[Observation],
    endpoints: &[Endpoint<'_>],
    internet: Option<&str>,
) -> Option<(bool, Vec<usize>)> {
    let mut alive: Vec<usize> = endpoints.iter().filter(|e| e.alive()).map(|e| e.index).collect();
    for (index, observation) in all.iter().enumerate() {
        // a refusal proves little: whoever stands at the way out can refuse everything
        let answers = match observation.variable.as_str() {
            "tcp" | "neighbour" | "control" | "alternative" => observation.outcome == "open",
            "connectivity" => matches!(observation.outcome.as_str(), "online" | "portal" | "altered"),
            "ntp" => matches!(observation.outcome.as_str(), "answered" | "kiss_of_death" | "bad_answer"),
            _ => false,
        };
        if answers {
            alive.push(index);
        }
    }
    if !alive.is_empty() {
        alive.sort_unstable();
        return Some((true, alive));
    }
    match internet {
        Some("silent" | "no_route" | "unresolved" | "refused") => Some((false, places(all, "connectivity"))),
        _ => None,
    }
}

/// Whether some address was tried directly, apart from names that could not be resolved.
pub(super) fn addresses_tried(all: &[Observation]) -> bool {
    all.iter().any(|observation| match observation.variable.as_str() {
        "tcp" => true,
        "connectivity" | "ntp" => {
            matches!(observation.outcome.as_str(), "silent" | "unreachable" | "refused")
        }
        _ => false,
    })
}

/// Addresses of one host and port of which some answer and an IPv4 one does not; IPv6 alone is another matter.
pub(super) fn partly_dead(all: &[Observation]) -> Vec<usize> {
    let mut hosts: BTreeMap<String, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (index, observation) in all.iter().enumerate().filter(|(_, o)| o.variable == "tcp") {
        let six = observation.text("address").is_some_and(|address| address.contains(':'));
        let key = format!("{}:{}", observation.text("host").unwrap_or_default(), port(observation));
        let (open, dead) = hosts.entry(key).or_default();
        match observation.outcome.as_str() {
            "open" => open.push(index),
            "silent" | "refused" | "reset" | "unreachable" | "prohibited" if !six => dead.push(index),
            _ => {}
        }
    }
    let mixed = hosts.into_values().filter(|(open, dead)| !open.is_empty() && !dead.is_empty());
    mixed.flat_map(|(open, dead)| open.into_iter().chain(dead)).collect()
}

/// IPv6 held against IPv4 towards the same ports.
pub(super) fn ipv6(all: &[Observation]) -> Vec<(&'static str, Vec<usize>)> {
    let mut open_v4: BTreeMap<String, usize> = BTreeMap::new();
    let (mut works, mut bad) = (Vec::new(), Vec::new());
    for (index, observation) in all.iter().enumerate().filter(|(_, o)| o.variable == "tcp") {
        let key = format!("{}:{}", observation.text("host").unwrap_or_default(), port(observation));
        let six = observation.text("address").is_some_and(|address| address.contains(':'));
        match (six, observation.outcome.as_str()) {
            (false, "open") => drop(open_v4.insert(key, index)),
            (true, "open") => works.push(index),
            (true, "silent" | "refused" | "reset" | "unreachable" | "prohibited") => bad.push((key, index)),
            _ => {}
        }
    }
    let mut dead: Vec<usize> = bad
        .iter()
        .filter_map(|(key, index)| open_v4.get(key).map(|four| [*four, *index]))
        .flatten()
        .collect();
    let tests: BTreeMap<&str, (usize, &str)> = places(all, "connectivity")
        .into_iter()
        .map(|index| (all[index].subject.as_str(), (index, all[index].outcome.as_str())))
        .collect();
    let route = all.iter().any(|o| o.variable == "route_ipv6" && o.outcome == "default");
    match (tests.get("ipv4"), tests.get("ipv6")) {
        (Some((four, "online")), Some((six, "silent" | "unreachable" | "reset"))) if route => {
            dead.extend([*four, *six]);
        }
        (_, Some((six, "online"))) => works.push(*six),
        _ => {}
    }
    let mut facts = Vec::new();
    if !dead.is_empty() {
        facts.push(("dead", dead));
    }
    if !works.is_empty() {
        facts.push(("works", works));
    }
    if facts.is_empty() && all.iter().any(|o| o.variable == "route_ipv6" && o.outcome == "none") {
        facts.push(("absent", places(all, "route_ipv6")));
    }
    facts
}

/// Names that the hosts file sends elsewhere than DNS does.
pub(super) fn stale_hosts(all: &[Observation]) -> Vec<usize> {
    let mut stale = Vec::new();
    for (index, hosts) in
        all.iter().enumerate().filter(|(_, o)| o.variable == "hosts_file" && o.outcome == "overrides")
    {
        let Some(given) = hosts.text("addresses") else { continue };
        for (other, dns) in
            all.iter().enumerate().filter(|(_, o)| o.variable == "dns" && o.after.contains(&hosts.id))
        {
            let known = dns.text("answers").unwrap_or_default();
            if dns.outcome == "answer"
                && !known.split(", ").any(|address| given.split(", ").any(|one| one == address))
            {
                stale.extend([index, other]);
            }
        }
    }
    stale
}

fn places(all: &[Observation], variable: &str) -> Vec<usize> {
    all.iter().enumerate().filter(|(_, o)| o.variable == variable).map(|(index, _)| index).collect()
}

/// What servers pointed out beside their answers (`ALERT`, RFC 3501 section 7.1).
pub(super) fn notices(
    knowledge: &Knowledge,
    all: &[Observation],
    provider: Option<&str>,
) -> Vec<(usize, String)> {
    let mut notices = Vec::new();
    for (index, observation) in all.iter().enumerate().filter(|(_, o)| o.variable == "imap") {
        let alerts = observation.detail.get("alerts").and_then(|value| value.as_array());
        for text in alerts.into_iter().flatten().filter_map(|alert| alert.as_str()) {
            let protocol = Protocol::Imap;
            let said = Said { provider, protocol, phase: "select", code: None, enhanced: None, text };
            let classified = knowledge.replies().classify(&said);
            notices.extend(
                classified.and_then(|told| told.means.into_iter().next()).map(|means| (index, means)),
            );
        }
    }
    notices
}

/// The provider's id, as the provider observation names it.
pub(super) fn provider(all: &[Observation]) -> Option<&str> {
    all.iter().filter(|o| o.variable == "provider").find_map(|o| o.text("id"))
}

/// What the provider takes in mail programs, where that is not the account's own password.
pub(super) fn provider_auth(knowledge: &Knowledge, all: &[Observation]) -> Option<(usize, &'static str)> {
    let index = places(all, "provider").into_iter().find(|index| all[*index].text("id").is_some())?;
    let provider = knowledge.providers().get(all[index].text("id")?)?;
    if provider.oauth_only() {
        Some((index, "oauth_only"))
    } else {
        provider.app_password_only().then_some((index, "app_password"))
    }
}
