//! What the cases of half a year add up to, as charts with their tables.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;
use naosu_core::knowledge::Knowledge;

use super::chart::{Row, bars, columns};
use super::{Frame, cause_name, length, time, word};
use crate::desk::Desk;
use crate::helpers::Session;
use crate::pages::{PageFailure, failed, show};
use crate::statistics::{Figures, Of, STEPS, Spread, WEEKS, as_number};
use crate::wording::Wording;

/// Weeks that the chart of weeks shows.
const SHOWN: usize = 12;

/// Causes that have a colour of their own; the others are one.
const COLOURS: usize = 6;

/// Rows of the charts of devices, services and times.
const ROWS: usize = 12;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/desk/statistics", get(statistics))
}

/// A table: its heads, and its rows with the name first.
struct Table {
    heads: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
}

/// A chart with the same numbers as a table.
struct Part {
    id: &'static str,
    title: String,
    /// What the colours mean, in their order.
    legend: Vec<String>,
    svg: String,
    table: Table,
}

/// A wave with its numbers in words.
struct WaveLine {
    name: String,
    time: &'static str,
    count: usize,
    expected: String,
    chance: String,
}

#[derive(Template)]
#[template(path = "desk/statistics.html")]
struct StatisticsPage {
    f: Frame,
    counted: String,
    cases: usize,
    resolved: usize,
    median: String,
    p90: String,
    waves: Vec<WaveLine>,
    parts: Vec<Part>,
}

async fn statistics(State(desk): State<Desk>, session: Session, w: Wording) -> Result<Response, PageFailure> {
    let figures = desk.figures_of_cases().await.map_err(failed(w))?;
    let knowledge = desk.knowledge;
    let waves = figures.waves.iter().map(|wave| WaveLine {
        name: match wave.of {
            Of::Cause => cause_name(knowledge, &wave.id, w),
            Of::Service => word(&wave.id, w),
        },
        time: if wave.days == 1 {
            w.pick("last 24 hours", "この24時間")
        } else {
            w.pick("last 7 days", "この7日間")
        },
        count: wave.count,
        expected: format!("{:.1}", wave.expected),
        chance: chance(wave.chance),
    });
    let page = StatisticsPage {
        counted: time(i64::try_from(figures.at).unwrap_or(0)),
        cases: figures.cases,
        resolved: figures.resolved,
        median: length(figures.fixed.median, w),
        p90: length(figures.fixed.p90, w),
        waves: waves.collect(),
        parts: vec![
            weeks(knowledge, &figures, w),
            named("devices", w.pick("By device", "端末別"), &figures.devices, w),
            named("services", w.pick("By service", "サービス別"), &figures.services, w),
            times(knowledge, &figures, w),
            steps(&figures, w),
        ],
        f: Frame { w, session, part: "statistics" },
    };
    Ok(show(StatusCode::OK, &page))
}

/// A small probability, told in percent no finer than it matters.
fn chance(chance: f64) -> String {
    if chance < 0.000_01 { "< 0.001 %".to_owned() } else { format!("{:.3} %", chance * 100.0) }
}

fn weeks(knowledge: &Knowledge, figures: &Figures, w: Wording) -> Part {
    let first = WEEKS - SHOWN;
    let sum = |counts: &Vec<usize>| counts[first..].iter().sum::<usize>();
    let mut causes: Vec<(&String, &Vec<usize>)> = figures.causes.iter().collect();
    causes.sort_by_key(|(id, counts)| (*id == "unknown", std::cmp::Reverse(sum(counts))));
    let (own, others) = causes.split_at(causes.len().min(COLOURS));
    let counts = |week: usize| -> Vec<usize> {
        let rest = others.iter().map(|(_, counts)| counts[week]).sum();
        own.iter().map(|(_, counts)| counts[week]).chain([rest]).collect()
    };
    let legend: Vec<String> = own
        .iter()
        .map(|(id, _)| cause_name(knowledge, id, w))
        .chain([w.pick("others", "その他").to_owned()])
        .collect();
    let shown: Vec<(String, Vec<usize>)> =
        (first..WEEKS).map(|week| (day(figures.weeks[week]), counts(week))).collect();
    let title = w.pick("Causes by week (from Monday)", "週別の原因(月曜はじまり)").to_owned();
    let rows: Vec<Row> =
        shown.iter().map(|(name, parts)| Row { name: name.clone(), parts: parts.clone() }).collect();
    let heads = [w.pick("Week", "週").to_owned()].into_iter().chain(legend.iter().cloned()).collect();
    let table = shown.into_iter().map(|(name, parts)| (name, written(&parts))).collect();
    Part { id: "weeks", svg: columns(&title, &rows), legend, table: Table { heads, rows: table }, title }
}

