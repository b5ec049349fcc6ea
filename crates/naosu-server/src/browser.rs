//! What a browser tells of its device: its system, its clock, its time zone, what it reaches, the network it is in.
//!
//! It becomes observations beside those of the probes, each with the subject [`SUBJECT`]. What a page sends is a stranger's
//! text: it is read strictly, and nothing of it is kept but what these observations hold.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use naosu_core::evidence::{Evidence, Observation, ObservationId};
use naosu_probe::vantage;
use serde::Deserialize;
use serde_json::Value;

use crate::reach::Caller;

mod agent;

pub(crate) use self::agent::{Agent, Hints};

/// What all these observations are about.
pub(crate) const SUBJECT: &str = "browser";

/// The largest message of a page, in bytes.
pub(crate) const LIMIT: usize = 4 * 1024;

/// What the variables of these observations begin with.
const PREFIX: &str = "browser";

/// Up to here a clock counts as accurate, and as slightly off, in seconds; as the probes hold it.
const ACCURATE: f64 = 30.0;
const SLIGHT: f64 = 300.0;

/// A sample whose round trip took longer tells nothing of use, in milliseconds.
const LONGEST_TRIP: f64 = 30_000.0;

/// How far what a page says of our clock may be from it: it is an answer of a moment ago, in milliseconds.
const OWN_CLOCK: f64 = 600_000.0;

/// What a page sends.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    /// Each: when it asked by its clock, our time in the answer, when the answer was there by its clock; in milliseconds
    /// since 1970 UTC.
    #[serde(default)]
    samples: Vec<[f64; 3]>,
    /// The time zone, a name of the IANA database.
    zone: Option<String>,
    /// Its languages, the preferred one first.
    #[serde(default)]
    languages: Vec<String>,
    /// What it says of its system beside the `User-Agent` (User-Agent Client Hints).
    #[serde(default)]
    hints: Hints,
    /// Whether it reached the page for testing the way out.
    outside: Option<bool>,
    /// Whether it reached the provider's web.
    web: Option<bool>,
}

/// What cannot be what our page sends.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not what the page sends: {0}")]
pub(crate) struct Strange(&'static str);

/// What is known of a device by its browser.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    agent: Option<Agent>,
    told: Option<Told>,
    /// `same`, `elsewhere` or `unknown`, and the family of its address.
    network: Option<(&'static str, &'static str)>,
    refused: bool,
}

/// The hosts that a page tries to reach.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tried {
    /// The host of the page for testing the way out.
    pub(crate) outside: Option<String>,
    /// The host of the provider's web.
    pub(crate) web: Option<String>,
}

impl Told {
    /// Reads what a page sent; `now` is our time in milliseconds since 1970 UTC.
    pub(crate) fn read(text: &[u8], now: f64) -> Result<Self, Strange> {
        if text.len() > LIMIT {
            return Err(Strange("too long"));
        }
        let told: Self = serde_json::from_slice(text).map_err(|_| Strange("another form"))?;
        let sound = |[asked, ours, there]: &[f64; 3]| {
            let trip = there - asked;
            // a clock may say any year of four digits; ours it has from us
            [asked, there].iter().all(|time| (0.0..2.5e14).contains(*time))
                && (0.0..=LONGEST_TRIP).contains(&trip)
                && (ours - now).abs() <= OWN_CLOCK
        };
        if told.samples.len() > 8 || !told.samples.iter().all(sound) {
            return Err(Strange("samples"));
        }
        if !told.zone.iter().all(|zone| is_name(zone, 64, "/_+-")) {
            return Err(Strange("time zone"));
        }
        if told.languages.len() > 8 || !told.languages.iter().all(|tag| is_name(tag, 35, "-")) {
            return Err(Strange("languages"));
        }
        if !told.hints.are_sound() {
            return Err(Strange("hints"));
        }
        Ok(told)
    }

    /// How many seconds the clock must be put forward to be ours, and how uncertain that is: by the shortest round trip, as
    /// NTP takes it (RFC 5905 section 10).
    fn offset(&self) -> Option<(f64, f64)> {
        let trip = |[asked, _, there]: &[f64; 3]| there - asked;
        let best = self.samples.iter().min_by(|one, other| trip(one).total_cmp(&trip(other)))?;
        let [asked, ours, there] = best;
        Some(((ours - f64::midpoint(*asked, *there)) / 1000.0, trip(best) / 2000.0))
    }
}

impl Seen {
    /// What a request shows without asking anything.
    pub(crate) fn of_request(user_agent: Option<&str>, caller: Caller) -> Self {
        let agent = user_agent.and_then(|text| Agent::read(text, &Hints::default()));
        Self { agent, network: Some(network(caller)), ..Self::default() }
    }

