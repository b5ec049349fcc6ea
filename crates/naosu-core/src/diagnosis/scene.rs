//! From observations to facts.
//!
//! A fact is a text `variable=outcome` that signatures ask for. Every observation is one; the others are derived here,
//! where several observations have to be held against each other. The derived variables are:
//!
//! | fact | meaning |
//! |---|---|
//! | `mail`, `apple` | the staged outcome of the endpoint at hand |
//! | `stage` | the stage that outcome belongs to: name, tcp, tls, cert, greeting, starttls, sign_in, mailbox, message, conversation, ok |
//! | `protocol`, `security`, `port` | the endpoint's; `port` is `25`, `usual` or `unusual` |
//! | `peer`, `peer_stage`, `peer_other_host` | outcomes and stages of the other endpoints |
//! | `same_host_peer_alive`, `peer_alive` | another endpoint got past the connection |
//! | `neighbour_mail`, `sibling`, `web` | other ports of the same server: any mail port, the same protocol's, the web's |
//! | `reply`, `reply_first`, `reply_means` | whether the server's reply is known, its first meaning, and whether that is more than "wrong password" |
//! | `refusal=temporary` | the server put it off with a code of the 400s |
//! | `account=works` | every endpoint is well, sign-in included |
//! | `user=local_part` | the user name that was given has no domain |
//! | `notice` | what a server's untagged `ALERT` means: mailbox_full, … |
//! | `addresses` | `tried`: some address was tried directly; `partly_dead`: some of a host's addresses answer, some do not |
//! | `true_clock` | whether the certificate is valid by the world's time |
//! | `expired_for=months` | by this device's clock, which nothing confirms, the certificate ran out long ago |
//! | `hosts_file=stale` | the hosts file sends a name elsewhere than DNS does |
//! | `interceptor` | a known product's issuer, or one issuer over unrelated hosts |
//! | `internet`, `outside`, `resolver`, `ipv6` | the run as a whole |

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::{Evidence, Observation, SignIn};
use crate::knowledge::{Knowledge, Protocol, Said, Scope, interceptor};

use super::model::Model;

/// A set of facts, by their places in the model.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct FactSet(Vec<u64>);

impl FactSet {
    pub(super) fn insert(&mut self, fact: usize) {
        if self.0.len() <= fact / 64 {
            self.0.resize(fact / 64 + 1, 0);
        }
        self.0[fact / 64] |= 1 << (fact % 64);
    }

    pub(super) fn contains(&self, fact: usize) -> bool {
        self.0.get(fact / 64).is_some_and(|word| word & (1 << (fact % 64)) != 0)
    }

    pub(super) fn union(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// Whether the sets have a fact in common.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(mine, theirs)| mine & theirs != 0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * 64).filter(|fact| self.contains(*fact))
    }
}

/// A certificate that ran out longer ago than this, in seconds, has hardly been served ever since.
const LONG_EXPIRED: i64 = 60 * 86_400;

/// What holds at one place: the run, or one endpoint in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// The facts that hold.
    pub(super) facts: FactSet,
    /// What the server's reply means, most probable first.
    pub(super) meanings: Vec<String>,
    sources: Vec<(usize, usize)>,
}

impl Place {
    /// The observations behind those facts that hold here.
    pub(super) fn behind(&self, facts: &FactSet) -> Vec<usize> {
        self.sources
            .iter()
            .filter(|(fact, _)| facts.contains(*fact))
            .map(|(_, observation)| *observation)
            .collect()
    }

    fn add(&mut self, model: &Model, fact: &str, observations: &[usize]) {
        if let Some(fact) = model.fact(fact) {
            self.facts.insert(fact);
            self.sources.extend(observations.iter().map(|observation| (fact, *observation)));
        }
    }
}

/// All facts of one evidence.
pub(super) struct Scene {
    run: Vec<Place>,
    mail: Vec<Place>,
    apple: Vec<Place>,
    variables: BTreeSet<String>,
    endpoints: usize,
    failing: usize,
    withheld: Vec<String>,
    online: bool,
}

