//! Connecting, with what differs between platforms.

use std::io;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;

use crate::reach::Permitted;

/// Why there is no connection.
#[derive(Debug)]
pub(super) struct Failure {
    /// What the system says.
    pub(super) error: io::Error,
    /// Whether somebody on the way said that it is forbidden (ICMP type 3 codes 9, 10 and 13).
    pub(super) prohibited: bool,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self { error, prohibited: false }
    }
}

/// Connects; `mss` limits the size of segments where the platform can do that.
pub(super) async fn connect(to: Permitted, mss: Option<u32>) -> Result<TcpStream, Failure> {
    let address = to.address();
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    if let Some(mss) = mss {
        limit_segments(&socket, mss)?;
    }
    report::begin(&socket, address);
    match socket.connect(&address.into()) {
        Err(error) if !in_progress(&error) => return Err(error.into()),
        _ => {}
    }
    let stream = TcpStream::from_std(socket.into())?;
    stream.writable().await?;
    if let Some(error) = stream.take_error()? {
        let prohibited = report::prohibited(&stream);
        return Err(Failure { error, prohibited });
    }
    report::end(&stream, address);
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(IN_PROGRESS)
}

/// Limits the size of segments, before connecting (`TCP_MAXSEG`).
#[cfg(unix)]
fn limit_segments(socket: &Socket, size: u32) -> io::Result<()> {
    socket.set_tcp_mss(size)
}

/// Not possible on this platform: the connection keeps its usual segments.
#[cfg(not(unix))]
fn limit_segments(_socket: &Socket, _size: u32) -> io::Result<()> {
    Ok(())
}

/// Linux keeps the ICMP message behind an error of connecting (`IP_RECVERR`, from kernel 5.10 on for TCP): IPv4 has one
/// error for a missing host and for a firewall.
#[cfg(target_os = "linux")]
mod report {
    use std::io::IoSliceMut;
    use std::net::SocketAddr;
    use std::os::fd::{AsFd, AsRawFd};

    use nix::sys::socket::sockopt::Ipv4RecvErr;
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
    use socket2::Socket;
    use tokio::net::TcpStream;

    /// The type and the codes of ICMP (RFC 792, RFC 1812 section 5.2.7.1).
    const UNREACHABLE: u8 = 3;
    const PROHIBITED: [u8; 3] = [9, 10, 13];

    pub(super) fn begin(socket: &Socket, address: SocketAddr) {
        set(socket, address, true);
    }

    /// An open connection is to outlive a stray message.
    pub(super) fn end(stream: &TcpStream, address: SocketAddr) {
        set(stream, address, false);
    }

    /// Whether the reported reason is a prohibition.
    pub(super) fn prohibited(stream: &TcpStream) -> bool {
        let (mut data, mut control) = ([0; 128], [0; 512]);
        let mut parts = [IoSliceMut::new(&mut data)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let received = recvmsg::<SockaddrStorage>(stream.as_raw_fd(), &mut parts, Some(&mut control), flags);
        let Ok(messages) = received.as_ref().map_err(|_| ()).and_then(|m| m.cmsgs().map_err(|_| ())) else {
            return false;
        };
        messages.into_iter().any(|message| match message {
            ControlMessageOwned::Ipv4RecvErr(error, _) => {
                error.ee_type == UNREACHABLE && PROHIBITED.contains(&error.ee_code)
            }
            _ => false,
        })
    }

    fn set(socket: &impl AsFd, address: SocketAddr, on: bool) {
        if address.is_ipv4() {
            // without it the connection works as well, only less is known
            let _ = setsockopt(socket, Ipv4RecvErr, &on);
        }
    }
}

/// On other platforms the error code is all there is.
#[cfg(not(target_os = "linux"))]
mod report {
    use std::net::SocketAddr;

    use socket2::Socket;
    use tokio::net::TcpStream;

    pub(super) fn begin(_socket: &Socket, _address: SocketAddr) {}

    pub(super) fn end(_stream: &TcpStream, _address: SocketAddr) {}

    pub(super) fn prohibited(_stream: &TcpStream) -> bool {
        false
    }
}

/// The error code of a connection that has begun (EINPROGRESS).
#[cfg(target_os = "linux")]
const IN_PROGRESS: i32 = 115;
/// The error code of a connection that has begun (EINPROGRESS).
#[cfg(all(unix, not(target_os = "linux")))]
const IN_PROGRESS: i32 = 36;
/// The error code of a connection that has begun (WSAEWOULDBLOCK).
#[cfg(windows)]
const IN_PROGRESS: i32 = 10035;

/// The error codes of a system without that address family (EAFNOSUPPORT).
#[cfg(target_os = "linux")]
pub(super) const FAMILY_MISSING: [i32; 1] = [97];
/// The error codes of a system without that address family (EAFNOSUPPORT).
#[cfg(all(unix, not(target_os = "linux")))]
pub(super) const FAMILY_MISSING: [i32; 1] = [47];
/// The error codes of a system without that address family (WSAEAFNOSUPPORT).
#[cfg(windows)]
pub(super) const FAMILY_MISSING: [i32; 1] = [10047];
