//! A case: the step to take now as a card, or how it ended.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use naosu_core::case::Next;
use serde::Deserialize;

use self::card::Card;
use self::ending::Ending;
use self::found::Found;
use super::{PageFailure, failed, show};
use crate::casework::CaseFile;
use crate::desk::{Desk, now};
use crate::news::Reader;
use crate::store::notes::Stand;
use crate::wording::Wording;

pub(super) use self::dates::day;

mod acts;
mod card;
mod dates;
mod ending;
mod found;
mod package;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/c/{secret}", get(page))
        .route("/c/{secret}/live", get(live))
        .route("/c/{secret}/answer", post(acts::answer))
        .route("/c/{secret}/back", post(acts::back))
        .route("/c/{secret}/language", post(acts::language))
        .route("/c/{secret}/stop", get(stop_page).post(acts::stop))
        .route("/c/{secret}/reopen", post(acts::reopen))
        .route("/c/{secret}/delete", get(delete_page).post(acts::delete))
        .route("/deleted", get(deleted_page))
        .route("/c/{secret}/package", get(package::page))
        .route("/c/{secret}/package.zip", get(package::archive))
        .route("/c/{secret}/wait.ics", get(dates::wait))
        .route("/c/{secret}/care.ics", get(dates::care))
}

/// The language of a case's pages: a case speaks its own while it is open, its reader's afterwards.
pub(super) fn spoken(file: &CaseFile, reader: Wording) -> Wording {
    if file.case.closed().is_some() { reader } else { Wording(file.case.lang()) }
}

#[expect(clippy::struct_excessive_bools, reason = "each shows a part of the page or not")]
#[derive(Template)]
#[template(path = "card.html")]
struct CardPage<'a> {
    w: Wording,
    secret: &'a str,
    /// How many events the card follows from; an answer to an older card is not taken.
    at: usize,
    card: Card,
    found: Found,
    can_go_back: bool,
    /// An address is known and was not measured yet.
    measurable: bool,
    /// A helper took the case over: what they do shows here by itself.
    helper: bool,
    /// Where the page is told that the case went on.
    follow: String,
    /// The day until which the case is kept.
    kept: Option<String>,
    /// The answer before came from an older card.
    went_on: bool,
}

#[derive(Template)]
#[template(path = "closed.html")]
struct ClosedPage<'a> {
    w: Wording,
    secret: &'a str,
    ending: Ending,
    found: Found,
    /// Where the page is told that the case went on.
    follow: String,
    /// The day until which the case is kept.
    kept: Option<String>,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage<'a> {
    w: Wording,
    /// Where the form goes, and where the way back leads.
    act: String,
    back: String,
    title: &'a str,
    text: &'a str,
    button: &'a str,
}

#[derive(Template)]
#[template(path = "deleted.html")]
struct DeletedPage {
    w: Wording,
}

/// What an act tells the card that follows it.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    went_on: Option<String>,
}

async fn page(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
    Query(told): Query<Told>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let w = spoken(&file, w);
    let found = Found::of(desk.knowledge, &file, w);
    let follow = follow(&file, &secret);
    let kept = desk.kept_until(&file).map(|until| dates::day(until, w));
    let response = match file.next(desk.knowledge) {
        Next::Step(step) => show(
            StatusCode::OK,
            &CardPage {
                w,
                secret: &secret,
                at: file.case.events().len(),
                card: Card::of(desk.knowledge, &file, &step, w, now()),
                found,
                can_go_back: file.case.last_retractable().is_some(),
                measurable: step.kind != "probe"
                    && file.case.opening().request.address.is_some()
                    && file.case.evidence().is_none(),
                helper: file.row.holder.is_some(),
                follow,
                kept,
                went_on: told.went_on.is_some(),
            },
        ),
        Next::Closed(closing) => {
            let ending = Ending::of(desk.knowledge, &file, &closing, w);
            show(StatusCode::OK, &ClosedPage { w, secret: &secret, ending, found, follow, kept })
        }
    };
    Ok(response)
}

/// Where a page of a case is told that it went on.
fn follow(file: &CaseFile, secret: &str) -> String {
    let events = i64::try_from(file.case.events().len()).unwrap_or(i64::MAX);
    let stand = Stand { events, holder: file.row.holder, notes: 0 };
    format!("/c/{secret}/live?shown={}", Reader::Person.mark(stand))
}

/// What a page that follows its case shows.
#[derive(Deserialize)]
pub(in crate::pages) struct Shown {
    #[serde(default)]
    pub(in crate::pages) shown: String,
}

/// Tells the page when the case went on.
async fn live(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
    Query(Shown { shown }): Query<Shown>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    desk.follow(file.row.id, Reader::Person, shown).map_err(failed(w))
}

async fn stop_page(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let w = spoken(&file, w);
    let page = ConfirmPage {
        w,
        act: format!("/c/{secret}/stop"),
        back: format!("/c/{secret}"),
        title: w.pick("Stop here?", "ここで終わりにしますか"),
        text: w.pick(
            "You can take it up again with the same link. To go on later there is no need to stop: just keep the link.",
            "同じリンクから再開できます。あとで続けるだけなら、終わりにせず、リンクを残しておけば大丈夫です。",
        ),
        button: w.pick("Stop", "終わりにする"),
    };
    Ok(show(StatusCode::OK, &page))
}

async fn delete_page(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let w = spoken(&file, w);
    let page = ConfirmPage {
        w,
        act: format!("/c/{secret}/delete"),
        back: format!("/c/{secret}"),
        title: w.pick("Delete everything of this case?", "このケースの記録をすべて削除しますか"),
        text: w.pick(
            "Your words, answers and measurements are erased from this server. The link opens nothing any more. This cannot be taken back.",
            "入力した内容・回答・測定結果を、このサーバから消します。リンクは開けなくなり、元に戻せません。",
        ),
        button: w.pick("Delete", "削除する"),
    };
    Ok(show(StatusCode::OK, &page))
}

async fn deleted_page(w: Wording) -> Response {
    show(StatusCode::OK, &DeletedPage { w })
}
