//! How far probes may go: which addresses and ports a run may connect to.
//!
//! A command line goes wherever its user says. A server that measures for strangers must not become a way into its own
//! network: there [`Reach::Public`] holds. What is judged is the address of the socket itself, right before it is
//! connected, and no socket is connected without a [`Permitted`]: a name that changes its address between the judgement
//! and the connection, a redirect or a strange way of writing an address can gain nothing.
//!
//! The networks are those of the IANA special-purpose address registries (RFC 6890), and addresses at which cloud
//! machines ask about themselves.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// How far probes may go.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Reach {
    /// Wherever they are sent.
    #[default]
    Everything,
    /// To the ports of mail, web, DNS and NTP on public addresses, and in these networks. Loopback, link-local, multicast
    /// and reserved addresses are out of reach also where these networks have them.
    Public {
        /// The networks of whoever asks.
        own: Vec<Network>,
    },
}

/// A socket address that may be connected to; only [`Reach::permit`] and [`Permitted::configured`] make one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Permitted(SocketAddr);

/// The addresses that begin with the same bits (RFC 4632, RFC 4291 section 2.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is no network.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a network, as in 192.168.1.0/24 or 2001:db8::/32")]
pub struct NoNetwork;

/// The outcome of every variable whose measurement was not allowed.
pub(crate) const NOT_ALLOWED: &str = "not_allowed";

/// Mail (RFC 8314, and 2525 as many providers offer it), web, DNS and NTP.
const PORTS: [u16; 13] = [25, 53, 80, 110, 123, 143, 443, 465, 587, 853, 993, 995, 2525];

/// Never reached, whoever asks: "this network", loopback, link-local with the services for cloud machines (also Azure's,
/// which has a public address), IETF protocols, multicast, reserved, broadcast.
const NEVER_V4: [(Ipv4Addr, u8); 7] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Reached only as one's own network: private use, carriers' address translation, documentation, the former 6to4 relays,
/// benchmarks.
const NOT_PUBLIC_V4: [(Ipv4Addr, u8); 9] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
];

/// Never reached: unspecified, loopback and IPv4-compatible (all in `::/96`), IPv4-mapped, local-use translation, discard,
/// IETF protocols with Teredo, segment routing, link-local, site-local, multicast; Amazon's services for its machines.
const NEVER_V6: [(Ipv6Addr, u8); 10] = [
    (Ipv6Addr::UNSPECIFIED, 96),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
];

/// Documentation within the global unicast addresses.
const NOT_PUBLIC_V6: [(Ipv6Addr, u8); 2] =
    [(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20)];

/// Global unicast (RFC 4291 section 2.4): all that is assigned so far.
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// IPv4 behind a translator (RFC 6052): the last four bytes are the IPv4 address.
const NAT64: (Ipv6Addr, u8) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// IPv4 behind 6to4 (RFC 3056): the second and third group are the IPv4 address.
const SIX_TO_FOUR: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);

impl Reach {
    /// The address as one that may be connected to; nothing where it is out of reach.
    pub fn permit(&self, to: SocketAddr) -> Option<Permitted> {
        let permitted = match self {
            Self::Everything => true,
            Self::Public { own } => {
                PORTS.contains(&to.port())
                    && is_plain(to)
                    && !is_never(to.ip())
                    && (is_public(to.ip()) || own.iter().any(|network| network.has_host(to.ip())))
            }
        };
        permitted.then_some(Permitted(to))
    }
}

impl Permitted {
    /// An address that whoever runs this has set up, such as the system's resolver, and that nobody from outside names.
    pub(crate) fn configured(to: SocketAddr) -> Self {
        Self(to)
    }

    /// The address to connect to.
    pub fn address(self) -> SocketAddr {
        self.0
    }
}

impl Network {
    /// The network of that address; the prefix is a number of bits, at most 32 or 128.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        (prefix <= bits(address)).then_some(Self { address, prefix })
    }

    /// The address it was made of.
    pub fn address(self) -> IpAddr {
        self.address
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same(own.to_bits().into(), other.to_bits().into(), 32, self.prefix)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => same(own.to_bits(), other.to_bits(), 128, self.prefix),
            _ => false,
        }
    }

    /// Whether it is the address of a host in it: not the network itself, nor all of its hosts.
    fn has_host(&self, address: IpAddr) -> bool {
        let (IpAddr::V4(four), 0..=30) = (address, self.prefix) else { return self.contains(address) };
        let hosts = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
        let host = four.to_bits() & hosts;
        self.contains(address) && host != 0 && host != hosts
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (address, prefix) = text.split_once('/').ok_or(NoNetwork)?;
        let address = address.parse().map_err(|_| NoNetwork)?;
        Self::new(address, prefix.parse().map_err(|_| NoNetwork)?).ok_or(NoNetwork)
    }
}

/// Whether anybody in the internet may have that address, so that connecting to it shows nothing of one's own network.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        _ if is_never(address) => false,
        IpAddr::V4(four) => !NOT_PUBLIC_V4.iter().any(|network| within_v4(four, *network)),
        IpAddr::V6(six) => match embedded(six) {
            Some(four) => is_public(four.into()),
            None => {
                within_v6(six, GLOBAL_V6) && !NOT_PUBLIC_V6.iter().any(|network| within_v6(six, *network))
            }
        },
    }
}

/// Whether no network can have a server there that is anybody's business.
fn is_never(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => NEVER_V4.iter().any(|network| within_v4(four, *network)),
        IpAddr::V6(six) => NEVER_V6.iter().any(|network| within_v6(six, *network)),
    }
}

