//! What of TCP differs between platforms.

use std::io;

use tokio::net::TcpSocket;

/// Limits the size of segments, before connecting (`TCP_MAXSEG`).
#[cfg(unix)]
pub(super) fn limit(socket: &TcpSocket, size: u32) -> io::Result<()> {
    socket2::SockRef::from(socket).set_tcp_mss(size)
}

/// Not possible on this platform: the connection keeps its usual segments.
#[cfg(not(unix))]
pub(super) fn limit(_socket: &TcpSocket, _size: u32) -> io::Result<()> {
    Ok(())
}

/// The error codes of a system without that address family (EAFNOSUPPORT).
#[cfg(target_os = "linux")]
pub(super) const FAMILY_MISSING: [i32; 1] = [97];
/// The error codes of a system without that address family (EAFNOSUPPORT).
#[cfg(all(unix, not(target_os = "linux")))]
pub(super) const FAMILY_MISSING: [i32; 1] = [47];
/// The error codes of a system without that address family (WSAEAFNOSUPPORT).
#[cfg(windows)]
pub(super) const FAMILY_MISSING: [i32; 1] = [10047];
