//! Measuring: what is asked for it, how far it is, and what came out.

use std::convert::Infallible;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures_util::{Stream, stream};
use naosu_core::evidence::Observation;
use naosu_core::knowledge::State as Health;
use naosu_core::sentence::{sentence, variable_name};
use naosu_probe::secret::Secret;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{PageFailure, failed, go_to, show};
use crate::browser::{Seen, is_of_browser};
use crate::casework::latest_evidence;
use crate::desk::Desk;
use crate::fence;
use crate::measuring::{End, Job, Progress, Wish, Written, named_before, of_request};
use crate::reach::Caller;
use crate::wording::Wording;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/c/{secret}/measure", get(form).post(start))
        .route("/c/{secret}/progress", get(progress))
        .route("/c/{secret}/progress/stream", get(stream_of_progress))
}

#[derive(Template)]
#[template(path = "measure.html")]
struct FormPage<'a> {
    w: Wording,
    secret: &'a str,
    address: Option<&'a str>,
    incoming: String,
    outgoing: String,
    /// What the browser shows without being asked; nothing where it is not to be used.
    seen: Vec<String>,
    refused: bool,
    outside: Option<Url>,
    web: Option<Url>,
    /// Whether a password of this account was refused before.
    password_refused: bool,
}

async fn form(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let w = Wording(file.case.lang());
    let evidence = latest_evidence(&file.case);
    let address = file
        .case
        .opening()
        .request
        .address
        .as_deref()
        .or_else(|| evidence.and_then(|evidence| evidence.request.address.as_deref()));
    let refused = desk.refuses_browser(&file);
    let seen = if refused { Seen::refused() } else { of_request(&headers, caller) };
    let seen = seen.observations(&desk.tried(address), 0.0);
    let pages = if refused { (None, None) } else { (desk.outside_page(), desk.provider_page(address)) };
    let named = |variable: &str| evidence.and_then(|evidence| named_before(evidence, variable));
    let refused_before = evidence.is_some_and(|evidence| {
        evidence.observations.iter().any(|seen| {
            matches!(seen.variable.as_str(), "imap" | "pop" | "smtp") && seen.outcome == "sign_in_refused"
        })
    });
    let page = FormPage {
        w,
        secret: &secret,
        address,
        incoming: named("imap").unwrap_or_default(),
        outgoing: named("smtp").unwrap_or_default(),
        seen: seen.iter().map(|seen| sentence(desk.knowledge, seen, w.0, None)).collect(),
        refused,
        outside: pages.0.clone(),
        web: pages.1.clone(),
        password_refused: refused_before,
    };
    let mut response = show(StatusCode::OK, &page);
    let reached: Vec<Url> = pages.0.into_iter().chain(pages.1).collect();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, fence::policy_that_reaches(&reached));
    Ok(response)
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
    let written = Written {
        address: wanted.address,
        incoming: wanted.incoming,
        outgoing: wanted.outgoing,
        password,
        other_password: wanted.other_password.is_some(),
    };
    let wish = Wish::read(&file, written).map_err(failed(w))?;
    let seen = desk.browser_before(&file, caller, &headers, wanted.no_browser.is_some());
    desk.measure(&file, caller, wish, seen).await.map_err(failed(w))?;
    Ok(go_to(&format!("/c/{secret}/progress")))
}

/// A line of what came out.
struct Line {
    mark: &'static str,
    name: String,
    text: String,
}

#[derive(Template)]
#[template(path = "progress.html")]
struct ProgressPage<'a> {
    w: Wording,
    secret: &'a str,
    running: Vec<String>,
    lines: Vec<Line>,
    /// How many lines are there already, for the script.
    from: usize,
    goes_on: bool,
    lost: bool,
    /// Whether there is something of the browser's that can be taken out.
    of_browser: bool,
}

async fn progress(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let w = Wording(file.case.lang());
    let job = desk.measuring.job(file.row.id).map(|job| job.progress());
    let now = job.as_ref().filter(|progress| progress.end != Some(End::Kept));
    let evidence = latest_evidence(&file.case).filter(|_| now.is_none());
    let seen = match (now, evidence) {
        (Some(progress), _) => progress.seen.as_slice(),
        (None, Some(evidence)) => evidence.observations.as_slice(),
        // the server was started anew meanwhile: the run is lost
        (None, None) => &[],
    };
    let goes_on = now.is_some_and(|progress| progress.end.is_none());
    let page = ProgressPage {
        w,
        secret: &secret,
        running: now.map(|progress| running(&desk, progress, w)).unwrap_or_default(),
        lines: seen.iter().map(|seen| line(&desk, seen, w)).collect(),
        from: seen.len(),
        goes_on,
        lost: !goes_on && evidence.is_none(),
        of_browser: seen
            .iter()
            .any(|seen| is_of_browser(seen) && seen.outcome != "refused" && seen.outcome != "unmeasured"),
    };
    Ok(show(StatusCode::OK, &page))
}

/// What is being measured, as a person reads it; the same thing at several servers once.
fn running(desk: &Desk, progress: &Progress, w: Wording) -> Vec<String> {
    let mut names: Vec<String> =
        progress.running.iter().map(|(id, _)| variable_name(desk.knowledge, id, w.0).to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

fn line(desk: &Desk, seen: &Observation, w: Wording) -> Line {
    let known = desk.knowledge.variables.get(&seen.variable);
    let mark = match known.and_then(|known| known.outcomes.get(&seen.outcome)).map(|outcome| outcome.state) {
        Some(Health::Good) => "✓",
        Some(Health::Bad) => "✗",
        _ => "・",
    };
    Line {
        mark,
        name: variable_name(desk.knowledge, &seen.variable, w.0).to_owned(),
        text: sentence(desk.knowledge, seen, w.0, None),
    }
}

/// The same as it happens (server-sent events): `seen` with a line, `running` with names, `end`.
async fn stream_of_progress(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let w = Wording(file.case.lang());
    let job = desk.measuring.job(file.row.id);
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let watched = job.map(|job| {
        let changes = job.watch();
        Watched { desk, w, job, changes, told: last.unwrap_or(0), over: false }
    });
    let stream = stream::unfold(watched, async |watched| {
        let mut watched = watched?;
        let event = watched.next().await?;
        Some((Ok(event), Some(watched)))
    });
    Ok(Sse::new(stream).keep_alive(axum::response::sse::KeepAlive::default()))
}

/// A run, and how much of it was told.
struct Watched {
    desk: Desk,
    w: Wording,
    job: std::sync::Arc<Job>,
    changes: tokio::sync::watch::Receiver<u64>,
    told: usize,
    over: bool,
}

impl Watched {
    /// The next event; nothing after the end.
    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        loop {
            self.changes.mark_unchanged();
            let progress = self.job.progress();
            if let Some(seen) = progress.seen.get(self.told) {
                self.told += 1;
                let Line { mark, name, text } = line(&self.desk, seen, self.w);
                let running = running(&self.desk, &progress, self.w);
                let data = json!({ "mark": mark, "name": name, "text": text, "running": running });
                return Some(Event::default().event("seen").id(self.told.to_string()).data(data.to_string()));
            }
            if progress.end.is_some() {
                self.over = true;
                return Some(Event::default().event("end").data("{}"));
            }
            self.changes.changed().await.ok()?;
        }
    }
}
