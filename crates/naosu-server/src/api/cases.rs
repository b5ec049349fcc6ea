//! Cases: opened, read, carried on, and forgotten.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use naosu_core::case::{EVENTS_LIMIT, Next, What};
use naosu_core::evidence::Request;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Cause, Problem};
use super::reached::Reached;
use super::shape::{CaseOpened, CaseOpening, CaseView, EventView, Language, NextView, WORDS_LIMIT, events};
use super::take::{Asked, Body, failed};
use super::{evidence, known};
use crate::casework::CaseFile;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::limit::Kind;
use crate::reach::Caller;
use crate::wording::Wording;

/// How many events are given at once.
const EVENTS_AT_ONCE: usize = 1000;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(open))
        .routes(routes!(read, forget))
        .routes(routes!(step))
        .routes(routes!(answer))
        .routes(routes!(back))
        .routes(routes!(stop))
        .routes(routes!(reopen))
        .routes(routes!(language))
        .routes(routes!(history))
        .routes(routes!(measured, measure))
}

/// Open a case.
///
/// The secret in the answer is the only way to the case for whoever opens it.
#[utoipa::path(
    post, path = "/api/v1/cases", tag = "cases", operation_id = "openCase", request_body = CaseOpening,
    responses((status = 201, body = CaseOpened, headers(("Location" = String, description = "The case"))))
)]
async fn open(
    State(desk): State<Desk>,
    caller: Caller,
    w: Wording,
    Body(given): Body<CaseOpening>,
) -> Result<Response, Problem> {
    let invalid = |what: &str| Problem::of(Cause::Invalid(what.to_owned()), w);
    if given.words.as_ref().is_some_and(|words| words.chars().count() > WORDS_LIMIT) {
        return Err(invalid("words: too long"));
    }
    if given.address.as_ref().is_some_and(|address| !is_address(address)) {
        return Err(invalid("address: not a mail address"));
    }
    let (device, client, service) =
        (given.device.map(|it| it.0), given.client.map(|it| it.0), given.service.map(|it| it.0));
    for (list, id) in [("device", &device), ("client", &client), ("service", &service)] {
        if id.as_ref().is_some_and(|id| !known(desk.knowledge, list, id)) {
            return Err(invalid(&format!("{list}: not in the list")));
        }
    }
    desk.may(Kind::Case, caller).map_err(failed(w))?;
    let words = given.words.filter(|words| !words.trim().is_empty());
    let request = Request { words, address: given.address, device, client, service, ..Request::default() };
    let lang = given.lang.map_or(w.0, Into::into);
    let (file, secret) = desk.open(request, lang).await.map_err(failed(w))?;
    let location = format!("/api/v1/cases/{secret}");
    let link = format!("{}/c/{secret}", desk.config.public_url);
    let opened = CaseOpened { secret, link, case: CaseView::of(&desk, &file) };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(opened)).into_response())
}

/// A case.
#[utoipa::path(
    get, path = "/api/v1/cases/{case}", tag = "cases", operation_id = "readCase", params(CasePath),
    responses((status = 200, body = CaseView, headers(("ETag" = String, description = "`at` as an entity tag"))))
)]
async fn read(State(desk): State<Desk>, Reached(file): Reached) -> Response {
    tagged(&file, CaseView::of(&desk, &file))
}

/// Forget a case with everything that is kept of it.
#[utoipa::path(
    delete, path = "/api/v1/cases/{case}", tag = "cases", operation_id = "forgetCase", params(CasePath),
    responses((status = 204, description = "It is forgotten"))
)]
async fn forget(State(desk): State<Desk>, w: Wording, Reached(file): Reached) -> Result<StatusCode, Problem> {
    desk.forget(file.row.id).await.map_err(failed(w))?;
    Ok(StatusCode::NO_CONTENT)
}

/// What to do now.
#[utoipa::path(
    get, path = "/api/v1/cases/{case}/step", tag = "cases", operation_id = "readStep", params(CasePath),
    responses((status = 200, body = NextView, headers(("ETag" = String, description = "`at` as an entity tag"))))
)]
async fn step(State(desk): State<Desk>, Reached(file): Reached) -> Response {
    tagged(&file, NextView::of(desk.knowledge, &file))
}

/// An answer to the step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswerGiven {
    /// `at` of the step that is answered.
    #[schema(maximum = 10000)]
    at: usize,
    /// The id of an option, or how an action came out: `fixed`, `not_fixed`, `done`, `could_not`, `later`, `unknown`.
    #[schema(min_length = 1, max_length = 64)]
    answer: String,
}

