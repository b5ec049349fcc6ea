//! Who lives where in every world, in the ranges that RFC 5737 and RFC 3849 keep for documentation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context, Result};

/// A machine on the server side: its short name and its two addresses.
pub(crate) struct Host {
    pub(crate) name: &'static str,
    pub(crate) ipv4: Ipv4Addr,
    pub(crate) ipv6: Ipv6Addr,
}

const fn host(name: &'static str, net: u8, last: u8) -> Host {
    let ipv4 = if net == 2 { Ipv4Addr::new(203, 0, 113, last) } else { Ipv4Addr::new(198, 51, 100, last) };
    // the same digits are read in both families: 203.0.113.10 and 2001:db8:2::10
    let last = last as u16;
    let digits = (last / 100) << 8 | (last / 10 % 10) << 4 | (last % 10);
    Host { name, ipv4, ipv6: Ipv6Addr::new(0x2001, 0xdb8, net as u16, 0, 0, 0, 0, digits) }
}

/// All machines on the server side.
pub(crate) const HOSTS: &[Host] = &[
    // the mail provider
    host("mail", 2, 10),
    host("mail_two", 2, 11),
    host("web", 2, 20),
    // the outside world
    host("dns", 3, 53),
    host("second_dns", 3, 54),
    host("connectivity", 3, 80),
    host("portal", 3, 99),
    host("apple", 3, 17),
    host("time", 3, 123),
];

/// The device's addresses and its gateway.
pub(crate) const CLIENT4: &str = "192.0.2.10";
pub(crate) const CLIENT6: &str = "2001:db8:1::10";
pub(crate) const GATEWAY4: &str = "192.0.2.1";
pub(crate) const GATEWAY6: &str = "2001:db8:1::1";

/// The machine of that short name.
pub(crate) fn find(name: &str) -> Result<&'static Host> {
    HOSTS.iter().find(|host| host.name == name).with_context(|| format!("no host is called {name}"))
}

/// `mail:993` as the socket addresses of both families.
pub(crate) fn sockets(listen: &str) -> Result<[SocketAddr; 2]> {
    let (name, port) = listen.split_once(':').with_context(|| format!("no port in {listen}"))?;
    let port: u16 = port.parse().with_context(|| format!("the port of {listen}"))?;
    let host = find(name)?;
    Ok([SocketAddr::new(IpAddr::V4(host.ipv4), port), SocketAddr::new(IpAddr::V6(host.ipv6), port)])
}