    /// With what the page sent.
    pub(crate) fn with(mut self, user_agent: Option<&str>, told: Told) -> Self {
        self.agent = user_agent.and_then(|text| Agent::read(text, &told.hints));
        self.told = Some(told);
        self
    }

    /// The person does not want it to be used: nothing of it is left.
    pub(crate) fn refused() -> Self {
        Self { refused: true, ..Self::default() }
    }

    /// Whether the person does not want it to be used.
    pub(crate) fn is_refused(&self) -> bool {
        self.refused
    }

    /// The device, an id of the taxonomy.
    pub(crate) fn device(&self) -> Option<&'static str> {
        self.agent.as_ref().map(|agent| agent.device)
    }

    /// Puts it beside what was measured.
    pub(crate) fn join(&self, evidence: &mut Evidence, tried: &Tried) {
        evidence.observations.retain(|seen| !is_of_browser(seen));
        let own = evidence.observations.iter().find(|seen| seen.variable == "clock");
        let own = own.and_then(|seen| seen.number("offset_s")).unwrap_or(0.0);
        let mut seen = self.observations(tried, own);
        if !seen.iter().any(|one| one.variable == "browser_clock") {
            // `clock` is then the clock of the machine that measured, and says nothing of the device's
            seen.push(observation("browser_clock", "unmeasured", []));
        }
        for (number, mut one) in seen.into_iter().enumerate() {
            one.id = ObservationId(format!("b{}", number + 1));
            evidence.observations.push(one);
        }
    }

    /// What it shows; `own` is how many seconds our own clock must be put forward.
    pub(crate) fn observations(&self, tried: &Tried, own: f64) -> Vec<Observation> {
        if self.refused {
            return vec![observation("browser", "refused", [])];
        }
        let mut seen = Vec::new();
        if let Some(agent) = &self.agent {
            let outcome = if agent.version.is_empty() { "recorded_without_version" } else { "recorded" };
            let detail = [
                ("os", Value::from(agent.os)),
                ("version", agent.version.as_str().into()),
                ("browser", agent.browser.as_str().into()),
            ];
            seen.push(observation("browser", outcome, detail));
        }
        if let Some((outcome, family)) = self.network {
            seen.push(observation("browser_network", outcome, [("family", family.into())]));
        }
        let Some(told) = &self.told else { return seen };
        if let Some((offset, uncertainty)) = told.offset() {
            seen.push(clock(offset + own, uncertainty));
        }
        seen.extend(time_zone(told, self.network.is_some_and(|(outcome, _)| outcome == "same")));
        for (variable, reached, host) in
            [("browser_outside", told.outside, &tried.outside), ("browser_web", told.web, &tried.web)]
        {
            if let (Some(reached), Some(host)) = (reached, host) {
                let outcome = if reached { "reached" } else { "not_reached" };
                seen.push(observation(variable, outcome, [("host", host.as_str().into())]));
            }
        }
        seen
    }
}

/// Whether an observation came from a browser.
pub(crate) fn is_of_browser(observation: &Observation) -> bool {
    observation.subject == SUBJECT && observation.variable.starts_with(PREFIX)
}

fn observation<const N: usize>(variable: &str, outcome: &str, detail: [(&str, Value); N]) -> Observation {
    Observation {
        id: ObservationId(String::new()),
        variable: variable.to_owned(),
        outcome: outcome.to_owned(),
        subject: SUBJECT.to_owned(),
        detail: detail.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>(),
        started_ms: 0,
        elapsed_ms: 0,
        after: Vec::new(),
    }
}

fn clock(offset: f64, uncertainty: f64) -> Observation {
    let outcome = match offset.abs() - uncertainty {
        surely if surely <= ACCURATE => "accurate",
        surely if surely <= SLIGHT => "slightly_off",
        _ => "off",
    };
    let hundredths = |seconds: f64| Value::from((seconds * 100.0).round() / 100.0);
    let detail = [("offset_s", hundredths(offset)), ("uncertainty_s", hundredths(uncertainty))];
    observation("browser_clock", outcome, detail)
}

/// The time zone against a machine in the same network, and against the language.
fn time_zone(told: &Told, same_network: bool) -> Option<Observation> {
    let name = told.zone.as_deref()?;
    let zone = TimeZone::get(name).ok()?;
    let (now, here) = (Timestamp::now(), TimeZone::system());
    let language = told.languages.first().map(String::as_str).unwrap_or_default();
    let server = here.iana_name().filter(|server| is_place(server));
    let detail = ("zone", Value::from(name));
    let japanese = language == "ja" || language.starts_with("ja-");
    Some(match server {
        Some(server) if same_network && is_place(name) && zone.to_offset(now) != here.to_offset(now) => {
            observation("browser_time_zone", "elsewhere", [detail, ("server_zone", server.into())])
        }
        _ if japanese && !matches!(name, "Asia/Tokyo" | "Japan") => {
            observation("browser_time_zone", "unusual", [detail, ("language", language.into())])
        }
        _ => observation("browser_time_zone", "recorded", [detail]),
    })
}

