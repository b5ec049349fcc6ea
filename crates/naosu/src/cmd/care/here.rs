//! What was measured of this very computer: it says nothing of another device, a phone above all.

use naosu_core::evidence::Evidence;
use naosu_core::knowledge::{Item, Situation};

/// What is true of the computer that measures, and of no other.
const LOCAL: [&str; 13] = [
    "clock",
    "clock_certificates",
    "disk",
    "hosts_file",
    "ntp",
    "proxy",
    "proxy_reach",
    "resolver_config",
    "route_ipv4",
    "route_ipv6",
    "system",
    "time_zone",
    "vpn",
];

/// Of these, what has no part in how the account was measured: it explains nothing on another device. A clock or a proxy
/// that is wrong here explains what was seen from here, wherever the mail is read.
const ASIDE: [&str; 3] = ["disk", "system", "time_zone"];

/// Whether that variable is one of this computer.
pub(super) fn is_local(variable: &str) -> bool {
    LOCAL.contains(&variable)
}

/// Whether the device asked about can be this computer; where none is named, it is the one that measures.
pub(super) fn is_asked_about(device: Option<&str>) -> bool {
    device.is_none_or(|device| of_system(std::env::consts::OS) == Some(device))
}

/// Whether a thing to look at is one to look at on this computer.
pub(super) fn concerns(item: &Item) -> bool {
    match of_system(std::env::consts::OS) {
        Some(device) => item.only.admits(Situation { device, ..Situation::UNKNOWN }),
        None => item.only.device.is_empty(),
    }
}

/// The evidence without what says something of this computer alone, where the device is another one.
pub(super) fn without_aside(mut evidence: Evidence, device: Option<&str>) -> Evidence {
    if !is_asked_about(device) {
        evidence.observations.retain(|seen| !ASIDE.contains(&seen.variable.as_str()));
    }
    evidence
}

/// The device, as the taxonomy names it, that a program for that system runs on.
fn of_system(system: &str) -> Option<&'static str> {
    match system {
        "linux" => Some("linux"),
        "macos" => Some("mac"),
        "windows" => Some("windows"),
        "android" => Some("android"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use naosu_core::knowledge::Knowledge;

    use super::*;

    #[test]
    fn a_phone_is_not_this_computer() {
        assert!(is_asked_about(None));
        assert!(!is_asked_about(Some("iphone")) && !is_asked_about(Some("ipad")));
        assert_eq!(is_asked_about(Some("linux")), cfg!(target_os = "linux"));
        assert_eq!(is_asked_about(Some("mac")), cfg!(target_os = "macos"));
    }

    #[test]
    fn what_is_local_is_known() {
        let known = Knowledge::built_in().unwrap();
        for variable in LOCAL.iter().chain(&ASIDE) {
            assert!(known.variables.contains_key(*variable) && is_local(variable), "{variable}");
        }
        let devices = &known.taxonomy.values["device"];
        for system in ["linux", "macos", "windows", "android"] {
            assert!(of_system(system).is_some_and(|device| devices.iter().any(|known| known == device)));
        }
    }
}
