//! For helpers: all cases, who holds them, what speaks for their causes, and notes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use naosu_core::diagnosis::diagnose;
use naosu_core::evidence::ObservationId;
use naosu_core::intake::terms::terms;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cases::CasePath;
use super::known;
use super::problem::{Cause, Problem};
use super::reached::Reached;
use super::shape::{CaseState, CaseView, Device, Service};
use super::take::{Asked, Body, Helper, failed};
use crate::desk::Desk;
use crate::store::cases::CaseRow;
use crate::store::lists::{Order, Wanted};
use crate::wording::Wording;

/// The longest note, in characters.
const NOTE_LIMIT: usize = 4000;

/// The largest number of a holder, with either sign: every reader of JSON has it exactly.
const MOST_HOLDER: i64 = 9_007_199_254_740_991;

/// Causes less probable than this are not told.
const SHOWN: f64 = 0.01;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(notes, add_note))
        .routes(routes!(take_over))
        .routes(routes!(hand_back))
        .routes(routes!(reasoning))
}

/// How a list is ordered.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OrderView {
    /// What happened last, first.
    #[default]
    Latest,
    /// What waits longest, first.
    Waiting,
    /// Opened last, first.
    Newest,
    /// Opened first, first.
    Oldest,
}

/// Which cases are wanted; what is not given is not asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CasesAsked {
    /// Words that all must be in the person's words.
    #[param(max_length = 200, nullable = false)]
    words: Option<String>,
    #[param(nullable = false)]
    state: Option<CaseState>,
    /// An id of the taxonomy.
    #[param(pattern = "^[a-z0-9_]{1,64}$", nullable = false)]
    cause: Option<String>,
    #[param(nullable = false)]
    device: Option<Device>,
    #[param(nullable = false)]
    service: Option<Service>,
    /// Who holds it: a number as in `holder`; 0 for the token that asks.
    #[param(minimum = -9_007_199_254_740_991_i64, maximum = 9_007_199_254_740_991_i64, nullable = false)]
    holder: Option<i64>,
    /// Opened at this time or later, in seconds since 1970 UTC.
    #[param(minimum = 0, maximum = 253_402_300_799_i64, nullable = false)]
    from: Option<i64>,
    /// Opened before this time.
    #[param(minimum = 0, maximum = 253_402_300_799_i64, nullable = false)]
    until: Option<i64>,
    #[serde(default)]
    #[param(inline)]
    order: OrderView,
    /// `next` of the page before.
    #[param(pattern = "^[0-9]{1,12}-[0-9]{1,18}$", nullable = false)]
    after: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
struct CasesPage {
    /// At most 50.
    cases: Vec<CaseLine>,
    /// Goes into `after` for the next page; nothing where there is none.
    next: Option<String>,
}

/// A case in a list.
#[derive(Debug, Serialize, ToSchema)]
struct CaseLine {
    #[schema(minimum = 1)]
    id: i64,
    state: String,
    lang: String,
    /// In seconds since 1970 UTC.
    opened_at: i64,
    /// In seconds since 1970 UTC.
    last_at: i64,
    /// When a wait ends, in seconds since 1970 UTC.
    due_at: Option<i64>,
    /// Ids of the taxonomy, `unknown` where nothing is known.
    symptom: String,
    cause: String,
    device: String,
    client: String,
    service: String,
    /// Steps that the person took.
    steps: i64,
    /// The number of the helper who took it over; of a program, the number of its token with a minus sign.
    holder: Option<i64>,
    words: String,
}

impl From<CaseRow> for CaseLine {
    fn from(row: CaseRow) -> Self {
        let summary = row.summary;
        Self {
            id: row.id,
            state: summary.state,
            lang: summary.lang,
            opened_at: row.opened_at,
            last_at: row.last_at,
            due_at: summary.due_at,
            symptom: summary.symptom,
            cause: summary.cause,
            device: summary.device,
            client: summary.client,
            service: summary.service,
            steps: summary.steps,
            holder: row.holder,
            words: summary.words,
        }
    }
}

