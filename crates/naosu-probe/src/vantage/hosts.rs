//! The hosts file.

use std::fs::File;
use std::io::Read;
use std::net::IpAddr;

use naosu_core::evidence::ObservationId;

use super::platform;
use crate::recorder::Recorder;

/// The most that is read of the file, in bytes: block lists make it large.
const LIMIT: u64 = 16 * 1024 * 1024;

/// How many addresses of one name are kept.
const ADDRESS_LIMIT: usize = 16;

/// Records `hosts_file`: one observation for each of these names that the file overrides, or `clear`.
pub fn record_hosts(names: &[&str], recorder: &Recorder, after: &[ObservationId]) -> Vec<ObservationId> {
    let mut text = Vec::new();
    if let Ok(file) = File::open(platform::hosts_file()) {
        // what could be read is better than nothing
        let _ = file.take(LIMIT).read_to_end(&mut text);
    }
    let text = String::from_utf8_lossy(&text);
    let mut names: Vec<&str> = names.to_vec();
    names.sort_unstable();
    names.dedup();
    let found: Vec<ObservationId> = names
        .into_iter()
        .filter_map(|name| {
            let addresses = overrides(&text, name);
            if addresses.is_empty() {
                return None;
            }
            let mut pending = recorder.start("hosts_file", name, after);
            let words: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            pending.detail("addresses", words.join(", "));
            Some(pending.finish("overrides"))
        })
        .collect();
    if found.is_empty() {
        return vec![recorder.start("hosts_file", "device", after).finish("clear")];
    }
    found
}

/// The addresses that the file gives a name.
fn overrides(text: &str, name: &str) -> Vec<IpAddr> {
    let name = name.trim_end_matches('.');
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address: IpAddr = words.next()?.split('%').next()?.parse().ok()?;
        words.any(|word| word.trim_end_matches('.').eq_ignore_ascii_case(name)).then_some(address)
    });
    lines.take(ADDRESS_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_column_and_case_and_not_in_comments() {
        let text = "127.0.0.1 localhost\n\t203.0.113.9\tother IMAP.example.jp # imap2.example.jp\n\
                    ::1 imap.example.jp\n#1.2.3.4 smtp.example.jp\nnonsense imap.example.jp\n";
        let found: Vec<String> =
            overrides(text, "imap.example.jp.").iter().map(ToString::to_string).collect();
        assert_eq!(found, ["203.0.113.9", "::1"]);
        assert!(overrides(text, "imap2.example.jp").is_empty());
        assert!(overrides(text, "smtp.example.jp").is_empty());
        assert!(overrides(text, "example.jp").is_empty());
    }

    #[test]
    fn an_untouched_name_is_clear() {
        let recorder = Recorder::default();
        record_hosts(&["no-such-name.invalid"], &recorder, &[]);
        assert_eq!(recorder.observations()[0].outcome, "clear");
    }
}
