//! The first page: what does the screen say?

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use naosu_core::evidence::Request;
use serde::Deserialize;

use super::{PageFailure, failed, go_to, messages, show};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::limit::Kind;
use crate::measuring::is_address;
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
    /// Nothing was written: the page says so beside the box.
    empty: bool,
    /// The address does not look like one.
    no_address: bool,
    words: String,
    address: String,
}

async fn start(w: Wording) -> Response {
    let page = StartPage { w, empty: false, no_address: false, words: String::new(), address: String::new() };
    show(StatusCode::OK, &page)
}

/// What the forms that open a case send.
#[derive(Deserialize)]
struct Opened {
    #[serde(default)]
    words: String,
    #[serde(default)]
    address: String,
    /// One of the messages of [`messages`].
    #[serde(default)]
    message: String,
    /// Not empty where the person wants to be asked.
    #[serde(default)]
    ask: String,
}

async fn open(
    State(desk): State<Desk>,
    caller: Caller,
    w: Wording,
    Form(form): Form<Opened>,
) -> Result<Response, PageFailure> {
    desk.may(Kind::Case, caller).map_err(failed(w))?;
    let mistaken = |what: &str| failed(w)(Failure::Mistaken(what.to_owned()));
    if form.words.len() > WORDS_LIMIT {
        return Err(mistaken("the words are too long"));
    }
    let request = if form.message.is_empty() {
        let (words, address) = (form.words.trim().to_owned(), form.address.trim().to_owned());
        let empty = words.is_empty() && address.is_empty() && form.ask.is_empty();
        let no_address = !address.is_empty() && !is_address(&address);
        if empty || no_address {
            let page = StartPage { w, empty, no_address, words, address };
            return Ok(show(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        Request { words: given(words), address: given(address), ..Request::default() }
    } else {
        messages::request(desk.knowledge, &form.message, w).ok_or_else(|| mistaken("no such message"))?
    };
    // what can be measured is not asked: whoever gave an address comes to that first
    let first = if request.address.is_some() { "/measure" } else { "" };
    let (_, secret) = desk.open(request, w.0).await.map_err(failed(w))?;
    Ok(go_to(&format!("/c/{secret}{first}")))
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