/// The IPv4 address to which a router translates or unpacks an IPv6 one; ISATAP has it in the lower half (RFC 5214
/// section 6.1).
fn embedded(six: Ipv6Addr) -> Option<Ipv4Addr> {
    let [_, one, two, _, mark, isatap, high, low] = six.segments();
    let four = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    if within_v6(six, NAT64) {
        Some(four(high, low))
    } else if within_v6(six, SIX_TO_FOUR) {
        Some(four(one, two))
    } else {
        (matches!(mark, 0 | 0x200) && isatap == 0x5efe).then(|| four(high, low))
    }
}

/// Whether the address names no interface: a zone would choose the link (RFC 4007).
fn is_plain(to: SocketAddr) -> bool {
    match to {
        SocketAddr::V4(_) => true,
        SocketAddr::V6(six) => six.scope_id() == 0,
    }
}

fn within_v4(address: Ipv4Addr, (network, prefix): (Ipv4Addr, u8)) -> bool {
    same(network.to_bits().into(), address.to_bits().into(), 32, prefix)
}

fn within_v6(address: Ipv6Addr, (network, prefix): (Ipv6Addr, u8)) -> bool {
    same(network.to_bits(), address.to_bits(), 128, prefix)
}

/// Whether two addresses of that many bits begin with the same ones.
fn same(one: u128, other: u128, bits: u8, prefix: u8) -> bool {
    (one ^ other).checked_shr((bits - prefix).into()).unwrap_or(0) == 0
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv6() { 128 } else { 32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str, port: u16) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), port)
    }

    fn home() -> Reach {
        let own = ["192.168.1.0/24", "fd12:3456:789a::/64", "2001:db8:1::/64"];
        Reach::Public { own: own.iter().map(|text| text.parse().unwrap()).collect() }
    }

    #[test]
    fn everything_is_everything() {
        for (address, port) in [("127.0.0.1", 22), ("169.254.169.254", 80), ("::1", 6379)] {
            assert_eq!(Reach::default().permit(at(address, port)).unwrap().address(), at(address, port));
        }
    }

    #[test]
    fn public_servers_are_reached_on_the_ports_of_mail_web_dns_and_ntp() {
        let reach = Reach::Public { own: vec![] };
        for address in [
            "9.9.9.9",
            "17.253.144.10",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2620:fe::fe",
            "2a00:1450::1",
            "64:ff9b::909:909",
            "2002:909:909::1",
        ] {
            for port in [25, 53, 80, 110, 123, 143, 443, 465, 587, 853, 993, 995, 2525] {
                assert!(reach.permit(at(address, port)).is_some(), "{address} {port}");
            }
            for port in [0, 21, 22, 23, 445, 2375, 3306, 5223, 5432, 6379, 8080, 9200, 11211, 65535] {
                assert!(reach.permit(at(address, port)).is_none(), "{address} {port}");
            }
        }
    }

    #[test]
    fn addresses_that_are_nobodys_are_out_of_reach_also_at_home() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "169.254.0.1",
            "192.0.0.192",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::9.9.9.9",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:192.168.1.5",
            "::ffff:9.9.9.9",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::c0a8:105",
            "64:ff9b:1::909:909",
            "100::1",
            "2001::1",
            "2001:0:909:909::f5ff:fffe",
            "2001:10::1",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::1",
            "2002:a00:1::1",
            "2400:cb00::5efe:10.0.0.1",
            "2400:cb00::200:5efe:127.0.0.1",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(home().permit(at(address, 443)).is_none(), "{address}");
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        let everywhere = Reach::Public { own: vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()] };
        for address in ["127.0.0.1", "169.254.169.254", "224.0.0.1", "::1", "fe80::1", "::ffff:10.0.0.1"] {
            assert!(everywhere.permit(at(address, 443)).is_none(), "{address}");
        }
    }

    #[test]
    fn private_networks_are_reached_only_by_those_who_live_there() {
        let stranger = Reach::Public { own: vec![] };
        for address in ["192.168.1.5", "fd12:3456:789a::5", "2001:db8:1::5"] {
            assert!(home().permit(at(address, 993)).is_some(), "{address}");
            assert!(home().permit(at(address, 22)).is_none(), "{address}");
            assert!(stranger.permit(at(address, 993)).is_none(), "{address}");
        }
        for address in [
            "10.0.0.1",
            "100.64.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.0",
            "192.168.1.255",
            "192.168.2.5",
            "198.18.0.1",
            "203.0.113.7",
            "fc00::1",
            "fd12:3456:789b::5",
            "2001:db8:2::5",
        ] {
            assert!(home().permit(at(address, 993)).is_none(), "{address}");
        }
    }

    #[test]
    fn a_zone_chooses_no_link() {
        let to: SocketAddr = "[2620:fe::fe%3]:443".parse().unwrap();
        assert!(Reach::Public { own: vec![] }.permit(to).is_none());
    }

    #[test]
    fn networks_are_read_as_they_are_written() {
        for text in ["", "10.0.0.0", "10.0.0.0/33", "::/129", "x/8", "10.0.0.0/-1", "10.0.0.0/8/8"] {
            assert_eq!(text.parse::<Network>(), Err(NoNetwork), "{text}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("203.0.113.9".parse().unwrap()) && !all.contains("::1".parse().unwrap()));
        let one: Network = "10.1.2.3/32".parse().unwrap();
        assert!(one.has_host("10.1.2.3".parse().unwrap()) && !one.contains("10.1.2.2".parse().unwrap()));
    }
}
