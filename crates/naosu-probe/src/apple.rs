//! Whether Apple's services can be reached, by purpose: name, TCP, TLS, and nothing beyond.

use naosu_core::evidence::ObservationId;
use naosu_core::knowledge::{AppleHost, ApplePurpose, Knowledge, apple_purposes};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::clock::{self, TimeServer};
use crate::deadline::Deadline;
use crate::discovery::race;
use crate::dns::{Looked, Names};
use crate::mail::{name_outcome, tcp_outcome, tls_outcome};
use crate::others::Others;
use crate::path::path_mtu;
use crate::reach::{Permitted, Reach};
use crate::recorder::{Detail, Pending, Recorder};
use crate::tcp::{dial, dial_any};
use crate::tls::{Handshake, Secured, Trust, subject};

/// What is measured, and with what.
#[derive(Clone, Copy)]
pub struct Apple<'a> {
    /// What is believed of Apple's hosts.
    pub knowledge: &'a Knowledge,
    /// How names are resolved.
    pub names: &'a Names,
    /// Which certificates are trusted.
    pub trust: &'a Trust,
    /// How far it may go.
    pub reach: &'a Reach,
    /// Whether Apple's time server may be asked: not where other time servers were named.
    pub time: bool,
    /// Where to record.
    pub recorder: &'a Recorder,
    /// When to be over.
    pub deadline: Deadline,
    /// What had to be waited for.
    pub after: &'a [ObservationId],
}

