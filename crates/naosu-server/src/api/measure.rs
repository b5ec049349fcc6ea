//! Measuring for a case, and what a browser tells of its device.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use naosu_core::case::Refused;
use naosu_probe::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cases::CasePath;
use super::problem::{Cause, Problem};
use super::reached::Reached;
use super::take::{Body, Password, failed};
use crate::browser;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::measuring::{End, Telling, Wish, Written, milliseconds};
use crate::reach::Caller;
use crate::wording::Wording;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    let browser =
        OpenApiRouter::new().routes(routes!(tell, refuse)).layer(DefaultBodyLimit::max(browser::LIMIT));
    OpenApiRouter::new().routes(routes!(progress, start)).routes(routes!(time)).merge(browser)
}

/// What is to be measured; all of it may be left out where the case has an address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MeasurementWanted {
    /// The mail address, where the case has none.
    #[serde(default)]
    #[schema(max_length = 200, pattern = r"^([A-Za-z0-9._+-]{1,64}@([a-z0-9]{1,20}\.){1,4}[a-z]{2,20})?$")]
    address: String,
    /// The server for incoming mail (IMAP), `HOST[:PORT][/tls|/starttls|/plain]`; the one of before where it is left out.
    #[schema(pattern = r"^([a-z0-9]{1,20}\.){1,4}[a-z]{2,20}(:[1-9][0-9]{0,3})?(/tls|/starttls|/plain)?$")]
    incoming: Option<String>,
    /// The server for outgoing mail (SMTP).
    #[schema(pattern = r"^([a-z0-9]{1,20}\.){1,4}[a-z]{2,20}(:[1-9][0-9]{0,3})?(/tls|/starttls|/plain)?$")]
    outgoing: Option<String>,
    /// The password, for one sign-in over verified connections; it is not kept.
    #[schema(value_type = Option<String>, max_length = 200)]
    password: Option<Password>,
    /// Whether this is another password than the one that was refused.
    #[serde(default)]
    other_password: bool,
    /// Whether what the browser told is not to be used.
    #[serde(default)]
    no_browser: bool,
}

/// How far a measurement is.
#[derive(Debug, Serialize, ToSchema)]
struct MeasurementView {
    state: MeasurementState,
    /// What is being measured.
    running: Vec<RunningView>,
    /// What came out so far, in its order: observations as in `naosu.evidence/1`.
    #[schema(value_type = Vec<Object>)]
    seen: Vec<Value>,
}

/// How a measurement stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MeasurementState {
    /// None was begun of late.
    None,
    /// It goes on.
    Running,
    /// What it saw is in the case.
    Kept,
    /// It broke off.
    Lost,
}

/// Something that is being measured.
#[derive(Debug, Serialize, ToSchema)]
struct RunningView {
    /// The variable.
    variable: String,
    /// The server or thing.
    subject: String,
}

/// How far the measurement of a case is, from this machine.
#[utoipa::path(
    get, path = "/api/v1/cases/{case}/measurement", tag = "evidence", operation_id = "readMeasurement",
    params(CasePath), responses((status = 200, body = MeasurementView))
)]
async fn progress(State(desk): State<Desk>, Reached(file): Reached) -> Json<MeasurementView> {
    Json(view(&desk, file.row.id))
}

fn view(desk: &Desk, case: i64) -> MeasurementView {
    let progress = desk.measuring.job(case).map(|job| job.progress());
    let state = match progress.as_ref().map(|progress| progress.end) {
        None => MeasurementState::None,
        Some(None) => MeasurementState::Running,
        Some(Some(End::Kept)) => MeasurementState::Kept,
        Some(Some(End::Lost)) => MeasurementState::Lost,
    };
    let progress = progress.unwrap_or_default();
    let running = progress.running.into_iter().map(|(variable, subject)| RunningView { variable, subject });
    let seen = progress.seen.iter().filter_map(|seen| serde_json::to_value(seen).ok());
    MeasurementView { state, running: running.collect(), seen: seen.collect() }
}