/// Answer the step.
///
/// Not taken (409) when the case went on meanwhile, is over, or the step takes no such answer.
#[utoipa::path(
    post, path = "/api/v1/cases/{case}/answers", tag = "cases", operation_id = "answerStep", params(CasePath),
    request_body = AnswerGiven,
    responses((status = 200, body = NextView), (status = 409, description = "Not taken"))
)]
async fn answer(
    State(desk): State<Desk>,
    w: Wording,
    Reached(mut file): Reached,
    Body(given): Body<AnswerGiven>,
) -> Result<Json<NextView>, Problem> {
    if !(1..=64).contains(&given.answer.chars().count()) {
        return Err(Problem::of(Cause::Invalid("answer: 1 to 64 characters".to_owned()), w));
    }
    unchanged(&file, given.at, w)?;
    let Next::Step(step) = file.next(desk.knowledge) else {
        return Err(failed(w)(Failure::WentOn));
    };
    let Some(what) = file.case.answer(desk.knowledge, &step, &given.answer) else {
        return Err(Problem::of(Cause::NoAnswer, w));
    };
    carried_on(&desk, &mut file, what, w).await
}

/// Where the case stood when this was sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StandGiven {
    /// `at` of the case or step.
    #[schema(maximum = 10000)]
    at: usize,
}

/// Take back the last answer.
///
/// Not taken (409) when the case went on meanwhile, or there is nothing to take back.
#[utoipa::path(
    post, path = "/api/v1/cases/{case}/back", tag = "cases", operation_id = "takeBack", params(CasePath),
    request_body = StandGiven,
    responses((status = 200, body = NextView), (status = 409, description = "Not taken"))
)]
async fn back(
    State(desk): State<Desk>,
    w: Wording,
    Reached(mut file): Reached,
    Body(given): Body<StandGiven>,
) -> Result<Json<NextView>, Problem> {
    unchanged(&file, given.at, w)?;
    if !desk.take_back(&mut file).await.map_err(failed(w))? {
        return Err(Problem::of(Cause::NoAnswer, w));
    }
    Ok(Json(NextView::of(desk.knowledge, &file)))
}

/// End the case.
///
/// Not taken (409) when the case went on meanwhile, or is over.
#[utoipa::path(
    post, path = "/api/v1/cases/{case}/stop", tag = "cases", operation_id = "stopCase", params(CasePath),
    request_body = StandGiven,
    responses((status = 200, body = NextView), (status = 409, description = "Not taken"))
)]
async fn stop(
    State(desk): State<Desk>,
    w: Wording,
    Reached(mut file): Reached,
    Body(given): Body<StandGiven>,
) -> Result<Json<NextView>, Problem> {
    unchanged(&file, given.at, w)?;
    carried_on(&desk, &mut file, What::Stopped, w).await
}

/// Let a case that is over go on, from its last step.
///
/// Not taken (409) when the case went on meanwhile, or is not over.
#[utoipa::path(
    post, path = "/api/v1/cases/{case}/reopen", tag = "cases", operation_id = "reopenCase", params(CasePath),
    request_body = StandGiven,
    responses((status = 200, body = NextView), (status = 409, description = "Not taken"))
)]
async fn reopen(
    State(desk): State<Desk>,
    w: Wording,
    Reached(mut file): Reached,
    Body(given): Body<StandGiven>,
) -> Result<Json<NextView>, Problem> {
    unchanged(&file, given.at, w)?;
    if !desk.reopen(&mut file).await.map_err(failed(w))? {
        return Err(Problem::of(Cause::NotOver, w));
    }
    Ok(Json(NextView::of(desk.knowledge, &file)))
}

/// The language a person reads.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LanguageGiven {
    lang: Language,
}

/// Go on in another language.
///
/// Not taken (409) when the case is over.
#[utoipa::path(
    put, path = "/api/v1/cases/{case}/language", tag = "cases", operation_id = "chooseLanguage", params(CasePath),
    request_body = LanguageGiven,
    responses((status = 200, body = NextView), (status = 409, description = "Not taken"))
)]
async fn language(
    State(desk): State<Desk>,
    w: Wording,
    Reached(mut file): Reached,
    Body(given): Body<LanguageGiven>,
) -> Result<Json<NextView>, Problem> {
    carried_on(&desk, &mut file, What::Language { lang: given.lang.into() }, w).await
}

/// Which events are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EventsAsked {
    /// The place of the first, from 0.
    #[serde(default)]
    #[param(maximum = 10000)]
    from: usize,
    /// How many at most.
    #[serde(default = "events_at_once")]
    #[param(minimum = 1, maximum = 1000)]
    limit: usize,
}

fn events_at_once() -> usize {
    EVENTS_AT_ONCE
}

