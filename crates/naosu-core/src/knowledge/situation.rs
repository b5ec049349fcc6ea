//! Whose trouble it is, and where something applies.

use serde::Deserialize;

/// The device, mail program and service of a trouble: ids of the taxonomy, `unknown` where not known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Situation<'a> {
    /// The device.
    pub device: &'a str,
    /// The mail program.
    pub client: &'a str,
    /// The service.
    pub service: &'a str,
}

impl Situation<'_> {
    /// Nothing is known.
    pub const UNKNOWN: Situation<'static> =
        Situation { device: "unknown", client: "unknown", service: "unknown" };
}

/// Where something can occur or be done; an empty list leaves that side open.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Only {
    /// On these devices.
    pub device: Vec<String>,
    /// In these mail programs.
    pub client: Vec<String>,
    /// With these services.
    pub service: Vec<String>,
}

impl Only {
    /// Whether it can be so in that situation; what is not known is not held against it.
    pub fn admits(&self, situation: Situation<'_>) -> bool {
        let open = |list: &[String], value: &str| {
            list.is_empty() || value == "unknown" || list.iter().any(|id| id == value)
        };
        open(&self.device, situation.device)
            && open(&self.client, situation.client)
            && open(&self.service, situation.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_admitted() {
        let only = Only { device: vec!["mac".to_owned()], ..Only::default() };
        assert!(only.admits(Situation::UNKNOWN));
        assert!(only.admits(Situation { device: "mac", ..Situation::UNKNOWN }));
        assert!(!only.admits(Situation { device: "iphone", ..Situation::UNKNOWN }));
    }
}