/// Cases, page by page.
#[utoipa::path(
    get, path = "/api/v1/cases", tag = "helping", operation_id = "listCases", security(("token" = [])),
    params(CasesAsked), responses((status = 200, body = CasesPage))
)]
async fn list(
    State(desk): State<Desk>,
    w: Wording,
    Helper(program): Helper,
    Asked(asked): Asked<CasesAsked>,
) -> Result<Json<CasesPage>, Problem> {
    let wrong = |what: &str| Problem::of(Cause::Parameter(what.to_owned()), w);
    let (device, service) = (asked.device.map(|it| it.0), asked.service.map(|it| it.0));
    for (list, id) in [("device", &device), ("service", &service)] {
        if id.as_ref().is_some_and(|id| !known(desk.knowledge, list, id)) {
            return Err(wrong(list));
        }
    }
    let is_id = |id: &String| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        (1..=64).contains(&id.len()) && id.bytes().all(plain)
    };
    let is_holder = |holder: &i64| holder.unsigned_abs() <= MOST_HOLDER.unsigned_abs();
    let is_time = |time: &i64| (0..=253_402_300_799).contains(time);
    if asked.words.as_ref().is_some_and(|words| words.chars().count() > 200) {
        return Err(wrong("words"));
    }
    if !asked.holder.iter().all(is_holder) {
        return Err(wrong("holder"));
    }
    if !asked.cause.iter().all(is_id) || !asked.from.iter().chain(&asked.until).all(is_time) {
        return Err(wrong("cause, from, until"));
    }
    let after = asked.after.as_deref().map(|text| place(text).ok_or_else(|| wrong("after"))).transpose()?;
    let order = match asked.order {
        OrderView::Latest => Order::Latest,
        OrderView::Waiting => Order::Waiting,
        OrderView::Newest => Order::Newest,
        OrderView::Oldest => Order::Oldest,
    };
    let wanted = Wanted {
        terms: asked.words.as_deref().map(terms).unwrap_or_default(),
        state: asked.state.map(|state| state.name().to_owned()),
        cause: asked.cause,
        device,
        service,
        holder: asked.holder.map(|holder| if holder == 0 { program.holder() } else { holder }),
        from: asked.from,
        until: asked.until,
        order,
        after,
    };
    let (rows, more) = desk.store.list(&wanted).await.map_err(failed(w))?;
    let last = rows.last().filter(|_| more);
    let next = last.map(|row| format!("{}-{}", order.time(row), row.id));
    Ok(Json(CasesPage { cases: rows.into_iter().map(Into::into).collect(), next }))
}

/// Time and number of the last case of a page.
fn place(text: &str) -> Option<(i64, i64)> {
    let number = |text: &str, most: usize| {
        let plain = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    let (time, id) = text.split_once('-')?;
    Some((number(time, 12)?, number(id, 18)?))
}

/// A note.
#[derive(Debug, Serialize, ToSchema)]
struct NoteView {
    /// Who wrote it.
    name: String,
    /// In seconds since 1970 UTC.
    at: i64,
    text: String,
}

/// The notes of helpers to a case; the person does not see them.
#[utoipa::path(
    get, path = "/api/v1/cases/{case}/notes", tag = "helping", operation_id = "listNotes", security(("token" = [])),
    params(CasePath),
    responses((status = 200, body = Vec<NoteView>))
)]
async fn notes(
    State(desk): State<Desk>,
    w: Wording,
    _: Helper,
    Reached(file): Reached,
) -> Result<Json<Vec<NoteView>>, Problem> {
    let rows = desk.store.notes(file.row.id).await.map_err(failed(w))?;
    let notes = rows.into_iter().map(|row| NoteView { name: row.name, at: row.at, text: row.text });
    Ok(Json(notes.collect()))
}

/// A note to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoteGiven {
    #[schema(min_length = 1, max_length = 4000, pattern = r"^[^\u0000]+$")]
    text: String,
}

