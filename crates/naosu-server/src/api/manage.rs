//! For administrators: tokens of programs, and webhooks.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Cause, Problem};
use super::take::{Administrator, Body, Place, failed};
use crate::desk::{Desk, now};
use crate::helpers::Role;
use crate::store::tokens::TokenRow;
use crate::store::webhooks::WebhookRow;
use crate::tokens::{DAYS_LIMIT, made};
use crate::webhooks;
use crate::wording::Wording;

/// How many tokens and how many webhooks there can be.
const MOST: i64 = 100;

/// The longest name of a token, in characters.
const NAME_LIMIT: usize = 100;

/// The longest URL of a webhook, in characters.
const URL_LIMIT: usize = 500;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(tokens, make_token))
        .routes(routes!(revoke_token))
        .routes(routes!(webhooks_of, make_webhook))
        .routes(routes!(webhook, remove_webhook))
        .routes(routes!(enable_webhook))
}

/// What whoever has a token may do.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RoleView {
    /// See and carry on all cases.
    Helper,
    /// That, and make tokens and webhooks.
    Administrator,
}

impl From<RoleView> for Role {
    fn from(role: RoleView) -> Self {
        match role {
            RoleView::Helper => Self::Helper,
            RoleView::Administrator => Self::Administrator,
        }
    }
}

/// A token, without what opens.
#[derive(Debug, Serialize, ToSchema)]
struct TokenView {
    #[schema(minimum = 1)]
    id: i64,
    name: String,
    role: RoleView,
    /// In seconds since 1970 UTC.
    made_at: i64,
    /// From then on it opens nothing; in seconds since 1970 UTC.
    expires_at: i64,
}

impl From<TokenRow> for TokenView {
    fn from(row: TokenRow) -> Self {
        let role = match Role::of(&row.role) {
            Some(Role::Administrator) => RoleView::Administrator,
            Some(Role::Helper) | None => RoleView::Helper,
        };
        Self { id: row.id, name: row.name, role, made_at: row.made_at, expires_at: row.expires_at }
    }
}

/// The tokens.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "administration", operation_id = "listTokens", security(("token" = [])),
    responses((status = 200, body = Vec<TokenView>))
)]
async fn tokens(
    State(desk): State<Desk>,
    w: Wording,
    _: Administrator,
) -> Result<Json<Vec<TokenView>>, Problem> {
    let rows = desk.store.tokens(MOST).await.map_err(failed(w))?;
    Ok(Json(rows.into_iter().map(Into::into).collect()))
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenWanted {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100, pattern = r"^[^\u0000-\u001f\u007f]+$")]
    name: String,
    role: RoleView,
    /// How long it holds.
    #[serde(default = "ninety")]
    #[schema(minimum = 1, maximum = 366)]
    days: u32,
}

fn ninety() -> u32 {
    90
}

/// A token that was made.
#[derive(Debug, Serialize, ToSchema)]
struct TokenMade {
    /// Goes into `Authorization: Bearer`. It cannot be found out later.
    secret: String,
    token: TokenView,
}

/// Make a token.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "administration", operation_id = "makeToken", security(("token" = [])),
    request_body = TokenWanted,
    responses((status = 201, body = TokenMade), (status = 409, description = "There are 100 already"))
)]
async fn make_token(
    State(desk): State<Desk>,
    w: Wording,
    _: Administrator,
    Body(wanted): Body<TokenWanted>,
) -> Result<Response, Problem> {
    let invalid = |what: &str| Problem::of(Cause::Invalid(what.to_owned()), w);
    let plain = !wanted.name.contains(|c: char| c < ' ' || c == '\u{7f}');
    if !plain || !(1..=NAME_LIMIT).contains(&wanted.name.chars().count()) {
        return Err(invalid("name: 1 to 100 characters in one line"));
    }
    if !(1..=DAYS_LIMIT).contains(&wanted.days) {
        return Err(invalid("days: 1 to 366"));
    }
    let there = desk.store.tokens(MOST).await.map_err(failed(w))?;
    if i64::try_from(there.len()).unwrap_or(MOST) >= MOST {
        return Err(Problem::of(Cause::Full, w));
    }
    let role = wanted.role.into();
    let (secret, row) = made(&desk.store, &wanted.name, role, wanted.days).await.map_err(failed(w))?;
    Ok((StatusCode::CREATED, Json(TokenMade { secret, token: row.into() })).into_response())
}