fn named(id: &'static str, title: &str, counts: &BTreeMap<String, usize>, w: Wording) -> Part {
    let mut sorted: Vec<(&String, usize)> = counts.iter().map(|(id, count)| (id, *count)).collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let total: usize = counts.values().sum();
    let rows: Vec<Row> =
        sorted.iter().take(ROWS).map(|(id, count)| Row { name: word(id, w), parts: vec![*count] }).collect();
    let share = |count: usize| format!("{:.0} %", 100.0 * as_number(count) / as_number(total.max(1)));
    let table = sorted.iter().map(|(id, count)| (word(id, w), vec![count.to_string(), share(*count)]));
    let heads = [title, w.pick("Cases", "件数"), w.pick("Share", "割合")];
    Part {
        id,
        title: title.to_owned(),
        legend: Vec::new(),
        svg: bars(title, &rows, |count| count.to_string()),
        table: Table { heads: heads.map(str::to_owned).to_vec(), rows: table.collect() },
    }
}

fn times(knowledge: &Knowledge, figures: &Figures, w: Wording) -> Part {
    let mut sorted: Vec<(&String, &Spread)> = figures.fixed_by_cause.iter().collect();
    sorted.sort_by_key(|(_, spread)| std::cmp::Reverse(spread.count));
    sorted.truncate(ROWS);
    let title = w.pick("Time to the fix: median and 9 of 10", "解決までの時間: 中央値と90%値").to_owned();
    let drawn = |seconds: i64| usize::try_from(seconds.max(0)).unwrap_or(0);
    let rows: Vec<Row> = sorted
        .iter()
        .map(|(id, spread)| Row {
            name: cause_name(knowledge, id, w),
            parts: vec![drawn(spread.median), drawn(spread.p90)],
        })
        .collect();
    let told = |seconds: i64| length(seconds, w);
    let table = sorted.iter().map(|(id, spread)| {
        (cause_name(knowledge, id, w), vec![spread.count.to_string(), told(spread.median), told(spread.p90)])
    });
    let (median, p90) = (w.pick("Median", "中央値"), w.pick("9 of 10", "90%値"));
    let heads = [w.pick("Cause", "原因"), w.pick("Solved", "解決数"), median, p90];
    Part {
        id: "times",
        svg: bars(&title, &rows, |seconds| told(i64::try_from(seconds).unwrap_or(i64::MAX))),
        legend: vec![median.to_owned(), p90.to_owned()],
        table: Table { heads: heads.map(str::to_owned).to_vec(), rows: table.collect() },
        title,
    }
}

fn steps(figures: &Figures, w: Wording) -> Part {
    let title = w.pick("Steps until the end", "終わるまでの手順の数").to_owned();
    let name = |steps: usize| {
        if steps == STEPS { w.pick("10 or more", "10以上").to_owned() } else { steps.to_string() }
    };
    let counts: Vec<(String, usize)> =
        figures.steps.iter().enumerate().map(|(steps, count)| (name(steps), *count)).collect();
    let rows: Vec<Row> =
        counts.iter().map(|(name, count)| Row { name: name.clone(), parts: vec![*count] }).collect();
    let heads = [w.pick("Steps", "手順"), w.pick("Cases", "件数")].map(str::to_owned).to_vec();
    let table = counts.into_iter().map(|(name, count)| (name, vec![count.to_string()])).collect();
    Part {
        id: "steps",
        svg: columns(&title, &rows),
        legend: Vec::new(),
        table: Table { heads, rows: table },
        title,
    }
}

fn written(counts: &[usize]) -> Vec<String> {
    counts.iter().map(ToString::to_string).collect()
}

/// The day that begins then, in UTC.
fn day(at: i64) -> String {
    Timestamp::from_second(at).unwrap_or_default().strftime("%m-%d").to_string()
}
