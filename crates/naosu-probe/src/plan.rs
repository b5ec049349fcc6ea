//! The run: which measurement waits for which, under one deadline.
//!
//! ```text
//! vantage ──────────────► proxies
//! connectivity ─► clock
//! resolvers' honesty
//! published settings ─► servers ─► name ─► TCP ─► TLS ─► dialog ─► other ports, loss   (each server on its own)
//! domain records · provider status · Apple's hosts
//! ```
//!
//! Everything in one column goes on side by side; a run takes its longest chain of round trips, not their sum.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::slice;
use std::time::Duration;

use futures_util::future::join_all;
use naosu_core::evidence::{Evidence, ObservationId, Request, SCHEMA};
use naosu_core::knowledge::{Knowledge, Protocol};
use tokio::sync::{Notify, oneshot};
use url::Url;

use crate::apple::Apple;
use crate::clock::{self, TimeServer};
use crate::connectivity;
use crate::deadline::Deadline;
use crate::discovery::{Discovered, Endpoint, Wanted, discover, domain_of, record_settings};
use crate::dns::{NameProblem, Names};
use crate::domain::{Exchangers, exchangers, policies};
use crate::mail::{self, MailResult, check_mail};
use crate::others::Others;
use crate::path::Loss;
use crate::reach::Reach;
use crate::recorder::Recorder;
use crate::secret::Credential;
use crate::send_test::TestMessage;
use crate::sign_in::{Gate, SignIns};
use crate::status::{self, StatusQuestion};
use crate::tls::Trust;
use crate::vantage;

mod elsewhere;
mod in_turn;

/// What to measure, and with what.
pub struct Order {
    /// What was asked for; becomes part of the evidence.
    pub request: Request,
    /// The servers that were named; they replace what would be discovered.
    pub servers: Vec<Endpoint>,
    /// Servers that the person says are theirs, should they be found.
    pub confirmed: Vec<Endpoint>,
    /// What to sign in with.
    pub credential: Option<Credential>,
    /// How names are resolved.
    pub names: Names,
    /// Which certificates are trusted.
    pub trust: Trust,
    /// How far the run may go. The resolvers in `names` and the proxies of the system are those of whoever runs it, and are
    /// not held to it: nobody else may name them.
    pub reach: Reach,
    /// Whether this machine is the person's own device. Only then is recorded what its system says about itself: disk,
    /// routes, resolvers, proxies, VPNs, hosts file.
    pub own_device: bool,
    /// What is asked before anything is signed in to.
    pub gate: Option<Gate>,
    /// The time servers that replace the built-in ones: name and port.
    pub ntp: Vec<(String, u16)>,
    /// The pages that replace the built-in ones for testing the way out.
    pub connectivity: Vec<Url>,
    /// Status pages that replace the built-in ones, by service.
    pub status: BTreeMap<String, Url>,
    /// Whether to send a test message to oneself.
    pub send_test: bool,
    /// How long the whole run may take.
    pub deadline: Duration,
}

/// What is kept back from the deadline for diagnosis and output.
const RESERVE: Duration = Duration::from_millis(150);

/// How long what goes on in the background is awaited once everything else is done.
const AFTERMATH: Duration = Duration::from_millis(1600);

/// A connection that took this long had its first packet repeated (RFC 6298: one second).
const REPEATED_MS: u64 = 950;

/// The connectivity pages when none is named: Google's empty answer, Apple's "Success".
const CONNECTIVITY: [&str; 2] =
    ["http://connectivitycheck.gstatic.com/generate_204", "http://captive.apple.com/hotspot-detect.html"];

/// Services of Apple's whose hosts are measured.
const APPLE: [&str; 3] = ["apple_id", "icloud", "imessage"];

/// How long settings are still looked for when everything that was named is well.
const AFTERTHOUGHT: Duration = Duration::from_millis(300);

/// How many sending hosts of a domain are held against its SPF record.
const SENDERS: usize = 4;

