//! The box in the middle: takes TLS connections that the router redirects here, asks the real server over TLS, and
//! answers the client with a certificate made on the spot.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use super::trusting;
use crate::real::certificate::Authority;
use crate::real::scenario::Intercept;

/// The port on which the box takes what was meant for `port`.
pub(crate) fn own(port: u16) -> u16 {
    20_000 + port % 10_000
}

/// Listens on the box's own port for each port it takes.
pub(crate) fn start(intercept: Intercept) -> Result<()> {
    let authority = Arc::new(Authority::root(&intercept.organization, &intercept.issuer)?);
    for port in intercept.ports {
        for any in ["0.0.0.0", "::"] {
            let socket = socket2::Socket::new(
                socket2::Domain::for_address(SocketAddr::new(any.parse()?, own(port))),
                socket2::Type::STREAM,
                None,
            )?;
            if any == "::" {
                socket.set_only_v6(true)?;
            }
            socket.set_nonblocking(true)?;
            socket.bind(&SocketAddr::new(any.parse()?, own(port)).into())?;
            socket.listen(64)?;
            let listener = TcpListener::from_std(socket.into())?;
            tokio::spawn(serve(listener, Arc::clone(&authority)));
        }
    }
    Ok(())
}

async fn serve(listener: TcpListener, authority: Arc<Authority>) {
    while let Ok((stream, _)) = listener.accept().await {
        let authority = Arc::clone(&authority);
        tokio::spawn(async move { connection(stream, &authority).await });
    }
}

async fn connection(stream: TcpStream, authority: &Authority) -> Result<()> {
    let socket = SockRef::from(&stream);
    let original =
        if stream.local_addr()?.is_ipv4() { socket.original_dst_v4() } else { socket.original_dst_v6() };
    let original = original?.as_socket().context("the original address is not an IP address")?;
    let start = tokio_rustls::LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
    let name = start.client_hello().server_name().unwrap_or("unknown.invalid").to_owned();

    let connector = trusting::connector()?;
    let upstream = TcpStream::connect(original).await?;
    let mut upstream = connector.connect(ServerName::try_from(name.clone())?, upstream).await?;

    let (certificate, key) = authority.leaf(&name)?;
    let key = PrivateKeyDer::try_from(key).map_err(|problem| anyhow::anyhow!(problem))?;
    let chain = vec![CertificateDer::from(certificate), authority.certificate.der().clone()];
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    let mut stream = start.into_stream(Arc::new(config)).await?;
    tokio::io::copy_bidirectional(&mut stream, &mut upstream).await?;
    Ok(())
}
