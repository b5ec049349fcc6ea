//! Measuring: what is asked for it.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use naosu_core::sentence::sentence;
use naosu_probe::secret::Secret;
use serde::Deserialize;
use url::Url;

use super::{PageFailure, failed, go_to, show};
use crate::browser::Seen;
use crate::casework::{CaseFile, latest_evidence};
use crate::desk::Desk;
use crate::fence;
use crate::measuring::{Unread, Wish, Written, named_before, of_request};
use crate::reach::Caller;
use crate::wording::Wording;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/c/{secret}/measure", get(form).post(start))
}

#[derive(Template)]
#[template(path = "measure.html")]
struct FormPage<'a> {
    w: Wording,
    secret: &'a str,
    address: Option<&'a str>,
    /// What the fields hold.
    typed: Typed,
    /// What the browser shows without being asked; nothing where it is not to be used.
    seen: Vec<String>,
    refused: bool,
    outside: Option<Url>,
    web: Option<Url>,
    /// Whether a password of this account was refused before.
    password_refused: bool,
}

/// What stands in the form besides the password, which is typed again.
#[derive(Default)]
struct Typed {
    address: String,
    incoming: String,
    outgoing: String,
    /// The field that cannot be read.
    wrong: &'static str,
}

async fn form(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let named = |variable: &str| latest_evidence(&file.case).and_then(|seen| named_before(seen, variable));
    let typed = Typed {
        incoming: named("imap").unwrap_or_default(),
        outgoing: named("smtp").unwrap_or_default(),
        ..Typed::default()
    };
    Ok(form_page(&desk, &file, &secret, &of_request(&headers, caller), typed))
}

fn form_page(desk: &Desk, file: &CaseFile, secret: &str, seen: &Seen, typed: Typed) -> Response {
    let w = Wording(file.case.lang());
    let evidence = latest_evidence(&file.case);
    let address = file
        .case
        .opening()
        .request
        .address
        .as_deref()
        .or_else(|| evidence.and_then(|evidence| evidence.request.address.as_deref()));
    let refused = desk.refuses_browser(file);
    let seen = if refused { &Seen::refused() } else { seen };
    let seen = seen.observations(&desk.tried(address), 0.0);
    let pages = if refused { (None, None) } else { (desk.outside_page(), desk.provider_page(address)) };
    let refused_before = evidence.is_some_and(|evidence| {
        evidence.observations.iter().any(|seen| {
            matches!(seen.variable.as_str(), "imap" | "pop" | "smtp") && seen.outcome == "sign_in_refused"
        })
    });
    let page = FormPage {
        w,
        secret,
        address,
        seen: seen.iter().map(|seen| sentence(desk.knowledge, seen, w.0, None)).collect(),
        refused,
        outside: pages.0.clone(),
        web: pages.1.clone(),
        password_refused: refused_before,
        typed,
    };
    let status = if page.typed.wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut response = show(status, &page);
    let reached: Vec<Url> = pages.0.into_iter().chain(pages.1).collect();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, fence::policy_that_reaches(&reached));
    response
}

/// What the form sends. Without `Debug`: it holds a password.
#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    address: String,
    /// Without the field the server is the one of before.
    incoming: Option<String>,
    outgoing: Option<String>,
    #[serde(default)]
    password: String,
    #[serde(default)]
    other_password: Option<String>,
    #[serde(default)]
    no_browser: Option<String>,
}

async fn start(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
    caller: Caller,
    headers: HeaderMap,
    Form(wanted): Form<Wanted>,
) -> Result<Response, PageFailure> {
    // wiped when it is dropped, whatever happens
    let password = Secret::new(wanted.password);
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let w = Wording(file.case.lang());
    if file.case.closed().is_some() {
        return Ok(go_to(&format!("/c/{secret}")));
    }
    let typed = Typed {
        address: wanted.address.clone(),
        incoming: wanted.incoming.clone().unwrap_or_default(),
        outgoing: wanted.outgoing.clone().unwrap_or_default(),
        wrong: "",
    };
    let written = Written {
        address: wanted.address,
        incoming: wanted.incoming,
        outgoing: wanted.outgoing,
        password,
        other_password: wanted.other_password.is_some(),
    };
    let wish = match Wish::read(&file, written) {
        Ok(wish) => wish,
        Err(unread) => {
            let wrong = match unread {
                Unread::Address => "address",
                Unread::Incoming => "incoming",
                Unread::Outgoing => "outgoing",
                Unread::Password => return Err(failed(w)(unread)),
            };
            let typed = Typed { wrong, ..typed };
            return Ok(form_page(&desk, &file, &secret, &of_request(&headers, caller), typed));
        }
    };
    let seen = desk.browser_before(&file, caller, &headers, wanted.no_browser.is_some());
    desk.measure(&file, caller, wish, seen).await.map_err(failed(w))?;
    Ok(go_to(&format!("/c/{secret}/progress")))
}