/// Carries an order out. Whatever the network does, this ends within the order's deadline.
pub async fn measure(order: &Order, knowledge: &Knowledge, recorder: Recorder) -> Evidence {
    let started = jiff::Timestamp::now();
    let deadline = Deadline::after(order.deadline.saturating_sub(RESERVE));
    let loss = Loss::begin();
    let sign_ins = SignIns::guarded(order.gate.clone());
    let run = Run { order, knowledge, recorder: &recorder, deadline, loss, sign_ins };
    deadline.run(Box::pin(run.everything())).await;
    let mut request = order.request.clone();
    request.service = request.service.or_else(|| provider_service(&recorder));
    Evidence {
        schema: SCHEMA.to_owned(),
        started: format!("{started:.0}"),
        elapsed_ms: recorder.elapsed_ms(),
        observations: recorder.observations(),
        request,
    }
}

/// What the parts of a run share.
struct Run<'a> {
    order: &'a Order,
    knowledge: &'a Knowledge,
    recorder: &'a Recorder,
    deadline: Deadline,
    loss: Loss,
    sign_ins: SignIns,
}

impl Run<'_> {
    async fn everything(&self) {
        let (mut others, account, apple, ..) = tokio::join!(
            self.way_out(),
            self.account(),
            self.apple(),
            self.device(),
            self.order.names.canary(self.recorder, self.deadline, &[]),
        );
        others.join(account);
        others.join(apple);
        if self.order.own_device {
            self.hosts_file().await;
        }
        self.clock_by_certificates();
        others.ended(self.deadline.within(AFTERMATH)).await;
        if !self.order.own_device {
            return;
        }
        let targets: Vec<IpAddr> = self
            .recorder
            .observations()
            .iter()
            .filter(|seen| seen.variable == "tcp")
            .filter_map(|seen| seen.text("address")?.parse().ok())
            .collect();
        vantage::record_vpn(&targets, self.recorder, &[]);
    }

    /// Whether something that stands for the outside world was named: then nobody else is asked.
    fn closed(&self) -> bool {
        !matches!(self.order.names, Names::System)
            || !self.order.ntp.is_empty()
            || !self.order.connectivity.is_empty()
    }

    async fn device(&self) {
        if !self.order.own_device {
            return;
        }
        let vantage = vantage::measure(self.recorder).await;
        for proxy in &vantage.proxies {
            let page = self.pages().into_iter().next();
            let (names, recorder) = (&self.order.names, self.recorder);
            vantage::record_proxy_reach(proxy, page.as_ref(), names, recorder, self.deadline, &[]).await;
        }
    }

    /// The pages for testing the way out.
    fn pages(&self) -> Vec<Url> {
        match &self.order.connectivity {
            named if !named.is_empty() => named.clone(),
            _ if self.closed() => Vec::new(),
            _ => CONNECTIVITY.iter().filter_map(|page| Url::parse(page).ok()).collect(),
        }
    }

    /// The connectivity test of both families, and the clock beside it.
    async fn way_out(&self) -> Others {
        let pages = self.pages();
        let servers = match &self.order.ntp {
            named if !named.is_empty() => {
                named.iter().map(|(host, port)| TimeServer { host: host.clone(), port: *port }).collect()
            }
            _ if self.closed() => Vec::new(),
            _ => clock::built_in(),
        };
        let (told, dates) = oneshot::channel();
        let connectivity = async {
            if pages.is_empty() {
                return Others::none();
            }
            let Order { names, trust, reach, .. } = self.order;
            let seen =
                connectivity::measure(&pages, names, trust, reach, self.recorder, self.deadline, &[]).await;
            // nobody listens when time servers have answered
            let _ = told.send(seen.dates);
            seen.others
        };
        let clock = async {
            if servers.is_empty() && pages.is_empty() {
                return Others::none();
            }
            let dates = async { dates.await.unwrap_or_default() };
            let Order { names, reach, .. } = self.order;
            clock::measure(&servers, names, reach, dates, self.recorder, self.deadline, &[]).await.others
        };
        let (mut others, clock) = tokio::join!(connectivity, clock);
        others.join(clock);
        others
    }

    /// Where nothing gave the time, the certificates that were seen.
    fn clock_by_certificates(&self) {
        let seen = self.recorder.observations();
        let clock = seen.iter().find(|seen| seen.variable == "clock");
        if clock.is_none_or(|clock| clock.outcome == "unmeasured") {
            let after: Vec<ObservationId> = clock.map(|clock| clock.id.clone()).into_iter().collect();
            clock::certificates::record(jiff::Timestamp::now(), self.recorder, &after);
        }
    }

    /// The account: its servers as they were named, or as they are published, and its domain.
    async fn account(&self) -> Others {
        let Order { request, names, trust, reach, .. } = self.order;
        let Some(address) = request.address.as_deref() else {
            let (_, others) = self.servers(&self.order.servers, None).await;
            self.status(None).await;
            return others;
        };
        let wanted = Wanted { address, ispdb: !self.closed() };
        let published = discover(wanted, self.knowledge, names, trust, reach, self.recorder, self.deadline);
        let user = request.user.as_deref();
        if self.order.servers.is_empty() {
            let mut found = published.await;
            found.confirm(&self.order.confirmed);
            record_settings(&[], Some(address), user, &found, self.recorder);
            let receiving = if found.best(Protocol::Imap).is_some() { Protocol::Imap } else { Protocol::Pop };
            let servers = [found.in_turn(receiving), found.in_turn(Protocol::Smtp)].concat();
            let ((_, others), ..) = tokio::join!(
                self.servers(&servers, Some(&found)),
                self.status(Some(&found)),
                self.domain(address, &found, &servers)
            );
            return others;
        }
        let ended = Notify::new();
        let beside = async {
            let mut published = std::pin::pin!(published);
            let found = tokio::select! {
                found = &mut published => found,
                () = ended.notified() => self.deadline.within(AFTERTHOUGHT).run(published).await.unwrap_or_default(),
            };
            record_settings(&self.order.servers, Some(address), user, &found, self.recorder);
            tokio::join!(self.status(Some(&found)), self.domain(address, &found, &self.order.servers));
        };
        let servers = async {
            let (well, others) = self.servers(&self.order.servers, None).await;
            if well {
                ended.notify_one();
            }
            others
        };
        tokio::join!(servers, beside).0
    }

    /// Servers side by side; those of one protocol in turn, so that there is one sign-in for each protocol. Says
    /// whether all are well.
    async fn servers(&self, servers: &[Endpoint], found: Option<&Discovered>) -> (bool, Others) {
        if self.order.send_test
            && let Some(tested) = self.servers_with_test(servers, found).await
        {
            return tested;
        }
        if self.order.credential.is_some() {
            for server in servers {
                self.sign_ins.announce(server.protocol);
            }
        }
        let of = |protocol| servers.iter().filter(move |server| server.protocol == protocol);
        let ((imap, mut others), (pop, of_pop), (smtp, of_smtp)) = tokio::join!(
            self.protocol(of(Protocol::Imap).collect(), found),
            self.protocol(of(Protocol::Pop).collect(), found),
            self.protocol(of(Protocol::Smtp).collect(), found),
        );
        others.join(of_pop);
        others.join(of_smtp);
        (imap && pop && smtp, others)
    }

    /// The same with a test message: the first SMTP server takes it, then the first IMAP server looks for it.
    async fn servers_with_test(
        &self,
        servers: &[Endpoint],
        found: Option<&Discovered>,
    ) -> Option<(bool, Others)> {
        let first = |protocol| servers.iter().find(|server| server.protocol == protocol);
        let (smtp, imap) = (first(Protocol::Smtp)?, first(Protocol::Imap)?);
        let (address, credential) =
            (self.order.request.address.as_deref()?, Some(self.order.credential.as_ref()?));
        let test = TestMessage::to(address, self.deadline);
        let sent = self.server(smtp, credential, found, Some(&test)).await;
        let wanted = (sent.outcome == "ok").then_some(&test);
        let seen = self.server(imap, credential, found, wanted).await;
        test.record(&sent, Some(&seen), self.recorder);
        let well = sent.outcome == "ok" && seen.outcome == "ok";
        let mut others = sent.others;
        others.join(seen.others);
        Some((well, others))
    }

    async fn protocol(&self, servers: Vec<&Endpoint>, found: Option<&Discovered>) -> (bool, Others) {
        let protocol = servers.first().map(|server| server.protocol);
        if let (Some(found), Some(protocol)) = (found, protocol) {
            return self.first_that_answers(protocol, servers, found).await;
        }
        let (mut well, mut signed_in) = (true, false);
        let mut others = Others::none();
        for server in servers {
            let credential = if signed_in { None } else { self.order.credential.as_ref() };
            let result = self.server(server, credential, found, None).await;
            well &= matches!(result.outcome, "ok" | "reachable");
            signed_in |= result.sign_in_tried;
            others.join(result.others);
        }
        if let Some(protocol) = protocol {
            self.sign_ins.over(protocol);
        }
        (well, others)
    }

    /// One server and, where it fails, what tells the reasons apart.
    async fn server(
        &self,
        server: &Endpoint,
        credential: Option<&Credential>,
        found: Option<&Discovered>,
        test: Option<&TestMessage>,
    ) -> MailResult {
        let result = self.check(server, credential, found, test, &[]).await;
        self.look_around(server, &result).await;
        result
    }

    async fn check(
        &self,
        server: &Endpoint,
        credential: Option<&Credential>,
        found: Option<&Discovered>,
        test: Option<&TestMessage>,
        after: &[ObservationId],
    ) -> MailResult {
        let request = &self.order.request;
        let address = request.address.as_deref();
        let published = || found?.user_name(server.protocol)?.fill(address?);
        let endpoint = mail::Endpoint {
            protocol: server.protocol,
            host: &server.host,
            port: server.port,
            security: server.security,
            address,
            user: request.user.as_deref().or_else(published).or(address).unwrap_or_default(),
            // what the person names is theirs
            authentic: found.is_none_or(|found| found.vouches_for(server)),
            credential,
            sign_ins: &self.sign_ins,
            test,
            reach: &self.order.reach,
        };
        let Order { names, trust, .. } = self.order;
        check_mail(&endpoint, names, trust, self.recorder, self.deadline, after).await
    }

    /// What tells the reasons apart why a server fails.
    async fn look_around(&self, server: &Endpoint, result: &MailResult) {
        let Order { names, .. } = self.order;
        self.elsewhere(server, result).await;
        if result.outcome.starts_with("name_") {
            names.second_view(&server.host, self.recorder, self.deadline, &[]).await;
        }
        let reached = result.address.and_then(|address| self.order.reach.permit(address));
        if let (true, Some(to)) = (self.worth_a_loss_test(result), reached) {
            let after = slice::from_ref(&result.observation);
            self.loss.measure(&server.host, to, self.recorder, self.deadline, after).await;
        }
    }

    /// The records of the address's domain, against the servers that send for it. A provider's own domain is its own
    /// business, and one that sends for others does so from addresses that we do not know.
    async fn domain(&self, address: &str, found: &Discovered, servers: &[Endpoint]) {
        let Order { names, .. } = self.order;
        let Some(domain) = domain_of(address) else { return };
        if self.knowledge.providers().by_domain(&domain).is_some() {
            return;
        }
        let exchangers = match &found.exchangers {
            Some(exchangers) => exchangers.clone(),
            None => exchangers(&domain, names, self.recorder, self.deadline, &[]).await,
        };
        let quiet = Recorder::default();
        let senders: Vec<&str> = servers
            .iter()
            .filter(|server| server.protocol == Protocol::Smtp)
            .map(|server| server.host.as_str())
            .chain(exchangers.hosts.iter().map(String::as_str))
            .take(SENDERS)
            .collect();
        let looked =
            join_all(senders.into_iter().map(|host| names.addresses(host, &quiet, self.deadline, &[]))).await;
        self.exchangers_have_addresses(&domain, &exchangers).await;
        let addresses: Vec<IpAddr> = match found.provider {
            Some(_) => Vec::new(),
            None => looked.into_iter().flat_map(|looked| looked.addresses).collect(),
        };
        let after = slice::from_ref(&exchangers.observation);
        policies(&domain, &addresses, names, self.recorder, self.deadline, after).await;
    }

    /// Whether the servers that take the domain's mail exist.
    async fn exchangers_have_addresses(&self, domain: &str, exchangers: &Exchangers) {
        if exchangers.hosts.is_empty() {
            return;
        }
        let quiet = Recorder::default();
        let mut pending = self.recorder.start("mx_hosts", domain, slice::from_ref(&exchangers.observation));
        let looked = exchangers.hosts.iter().take(SENDERS).map(async |host| {
            let looked = self.order.names.addresses(host, &quiet, self.deadline, &[]).await;
            (host.as_str(), looked.problem)
        });
        let looked = join_all(looked).await;
        let is_missing = |problem| {
            matches!(problem, Some(NameProblem::NotFound | NameProblem::NoAddress | NameProblem::Sinkhole))
        };
        let missing: Vec<&str> =
            looked.iter().filter(|(_, problem)| is_missing(*problem)).map(|(host, _)| *host).collect();
        pending.detail("targets", missing.join(", "));
        pending.finish(match missing.len() {
            0 if looked.iter().any(|(_, problem)| problem.is_none()) => "found",
            0 => "unknown",
            count if count == exchangers.hosts.len() => "missing",
            _ => "some_missing",
        });
    }

    /// What the provider says of its own health.
    async fn status(&self, found: Option<&Discovered>) {
        let Order { request, names, trust, reach, status, .. } = self.order;
        if status.is_empty() && self.closed() {
            return;
        }
        let provider = found.and_then(|found| found.provider.as_deref());
        let of_provider = provider.and_then(|id| Some(self.knowledge.providers().get(id)?.service.as_str()));
        let service = request.service.as_deref().or(of_provider);
        let asked: Vec<&str> = match service {
            Some(service) if status.is_empty() || status.contains_key(service) => vec![service],
            _ => status.keys().map(String::as_str).collect(),
        };
        let asked = asked.into_iter().map(|service| {
            let question = StatusQuestion { service, provider, named: status, reach };
            status::check(question, self.knowledge, names, trust, self.recorder, self.deadline, &[])
        });
        join_all(asked).await;
    }

    /// Apple's own hosts, where the trouble is with one of its services.
    async fn apple(&self) -> Others {
        let Order { request, names, trust, reach, .. } = self.order;
        let Some(service) = request.service.as_deref().filter(|service| APPLE.contains(service)) else {
            return Others::none();
        };
        let time = !self.closed();
        let (recorder, deadline, knowledge) = (self.recorder, self.deadline, self.knowledge);
        Apple { knowledge, names, trust, reach, time, recorder, deadline, after: &[] }.check(service).await
    }

    /// Whether something was slow or broke off after the connection stood, or a connection needed its packet repeated.
    fn worth_a_loss_test(&self, result: &MailResult) -> bool {
        let broke_off = ["tls_stalled", "tls_closed", "greeting_silent", "conversation_"];
        result.slow
            || self.loss.suspected()
            || broke_off.iter().any(|stage| result.outcome.starts_with(stage))
            || self.recorder.observations().iter().any(|seen| {
                seen.variable == "tcp" && seen.outcome == "open" && seen.elapsed_ms >= REPEATED_MS
            })
    }
}

/// The service of the provider that was recognised.
fn provider_service(recorder: &Recorder) -> Option<String> {
    let seen = recorder.observations();
    seen.iter()
        .filter(|seen| seen.variable == "provider")
        .find_map(|seen| seen.text("service").map(str::to_owned))
}
