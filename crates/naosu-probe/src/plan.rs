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
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use naosu_core::evidence::{Evidence, ObservationId, Request, SCHEMA};
use naosu_core::knowledge::{Knowledge, Protocol, Security};
use tokio::sync::oneshot;
use url::Url;

use crate::clock::{self, TimeServer};
use crate::connectivity;
use crate::deadline::Deadline;
use crate::dns::Names;
use crate::mail::{self, MailResult, check_mail};
use crate::others::Others;
use crate::path::Loss;
use crate::recorder::Recorder;
use crate::secret::Credential;
use crate::tcp::dial_named;
use crate::tls::Trust;
use crate::vantage;

/// What to measure, and with what.
pub struct Order {
    /// What was asked for; becomes part of the evidence.
    pub request: Request,
    /// The servers that were named; they replace what would be discovered.
    pub servers: Vec<Server>,
    /// What to sign in with.
    pub credential: Option<Credential>,
    /// How names are resolved.
    pub names: Names,
    /// Which certificates are trusted.
    pub trust: Trust,
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

/// A mail server and how to talk to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Server {
    /// The protocol it is to speak.
    pub protocol: Protocol,
    /// Its name or address.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
}

/// What is kept back from the deadline for diagnosis and output.
const RESERVE: Duration = Duration::from_millis(150);

/// How long what goes on in the background is awaited once everything else is done.
const AFTERMATH: Duration = Duration::from_millis(1600);

/// How long other ports of a server are tried.
const OTHER_PORT: Duration = Duration::from_millis(2500);

/// A connection that took this long had its first packet repeated (RFC 6298: one second).
const REPEATED_MS: u64 = 950;

/// The ports that are tried on a server that cannot be reached: those of mail, and those of the web.
const OTHER_PORTS: [u16; 9] = [993, 143, 995, 110, 465, 587, 25, 443, 80];

/// The connectivity pages when none is named: Google's empty answer, Apple's "Success".
const CONNECTIVITY: [&str; 2] =
    ["http://connectivitycheck.gstatic.com/generate_204", "http://captive.apple.com/hotspot-detect.html"];

/// Providers whose servers stand in for "the same port elsewhere".
const CONTROLS: [&str; 2] = ["gmail", "icloud"];

/// Carries an order out. Whatever the network does, this ends within the order's deadline.
pub async fn measure(order: Order, knowledge: &Knowledge, recorder: Recorder) -> Evidence {
    let started = jiff::Timestamp::now();
    let deadline = Deadline::after(order.deadline.saturating_sub(RESERVE));
    let loss = Loss::begin();
    let run = Run { order: &order, knowledge, recorder: &recorder, deadline, loss };
    deadline.run(run.everything()).await;
    Evidence {
        schema: SCHEMA.to_owned(),
        started: format!("{started:.0}"),
        elapsed_ms: recorder.elapsed_ms(),
        observations: recorder.observations(),
        request: order.request,
    }
}

/// What the parts of a run share.
struct Run<'a> {
    order: &'a Order,
    knowledge: &'a Knowledge,
    recorder: &'a Recorder,
    deadline: Deadline,
    loss: Loss,
}

