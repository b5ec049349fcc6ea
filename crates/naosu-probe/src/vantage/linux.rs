//! Linux (and systems like it): `/proc`, `/sys`, `/etc`, and GNOME's settings.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::DefaultRoute;
use super::command::output;
use super::proxy::Setting;
use crate::family::Family;

/// How many resolvers the C library uses.
const RESOLVER_LIMIT: usize = 3;

/// Route flags of the kernel: usable, and a route that rejects.
const USABLE: u32 = 0x1;
const REJECTS: u32 = 0x200;

/// The name and version of the distribution.
pub(super) fn system() -> (String, String) {
    let text = fs::read_to_string("/etc/os-release")
        .or_else(|_| fs::read_to_string("/usr/lib/os-release"))
        .unwrap_or_default();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        Some(line.trim().trim_matches(['"', '\'']).to_owned())
    };
    let kernel = || fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned();
    (value("NAME").unwrap_or_else(|| "Linux".to_owned()), value("VERSION_ID").unwrap_or_else(kernel))
}

/// The resolvers of `/etc/resolv.conf`.
pub(super) fn resolvers() -> Vec<SocketAddr> {
    parse_resolv_conf(&fs::read_to_string("/etc/resolv.conf").unwrap_or_default())
}

/// The default route with the least metric.
pub(super) fn default_route(family: Family) -> Option<DefaultRoute> {
    match family {
        Family::V4 => parse_route(&fs::read_to_string("/proc/net/route").ok()?),
        Family::V6 => parse_ipv6_route(&fs::read_to_string("/proc/net/ipv6_route").ok()?),
    }
}

/// The hosts file.
pub(super) fn hosts_file() -> PathBuf {
    "/etc/hosts".into()
}

/// Where programs keep the user's data.
#[expect(clippy::unnecessary_wraps, reason = "the same on all platforms")]
pub(super) fn user_data(home: &Path) -> Option<PathBuf> {
    Some(env::var_os("XDG_DATA_HOME").map_or_else(|| home.join(".local/share"), PathBuf::from))
}

/// GNOME's proxy settings, on a desktop.
pub(super) fn desktop_proxies() -> Vec<Setting> {
    if env::var_os("XDG_CURRENT_DESKTOP").is_none() {
        return Vec::new();
    }
    let text = output("gsettings", &["list-recursively", "org.gnome.system.proxy"]);
    parse_gsettings(&text.unwrap_or_default())
}

fn parse_resolv_conf(text: &str) -> Vec<SocketAddr> {
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let server = words.next().filter(|word| *word == "nameserver").and(words.next())?;
        match server.split_once('%') {
            None => Some(SocketAddr::new(server.parse().ok()?, 53)),
            Some((address, interface)) => {
                let IpAddr::V6(address) = address.parse().ok()? else { return None };
                let scope = interface.parse().ok().or_else(|| interface_index(interface))?;
                Some(SocketAddrV6::new(address, 53, 0, scope).into())
            }
        }
    });
    servers.take(RESOLVER_LIMIT).collect()
}

fn interface_index(name: &str) -> Option<u32> {
    if name.contains('/') {
        return None;
    }
    fs::read_to_string(format!("/sys/class/net/{name}/ifindex")).ok()?.trim().parse().ok()
}

fn parse_route(text: &str) -> Option<DefaultRoute> {
    let routes = text.lines().skip(1).filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [interface, destination, gateway, flags, _, _, metric, mask, ..] = columns[..] else {
            return None;
        };
        if u32::from_str_radix(destination, 16).ok()? != 0 || u32::from_str_radix(mask, 16).ok()? != 0 {
            return None;
        }
        if u32::from_str_radix(flags, 16).ok()? & (USABLE | REJECTS) != USABLE {
            return None;
        }
        // the kernel prints the address as a number in the byte order of the machine
        let gateway = Ipv4Addr::from(u32::from_str_radix(gateway, 16).ok()?.to_ne_bytes());
        let gateway = (!gateway.is_unspecified()).then_some(IpAddr::V4(gateway));
        Some((metric.parse::<u32>().ok()?, DefaultRoute { interface: interface.to_owned(), gateway }))
    });
    Some(routes.min_by_key(|(metric, _)| *metric)?.1)
}

