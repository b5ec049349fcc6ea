//! From an address to servers: what the domain publishes, what we know of its provider, and what is usual.
//!
//! All sources are asked side by side. A provider we know need not be asked for. Of the others the most trustworthy
//! that answers wins; the less trustworthy are kept behind it, and where they say otherwise that is told. What somebody on
//! the way could have made up is used to measure with, but no password follows it.

pub mod autoconfig;
mod guess;
mod published;
pub(crate) mod race;
mod srv;

#[cfg(test)]
mod tests;

use std::time::Duration;

use naosu_core::evidence::ObservationId;
use naosu_core::knowledge::{Knowledge, Protocol, Provider, Security, UserName};

pub use self::published::{Comparison, Endpoint, compare, record_settings};
use crate::deadline::Deadline;
use crate::dns::Names;
use crate::domain::{self, Exchangers};
use crate::reach::Reach;
use crate::recorder::Recorder;
use crate::tls::Trust;

/// The longest that the search for published settings takes.
const SEARCH_LIMIT: Duration = Duration::from_millis(2200);

/// The longest that the guesses behind it take.
const GUESS_LIMIT: Duration = Duration::from_millis(900);

/// How long something more trustworthy is awaited once there are settings.
const BETTER_LIMIT: Duration = Duration::from_millis(700);

/// How many servers of one protocol are tried in turn.
const TURN_LIMIT: usize = 3;

/// How long the rest is awaited once there can be nothing better, so that what disagrees is seen where it is near.
const AFTERTHOUGHT: Duration = Duration::from_millis(30);

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The mail address.
    pub address: &'a str,
    /// Whether Thunderbird's data base may be asked; it is an outside service.
    pub ispdb: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Discovered {
    /// The provider, an id of `knowledge/providers/`.
    pub provider: Option<String>,
    /// Servers, the best of each protocol first: authentic ones before all others.
    pub candidates: Vec<Candidate>,
    /// Sources that disagree with the best.
    pub conflicts: Vec<Conflict>,
    /// The mail exchangers, where they were asked for.
    pub exchangers: Option<Exchangers>,
    /// What is odd about the domain of the address itself.
    pub domain: Domain,
    /// The observations this rests on.
    pub after: Vec<ObservationId>,
}

/// What is odd about the domain of an address.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Domain {
    /// Its name, as DNS writes it; empty where the address has none.
    pub name: String,
    /// Whether nobody could be asked about it in the time: then nothing is known, not even that nothing is published.
    pub unanswered: bool,
    /// Whether DNS says that it does not exist.
    pub missing: bool,
    /// The provider's domain that was most probably meant, where nothing is published for this one.
    pub resembles: Option<String>,
}

/// A server that may be the account's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Candidate {
    /// What it speaks.
    pub protocol: Protocol,
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is encrypted.
    pub security: Security,
    /// What it wants as the user name, where that is known.
    pub user_name: Option<UserName>,
    /// Who says so.
    pub source: Source,
    /// Whether nobody on the way can have led us astray, so that a password may be sent there: the host is known, was
    /// fetched over verified TLS, or is of the domain itself. Plain HTTP and DNS can be forged (RFC 6186 section 6).
    pub authentic: bool,
}

/// Who says that a server is the account's, the most trustworthy first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Source {
    /// We know the provider by the address.
    Provider,
    /// The domain publishes it in an XML file.
    Autoconfig,
    /// The domain publishes it in DNS (RFC 6186, RFC 8314).
    Srv,
    /// We know the provider by the mail exchangers.
    Hosted,
    /// Thunderbird's data base.
    Ispdb,
    /// Nobody: it is a usual name that exists.
    Guess,
}

/// Two sources that name different servers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Conflict {
    /// For which protocol.
    pub protocol: Protocol,
    /// The better source and its server.
    pub better: Candidate,
    /// The other.
    pub other: Candidate,
}

impl Source {
    /// The id for details of observations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Autoconfig => "autoconfig",
            Self::Srv => "srv",
            Self::Hosted => "hosted",
            Self::Ispdb => "ispdb",
            Self::Guess => "guess",
        }
    }
}

