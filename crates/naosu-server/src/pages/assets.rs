//! The files beside the pages: one style sheet, one script that only improves.
//!
//! Their addresses carry a digest of what is in them, so a browser may keep them for ever.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use naosu_papers::guide::STYLE;

use crate::desk::Desk;
use crate::secret_link;

const DESK_STYLE: &str = include_str!("../../assets/desk.css");
const SCRIPT: &str = include_str!("../../assets/naosu.js");
const LIVE: &str = include_str!("../../assets/live.js");
const FOLLOW: &str = include_str!("../../assets/follow.js");
const BROWSER: &str = include_str!("../../assets/browser.js");

static STYLE_PATH: LazyLock<String> = LazyLock::new(|| path(STYLE, "css"));
static DESK_STYLE_PATH: LazyLock<String> = LazyLock::new(|| path(DESK_STYLE, "css"));
static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| path(SCRIPT, "js"));
static LIVE_PATH: LazyLock<String> = LazyLock::new(|| path(LIVE, "js"));
static FOLLOW_PATH: LazyLock<String> = LazyLock::new(|| path(FOLLOW, "js"));
static BROWSER_PATH: LazyLock<String> = LazyLock::new(|| path(BROWSER, "js"));

/// Where the style sheet is.
pub(crate) fn style() -> &'static str {
    &STYLE_PATH
}

/// Where the style sheet of the helpers' pages is; it comes after the other.
pub(crate) fn desk_style() -> &'static str {
    &DESK_STYLE_PATH
}

/// Where the script is.
pub(crate) fn script() -> &'static str {
    &SCRIPT_PATH
}

/// Where the script that shows a measurement as it goes on is.
pub(crate) fn live() -> &'static str {
    &LIVE_PATH
}

/// Where the script is that shows a case anew when it went on.
pub(crate) fn follow() -> &'static str {
    &FOLLOW_PATH
}

/// Where the script is that tells of the browser.
pub(crate) fn browser() -> &'static str {
    &BROWSER_PATH
}

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/assets/{name}", get(asset))
        // the place where what is linked from elsewhere finds the style sheet of the day
        .route("/style.css", get(async || file("text/css; charset=utf-8", STYLE, "public, max-age=3600")))
}

async fn asset(Path(name): Path<String>) -> Response {
    const FOR_EVER: &str = "public, max-age=31536000, immutable";
    match format!("/assets/{name}") {
        path if path == *STYLE_PATH => file("text/css; charset=utf-8", STYLE, FOR_EVER),
        path if path == *DESK_STYLE_PATH => file("text/css; charset=utf-8", DESK_STYLE, FOR_EVER),
        path if path == *LIVE_PATH => file("text/javascript; charset=utf-8", LIVE, FOR_EVER),
        path if path == *FOLLOW_PATH => file("text/javascript; charset=utf-8", FOLLOW, FOR_EVER),
        path if path == *BROWSER_PATH => file("text/javascript; charset=utf-8", BROWSER, FOR_EVER),
        path if path == *SCRIPT_PATH => file("text/javascript; charset=utf-8", SCRIPT, FOR_EVER),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn file(kind: &'static str, text: &'static str, keep: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep)], text).into_response()
}

fn path(text: &str, end: &str) -> String {
    let digest = secret_link::digest(text);
    format!("/assets/naosu.{}.{end}", &digest[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_stays_small_and_nothing_comes_from_elsewhere() {
        assert!(SCRIPT.len() <= 4096, "{} bytes", SCRIPT.len());
        for text in [STYLE, DESK_STYLE, SCRIPT, LIVE, FOLLOW, BROWSER] {
            assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("@import"));
        }
        assert_ne!(style(), script());
    }
}