fn parse_ipv6_route(text: &str) -> Option<DefaultRoute> {
    let routes = text.lines().filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [destination, length, _, _, gateway, metric, _, _, flags, interface] = columns[..] else {
            return None;
        };
        let number = |text: &str| u32::from_str_radix(text, 16).ok();
        if u128::from_str_radix(destination, 16).ok()? != 0 || number(length)? != 0 {
            return None;
        }
        if number(flags)? & (USABLE | REJECTS) != USABLE || interface == "lo" {
            return None;
        }
        let gateway = Ipv6Addr::from(u128::from_str_radix(gateway, 16).ok()?);
        let gateway = (!gateway.is_unspecified()).then_some(IpAddr::V6(gateway));
        Some((number(metric)?, DefaultRoute { interface: interface.to_owned(), gateway }))
    });
    Some(routes.min_by_key(|(metric, _)| *metric)?.1)
}

/// Lines of `schema key value`; texts in single quotes.
fn parse_gsettings(text: &str) -> Vec<Setting> {
    let value = |schema: &str, key: &str| {
        text.lines().find_map(|line| {
            let rest = line.strip_prefix(schema)?.strip_prefix(' ')?.strip_prefix(key)?.strip_prefix(' ')?;
            Some(rest.trim().trim_matches('\'')).filter(|value| !value.is_empty())
        })
    };
    let setting = |url: String, script| Setting { source: "GNOME".to_owned(), url, script };
    match value("org.gnome.system.proxy", "mode") {
        Some("auto") => {
            let url = value("org.gnome.system.proxy", "autoconfig-url").unwrap_or("http://wpad/wpad.dat");
            vec![setting(url.to_owned(), true)]
        }
        Some("manual") => ["https", "http", "socks"]
            .into_iter()
            .filter_map(|kind| {
                let section = format!("org.gnome.system.proxy.{kind}");
                let host = value(&section, "host")?;
                let port = value(&section, "port").filter(|port| *port != "0")?;
                let scheme = if kind == "socks" { "socks5" } else { "http" };
                Some(setting(format!("{scheme}://{host}:{port}"), false))
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_read_in_their_order() {
        let text = "# x\nsearch example.jp\nnameserver 192.0.2.53\nnameserver\t2001:db8::53\n nameserver fe80::1%7\n\
                    nameserver nonsense\nnameserver 192.0.2.54\n";
        let found: Vec<String> = parse_resolv_conf(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["192.0.2.53:53", "[2001:db8::53]:53", "[fe80::1%7]:53"]);
        assert!(parse_resolv_conf("").is_empty());
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn the_default_route_with_the_least_metric_is_found() {
        let text = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n\
                    wlan0 00000000 010200C0 0003 0 0 600 00000000 0 0 0\n\
                    eth0 00000000 FE0200C0 0003 0 0 100 00000000 0 0 0\n\
                    eth1 00000000 00000000 0203 0 0 1 00000000 0 0 0\n\
                    eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\n";
        let gateway = Some("192.0.2.254".parse().unwrap());
        assert_eq!(parse_route(text), Some(DefaultRoute { interface: "eth0".to_owned(), gateway }));
        assert_eq!(parse_route("Iface\neth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\n"), None);
    }

    #[test]
    fn an_ipv6_route_that_rejects_is_none() {
        let zero = "00000000000000000000000000000000";
        let gateway = "fe800000000000000000000000000001";
        let good = format!("{zero} 00 {zero} 00 {gateway} 00000400 00000002 00000000 00000003 eth0\n");
        let reject = format!("{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200 lo\n");
        let route = parse_ipv6_route(&format!("{reject}{good}")).unwrap();
        assert_eq!(route.interface, "eth0");
        assert_eq!(route.gateway, Some("fe80::1".parse().unwrap()));
        assert_eq!(parse_ipv6_route(&reject), None);
    }

    #[test]
    fn gnome_says_manual_automatic_or_none() {
        let manual = "org.gnome.system.proxy autoconfig-url ''\norg.gnome.system.proxy mode 'manual'\n\
                      org.gnome.system.proxy.http host 'proxy.example'\norg.gnome.system.proxy.http port 8080\n\
                      org.gnome.system.proxy.https host ''\norg.gnome.system.proxy.https port 0\n";
        let found = parse_gsettings(manual);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].url.as_str(), found[0].script), ("http://proxy.example:8080", false));
        let found = parse_gsettings(&manual.replace("'manual'", "'auto'"));
        assert_eq!((found[0].url.as_str(), found[0].script), ("http://wpad/wpad.dat", true));
        assert!(parse_gsettings(&manual.replace("'manual'", "'none'")).is_empty());
    }
}
