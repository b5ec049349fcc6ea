//! A case for the helper: what was seen beside what follows of it, the step the person sees, and what happened so far.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use naosu_core::case::history::told;
use naosu_core::case::{Next, What};
use naosu_core::diagnosis::{diagnose, is_bad};
use naosu_core::evidence::{Evidence, ObservationId};
use naosu_core::sentence::{sentence, variable_name};
use naosu_core::step::NextStep;
use naosu_papers::package::Given;
use serde::Deserialize;

use super::{Frame, cause_name, state_name, time, word};
use crate::casework::CaseFile;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::helpers::Session;
use crate::news::Reader;
use crate::pages::case::Shown;
use crate::pages::{PageFailure, failed, go_to, show};
use crate::papers;
use crate::store::notes::{NoteRow, Stand};
use crate::wording::Wording;

/// The longest note, in bytes.
const NOTE: usize = 8 * 1024;

/// Causes that are shown.
const CAUSES: usize = 6;

/// Causes less probable than this are not shown.
const SHOWN: f64 = 0.01;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/desk/case/{id}", get(page))
        .route("/desk/case/{id}/take-over", post(take_over))
        .route("/desk/case/{id}/hand-back", post(hand_back))
        .route("/desk/case/{id}/answer", post(answer))
        .route("/desk/case/{id}/back", post(back))
        .route("/desk/case/{id}/note", post(note))
        .route("/desk/case/{id}/live", get(live))
        .route("/desk/case/{id}/package.zip", get(export))
}

/// One observation.
struct Seen {
    id: String,
    name: String,
    sentence: String,
    bad: bool,
}

/// One cause, and what speaks for and against it.
struct Explains {
    name: String,
    percent: u32,
    speaks_for: Vec<Reason>,
    speaks_against: Vec<Reason>,
}

/// An observation that speaks for or against a cause.
struct Reason {
    id: String,
    sentence: String,
}

/// Something that happened.
struct Told {
    time: String,
    text: String,
    by: Option<String>,
    taken_back: bool,
}

/// A note with its time in words.
struct Note {
    name: String,
    time: String,
    text: String,
}

/// What can be answered to the step.
struct Answer<'a> {
    id: &'a str,
    text: &'a str,
}

#[derive(Template)]
#[template(path = "desk/case.html")]
struct CasePage<'a> {
    f: Frame,
    id: i64,
    state: &'a str,
    state_name: &'a str,
    opened: String,
    last: String,
    words: &'a str,
    facts: Vec<(&'a str, String)>,
    measured: Option<String>,
    seen: Vec<Seen>,
    explains: Vec<Explains>,
    step: Option<&'a NextStep>,
    answers: Vec<Answer<'a>>,
    /// How many events the page follows from; an answer to an older one is not taken.
    at: usize,
    can_go_back: bool,
    history: Vec<Told>,
    notes: Vec<Note>,
    /// Whether this helper holds the case.
    own: bool,
    /// The other helper who holds it.
    other: Option<String>,
    /// Where the page is told that the case went on.
    follow: String,
}

async fn page(
    State(desk): State<Desk>,
    session: Session,
    w: Wording,
    Path(id): Path<i64>,
) -> Result<Response, PageFailure> {
    let file = desk.by_id(id).await.map_err(failed(w))?;
    let notes = desk.store.notes(id).await.map_err(failed(w))?;
    let entered = desk.store.entered(id).await.map_err(failed(w))?;
    let own = file.row.holder == Some(session.id);
    let other = match file.row.holder.filter(|_| !own) {
        Some(holder) => desk.store.holder_name(holder).await.map_err(failed(w))?,
        None => None,
    };
    let stand = Stand {
        events: i64::try_from(file.case.events().len()).unwrap_or(i64::MAX),
        holder: file.row.holder,
        notes: i64::try_from(notes.len()).unwrap_or(i64::MAX),
    };
    let next = file.next(desk.knowledge);
    let step = match &next {
        Next::Step(step) => Some(&**step),
        Next::Closed(_) => None,
    };
    let evidence = file.case.evidence();
    let summary = &file.row.summary;
    let page = CasePage {
        id,
        state: &summary.state,
        state_name: state_name(&summary.state, w),
        opened: time(file.row.opened_at),
        last: time(file.row.last_at),
        words: &summary.words,
        facts: facts(&file, w),
        measured: evidence.map(|evidence| evidence.started.clone()),
        seen: evidence.map(|evidence| seen(&desk, evidence, w)).unwrap_or_default(),
        explains: explains(&desk, &file, evidence, w),
        answers: step.map(|step| answers(step, w)).unwrap_or_default(),
        step,
        at: file.case.events().len(),
        can_go_back: file.case.last_retractable().is_some(),
        history: history(&desk, &file, entered, w),
        notes: notes.into_iter().map(shown).collect(),
        own,
        other,
        follow: format!("{}/live?shown={}", address(id), Reader::Helper.mark(stand)),
        f: Frame { w, session, part: "cases" },
    };
    Ok(show(StatusCode::OK, &page))
}

