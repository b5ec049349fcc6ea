//! `naosu serve`: the web page, the helpers' desk and the API.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_core::knowledge::Knowledge;
use naosu_server::{Config, Keeping, serve};

use crate::cli::ServeArguments;

/// Where the database is named, beside the command line.
const DATABASE_URL: &str = "NAOSU_DATABASE_URL";

/// Serves until it is asked to stop.
pub(super) fn run(knowledge: &'static Knowledge, arguments: &ServeArguments) -> Result<ExitCode> {
    let url = arguments.database_url.clone().or_else(|| std::env::var(DATABASE_URL).ok());
    let keeping = match (url, &arguments.data) {
        (Some(url), None) => Keeping::Postgres(url),
        (_, Some(folder)) => Keeping::Folder(folder.clone()),
        (None, None) => Keeping::Folder(crate::store::folder::data()?.join("server")),
    };
    let public_url = arguments.public_url.clone().unwrap_or_else(|| reached_at(arguments.listen));
    let config =
        Config { listen: arguments.listen, keeping, public_url: public_url.trim_end_matches('/').to_owned() };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the server")?;
    runtime.block_on(serve(config, knowledge, |address| {
        // when stderr is gone there is nobody to tell
        drop(std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("Naosu listens on {address}; open {public_url}\n").as_bytes(),
        ));
    }))?;
    Ok(ExitCode::SUCCESS)
}

/// The address at which others in the same network reach this machine.
fn reached_at(listen: SocketAddr) -> String {
    let ip = if listen.ip().is_unspecified() { own_address().unwrap_or(listen.ip()) } else { listen.ip() };
    format!("http://{}", SocketAddr::new(ip, listen.port()))
}

/// The address from which this machine would send; a socket that is only connected sends nothing.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    // TEST-NET-1 (RFC 5737): any address beyond the own network will do
    socket.connect(("192.0.2.1", 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}
