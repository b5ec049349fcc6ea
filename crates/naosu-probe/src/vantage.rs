//! The place the run looks from: what the device's system says about itself.

mod linux;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use linux as platform;

/// The system's resolvers in their order; without any, the one that a system then assumes on itself.
pub fn resolvers() -> Vec<SocketAddr> {
    let found = platform::resolvers();
    if found.is_empty() { vec![(Ipv4Addr::LOCALHOST, 53).into()] } else { found }
}

/// The local address from which the system would send to that address; an error when it has no route. No packet is
/// sent.
pub fn source_towards(address: IpAddr) -> io::Result<IpAddr> {
    let local: SocketAddr = match address {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(local)?;
    socket.connect((address, 9))?;
    Ok(socket.local_addr()?.ip())
}
