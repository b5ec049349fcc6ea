//! The first page: what does the screen say?

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use naosu_core::evidence::Request;
use serde::Deserialize;

use super::{PageFailure, failed, go_to, show};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::limit::Kind;
use crate::reach::Caller;
use crate::wording::{self, Wording};

/// The longest words that are taken, in bytes.
const WORDS_LIMIT: usize = 16 * 1024;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/", get(start)).route("/cases", post(open))
}

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage {
    w: Wording,
}

async fn start(w: Wording) -> Response {
    show(StatusCode::OK, &StartPage { w })
}

/// What the form of the first page sends.
#[derive(Deserialize)]
struct Opened {
    #[serde(default)]
    words: String,
    #[serde(default)]
    address: String,
}

async fn open(
    State(desk): State<Desk>,
    caller: Caller,
    w: Wording,
    Form(form): Form<Opened>,
) -> Result<Response, PageFailure> {
    desk.may(Kind::Case, caller).map_err(failed(w))?;
    if form.words.len() > WORDS_LIMIT {
        return Err(failed(w)(Failure::Mistaken("the words are too long".to_owned())));
    }
    let given = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let request = Request { words: given(form.words), address: given(form.address), ..Request::default() };
    let (_, secret) = desk.open(request, w.0).await.map_err(failed(w))?;
    Ok(go_to(&format!("/c/{secret}")))
}

/// Keeps the person's choice of language and goes back to where they were.
pub(super) async fn language(Path(tag): Path<String>, headers: HeaderMap) -> Response {
    let back = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    // only the path: a foreign address is not followed
    let path = back.and_then(|url| url.split_once("://")?.1.split_once('/')).map_or_else(
        || "/".to_owned(),
        |(_, path)| format!("/{}", path.trim_start_matches(['/', '\\', '\t'])),
    );
    let mut response = go_to(&path);
    if let Some(lang) = wording::of_tag(&tag)
        && let Ok(value) = wording::cookie(lang).parse()
    {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
