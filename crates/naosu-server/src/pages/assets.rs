//! The files beside the pages: one style sheet, one script that only improves.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::desk::Desk;

const STYLE: &str = include_str!("../../assets/style.css");

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/style.css", get(async || file("text/css; charset=utf-8", STYLE)))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=3600")], text).into_response()
}
