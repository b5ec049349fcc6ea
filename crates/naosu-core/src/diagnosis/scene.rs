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
//! | `certificate=weak` | of this or another endpoint: its key or signature is too weak, and its issuer is no stranger's |
//! | `refused=nearby` | the refusal came sooner than the server could have answered |
//! | `family=missing` | this device has no way out for the address family that the server has |
//! | `server=inside_address` | the server's name leads to a private address while other names have public ones |
//! | `loss` | `signs`: several signs that packets are lost here and there; `names_only`: one resolver that answers and is silent by turns |
//! | `tcp_anywhere=dead` | no connection was taken or refused anywhere, at unrelated hosts |
//! | `open=web_only` | nothing but port 80 is open anywhere |
//! | `hosts_file=stale` | the hosts file sends a name elsewhere than DNS does |
//! | `interceptor` | a known product's issuer, or one issuer over unrelated hosts |
//! | `internet`, `outside`, `resolver`, `ipv6` | the run as a whole |

use std::collections::BTreeSet;

use crate::evidence::{Evidence, SignIn};
use crate::knowledge::{Knowledge, Scope};

use self::certificate::interceptors;
use self::endpoint::{Endpoint, endpoints};
use self::run::{
    addresses_tried, internet, ipv6, notices, outside, partly_dead, provider, provider_auth, resolver,
    stale_hosts,
};
use self::way::{family_missing, loss_signs, nothing_over_tcp, only_the_web};
use super::model::Model;

mod certificate;
mod endpoint;
mod run;
mod way;

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
        let endpoints = endpoints(knowledge, evidence);
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
        for (fact, sources) in
            [("tcp_anywhere=dead", nothing_over_tcp(all)), ("open=web_only", only_the_web(all))]
        {
            if !sources.is_empty() {
                run.add(model, fact, &sources);
            }
        }
        if let Some((signs, sources)) = loss_signs(all) {
            run.add(model, &format!("loss={signs}"), &sources);
        }
        let missing: Vec<usize> = endpoints.iter().flat_map(|one| family_missing(all, one)).collect();
        if !missing.is_empty() {
            run.add(model, "family=missing", &missing);
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
        const DERIVED: [&str; 30] = [
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
            "certificate",
            "refused",
            "family",
            "server",
            "loss",
            "tcp_anywhere",
            "open",
            "other_server",
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