impl Run<'_> {
    async fn everything(&self) {
        let (mut others, account, ..) = tokio::join!(
            self.way_out(),
            self.account(),
            self.device(),
            self.order.names.canary(self.recorder, self.deadline, &[]),
        );
        others.join(account);
        others.ended(self.deadline.within(AFTERMATH)).await;
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
        let vantage = vantage::measure(self.recorder).await;
        for proxy in &vantage.proxies {
            vantage::record_proxy_reach(proxy, &self.order.names, self.recorder, self.deadline, &[]).await;
        }
        if matches!(self.order.names, Names::System) {
            let hosts: Vec<&str> = self.order.servers.iter().map(|server| server.host.as_str()).collect();
            vantage::record_hosts(&hosts, self.recorder, &[]);
        }
    }

    /// The connectivity test of both families, and the clock beside it.
    async fn way_out(&self) -> Others {
        let built_in = || CONNECTIVITY.iter().filter_map(|page| Url::parse(page).ok()).collect::<Vec<_>>();
        let pages = match &self.order.connectivity {
            named if !named.is_empty() => named.clone(),
            _ if self.closed() => Vec::new(),
            _ => built_in(),
        };
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
            let Order { names, trust, .. } = self.order;
            let seen = connectivity::measure(&pages, names, trust, self.recorder, self.deadline, &[]).await;
            // nobody listens when time servers have answered
            let _ = told.send(seen.dates);
            seen.others
        };
        let clock = async {
            if servers.is_empty() && pages.is_empty() {
                return Others::none();
            }
            let dates = async { dates.await.unwrap_or_default() };
            clock::measure(&servers, &self.order.names, dates, self.recorder, self.deadline, &[]).await.others
        };
        let (mut others, clock) = tokio::join!(connectivity, clock);
        others.join(clock);
        others
    }

    /// The account's servers, side by side; those of one protocol in turn, so that there is one sign-in for each.
    async fn account(&self) -> Others {
        let of = |protocol| self.order.servers.iter().filter(move |server| server.protocol == protocol);
        let (mut imap, pop, smtp) = tokio::join!(
            self.protocol(of(Protocol::Imap).collect()),
            self.protocol(of(Protocol::Pop).collect()),
            self.protocol(of(Protocol::Smtp).collect()),
        );
        imap.join(pop);
        imap.join(smtp);
        imap
    }

    async fn protocol(&self, servers: Vec<&Server>) -> Others {
        let mut others = Others::none();
        let mut signed_in = false;
        for server in servers {
            let credential = if signed_in { None } else { self.order.credential.as_ref() };
            let (result, more) = self.server(server, credential).await;
            signed_in |= result;
            others.join(more);
        }
        others
    }

    /// One server and, where it fails, what tells the reasons apart. Says whether a sign-in was tried.
    async fn server(&self, server: &Server, credential: Option<&Credential>) -> (bool, Others) {
        let request = &self.order.request;
        let address = request.address.as_deref();
        let endpoint = mail::Endpoint {
            protocol: server.protocol,
            host: &server.host,
            port: server.port,
            security: server.security,
            address,
            user: request.user.as_deref().or(address).unwrap_or_default(),
            credential,
        };
        let Order { names, trust, .. } = self.order;
        let result = check_mail(&endpoint, names, trust, self.recorder, self.deadline, &[]).await;
        if result.outcome.starts_with("tcp_") {
            tokio::join!(self.other_ports(server, &result), self.same_port_elsewhere(server, &result));
        }
        if let (true, Some(address)) = (self.worth_a_loss_test(&result), result.address) {
            let after = std::slice::from_ref(&result.observation);
            self.loss.measure(&server.host, address, self.recorder, self.deadline, after).await;
        }
        (result.sign_in_tried, result.others)
    }

    /// Other ports of a server that cannot be reached: is the server gone, or this port?
    async fn other_ports(&self, server: &Server, result: &MailResult) {
        let first = result.addresses.iter().find(|address| address.is_ipv4()).or(result.addresses.first());
        let Some(address) = first.copied() else { return };
        let after = std::slice::from_ref(&result.observation);
        let deadline = self.deadline.within(OTHER_PORT);
        let attempts = OTHER_PORTS.into_iter().filter(|port| *port != server.port).map(|port| {
            let address = SocketAddr::new(address, port);
            dial_named(&server.host, address, "neighbour", None, self.recorder, deadline, after)
        });
        join_all(attempts).await;
    }

    /// The same port of providers that have nothing to do with this one: is it blocked for everybody?
    async fn same_port_elsewhere(&self, server: &Server, result: &MailResult) {
        if self.closed() {
            return;
        }
        let after = std::slice::from_ref(&result.observation);
        let deadline = self.deadline.within(OTHER_PORT);
        let attempts = CONTROLS.into_iter().filter_map(|id| {
            let provider = self.knowledge.providers().get(id)?;
            let other = provider
                .server
                .iter()
                .find(|other| other.port == server.port && other.host != server.host)?;
            Some(self.control(&other.host, server.port, deadline, after))
        });
        join_all(attempts).await;
    }

    async fn control(&self, host: &str, port: u16, deadline: Deadline, after: &[ObservationId]) {
        let quiet = Recorder::default();
        let looked = self.order.names.addresses(host, &quiet, deadline, &[]).await;
        if let Some(address) = looked.addresses.iter().find(|address| address.is_ipv4()) {
            let address = SocketAddr::new(*address, port);
            dial_named(host, address, "control", None, self.recorder, deadline, after).await;
        }
    }

    /// Whether something was slow or broke off after the connection stood, or a connection needed its packet repeated.
    fn worth_a_loss_test(&self, result: &MailResult) -> bool {
        let broke_off = ["tls_stalled", "tls_closed", "greeting_silent", "conversation_"];
        result.slow
            || broke_off.iter().any(|stage| result.outcome.starts_with(stage))
            || self.recorder.observations().iter().any(|seen| {
                seen.variable == "tcp" && seen.outcome == "open" && seen.elapsed_ms >= REPEATED_MS
            })
    }
}