/// Revoke a token.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "administration", operation_id = "revokeToken",
    security(("token" = [])), params(("id" = i64, Path, minimum = 1)),
    responses((status = 204, description = "It opens nothing any more"))
)]
async fn revoke_token(
    State(desk): State<Desk>,
    w: Wording,
    _: Administrator,
    Place(id): Place<i64>,
) -> Result<StatusCode, Problem> {
    let removed = desk.store.remove_token(id).await.map_err(failed(w))?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::of(Cause::Nothing, w)) }
}

/// What a webhook is told.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
enum WebhookEvent {
    /// A case was opened.
    #[serde(rename = "case.opened")]
    Opened,
    /// It works again.
    #[serde(rename = "case.resolved")]
    Resolved,
    /// Time must pass.
    #[serde(rename = "case.waiting")]
    Waiting,
}

impl WebhookEvent {
    const ALL: [Self; 3] = [Self::Opened, Self::Resolved, Self::Waiting];

    fn name(self) -> &'static str {
        match self {
            Self::Opened => webhooks::EVENTS[0],
            Self::Resolved => webhooks::EVENTS[1],
            Self::Waiting => webhooks::EVENTS[2],
        }
    }
}

/// A webhook, without its key.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookView {
    #[schema(minimum = 1)]
    id: i64,
    url: String,
    events: Vec<WebhookEvent>,
    /// In seconds since 1970 UTC.
    made_at: i64,
    /// Whether it is delivered to; not after 50 failed attempts in a row, until it is enabled again.
    active: bool,
    /// Attempts that failed since the last that did not.
    failures: i64,
    /// When it was last delivered to, or tried; in seconds since 1970 UTC.
    last_at: Option<i64>,
    /// How that ended: `delivered`, the status of the answer, or what went wrong.
    last_end: Option<String>,
}

impl From<WebhookRow> for WebhookView {
    fn from(row: WebhookRow) -> Self {
        let wanted = |event: &WebhookEvent| row.events.split(' ').any(|name| name == event.name());
        Self {
            id: row.id,
            events: WebhookEvent::ALL.into_iter().filter(wanted).collect(),
            url: row.url,
            made_at: row.made_at,
            active: row.active,
            failures: row.failures,
            last_at: row.last_at,
            last_end: row.last_end,
        }
    }
}

/// The webhooks.
#[utoipa::path(
    get, path = "/api/v1/webhooks", tag = "administration", operation_id = "listWebhooks", security(("token" = [])),
    responses((status = 200, body = Vec<WebhookView>))
)]
async fn webhooks_of(
    State(desk): State<Desk>,
    w: Wording,
    _: Administrator,
) -> Result<Json<Vec<WebhookView>>, Problem> {
    let rows = desk.store.webhooks(MOST).await.map_err(failed(w))?;
    Ok(Json(rows.into_iter().map(Into::into).collect()))
}

/// A webhook to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookWanted {
    /// Where messages are sent to, with POST. `https`, or `http` where that is enough; on a public address, unless the
    /// server was started with an open reach. Redirects are not followed.
    #[schema(
        min_length = 8,
        max_length = 500,
        pattern = r"^https?://(([a-z0-9][a-z0-9-]{0,62}\.){0,9}[a-z][a-z0-9-]{0,62}|((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9]))(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?/[A-Za-z0-9/_.=?&~%+-]*$"
    )]
    url: String,
    /// What it is told.
    #[schema(min_items = 1, max_items = 3)]
    events: Vec<WebhookEvent>,
}

/// A webhook that was made.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookMade {
    /// The key that messages are signed with (Standard Webhooks). It cannot be found out later.
    #[schema(pattern = "^whsec_[A-Za-z0-9+/]+=*$")]
    secret: String,
    webhook: WebhookView,
}

