//! Unbound as the resolver, with the world's names as local data; what it does not know does not exist.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use anyhow::Result;

use crate::real::certificate::APPLE_DOMAINS;
use crate::real::daemon::Daemon;
use crate::real::hosts::{CLIENT4, CLIENT6, Host, find};
use crate::real::namespace::Namespace;
use crate::real::scenario::Dns;

/// Which names belong to which machine.
const NAMES: &[(&str, &[&str])] = &[
    ("mail", &["imap.example.jp", "pop.example.jp", "smtp.example.jp", "mail.example.jp"]),
    ("web", &["example.jp", "www.example.jp"]),
    ("connectivity", &["connectivity.example.net", "status.example.net"]),
    ("time", &["time.example.net"]),
];

/// Starts a resolver at the address of `host`.
pub(crate) fn start(
    dns: &Dns,
    host: &str,
    apple: bool,
    directory: &Path,
    inside: &Namespace,
) -> Result<Daemon> {
    let text = configuration(dns, find(host)?, apple, directory)?;
    let file = directory.join(format!("{host}.conf"));
    fs::write(&file, text)?;
    let command = inside.command("unbound", &["-d", "-p", "-c", &file.to_string_lossy()]);
    let mut daemon = Daemon::start(host, directory, command)?;
    daemon.listens(directory, &[53], &[53])?;
    Ok(daemon)
}

fn configuration(dns: &Dns, host: &Host, apple: bool, directory: &Path) -> Result<String> {
    let mut text = format!(
        "server:\n  directory: \"{}\"\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n  \
         interface: {}\n  interface: {}\n  access-control: 0.0.0.0/0 allow\n  access-control: ::/0 allow\n  \
         do-daemonize: no\n  num-threads: 1\n  module-config: \"iterator\"\n  do-not-query-localhost: no\n  \
         msg-cache-size: 1m\n  rrset-cache-size: 1m\n  so-rcvbuf: 0\n",
        directory.display(),
        host.ipv4,
        host.ipv6,
    );
    if let Some(address) = &dns.catch_all {
        let kind = if address.contains(':') { "AAAA" } else { "A" };
        let _ = write!(text, "  local-zone: \".\" redirect\n  local-data: \". 60 IN {kind} {address}\"\n");
    } else {
        text += "  local-zone: \".\" static\n";
        for record in usual()?.iter().filter(|record| !left_out(record, &dns.without)).chain(&dns.records) {
            let _ = writeln!(text, "  local-data: '{record}'");
        }
    }
    if apple && dns.catch_all.is_none() {
        let apple = find("apple")?;
        for domain in APPLE_DOMAINS {
            let _ = write!(
                text,
                "  local-zone: \"{domain}.\" redirect\n  local-data: \"{domain}. 300 IN A {}\"\n  \
                 local-data: \"{domain}. 300 IN AAAA {}\"\n",
                apple.ipv4, apple.ipv6
            );
        }
    }
    text += &dns.settings;
    text += "\nremote-control:\n  control-enable: no\n";
    text += &dns.sections;
    Ok(text)
}

fn usual() -> Result<Vec<String>> {
    let mut records = Vec::new();
    for (host, names) in NAMES {
        let host = find(host)?;
        for name in *names {
            records.push(format!("{name}. 300 IN A {}", host.ipv4));
            records.push(format!("{name}. 300 IN AAAA {}", host.ipv6));
        }
    }
    records.push("example.jp. 300 IN MX 10 mail.example.jp.".to_owned());
    records.push("example.jp. 300 IN TXT \"v=spf1 mx -all\"".to_owned());
    records.push("_dmarc.example.jp. 300 IN TXT \"v=DMARC1; p=none\"".to_owned());
    let mail = find("mail")?;
    for (address, name) in [(CLIENT4.parse()?, "pc10.access.example.net"), (mail.ipv4, "mail.example.jp")] {
        records.push(format!("{} 300 IN PTR {name}.", reverse4(address)));
    }
    for (address, name) in [(CLIENT6.parse()?, "pc10.access.example.net"), (mail.ipv6, "mail.example.jp")] {
        records.push(format!("{} 300 IN PTR {name}.", reverse6(address)));
    }
    records.push(format!("pc10.access.example.net. 300 IN A {CLIENT4}"));
    records.push(format!("pc10.access.example.net. 300 IN AAAA {CLIENT6}"));
    Ok(records)
}

fn reverse4(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
}

fn reverse6(address: Ipv6Addr) -> String {
    let digits: Vec<String> =
        address.octets().iter().rev().map(|byte| format!("{:x}.{:x}.", byte & 15, byte >> 4)).collect();
    digits.concat() + "ip6.arpa."
}

/// Is the record one that the scenario leaves out (`NAME`, `NAME TYPE` or `* TYPE`)?
fn left_out(record: &str, without: &[String]) -> bool {
    let mut fields = record.split_whitespace();
    let name = fields.next().unwrap_or_default().trim_end_matches('.');
    let kind = fields.nth(2).unwrap_or_default();
    without.iter().any(|pattern| {
        let (wanted, type_) = pattern.split_once(' ').unwrap_or((pattern, "*"));
        (wanted == "*" || wanted.trim_end_matches('.') == name) && (type_ == "*" || type_ == kind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_left_out_by_name_by_type_or_by_both() {
        let record = "imap.example.jp. 300 IN AAAA 2001:db8:2::10";
        for pattern in ["imap.example.jp", "imap.example.jp. AAAA", "* AAAA"] {
            assert!(left_out(record, &[pattern.to_owned()]), "{pattern}");
        }
        for pattern in ["imap.example.jp A", "smtp.example.jp", "* A"] {
            assert!(!left_out(record, &[pattern.to_owned()]), "{pattern}");
        }
    }

    #[test]
    fn reverse_names_follow_rfc_3596() {
        assert_eq!(reverse4("192.0.2.10".parse().unwrap()), "10.2.0.192.in-addr.arpa.");
        let name = reverse6("2001:db8:1::10".parse().unwrap());
        assert_eq!(name, "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.");
    }
}
