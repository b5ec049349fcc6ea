//! Linux: `/proc`, `/sys` and `/etc`.

use std::fs;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// How many resolvers the C library uses.
const RESOLVER_LIMIT: usize = 3;

/// The resolvers of `/etc/resolv.conf`.
pub(super) fn resolvers() -> Vec<SocketAddr> {
    parse_resolv_conf(&fs::read_to_string("/etc/resolv.conf").unwrap_or_default())
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
