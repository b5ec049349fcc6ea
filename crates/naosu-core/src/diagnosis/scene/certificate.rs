//! Who issued the certificates, and when they hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::Observation;
use crate::knowledge::{Knowledge, interceptor};

use super::endpoint::{Endpoint, split};

/// Who issued the certificates: a product that replaces them, or one issuer over hosts that have nothing in common.
pub(super) fn interceptors(
    knowledge: &Knowledge,
    all: &[Observation],
    endpoints: &[Endpoint<'_>],
) -> Vec<(&'static str, Vec<usize>)> {
    let mut known = Vec::new();
    let mut untrusted: BTreeMap<&str, BTreeMap<String, Vec<usize>>> = BTreeMap::new();
    let staged: BTreeSet<usize> = endpoints.iter().map(|endpoint| endpoint.index).collect();
    for (index, observation) in all.iter().enumerate() {
        if observation.variable != "tls" && !staged.contains(&index) {
            continue;
        }
        let names =
            ["issuer", "issuer_organization", "root"].into_iter().filter_map(|name| observation.text(name));
        if names.clone().any(|name| is_interceptor(knowledge, name)) {
            known.push(index);
        }
        let outcome = observation.outcome.as_str();
        if matches!(outcome, "cert_untrusted_root" | "cert_incomplete" | "cert_invalid")
            && let Some(issuer) = observation.text("issuer")
        {
            let domain = registrable(split(&observation.subject).0);
            untrusted.entry(issuer).or_default().entry(domain).or_default().push(index);
        }
    }
    let mut facts = Vec::new();
    if !known.is_empty() {
        facts.push(("known_product", known));
    }
    for domains in untrusted.into_values().filter(|domains| domains.len() > 1) {
        facts.push(("one_issuer_everywhere", domains.into_values().flatten().collect()));
    }
    facts
}

/// Whether a certificate is refused for nothing but its weakness: SHA-1, MD5, or a key that is too short.
pub(super) fn is_weak(observation: &Observation) -> bool {
    if !matches!(observation.outcome.as_str(), "cert_invalid" | "cert_incomplete") {
        return false;
    }
    let key = observation.text("key").unwrap_or_default();
    let short =
        key.strip_prefix("RSA ").and_then(|bits| bits.parse::<u32>().ok()).is_some_and(|bits| bits < 2048);
    observation.text("problem") == Some("weak_signature") || short
}

/// The part of a host name that one owner has: two labels, three under a short country second level (`co.jp`).
pub(super) fn registrable(host: &str) -> String {
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    if host.parse::<std::net::IpAddr>().is_ok() || labels.len() <= 2 {
        return host.to_ascii_lowercase();
    }
    let short_second = labels[labels.len() - 1].len() == 2 && labels[labels.len() - 2].len() <= 3;
    labels[labels.len() - if short_second { 3 } else { 2 }..].join(".").to_ascii_lowercase()
}

/// Seconds since 1970 of an RFC 3339 time in UTC (`2026-11-20T00:00:00Z`).
pub(super) fn seconds(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !text.is_ascii() || bytes[10] != b'T' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    // days since 1970-01-01 of the proleptic Gregorian calendar, years counted from March
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

fn is_interceptor(knowledge: &Knowledge, name: &str) -> bool {
    interceptor(knowledge.interceptors(), name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_count_from_1970() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2024-02-29T12:00:01Z"), Some(1_709_208_001));
        assert_eq!(seconds("tomorrow"), None);
    }

    #[test]
    fn a_country_second_level_is_not_an_owner() {
        assert_eq!(registrable("imap.example.co.jp"), "example.co.jp");
        assert_eq!(registrable("imap.mail.example.com"), "example.com");
        assert_eq!(registrable("imap.example.jp"), "example.jp");
    }
}