impl Scene {
    pub(super) fn new(knowledge: &Knowledge, evidence: &Evidence) -> Self {
        let model = &knowledge.model;
        let all = &evidence.observations;
        let endpoints = endpoints(evidence);
        let mut run = Place::default();
        for (index, observation) in all.iter().enumerate() {
            run.add(model, &format!("{}={}", observation.variable, observation.outcome), &[index]);
        }
        for (name, value) in [
            ("service", &evidence.request.service),
            ("device", &evidence.request.device),
            ("client", &evidence.request.client),
        ] {
            if let Some(value) = value {
                run.add(model, &format!("{name}={value}"), &[]);
            }
        }
        if evidence.request.user.as_deref().is_some_and(|user| !user.contains('@')) {
            run.add(model, "user=local_part", &[]);
        }
        let sign_in = match evidence.request.sign_in {
            SignIn::None => "sign_in=none",
            SignIn::Password => "sign_in=password",
            SignIn::Token => "sign_in=token",
        };
        run.add(model, sign_in, &[]);
        let (internet, sources) = internet(all);
        if let Some(internet) = internet {
            run.add(model, &format!("internet={internet}"), &sources);
        }
        let (resolver, sources) = resolver(all);
        if let Some(resolver) = resolver {
            run.add(model, &format!("resolver={resolver}"), &sources);
        }
        match outside(all, &endpoints, internet) {
            Some((alive, sources)) => {
                run.add(model, if alive { "outside=alive" } else { "outside=dead" }, &sources);
            }
            None => run.add(model, "outside=unknown", &[]),
        }
        if addresses_tried(all) {
            run.add(model, "addresses=tried", &[]);
        }
        let partly_dead = partly_dead(all);
        if !partly_dead.is_empty() {
            run.add(model, "addresses=partly_dead", &partly_dead);
        }
        for (ipv6, sources) in ipv6(all) {
            run.add(model, &format!("ipv6={ipv6}"), &sources);
        }
        for (interceptor, sources) in interceptors(knowledge, all, &endpoints) {
            run.add(model, &format!("interceptor={interceptor}"), &sources);
        }
        let stale = stale_hosts(all);
        if !stale.is_empty() {
            run.add(model, "hosts_file=stale", &stale);
        }
        let provider = provider(all);
        for (index, meaning) in notices(knowledge, all, provider) {
            run.add(model, &format!("notice={meaning}"), &[index]);
        }
        if let Some((source, auth)) = provider_auth(knowledge, all) {
            run.add(model, &format!("provider_auth={auth}"), &[source]);
        }

        let place = |endpoint: &Endpoint| {
            let mut place = run.clone();
            endpoint.facts(knowledge, evidence, &endpoints, provider, &mut place);
            place
        };
        // an endpoint in whose place another was used says nothing of the account
        let mail = endpoints.iter().filter(|e| !e.apple && !e.replaced).map(place).collect();
        let apple = endpoints.iter().filter(|e| e.apple).map(place).collect();
        let tried: Vec<&Endpoint<'_>> = endpoints.iter().filter(|e| !e.spare && !e.replaced).collect();
        if !tried.is_empty() && tried.iter().all(|e| e.observation.outcome == "ok") {
            let sources: Vec<usize> = tried.iter().map(|e| e.index).collect();
            run.add(model, "account=works", &sources);
        }
        let failing = endpoints.iter().filter(|e| e.stage != "ok" && !e.spare && !e.replaced).count();
        let mut withheld: Vec<String> = endpoints
            .iter()
            .filter(|e| e.observation.text("sign_in_withheld").is_some())
            .map(|e| e.observation.variable.clone())
            .collect();
        withheld.dedup();
        let variables = all.iter().map(|observation| observation.variable.clone()).collect();
        let online = internet == Some("online");
        Self { run: vec![run], mail, apple, variables, endpoints: endpoints.len(), failing, withheld, online }
    }

    /// The places that a scope is matched against.
    pub(super) fn places(&self, scope: Scope) -> &[Place] {
        match scope {
            Scope::Run => &self.run,
            Scope::Mail => &self.mail,
            Scope::Apple => &self.apple,
        }
    }

