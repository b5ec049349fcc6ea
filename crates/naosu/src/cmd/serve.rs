//! `naosu serve`: the web page, the helpers' desk and the API.

use std::io::{IsTerminal, Write};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_server::{Certificate, Config, Keeping, Policy, Role, listen, make_token, serve};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use tracing_subscriber::EnvFilter;

use crate::cli::{LogFormat, ReachArgument, RoleArgument, ServeArguments};
use crate::language::pick;

/// Where the database is named so that other users of the machine do not see it.
const DATABASE_URL: &str = "NAOSU_DATABASE_URL";

/// Which log lines are written, beside the built-in choice; the syntax is that of `tracing`'s filters.
const LOG: &str = "NAOSU_LOG";

/// Serves until it is asked to stop.
pub(super) fn run(knowledge: &'static Knowledge, arguments: &ServeArguments, lang: Lang) -> Result<ExitCode> {
    log(arguments.log);
    let keeping = keeping(arguments.database_url.as_ref(), arguments.data.as_ref())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the server")?;
    if let Some(name) = &arguments.new_token {
        let role = match arguments.role {
            RoleArgument::Helper => Role::Helper,
            RoleArgument::Administrator => Role::Administrator,
        };
        let token = runtime.block_on(make_token(&keeping, name, role, arguments.days))?;
        super::print(&format!("{token}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let certificate = arguments.tls_cert.clone().zip(arguments.tls_key.clone());
    let certificate = certificate.map(|(chain, key)| Certificate { chain, key });
    let scheme = if certificate.is_some() { "https" } else { "http" };
    let listener = listen(arguments.listen)?;
    // the port is known only now where the system chose it
    let address = listener.local_addr().context("the address we listen on")?;
    let named = arguments.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
    let config = Config {
        keeping,
        public_url: named.unwrap_or_else(|| reached_at(scheme, address)),
        certificate,
        reach: if arguments.reach == ReachArgument::Open { Policy::Open } else { Policy::Public },
        trust_proxy: arguments.trust_proxy,
        keep_days: arguments.keep_days,
        outside: super::order::outside(knowledge, &arguments.outside)?.0,
    };
    let url = config.public_url.clone();
    runtime.block_on(serve(listener, config, knowledge, || {
        // when stderr is gone there is nobody to tell
        drop(std::io::stderr().write_all(greeting(&url, lang).as_bytes()));
    }))?;
    Ok(ExitCode::SUCCESS)
}

/// Where the server keeps its cases: what is said on the command line, then the environment, then the user's own folder.
pub(super) fn keeping(database_url: Option<&String>, data: Option<&PathBuf>) -> Result<Keeping> {
    let url = database_url.cloned().or_else(|| std::env::var(DATABASE_URL).ok());
    Ok(match (url, data) {
        (_, Some(folder)) => Keeping::Folder(folder.clone()),
        (Some(url), None) => Keeping::Postgres(url),
        (None, None) => Keeping::Folder(crate::store::folder::data()?.join("server")),
    })
}

fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_env(LOG).unwrap_or_else(|_| EnvFilter::new("warn,naosu_server=info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().init(),
    }
}

/// The address, and on a terminal as a picture for a phone's camera.
fn greeting(url: &str, lang: Lang) -> String {
    let told = pick(lang, format!("Naosu is ready: {url}\n"), format!("Naosuの準備ができました: {url}\n"));
    let code = QrCode::new(url.as_bytes()).ok().filter(|_| std::io::stderr().is_terminal());
    let Some(code) = code else { return told };
    // light modules are drawn, so that it can be read from a dark terminal too
    let picture = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .quiet_zone(true)
        .build();
    let hint =
        pick(lang, "Open it on a phone in the same network:", "同じネットワークのスマートフォンで開けます:");
    format!("{told}{hint}\n{picture}\n")
}

/// The address at which others in the same network reach this machine.
fn reached_at(scheme: &str, listen: SocketAddr) -> String {
    let ip = if listen.ip().is_unspecified() { own_address().unwrap_or(listen.ip()) } else { listen.ip() };
    format!("{scheme}://{}", SocketAddr::new(ip, listen.port()))
}

/// The address from which this machine would send; a socket that is only connected sends nothing.
fn own_address() -> Option<IpAddr> {
    #[expect(
        clippy::disallowed_methods,
        reason = "no probe: nothing is sent, the system only chooses an address"
    )]
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    // TEST-NET-1 (RFC 5737): any address beyond the own network will do
    socket.connect(("192.0.2.1", 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}
