//! The words on a picture of a screen, and the messages that people see most.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Cause, Problem};
use super::shape::{Client, Device, Service};
use super::take::failed;
use crate::desk::Desk;
use crate::limit::Kind;
use crate::pages::messages;
use crate::reach::Caller;
use crate::screen::{self, BYTES_LIMIT};
use crate::wording::{self, Wording};

/// The kinds of pictures that are read.
const KINDS: [&str; 3] = ["image/png", "image/jpeg", "image/webp"];

pub(super) fn routes() -> OpenApiRouter<Desk> {
    let pictures = OpenApiRouter::new().routes(routes!(read)).layer(DefaultBodyLimit::max(BYTES_LIMIT));
    OpenApiRouter::new().routes(routes!(common)).merge(pictures)
}

/// What a picture says.
#[derive(Debug, Serialize, ToSchema)]
struct WordsRead {
    /// The words, line by line; to be looked at by whoever sent it before a case is opened with them.
    words: String,
}

/// Read the words on a picture of a screen; it is not kept.
#[utoipa::path(
    post, path = "/api/v1/pictures", tag = "words", operation_id = "readPicture",
    request_body(
        description = "The file's bytes",
        content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"))
    ),
    responses(
        (status = 200, body = WordsRead),
        (status = 413, description = "Too large: 15 MB, 64 million points"),
        (status = 415, description = "Not a picture of these kinds"),
        (status = 422, description = "No words on it"),
        (status = 501, description = "Nothing that reads pictures is installed"),
        (status = 503, description = "Many pictures are waiting")
    )
)]
async fn read(
    State(desk): State<Desk>,
    caller: Caller,
    request: Request,
) -> Result<Json<WordsRead>, Problem> {
    let w = wording::of(request.headers());
    if !is_picture(request.headers()) {
        return Err(Problem::of(Cause::MediaType(&KINDS), w));
    }
    desk.may(Kind::Upload, caller).map_err(failed(w))?;
    let bytes = Bytes::from_request(request, &desk).await.map_err(|error| match error {
        BytesRejection::FailedToBufferBody(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::of(Cause::TooLarge, w)
        }
        _ => Problem::of(Cause::Malformed("the body was cut off".to_owned()), w),
    })?;
    let words = screen::read(bytes.into()).await.map_err(|error| Problem::of(Cause::NotRead(error), w))?;
    Ok(Json(WordsRead { words }))
}

fn is_picture(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    KINDS.contains(&kind.as_str())
}

/// A message that people see often: what a case is opened with.
#[derive(Debug, Serialize, ToSchema)]
struct CommonMessage {
    /// The message as the device shows it, with "…" where it names a server or an account.
    words: String,
    device: Option<Device>,
    client: Option<Client>,
    service: Option<Service>,
}

/// The messages that people see most, in the language that is asked for with `Accept-Language`.
#[utoipa::path(
    get, path = "/api/v1/knowledge/messages", tag = "knowledge", operation_id = "listMessages",
    responses((status = 200, body = Vec<CommonMessage>))
)]
async fn common(State(desk): State<Desk>, w: Wording) -> Json<Vec<CommonMessage>> {
    let messages = messages::requests(desk.knowledge, w).into_iter().map(|request| CommonMessage {
        words: request.words.unwrap_or_default(),
        device: request.device.map(Device),
        client: request.client.map(Client),
        service: request.service.map(Service),
    });
    Json(messages.collect())
}
