//! The pages for a person: large, calm, one question at a time, whole without JavaScript.

use askama::Template;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use crate::budget::Refusal;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::wording::Wording;

pub(crate) mod assets;
mod browser;
mod case;
mod desk;
pub(crate) mod guide;
mod measure;
pub(crate) mod messages;
mod move_case;
mod progress;
mod screenshot;
mod start;

/// The pages.
pub(crate) fn routes() -> Router<Desk> {
    Router::new()
        .merge(start::routes())
        .merge(messages::routes())
        .merge(screenshot::routes())
        .merge(move_case::routes())
        .merge(case::routes())
        .merge(desk::routes())
        .merge(measure::routes())
        .merge(progress::routes())
        .merge(browser::routes())
        .merge(guide::routes())
        .merge(assets::routes())
        .route("/lang/{tag}", get(start::language))
}

/// What is asked for where there is nothing.
pub(crate) async fn missing(words: Wording) -> PageFailure {
    PageFailure { failure: Failure::NoSuchCase, words }
}

/// A page that failed, in the person's language.
pub(crate) struct PageFailure {
    pub(crate) failure: Failure,
    pub(crate) words: Wording,
}

/// Turns what went wrong into a page; for `map_err`.
pub(crate) fn failed<E: Into<Failure>>(words: Wording) -> impl FnOnce(E) -> PageFailure {
    move |error| PageFailure { failure: error.into(), words }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    w: Wording,
    title: &'a str,
    text: &'a str,
}

impl IntoResponse for PageFailure {
    fn into_response(self) -> Response {
        let w = self.words;
        let (title, text) = match &self.failure {
            Failure::NoSuchCase => (
                w.pick("There is no such page", "このページはありません"),
                w.pick("Check the link: it must be whole. A case that was deleted cannot be opened any more.", "リンクが途中で切れていないか確かめてください。削除されたケースは、もう開けません。"),
            ),
            Failure::WentOn => (
                w.pick("This case went on elsewhere", "別の画面で先に進んでいます"),
                w.pick("It was answered on another device, or by your helper. Open it again to see where it stands.", "ほかの端末か、サポートの人が先に進めました。開き直すと、今の状態が見られます。"),
            ),
            Failure::NotAllowed => (
                w.pick("You may not do that", "この操作はできません"),
                w.pick("Sign in again, or ask an administrator.", "もう一度サインインするか、管理者に頼んでください。"),
            ),
            Failure::Refused(_) => (
                w.pick("That cannot be done now", "今はできません"),
                w.pick("The case is over, or that was taken back already.", "ケースが終わっているか、すでに取り消されています。"),
            ),
            Failure::Mistaken(_) => (
                w.pick("That was not understood", "受け取れませんでした"),
                w.pick("Go back and try again.", "前の画面に戻って、もう一度お試しください。"),
            ),
            Failure::NotNow(refusal) => return not_now(*refusal, w),
            Failure::Ours(error) => {
                tracing::error!(error = format!("{error:#}"), "a page failed");
                (
                    w.pick("Something went wrong here", "こちらの不具合です"),
                    w.pick("Nothing you confirmed is lost. Try again in a moment.", "確定した内容は失われていません。少し待って、もう一度お試しください。"),
                )
            }
        };
        show(self.failure.status(), &FailurePage { w, title, text })
    }
}

/// What to do and when, with the time for programs too (RFC 9110 section 10.2.3).
pub(crate) fn not_now(refusal: Refusal, w: Wording) -> Response {
    let page = FailurePage { w, title: refusal.title(w), text: &refusal.text(w) };
    let mut response = show(StatusCode::TOO_MANY_REQUESTS, &page);
    if refusal.seconds > 0 {
        response.headers_mut().insert(header::RETRY_AFTER, refusal.seconds.into());
    }
    response
}

/// A page with its status.
pub(crate) fn show(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a template failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The next page, to be fetched with GET (RFC 9110 section 15.4.4), so that a reload sends nothing twice.
pub(crate) fn go_to(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path.to_owned())]).into_response()
}
