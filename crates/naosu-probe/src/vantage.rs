//! The place the run looks from: what the device's system says about itself.
//!
//! [`measure`] records what needs no network and no name; [`record_vpn`] and [`record_hosts`] look with the mail
//! servers in view. What differs between systems is in `linux`, `macos` and `windows`, which have the same functions.

mod command;
mod disk;
mod hosts;
mod proxy;

#[cfg(not(any(target_os = "macos", windows)))]
mod linux;
#[cfg(any(target_os = "macos", test))]
#[cfg_attr(not(target_os = "macos"), expect(dead_code, reason = "compiled for its tests"))]
mod macos;
#[cfg(any(windows, test))]
#[cfg_attr(not(windows), expect(dead_code, reason = "compiled for its tests"))]
mod windows;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use naosu_core::evidence::ObservationId;

pub use self::hosts::record_hosts;
#[cfg(not(any(target_os = "macos", windows)))]
use self::linux as platform;
#[cfg(target_os = "macos")]
use self::macos as platform;
pub use self::proxy::{Proxy, record_proxy_reach};
#[cfg(windows)]
use self::windows as platform;
use crate::family::Family;
use crate::reach::Network;
use crate::recorder::Recorder;

/// What the run needs to know of the device.
#[derive(Clone, Debug, Default)]
pub struct Vantage {
    /// The proxies that are set, each once.
    pub proxies: Vec<Proxy>,
    /// Whether there is a way out over IPv4.
    pub ipv4: bool,
    /// Whether there is a way out over IPv6.
    pub ipv6: bool,
}

/// Where packets to the outside go.
#[derive(Clone, Debug, Eq, PartialEq)]
struct DefaultRoute {
    interface: String,
    gateway: Option<IpAddr>,
}

/// A network interface that is up.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Interface {
    /// As the system names it to people.
    name: String,
    /// Without link-local ones.
    addresses: Vec<IpAddr>,
    /// Whether it is a tunnel: by its name, its description or its kind.
    tunnel: bool,
}

/// Records `system`, `resolver_config`, `route_ipv4`, `route_ipv6`, `proxy`, `disk` and `time_zone`. Needs no network
/// and takes a few milliseconds, with a desktop's settings up to half a second.
pub async fn measure(recorder: &Recorder) -> Vantage {
    let (os, version) = platform::system();
    let mut pending = recorder.start("system", "device", &[]);
    pending.detail("os", os).detail("version", version).detail("architecture", std::env::consts::ARCH);
    pending.finish("recorded");
    record_time_zone(recorder);
    record_resolvers(recorder);
    let ipv4 = record_route(Family::V4, recorder);
    let ipv6 = record_route(Family::V6, recorder);
    disk::record(recorder);
    let proxies = proxy::record(recorder).await;
    Vantage { proxies, ipv4, ipv6 }
}

/// The system's resolvers in their order; without any, the one that a system then assumes on itself.
pub fn resolvers() -> Vec<SocketAddr> {
    let found = platform::resolvers();
    if found.is_empty() { vec![(Ipv4Addr::LOCALHOST, 53).into()] } else { found }
}

/// The local address from which the system would send to that address; an error when it has no route. No packet is
/// sent.
pub fn source_towards(address: IpAddr) -> io::Result<IpAddr> {
    let socket = UdpSocket::bind((Family::of(address).unspecified(), 0))?;
    socket.connect((address, 9))?;
    Ok(socket.local_addr()?.ip())
}

/// The networks that this machine's interfaces are in, without the loopback; and the gateways to the outside.
pub fn networks() -> (Vec<Network>, Vec<IpAddr>) {
    let up = netdev::get_interfaces().into_iter().filter(|one| one.is_up() && !one.is_loopback());
    let networks = up.flat_map(|one| {
        let four = one.ipv4.iter().map(|net| Network::new(net.addr().into(), net.prefix_len()));
        let six = one.ipv6.iter().map(|net| Network::new(net.addr().into(), net.prefix_len()));
        four.chain(six).flatten().collect::<Vec<_>>()
    });
    let gateways = Family::BOTH.into_iter().filter_map(|family| platform::default_route(family)?.gateway);
    (networks.collect(), gateways.collect())
}

