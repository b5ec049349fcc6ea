//! How far a measurement is, and what came out: as a page, and line by line as it happens.

use std::convert::Infallible;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures_util::{Stream, stream};
use naosu_core::evidence::Observation;
use naosu_core::knowledge::State as Health;
use naosu_core::sentence::{sentence, variable_name};
use serde_json::json;

use super::{PageFailure, failed, show};
use crate::browser::is_of_browser;
use crate::casework::latest_evidence;
use crate::desk::Desk;
use crate::measuring::{End, Job, Progress};
use crate::wording::Wording;

/// What stands before something that is not as it should be.
const BAD: &str = "✗";

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/c/{secret}/progress", get(progress))
        .route("/c/{secret}/progress/stream", get(stream_of_progress))
}

/// A line of what came out.
struct Line {
    mark: &'static str,
    name: String,
    text: String,
}

impl Line {
    fn is_bad(&self) -> bool {
        self.mark == BAD
    }
}

#[derive(Template)]
#[template(path = "progress.html")]
struct ProgressPage<'a> {
    w: Wording,
    secret: &'a str,
    running: Vec<String>,
    /// What was seen: while it goes on all of it, then what is not as it should be.
    lines: Vec<Line>,
    others: Vec<Line>,
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
    let told = seen.iter().map(|seen| line(&desk, seen, w));
    let (lines, others) = told.partition(|line| goes_on || line.is_bad());
    let page = ProgressPage {
        w,
        secret: &secret,
        running: now.map(|progress| running(&desk, progress, w)).unwrap_or_default(),
        lines,
        others,
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
        Some(Health::Bad) => BAD,
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
