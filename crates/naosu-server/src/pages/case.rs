//! A case: the step to take now, as a card.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use naosu_core::case::{Next, What};
use naosu_core::step::NextStep;
use serde::Deserialize;

use super::{PageFailure, failed, go_to, show};
use crate::casework::CaseFile;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::wording::Wording;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/c/{secret}", get(card))
        .route("/c/{secret}/answer", post(answer))
        .route("/c/{secret}/back", post(back))
}

#[derive(Template)]
#[template(path = "card.html")]
struct CardPage<'a> {
    w: Wording,
    secret: &'a str,
    /// How many events the card follows from; an answer to an older card is not taken.
    at: usize,
    step: &'a NextStep,
    can_go_back: bool,
}

#[derive(Template)]
#[template(path = "closed.html")]
struct ClosedPage<'a> {
    w: Wording,
    secret: &'a str,
    resolved: bool,
    cause: Option<&'a str>,
}

async fn card(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    // the reader's choice counts for what is around the step; the case speaks its own language
    let w = Wording(file.case.lang());
    Ok(match file.next(desk.knowledge) {
        Next::Step(step) => show(
            StatusCode::OK,
            &CardPage {
                w,
                secret: &secret,
                at: file.case.events().len(),
                step: &step,
                can_go_back: file.case.last_retractable().is_some(),
            },
        ),
        Next::Closed(closing) => {
            let cause = closing.cause.as_deref().map(|id| cause_name(&desk, id, w));
            show(
                StatusCode::OK,
                &ClosedPage { w, secret: &secret, resolved: closing.resolved, cause: cause.as_deref() },
            )
        }
    })
}

fn cause_name(desk: &Desk, id: &str, w: Wording) -> String {
    let cause = desk.knowledge.taxonomy.cause.get(id);
    cause.map_or(id, |cause| w.pick(&cause.en, &cause.ja)).to_owned()
}

/// What a card sends.
#[derive(Deserialize)]
struct Answer {
    at: usize,
    answer: String,
}

async fn answer(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
    Form(form): Form<Answer>,
) -> Result<Response, PageFailure> {
    let mut file = desk.by_link(&secret).await.map_err(failed(w))?;
    let what = meant(&desk, &file, &form).map_err(failed(w))?;
    desk.take(&mut file, what).await.map_err(failed(w))?;
    Ok(go_to(&format!("/c/{secret}")))
}

fn meant(desk: &Desk, file: &CaseFile, form: &Answer) -> Result<What, Failure> {
    if form.at != file.case.events().len() {
        return Err(Failure::WentOn);
    }
    let Next::Step(step) = file.next(desk.knowledge) else { return Err(Failure::WentOn) };
    file.case
        .answer(desk.knowledge, &step, &form.answer)
        .ok_or_else(|| Failure::Mistaken("no answer to this step".to_owned()))
}

async fn back(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let mut file = desk.by_link(&secret).await.map_err(failed(w))?;
    if let Some(index) = file.case.last_retractable() {
        desk.take(&mut file, What::Retracted { index }).await.map_err(failed(w))?;
    }
    Ok(go_to(&format!("/c/{secret}")))
}
