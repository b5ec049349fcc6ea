//! The server: opened, listening, and stopped without losing what was confirmed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use naosu_core::knowledge::Knowledge;
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;

use crate::config::Config;
use crate::desk::Desk;
use crate::store::Store;
use crate::{fence, pages};

/// The largest request that is read, in bytes; uploads have their own limit.
const BODY_LIMIT: usize = 256 * 1024;

/// How long requests that are going on may take to end when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Serves until the process is asked to stop. `ready` is told the address once people can connect.
///
/// # Errors
/// When the address is taken, or what is kept cannot be opened.
pub async fn serve(
    config: Config,
    knowledge: &'static Knowledge,
    ready: impl FnOnce(std::net::SocketAddr),
) -> Result<()> {
    let store = Store::open(&config.keeping).await?;
    let listener =
        TcpListener::bind(config.listen).await.with_context(|| format!("listen on {}", config.listen))?;
    let address = listener.local_addr().context("the address we listen on")?;
    let desk = Desk { knowledge, store, config: Arc::new(config) };
    ready(address);
    let serving =
        axum::serve(listener, router(desk).into_make_service_with_connect_info::<std::net::SocketAddr>());
    let stop = Arc::new(tokio::sync::Notify::new());
    let asked = Arc::clone(&stop);
    let serving = serving.with_graceful_shutdown(async move {
        asked_to_stop().await;
        asked.notify_one();
    });
    tokio::select! {
        ended = serving.into_future() => ended.context("serve"),
        () = async { stop.notified().await; tokio::time::sleep(LAST_WORDS).await } => Ok(()),
    }
}

/// Everything that can be asked for.
fn router(desk: Desk) -> Router {
    Router::new()
        .merge(pages::routes())
        .layer(middleware::from_fn_with_state(desk.clone(), fence::fence))
        .layer(CompressionLayer::new())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
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
