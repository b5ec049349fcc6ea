//! `naosu knowledge score`: how often we are right, and whether we say so rightly.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use naosu_core::diagnosis::diagnose;
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_lab::scenario::Verdict;

use self::corpus::Corpora;
use self::recorded::World;
use crate::language::pick;

mod corpus;
mod recognition;
mod recorded;
mod steps;

/// Recognises every complaint, diagnoses every recorded world, plays both to the fix, and prints how often it was right
/// and how long it took.
pub(super) fn run(
    knowledge: &Knowledge,
    files: &[(String, String)],
    more: &[std::path::PathBuf],
    scenarios: &Path,
    lang: Lang,
) -> Result<ExitCode> {
    let corpora = Corpora::read(knowledge, files, more, lang)?;
    let mut out = recognition::told(&corpora, lang);
    if let Some((_, text)) = files.iter().find(|(path, _)| path == "corpus/first_seen.tsv") {
        out.push_str(&recognition::first_seen(text, lang));
    }
    let recorded = recorded::worlds(scenarios)?;
    out.push_str(&worlds(knowledge, &recorded, scenarios, lang));
    out.push_str(&steps::told(&corpora, &recorded, lang));
    super::super::print(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// The diagnosis of every recorded world beside what was put into it.
fn worlds(knowledge: &Knowledge, recorded: &[World], folder: &Path, lang: Lang) -> String {
    if recorded.is_empty() {
        let name = folder.display();
        return pick(
            lang,
            format!("\nNo recorded worlds in {name}: name their folder with --scenarios.\n"),
            format!("\n{name} に記録された世界がありません: --scenarios でフォルダを指定してください。\n"),
        );
    }
    let (mut rows, mut first, mut among, mut verdicts) = (0usize, 0usize, 0usize, 0usize);
    let (mut faults, mut wrong) = (0usize, Vec::new());
    for World { name, scenario, evidence } in recorded {
        let diagnosis = diagnose(knowledge, evidence);
        rows += 1;
        let verdict = match scenario.expect.verdict {
            Verdict::Healthy => naosu_core::diagnosis::Verdict::Healthy,
            Verdict::CauseFound => naosu_core::diagnosis::Verdict::CauseFound,
            Verdict::Inconclusive => naosu_core::diagnosis::Verdict::Inconclusive,
        };
        verdicts += usize::from(diagnosis.verdict == verdict);
        if let Some(cause) = &scenario.expect.cause {
            faults += 1;
            let place = diagnosis.causes.iter().position(|ranked| ranked.id == *cause);
            first += usize::from(place == Some(0));
            among += usize::from(place.is_some_and(|place| place < 3));
            if place != Some(0) {
                wrong.push(name.as_str());
            }
        }
    }
    let not_first = wrong.join(", ");
    pick(
        lang,
        format!(
            "\nRecorded worlds: {rows}; the verdict is right in {verdicts}; of {faults} faults the cause is first in {first}, in the first three in {among}.\nNot first: {not_first}\n"
        ),
        format!(
            "\n記録された世界: {rows}。判定が正しいもの {verdicts}。障害{faults}件のうち、原因が1位 {first}、3位以内 {among}。\n1位でないもの: {not_first}\n"
        ),
    )
}