/// What was said of the account and where it is used.
fn facts(file: &CaseFile, w: Wording) -> Vec<(&'static str, String)> {
    let (request, summary) = (&file.case.opening().request, &file.row.summary);
    let address = request.address.clone();
    [
        (w.pick("Address", "アドレス"), address),
        (w.pick("Service", "サービス"), Some(word(&summary.service, w))),
        (w.pick("Device", "端末"), Some(word(&summary.device, w))),
        (w.pick("Program", "アプリ"), Some(word(&summary.client, w))),
        (
            w.pick("Language", "言語"),
            Some(w.pick("English", "英語").to_owned()).filter(|_| summary.lang == "en"),
        ),
        (
            w.pick("Language", "言語"),
            Some(w.pick("Japanese", "日本語").to_owned()).filter(|_| summary.lang == "ja"),
        ),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

fn seen(desk: &Desk, evidence: &Evidence, w: Wording) -> Vec<Seen> {
    let knowledge = desk.knowledge;
    let one = |observation: &naosu_core::evidence::Observation| Seen {
        id: observation.id.0.clone(),
        name: variable_name(knowledge, &observation.variable, w.0).to_owned(),
        sentence: sentence(knowledge, observation, w.0, None),
        bad: is_bad(knowledge, &observation.variable, &observation.outcome),
    };
    evidence.observations.iter().map(one).collect()
}

fn explains(desk: &Desk, file: &CaseFile, evidence: Option<&Evidence>, w: Wording) -> Vec<Explains> {
    let knowledge = desk.knowledge;
    let diagnosis = evidence.map(|evidence| diagnose(knowledge, evidence));
    let reasons = |ids: &[ObservationId]| -> Vec<Reason> {
        let all = evidence.map(|evidence| evidence.observations.as_slice()).unwrap_or_default();
        let named = ids.iter().filter_map(|id| all.iter().find(|observation| observation.id == *id));
        named
            .map(|observation| Reason {
                id: observation.id.0.clone(),
                sentence: sentence(knowledge, observation, w.0, None),
            })
            .collect()
    };
    let ranked = file.case.ranked(knowledge);
    let probable = ranked.into_iter().take(CAUSES).filter(|(_, probability)| *probability >= SHOWN);
    probable
        .map(|(id, probability)| {
            let causes = diagnosis.iter().flat_map(|diagnosis| &diagnosis.causes);
            let measured = causes.into_iter().find(|cause| cause.id == id);
            Explains {
                name: cause_name(knowledge, id, w),
                percent: percent(probability),
                speaks_for: measured.map(|cause| reasons(&cause.evidence_for)).unwrap_or_default(),
                speaks_against: measured.map(|cause| reasons(&cause.evidence_against)).unwrap_or_default(),
            }
        })
        .collect()
}

/// A probability in whole percent.
fn percent(probability: f64) -> u32 {
    (1..=100).take_while(|step| f64::from(*step) - 0.5 <= probability * 100.0).last().unwrap_or(0)
}

fn answers(step: &NextStep, w: Wording) -> Vec<Answer<'_>> {
    let unknown =
        Answer { id: "unknown", text: w.pick("The person does not know", "分からないとのこと") };
    let options = step.options.iter().map(|option| Answer { id: &option.id, text: &option.text });
    match (step.kind.as_str(), step.options.is_empty()) {
        ("question", _) => options.chain([unknown]).collect(),
        (_, false) => options.collect(),
        ("probe", true) => Vec::new(),
        (_, true) => vec![
            Answer { id: "fixed", text: w.pick("It worked", "直った") },
            Answer { id: "not_fixed", text: w.pick("It did not", "直らない") },
            Answer { id: "unknown", text: w.pick("Cannot be done", "できない") },
        ],
    }
}

fn history(desk: &Desk, file: &CaseFile, entered: Vec<(i64, String)>, w: Wording) -> Vec<Told> {
    let mut by: BTreeMap<usize, String> =
        entered.into_iter().filter_map(|(place, name)| Some((usize::try_from(place).ok()?, name))).collect();
    let events = file.case.events();
    let taken_back: Vec<usize> = events
        .iter()
        .filter_map(|event| match event.what {
            What::Retracted { index } => Some(index),
            _ => None,
        })
        .collect();
    let one = |(place, event): (usize, &naosu_core::case::Event)| Told {
        time: time(i64::try_from(event.at).unwrap_or(i64::MAX)),
        text: told(desk.knowledge, &event.what, w.0),
        by: by.remove(&place),
        taken_back: taken_back.contains(&place),
    };
    events.iter().enumerate().map(one).collect()
}

fn shown(note: NoteRow) -> Note {
    Note { name: note.name, time: time(note.at), text: note.text }
}

/// What the forms of the page send.
#[derive(Deserialize)]
struct Sent {
    token: String,
    #[serde(default)]
    at: usize,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    text: String,
}

async fn take_over(
    State(desk): State<Desk>,
    session: Session,
    w: Wording,
    Path(id): Path<i64>,
    Form(form): Form<Sent>,
) -> Result<Response, PageFailure> {
    session.sent(&form.token).map_err(failed(w))?;
    let mut file = desk.by_id(id).await.map_err(failed(w))?;
    desk.take_over(&mut file, session.id).await.map_err(failed(w))?;
    Ok(go_to(&address(id)))
}

async fn hand_back(
    State(desk): State<Desk>,
    session: Session,
    w: Wording,
    Path(id): Path<i64>,
    Form(form): Form<Sent>,
) -> Result<Response, PageFailure> {
    session.sent(&form.token).map_err(failed(w))?;
    let mut file = desk.by_id(id).await.map_err(failed(w))?;
    desk.hand_back(&mut file, session.id).await.map_err(failed(w))?;
    Ok(go_to(&address(id)))
}

async fn answer(
    State(desk): State<Desk>,
    session: Session,
    w: Wording,
    Path(id): Path<i64>,
    Form(form): Form<Sent>,
) -> Result<Response, PageFailure> {
    let mut file = held(&desk, &session, id, &form).await.map_err(failed(w))?;
    let next = file.next(desk.knowledge);
    let what = match &next {
        Next::Step(step) => file
            .case
            .answer(desk.knowledge, step, &form.answer)
            .ok_or_else(|| Failure::Mistaken("no answer to this step".to_owned())),
        Next::Closed(_) => Err(Failure::WentOn),
    };
    desk.take(&mut file, what.map_err(failed(w))?).await.map_err(failed(w))?;
    Ok(go_to(&address(id)))
}

async fn back(
    State(desk): State<Desk>,
    session: Session,
    w: Wording,
    Path(id): Path<i64>,
    Form(form): Form<Sent>,
) -> Result<Response, PageFailure> {
    let mut file = held(&desk, &session, id, &form).await.map_err(failed(w))?;
    desk.take_back(&mut file).await.map_err(failed(w))?;
    Ok(go_to(&address(id)))
}

/// The case, if this helper holds it and has seen where it stands.
async fn held(desk: &Desk, session: &Session, id: i64, form: &Sent) -> Result<CaseFile, Failure> {
    session.sent(&form.token)?;
    let mut file = desk.by_id(id).await?;
    if file.row.holder != Some(session.id) {
        return Err(Failure::NotAllowed);
    }
    if form.at != file.case.events().len() {
        return Err(Failure::WentOn);
    }
    file.entered_by = Some(session.name.clone());
    Ok(file)
}

async fn note(
    State(desk): State<Desk>,
    session: Session,
    w: Wording,
    Path(id): Path<i64>,
    Form(form): Form<Sent>,
) -> Result<Response, PageFailure> {
    session.sent(&form.token).map_err(failed(w))?;
    let file = desk.by_id(id).await.map_err(failed(w))?;
    let text = form.text.trim();
    if text.len() > NOTE {
        return Err(failed(w)(Failure::Mistaken("the note is too long".to_owned())));
    }
    if !text.is_empty() {
        desk.note(&file, session.id, &session.name, text).await.map_err(failed(w))?;
    }
    Ok(go_to(&format!("{}#notes", address(id))))
}

/// Tells the page when the case went on.
async fn live(
    State(desk): State<Desk>,
    _: Session,
    w: Wording,
    Path(id): Path<i64>,
    Query(Shown { shown }): Query<Shown>,
) -> Result<Response, PageFailure> {
    desk.follow(id, Reader::Helper, shown).map_err(failed(w))
}

/// The package for support as a file, with addresses masked.
async fn export(
    State(desk): State<Desk>,
    _: Session,
    w: Wording,
    Path(id): Path<i64>,
) -> Result<Response, PageFailure> {
    let file = desk.by_id(id).await.map_err(failed(w))?;
    let package = papers::package(&file, Given::default(), w.0).map_err(failed(w))?;
    papers::archive(desk.knowledge, &package).map_err(failed(w))
}

fn address(id: i64) -> String {
    format!("/desk/case/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_rounded_to_whole_percent() {
        assert_eq!([0.0, 0.004, 0.005, 0.5, 0.994, 0.996, 1.0].map(percent), [0, 0, 1, 50, 99, 100, 100]);
    }
}
