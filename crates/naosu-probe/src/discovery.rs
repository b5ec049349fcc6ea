//! From an address to servers: what the domain publishes, what we know of its provider, and what is usual.
//!
//! All sources are asked side by side. A provider we know need not be asked for. Of the others the most trustworthy
//! that answers wins; the less trustworthy are kept behind it, and where they say otherwise that is told.

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
use crate::recorder::Recorder;
use crate::tls::Trust;

/// The longest that the search for published settings takes.
const SEARCH_LIMIT: Duration = Duration::from_millis(2200);

/// The longest that the guesses behind it take.
const GUESS_LIMIT: Duration = Duration::from_millis(900);

/// How long something more trustworthy is awaited once there are settings.
const BETTER_LIMIT: Duration = Duration::from_millis(700);

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
    /// Servers, the best of each protocol first.
    pub candidates: Vec<Candidate>,
    /// Sources that disagree with the best.
    pub conflicts: Vec<Conflict>,
    /// The mail exchangers, where they were asked for.
    pub exchangers: Option<Exchangers>,
    /// The observations this rests on.
    pub after: Vec<ObservationId>,
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
    /// Whether nobody on the way can have made it up: known, fetched over verified TLS, or a host of the domain itself.
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

    fn conclude(mut self) -> Self {
        self.candidates.sort_by_key(|candidate| (candidate.protocol, candidate.source));
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
    recorder: &Recorder,
    deadline: Deadline,
) -> Discovered {
    let Some(domain) = domain_of(wanted.address) else { return Discovered::default() };
    let pending = recorder.start("provider", &domain, &[]);
    if let Some((id, provider)) = knowledge.providers().by_domain(&domain) {
        let after = vec![known(pending, "known", id, provider)];
        let candidates = of_provider(provider, &domain, None, Source::Provider);
        let provider = Some(id.to_owned());
        return Discovered { provider, candidates, after, ..Discovered::default() }.conclude();
    }
    let search = Search { wanted, domain: &domain, knowledge, names, trust, recorder };
    search.run(pending, deadline).await.conclude()
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
    recorder: &'a Recorder,
}

impl Search<'_> {
    async fn run(&self, pending: crate::recorder::Pending, deadline: Deadline) -> Discovered {
        // What the search asks on its way is not recorded by itself: only what came of each source is.
        let quiet = Recorder::default();
        let limit = deadline.within(SEARCH_LIMIT);
        let mut found = Discovered::default();
        let mut pending = Some(pending);
        let published =
            autoconfig::ask(self.wanted.address, self.domain, self.names, self.trust, self.recorder, limit);
        let records = srv::ask(self.domain, self.names, self.recorder, limit);
        let exchangers = domain::exchangers(self.domain, self.names, self.recorder, limit, &[]);
        let ispdb = async {
            if self.wanted.ispdb {
                autoconfig::ask_ispdb(self.domain, self.names, self.trust, self.recorder, limit).await
            } else {
                autoconfig::Published::default()
            }
        };
        let usual = guess::names(self.domain, self.names, &quiet, limit);
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
            if let Some(best) = found.candidates.iter().map(|c| c.source).min() {
                let better = out.iter().any(|source| *source < best);
                until = until.within(if better { BETTER_LIMIT } else { AFTERTHOUGHT });
            }
        }
        if let Some(pending) = pending.take() {
            found.after.push(pending.finish("unknown"));
        }
        if found.candidates.is_empty() {
            let hosts = hosts.unwrap_or_default();
            let exchangers = found.exchangers.as_ref().map_or(&[][..], |found| &found.hosts);
            let limit = deadline.within(GUESS_LIMIT);
            let guesses = guess::confirm(self.domain, hosts, exchangers, self.names, &quiet, limit).await;
            found.candidates.extend(guesses);
        }
        found
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
            let first = exchangers.hosts.first().map(String::as_str);
            found.candidates.extend(of_provider(provider, self.domain, first, Source::Hosted));
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
        Some(Candidate {
            protocol: server.protocol,
            host: server.host_for(domain, exchanger)?,
            port: server.port,
            security: server.security,
            user_name: server.username,
            source,
            authentic: true,
        })
    };
    let encrypted_first = |candidate: &Candidate| candidate.security == Security::Plain;
    let mut candidates: Vec<Candidate> = provider.server.iter().filter_map(candidate).collect();
    candidates.sort_by_key(encrypted_first);
    candidates
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
        if other.source > better.source && other.source < Source::Guess && !agrees && !told {
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