    /// Whether anything of that variable was observed (or the variable is one that is derived).
    pub(super) fn knows(&self, variable: &str) -> bool {
        const DERIVED: [&str; 22] = [
            "mail",
            "apple",
            "stage",
            "protocol",
            "security",
            "port",
            "peer",
            "peer_other_host",
            "same_host_peer_alive",
            "peer_alive",
            "reply",
            "reply_means",
            "true_clock",
            "expired_for",
            "interceptor",
            "internet",
            "outside",
            "resolver",
            "ipv6",
            "at",
            "spoken",
            "service",
        ];
        DERIVED.contains(&variable) || self.variables.contains(variable)
    }

    /// Whether enough was measured to speak of health: an endpoint, or at least the way out.
    pub(super) fn measured(&self) -> bool {
        self.endpoints > 0 || self.online
    }

    /// Whether an endpoint fails, or a sign-in that was wanted was withheld: then nothing is healthy, whatever the
    /// explanation.
    pub(super) fn unexplained(&self) -> bool {
        self.failing > 0 || !self.withheld.is_empty()
    }

    /// The variables of the endpoints where a sign-in that was wanted was withheld.
    pub(super) fn withheld(&self) -> &[String] {
        &self.withheld
    }
}

/// One endpoint of the run: its staged observation.
struct Endpoint<'a> {
    index: usize,
    observation: &'a Observation,
    host: &'a str,
    port: u16,
    stage: &'static str,
    apple: bool,
    /// A fall-back whose failure alone is not a failure of the service.
    spare: bool,
    /// Could not be reached, and another server of the same protocol, tried after it, could.
    replaced: bool,
}

fn endpoints(evidence: &Evidence) -> Vec<Endpoint<'_>> {
    let mut list = Vec::new();
    for (index, observation) in evidence.observations.iter().enumerate() {
        let variable = observation.variable.as_str();
        let apple = variable.starts_with("apple_") && variable != "apple_time";
        if !apple && !matches!(variable, "imap" | "pop" | "smtp") {
            continue;
        }
        let (host, port) = split(&observation.subject);
        let stage = stage(&observation.outcome);
        list.push(Endpoint { index, observation, host, port, stage, apple, spare: false, replaced: false });
    }
    let answering: Vec<usize> = list.iter().filter(|one| one.alive()).map(|one| one.index).collect();
    for endpoint in list.iter_mut().filter(|one| !one.apple && !one.alive()) {
        endpoint.replaced = answering.iter().any(|index| {
            let other = &evidence.observations[*index];
            other.variable == endpoint.observation.variable && other.after.contains(&endpoint.observation.id)
        });
    }
    // push goes over 5223, or over 443 where that port is closed
    let pushes = list.iter().any(|one| one.observation.variable == "apple_push" && one.stage == "ok");
    for endpoint in list.iter_mut().filter(|one| one.observation.variable == "apple_push") {
        endpoint.spare = pushes;
    }
    list
}

/// `host:port` apart; port 0 where there is none.
fn split(subject: &str) -> (&str, u16) {
    match subject.rsplit_once(':') {
        Some((host, port)) => (host.trim_matches(['[', ']']), port.parse().unwrap_or(0)),
        None => (subject, 0),
    }
}

/// The port that an observation is about: its detail, else the end of its subject.
fn port(observation: &Observation) -> u16 {
    match observation.detail.get("port").and_then(serde_json::Value::as_u64) {
        Some(port) => u16::try_from(port).unwrap_or(0),
        None => split(&observation.subject).1,
    }
}

/// The stage that a staged outcome belongs to.
fn stage(outcome: &str) -> &'static str {
    match outcome {
        "ok" | "reachable" => "ok",
        "mailbox_refused" => "mailbox",
        "message_unreadable" | "sender_refused" | "recipient_refused" | "message_refused" => "message",
        _ => ["name", "tcp", "tls", "cert", "greeting", "starttls", "sign_in", "conversation"]
            .into_iter()
            .find(|stage| outcome.strip_prefix(stage).is_some_and(|rest| rest.starts_with('_')))
            .unwrap_or("unknown"),
    }
}

