//! Relays that hold everything back for half a round trip in each direction.
//!
//! They make a long path out of loopback without root. What they cannot delay is TCP's own handshake, which the kernel
//! finishes before the relay hears of it: over a relay a connection opens at once, everything after it takes its time.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::fault::Reach;
use crate::gate::{Gate, UdpGate};

/// A running relay; it ends when dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    tasks: JoinSet<()>,
}

impl Relay {
    /// Listens for TCP on a port of its own at `target`'s IP address and passes everything on.
    pub async fn tcp(target: SocketAddr, round_trip: Duration) -> io::Result<Self> {
        Ok(Self::over_tcp(Gate::bind(target.ip(), 0, Reach::Open).await?, target, round_trip))
    }

    /// The same for UDP.
    pub async fn udp(target: SocketAddr, round_trip: Duration) -> io::Result<Self> {
        Ok(Self::over_udp(UdpGate::bind(target.ip(), 0, Reach::Open).await?, target, round_trip))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it and waits until its port is free.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }

    pub(crate) fn over_tcp(gate: Gate, target: SocketAddr, round_trip: Duration) -> Self {
        let address = gate.address();
        let mut tasks = JoinSet::new();
        tasks.spawn(gate.run(move |near| async move {
            // A far end that is gone shows as a connection that closes.
            let _ = pass_on(near, target, round_trip / 2).await;
        }));
        Self { address, tasks }
    }

    pub(crate) fn over_udp(gate: UdpGate, target: SocketAddr, round_trip: Duration) -> Self {
        let address = gate.address();
        let mut tasks = JoinSet::new();
        tasks.spawn(gate.run(move |datagram| async move {
            tokio::time::sleep(round_trip / 2).await;
            let answer = ask(target, &datagram).await.ok()?;
            tokio::time::sleep(round_trip / 2).await;
            Some(answer)
        }));
        Self { address, tasks }
    }
}

async fn ask(target: SocketAddr, datagram: &[u8]) -> io::Result<Vec<u8>> {
    let socket = Arc::new(UdpSocket::bind((target.ip(), 0)).await?);
    socket.connect(target).await?;
    socket.send(datagram).await?;
    let mut buffer = vec![0; 4096];
    let length = tokio::time::timeout(Duration::from_secs(30), socket.recv(&mut buffer)).await??;
    buffer.truncate(length);
    Ok(buffer)
}

async fn pass_on(near: TcpStream, target: SocketAddr, hold: Duration) -> io::Result<()> {
    let far = TcpStream::connect(target).await?;
    far.set_nodelay(true)?;
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::try_join!(one_way(near_read, far_write, hold), one_way(far_read, near_write, hold))?;
    Ok(())
}

/// Reads at once and writes each piece `hold` after it came, so that pieces overtake nothing and add no delay up.
async fn one_way<R, W>(mut from: R, mut to: W, hold: Duration) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(256);
    let read = async move {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let length = from.read(&mut buffer).await.unwrap_or(0);
            // An empty piece stands for the end, which travels as slowly as the rest.
            if sender.send((Instant::now() + hold, buffer[..length].to_vec())).await.is_err() || length == 0 {
                return;
            }
        }
    };
    let write = async move {
        while let Some((due, piece)) = receiver.recv().await {
            tokio::time::sleep_until(due).await;
            if piece.is_empty() {
                break;
            }
            to.write_all(&piece).await?;
        }
        to.shutdown().await
    };
    tokio::join!(read, write).1
}
