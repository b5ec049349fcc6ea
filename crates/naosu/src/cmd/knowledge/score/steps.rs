//! How many steps and minutes it takes to the fix, beside the articles' own order of things to try.

use std::fmt::Write;

use anyhow::{Context, Result};
use naosu_core::case::rehearsal::{LEADS, Played, Role, by_the_articles, play, symptoms_alone};
use naosu_core::case::{Case, Event, What};
use naosu_core::evidence::{Evidence, Request};
use naosu_core::knowledge::{Knowledge, Lang};
use serde::Deserialize;

use super::recorded::World;
use crate::language::pick;
use crate::render::page::padded;

/// Somebody with one cause, and what is known when the case begins.
struct Begun {
    request: Request,
    evidence: Option<Evidence>,
    cause: String,
}

/// Plays a case for everybody, and tells what they come to.
pub(super) fn told(
    knowledge: &Knowledge,
    complaints: &[&str],
    worlds: &[World],
    lang: Lang,
) -> Result<String> {
    let alone = symptoms_alone(knowledge)
        .into_iter()
        .map(|(request, cause)| Begun { request, evidence: None, cause })
        .collect();
    let mut said = Vec::new();
    for text in complaints {
        said.extend(spoken(knowledge, text)?);
    }
    let rows = [
        (pick(lang, "a symptom alone", "症状だけ"), alone),
        (pick(lang, "a complaint", "相談の文"), said),
        (pick(lang, "measured", "測定あり"), measured(worlds)),
    ];
    let mut out = pick(
        lang,
        "\nTo the fix, played with people who have one cause and answer truthfully; the articles' list tried in its order beside it\n\
         Known at the start       cases   steps: median  mean   most  over 6  unsolved   articles  minutes  articles\n",
        "\n直るまで: 原因が1つで、正直に答える人での試行。比較は、記事の一覧を上から順に試した場合\n\
         はじめに分かること       件数    手順: 中央値  平均   最多  6超    未解決     記事      分       記事\n",
    )
    .to_owned();
    for (name, all) in rows {
        out.push_str(&row(knowledge, name, &all));
    }
    Ok(out)
}

fn row(knowledge: &Knowledge, name: &str, all: &[Begun]) -> String {
    let (mut steps, mut listed) = (Vec::with_capacity(all.len()), Vec::with_capacity(all.len()));
    let (mut minutes, mut listed_minutes, mut unsolved) = (0.0, 0.0, 0_usize);
    for begun in all {
        let role = Role { cause: &begun.cause, answers: true, least: LEADS };
        let played = played(knowledge, begun, role);
        let (tries, takes) = by_the_articles(knowledge, &begun.request, role);
        steps.push(played.steps.len());
        listed.push(tries);
        minutes += played.minutes;
        listed_minutes += takes;
        unsolved += usize::from(!played.resolved);
    }
    steps.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let (count, mean) = (all.len().max(1) as f64, |values: &[usize]| {
        values.iter().sum::<usize>() as f64 / values.len().max(1) as f64
    });
    let mut out = String::new();
    // writing to a String cannot fail
    let _ = writeln!(
        out,
        "{} {:>5} {:>15} {:>5.1} {:>6} {:>7} {:>9} {:>10.1} {:>8.1} {:>9.1}",
        padded(name, 24),
        all.len(),
        steps.get(steps.len() / 2).unwrap_or(&0),
        mean(&steps),
        steps.last().unwrap_or(&0),
        steps.iter().filter(|steps| **steps > 6).count(),
        unsolved,
        mean(&listed),
        minutes / count,
        listed_minutes / count,
    );
    out
}

fn played(knowledge: &Knowledge, begun: &Begun, role: Role<'_>) -> Played {
    let mut case = Case::new(0, begun.request.clone(), Lang::En);
    if let Some(evidence) = &begun.evidence {
        let what = What::Measured(Box::new(evidence.clone()));
        case.apply(Event { at: 0, what }).expect("a case that was just opened takes a measurement");
    }
    play(knowledge, &mut case, role)
}

/// What is read of a complaint.
#[derive(Deserialize)]
struct Complaint {
    text: String,
    cause: String,
    device: Option<String>,
    service: Option<String>,
    client: Option<String>,
}

/// The complaints whose cause is known.
fn spoken(knowledge: &Knowledge, text: &str) -> Result<Vec<Begun>> {
    let mut all = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let complaint: Complaint = serde_json::from_str(line).context("a complaint has text and cause")?;
        if !knowledge.causes.contains_key(&complaint.cause) {
            continue;
        }
        let known = |id: Option<String>| id.filter(|id| id != "unknown");
        let request = Request {
            words: Some(complaint.text),
            device: known(complaint.device),
            service: known(complaint.service),
            client: known(complaint.client),
            ..Request::default()
        };
        all.push(Begun { request, evidence: None, cause: complaint.cause });
    }
    Ok(all)
}

/// The recorded worlds in which something was broken.
fn measured(worlds: &[World]) -> Vec<Begun> {
    let broken = |world: &World| {
        let cause = world.scenario.expect.cause.clone()?;
        let evidence = world.evidence.clone();
        Some(Begun { request: evidence.request.clone(), evidence: Some(evidence), cause })
    };
    worlds.iter().filter_map(broken).collect()
}