impl Apple<'_> {
    /// Measures all hosts that `apple_id`, `icloud` or `imessage` needs, side by side: one observation of
    /// `apple_<purpose>` for each host and port. A push port that is closed and its fall-back that is open are both
    /// recorded. Returns what goes on in the background.
    pub async fn check(&self, service: &str) -> Others {
        let purposes = apple_purposes(self.knowledge.apple(), service);
        let mut hosts = Vec::new();
        for (_, purpose) in purposes {
            let Some(variable) = purpose.variable.as_deref().and_then(variable) else { continue };
            for host in purpose.host.iter().filter(|host| !host.measure.is_empty()) {
                hosts.push(self.host(variable, purpose, host));
            }
        }
        let mut others = Others::none();
        race::all(hosts).await.into_iter().for_each(|other| others.join(other));
        others
    }

    async fn host(&self, variable: &'static str, purpose: &ApplePurpose, host: &AppleHost) -> Others {
        if variable == "apple_time" {
            self.time(host).await;
            return Others::none();
        }
        // Begun before the name is looked up, so that each says how long it took as a whole.
        let mut pending: Vec<(u16, Pending)> = Vec::new();
        for port in &host.measure_ports {
            pending
                .push((*port, self.recorder.start(variable, subject(&host.measure[0], *port), self.after)));
        }
        let (name, mut looked) = self.look_up(host).await;
        let mut others = std::mem::take(&mut looked.others);
        let reached = pending.into_iter().map(|(port, mut pending)| {
            pending.about(subject(name, port));
            pending.detail("purpose", purpose.en.as_str()).detail("what_for", host.purpose.as_str());
            self.reach(host, name, port, &looked, pending)
        });
        race::all(reached.collect()).await.into_iter().for_each(|other| others.join(other));
        others
    }

    /// The first of the host's names that exists, or else the first.
    async fn look_up<'h>(&self, host: &'h AppleHost) -> (&'h str, Looked) {
        let (first, rest) = host.measure.split_first().expect("only hosts with names are measured");
        let looked = self.names.addresses(first, self.recorder, self.deadline, self.after).await;
        if !looked.addresses.is_empty() {
            return (first, looked);
        }
        for name in rest {
            let other = self.names.addresses(name, self.recorder, self.deadline, self.after).await;
            if !other.addresses.is_empty() {
                return (name, other);
            }
        }
        (first, looked)
    }

    async fn reach(
        &self,
        host: &AppleHost,
        name: &str,
        port: u16,
        looked: &Looked,
        mut pending: Pending,
    ) -> Others {
        looked.after.iter().for_each(|id| pending.wait_for(id.clone()));
        if looked.addresses.is_empty() {
            pending.detail("stage", "name");
            pending.finish(name_outcome(looked.problem));
            return Others::none();
        }
        let (recorder, deadline) = (self.recorder, self.deadline);
        let race =
            dial_any(name, port, &looked.addresses, self.reach, recorder, deadline, &looked.after).await;
        race.after.iter().for_each(|id| pending.wait_for(id.clone()));
        let Some((stream, to)) = race.winner.and_then(|won| Some((won.stream?, won.to))) else {
            pending.detail("stage", "tcp");
            pending.finish(tcp_outcome(race.outcome));
            return race.others;
        };
        pending.detail("address", to.address().ip().to_string()).detail("stage", "tls");
        let secured = self.secure(stream, name, to, &race.after).await;
        pending.wait_for(secured.observation.clone());
        for (detail, value) in &secured.detail {
            pending.detail(detail, value.clone());
        }
        if secured.outcome == "stalled" {
            let step = async |stream: TcpStream| self.secure(stream, name, to, &[]).await.stream.is_some();
            let after = [secured.observation];
            let (_, id) = path_mtu(name, to, step, recorder, deadline, &after).await;
            pending.wait_for(id);
        }
        let outcome = match secured.outcome {
            "ok" => "ok",
            // Apple devices trust Apple's own authority, other systems do not.
            "cert_untrusted_root" | "cert_incomplete" | "cert_self_signed"
                if of_apple(host, &secured.detail) =>
            {
                pending.detail("own_authority", true);
                "ok"
            }
            outcome => tls_outcome(outcome),
        };
        pending.finish(outcome);
        race.others
    }

    async fn secure(
        &self,
        stream: TcpStream,
        name: &str,
        to: Permitted,
        after: &[ObservationId],
    ) -> Secured<TcpStream> {
        // A second connection that is only asked about an older TLS is no measurement of its own.
        let again = async || dial(to, "tcp", None, &Recorder::default(), self.deadline, &[]).await.stream;
        let (trust, recorder, deadline) = (self.trust, self.recorder, self.deadline);
        let handshake = Handshake { host: name, port: to.address().port(), trust, recorder, deadline, after };
        handshake.run(stream, again).await
    }

    /// What the clock's own measurement has already heard from Apple's time server, or else its answer now.
    async fn time(&self, host: &AppleHost) {
        if !self.time {
            return;
        }
        let name = &host.measure[0];
        let mut pending = self.recorder.start("apple_time", name, self.after);
        let heard = |recorder: &Recorder| {
            let all = recorder.observations();
            all.into_iter().find(|o| o.variable == "ntp" && o.subject == *name)
        };
        let mut answer = heard(self.recorder);
        if answer.is_none() {
            let quiet = Recorder::default();
            let servers = [TimeServer { host: name.clone(), port: clock::PORT }];
            let measured = clock::measure(
                &servers,
                self.names,
                self.reach,
                async { Vec::new() },
                &quiet,
                self.deadline,
                &[],
            )
            .await;
            measured.others.ended(self.deadline).await;
            answer = heard(&quiet);
        }
        let Some(answer) = answer else { return };
        for (detail, value) in answer.detail {
            pending.detail(&detail, value);
        }
        pending.finish(&answer.outcome);
    }
}

/// Whether the certificate was issued by Apple's own authority.
fn of_apple(host: &AppleHost, detail: &Detail) -> bool {
    let names = ["issuer", "issuer_organization", "root"];
    names
        .iter()
        .filter_map(|name| detail.get(*name))
        .filter_map(Value::as_str)
        .any(|i| host.issued_by_apple(i))
}

/// The variable of that name.
fn variable(name: &str) -> Option<&'static str> {
    ["apple_activation", "apple_icloud", "apple_identity", "apple_push", "apple_sign_in", "apple_time"]
        .into_iter()
        .find(|variable| *variable == name)
}

#[cfg(test)]
mod tests;
