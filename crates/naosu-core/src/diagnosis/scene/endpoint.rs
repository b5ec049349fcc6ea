//! One server of the run: its staged observation, held against everything beside it.

use crate::evidence::{Evidence, Observation};
use crate::knowledge::{Knowledge, Protocol, Said, State};

use super::super::model::Model;
use super::super::state;
use super::Place;
use super::certificate::{is_weak, seconds};
use super::way::{inside_address, refused_nearby};

/// A certificate that ran out longer ago than this, in seconds, has hardly been served ever since.
const LONG_EXPIRED: i64 = 60 * 86_400;

/// One endpoint of the run: its staged observation.
pub(super) struct Endpoint<'a> {
    pub(super) index: usize,
    pub(super) observation: &'a Observation,
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) stage: &'static str,
    pub(super) apple: bool,
    /// A fall-back whose failure alone is not a failure of the service.
    pub(super) spare: bool,
    /// Could not be reached, and another server of the same protocol, tried after it, could.
    pub(super) replaced: bool,
}

/// The servers of which something is known: what the knowledge calls unmeasured says nothing of a server's state.
pub(super) fn endpoints<'a>(knowledge: &Knowledge, evidence: &'a Evidence) -> Vec<Endpoint<'a>> {
    let mut list = Vec::new();
    for (index, observation) in evidence.observations.iter().enumerate() {
        let variable = observation.variable.as_str();
        let apple = variable.starts_with("apple_") && variable != "apple_time";
        if !apple && !matches!(variable, "imap" | "pop" | "smtp") {
            continue;
        }
        let (host, port) = split(&observation.subject);
        if state(knowledge, variable, &observation.outcome) == Some(State::Unmeasured) {
            continue;
        }
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
pub(super) fn split(subject: &str) -> (&str, u16) {
    match subject.rsplit_once(':') {
        Some((host, port)) => (host.trim_matches(['[', ']']), port.parse().unwrap_or(0)),
        None => (subject, 0),
    }
}

/// The port that an observation is about: its detail, else the end of its subject.
pub(super) fn port(observation: &Observation) -> u16 {
    match observation.detail.get("port").and_then(serde_json::Value::as_u64) {
        Some(port) => u16::try_from(port).unwrap_or(0),
        None => split(&observation.subject).1,
    }
}

/// The stage that a staged outcome belongs to.
pub(super) fn stage(outcome: &str) -> &'static str {
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
    pub(super) fn alive(&self) -> bool {
        !matches!(self.stage, "name" | "tcp")
    }

    pub(super) fn facts(
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
        if matches!(self.port, 80 | 443) {
            place.add(model, "port=web", &own);
        }
        let all = &evidence.observations;
        for (fact, sources) in [
            ("refused=nearby", refused_nearby(all, self)),
            ("server=inside_address", inside_address(all, self)),
        ] {
            if !sources.is_empty() {
                place.add(model, fact, &sources);
            }
        }
        for weak in endpoints.iter().filter(|one| same_host(self.observation, one.observation)) {
            if is_weak(weak.observation) {
                place.add(model, "certificate=weak", &[weak.index]);
            }
        }
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
                "alternative" if other.after.contains(&observation.id) => {
                    place.add(model, &format!("other_server={}", other.outcome), &[index]);
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_staged_outcome_has_a_stage() {
        let knowledge = Knowledge::load(&crate::knowledge::embedded()).unwrap();
        for variable in ["imap", "smtp", "apple_push"] {
            let outcomes = &knowledge.variables[variable].outcomes;
            for (outcome, _) in outcomes.iter().filter(|(_, known)| known.state != State::Unmeasured) {
                assert_ne!(stage(outcome), "unknown", "{variable}={outcome}");
            }
        }
    }
}
