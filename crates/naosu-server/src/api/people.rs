//! Who helps; for administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::manage::RoleView;
use super::problem::{Cause, Problem};
use super::take::{Administrator, Body, Password, Place, failed};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::helpers::{self, Unfit};
use crate::wording::Wording;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(remove)).routes(routes!(change_password))
}

/// Somebody who helps.
#[derive(Debug, Serialize, ToSchema)]
struct HelperView {
    #[schema(minimum = 1)]
    id: i64,
    name: String,
    /// `helper` or `administrator`.
    role: String,
    /// In seconds since 1970 UTC.
    made_at: i64,
}

/// Who helps.
#[utoipa::path(
    get, path = "/api/v1/helpers", tag = "administration", operation_id = "listHelpers", security(("token" = [])),
    responses((status = 200, body = Vec<HelperView>))
)]
async fn list(
    State(desk): State<Desk>,
    w: Wording,
    _: Administrator,
) -> Result<Json<Vec<HelperView>>, Problem> {
    let rows = desk.store.helpers().await.map_err(failed(w))?;
    let helpers = rows.into_iter().map(|row| HelperView {
        id: row.id,
        name: row.name,
        role: row.role,
        made_at: row.made_at,
    });
    Ok(Json(helpers.collect()))
}

/// A helper to be added. Without `Debug`: it holds a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HelperWanted {
    /// The name to sign in with; small and capital letters are the same.
    #[schema(min_length = 1, max_length = 64, pattern = r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    name: String,
    role: RoleView,
    #[schema(value_type = String, min_length = 12, max_length = 200)]
    password: Password,
}

/// Add a helper.
#[utoipa::path(
    post, path = "/api/v1/helpers", tag = "administration", operation_id = "addHelper", security(("token" = [])),
    request_body = HelperWanted,
    responses((status = 201, description = "They can sign in"), (status = 409, description = "Somebody has that name"))
)]
async fn add(
    State(desk): State<Desk>,
    w: Wording,
    _: Administrator,
    Body(wanted): Body<HelperWanted>,
) -> Result<Response, Problem> {
    let password = wanted.password.text(w)?;
    let made = helpers::add(&desk.store, &wanted.name, wanted.role.into(), password).await;
    made.map_err(|error| unfit(error, w))?;
    Ok(StatusCode::CREATED.into_response())
}

/// Remove a helper, end their sessions, and give back the cases they hold.
#[utoipa::path(
    delete, path = "/api/v1/helpers/{id}", tag = "administration", operation_id = "removeHelper",
    security(("token" = [])), params(("id" = i64, Path, minimum = 1)),
    responses((status = 204, description = "They cannot sign in any more"))
)]
async fn remove(
    State(desk): State<Desk>,
    w: Wording,
    _: Administrator,
    Place(id): Place<i64>,
) -> Result<StatusCode, Problem> {
    let name = name(&desk, id, w).await?;
    let removed = desk.store.remove_helper(&name).await.map_err(failed(w))?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::of(Cause::Nothing, w)) }
}

/// Another password. Without `Debug`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordGiven {
    #[schema(value_type = String, min_length = 12, max_length = 200)]
    password: Password,
}

/// Give a helper another password and end their sessions.
#[utoipa::path(
    put, path = "/api/v1/helpers/{id}/password", tag = "administration", operation_id = "changePassword",
    security(("token" = [])), params(("id" = i64, Path, minimum = 1)), request_body = PasswordGiven,
    responses((status = 204, description = "It is changed"))
)]
async fn change_password(
    State(desk): State<Desk>,
    w: Wording,
    _: Administrator,
    Place(id): Place<i64>,
    Body(given): Body<PasswordGiven>,
) -> Result<StatusCode, Problem> {
    let password = given.password.text(w)?;
    let name = name(&desk, id, w).await?;
    let changed = helpers::change_password(&desk.store, &name, password).await;
    changed.map_err(|error| unfit(error, w))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn name(desk: &Desk, id: i64, w: Wording) -> Result<String, Problem> {
    let name = desk.store.helper_name(id).await.map_err(failed(w))?;
    name.ok_or_else(|| Problem::of(Cause::Nothing, w))
}

fn unfit(error: anyhow::Error, w: Wording) -> Problem {
    match error.downcast_ref::<Unfit>() {
        Some(unfit) => Problem::of(Cause::Unfit(*unfit), w),
        None => failed(w)(Failure::Ours(error)),
    }
}
