//! What a person does in a case: answers, goes back, changes the language, stops, reopens, deletes.

use axum::extract::{Form, Path, State};
use axum::http::header;
use axum::response::Response;
use naosu_core::case::{Case, Next, What};
use serde::Deserialize;

use super::super::{PageFailure, failed, go_to};
use crate::casework::CaseFile;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::wording::{self, Wording};

/// What a card sends.
#[derive(Deserialize)]
pub(super) struct Answer {
    at: usize,
    answer: String,
}

pub(super) async fn answer(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
    Form(form): Form<Answer>,
) -> Result<Response, PageFailure> {
    let mut file = desk.by_link(&secret).await.map_err(failed(w))?;
    let card = format!("/c/{secret}");
    if form.at != file.case.events().len() {
        return Ok(stale(&desk, &file.case, &form, &card));
    }
    let what = meant(&desk, &file, &form.answer).map_err(failed(w))?;
    match desk.take(&mut file, what).await {
        Ok(()) => Ok(go_to(&card)),
        // the same card was answered at the same moment elsewhere, or tapped twice
        Err(Failure::WentOn) => {
            let file = desk.by_link(&secret).await.map_err(failed(w))?;
            Ok(stale(&desk, &file.case, &form, &card))
        }
        Err(error) => Err(failed(w)(error)),
    }
}

fn meant(desk: &Desk, file: &CaseFile, answer: &str) -> Result<What, Failure> {
    let Next::Step(step) = file.next(desk.knowledge) else { return Err(Failure::WentOn) };
    file.case
        .answer(desk.knowledge, &step, answer)
        .ok_or_else(|| Failure::Mistaken("no answer to this step".to_owned()))
}

/// An answer to an older card changes nothing: the person sees the card of now, with a word why, unless it was the very
/// answer that was taken there.
fn stale(desk: &Desk, case: &Case, form: &Answer, card: &str) -> Response {
    let twice = || {
        let taken = &case.events().get(form.at)?.what;
        let before = Case::replay(case.events()[..form.at].iter().cloned()).ok()?;
        let driver = crate::casework::driver(&before);
        let Next::Step(step) = before.next(desk.knowledge, driver) else { return None };
        let what = before.answer(desk.knowledge, &step, &form.answer)?;
        (what == *taken).then_some(())
    };
    if twice().is_some() { go_to(card) } else { go_to(&format!("{card}?went_on=1")) }
}

pub(super) async fn back(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let mut file = desk.by_link(&secret).await.map_err(failed(w))?;
    if file.case.closed().is_none() {
        desk.take_back(&mut file).await.map_err(failed(w))?;
    }
    Ok(go_to(&format!("/c/{secret}")))
}

/// What the switch of languages sends.
#[derive(Deserialize)]
pub(super) struct Spoken {
    lang: String,
}

pub(super) async fn language(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
    Form(form): Form<Spoken>,
) -> Result<Response, PageFailure> {
    let mut file = desk.by_link(&secret).await.map_err(failed(w))?;
    let lang = wording::of_tag(&form.lang)
        .ok_or_else(|| failed(w)(Failure::Mistaken("no such language".to_owned())))?;
    if file.case.closed().is_none() && file.case.lang() != lang {
        desk.take(&mut file, What::Language { lang }).await.map_err(failed(w))?;
    }
    let mut response = go_to(&format!("/c/{secret}"));
    if let Ok(value) = wording::cookie(lang).parse() {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

pub(super) async fn stop(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let mut file = desk.by_link(&secret).await.map_err(failed(w))?;
    if file.case.closed().is_none() {
        desk.take(&mut file, What::Stopped).await.map_err(failed(w))?;
    }
    Ok(go_to(&format!("/c/{secret}")))
}

pub(super) async fn reopen(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let mut file = desk.by_link(&secret).await.map_err(failed(w))?;
    desk.reopen(&mut file).await.map_err(failed(w))?;
    Ok(go_to(&format!("/c/{secret}")))
}

pub(super) async fn delete(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    desk.forget(file.row.id).await.map_err(failed(w))?;
    Ok(go_to("/deleted"))
}