/// Measure for a case, from this machine; it goes on when this is answered.
///
/// Not taken (409) when the case is over. Where a measurement goes on already, there is nothing to do.
#[utoipa::path(
    post, path = "/api/v1/cases/{case}/measurement", tag = "evidence", operation_id = "startMeasurement",
    params(CasePath), request_body = MeasurementWanted,
    responses((status = 202, body = MeasurementView), (status = 409, description = "Not taken"))
)]
async fn start(
    State(desk): State<Desk>,
    caller: Caller,
    w: Wording,
    headers: HeaderMap,
    Reached(file): Reached,
    Body(wanted): Body<MeasurementWanted>,
) -> Result<Response, Problem> {
    let password = wanted.password.map_or_else(|| Ok(String::new()), |password| password.text(w))?;
    let written = Written {
        address: wanted.address,
        incoming: wanted.incoming,
        outgoing: wanted.outgoing,
        password: Secret::new(password),
        other_password: wanted.other_password,
    };
    let wish = Wish::read(&file, written).map_err(failed(w))?;
    if file.case.closed().is_some() {
        return Err(failed(w)(Failure::Refused(Refused::Over)));
    }
    let seen = desk.browser_before(&file, caller, &headers, wanted.no_browser);
    desk.measure(&file, caller, wish, seen).await.map_err(failed(w))?;
    Ok((StatusCode::ACCEPTED, Json(view(&desk, file.row.id))).into_response())
}

/// The time of this machine.
#[derive(Debug, Serialize, ToSchema)]
struct TimeView {
    /// In milliseconds since 1970 UTC.
    milliseconds: f64,
}

/// The time of this machine, to compare a device's clock with.
#[utoipa::path(
    get, path = "/api/v1/time", tag = "evidence", operation_id = "readTime",
    responses((status = 200, body = TimeView))
)]
async fn time() -> Json<TimeView> {
    Json(TimeView { milliseconds: milliseconds() })
}

/// What a browser tells of its device. It is read strictly; times must be of now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "for the document only; what is read is `browser::Told`")]
struct BrowserTold {
    /// Each: when it asked for `/api/v1/time` by its own clock, the answer, and when that came, in milliseconds.
    #[schema(max_items = 8, nullable = false)]
    samples: Option<Vec<Vec<f64>>>,
    /// The time zone, a name of the IANA database.
    #[schema(max_length = 64, pattern = "^[A-Za-z0-9/_+-]+$")]
    zone: Option<String>,
    /// Its languages, the preferred one first.
    #[schema(max_items = 8, nullable = false)]
    languages: Option<Vec<String>>,
    #[schema(nullable = false)]
    hints: Option<HintsTold>,
    /// Whether it reached a page outside.
    outside: Option<bool>,
    /// Whether it reached the provider's web.
    web: Option<bool>,
}

/// What it says of its system beside the `User-Agent`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "for the document only; what is read is `browser::Hints`")]
struct HintsTold {
    /// The system's version.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9.]*$")]
    version: Option<String>,
    /// Whether its screen takes more than one finger.
    #[schema(nullable = false)]
    touch: Option<bool>,
}

/// What follows of what a browser told.
#[derive(Debug, Serialize, ToSchema)]
struct BrowserSeen {
    /// Sentences in the case's language; they become part of the next measurement.
    seen: Vec<String>,
}

/// Tell of the device whose browser this is.
///
/// Not taken (409) where the person does not want it to be used.
#[utoipa::path(
    put, path = "/api/v1/cases/{case}/browser", tag = "evidence", operation_id = "tellOfBrowser", params(CasePath),
    request_body = BrowserTold,
    responses((status = 200, body = BrowserSeen), (status = 409, description = "The person does not want it"))
)]
async fn tell(
    State(desk): State<Desk>,
    caller: Caller,
    w: Wording,
    headers: HeaderMap,
    Reached(file): Reached,
    Body(told): Body<Value>,
) -> Result<Json<BrowserSeen>, Problem> {
    let body = Bytes::from(told.to_string());
    match desk.browser_tells(&file, caller, &headers, &body, Wording(file.case.lang())) {
        Telling::Taken(seen) => Ok(Json(BrowserSeen { seen })),
        Telling::Refused => Err(Problem::of(Cause::Unwanted, w)),
        Telling::Strange(strange) => Err(Problem::of(Cause::Invalid(strange.to_string()), w)),
    }
}

/// Take what the browser told out of what was measured; it is not used again in this case.
#[utoipa::path(
    delete, path = "/api/v1/cases/{case}/browser", tag = "evidence", operation_id = "refuseBrowser", params(CasePath),
    responses((status = 204, description = "It is not used"))
)]
async fn refuse(State(desk): State<Desk>, w: Wording, Reached(file): Reached) -> Result<StatusCode, Problem> {
    desk.refuse_browser(&file).await.map_err(failed(w))?;
    Ok(StatusCode::NO_CONTENT)
}
