//! Whether the server is well, and its figures for Prometheus.

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::desk::Desk;

/// How long answers take, in seconds: the upper ends of the histogram's parts.
const SECONDS: [f64; 9] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Answers by route, method and status.
const REQUESTS: &str = "naosu_http_requests_total";
/// Seconds until an answer, by route.
const DURATION: &str = "naosu_http_request_seconds";

/// Where figures are gathered; one per process.
///
/// # Errors
/// When the process gathers figures already; they go on where they were begun.
pub(crate) fn gather() -> anyhow::Result<PrometheusHandle> {
    let builder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Full(DURATION.to_owned()), &SECONDS)?;
    Ok(builder.install_recorder()?)
}

/// `/healthz`: the process answers. `/readyz`: what it needs answers too. `/metrics`: its figures.
pub(crate) fn routes() -> Router<Desk> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(figures))
}

async fn ready(State(desk): State<Desk>) -> (StatusCode, &'static str) {
    if desk.store.answers().await {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
    }
}

async fn figures(State(desk): State<Desk>) -> Response {
    match &desk.figures {
        Some(handle) => {
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render())
                .into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Counts a request by its route, never by its path: a path holds the secret of a link.
pub(crate) async fn count(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let begun = Instant::now();
    let response = next.run(request).await;
    let took = begun.elapsed();
    let status = response.status().as_u16();
    metrics::counter!(REQUESTS, "route" => route.clone(), "method" => method.to_string(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!(DURATION, "route" => route.clone()).record(took.as_secs_f64());
    tracing::info!(%method, route, status, ms = took.as_millis(), "answered");
    response
}