/// The interface through which the system would send to that address, policy routing included: the one that has the
/// address it would send from.
pub fn route_interface(address: IpAddr) -> Option<String> {
    interface_towards(&interfaces(), address)
}

/// Records one `vpn` observation for each VPN-like interface that is up, or `none`. `targets` are the addresses of the
/// mail servers: whether the way to them goes through it.
pub fn record_vpn(targets: &[IpAddr], recorder: &Recorder, after: &[ObservationId]) -> Vec<ObservationId> {
    let interfaces = interfaces();
    let outward: Vec<String> =
        Family::BOTH.into_iter().filter_map(|family| interface_outward(&interfaces, family)).collect();
    let targeted: Vec<String> =
        targets.iter().filter_map(|target| interface_towards(&interfaces, *target)).collect();
    let tunnels: Vec<&Interface> = interfaces.iter().filter(|interface| interface.tunnel).collect();
    if tunnels.is_empty() {
        return vec![recorder.start("vpn", "device", after).finish("none")];
    }
    let record = |tunnel: &Interface| {
        let mut pending = recorder.start("vpn", tunnel.name.as_str(), after);
        let addresses: Vec<String> = tunnel.addresses.iter().map(ToString::to_string).collect();
        pending.detail("addresses", addresses.join(", "));
        pending.finish(match () {
            () if outward.contains(&tunnel.name) => "default_route",
            () if targeted.contains(&tunnel.name) => "target_route",
            () => "present",
        })
    };
    tunnels.into_iter().map(record).collect()
}

/// The interface through which everything goes that has no route of its own: addresses far apart leave through it.
fn interface_outward(interfaces: &[Interface], family: Family) -> Option<String> {
    let [one, other] = far_apart(family).map(|address| interface_towards(interfaces, address));
    one.filter(|one| other.as_ref() == Some(one))
}

/// Two public addresses, one in each half of the address space, for VPN software replaces a default route by routes for
/// both halves. Nothing is ever sent there.
fn far_apart(family: Family) -> [IpAddr; 2] {
    match family {
        Family::V4 => [Ipv4Addr::new(44, 31, 27, 1).into(), Ipv4Addr::new(193, 0, 14, 1).into()],
        Family::V6 => {
            let [one, other] = [0x2400, 0x3ffe].map(|first| Ipv6Addr::new(first, 0x3100, 0, 0, 0, 0, 0, 1));
            [one.into(), other.into()]
        }
    }
}

fn interface_towards(interfaces: &[Interface], address: IpAddr) -> Option<String> {
    let source = source_towards(address).ok()?;
    let has = |interface: &&Interface| interface.addresses.contains(&source);
    Some(interfaces.iter().find(has)?.name.clone())
}

fn record_time_zone(recorder: &Recorder) {
    let zone = jiff::tz::TimeZone::system();
    let offset = zone.to_offset(jiff::Timestamp::now());
    let mut pending = recorder.start("time_zone", "device", &[]);
    let name = zone.iana_name().map_or_else(|| format!("UTC{offset}"), str::to_owned);
    pending.detail("zone", name).detail("offset", offset.to_string());
    pending.finish("recorded");
}

fn record_resolvers(recorder: &Recorder) {
    let servers: Vec<String> = platform::resolvers().iter().map(|server| server.ip().to_string()).collect();
    let mut pending = recorder.start("resolver_config", "device", &[]);
    if servers.is_empty() {
        pending.finish("none");
    } else {
        pending.detail("servers", servers.join(", "));
        pending.finish("present");
    }
}

