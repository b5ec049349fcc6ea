//! Connections that other programs of the device keep open.

use anyhow::{Context, Result, bail};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;

use super::trusting;
use crate::real::hosts;
use crate::real::scenario::PASSWORD;

/// Opens the connection and keeps it: port 993 is signed in over IMAP, any other has read its greeting.
pub(crate) async fn hold(listen: &str) -> Result<()> {
    let [address, _] = hosts::sockets(listen)?;
    let stream = TcpStream::connect(address).await.with_context(|| format!("hold {address}"))?;
    if address.port() != 993 {
        let mut stream = BufStream::new(stream);
        answer(&mut stream, "2").await?;
        keep(stream);
        return Ok(());
    }
    let name = ServerName::try_from("imap.example.jp")?;
    let mut stream = BufStream::new(trusting::connector()?.connect(name, stream).await?);
    answer(&mut stream, "* OK").await?;
    stream.write_all(format!("a LOGIN hanako@example.jp {PASSWORD}\r\n").as_bytes()).await?;
    stream.flush().await?;
    answer(&mut stream, "a OK").await?;
    keep(stream);
    Ok(())
}

async fn answer(stream: &mut (impl AsyncBufRead + Unpin), wanted: &str) -> Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            bail!("the held connection was closed");
        }
        if line.starts_with(wanted) {
            return Ok(());
        }
        if !line.starts_with('*') {
            bail!("the held connection was refused: {}", line.trim());
        }
    }
}

fn keep(stream: impl Send + 'static) {
    tokio::spawn(async move {
        let _held = stream;
        std::future::pending::<()>().await;
    });
}
