//! The server: opened, listening, and stopped without losing what was confirmed.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use naosu_core::knowledge::Knowledge;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

use crate::budget::Budget;
use crate::config::{Certificate, Config};
use crate::desk::Desk;
use crate::helpers::Door;
use crate::pages::guide::Shelf;
use crate::store::Store;
use crate::{api, fence, keeping, pages, vitals, webhooks};

/// The largest request that is read, in bytes; uploads have their own limit.
const BODY_LIMIT: usize = 256 * 1024;

/// How long the first lines of a request may take to come.
const HEADER_TIME: Duration = Duration::from_secs(10);

/// How long a whole request may take; the streams of a measurement come in parts and are not held to it.
const REQUEST_TIME: Duration = Duration::from_mins(1);

/// How long requests that are going on may take to end when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Takes the address that people will connect to; with port 0 the system chooses a free one.
///
/// # Errors
/// When the address is taken or not of this machine.
pub fn listen(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| format!("listen on {address}"))?;
    listener.set_nonblocking(true).context("listen without blocking")?;
    Ok(listener)
}

/// Serves those who connect until the process is asked to stop. `ready` is called once they are answered.
///
/// # Errors
/// When the certificate cannot be read, or what is kept cannot be opened.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    knowledge: &'static Knowledge,
    ready: impl FnOnce() + Send,
) -> Result<()> {
    let store = Store::open(&config.keeping).await?;
    let tls = match &config.certificate {
        Some(certificate) => Some(tls(certificate).await?),
        None => None,
    };
    let budget = Arc::new(Budget::open(&store).await.context("the budget")?);
    let desk = Desk {
        knowledge,
        store,
        guide: Arc::new(Shelf::new(knowledge, &config.public_url)),
        config: Arc::new(config),
        figures: vitals::gather().ok(),
        wrong_codes: Arc::default(),
        door: Door::new().await?,
        counted: Arc::default(),
        budget,
        measuring: Arc::default(),
        news: Arc::default(),
    };
    let _delivering = Beside(tokio::spawn(webhooks::deliver(desk.clone())));
    let _forgetting = Beside(tokio::spawn(keeping::forget(desk.clone())));
    let news = Arc::clone(&desk.news);
    let app = router(desk).into_make_service_with_connect_info::<SocketAddr>();

    let handle = Handle::new();
    let stopping = handle.clone();
    tokio::spawn(async move {
        asked_to_stop().await;
        tracing::info!("asked to stop");
        news.end();
        stopping.graceful_shutdown(Some(LAST_WORDS));
    });
    ready();
    if let Some(tls) = tls {
        let mut server = axum_server::from_tcp_rustls(listener, tls).context("serve")?.handle(handle);
        careful(server.http_builder());
        server.serve(app).await
    } else {
        let mut server = axum_server::from_tcp(listener).context("serve")?.handle(handle);
        careful(server.http_builder());
        server.serve(app).await
    }
    .context("serve")
}

/// A task beside the server that ends with it; what it did not finish is taken up by the next.
struct Beside(tokio::task::JoinHandle<()>);

impl Drop for Beside {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Who sends a request letter by letter is hung up on.
fn careful(builder: &mut Builder<TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEADER_TIME).keep_alive_timeout(HEADER_TIME);
}

/// The certificate and its key.
async fn tls(certificate: &Certificate) -> Result<RustlsConfig> {
    // a second server in the same process finds it installed
    drop(rustls::crypto::ring::default_provider().install_default());
    let name = certificate.chain.display();
    RustlsConfig::from_pem_file(&certificate.chain, &certificate.key)
        .await
        .with_context(|| format!("the certificate {name} and its key"))
}

/// Everything that can be asked for.
fn router(desk: Desk) -> Router {
    Router::new()
        .merge(pages::routes())
        .merge(api::routes(desk.knowledge))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIME))
        .merge(vitals::routes())
        .fallback(pages::missing)
        .layer(middleware::from_fn_with_state(desk.clone(), fence::fence))
        .layer(CompressionLayer::new())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(vitals::count))
        .with_state(desk)
}

/// Until the process gets SIGTERM or Ctrl-C.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
            }
            return;
        }
    }
    // a process that cannot listen for signals is ended by them
    drop(tokio::signal::ctrl_c().await);
}
