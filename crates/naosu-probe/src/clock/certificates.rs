//! What the certificates that were seen say about this device's clock, where nothing else gives the time.
//!
//! Whoever runs a server keeps its certificate valid, so the world's time is almost surely inside the validity of each
//! certificate that is seen. One certificate outside its validity is more likely to be neglected; several that have
//! nothing in common, all of them on the same side, speak of the clock.

use std::collections::BTreeSet;

use jiff::Timestamp;
use naosu_core::evidence::{Observation, ObservationId};

use crate::recorder::Recorder;

/// Records one observation of variable `clock_certificates` from the `tls` observations so far; nothing when none of
/// them shows a certificate that is otherwise good. `now` is this device's own clock.
pub fn record(now: Timestamp, recorder: &Recorder, after: &[ObservationId]) {
    let seen = recorder.observations();
    let validities: BTreeSet<Validity> = seen.iter().filter_map(validity).collect();
    let (Some(begin), Some(end)) =
        (validities.iter().map(|one| one.begin).max(), validities.iter().map(|one| one.end).min())
    else {
        return;
    };
    let late = validities.iter().filter(|one| now > one.end).count();
    let early = validities.iter().filter(|one| now < one.begin).count();
    let outcome = match (late, early) {
        (0, 0) => "consistent",
        (late, 0) if late > 1 && late == validities.len() => "ahead",
        (0, early) if early > 1 && early == validities.len() => "behind",
        _ => "inconsistent",
    };
    let mut pending = recorder.start("clock_certificates", "device", after);
    seen.iter().filter(|one| validity(one).is_some()).for_each(|one| pending.wait_for(one.id.clone()));
    pending
        .detail("certificates", validities.len())
        .detail("outside", late + early)
        .detail("not_before", begin.to_string())
        .detail("not_after", end.to_string());
    if let "ahead" | "behind" = outcome {
        let bound = if outcome == "ahead" { end } else { begin };
        pending.detail("at_least_s", now.duration_since(bound).as_secs().abs());
    }
    pending.finish(outcome);
}

/// One certificate: what tells it from others, and the time in which it and its issuers are valid.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Validity {
    names: String,
    begin: Timestamp,
    end: Timestamp,
}

/// The validity of a certificate with which nothing but its dates can be wrong.
fn validity(seen: &Observation) -> Option<Validity> {
    let valid_otherwise = seen.detail.get("valid_otherwise").is_some_and(|value| value == true);
    if seen.variable != "tls" || !(seen.outcome == "ok" || valid_otherwise) {
        return None;
    }
    let time = |name: &str| seen.text(name)?.parse().ok();
    Some(Validity {
        names: seen.text("names")?.to_owned(),
        begin: time("not_before")?,
        end: time("not_after")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is recorded on 22 November 2026 for certificates valid in these years.
    fn outcome(certificates: &[(&str, u16, u16)]) -> Option<Observation> {
        let recorder = Recorder::default();
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        for (host, from, until) in certificates {
            let outside = !(*from..*until).contains(&2026);
            let mut pending = recorder.start("tls", format!("{host}:993"), &[]);
            pending
                .detail("names", *host)
                .detail("not_before", format!("{from}-01-01T00:00:00Z"))
                .detail("not_after", format!("{until}-01-01T00:00:00Z"));
            if outside {
                pending.detail("valid_otherwise", true);
            }
            pending.finish(if outside { "cert_expired" } else { "ok" });
        }
        record(now, &recorder, &[]);
        recorder.observations().into_iter().find(|seen| seen.variable == "clock_certificates")
    }

    #[test]
    fn certificates_that_have_nothing_in_common_speak_of_the_clock() {
        let ahead = outcome(&[("imap.example.jp", 2024, 2026), ("smtp.example.com", 2024, 2025)]).unwrap();
        assert_eq!(ahead.outcome, "ahead");
        assert_eq!(ahead.number("at_least_s"), Some(59_652_000.0));
        let behind = outcome(&[("imap.example.jp", 2028, 2029), ("smtp.example.com", 2027, 2029)]).unwrap();
        assert_eq!(behind.outcome, "behind");
    }

    #[test]
    fn one_neglected_certificate_does_not() {
        let shared = outcome(&[("*.example.jp", 2024, 2026), ("*.example.jp", 2024, 2026)]).unwrap();
        assert_eq!(shared.outcome, "inconsistent");
        let other = outcome(&[("imap.example.jp", 2024, 2026), ("smtp.example.com", 2024, 2028)]).unwrap();
        assert_eq!(other.outcome, "inconsistent");
        let well = outcome(&[("imap.example.jp", 2024, 2028), ("smtp.example.com", 2024, 2028)]).unwrap();
        assert_eq!(well.outcome, "consistent");
        assert_eq!(outcome(&[]), None);
    }
}
