//! One message to one address: checked right before it is connected, no redirects, limited in time and size.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use naosu_probe::reach::Reach;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::config::Policy;

/// How long an attempt may take in all.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long one address may take to be connected.
const CONNECT: Duration = Duration::from_secs(5);

/// How much of an answer is read; nothing in it counts but its status.
const ANSWER_LIMIT: usize = 16 * 1024;

/// How many addresses of a name are tried.
const ADDRESSES: usize = 4;

/// A message with what proves where it is from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'a> {
    pub(super) message: &'a str,
    /// When it was signed, in seconds since 1970 UTC.
    pub(super) at: u64,
    pub(super) signature: &'a str,
    pub(super) payload: &'a str,
}

/// Sends messages; cheap to clone.
#[derive(Clone)]
pub(super) struct Sender {
    connector: TlsConnector,
}

impl Sender {
    /// One that trusts the system's roots.
    pub(super) fn new() -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { connector: TlsConnector::from(Arc::new(config)) }
    }

    /// Sends a message. An answer with a status of 2xx takes it.
    ///
    /// # Errors
    /// In a word why it was not taken, without anything that the receiver said.
    pub(super) async fn send(&self, policy: Policy, url: &Url, signed: &Signed<'_>) -> Result<(), String> {
        let reach = match policy {
            Policy::Open => Reach::Everything,
            Policy::Public => Reach::Public { own: Vec::new() },
        };
        match tokio::time::timeout(PATIENCE, self.exchange(&reach, url, signed)).await {
            Ok(Ok(status)) if status.is_success() => Ok(()),
            Ok(Ok(status)) => Err(status.as_u16().to_string()),
            Ok(Err(word)) => Err(word.to_owned()),
            Err(_) => Err("timeout".to_owned()),
        }
    }

    async fn exchange(
        &self,
        reach: &Reach,
        url: &Url,
        signed: &Signed<'_>,
    ) -> Result<StatusCode, &'static str> {
        let host = url.host().ok_or("no address")?;
        let port = url.port_or_known_default().ok_or("no address")?;
        let stream = connect(reach, &host, port).await?;
        if url.scheme() == "http" {
            return post(stream, url, signed).await;
        }
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.to_owned()).map_err(|_| "no address")?,
            Host::Ipv4(ip) => ServerName::from(std::net::IpAddr::from(ip)),
            Host::Ipv6(ip) => ServerName::from(std::net::IpAddr::from(ip)),
        };
        let stream = self.connector.connect(name, stream).await.map_err(|_| "tls")?;
        post(stream, url, signed).await
    }
}

/// Connects to the first address that answers; each is judged as it is connected, whatever its name was.
async fn connect(reach: &Reach, host: &Host<&str>, port: u16) -> Result<TcpStream, &'static str> {
    let name = match host {
        Host::Domain(name) => (*name).to_owned(),
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    };
    let addresses = lookup_host((name, port)).await.map_err(|_| "name unknown")?;
    let mut end = "name unknown";
    for address in addresses.take(ADDRESSES) {
        let Some(permitted) = reach.permit(address) else {
            end = "not allowed";
            continue;
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "no probe: a delivery, to an address that is permitted"
        )]
        let connecting = TcpStream::connect(permitted.address());
        match tokio::time::timeout(CONNECT, connecting).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(_)) => end = "refused",
            Err(_) => end = "timeout",
        }
    }
    Err(end)
}

async fn post<S>(stream: S, url: &Url, signed: &Signed<'_>) -> Result<StatusCode, &'static str>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|_| "connection")?;
    let driving = tokio::spawn(connection);
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let host = url.port().map_or_else(
        || url.host_str().unwrap_or_default().to_owned(),
        |port| format!("{}:{port}", url.host_str().unwrap_or_default()),
    );
    let request = Request::post(path)
        .header(header::HOST, host)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("naosu/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", signed.message)
        .header("webhook-timestamp", signed.at)
        .header("webhook-signature", signed.signature)
        .body(Full::new(Bytes::copy_from_slice(signed.payload.as_bytes())))
        .map_err(|_| "no address")?;
    let answered = async {
        let response = sender.send_request(request).await.map_err(|_| "connection")?;
        let status = response.status();
        // read so that the receiver is not cut off; that there is too much of it does not matter
        drop(Limited::new(response.into_body(), ANSWER_LIMIT).collect().await);
        Ok(status)
    };
    let status = answered.await;
    driving.abort();
    status
}