/// Whether there is a way out.
fn record_route(family: Family, recorder: &Recorder) -> bool {
    let variable = match family {
        Family::V4 => "route_ipv4",
        Family::V6 => "route_ipv6",
    };
    let mut pending = recorder.start(variable, "device", &[]);
    // halves of a default route and policy rules lead out as well
    let route = platform::default_route(family).or_else(|| {
        let interface = interface_outward(&interfaces(), family)?;
        Some(DefaultRoute { interface, gateway: None })
    });
    let Some(route) = route else {
        pending.finish("none");
        return false;
    };
    pending.detail("interface", route.interface);
    if let Some(gateway) = route.gateway {
        pending.detail("gateway", gateway.to_string());
    }
    pending.finish("default");
    true
}

/// The interfaces that are up, without the loopback.
fn interfaces() -> Vec<Interface> {
    let up = netdev::get_interfaces().into_iter().filter(|one| one.is_up() && !one.is_loopback());
    up.filter_map(|one| {
        let usable = |address: &IpAddr| match address {
            IpAddr::V4(four) => !four.is_link_local(),
            IpAddr::V6(six) => !six.is_unicast_link_local(),
        };
        let addresses: Vec<IpAddr> = one.ip_addrs().into_iter().filter(usable).collect();
        // macOS keeps tunnels without an address of their own for its services
        if addresses.is_empty() {
            return None;
        }
        let name = one.friendly_name.clone().unwrap_or_else(|| one.name.clone());
        let description = one.description.clone().unwrap_or_default();
        let tunnel = one.is_point_to_point()
            || one.is_tun()
            || [&name, &one.name, &description].into_iter().any(|text| names_tunnel(text));
        Some(Interface { name, addresses, tunnel })
    })
    .collect()
}

/// Whether a name or a description is one that VPN software gives its interfaces.
fn names_tunnel(text: &str) -> bool {
    const BEGINNINGS: [&str; 11] =
        ["tun", "tap", "wg", "utun", "ppp", "ipsec", "tailscale", "nordlynx", "proton", "cscotun", "gpd"];
    const PARTS: [&str; 7] =
        ["vpn", "wireguard", "zerotier", "tailscale", "anyconnect", "globalprotect", "tap-windows"];
    let text = text.to_ascii_lowercase();
    let begins = |beginning: &&str| {
        text.strip_prefix(*beginning).is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphabetic()))
    };
    // ZeroTier: "zt" and a part of the network's number
    let zerotier =
        text.len() >= 10 && text.starts_with("zt") && text.bytes().all(|b| b.is_ascii_alphanumeric());
    zerotier || BEGINNINGS.iter().any(begins) || PARTS.iter().any(|part| text.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_device_is_described_once() {
        let recorder = Recorder::default();
        measure(&recorder).await;
        record_vpn(&["127.0.0.1".parse().unwrap()], &recorder, &[]);
        let seen = recorder.observations();
        for variable in ["system", "resolver_config", "route_ipv4", "route_ipv6", "disk", "time_zone"] {
            assert_eq!(seen.iter().filter(|seen| seen.variable == variable).count(), 1, "{variable}");
        }
        assert!(seen.iter().any(|seen| seen.variable == "proxy"));
        assert!(seen.iter().any(|seen| seen.variable == "vpn"));
        let system = seen.iter().find(|seen| seen.variable == "system").unwrap();
        assert!(!system.text("os").unwrap().is_empty());
    }

    #[test]
    fn loopback_is_reached_from_loopback() {
        assert_eq!(source_towards("127.0.0.1".parse().unwrap()).unwrap(), Ipv4Addr::LOCALHOST);
    }

    #[test]
    fn tunnels_are_known_by_their_names() {
        for name in [
            "tun0",
            "utun4",
            "wg0",
            "ppp0",
            "ztabc12345",
            "tailscale0",
            "My VPN",
            "WireGuard Tunnel",
            "wg-home",
        ] {
            assert!(names_tunnel(name), "{name}");
        }
        for name in ["eth0", "en0", "wlan0", "enp0s3", "tunable", "Wi-Fi", "br-1234", "docker0"] {
            assert!(!names_tunnel(name), "{name}");
        }
    }
}
