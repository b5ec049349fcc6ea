//! How names are resolved, and what each resolver says about them.
//!
//! Every question to a resolver is an observation of variable `dns`: `imap.example.jp A`, with several resolvers
//! `imap.example.jp A @192.0.2.53`. Several resolvers are asked side by side; where they stand to each other is
//! `dns_views`. [`message`] is the format, `ask` the sockets, `view` several resolvers, `canary` the honesty test.

mod ask;
mod canary;
pub mod message;
mod system;
#[cfg(test)]
mod tests;
mod view;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_proto::rr::{Name, RData, RecordType};
use naosu_core::evidence::ObservationId;
use tokio::sync::oneshot;

use crate::deadline::Deadline;
use crate::dns::view::{View, ask_all};
use crate::others::Others;
use crate::recorder::Recorder;
use crate::vantage;

/// How names are resolved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Names {
    /// As the system does it, hosts file included.
    System,
    /// Only by these resolvers.
    Servers(Vec<SocketAddr>),
}

/// The addresses of a name.
#[derive(Debug)]
pub struct Looked {
    /// IPv6 first, each as the resolver ordered them, at most sixteen of each family.
    pub addresses: Vec<IpAddr>,
    /// Why there are none.
    pub problem: Option<NameProblem>,
    /// The observations this rests on; empty for an IP literal.
    pub after: Vec<ObservationId>,
    /// Questions whose answers were not waited for.
    pub others: Others,
}

/// Why a name has no address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NameProblem {
    /// No such name.
    NotFound,
    /// The name exists and has no address.
    NoAddress,
    /// The resolver leads the name nowhere (`0.0.0.0`, this device itself), as filters do.
    Sinkhole,
    /// The resolver could not find out, or its answer was broken.
    Servfail,
    /// The resolver refuses to answer, or none runs there.
    Refused,
    /// The resolver does not answer or cannot be reached.
    Silent,
}

impl NameProblem {
    /// What a `dns` outcome other than `answer` means for whoever needs the name.
    fn of(outcome: &str) -> Self {
        match outcome {
            "nxdomain" => Self::NotFound,
            "no_data" => Self::NoAddress,
            "sinkhole" => Self::Sinkhole,
            "refused" | "port_refused" => Self::Refused,
            "silent" | "unreachable" => Self::Silent,
            _ => Self::Servfail,
        }
    }
}

/// The records of a name.
#[derive(Debug)]
pub struct Records {
    /// The records of the kind asked for.
    pub answers: Vec<RData>,
    /// The outcome of variable `dns`.
    pub outcome: &'static str,
    /// The observation.
    pub observation: ObservationId,
    /// Questions to further resolvers whose answers were not waited for.
    pub others: Others,
}

/// How long the other address family is awaited once one that can be used has answered (RFC 8305 section 3).
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// The same when the answer is of a family that this device has no route for, or when only IPv6 has answered:
/// whether IPv6 works is not known yet.
const UNSURE_DELAY: Duration = Duration::from_millis(1500);

/// How many addresses of each family are kept.
const ADDRESS_LIMIT: usize = 16;

impl Names {
    /// Looks A and AAAA up side by side. An IP literal, in brackets or not, passes through without an observation. A
    /// family whose resolver is silent does not hold up the other: its observation follows in [`Looked::others`].
    pub async fn addresses(
        &self,
        host: &str,
        recorder: &Recorder,
        deadline: Deadline,
        after: &[ObservationId],
    ) -> Looked {
        if let Some(address) = literal(host) {
            let (after, others) = (after.to_vec(), Others::none());
            return Looked { addresses: vec![address], problem: None, after, others };
        }
        let name = match domain(host) {
            Ok(name) => name,
            Err(reason) => return impossible_name(host, reason, recorder, after),
        };
        match self {
            Self::System => system::addresses(&name, recorder, deadline, after).await,
            Self::Servers(servers) => {
                let ask = |kind| ask_all(servers, &name, kind, recorder, deadline, after);
                side_by_side(ask(RecordType::A), ask(RecordType::AAAA)).await
            }
        }
    }

    /// Looks records of one kind up; the system's resolvers are asked directly.
    pub async fn records(
        &self,
        name: &str,
        kind: RecordType,
        recorder: &Recorder,
        deadline: Deadline,
        after: &[ObservationId],
    ) -> Records {
        let domain = match domain(name) {
            Ok(domain) => domain,
            Err(reason) => {
                let mut pending = recorder.start("dns", format!("{name} {kind}"), after);
                pending.detail("server", "").detail("reason", reason);
                let (answers, observation) = (Vec::new(), pending.finish("nxdomain"));
                return Records { answers, outcome: "nxdomain", observation, others: Others::none() };
            }
        };
        let mut asked = ask_all(&self.resolvers(), &domain, kind, recorder, deadline, after);
        let others = std::mem::take(&mut asked.others);
        let chosen = asked.chosen().await;
        Records {
            answers: chosen.reply.records,
            outcome: chosen.reply.outcome,
            observation: chosen.observation,
            others,
        }
    }

