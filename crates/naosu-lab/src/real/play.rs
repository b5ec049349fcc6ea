//! The small servers of a world, played by this executable inside a namespace: web sites, mail servers that say what
//! no free server says, a box that opens TLS, and the relay that holds packets back.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::real::hosts;
use crate::real::scenario::{Intercept, Script, Site};

mod held;
mod intercept;
mod relay;
mod script;
mod trusting;
mod web;

pub(crate) use intercept::own as own_port;

/// Where the description of what to play lies.
#[derive(clap::Args)]
pub(crate) struct PlayOptions {
    /// A JSON file written by `real`
    stage: PathBuf,
}

/// What one process plays.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Stage {
    pub(crate) certificates: PathBuf,
    pub(crate) web: Vec<Site>,
    pub(crate) script: Vec<Script>,
    pub(crate) intercept: Option<Intercept>,
    /// Connections that stay open, as [`crate::real::scenario::Client::held`] has them.
    pub(crate) held: Vec<String>,
    /// TUN devices between which packets are held back, and for how long.
    pub(crate) relay: Option<(String, String, u64)>,
}

impl Stage {
    /// Is there nothing to play?
    pub(crate) fn is_empty(&self) -> bool {
        self.web.is_empty()
            && self.script.is_empty()
            && self.intercept.is_none()
            && self.held.is_empty()
            && self.relay.is_none()
    }

    /// The TCP ports that are listened on when all is ready.
    pub(crate) fn ports(&self) -> Vec<u16> {
        let listens =
            self.web.iter().map(|site| &site.listen).chain(self.script.iter().map(|script| &script.listen));
        let port = |listen: &String| listen.rsplit(':').next().and_then(|port| port.parse().ok());
        let intercepted =
            self.intercept.iter().flat_map(|box_| box_.ports.iter().map(|port| intercept::own(*port)));
        listens.filter_map(port).chain(intercepted).collect()
    }
}

/// Plays until the process is ended.
pub(crate) fn play(options: &PlayOptions) -> Result<ExitCode> {
    let text = fs::read_to_string(&options.stage).context("read the stage")?;
    let stage: Stage = serde_json::from_str(&text).context("understand the stage")?;
    if let Some((one, other, delay_ms)) = &stage.relay {
        relay::start(one, other, *delay_ms)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for site in stage.web {
            let tls =
                site.certificate.as_deref().map(|name| acceptor(&stage.certificates, name)).transpose()?;
            for address in hosts::sockets(&site.listen)? {
                let listener = TcpListener::bind(address).await.with_context(|| format!("bind {address}"))?;
                tokio::spawn(web::serve(listener, site.clone(), tls.clone()));
            }
        }
        for script in stage.script {
            let tls = acceptor(&stage.certificates, &script.certificate)?;
            for address in hosts::sockets(&script.listen)? {
                let listener = TcpListener::bind(address).await.with_context(|| format!("bind {address}"))?;
                tokio::spawn(script::serve(listener, script.clone(), tls.clone()));
            }
        }
        if let Some(intercept) = stage.intercept {
            intercept::start(intercept)?;
        }
        for held in stage.held {
            held::hold(&held).await?;
        }
        writeln!(io::stdout().lock(), "ready")?;
        std::future::pending::<Result<ExitCode>>().await
    })
}

fn acceptor(directory: &Path, name: &str) -> Result<tokio_rustls::TlsAcceptor> {
    let file = directory.join(format!("{name}.pem"));
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&file)
        .with_context(|| format!("open {}", file.display()))?
        .collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(directory.join(format!("{name}.key")))?;
    server(chain, key)
}

fn server(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<tokio_rustls::TlsAcceptor> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config).into())
}
