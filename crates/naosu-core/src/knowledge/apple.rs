//! What Apple devices must be able to reach: `knowledge/apple/`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Hosts that serve one purpose.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplePurpose {
    /// The purpose in English.
    pub en: String,
    /// The purpose in Japanese.
    pub ja: String,
    /// The variable that its measurements are written to, where it is measured.
    pub variable: Option<String>,
    /// The services of the taxonomy that need it.
    #[serde(default)]
    pub services: Vec<String>,
    /// When its facts were last looked at, `YYYY-MM`.
    pub checked: Option<String>,
    /// The hosts.
    pub host: Vec<AppleHost>,
}

/// A host that Apple devices need.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppleHost {
    /// Its id.
    pub id: String,
    /// Its name, or a pattern of names.
    pub host: String,
    /// The ports it is needed on.
    pub ports: Vec<u16>,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// What for.
    pub purpose: String,
    /// The names that are measured, the next one where one does not exist; none where it is not measured.
    #[serde(default)]
    pub measure: Vec<String>,
    /// The ports that are measured.
    #[serde(default)]
    pub measure_ports: Vec<u16>,
    /// Issuers of its certificate that are Apple's own, trusted by Apple devices only.
    #[serde(default)]
    pub issuers: Vec<String>,
    /// Whether it may be reached through a proxy.
    pub supports_proxy: String,
    /// What inspection of encrypted traffic does to it.
    pub https_inspection: String,
    /// What a user sees when it is blocked.
    pub blocked_symptom: String,
    /// The causes that come into question when it cannot be reached.
    pub causes: Vec<String>,
    /// A remark.
    pub note: Option<String>,
    /// Where the entry comes from.
    pub source: String,
    /// Whether it was seen in that source.
    pub verified: bool,
    /// When it was last looked at, `YYYY-MM`.
    pub checked: Option<String>,
}

impl AppleHost {
    /// Whether a certificate issued by this name is Apple's own.
    pub fn issued_by_apple(&self, issuer: &str) -> bool {
        self.issuers.iter().any(|own| issuer.contains(own.as_str()))
    }
}

/// The purposes that a service of the taxonomy needs and that are measured, with the names of their files.
pub fn apple_purposes<'a>(
    apple: &'a BTreeMap<String, ApplePurpose>,
    service: &str,
) -> Vec<(&'a str, &'a ApplePurpose)> {
    let needed = |purpose: &ApplePurpose| {
        purpose.variable.is_some() && purpose.services.iter().any(|other| other == service)
    };
    apple.iter().filter(|(_, purpose)| needed(purpose)).map(|(id, purpose)| (id.as_str(), purpose)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Knowledge, embedded};
    use super::*;

    #[test]
    fn each_apple_service_has_purposes_with_hosts_to_measure() {
        let knowledge = Knowledge::load(&embedded()).unwrap();
        let of = |service: &str| -> Vec<&str> {
            apple_purposes(knowledge.apple(), service).into_iter().map(|(id, _)| id).collect()
        };
        assert_eq!(of("apple_id"), ["push", "sign_in", "time"]);
        assert_eq!(of("icloud"), ["icloud", "push", "sign_in", "time"]);
        assert_eq!(of("imessage"), ["activation", "identity", "push", "sign_in", "time"]);
        assert!(of("gmail").is_empty());
        for (id, purpose) in knowledge.apple() {
            if let Some(variable) = &purpose.variable {
                assert!(knowledge.variables.contains_key(variable), "{id}");
                assert!(purpose.host.iter().any(|host| !host.measure.is_empty()), "{id}");
            }
            for host in &purpose.host {
                assert!(host.measure.iter().all(|name| !name.contains('*')), "{id} {}", host.id);
                assert_eq!(host.measure.is_empty(), host.measure_ports.is_empty(), "{id} {}", host.id);
                assert!(host.causes.iter().all(|c| knowledge.taxonomy.cause.contains_key(c)), "{}", host.id);
            }
        }
    }

    #[test]
    fn apples_own_authority_is_told_from_an_interceptor() {
        let knowledge = Knowledge::load(&embedded()).unwrap();
        let push = &knowledge.apple()["push"].host[0];
        assert!(push.issued_by_apple("CN=Apple Server Authentication CA, O=Apple Inc., C=US"));
        assert!(!push.issued_by_apple("CN=Zscaler Intermediate Root CA, O=Zscaler Inc."));
    }
}
