//! The system's own counters of TCP segments.

/// Segments since the system started.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Segments {
    /// Sent, without those that were repeated.
    pub(super) sent: u64,
    /// Sent again because no acknowledgement came.
    pub(super) repeated: u64,
}

/// The counters now (`/proc/net/snmp`, of this network namespace).
#[cfg(target_os = "linux")]
pub(super) fn segments() -> Option<Segments> {
    parse(&std::fs::read_to_string("/proc/net/snmp").ok()?)
}

/// This platform's counters are not read.
#[cfg(not(target_os = "linux"))]
pub(super) fn segments() -> Option<Segments> {
    None
}

#[cfg(any(target_os = "linux", test))]
fn parse(text: &str) -> Option<Segments> {
    let mut lines = text.lines().filter(|line| line.starts_with("Tcp:"));
    let (names, values) = (lines.next()?, lines.next()?);
    let value = |wanted: &str| {
        let (_, value) =
            names.split_whitespace().zip(values.split_whitespace()).find(|(name, _)| *name == wanted)?;
        value.parse().ok()
    };
    Some(Segments { sent: value("OutSegs")?, repeated: value("RetransSegs")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counters_are_found_by_name() {
        let text =
            "Ip: Forwarding\nIp: 1\nTcp: RtoAlgorithm OutSegs RetransSegs\nTcp: 1 120 7\nUdp: x\nUdp: 1\n";
        assert_eq!(parse(text), Some(Segments { sent: 120, repeated: 7 }));
        for bad in ["", "Tcp:", "Tcp: OutSegs\nTcp: x", "Tcp: OutSegs RetransSegs\nTcp: 1"] {
            assert_eq!(parse(bad), None);
        }
    }
}