/// Whether a zone is somewhere: servers are often set to UTC, wherever they stand.
fn is_place(zone: &str) -> bool {
    zone.contains('/') && !zone.starts_with("Etc/")
}

/// Whether the caller is in a network of this machine; and the family of its address.
fn network(caller: Caller) -> (&'static str, &'static str) {
    let address = caller.address();
    let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
    if caller.is_here() {
        return ("unknown", family);
    }
    let (networks, gateways) = vantage::networks();
    // behind the gateway's address may be anybody
    let outcome = match networks.iter().any(|network| network.contains(address)) {
        _ if gateways.contains(&address) => "unknown",
        true => "same",
        false => "elsewhere",
    };
    (outcome, family)
}

/// Whether a text is a plain name: letters, digits, and these.
fn is_name(text: &str, most: usize, more: &str) -> bool {
    !text.is_empty()
        && text.len() <= most
        && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: f64 = 1.8e12;

    fn read(text: &str) -> Result<Told, Strange> {
        Told::read(text.as_bytes(), NOW)
    }

    #[test]
    fn the_clock_is_taken_by_the_shortest_round_trip() {
        // the device is an hour behind; the first sample waited long on its way back
        let told = read(
            "{\"samples\":[[1799996400000,1800000000050,1799996404000],[1799996405000,1800000005020,1799996405040]]}",
        )
        .unwrap();
        let (offset, uncertainty) = told.offset().unwrap();
        assert!((offset - 3600.0).abs() < 0.001, "{offset}");
        assert!((uncertainty - 0.02).abs() < 0.001, "{uncertainty}");
        let seen = Seen { told: Some(told), ..Seen::default() };
        let seen = seen.observations(&Tried::default(), 0.0);
        assert_eq!((seen[0].variable.as_str(), seen[0].outcome.as_str()), ("browser_clock", "off"));
    }

    #[test]
    fn what_the_page_cannot_have_sent_is_not_taken() {
        let long = format!("{{\"zone\":\"{}\"}}", "a".repeat(LIMIT));
        for wrong in [
            "",
            "null",
            "[]",
            "{\"more\":1}",
            "{\"samples\":[[1,2]]}",
            "{\"samples\":[[1e308,1e308,1e308]]}",
            "{\"samples\":[[-1,1800000000000,1]]}",
            "{\"samples\":[[1800000000000,1800000000000,1799999999999]]}",
            "{\"samples\":[[1800000000000,1700000000000,1800000000000]]}",
            "{\"samples\":[[1800000000000,NaN,1800000000000]]}",
            "{\"zone\":\"<script>\"}",
            "{\"zone\":\"\"}",
            "{\"zone\":\"../../etc/passwd%00\"}",
            "{\"languages\":[\"ja\",\"\"]}",
            "{\"languages\":[1]}",
            "{\"hints\":{\"version\":\"15<b>\"}}",
            "{\"hints\":{\"secret\":\"x\"}}",
            "{\"outside\":\"yes\"}",
            &format!("{{\"samples\":[{}[0,0,0]]}}", "[1800000000000,1800000000000,1800000000000],".repeat(8)),
            &"[".repeat(3000),
            &long,
        ] {
            assert!(read(wrong).is_err(), "{}", &wrong[..wrong.len().min(80)]);
        }
        assert!(read("{}").is_ok());
        assert!(
            read("{\"zone\":\"Asia/Tokyo\",\"languages\":[\"ja-JP\"],\"outside\":true,\"web\":null}").is_ok()
        );
    }

    #[test]
    fn a_japanese_device_in_new_york_is_worth_a_remark() {
        let seen =
            |text: &str| time_zone(&read(text).unwrap(), false).map(|seen| seen.outcome).unwrap_or_default();
        assert_eq!(seen("{\"zone\":\"America/New_York\",\"languages\":[\"ja\"]}"), "unusual");
        assert_eq!(seen("{\"zone\":\"Asia/Tokyo\",\"languages\":[\"ja\"]}"), "recorded");
        assert_eq!(seen("{\"zone\":\"America/New_York\",\"languages\":[\"en-US\"]}"), "recorded");
        assert_eq!(seen("{\"zone\":\"No/Where\"}"), "");
    }

    #[test]
    fn nothing_is_left_of_what_was_refused() {
        let seen = Seen::refused().observations(&Tried::default(), 0.0);
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].outcome.as_str(), seen[0].detail.len()), ("refused", 0));
    }
}
