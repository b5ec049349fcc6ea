//! Where a server fails: its other ports, the same port of others, the usual names of the same domain, the address that
//! DNS gives where the hosts file gives another. Only connections are made there, nothing is said.

use std::net::{IpAddr, SocketAddr};
use std::slice;
use std::time::Duration;

use futures_util::future::join_all;
use hickory_proto::rr::{RData, RecordType};
use naosu_core::evidence::{Observation, ObservationId};
use naosu_core::knowledge::Protocol;

use super::Run;
use crate::deadline::Deadline;
use crate::discovery::{Endpoint, domain_of};
use crate::dns::{Names, literal};
use crate::mail::MailResult;
use crate::recorder::Recorder;
use crate::tcp::{dial, dial_named};
use crate::vantage;

/// How long another port or server is tried.
const OTHER_PORT: Duration = Duration::from_millis(2500);

/// The ports that are tried on a server that fails: those of mail, and those of the web.
const OTHER_PORTS: [u16; 9] = [993, 143, 995, 110, 465, 587, 25, 443, 80];

/// Providers whose servers stand in for "the same port elsewhere".
const CONTROLS: [&str; 2] = ["gmail", "icloud"];

/// Outcomes that a server gives which is none of mail, or not of this kind.
const STRANGE: [&str; 9] = [
    "tls_stalled",
    "tls_closed",
    "tls_garbage",
    "tls_alert",
    "greeting_silent",
    "greeting_garbage",
    "greeting_closed",
    "greeting_other_protocol",
    "conversation_garbage",
];

impl Run<'_> {
    /// What tells the reasons of a failure apart: is it the server, the port, the name, or the way?
    pub(super) async fn elsewhere(&self, server: &Endpoint, result: &MailResult) {
        let outcome = result.outcome;
        if outcome.starts_with("tcp_") {
            tokio::join!(
                self.other_ports(server, result),
                self.same_port_elsewhere(server, result),
                self.usual_names(server, result)
            );
        } else if STRANGE.contains(&outcome) {
            tokio::join!(self.other_ports(server, result), self.usual_names(server, result));
        } else if matches!(outcome, "name_not_found" | "name_no_address") {
            self.usual_names(server, result).await;
        }
    }

    /// Other ports of a server that fails: is the server gone, or is it this port?
    async fn other_ports(&self, server: &Endpoint, result: &MailResult) {
        let first = result.addresses.iter().find(|address| address.is_ipv4()).or(result.addresses.first());
        // where this device has no way to, no port tells more than the first
        let Some(address) = first.copied().filter(|address| vantage::source_towards(*address).is_ok()) else {
            return;
        };
        let after = slice::from_ref(&result.observation);
        let deadline = self.deadline.within(OTHER_PORT);
        let attempts = OTHER_PORTS.into_iter().filter(|port| *port != server.port).filter_map(|port| {
            let to = self.order.reach.permit(SocketAddr::new(address, port))?;
            Some(dial_named(&server.host, to, "neighbour", None, self.recorder, deadline, after))
        });
        join_all(attempts).await;
    }

    /// The same port of providers that have nothing to do with this one: is it blocked for everybody?
    async fn same_port_elsewhere(&self, server: &Endpoint, result: &MailResult) {
        if self.closed() {
            return;
        }
        let after = slice::from_ref(&result.observation);
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
        let address = looked.addresses.iter().find(|address| address.is_ipv4());
        if let Some(to) = address.and_then(|address| self.order.reach.permit((*address, port).into())) {
            dial_named(host, to, "control", None, self.recorder, deadline, after).await;
        }
    }

    /// The usual names of the address's domain, where they lead to another machine: is the named server the wrong one?
    async fn usual_names(&self, server: &Endpoint, result: &MailResult) {
        let Some(domain) = self.order.request.address.as_deref().and_then(domain_of) else { return };
        let (prefix, port) = match server.protocol {
            Protocol::Imap => ("imap", 993),
            Protocol::Pop => ("pop", 995),
            Protocol::Smtp => ("smtp", 587),
        };
        let after = slice::from_ref(&result.observation);
        let names = [prefix, "mail"].map(|prefix| format!("{prefix}.{domain}"));
        let is_given = |name: &str| name.eq_ignore_ascii_case(server.host.trim_end_matches('.'));
        let attempts = names.iter().filter(|name| !is_given(name)).map(async |name| {
            let (quiet, deadline) = (Recorder::default(), self.deadline.within(OTHER_PORT));
            let looked = self.order.names.addresses(name, &quiet, deadline, &[]).await;
            if looked.addresses.iter().any(|address| result.addresses.contains(address)) {
                return;
            }
            let first = looked.addresses.iter().find(|address| address.is_ipv4());
            if let Some(address) = first.or(looked.addresses.first()) {
                self.alternative(name, SocketAddr::new(*address, port), after).await;
            }
        });
        join_all(attempts).await;
    }

    async fn alternative(&self, name: &str, address: SocketAddr, after: &[ObservationId]) {
        let Some(to) = self.order.reach.permit(address) else { return };
        let mut pending = self.recorder.start("alternative", format!("{name}:{}", address.port()), after);
        pending
            .detail("host", name)
            .detail("port", address.port())
            .detail("address", address.ip().to_string());
        let quiet = Recorder::default();
        let deadline = self.deadline.within(OTHER_PORT);
        let dialled = dial(to, "control", None, &quiet, deadline, &[]).await;
        pending.finish(match dialled.outcome {
            "no_route" => "unreachable",
            outcome => outcome,
        });
    }

    /// Names that the hosts file overrides, what DNS says of them, and whether that is where the server is.
    pub(super) async fn hosts_file(&self) {
        if !matches!(self.order.names, Names::System) {
            return;
        }
        let is_server = |seen: &&Observation| {
            matches!(seen.variable.as_str(), "imap" | "pop" | "smtp") || seen.variable.starts_with("apple_")
        };
        let seen = self.recorder.observations();
        let servers: Vec<(&str, u16, &Observation)> = seen
            .iter()
            .filter(is_server)
            .filter_map(|seen| {
                let (host, port) = seen.subject.rsplit_once(':')?;
                Some((host, port.parse().ok()?, seen))
            })
            .collect();
        let hosts: Vec<&str> = servers.iter().map(|(host, ..)| *host).collect();
        vantage::record_hosts(&hosts, self.recorder, &[]);
        let overridden = self.recorder.observations().split_off(seen.len());
        let overridden = overridden.iter().filter(|seen| seen.outcome == "overrides");
        let asked = overridden.map(async |hosts| {
            let after = slice::from_ref(&hosts.id);
            let names = &self.order.names;
            let told =
                names.records(&hosts.subject, RecordType::A, self.recorder, self.deadline, after).await;
            let Some(RData::A(address)) = told.answers.first() else { return };
            let given = hosts.text("addresses").unwrap_or_default();
            if given.split(", ").any(|one| literal(one) == Some(IpAddr::V4(address.0))) {
                return;
            }
            let failing = servers.iter().filter(|(host, _, seen)| {
                host.eq_ignore_ascii_case(&hosts.subject)
                    && !matches!(seen.outcome.as_str(), "ok" | "reachable")
            });
            let dialled = failing.map(|(_, port, seen)| {
                let address = SocketAddr::new(IpAddr::V4(address.0), *port);
                self.true_address(address, slice::from_ref(&seen.id))
            });
            join_all(dialled).await;
        });
        join_all(asked).await;
    }

    async fn true_address(&self, address: SocketAddr, after: &[ObservationId]) {
        self.alternative(&address.ip().to_string(), address, after).await;
    }
}
