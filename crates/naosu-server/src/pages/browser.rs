//! What the page lets its browser tell, and taking it back.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use naosu_core::sentence::sentence;
use serde_json::json;

use super::measure::{is_refused, of_request};
use super::{PageFailure, failed, go_to};
use crate::browser::{LIMIT, Seen, Told};
use crate::casework::latest_evidence;
use crate::desk::Desk;
use crate::reach::Caller;
use crate::wording::Wording;
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/c/{secret}/browser", post(told).layer(DefaultBodyLimit::max(LIMIT)))
        .route("/c/{secret}/browser/time", get(time))
        .route("/c/{secret}/browser/refuse", post(refuse))
}

/// Our time in milliseconds since 1970 UTC, for the device's clock.
async fn time() -> Json<f64> {
    Json(milliseconds())
}

fn milliseconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1000.0)
}

/// Takes what the page sends; answers with the sentences that follow of it.
async fn told(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let w = Wording(file.case.lang());
    if is_refused(&desk, &file) {
        return Ok(StatusCode::CONFLICT.into_response());
    }
    let told = match Told::read(&body, milliseconds()) {
        Ok(told) => told,
        Err(strange) => return Ok((StatusCode::UNPROCESSABLE_ENTITY, format!("{strange}\n")).into_response()),
    };
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let seen = of_request(&headers, caller).with(user_agent, told);
    let evidence = latest_evidence(&file.case);
    let request = evidence.map_or(&file.case.opening().request, |evidence| &evidence.request);
    let said: Vec<String> = seen
        .observations(&desk.tried(request.address.as_deref()), 0.0)
        .iter()
        .map(|one| sentence(desk.knowledge, one, w.0, None))
        .collect();
    desk.measuring.browser_says(file.row.id, seen);
    Ok(Json(json!({ "seen": said })).into_response())
}

/// Takes what the browser said out of what was measured; it is not asked again in this case.
async fn refuse(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let tried = desk.tried(None);
    desk.measuring.browser_says(file.row.id, Seen::refused());
    if let Some(evidence) = latest_evidence(&file.case)
        && file.case.closed().is_none()
    {
        let mut evidence = evidence.clone();
        Seen::refused().join(&mut evidence, &tried);
        // the browser named the device, unless the person had
        evidence.request.device.clone_from(&file.case.opening().request.device);
        desk.keep(file.row.id, evidence).await.map_err(failed(w))?;
    }
    Ok(go_to(&format!("/c/{secret}/progress")))
}
