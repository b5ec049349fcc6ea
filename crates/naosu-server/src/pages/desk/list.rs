//! The list of cases: searched, filtered, ordered, page by page; every view has its own address.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use naosu_core::intake::terms::terms;
use serde::Deserialize;

use super::{Frame, cause_name, state_name, time, word};
use crate::desk::Desk;
use crate::helpers::Session;
use crate::pages::{PageFailure, failed, show};
use crate::store::cases::CaseRow;
use crate::store::lists::{Order, Wanted};
use crate::wording::Wording;

/// Letters of the person's words that a row shows.
const EXCERPT: usize = 70;

/// Letters of a search that are read.
const SEARCH: usize = 200;

/// Terms of a search that count.
const TERMS: usize = 12;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/desk", get(list))
}

/// What the form of the list asks for; empty is anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    state: String,
    cause: String,
    device: String,
    service: String,
    /// `mine`: those that this helper holds.
    holder: String,
    /// The first day, `2026-07-15`.
    from: String,
    /// The last day.
    until: String,
    order: String,
    /// Where the page before ended: `time.number`.
    after: String,
}

impl Asked {
    fn wanted(&self, helper: i64) -> Wanted {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let day = |text: &String, later: i64| {
            let date: Date = text.parse().ok()?;
            let date = date.checked_add(Span::new().days(later)).ok()?;
            Some(date.to_zoned(TimeZone::system()).ok()?.timestamp().as_second())
        };
        let search: String = self.q.chars().take(SEARCH).collect();
        let place = |text: &String| {
            let (time, id) = text.split_once('.')?;
            Some((time.parse().ok()?, id.parse().ok()?))
        };
        Wanted {
            terms: terms(&search).into_iter().take(TERMS).collect(),
            state: given(&self.state),
            cause: given(&self.cause),
            device: given(&self.device),
            service: given(&self.service),
            holder: (self.holder == "mine").then_some(helper),
            from: day(&self.from, 0),
            until: day(&self.until, 1),
            order: match self.order.as_str() {
                "waiting" => Order::Waiting,
                "newest" => Order::Newest,
                "oldest" => Order::Oldest,
                _ => Order::Latest,
            },
            after: place(&self.after),
        }
    }

    /// The address of the page that begins after that place.
    fn address(&self, after: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("q", self.q.as_str()),
            ("state", &self.state),
            ("cause", &self.cause),
            ("device", &self.device),
            ("service", &self.service),
            ("holder", &self.holder),
            ("from", &self.from),
            ("until", &self.until),
            ("order", &self.order),
            ("after", after),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("/desk?{}", query.finish())
    }
}

/// A choice of a filter.
struct Choice {
    id: String,
    name: String,
    chosen: bool,
}

/// A case in the list.
struct Line {
    id: i64,
    last: String,
    opened: String,
    state: String,
    state_name: &'static str,
    cause: String,
    device: String,
    service: String,
    steps: i64,
    words: String,
    held: bool,
}

#[derive(Template)]
#[template(path = "desk/list.html")]
struct ListPage<'a> {
    f: Frame,
    asked: &'a Asked,
    filtered: bool,
    states: Vec<Choice>,
    causes: Vec<Choice>,
    devices: Vec<Choice>,
    services: Vec<Choice>,
    orders: Vec<Choice>,
    lines: Vec<Line>,
    next: Option<String>,
    first: Option<String>,
}

async fn list(
    State(desk): State<Desk>,
    session: Session,
    w: Wording,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    let wanted = asked.wanted(session.id);
    let (rows, more) = desk.store.list(&wanted).await.map_err(failed(w))?;
    let last = rows.last().filter(|_| more);
    let next = last.map(|row| asked.address(&format!("{}.{}", wanted.order.time(row), row.id)));
    let first = wanted.after.map(|_| asked.address(""));
    let taxonomy = &desk.knowledge.taxonomy;
    let ids = |kind: &str| taxonomy.values.get(kind).cloned().unwrap_or_default();
    let choices = |ids: Vec<String>, chosen: &str, name: &dyn Fn(&str) -> String| -> Vec<Choice> {
        let choice = |id: String| Choice { name: name(&id), chosen: id == chosen, id };
        ids.into_iter().map(choice).collect()
    };
    let fixed = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let states = fixed(&["open", "waiting", "resolved", "unresolved"]);
    let causes = taxonomy.cause.keys().cloned().chain(["unknown".to_owned()]).collect();
    let orders = fixed(&["latest", "waiting", "newest", "oldest"]);
    let order = if asked.order.is_empty() { "latest" } else { asked.order.as_str() };
    let page = ListPage {
        filtered: wanted != Wanted { order: wanted.order, after: wanted.after, ..Wanted::default() },
        states: choices(states, &asked.state, &|id| state_name(id, w).to_owned()),
        causes: choices(causes, &asked.cause, &|id| cause_name(desk.knowledge, id, w)),
        devices: choices(ids("device"), &asked.device, &|id| word(id, w)),
        services: choices(ids("service"), &asked.service, &|id| word(id, w)),
        orders: choices(orders, order, &|id| order_name(id, w).to_owned()),
        lines: rows.iter().map(|row| line(&desk, row, w)).collect(),
        f: Frame { w, session, part: "cases" },
        asked: &asked,
        next,
        first,
    };
    Ok(show(StatusCode::OK, &page))
}

fn order_name(id: &str, w: Wording) -> &'static str {
    match id {
        "waiting" => w.pick("longest without news", "動きのない順"),
        "newest" => w.pick("opened last", "受付の新しい順"),
        "oldest" => w.pick("opened first", "受付の古い順"),
        _ => w.pick("latest news", "更新の新しい順"),
    }
}

fn line(desk: &Desk, row: &CaseRow, w: Wording) -> Line {
    let summary = &row.summary;
    let mut words: String = summary.words.chars().take(EXCERPT).collect();
    if summary.words.chars().nth(EXCERPT).is_some() {
        words.push('…');
    }
    Line {
        id: row.id,
        last: time(row.last_at),
        opened: time(row.opened_at),
        state: summary.state.clone(),
        state_name: state_name(&summary.state, w),
        cause: cause_name(desk.knowledge, &summary.cause, w),
        device: word(&summary.device, w),
        service: word(&summary.service, w),
        steps: summary.steps,
        words,
        held: row.holder.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_asked_for() {
        let asked = Asked { from: "yesterday".to_owned(), after: "x.1".to_owned(), ..Asked::default() };
        assert_eq!(asked.wanted(1), Wanted::default());
    }

    #[test]
    fn the_last_day_is_part_of_the_list() {
        let day = "2026-07-15".to_owned();
        let asked = Asked { from: day.clone(), until: day, ..Asked::default() };
        let wanted = asked.wanted(1);
        assert_eq!(wanted.until.unwrap() - wanted.from.unwrap(), 86_400);
    }

    #[test]
    fn the_next_page_keeps_what_was_asked() {
        let asked = Asked { q: "届かない & x".to_owned(), state: "open".to_owned(), ..Asked::default() };
        let address = asked.address("10.2");
        assert!(address.ends_with("+%26+x&state=open&after=10.2"), "{address}");
    }
}
