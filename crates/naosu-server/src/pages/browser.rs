//! What the page lets its browser tell, and taking it back.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use super::{PageFailure, failed, go_to};
use crate::browser::LIMIT;
use crate::desk::Desk;
use crate::measuring::{Telling, milliseconds};
use crate::reach::Caller;
use crate::wording::Wording;

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
    let told = desk.browser_tells(&file, caller, &headers, &body, Wording(file.case.lang()));
    Ok(match told {
        Telling::Taken(said) => Json(json!({ "seen": said })).into_response(),
        Telling::Refused => StatusCode::CONFLICT.into_response(),
        Telling::Strange(strange) => {
            (StatusCode::UNPROCESSABLE_ENTITY, format!("{strange}\n")).into_response()
        }
    })
}

/// Takes what the browser said out of what was measured; it is not asked again in this case.
async fn refuse(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    desk.refuse_browser(&file).await.map_err(failed(w))?;
    Ok(go_to(&format!("/c/{secret}/progress")))
}
