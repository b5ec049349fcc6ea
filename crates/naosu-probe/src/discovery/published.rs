//! What was given, beside what is published.

use naosu_core::evidence::ObservationId;
use naosu_core::knowledge::{Protocol, Security, UserName};

use super::{Candidate, Discovered, Source};
use crate::recorder::Recorder;
use crate::tls::subject;

/// A server that was given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    /// What it is used for.
    pub protocol: Protocol,
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is to be encrypted.
    pub security: Security,
}

impl Endpoint {
    /// Its name and port, as observations of it are named.
    pub fn subject(&self) -> String {
        subject(&self.host, self.port)
    }
}

/// How what was given stands to what is published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Comparison {
    /// The outcome of variable `settings`.
    pub outcome: &'static str,
    /// What was given of that which differs.
    pub given: String,
    /// What is published instead.
    pub published: String,
    /// Who publishes it.
    pub source: Option<Source>,
}

/// Compares a given server with what is published for its protocol; guesses do not count as published, nor does what
/// anybody on the way can have made up.
pub fn compare(given: &Endpoint, candidates: &[Candidate]) -> Comparison {
    let counts = |c: &&Candidate| c.protocol == given.protocol && c.authentic && c.source != Source::Guess;
    let published: Vec<&Candidate> = candidates.iter().filter(counts).collect();
    let host = given.host.trim_end_matches('.');
    let same_host: Vec<&Candidate> =
        published.iter().copied().filter(|c| c.host.eq_ignore_ascii_case(host)).collect();
    let same_port = same_host.iter().copied().find(|c| c.port == given.port);
    let exact = same_host.iter().copied().find(|c| c.port == given.port && c.security == given.security);
    let (outcome, given, published, source) = match (exact, same_port, same_host.first(), published.first()) {
        (Some(c), ..) => ("as_published", c.written(), c.written(), c.source),
        (None, Some(c), ..) => {
            ("security_differs", given.security.as_str().to_owned(), c.security.as_str().to_owned(), c.source)
        }
        (None, None, Some(c), _) => ("port_differs", given.port.to_string(), c.port.to_string(), c.source),
        (None, None, None, Some(c)) => ("host_differs", host.to_owned(), c.host.clone(), c.source),
        (None, None, None, None) => {
            let given = subject(host, given.port);
            return Comparison { outcome: "not_published", given, published: String::new(), source: None };
        }
    };
    Comparison { outcome, given, published, source: Some(source) }
}

/// Records `settings` for each server that was given, or, where none was, that there are none to be found; and `user_name` where one was
/// given. Subjects are the protocols.
pub fn record_settings(
    endpoints: &[Endpoint],
    address: Option<&str>,
    user: Option<&str>,
    found: &Discovered,
    recorder: &Recorder,
) -> Vec<ObservationId> {
    let mut ids = Vec::new();
    if let (true, Some(address)) = (endpoints.is_empty(), address) {
        ids.extend(record_domain(address, found, recorder));
    }
    for protocol in [Protocol::Imap, Protocol::Pop, Protocol::Smtp] {
        let given = endpoints.iter().filter(|endpoint| endpoint.protocol == protocol);
        if endpoints.is_empty()
            && found.best(protocol).is_none()
            && address.is_some()
            && !found.domain.missing
        {
            let other_way_in = protocol == Protocol::Imap && found.best(Protocol::Pop).is_some();
            if protocol != Protocol::Pop && !other_way_in {
                let outcome = if found.domain.unanswered { "unknown" } else { "none_found" };
                ids.push(recorder.start("settings", protocol.as_str(), &found.after).finish(outcome));
            }
        }
        if let (true, Some(best)) = (endpoints.is_empty(), found.best(protocol).filter(|c| !c.authentic)) {
            let mut pending = recorder.start("settings", protocol.as_str(), &found.after);
            pending.detail("server", best.written()).detail("source", best.source.as_str());
            pending.detail("domain", found.domain.name.as_str());
            ids.push(pending.finish("unconfirmed"));
        }
        for endpoint in given {
            let compared = compare(endpoint, &found.candidates);
            let mut pending = recorder.start("settings", protocol.as_str(), &found.after);
            pending.detail("endpoint", subject(&endpoint.host, endpoint.port));
            pending.detail("given", compared.given).detail("published", compared.published);
            if let Some(source) = compared.source {
                pending.detail("source", source.as_str());
            }
            ids.push(pending.finish(compared.outcome));
        }
    }
    for conflict in &found.conflicts {
        let mut pending = recorder.start("settings", conflict.protocol.as_str(), &found.after);
        let said = |c: &Candidate| format!("{} ({})", c.written(), c.source.as_str());
        pending.detail("better", said(&conflict.better)).detail("other", said(&conflict.other));
        ids.push(pending.finish("sources_disagree"));
    }
    if let (Some(user), Some(address)) = (user, address) {
        ids.push(record_user_name(user, address, found, recorder));
    }
    ids
}

/// Says where the domain of the address does not exist, or looks like a slip of the keyboard.
fn record_domain(address: &str, found: &Discovered, recorder: &Recorder) -> Option<ObservationId> {
    let domain = &found.domain;
    let outcome = match (domain.missing, &domain.resembles) {
        (true, Some(_)) => "domain_misspelt",
        (true, None) => "domain_missing",
        (false, Some(_)) => "domain_resembles",
        (false, None) => return None,
    };
    let mut pending = recorder.start("settings", &domain.name, &found.after);
    if let (Some(meant), Some((local, _))) = (&domain.resembles, address.trim().rsplit_once('@')) {
        pending.detail("suggestion", format!("{local}@{meant}"));
    }
    Some(pending.finish(outcome))
}

