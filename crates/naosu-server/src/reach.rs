//! Who calls, and how far probes may go for them.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use naosu_probe::reach::{Network, Reach, is_public};
use naosu_probe::vantage;

use crate::config::Policy;
use crate::desk::Desk;

/// The header in which a proxy says who calls; each proxy on the way adds the address it saw at the end.
const FORWARDED: &str = "x-forwarded-for";

/// Whoever sent a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Caller(IpAddr);

impl Caller {
    /// The caller at that address.
    pub(crate) fn at(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// The address; one of IPv4 that came over IPv6 is one of IPv4.
    pub(crate) fn address(self) -> IpAddr {
        self.0
    }

    /// Whether it is this machine itself.
    pub(crate) fn is_here(self) -> bool {
        self.0.is_loopback()
    }

    /// Who calls: whoever is connected, or whom a proxy nearby names, where one is trusted.
    fn of(peer: IpAddr, forwarded: Option<&str>, trust_proxy: bool) -> Self {
        let peer = peer.to_canonical();
        let named = forwarded.and_then(|list| list.rsplit(',').next()?.trim().parse().ok());
        match named {
            // a proxy stands beside us, and nobody from afar may say that they are somebody else
            Some(named) if trust_proxy && !is_public(peer) => Self::at(named),
            _ => Self(peer),
        }
    }
}

impl FromRequestParts<Desk> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        // without a connection, as in tests, nobody is at home anywhere
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(peer)| peer.ip());
        let mut lines = parts.headers.get_all(FORWARDED).iter();
        let last = lines.next_back().and_then(|value| value.to_str().ok());
        Ok(Self::of(peer, last, desk.config.trust_proxy))
    }
}

/// How far probes may go for a caller.
pub(crate) fn of_caller(policy: Policy, caller: Caller) -> Reach {
    match policy {
        Policy::Open => Reach::Everything,
        Policy::Public => {
            let (networks, gateways) = vantage::networks();
            Reach::Public { own: own(caller, &networks, &gateways) }
        }
    }
}

/// The networks of this machine that the caller is in. An address of this machine itself or of its gateway may stand for
/// anybody: behind it are a proxy, a container's host, a router that translates.
fn own(caller: Caller, networks: &[Network], gateways: &[IpAddr]) -> Vec<Network> {
    let address = caller.address();
    let anybody = address.is_loopback()
        || gateways.contains(&address)
        || networks.iter().any(|network| network.address() == address);
    if anybody {
        return Vec::new();
    }
    networks.iter().copied().filter(|network| network.contains(address)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_proxy_names_the_caller_only_where_it_is_trusted_and_near() {
        let of = |peer, header, trust| Caller::of(address(peer), header, trust).address().to_string();
        assert_eq!(of("203.0.113.7", Some("192.168.1.5"), false), "203.0.113.7");
        assert_eq!(of("9.9.9.9", Some("192.168.1.5"), true), "9.9.9.9");
        assert_eq!(of("127.0.0.1", Some("192.168.1.5, 9.9.9.9"), true), "9.9.9.9");
        assert_eq!(of("::ffff:172.17.0.2", Some("2620:fe::9"), true), "2620:fe::9");
        assert_eq!(of("127.0.0.1", Some("unknown"), true), "127.0.0.1");
        assert_eq!(of("127.0.0.1", None, true), "127.0.0.1");
        assert_eq!(of("::ffff:203.0.113.7", None, false), "203.0.113.7");
    }

    #[test]
    fn whoever_may_be_anybody_is_at_home_nowhere() {
        let networks: Vec<Network> = ["192.168.1.10/24", "fd00:1::10/64", "10.0.0.5/8"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let gateways = [address("192.168.1.1")];
        let count = |text: &str| own(Caller::at(address(text)), &networks, &gateways).len();
        assert_eq!(count("192.168.1.77"), 1);
        assert_eq!(count("fd00:1::77"), 1);
        assert_eq!(count("::ffff:192.168.1.77"), 1);
        for text in ["127.0.0.1", "::1", "192.168.1.1", "192.168.1.10", "9.9.9.9", "192.168.2.77"] {
            assert_eq!(count(text), 0, "{text}");
        }
        assert_eq!(of_caller(Policy::Open, Caller::at(address("9.9.9.9"))), Reach::Everything);
    }
}