impl Candidate {
    /// The server itself.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            protocol: self.protocol,
            host: self.host.clone(),
            port: self.port,
            security: self.security,
        }
    }

    /// As it is written on the command line: `host:port/security`.
    pub fn written(&self) -> String {
        format!("{}/{}", crate::tls::subject(&self.host, self.port), self.security.as_str())
    }
}

impl Discovered {
    /// The best server for a protocol.
    pub fn best(&self, protocol: Protocol) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.protocol == protocol)
    }

    /// The form of the user name that is wanted for a protocol, or for the account as a whole.
    pub fn user_name(&self, protocol: Protocol) -> Option<UserName> {
        let of_protocol = self.candidates.iter().filter(|c| c.protocol == protocol).find_map(|c| c.user_name);
        of_protocol.or_else(|| self.candidates.iter().find_map(|c| c.user_name))
    }

    /// Whether a password may be sent to a server that was found.
    pub fn vouches_for(&self, server: &Endpoint) -> bool {
        self.candidates.iter().any(|candidate| candidate.authentic && candidate.endpoint() == *server)
    }

    /// Takes the person's word for these servers.
    pub fn confirm(&mut self, servers: &[Endpoint]) {
        for candidate in &mut self.candidates {
            candidate.authentic |= servers.contains(&candidate.endpoint());
        }
    }

    /// The servers of a protocol to be tried in turn, as mail programs do (RFC 2782): each host once, none that is only
    /// guessed behind another.
    pub fn in_turn(&self, protocol: Protocol) -> Vec<Endpoint> {
        let mut turn: Vec<Endpoint> = Vec::new();
        for candidate in self.candidates.iter().filter(|candidate| candidate.protocol == protocol) {
            let new = turn.iter().all(|earlier| earlier.host != candidate.host);
            if turn.is_empty() || (new && candidate.source != Source::Guess) {
                turn.push(candidate.endpoint());
            }
        }
        turn.truncate(TURN_LIMIT);
        turn
    }

    fn conclude(mut self, knowledge: &Knowledge) -> Self {
        let own = self.provider.as_deref().and_then(|id| knowledge.providers().get(id));
        for candidate in &mut self.candidates {
            candidate.authentic |= is_trusted(&candidate.host, &self.domain.name, own, knowledge);
        }
        self.candidates.sort_by_key(|candidate| (candidate.protocol, !candidate.authentic, candidate.source));
        self.conflicts = conflicts(&self.candidates);
        let mut seen = Vec::new();
        self.candidates.retain(|c| {
            let key = (c.protocol, c.host.clone(), c.port, c.security);
            let new = !seen.contains(&key);
            seen.push(key);
            new
        });
        self
    }
}

/// Finds the servers of an address. Records `provider`, `mx`, `autoconfig` and `srv`; takes about three seconds at the
/// most, and no time at all for a provider we know. Of an address without a domain nothing is found.
pub async fn discover(
    wanted: Wanted<'_>,
    knowledge: &Knowledge,
    names: &Names,
    trust: &Trust,
    reach: &Reach,
    recorder: &Recorder,
    deadline: Deadline,
) -> Discovered {
    let Some(domain) = domain_of(wanted.address) else { return Discovered::default() };
    let pending = recorder.start("provider", &domain, &[]);
    if let Some((id, provider)) = knowledge.providers().by_domain(&domain) {
        let after = vec![known(pending, "known", id, provider)];
        let candidates = of_provider(provider, &domain, None, Source::Provider);
        let provider = Some(id.to_owned());
        let domain = Domain { name: domain, ..Domain::default() };
        return Discovered { provider, candidates, domain, after, ..Discovered::default() }
            .conclude(knowledge);
    }
    let search = Search { wanted, domain: &domain, knowledge, names, trust, reach, recorder };
    search.run(pending, deadline).await.conclude(knowledge)
}

/// The domain of an address as DNS writes it, in lower case; `None` where there is none that can exist.
pub fn domain_of(address: &str) -> Option<String> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    let domain = idna::domain_to_ascii(domain.trim_end_matches('.')).ok()?;
    (!local.is_empty() && is_host(&domain) && domain.len() <= 253).then_some(domain)
}

struct Search<'a> {
    wanted: Wanted<'a>,
    domain: &'a str,
    knowledge: &'a Knowledge,
    names: &'a Names,
    trust: &'a Trust,
    reach: &'a Reach,
    recorder: &'a Recorder,
}