    /// Asks for names that cannot exist: one `dns_canary` observation per resolver.
    pub async fn canary(&self, recorder: &Recorder, deadline: Deadline, after: &[ObservationId]) {
        canary::ask(&self.resolvers(), recorder, deadline, after).await;
    }

    /// Asks two public resolvers as well and records how their answers stand to the system's (`dns_views`). For
    /// resolvers given by name nobody else is asked. Returns what the public resolvers said.
    pub async fn second_view(
        &self,
        host: &str,
        recorder: &Recorder,
        deadline: Deadline,
        after: &[ObservationId],
    ) -> Vec<IpAddr> {
        let (Self::System, Ok(name), None) = (self, domain(host), literal(host)) else { return Vec::new() };
        view::second(&self.resolvers(), &name, recorder, deadline, after).await
    }

    /// The resolvers that are asked directly.
    pub fn resolvers(&self) -> Vec<SocketAddr> {
        match self {
            Self::Servers(servers) => servers.clone(),
            Self::System => vantage::resolvers(),
        }
    }
}

/// The address that a host text is, if it is one and not a name.
pub fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// The fully qualified name that a user's text stands for, in its ASCII form (IDNA).
fn domain(text: &str) -> Result<Name, &'static str> {
    let text = text.trim().trim_end_matches('.');
    let ascii = idna::domain_to_ascii(text).map_err(|_| "not a domain name")?;
    if ascii.is_empty() {
        return Err("empty");
    }
    let mut name = Name::from_ascii(&ascii).map_err(|_| "not a domain name")?;
    name.set_fqdn(true);
    Ok(name)
}

fn impossible_name(host: &str, reason: &str, recorder: &Recorder, after: &[ObservationId]) -> Looked {
    let mut pending = recorder.start("dns", format!("{host} A"), after);
    pending.detail("server", "").detail("reason", reason);
    let after = vec![pending.finish("nxdomain")];
    let problem = Some(NameProblem::NotFound);
    Looked { addresses: Vec::new(), problem, after, others: Others::none() }
}

/// Waits for both families as long as that is worth it.
async fn side_by_side(four: Asked, six: Asked) -> Looked {
    let mut others = four.others;
    others.join(six.others);
    let (mut four, mut six) = (four.chosen, six.chosen);
    let (first, second) = tokio::select! {
        view = &mut four => {
            let view = received(view);
            let patience = patience(&view, false);
            (view, tokio::time::timeout(patience, six).await.ok().map(received))
        }
        view = &mut six => {
            let view = received(view);
            let patience = patience(&view, true);
            (view, tokio::time::timeout(patience, four).await.ok().map(received))
        }
    };
    let views: Vec<View> = [Some(first), second].into_iter().flatten().collect();
    let addresses = addresses_of(&views);
    let problem = if addresses.is_empty() { worst(&views) } else { None };
    Looked { addresses, problem, after: views.into_iter().map(|view| view.observation).collect(), others }
}

fn received(view: Result<View, oneshot::error::RecvError>) -> View {
    view.expect("the task that asks always answers")
}

/// How long the other family is awaited.
fn patience(view: &View, is_six: bool) -> Duration {
    let addresses = addresses_of(std::slice::from_ref(view));
    match addresses.first() {
        // nothing to begin with: the other family is all there is
        None => ask::LIMIT + RESOLUTION_DELAY,
        Some(_) if is_six => UNSURE_DELAY,
        Some(address) if vantage::source_towards(*address).is_err() => UNSURE_DELAY,
        Some(_) => RESOLUTION_DELAY,
    }
}

/// The addresses, IPv6 first.
fn addresses_of(views: &[View]) -> Vec<IpAddr> {
    let told = || views.iter().filter(|view| view.reply.outcome != "sinkhole");
    let records = || told().flat_map(|view| &view.reply.records);
    let six = records().filter_map(|data| match data {
        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
        _ => None,
    });
    let four = records().filter_map(|data| match data {
        RData::A(a) => Some(IpAddr::V4(a.0)),
        _ => None,
    });
    let all = six.take(ADDRESS_LIMIT).chain(four.take(ADDRESS_LIMIT));
    all.filter(|address| !address.is_unspecified()).collect()
}

/// The most telling of the outcomes when there is no address.
fn worst(views: &[View]) -> Option<NameProblem> {
    let order = [
        NameProblem::Sinkhole,
        NameProblem::NotFound,
        NameProblem::Servfail,
        NameProblem::Refused,
        NameProblem::Silent,
        NameProblem::NoAddress,
    ];
    let seen: Vec<NameProblem> = views.iter().map(|view| NameProblem::of(view.reply.outcome)).collect();
    order.into_iter().find(|problem| seen.contains(problem))
}

/// A question that is being asked of all resolvers.
struct Asked {
    chosen: oneshot::Receiver<View>,
    others: Others,
}

impl Asked {
    async fn chosen(self) -> View {
        received(self.chosen.await)
    }
}
