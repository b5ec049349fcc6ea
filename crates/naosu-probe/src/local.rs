//! Small servers on loopback for the tests.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use crate::deadline::Deadline;
use crate::reach::{Permitted, Reach};

/// A TCP server that gives every connection to `serve`.
pub(crate) async fn tcp<F, R>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// A TCP server that reads one request to its empty line, writes these bytes and closes.
pub(crate) async fn saying(bytes: impl Into<Vec<u8>>) -> SocketAddr {
    let bytes = bytes.into();
    tcp(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => request.push(byte),
                    Err(_) => return,
                }
            }
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

/// A UDP server that answers each packet with whatever `answer` makes of it.
pub(crate) async fn udp(answer: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = vec![0; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            for packet in answer(&buffer[..length]) {
                let _ = socket.send_to(&packet, from).await;
            }
        }
    });
    address
}

/// A port on loopback where nothing listens, over TCP or UDP.
pub(crate) async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    listener.local_addr().unwrap()
}

/// An address that a test may connect to.
pub(crate) fn anywhere(address: SocketAddr) -> Permitted {
    Reach::Everything.permit(address).expect("everything is in reach")
}

/// Long enough for anything on loopback.
pub(crate) fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(5))
}
