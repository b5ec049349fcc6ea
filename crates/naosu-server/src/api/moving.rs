//! A case on another device, by a short code.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cases::CasePath;
use super::problem::{Cause, Problem};
use super::reached::Reached;
use super::take::{Body, failed};
use crate::budget::{Refusal, Why};
use crate::desk::{Desk, now};
use crate::limit::Kind;
use crate::moving::{Moved, VALID};
use crate::reach::Caller;
use crate::wording::Wording;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(make_code)).routes(routes!(use_code))
}

/// A code that was made.
#[derive(Debug, Serialize, ToSchema)]
struct CodeMade {
    /// To be typed on the other device; works once.
    #[schema(pattern = "^[A-Z0-9]{4}-[A-Z0-9]{4}$")]
    code: String,
    /// Until when, in seconds since 1970 UTC.
    until: u64,
}

/// Make a code that opens the case on another device; an earlier one opens nothing any more.
#[utoipa::path(
    post, path = "/api/v1/cases/{case}/code", tag = "cases", operation_id = "makeCode", params(CasePath),
    responses((status = 201, body = CodeMade))
)]
async fn make_code(
    State(desk): State<Desk>,
    w: Wording,
    Reached(file): Reached,
) -> Result<Response, Problem> {
    let code = desk.code(&file).await.map_err(failed(w))?;
    Ok((StatusCode::CREATED, Json(CodeMade { code, until: now() + VALID })).into_response())
}

/// A code that was typed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeGiven {
    /// In small or capital letters, with or without what parts it.
    #[schema(min_length = 1, max_length = 40)]
    code: String,
}

/// A link of another device's own.
#[derive(Debug, Serialize, ToSchema)]
struct LinkMade {
    /// The secret of the link: whoever has it has the case. It cannot be found out later.
    #[schema(pattern = "^[A-Za-z0-9_-]{22}$")]
    secret: String,
    /// The page of the case.
    link: String,
}

/// Open the case of a code on this device.
///
/// A code that is unknown, used or past opens nothing (404).
#[utoipa::path(
    post, path = "/api/v1/codes", tag = "cases", operation_id = "useCode", request_body = CodeGiven,
    responses(
        (status = 201, body = LinkMade, headers(("Location" = String, description = "The case"))),
        (status = 404, description = "It opens nothing")
    )
)]
async fn use_code(
    State(desk): State<Desk>,
    caller: Caller,
    w: Wording,
    Body(given): Body<CodeGiven>,
) -> Result<Response, Problem> {
    if !(1..=40).contains(&given.code.chars().count()) {
        return Err(Problem::of(Cause::Invalid("code: 1 to 40 characters".to_owned()), w));
    }
    desk.may(Kind::Code, caller).map_err(failed(w))?;
    match desk.move_by(&given.code, caller.address()).await.map_err(failed(w))? {
        Moved::To(secret) => {
            let location = format!("/api/v1/cases/{secret}");
            let link = format!("{}/c/{secret}", desk.config.public_url);
            let made = LinkMade { secret, link };
            Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)).into_response())
        }
        Moved::Unknown => Err(Problem::of(Cause::Nothing, w)),
        Moved::TooMany => Err(failed(w)(Refusal { why: Why::TooOften, seconds: VALID })),
    }
}