fn record_user_name(user: &str, address: &str, found: &Discovered, recorder: &Recorder) -> ObservationId {
    let mut pending = recorder.start("user_name", address, &found.after);
    let wanted = found.user_name(Protocol::Imap);
    let (outcome, wanted) = compare_user_name(user, address, wanted);
    pending.detail("given", user);
    if let Some(wanted) = wanted {
        pending.detail("wanted", wanted);
    }
    pending.finish(outcome)
}

/// The outcome of variable `user_name`, and the name that is wanted where the address tells it.
fn compare_user_name<'a>(
    user: &str,
    address: &'a str,
    wanted: Option<UserName>,
) -> (&'static str, Option<&'a str>) {
    let Some(form) = wanted else { return ("not_published", None) };
    match form.fill(address) {
        Some(wanted) if wanted.eq_ignore_ascii_case(user) => ("as_published", Some(wanted)),
        Some(wanted) => ("differs", Some(wanted)),
        None => {
            let of_address = [UserName::Address, UserName::LocalPart]
                .iter()
                .any(|form| form.fill(address).is_some_and(|name| name.eq_ignore_ascii_case(user)));
            (if of_address { "separate_id" } else { "as_published" }, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Domain;
    use super::*;

    fn candidate(protocol: Protocol, host: &str, port: u16, security: Security, source: Source) -> Candidate {
        let (host, user_name) = (host.to_owned(), Some(UserName::LocalPart));
        Candidate { protocol, host, port, security, user_name, source, authentic: true }
    }

    fn endpoint(host: &str, port: u16, security: Security) -> Endpoint {
        Endpoint { protocol: Protocol::Imap, host: host.to_owned(), port, security }
    }

    #[test]
    fn given_settings_are_compared_part_by_part() {
        let published = [
            candidate(Protocol::Imap, "imap.example.jp", 993, Security::Tls, Source::Srv),
            candidate(Protocol::Imap, "imap.example.jp", 143, Security::Starttls, Source::Srv),
            candidate(Protocol::Smtp, "smtp.example.jp", 465, Security::Tls, Source::Srv),
        ];
        let of = |host, port, security| {
            let compared = compare(&endpoint(host, port, security), &published);
            (compared.outcome, compared.given, compared.published)
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let (outcome, ..) = of("IMAP.example.jp.", 143, Security::Starttls);
        assert_eq!(outcome, "as_published");
        let (outcome, given, wanted) = of("imap.example.jp", 143, Security::Plain);
        assert_eq!((outcome, (given, wanted)), ("security_differs", pair("plain", "starttls")));
        let (outcome, given, wanted) = of("imap.example.jp", 994, Security::Tls);
        assert_eq!((outcome, (given, wanted)), ("port_differs", pair("994", "993")));
        let (outcome, given, wanted) = of("imap.exmaple.jp", 993, Security::Tls);
        assert_eq!((outcome, (given, wanted)), ("host_differs", pair("imap.exmaple.jp", "imap.example.jp")));
        assert_eq!(compare(&endpoint("imap.example.jp", 993, Security::Tls), &[]).outcome, "not_published");
    }

    #[test]
    fn a_guess_is_not_published() {
        let guessed = [candidate(Protocol::Imap, "imap.example.jp", 993, Security::Tls, Source::Guess)];
        let given = endpoint("mail.example.jp", 993, Security::Tls);
        assert_eq!(compare(&given, &guessed).outcome, "not_published");
    }

    #[test]
    fn user_names_are_compared_with_the_form_that_is_wanted() {
        let of = |user, wanted| compare_user_name(user, "hanako@example.jp", wanted);
        assert_eq!(of("Hanako", Some(UserName::LocalPart)), ("as_published", Some("hanako")));
        assert_eq!(of("hanako", Some(UserName::Address)), ("differs", Some("hanako@example.jp")));
        assert_eq!(of("hanako@example.jp", Some(UserName::SeparateId)), ("separate_id", None));
        assert_eq!(of("hnk00123", Some(UserName::SeparateId)), ("as_published", None));
        assert_eq!(of("hanako", None), ("not_published", None));
    }

    #[test]
    fn settings_that_cannot_be_found_are_recorded() {
        let recorder = Recorder::default();
        record_settings(&[], Some("hanako@example.jp"), None, &Discovered::default(), &recorder);
        let seen: Vec<(String, String)> =
            recorder.observations().into_iter().map(|o| (o.subject, o.outcome)).collect();
        let none = |protocol: &str| (protocol.to_owned(), "none_found".to_owned());
        assert_eq!(seen, [none("imap"), none("smtp")]);
        let domain = Domain { unanswered: true, ..Domain::default() };
        let recorder = Recorder::default();
        record_settings(
            &[],
            Some("hanako@example.jp"),
            None,
            &Discovered { domain, ..Discovered::default() },
            &recorder,
        );
        assert!(recorder.observations().iter().all(|seen| seen.outcome == "unknown"));
    }
}
