//! macOS: `scutil`, `route` and `/etc/hosts`. Written against their documented output and not yet proven on a Mac;
//! only the parsers are tested.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use super::DefaultRoute;
use super::command::output;
use super::proxy::Setting;
use crate::family::Family;

/// How many resolvers are asked.
const RESOLVER_LIMIT: usize = 3;

/// The name and version of the system.
pub(super) fn system() -> (String, String) {
    let version = output("sw_vers", &["-productVersion"]).unwrap_or_default().trim().to_owned();
    ("macOS".to_owned(), version)
}

/// The resolvers of the default configuration, which `scutil --dns` prints first.
pub(super) fn resolvers() -> Vec<SocketAddr> {
    parse_resolvers(&output("scutil", &["--dns"]).unwrap_or_default())
}

/// The default route.
pub(super) fn default_route(family: Family) -> Option<DefaultRoute> {
    let family = match family {
        Family::V4 => "-inet",
        Family::V6 => "-inet6",
    };
    parse_route(&output("route", &["-n", "get", family, "default"])?)
}

/// The hosts file.
pub(super) fn hosts_file() -> PathBuf {
    "/etc/hosts".into()
}

/// Where Mail keeps its messages.
#[expect(clippy::unnecessary_wraps, reason = "the same on all platforms")]
pub(super) fn user_data(home: &Path) -> Option<PathBuf> {
    Some(home.join("Library"))
}

/// The proxies of the network settings.
pub(super) fn desktop_proxies() -> Vec<Setting> {
    parse_proxies(&output("scutil", &["--proxy"]).unwrap_or_default())
}

fn parse_resolvers(text: &str) -> Vec<SocketAddr> {
    let first = text.split("resolver #").nth(1).unwrap_or_default();
    let servers = first.lines().filter_map(|line| {
        let (name, value) = line.split_once(" : ")?;
        let address: IpAddr = value.trim().parse().ok()?;
        name.trim().starts_with("nameserver[").then_some(SocketAddr::new(address, 53))
    });
    servers.take(RESOLVER_LIMIT).collect()
}

fn parse_route(text: &str) -> Option<DefaultRoute> {
    let value = |name: &str| {
        text.lines().find_map(|line| Some(line.trim().strip_prefix(name)?.strip_prefix(':')?.trim()))
    };
    let gateway = value("gateway").and_then(|gateway| gateway.split('%').next()?.parse().ok());
    Some(DefaultRoute { interface: value("interface")?.to_owned(), gateway })
}

fn parse_proxies(text: &str) -> Vec<Setting> {
    let value = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once(" : ")?;
            (key.trim() == name).then_some(value.trim())
        })
    };
    let setting = |url: String, script| Setting { source: "macOS".to_owned(), url, script };
    let mut found = Vec::new();
    for (kind, scheme) in [("HTTPS", "http"), ("HTTP", "http"), ("SOCKS", "socks5")] {
        if value(&format!("{kind}Enable")) != Some("1") {
            continue;
        }
        let endpoint = value(&format!("{kind}Proxy")).zip(value(&format!("{kind}Port")));
        found.extend(endpoint.map(|(host, port)| setting(format!("{scheme}://{host}:{port}"), false)));
    }
    if value("ProxyAutoConfigEnable") == Some("1") {
        found.extend(value("ProxyAutoConfigURLString").map(|url| setting(url.to_owned(), true)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_configuration_names_the_resolvers() {
        let text = "DNS configuration\n\nresolver #1\n  search domain[0] : lan\n  nameserver[0] : 192.0.2.1\n  \
                    nameserver[1] : 2001:db8::1\n\nresolver #2\n  domain : local\n  nameserver[0] : 192.0.2.9\n";
        let found: Vec<String> = parse_resolvers(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["192.0.2.1:53", "[2001:db8::1]:53"]);
    }

    #[test]
    fn route_and_proxies_are_read() {
        let route =
            "   route to: default\ndestination: default\n    gateway: fe80::1%en0\n  interface: en0\n";
        let found = parse_route(route).unwrap();
        assert_eq!((found.interface.as_str(), found.gateway), ("en0", Some("fe80::1".parse().unwrap())));
        assert_eq!(parse_route(""), None);
        let text = "<dictionary> {\n  HTTPEnable : 0\n  HTTPSEnable : 1\n  HTTPSPort : 8080\n  HTTPSProxy : proxy.example\n  \
                    ProxyAutoConfigEnable : 1\n  ProxyAutoConfigURLString : http://wpad.example/p.pac\n}\n";
        let found = parse_proxies(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].url, "http://proxy.example:8080");
        assert!(found[1].script);
    }
}