impl Endpoint<'_> {
    fn alive(&self) -> bool {
        !matches!(self.stage, "name" | "tcp")
    }

    fn facts(
        &self,
        knowledge: &Knowledge,
        evidence: &Evidence,
        endpoints: &[Endpoint<'_>],
        provider: Option<&str>,
        place: &mut Place,
    ) {
        let model = &knowledge.model;
        let own = [self.index];
        let observation = self.observation;
        let kind = if self.apple { "apple" } else { "mail" };
        place.add(model, &format!("{kind}={}", observation.outcome), &own);
        place.add(model, &format!("stage={}", self.stage), &own);
        match observation.variable.strip_prefix("apple_") {
            Some(purpose) => place.add(model, &format!("purpose={purpose}"), &own),
            None => place.add(model, &format!("protocol={}", observation.variable), &own),
        }
        let port = match self.port {
            25 => "port=25",
            110 | 143 | 465 | 587 | 993 | 995 => "port=usual",
            _ => "port=unusual",
        };
        place.add(model, port, &own);
        for (name, fact) in
            [("security", "security"), ("protocol", "spoken"), ("stage", "at"), ("alert", "alert")]
        {
            if let Some(text) = observation.text(name) {
                place.add(model, &format!("{fact}={}", text.to_ascii_lowercase()), &own);
            }
        }
        if capabilities(observation).any(|capability| capability.contains("XXXX")) {
            place.add(model, "capabilities=masked", &own);
        }
        for peer in endpoints
            .iter()
            .filter(|peer| peer.index != self.index && peer.apple == self.apple && !peer.replaced)
        {
            let source = [peer.index];
            if self.apple {
                place.add(model, &format!("apple_peer={}", peer.observation.outcome), &source);
                if peer.observation.variable == "apple_push" && peer.stage == "ok" {
                    place.add(model, "push_fallback=ok", &source);
                }
                continue;
            }
            place.add(model, &format!("peer={}", peer.observation.outcome), &source);
            place.add(model, &format!("peer_stage={}", peer.stage), &source);
            if peer.host != self.host {
                place.add(model, &format!("peer_other_host={}", peer.observation.outcome), &source);
            }
            if peer.alive() {
                place.add(model, "peer_alive=yes", &source);
                if same_host(self.observation, peer.observation) {
                    place.add(model, "same_host_peer_alive=yes", &source);
                }
            }
        }
        for (index, other) in evidence.observations.iter().enumerate() {
            match other.variable.as_str() {
                "neighbour" | "control" if other.after.contains(&observation.id) => {
                    self.other_port(model, other, index, place);
                }
                "settings" if other.subject == observation.variable => {
                    place.add(model, &format!("settings={}", other.outcome), &[index]);
                }
                _ => {}
            }
        }
        self.reply(knowledge, provider, place);
        self.true_clock(model, evidence, place);
    }

    fn other_port(&self, model: &Model, other: &Observation, index: usize, place: &mut Place) {
        if other.variable == "control" {
            return;
        }
        let port = port(other);
        let family: &[u16] = match self.observation.variable.as_str() {
            "imap" => &[143, 993],
            "pop" => &[110, 995],
            _ => &[25, 465, 587],
        };
        if matches!(port, 80 | 443) {
            place.add(model, &format!("web={}", other.outcome), &[index]);
        } else {
            place.add(model, &format!("neighbour_mail={}", other.outcome), &[index]);
        }
        if family.contains(&port) && port != self.port {
            place.add(model, &format!("sibling={}", other.outcome), &[index]);
        }
    }

    fn reply(&self, knowledge: &Knowledge, provider: Option<&str>, place: &mut Place) {
        let Some(text) = self.observation.text("reply") else { return };
        let model = &knowledge.model;
        let code = self.observation.number("reply_code").and_then(|code| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "reply codes have three digits"
            )]
            (0.0..1000.0).contains(&code).then_some(code as u16)
        });
        if code.is_some_and(|code| (400..500).contains(&code)) {
            place.add(model, "refusal=temporary", &[self.index]);
        }
        let phase = self.observation.text("reply_phase").unwrap_or_default();
        let enhanced = self.observation.text("reply_enhanced");
        let protocol = match self.observation.variable.as_str() {
            "imap" => Protocol::Imap,
            "pop" => Protocol::Pop,
            _ => Protocol::Smtp,
        };
        let said = Said { provider, protocol, phase, code, enhanced, text };
        let meanings =
            knowledge.replies().classify(&said).map_or_else(Vec::new, |classified| classified.means);
        if meanings.is_empty() {
            place.add(model, "reply=unknown", &[self.index]);
        } else {
            place.add(model, "reply=known", &[self.index]);
            place.add(model, &format!("reply_first={}", meanings[0]), &[self.index]);
            if !matches!(meanings[0].as_str(), "wrong_password" | "password_changed") {
                place.add(model, "reply_means=specific", &[self.index]);
            }
            place.meanings = meanings;
        }
    }

    /// Whether the certificate is inside its validity by the world's time: the device's plus its measured offset.
    fn true_clock(&self, model: &Model, evidence: &Evidence, place: &mut Place) {
        let clock = evidence.observations.iter().enumerate().find_map(|(index, observation)| {
            let offset = observation.number("offset_s").filter(|_| observation.variable == "clock")?;
            Some((index, offset))
        });
        let bound = |name: &str| self.observation.text(name).and_then(seconds);
        let (Some(from), Some(until)) = (bound("not_before"), bound("not_after")) else { return };
        let Some(started) = seconds(&evidence.started) else { return };
        let Some((index, offset)) = clock else {
            if started - until > LONG_EXPIRED {
                place.add(model, "expired_for=months", &[self.index]);
            }
            return;
        };
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
        let (now, from, until) = (started as f64 + offset, from as f64, until as f64);
        let fact = if from <= now && now <= until { "true_clock=valid" } else { "true_clock=invalid" };
        place.add(model, fact, &[index]);
    }
}