/// The events of a case.
#[derive(Debug, Serialize, ToSchema)]
struct History {
    /// How many there are in all.
    at: usize,
    /// From the place that was asked for on, in their order.
    events: Vec<EventView>,
}

/// What happened in the case.
#[utoipa::path(
    get, path = "/api/v1/cases/{case}/events", tag = "cases", operation_id = "readEvents", params(CasePath, EventsAsked),
    responses((status = 200, body = History))
)]
async fn history(
    State(desk): State<Desk>,
    w: Wording,
    Reached(file): Reached,
    Asked(asked): Asked<EventsAsked>,
) -> Result<Json<History>, Problem> {
    if asked.from > EVENTS_LIMIT || !(1..=EVENTS_AT_ONCE).contains(&asked.limit) {
        return Err(Problem::of(Cause::Parameter("from: to 10000, limit: 1 to 1000".to_owned()), w));
    }
    // who entered them is for helpers
    let entered = match &file.entered_by {
        Some(_) => desk.store.entered(file.row.id).await.map_err(failed(w))?,
        None => Vec::new(),
    };
    let events = events(&file.case, asked.from, asked.limit, entered);
    Ok(Json(History { at: file.case.events().len(), events }))
}

/// What was measured last.
#[derive(Debug, Serialize, ToSchema)]
struct Measured {
    /// `naosu.evidence/1`; nothing where nothing was measured.
    #[schema(value_type = Option<evidence::Evidence>)]
    evidence: Option<Value>,
}

/// What was measured last in the case.
#[utoipa::path(
    get, path = "/api/v1/cases/{case}/evidence", tag = "cases", operation_id = "readEvidence", params(CasePath),
    responses((status = 200, body = Measured))
)]
async fn measured(Reached(file): Reached) -> Json<Measured> {
    let last = file.case.events().iter().rev().find_map(|event| match &event.what {
        What::Measured(evidence) => serde_json::to_value(evidence).ok(),
        _ => None,
    });
    Json(Measured { evidence: last })
}

/// Evidence that was measured elsewhere, as on the person's own computer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EvidenceGiven {
    /// `at` of the case.
    #[schema(maximum = 10000)]
    at: usize,
    #[schema(value_type = evidence::Evidence)]
    evidence: Value,
}

/// Add what was measured elsewhere, as with `naosu check --evidence-out`.
///
/// Not taken (409) when the case went on meanwhile, or is over.
#[utoipa::path(
    post, path = "/api/v1/cases/{case}/evidence", tag = "cases", operation_id = "addEvidence", params(CasePath),
    request_body = EvidenceGiven,
    responses((status = 200, body = NextView), (status = 409, description = "Not taken"))
)]
async fn measure(
    State(desk): State<Desk>,
    w: Wording,
    Reached(mut file): Reached,
    Body(given): Body<EvidenceGiven>,
) -> Result<Json<NextView>, Problem> {
    let evidence = evidence::taken(given.evidence, w)?;
    unchanged(&file, given.at, w)?;
    carried_on(&desk, &mut file, What::Measured(Box::new(evidence)), w).await
}

/// How a path names a case.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "for the document only; what is read is `Reached`")]
pub(super) struct CasePath {
    /// The secret of its link; its number (for helpers, with a token); or `own` for the case of the `Authorization` header.
    #[param(pattern = "^([A-Za-z0-9_-]{22}|[1-9][0-9]{0,17}|own)$")]
    case: String,
}

fn unchanged(file: &CaseFile, at: usize, w: Wording) -> Result<(), Problem> {
    if at > EVENTS_LIMIT {
        return Err(Problem::of(Cause::Invalid("at: too large".to_owned()), w));
    }
    if at == file.case.events().len() { Ok(()) } else { Err(failed(w)(Failure::WentOn)) }
}

async fn carried_on(
    desk: &Desk,
    file: &mut CaseFile,
    what: What,
    w: Wording,
) -> Result<Json<NextView>, Problem> {
    desk.take(file, what).await.map_err(failed(w))?;
    Ok(Json(NextView::of(desk.knowledge, file)))
}

fn tagged(file: &CaseFile, body: impl Serialize) -> Response {
    ([(header::ETAG, format!("\"{}\"", file.case.events().len()))], Json(body)).into_response()
}

/// As the document's pattern says it.
fn is_address(text: &str) -> bool {
    let plain = |part: &str, most: usize| {
        let bad = |c: char| c <= ' ' || ('\u{7f}'..='\u{a0}').contains(&c) || c == '@';
        (1..=most).contains(&part.chars().count()) && !part.contains(bad)
    };
    text.split_once('@').is_some_and(|(local, domain)| plain(local, 64) && plain(domain, 189))
}
