//! How many steps and minutes it takes to the fix, beside the articles' own order of things to try.

use std::fmt::Write;

use naosu_core::case::rehearsal::{LEADS, Played, Role, by_the_articles, play, symptoms_alone};
use naosu_core::case::{Case, Event, What};
use naosu_core::evidence::{Evidence, Request};
use naosu_core::intake::Complaint;
use naosu_core::knowledge::{Knowledge, Lang};

use super::corpus::{Corpora, Corpus, Origin};
use super::recorded::World;
use crate::language::pick;
use crate::render::page::padded;

/// Of the complaints that were written to learn words from, every how manieth is played: they are thousands.
const EVERY: usize = 10;

/// Somebody with one cause, and what is known when the case begins.
struct Begun<'k> {
    request: Request,
    evidence: Option<Evidence>,
    cause: String,
    /// What we know: nothing that this very complaint taught.
    knowledge: &'k Knowledge,
}

/// Plays a case for everybody, and tells what they come to.
pub(super) fn told(corpora: &Corpora<'_>, worlds: &[World], lang: Lang) -> String {
    let knowledge = corpora.knowledge;
    let alone = symptoms_alone(knowledge)
        .into_iter()
        .map(|(request, cause)| Begun { request, evidence: None, cause, knowledge })
        .collect();
    let said = |origin: Origin| -> Vec<Begun<'_>> {
        let those = corpora.all.iter().filter(|corpus| corpus.origin == origin);
        those.flat_map(|corpus| spoken(corpora, corpus)).collect()
    };
    let rows = [
        (pick(lang, "a symptom alone", "症状だけ"), alone),
        (pick(lang, "a complaint (tuned on)", "相談の文(調整に使用)"), said(Origin::Tuned)),
        (pick(lang, "a complaint (written)", "相談の文(学習用)"), said(Origin::Written)),
        (pick(lang, "a complaint (given)", "相談の文(指定)"), said(Origin::Given)),
        (pick(lang, "measured", "測定あり"), measured(knowledge, worlds)),
    ];
    let mut out = pick(
        lang,
        "\nTo the fix, played with people who have one cause and answer truthfully; the articles' list tried in its order beside it\n\
         Known at the start       cases   steps: median  mean   most  over 6  unsolved   articles  minutes  articles\n",
        "\n直るまで: 原因が1つで、正直に答える人での試行。比較は、記事の一覧を上から順に試した場合\n\
         はじめに分かること       件数    手順: 中央値  平均   最多  6超    未解決     記事      分       記事\n",
    )
    .to_owned();
    for (name, all) in rows.into_iter().filter(|(_, all)| !all.is_empty()) {
        out.push_str(&row(name, &all));
    }
    out
}

fn row(name: &str, all: &[Begun<'_>]) -> String {
    let (mut steps, mut listed) = (Vec::with_capacity(all.len()), Vec::with_capacity(all.len()));
    let (mut minutes, mut listed_minutes, mut unsolved) = (0.0, 0.0, 0_usize);
    for begun in all {
        let role = Role { cause: &begun.cause, answers: true, least: LEADS };
        let played = played(begun, role);
        let (tries, takes) = by_the_articles(begun.knowledge, &begun.request, role);
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

fn played(begun: &Begun<'_>, role: Role<'_>) -> Played {
    let mut case = Case::new(0, begun.request.clone(), Lang::En);
    if let Some(evidence) = &begun.evidence {
        let what = What::Measured(Box::new(evidence.clone()));
        case.apply(Event { at: 0, what }).expect("a case that was just opened takes a measurement");
    }
    play(begun.knowledge, &mut case, role)
}

/// The complaints whose cause is known.
fn spoken<'c>(corpora: &'c Corpora<'_>, corpus: &'c Corpus) -> impl Iterator<Item = Begun<'c>> {
    let every = if corpus.origin == Origin::Written { EVERY } else { 1 };
    let some = corpora.unseen(corpus).step_by(every);
    some.filter(|(complaint, knowledge)| knowledge.causes.contains_key(&complaint.cause)).map(
        |(Complaint { text, cause, device, service, client, .. }, knowledge)| {
            let known = |id: &Option<String>| id.clone().filter(|id| id != "unknown");
            let request = Request {
                words: Some(text.clone()),
                device: known(device),
                service: known(service),
                client: known(client),
                ..Request::default()
            };
            Begun { request, evidence: None, cause: cause.clone(), knowledge }
        },
    )
}

/// The recorded worlds in which something was broken.
fn measured<'k>(knowledge: &'k Knowledge, worlds: &[World]) -> Vec<Begun<'k>> {
    let broken = |world: &World| {
        let cause = world.scenario.expect.cause.clone()?;
        let evidence = world.evidence.clone();
        Some(Begun { request: evidence.request.clone(), evidence: Some(evidence), cause, knowledge })
    };
    worlds.iter().filter_map(broken).collect()
}
