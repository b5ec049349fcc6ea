//! The API under `/api/v1`, and the document that describes it at `/api/openapi.json`, made from the code that answers.
//!
//! Whoever has the secret of a case's link has the case; helpers and administrators have tokens. Every answer that is no
//! success is a problem ([`problem`]), whoever refuses. Handlers take requests and show what follows; what they do is
//! `casework` and `store`.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use naosu_core::knowledge::Knowledge;
use utoipa_axum::router::OpenApiRouter;

use self::problem::{Cause, Problem};
use crate::desk::Desk;
use crate::wording::Wording;

mod cases;
mod document;
mod evidence;
mod helping;
mod look;
mod manage;
mod measure;
mod moving;
mod papers;
mod people;
mod pictures;
pub(crate) mod problem;
mod reached;
mod shape;
mod statistics;
mod take;

/// The routes of the API.
pub(crate) fn routes(knowledge: &Knowledge) -> Router<Desk> {
    let described = OpenApiRouter::new()
        .merge(cases::routes())
        .merge(measure::routes())
        .merge(moving::routes())
        .merge(papers::routes())
        .merge(helping::routes())
        .merge(statistics::routes())
        .merge(look::routes())
        .merge(pictures::routes())
        .merge(manage::routes())
        .merge(people::routes());
    let (router, openapi) = described.split_for_parts();
    let text = document::document(&openapi, knowledge);
    let document = get(async move || -> Response {
        ([(header::CONTENT_TYPE, "application/json")], text).into_response()
    });
    router
        .route("/api/openapi.json", document)
        .route("/api/{*rest}", axum::routing::any(nothing))
        .method_not_allowed_fallback(no_method)
}

async fn nothing(w: Wording) -> Problem {
    Problem::of(Cause::Nothing, w)
}

async fn no_method(w: Wording) -> Problem {
    Problem::of(Cause::Method, w)
}

/// Whether a value is in a list of the taxonomy; `unknown` always is.
fn known(knowledge: &Knowledge, list: &str, id: &str) -> bool {
    id == "unknown"
        || knowledge.taxonomy.values.get(list).is_some_and(|values| values.iter().any(|value| value == id))
}