/// Whether two endpoints stand on the same server: the same name, or the same address.
fn same_host(one: &Observation, two: &Observation) -> bool {
    let address =
        |observation: &Observation| observation.text("address").map(|text| split(text).0.to_owned());
    split(&one.subject).0 == split(&two.subject).0
        || matches!((address(one), address(two)), (Some(one), Some(two)) if one == two)
}

fn capabilities(observation: &Observation) -> impl Iterator<Item = &str> {
    observation
        .detail
        .get("capabilities")
        .and_then(|value| value.as_array())
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_str())
}

/// What the connectivity tests of both families show together.
fn internet(all: &[Observation]) -> (Option<&'static str>, Vec<usize>) {
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
    if found.is_empty() { (None, tests) } else { (Some("no_route"), found) }
}

/// What the resolvers are worth.
fn resolver(all: &[Observation]) -> (Option<&'static str>, Vec<usize>) {
    let canaries = places(all, "dns_canary");
    let hijacked: Vec<usize> = canaries.into_iter().filter(|i| all[*i].outcome == "hijacked").collect();
    if !hijacked.is_empty() {
        return (Some("hijacking"), hijacked);
    }
    let asked = places(all, "dns");
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

/// Whether anything outside this device answers; `None` when too little was tried to say no.
fn outside(
    all: &[Observation],
    endpoints: &[Endpoint<'_>],
    internet: Option<&str>,
) -> Option<(bool, Vec<usize>)> {
    let mut alive: Vec<usize> = endpoints.iter().filter(|e| e.alive()).map(|e| e.index).collect();
    for (index, observation) in all.iter().enumerate() {
        // a refusal proves little: whoever stands at the way out can refuse everything
        let answers = match observation.variable.as_str() {
            "tcp" | "neighbour" | "control" => observation.outcome == "open",
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
fn addresses_tried(all: &[Observation]) -> bool {
    all.iter().any(|observation| match observation.variable.as_str() {
        "tcp" => true,
        "connectivity" | "ntp" => {
            matches!(observation.outcome.as_str(), "silent" | "unreachable" | "refused")
        }
        _ => false,
    })
}

/// Addresses of one host and port of which some answer and an IPv4 one does not; IPv6 alone is another matter.
fn partly_dead(all: &[Observation]) -> Vec<usize> {
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
fn ipv6(all: &[Observation]) -> Vec<(&'static str, Vec<usize>)> {
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
fn stale_hosts(all: &[Observation]) -> Vec<usize> {
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

/// Who issued the certificates: a product that replaces them, or one issuer over hosts that have nothing in common.
fn interceptors(
    knowledge: &Knowledge,
    all: &[Observation],
    endpoints: &[Endpoint<'_>],
) -> Vec<(&'static str, Vec<usize>)> {
    let mut known = Vec::new();
    let mut untrusted: BTreeMap<&str, BTreeMap<String, Vec<usize>>> = BTreeMap::new();
    let staged: BTreeSet<usize> = endpoints.iter().map(|endpoint| endpoint.index).collect();
    for (index, observation) in all.iter().enumerate() {
        if observation.variable != "tls" && !staged.contains(&index) {
            continue;
        }
        let names =
            ["issuer", "issuer_organization", "root"].into_iter().filter_map(|name| observation.text(name));
        if names.clone().any(|name| is_interceptor(knowledge, name)) {
            known.push(index);
        }
        let outcome = observation.outcome.as_str();
        if matches!(outcome, "cert_untrusted_root" | "cert_incomplete" | "cert_invalid")
            && let Some(issuer) = observation.text("issuer")
        {
            let domain = registrable(split(&observation.subject).0);
            untrusted.entry(issuer).or_default().entry(domain).or_default().push(index);
        }
    }
    let mut facts = Vec::new();
    if !known.is_empty() {
        facts.push(("known_product", known));
    }
    for domains in untrusted.into_values().filter(|domains| domains.len() > 1) {
        facts.push(("one_issuer_everywhere", domains.into_values().flatten().collect()));
    }
    facts
}

/// The part of a host name that one owner has: two labels, three under a short country second level (`co.jp`).
fn registrable(host: &str) -> String {
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    if host.parse::<std::net::IpAddr>().is_ok() || labels.len() <= 2 {
        return host.to_ascii_lowercase();
    }
    let short_second = labels[labels.len() - 1].len() == 2 && labels[labels.len() - 2].len() <= 3;
    labels[labels.len() - if short_second { 3 } else { 2 }..].join(".").to_ascii_lowercase()
}

/// Seconds since 1970 of an RFC 3339 time in UTC (`2026-11-20T00:00:00Z`).
fn seconds(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !text.is_ascii() || bytes[10] != b'T' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    // days since 1970-01-01 of the proleptic Gregorian calendar, years counted from March
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

fn places(all: &[Observation], variable: &str) -> Vec<usize> {
    all.iter().enumerate().filter(|(_, o)| o.variable == variable).map(|(index, _)| index).collect()
}

/// What servers pointed out beside their answers (`ALERT`, RFC 3501 section 7.1).
fn notices(knowledge: &Knowledge, all: &[Observation], provider: Option<&str>) -> Vec<(usize, String)> {
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
fn provider(all: &[Observation]) -> Option<&str> {
    all.iter().filter(|o| o.variable == "provider").find_map(|o| o.text("id"))
}

/// What the provider takes in mail programs, where that is not the account's own password.
fn provider_auth(knowledge: &Knowledge, all: &[Observation]) -> Option<(usize, &'static str)> {
    let index = places(all, "provider").into_iter().find(|index| all[*index].text("id").is_some())?;
    let provider = knowledge.providers().get(all[index].text("id")?)?;
    if provider.oauth_only() {
        Some((index, "oauth_only"))
    } else {
        provider.app_password_only().then_some((index, "app_password"))
    }
}

fn is_interceptor(knowledge: &Knowledge, name: &str) -> bool {
    interceptor(knowledge.interceptors(), name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_count_from_1970() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2024-02-29T12:00:01Z"), Some(1_709_208_001));
        assert_eq!(seconds("tomorrow"), None);
    }

    #[test]
    fn a_country_second_level_is_not_an_owner() {
        assert_eq!(registrable("imap.example.co.jp"), "example.co.jp");
        assert_eq!(registrable("imap.mail.example.com"), "example.com");
        assert_eq!(registrable("imap.example.jp"), "example.jp");
    }

    #[test]
    fn every_staged_outcome_has_a_stage() {
        let knowledge = Knowledge::load(&crate::knowledge::embedded()).unwrap();
        for variable in ["imap", "smtp", "apple_push"] {
            for outcome in knowledge.variables[variable].outcomes.keys() {
                assert_ne!(stage(outcome), "unknown", "{variable}={outcome}");
            }
        }
    }
}