impl Search<'_> {
    async fn run(&self, pending: crate::recorder::Pending, deadline: Deadline) -> Discovered {
        // What the search asks on its way is not recorded by itself: only what came of each source is.
        let quiet = Recorder::default();
        let limit = deadline.within(SEARCH_LIMIT);
        let name = self.domain.to_owned();
        let domain = Domain { name, ..Domain::default() };
        let mut found = Discovered { domain, ..Discovered::default() };
        let mut pending = Some(pending);
        let Self { wanted, domain, names, trust, reach, recorder, .. } = *self;
        let published = autoconfig::ask(wanted.address, domain, names, trust, reach, recorder, limit);
        let records = srv::ask(domain, names, recorder, limit);
        let exchangers = domain::exchangers(domain, names, recorder, limit, &[]);
        let ispdb = async {
            if wanted.ispdb {
                autoconfig::ask_ispdb(domain, names, trust, reach, recorder, limit).await
            } else {
                autoconfig::Published::default()
            }
        };
        let usual = guess::names(domain, names, &quiet, limit);
        tokio::pin!(published, records, exchangers, ispdb, usual);
        let mut hosts = None;
        // Which sources are still out, by their trustworthiness.
        let mut out = vec![Source::Autoconfig, Source::Srv, Source::Hosted, Source::Ispdb, Source::Guess];
        let mut until = limit;
        while !out.is_empty() {
            let waiting = |source| out.contains(&source);
            let answered = tokio::select! {
                biased;
                _ = until.run(std::future::pending::<()>()) => break,
                came = &mut published, if waiting(Source::Autoconfig) => {
                    found.take(came);
                    Source::Autoconfig
                }
                came = &mut records, if waiting(Source::Srv) => {
                    found.take(came);
                    Source::Srv
                }
                came = &mut exchangers, if waiting(Source::Hosted) => {
                    self.recognise(came, &mut pending, &mut found);
                    Source::Hosted
                }
                came = &mut ispdb, if waiting(Source::Ispdb) => {
                    found.take(came);
                    Source::Ispdb
                }
                came = &mut usual, if waiting(Source::Guess) => {
                    hosts = Some(came);
                    Source::Guess
                }
            };
            out.retain(|source| *source != answered);
            // what cannot be trusted is no reason to stop looking
            if let Some(best) = self.trusted(&found).map(|c| c.source).min() {
                let better = out.iter().any(|source| *source < best);
                until = until.within(if better { BETTER_LIMIT } else { AFTERTHOUGHT });
            }
        }
        if let Some(pending) = pending.take() {
            found.after.push(pending.finish("unknown"));
        }
        let incoming = |c: &Candidate| c.protocol != Protocol::Smtp;
        let (mut receives, mut sends) =
            (found.candidates.iter().any(incoming), found.candidates.iter().any(|c| !incoming(c)));
        if !receives || !sends {
            let hosts = hosts.unwrap_or_default();
            let exchangers = found.exchangers.as_ref().map_or(&[][..], |found| &found.hosts);
            let limit = deadline.within(GUESS_LIMIT);
            let guesses = guess::confirm(domain, hosts, exchangers, names, reach, &quiet, limit).await;
            let wanted = |guess: &Candidate| if incoming(guess) { !receives } else { !sends };
            let guesses: Vec<Candidate> = guesses.into_iter().filter(wanted).collect();
            (receives, sends) =
                (receives || guesses.iter().any(incoming), sends || guesses.iter().any(|c| !incoming(c)));
            found.candidates.extend(guesses);
        }
        if !receives && !sends {
            let answered = found.exchangers.as_ref().map_or("failed", |exchangers| exchangers.outcome);
            found.domain.unanswered = answered == "failed";
            found.domain.missing = answered == "nxdomain";
            found.domain.resembles = self.knowledge.providers().resembling(self.domain).map(str::to_owned);
        }
        found
    }

    /// What was found so far that a password may be sent to.
    fn trusted<'a>(&'a self, found: &'a Discovered) -> impl Iterator<Item = &'a Candidate> {
        let own = found.provider.as_deref().and_then(|id| self.knowledge.providers().get(id));
        let trusted =
            move |c: &&Candidate| c.authentic || is_trusted(&c.host, self.domain, own, self.knowledge);
        found.candidates.iter().filter(trusted)
    }

    /// Recognises the provider by the mail exchangers.
    fn recognise(
        &self,
        exchangers: Exchangers,
        pending: &mut Option<crate::recorder::Pending>,
        found: &mut Discovered,
    ) {
        found.after.push(exchangers.observation.clone());
        if let Some((id, provider)) = self.knowledge.providers().by_mx(&exchangers.hosts)
            && let Some(mut pending) = pending.take()
        {
            pending.wait_for(exchangers.observation.clone());
            found.after.push(known(pending, "hosted", id, provider));
            let its_own =
                |host: &&String| self.knowledge.providers().by_mx(&[host]).is_some_and(|(of, _)| of == id);
            let exchanger = exchangers.hosts.iter().find(its_own).map(String::as_str);
            found.candidates.extend(of_provider(provider, self.domain, exchanger, Source::Hosted));
            found.provider = Some(id.to_owned());
        }
        found.exchangers = Some(exchangers);
    }
}

