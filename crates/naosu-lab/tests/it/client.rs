//! A small client of lines, plain or encrypted, that knows nothing of naosu.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use naosu_lab::scenario::Scenario;
use naosu_lab::world::{Running, World};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;

pub(crate) const USER: &str = "hanako@example.jp";
pub(crate) const PASSWORD: &str = "sakura-no-hana-7";

/// A world of these lines of a `[process]` section.
pub(crate) async fn world(process: &str) -> Running {
    let text = format!(
        "title = {{ en = \"t\", ja = \"t\" }}\n[expect]\nverdict = \"healthy\"\n[process]\n{process}"
    );
    World::start(&Scenario::load(&text).unwrap()).await.unwrap()
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

pub(crate) struct Client {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) async fn plain(address: SocketAddr) -> Self {
        Self { stream: Box::new(TcpStream::connect(address).await.unwrap()), buffer: Vec::new() }
    }

    pub(crate) async fn tls(world: &Running, endpoint: &str, host: &str) -> Self {
        Self::plain(world.endpoints[endpoint]).await.secured(world, host).await.unwrap()
    }

    /// The handshake, with the world's roots trusted.
    pub(crate) async fn secured(self, world: &Running, host: &str) -> std::io::Result<Self> {
        let mut roots = rustls::RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(world.ca_pem.as_bytes()) {
            roots.add(root.unwrap()).unwrap();
        }
        let config =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, self.stream);
        let stream = within(handshake).await?;
        Ok(Self { stream: Box::new(stream), buffer: Vec::new() })
    }

    /// One line without its end; empty when the server hung up.
    pub(crate) async fn line(&mut self) -> String {
        self.next().await.unwrap_or_default()
    }

    /// One line without its end; none when the server hung up.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if within(self.stream.read_buf(&mut self.buffer)).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// Sends a line and gives the lines of the answer up to the one that `last` accepts.
    pub(crate) async fn ask(&mut self, line: &str, last: impl Fn(&str) -> bool) -> String {
        self.send(line).await;
        let mut answer = String::new();
        while let Some(line) = self.next().await {
            answer.push_str(&line);
            if last(&line) {
                break;
            }
            answer.push('\n');
        }
        answer
    }

    /// An IMAP command with its tag.
    pub(crate) async fn imap(&mut self, command: &str) -> String {
        self.ask(&format!("t1 {command}"), |line| line.starts_with("t1 ") || line.starts_with('+')).await
    }

    /// An SMTP command.
    pub(crate) async fn smtp(&mut self, command: &str) -> String {
        self.ask(command, |line| line.as_bytes().get(3) == Some(&b' ')).await
    }

    pub(crate) async fn send(&mut self, line: &str) {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// How many bytes come before the server hangs up, `limit` at most.
    pub(crate) async fn drain(&mut self, limit: usize) -> usize {
        let mut total = self.buffer.len();
        let mut piece = vec![0; 64 * 1_024];
        while total < limit {
            match within(self.stream.read(&mut piece)).await {
                Ok(length) if length > 0 => total += length,
                _ => break,
            }
        }
        total
    }

    /// Whether nothing at all comes for a while.
    pub(crate) async fn is_mute(&mut self) -> bool {
        let mut byte = [0];
        tokio::time::timeout(Duration::from_millis(80), self.stream.read(&mut byte)).await.is_err()
    }
}

/// Asks over UDP; none when nothing comes for a while or the port is closed.
pub(crate) async fn datagram(address: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
    socket.connect(address).await?;
    socket.send(request).await?;
    let mut buffer = vec![0; 4_096];
    let length = tokio::time::timeout(Duration::from_millis(400), socket.recv(&mut buffer)).await??;
    buffer.truncate(length);
    Ok(buffer)
}

/// A whole HTTP answer.
pub(crate) async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: lab\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    within(stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A generous limit, so that a hang is a failure and not a hang.
async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("the lab hangs")
}