/// Make a webhook.
///
/// It is sent a JSON object with `type`, `timestamp` and `data` (numbers and ids of the case; no words, no addresses),
/// signed as Standard Webhooks has it in `webhook-id`, `webhook-timestamp` and `webhook-signature`. A status of 2xx
/// takes the message; else it is sent again, ten times in a day and a half.
#[utoipa::path(
    post, path = "/api/v1/webhooks", tag = "administration", operation_id = "makeWebhook", security(("token" = [])),
    request_body = WebhookWanted,
    responses(
        (status = 201, body = WebhookMade, headers(("Location" = String, description = "The webhook"))),
        (status = 409, description = "There are 100 already")
    )
)]
async fn make_webhook(
    State(desk): State<Desk>,
    w: Wording,
    _: Administrator,
    Body(wanted): Body<WebhookWanted>,
) -> Result<Response, Problem> {
    let invalid = |what: &str| Problem::of(Cause::Invalid(what.to_owned()), w);
    if wanted.url.chars().count() > URL_LIMIT || !is_plain(&wanted.url) {
        return Err(invalid("url: not a web address as the document describes it"));
    }
    if !(1..=3).contains(&wanted.events.len()) {
        return Err(invalid("events: 1 to 3"));
    }
    let there = desk.store.webhooks(MOST).await.map_err(failed(w))?;
    if i64::try_from(there.len()).unwrap_or(MOST) >= MOST {
        return Err(Problem::of(Cause::Full, w));
    }
    let key = webhooks::fresh_key();
    let mut events: Vec<&str> = wanted.events.iter().map(|event| event.name()).collect();
    events.sort_unstable();
    events.dedup();
    let at = i64::try_from(now()).unwrap_or(i64::MAX);
    let row = desk.store.add_webhook(&wanted.url, &key, &events.join(" "), at).await.map_err(failed(w))?;
    let Some(row) = row else { return Err(Problem::of(Cause::Nothing, w)) };
    let location = format!("/api/v1/webhooks/{}", row.id);
    let made = WebhookMade { secret: format!("whsec_{key}"), webhook: row.into() };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)).into_response())
}

/// A webhook.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}", tag = "administration", operation_id = "readWebhook",
    security(("token" = [])), params(("id" = i64, Path, minimum = 1)), responses((status = 200, body = WebhookView))
)]
async fn webhook(
    State(desk): State<Desk>,
    w: Wording,
    _: Administrator,
    Place(id): Place<i64>,
) -> Result<Json<WebhookView>, Problem> {
    let row = desk.store.webhook(id).await.map_err(failed(w))?;
    row.map(|row| Json(row.into())).ok_or_else(|| Problem::of(Cause::Nothing, w))
}

/// Forget a webhook, and what was still to be delivered to it.
#[utoipa::path(
    delete, path = "/api/v1/webhooks/{id}", tag = "administration", operation_id = "removeWebhook",
    security(("token" = [])), params(("id" = i64, Path, minimum = 1)),
    responses((status = 204, description = "It is told nothing any more"))
)]
async fn remove_webhook(
    State(desk): State<Desk>,
    w: Wording,
    _: Administrator,
    Place(id): Place<i64>,
) -> Result<StatusCode, Problem> {
    let removed = desk.store.remove_webhook(id).await.map_err(failed(w))?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::of(Cause::Nothing, w)) }
}

/// Deliver to a webhook again.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/enable", tag = "administration", operation_id = "enableWebhook",
    security(("token" = [])), params(("id" = i64, Path, minimum = 1)), responses((status = 200, body = WebhookView))
)]
async fn enable_webhook(
    State(desk): State<Desk>,
    w: Wording,
    administrator: Administrator,
    Place(id): Place<i64>,
) -> Result<Json<WebhookView>, Problem> {
    desk.store.enable_webhook(id).await.map_err(failed(w))?;
    webhook(State(desk), w, administrator, Place(id)).await
}

/// As the document's pattern says it, written by hand: scheme, host of small letters and digits, port, plain path.
fn is_plain(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return false;
    };
    let Some((authority, path)) = rest.split_once('/') else { return false };
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&label.len()) && !label.starts_with('-') && label.bytes().all(plain)
    };
    let labels: Vec<&str> = host.split('.').collect();
    // a name that ends in a number is read as an address
    let is_name = labels.len() <= 10
        && labels.iter().all(|text| label(text))
        && labels.last().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()));
    let host_plain = is_name || host.parse::<std::net::Ipv4Addr>().is_ok();
    let port_plain = port.is_none_or(|port| {
        !port.is_empty()
            && !port.starts_with('0')
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok()
    });
    host_plain
        && port_plain
        && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_.=?&-~%+".contains(&byte))
}