/// Add a note to a case; it bears the name of the token.
#[utoipa::path(
    post, path = "/api/v1/cases/{case}/notes", tag = "helping", operation_id = "addNote", security(("token" = [])),
    params(CasePath), request_body = NoteGiven,
    responses((status = 204, description = "It is kept"))
)]
async fn add_note(
    State(desk): State<Desk>,
    w: Wording,
    Helper(program): Helper,
    Reached(file): Reached,
    Body(given): Body<NoteGiven>,
) -> Result<StatusCode, Problem> {
    if !(1..=NOTE_LIMIT).contains(&given.text.chars().count()) || given.text.contains('\0') {
        return Err(Problem::of(Cause::Invalid("text: 1 to 4000 characters".to_owned()), w));
    }
    desk.note(&file, program.holder(), &program.name, &given.text).await.map_err(failed(w))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take the case over from the person, or from whoever holds it: they see that a helper is with them.
#[utoipa::path(
    post, path = "/api/v1/cases/{case}/take-over", tag = "helping", operation_id = "takeOver",
    security(("token" = [])), params(CasePath), responses((status = 200, body = CaseView))
)]
async fn take_over(
    State(desk): State<Desk>,
    w: Wording,
    Helper(program): Helper,
    Reached(mut file): Reached,
) -> Result<Json<CaseView>, Problem> {
    desk.take_over(&mut file, program.holder()).await.map_err(failed(w))?;
    Ok(Json(CaseView::of(&desk, &file)))
}

/// Hand the case back to the person.
///
/// Not taken (409) when somebody else holds it, or nobody.
#[utoipa::path(
    post, path = "/api/v1/cases/{case}/hand-back", tag = "helping", operation_id = "handBack",
    security(("token" = [])), params(CasePath),
    responses((status = 200, body = CaseView), (status = 409, description = "Not taken"))
)]
async fn hand_back(
    State(desk): State<Desk>,
    w: Wording,
    Helper(program): Helper,
    Reached(mut file): Reached,
) -> Result<Json<CaseView>, Problem> {
    if !desk.hand_back(&mut file, program.holder()).await.map_err(failed(w))? {
        return Err(Problem::of(Cause::NotHeld, w));
    }
    Ok(Json(CaseView::of(&desk, &file)))
}

/// A cause in the light of a case.
#[derive(Debug, Serialize, ToSchema)]
struct Explains {
    /// An id of the taxonomy.
    id: String,
    #[schema(minimum = 0, maximum = 1)]
    p: f64,
    /// Observations of what was measured last that speak for it.
    #[serde(rename = "for")]
    speaks_for: Vec<String>,
    /// Those that speak against it.
    against: Vec<String>,
}

/// The causes in the light of all that was said, measured and tried, the most probable first.
#[utoipa::path(
    get, path = "/api/v1/cases/{case}/causes", tag = "cases", operation_id = "readReasoning", params(CasePath),
    responses((status = 200, body = Vec<Explains>))
)]
async fn reasoning(State(desk): State<Desk>, Reached(file): Reached) -> Json<Vec<Explains>> {
    let diagnosis = file.case.evidence().map(|evidence| diagnose(desk.knowledge, evidence));
    let ids = |ids: &[ObservationId]| ids.iter().map(|id| id.0.clone()).collect();
    let probable = file.case.ranked(desk.knowledge).into_iter().filter(|(_, p)| *p >= SHOWN);
    let explains = probable.map(|(id, p)| {
        let measured = diagnosis.iter().flat_map(|it| &it.causes).find(|cause| cause.id == id);
        Explains {
            id: id.to_owned(),
            p: (p * 1e4).round() / 1e4,
            speaks_for: measured.map(|cause| ids(&cause.evidence_for)).unwrap_or_default(),
            against: measured.map(|cause| ids(&cause.evidence_against)).unwrap_or_default(),
        }
    });
    Json(explains.collect())
}
