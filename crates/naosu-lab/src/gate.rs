//! Ports that are open, closed, mute or dead.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use crate::fault::Reach;

/// A bound TCP port.
#[derive(Debug)]
pub(crate) struct Gate {
    address: SocketAddr,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Open(TcpListener),
    /// Bound, so that nobody else gets the port, but not listening.
    Held {
        _socket: TcpSocket,
    },
    /// Listening with a queue of connections that is full and never taken from: the kernel drops what comes next.
    Full {
        _listener: TcpListener,
        _queue: Vec<TcpStream>,
    },
    Mute(TcpListener),
    Reset(TcpListener),
}

impl Gate {
    /// Binds a port of the kernel's choice when `port` is 0.
    ///
    /// Where a loopback address other than `127.0.0.1` does not exist (macOS), `127.0.0.1` is taken instead.
    pub(crate) async fn bind(ip: IpAddr, port: u16, reach: Reach) -> io::Result<Self> {
        let socket = match bound(ip, port) {
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable && ip.is_ipv4() => {
                bound(IpAddr::V4(Ipv4Addr::LOCALHOST), port)?
            }
            other => other?,
        };
        let address = socket.local_addr()?;
        let kind = match reach {
            Reach::Open => Kind::Open(socket.listen(128)?),
            Reach::Refused => Kind::Held { _socket: socket },
            Reach::Reset => Kind::Reset(socket.listen(128)?),
            Reach::Silent => {
                let listener = socket.listen(0)?;
                Kind::Full { _listener: listener, _queue: fill_queue(address).await }
            }
            Reach::Mute => Kind::Mute(socket.listen(128)?),
        };
        Ok(Self { address, kind })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether somebody serves behind it.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.kind, Kind::Open(_))
    }

    /// Serves every connection in a task of its own until dropped; dropping ends the conversations too.
    pub(crate) async fn run<S, F>(self, serve: S)
    where
        S: Fn(TcpStream) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let mut conversations = JoinSet::new();
        match self.kind {
            Kind::Open(listener) => loop {
                let accepted = listener.accept().await;
                while conversations.try_join_next().is_some() {}
                if let Ok((stream, _)) = accepted {
                    // Replies are single small writes: waiting for more would only falsify the times.
                    if stream.set_nodelay(true).is_ok() {
                        conversations.spawn(serve(stream));
                    }
                }
            },
            Kind::Mute(listener) => {
                let mut held = Vec::new();
                loop {
                    if let Ok((stream, _)) = listener.accept().await {
                        held.push(stream);
                    }
                }
            }
            Kind::Reset(listener) => loop {
                if let Ok((stream, _)) = listener.accept().await {
                    // Only the way it ends differs when this fails.
                    let _ = stream.set_zero_linger();
                }
            },
            Kind::Held { .. } | Kind::Full { .. } => std::future::pending().await,
        }
    }
}

/// A bound UDP port.
#[derive(Debug)]
pub(crate) struct UdpGate {
    address: SocketAddr,
    socket: UdpSocket,
    open: bool,
}

impl UdpGate {
    /// As [`Gate::bind`]; a reset is as good as refused, mute as good as silent.
    pub(crate) async fn bind(ip: IpAddr, port: u16, reach: Reach) -> io::Result<Self> {
        let socket = match UdpSocket::bind((ip, port)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable && ip.is_ipv4() => {
                UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).await?
            }
            other => other?,
        };
        let address = socket.local_addr()?;
        if matches!(reach, Reach::Refused | Reach::Reset) {
            // A connected socket keeps the port and hears nobody but its peer: to all others the port is unreachable.
            socket.connect((address.ip(), 9)).await?;
        }
        Ok(Self { address, socket, open: reach == Reach::Open })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether somebody serves behind it.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Answers every datagram in a task of its own until dropped: `answer` gives the datagram to send back, or none.
    pub(crate) async fn run<S, F>(self, answer: S)
    where
        S: Fn(Vec<u8>) -> F,
        F: Future<Output = Option<Vec<u8>>> + Send + 'static,
    {
        if !self.open {
            let _held = self.socket;
            return std::future::pending().await;
        }
        let socket = std::sync::Arc::new(self.socket);
        let mut answers = JoinSet::new();
        let mut buffer = [0; 4096];
        loop {
            let received = socket.recv_from(&mut buffer).await;
            while answers.try_join_next().is_some() {}
            if let Ok((length, peer)) = received {
                let answer = answer(buffer[..length].to_vec());
                let socket = std::sync::Arc::clone(&socket);
                answers.spawn(async move {
                    if let Some(datagram) = answer.await {
                        // A peer that has gone is no matter of ours.
                        let _ = socket.send_to(&datagram, peer).await;
                    }
                });
            }
        }
    }
}

/// Binds the same port for UDP and TCP, as a resolver needs it.
pub(crate) async fn bind_both(ip: IpAddr, reach: Reach) -> io::Result<(UdpGate, Gate)> {
    let mut tries = 0;
    loop {
        let udp = UdpGate::bind(ip, 0, reach).await?;
        match Gate::bind(udp.address().ip(), udp.address().port(), reach).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries < 32 => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

fn bound(ip: IpAddr, port: u16) -> io::Result<TcpSocket> {
    let socket = if ip.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.bind(SocketAddr::new(ip, port))?;
    Ok(socket)
}

/// Connects until the kernel takes no more. On loopback a connection that can open does so at once.
async fn fill_queue(address: SocketAddr) -> Vec<TcpStream> {
    let mut queue = Vec::new();
    while queue.len() < 16 {
        match tokio::time::timeout(Duration::from_millis(60), TcpStream::connect(address)).await {
            Ok(Ok(stream)) => queue.push(stream),
            Ok(Err(_)) | Err(_) => break,
        }
    }
    queue
}
