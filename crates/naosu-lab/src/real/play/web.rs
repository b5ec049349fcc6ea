//! Web sites: one request a connection, the answer from the site's routes.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::real::scenario::Site;

/// Answers connections until the process ends.
pub(crate) async fn serve(listener: TcpListener, site: Site, tls: Option<TlsAcceptor>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (site, tls) = (site.clone(), tls.clone());
        tokio::spawn(async move {
            match tls {
                Some(tls) => answer(tls.accept(stream).await?, &site).await,
                None => answer(stream, &site).await,
            }
        });
    }
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, site: &Site) -> Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 || request.len() > 16_384 {
            bail!("no request");
        }
    }
    let text = String::from_utf8_lossy(&request);
    let mut lines = text.lines();
    let target = lines.next().unwrap_or_default().split(' ').nth(1).unwrap_or("/");
    let path = target.split('?').next().unwrap_or("/");
    let host = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("host"))
        .map_or("", |(_, value)| value.trim());
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);

    tokio::time::sleep(Duration::from_millis(site.delay_ms)).await;
    let route = site.routes.iter().find(|route| {
        route.host.as_deref().is_none_or(|wanted| wanted == host)
            && route.path.as_deref().is_none_or(|wanted| wanted == path)
    });
    let (status, headers, body) =
        route.map_or((404, &[][..], "not found\n"), |route| (route.status, &route.headers[..], &route.body));
    let mut head = format!("HTTP/1.1 {status} -\r\nConnection: close\r\n");
    // RFC 9110 section 8.6: no length with 204
    if status != 204 {
        let _ = write!(head, "Content-Length: {}\r\n", body.len());
    }
    for header in headers {
        head += header;
        head += "\r\n";
    }
    head += "\r\n";
    stream.write_all(head.as_bytes()).await?;
    if status != 204 {
        stream.write_all(body.as_bytes()).await?;
    }
    stream.shutdown().await?;
    Ok(())
}
