//! Windows: the adapters, the registry and the hosts file. Written against their documented interfaces and not yet
//! proven on Windows; only the parsers are tested.

use std::env;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use super::DefaultRoute;
use super::command::output;
use super::proxy::Setting;
use crate::family::Family;

/// Where Windows keeps the proxy of the user.
const SETTINGS: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings";

/// How many resolvers are asked.
const RESOLVER_LIMIT: usize = 3;

/// The name and version of the system.
pub(super) fn system() -> (String, String) {
    let system = os_info::get();
    (system.os_type().to_string(), system.version().to_string())
}

/// The resolvers of the adapter with the default route.
pub(super) fn resolvers() -> Vec<SocketAddr> {
    let Ok(adapter) = netdev::get_default_interface() else { return Vec::new() };
    adapter.dns_servers.into_iter().map(|address| SocketAddr::new(address, 53)).take(RESOLVER_LIMIT).collect()
}

/// The adapter with a gateway of that family.
pub(super) fn default_route(family: Family) -> Option<DefaultRoute> {
    let adapter = netdev::get_default_interface().ok()?;
    let gateway = adapter.gateway.as_ref()?;
    let gateway = match family {
        Family::V4 => IpAddr::V4(*gateway.ipv4.first()?),
        Family::V6 => IpAddr::V6(*gateway.ipv6.first()?),
    };
    let interface = adapter.friendly_name.unwrap_or(adapter.name);
    Some(DefaultRoute { interface, gateway: Some(gateway) })
}

/// The hosts file.
pub(super) fn hosts_file() -> PathBuf {
    let root = env::var_os("SystemRoot").map_or_else(|| PathBuf::from(r"C:\Windows"), PathBuf::from);
    root.join(r"System32\drivers\etc\hosts")
}

/// Where mail programs keep their messages.
pub(super) fn user_data(_home: &Path) -> Option<PathBuf> {
    env::var_os("LOCALAPPDATA").map(PathBuf::from)
}

/// The proxy of the user's internet settings.
pub(super) fn desktop_proxies() -> Vec<Setting> {
    parse_proxies(&output("reg", &["query", SETTINGS]).unwrap_or_default())
}

/// Lines of `name  type  value`. The server is one for all, or a list `http=host:port;https=host:port`.
fn parse_proxies(text: &str) -> Vec<Setting> {
    let value = |wanted: &str| {
        text.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next()? == wanted && words.next()?.starts_with("REG_")).then_some(words.next()?)
        })
    };
    let setting = |url: String, script| Setting { source: "Windows".to_owned(), url, script };
    let mut found = Vec::new();
    if value("ProxyEnable") == Some("0x1") {
        for part in value("ProxyServer").unwrap_or_default().split(';').filter(|part| !part.is_empty()) {
            let (kind, server) = part.split_once('=').unwrap_or(("http", part));
            let scheme = if kind.starts_with("socks") { "socks5" } else { "http" };
            let has_scheme = server.contains("://");
            found.push(setting(
                if has_scheme { server.to_owned() } else { format!("{scheme}://{server}") },
                false,
            ));
        }
    }
    found.extend(value("AutoConfigURL").map(|url| setting(url.to_owned(), true)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_a_list_and_a_script_are_read() {
        let text = "\r\nHKEY_CURRENT_USER\\Software\r\n    ProxyEnable    REG_DWORD    0x1\r\n    \
                    ProxyServer    REG_SZ    http=a.example:80;socks=b.example:1080\r\n    \
                    AutoConfigURL    REG_SZ    http://wpad.example/p.pac\r\n";
        let found: Vec<String> = parse_proxies(text).into_iter().map(|setting| setting.url).collect();
        assert_eq!(found, ["http://a.example:80", "socks5://b.example:1080", "http://wpad.example/p.pac"]);
        assert_eq!(parse_proxies(&text.replace("0x1", "0x0")).len(), 1);
        assert_eq!(
            parse_proxies("  ProxyEnable REG_DWORD 0x1\n ProxyServer REG_SZ p:3128\n")[0].url,
            "http://p:3128"
        );
    }
}