impl Discovered {
    fn take(&mut self, published: autoconfig::Published) {
        self.candidates.extend(published.candidates);
        self.after.extend(published.after);
    }
}

fn known(
    mut pending: crate::recorder::Pending,
    outcome: &str,
    id: &str,
    provider: &Provider,
) -> ObservationId {
    pending
        .detail("id", id)
        .detail("name", provider.en.as_str())
        .detail("service", provider.service.as_str());
    if provider.oauth_only() {
        pending.detail("sign_in", "oauth_only");
    } else if provider.app_password_only() {
        pending.detail("sign_in", "app_password");
    }
    pending.finish(outcome)
}

fn of_provider(provider: &Provider, domain: &str, exchanger: Option<&str>, source: Source) -> Vec<Candidate> {
    // An address at a sub-domain that is a server of its own, as rental servers give them out.
    let exchanger = exchanger.or(provider.subdomains.then_some(domain));
    let candidate = |server: &naosu_core::knowledge::Server| {
        let host = server.host_for(domain, exchanger)?;
        Some(Candidate {
            protocol: server.protocol,
            // a name that came out of DNS has to be one of the provider's
            authentic: host == server.host || is_of(&host, domain) || provider.covers(&host),
            host,
            port: server.port,
            security: server.security,
            user_name: server.username,
            source,
        })
    };
    let encrypted_first = |candidate: &Candidate| candidate.security == Security::Plain;
    let mut candidates: Vec<Candidate> = provider.server.iter().filter_map(candidate).collect();
    candidates.sort_by_key(encrypted_first);
    candidates
}

/// Whether a host may be given the password of an address at that domain, whoever named it: it is of the domain itself,
/// a server of a provider we know, or of the provider that takes the domain's mail. A certificate alone proves nothing:
/// anybody can have one for a name of his own.
fn is_trusted(host: &str, domain: &str, own: Option<&Provider>, knowledge: &Knowledge) -> bool {
    (!domain.is_empty() && is_of(host, domain))
        || knowledge.providers().knows_host(host)
        || own.is_some_and(|provider| provider.covers(host))
}

/// Where a source names none of the servers that the best source names for the same protocol.
fn conflicts(candidates: &[Candidate]) -> Vec<Conflict> {
    let mut conflicts: Vec<Conflict> = Vec::new();
    for other in candidates {
        let Some(better) = candidates.iter().find(|c| c.protocol == other.protocol) else { continue };
        let of =
            |source| candidates.iter().filter(move |c| c.protocol == other.protocol && c.source == source);
        let agrees = of(other.source).any(|a| of(better.source).any(|b| a.host == b.host));
        let told = conflicts.iter().any(|c| c.protocol == other.protocol && c.other.source == other.source);
        let guessed = better.source == Source::Guess || other.source == Source::Guess;
        if other.source != better.source && !guessed && !agrees && !told {
            let (protocol, better, other) = (other.protocol, better.clone(), other.clone());
            conflicts.push(Conflict { protocol, better, other });
        }
    }
    conflicts
}

/// Whether a text can be the name of a host.
fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

/// Whether a host is of the domain itself.
fn is_of(host: &str, domain: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
