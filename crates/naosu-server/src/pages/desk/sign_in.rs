//! Signing in and out.

use askama::Template;
use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::desk::Desk;
use crate::helpers::{SIGN_IN, Session, SignedIn};
use crate::pages::{PageFailure, failed, go_to, show};
use crate::reach::Caller;
use crate::wording::Wording;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route(SIGN_IN, get(page).post(sign_in)).route("/desk/sign-out", post(sign_out))
}

#[derive(Template)]
#[template(path = "desk/sign_in.html")]
struct SignInPage {
    w: Wording,
    wrong: bool,
    /// Minutes to wait after too many wrong ones.
    wait: Option<u64>,
}

async fn page(State(desk): State<Desk>, w: Wording, headers: HeaderMap) -> Result<Response, PageFailure> {
    if desk.session(&headers).await.map_err(failed(w))?.is_some() {
        return Ok(go_to("/desk"));
    }
    Ok(show(StatusCode::OK, &SignInPage { w, wrong: false, wait: None }))
}

/// What the form sends.
#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

async fn sign_in(
    State(desk): State<Desk>,
    w: Wording,
    caller: Caller,
    headers: HeaderMap,
    Form(form): Form<Credentials>,
) -> Result<Response, PageFailure> {
    match desk.sign_in(caller.address(), &form.name, form.password).await.map_err(failed(w))? {
        SignedIn::Yes(secret) => {
            // the session that the browser had ends: nobody else goes on in it
            if let Some(earlier) = desk.session(&headers).await.map_err(failed(w))? {
                desk.sign_out(&earlier).await.map_err(failed(w))?;
            }
            Ok(with_cookie(go_to("/desk"), &desk.cookie(&secret)))
        }
        SignedIn::No => Ok(show(StatusCode::UNAUTHORIZED, &SignInPage { w, wrong: true, wait: None })),
        SignedIn::Wait(seconds) => {
            let page = SignInPage { w, wrong: false, wait: Some(seconds.div_ceil(60)) };
            let mut response = show(StatusCode::TOO_MANY_REQUESTS, &page);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            Ok(response)
        }
    }
}

/// A form with nothing but what says that it is ours.
#[derive(Deserialize)]
struct Plain {
    token: String,
}

async fn sign_out(
    State(desk): State<Desk>,
    session: Session,
    w: Wording,
    Form(form): Form<Plain>,
) -> Result<Response, PageFailure> {
    session.sent(&form.token).map_err(failed(w))?;
    desk.sign_out(&session).await.map_err(failed(w))?;
    Ok(with_cookie(go_to(SIGN_IN), &desk.cookie("")))
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    let value = HeaderValue::from_str(cookie).expect("a cookie of ours has plain letters only");
    response.headers_mut().insert(header::SET_COOKIE, value);
    response
}
