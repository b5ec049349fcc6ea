//! A picture of the screen, from a file or the camera: its words are read here, and shown before anything is made of them.

use askama::Template;
use axum::Router;
use axum::extract::multipart::{Field, Multipart, MultipartRejection};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::{not_now, show};
use crate::desk::Desk;
use crate::limit::Kind;
use crate::reach::Caller;
use crate::screen::{self, BYTES_LIMIT};
use crate::wording::Wording;

/// What a form adds to its picture, in bytes.
const AROUND: usize = 64 * 1024;
/// The most fields of a form that are looked at.
const FIELDS: usize = 4;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/screenshot", get(form).post(read))
        .layer(DefaultBodyLimit::max(BYTES_LIMIT + AROUND))
}

#[derive(Template)]
#[template(path = "screenshot.html")]
struct ScreenshotPage {
    w: Wording,
    /// What was wrong with the picture before.
    problem: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "read.html")]
struct ReadPage {
    w: Wording,
    words: String,
}

async fn form(w: Wording) -> Response {
    show(StatusCode::OK, &ScreenshotPage { w, problem: None })
}

async fn read(State(desk): State<Desk>, caller: Caller, w: Wording, request: Request) -> Response {
    if let Err(refusal) = desk.may(Kind::Upload, caller) {
        return not_now(refusal, w);
    }
    let words = match Multipart::from_request(request, &()).await {
        Ok(form) => match picture(form).await {
            Ok(Some(picture)) => screen::read(picture).await.map_err(|error| error.told(w)),
            Ok(None) => Err((
                StatusCode::UNPROCESSABLE_ENTITY,
                w.pick("Choose a picture first.", "先に画像を選んでください。"),
            )),
            Err(refused) => Err(refused.said(w)),
        },
        Err(refused) => {
            tracing::debug!(%refused, "no form with a picture");
            return unlike(&refused);
        }
    };
    match words {
        Ok(words) => show(StatusCode::OK, &ReadPage { w, words }),
        Err((status, problem)) => show(status, &ScreenshotPage { w, problem: Some(problem) }),
    }
}

/// Nobody's browser sends this.
fn unlike(refused: &MultipartRejection) -> Response {
    (refused.status(), "not a form with a picture\n").into_response()
}

/// Why no picture came.
enum Refused {
    Large,
    Broken,
}

impl Refused {
    fn said(&self, w: Wording) -> (StatusCode, &'static str) {
        match self {
            Self::Large => (StatusCode::PAYLOAD_TOO_LARGE, screen::too_large(w)),
            Self::Broken => (
                StatusCode::BAD_REQUEST,
                w.pick(
                    "The picture did not arrive whole. Try again.",
                    "画像が途中で切れました。もう一度お試しください。",
                ),
            ),
        }
    }
}

/// The first picture of the form: of two fields, file and camera, one is empty.
async fn picture(mut form: Multipart) -> Result<Option<Vec<u8>>, Refused> {
    for _ in 0..FIELDS {
        let field = form.next_field().await.map_err(|error| refused(error.status()))?;
        let Some(field) = field else { break };
        let bytes = bytes(field).await?;
        if !bytes.is_empty() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// A field's bytes, no more of them than a picture may have.
async fn bytes(mut field: Field<'_>) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::new();
    while let Some(part) = field.chunk().await.map_err(|error| refused(error.status()))? {
        if bytes.len() + part.len() > BYTES_LIMIT {
            return Err(Refused::Large);
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

fn refused(status: StatusCode) -> Refused {
    if status == StatusCode::PAYLOAD_TOO_LARGE { Refused::Large } else { Refused::Broken }
}
