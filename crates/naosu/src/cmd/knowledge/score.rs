//! `naosu knowledge score`: how often we are right, and whether we say so rightly.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_core::diagnosis::diagnose;
use naosu_core::evidence::Evidence;
use naosu_core::intake::{Scored, recognise};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_lab::scenario::{Scenario, Verdict};
use serde::Deserialize;

use crate::language::pick;
use crate::usage::Mistake;

mod steps;

/// Bins of the calibration table.
const BINS: usize = 5;

/// Recognises every complaint, diagnoses every recorded world, and prints how often it was right.
pub(super) fn run(
    knowledge: &Knowledge,
    files: &[(String, String)],
    more: &[std::path::PathBuf],
    scenarios: &Path,
    lang: Lang,
) -> Result<ExitCode> {
    let mut out = String::new();
    let mut calibration = Calibration::default();
    let heading = pick(
        lang,
        "Words                                 symptom: first   in two    cause: first   in three",
        "言葉                                  症状: 1位     2位以内   原因: 1位     3位以内",
    );
    out.push_str(heading);
    out.push('\n');
    let own = files.iter().filter(|(path, _)| path.starts_with("corpus/complaints-"));
    for (path, text) in own {
        let name = path.trim_start_matches("corpus/");
        let seen = pick(lang, "in view", "参照して作成");
        complaints(knowledge, &format!("{name} ({seen})"), name, text, &mut calibration, &mut out)?;
    }
    for path in more {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Mistake::error(
                format!("{name}: {error}: name a file that can be read"),
                format!("{name}: 読めません({error}): 読み取れるファイルを指定してください"),
            )
        })?;
        complaints(knowledge, &name, &name, &text, &mut calibration, &mut out)?;
    }
    out.push_str(pick(
        lang,
        "\"In view\": the phrases were written by hand with these texts in sight, nothing is fitted by a program;\nfigures on unseen texts are lower (knowledge/corpus/README.md).\n\n",
        "「参照して作成」: 言い回しは、この文を見ながら人が書いたものです(プログラムによる学習なし)。\n初めての文での成績は、これより低くなります(knowledge/corpus/README.md)。\n\n",
    ));
    out.push_str(&calibration.show(lang));
    out.push_str(&worlds(knowledge, scenarios, lang)?);
    let own = files.iter().filter(|(path, _)| path.starts_with("corpus/complaints-"));
    let texts: Vec<&str> = own.map(|(_, text)| text.as_str()).collect();
    out.push_str(&steps::told(knowledge, &texts, scenarios, lang)?);
    super::super::print(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// What is read of a complaint.
#[derive(Deserialize)]
struct Complaint {
    text: String,
    symptom: String,
    cause: String,
}

fn complaints(
    knowledge: &Knowledge,
    shown: &str,
    name: &str,
    text: &str,
    calibration: &mut Calibration,
    out: &mut String,
) -> Result<()> {
    let (mut symptom, mut cause) = (Rank::default(), Rank::default());
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let complaint: Complaint = serde_json::from_str(line).map_err(|error| {
            let number = index + 1;
            Mistake::error(
                format!("{name}: line {number}: {error}: a complaint has text, symptom and cause"),
                format!("{name}: {number}行目: {error}: text、symptom、causeが必要です"),
            )
        })?;
        let found = recognise(knowledge, &complaint.text);
        symptom.count(&found.symptom, &complaint.symptom);
        calibration.count("symptom", &found.symptom, &complaint.symptom);
        if complaint.cause != "unknown" {
            cause.count(&found.cause, &complaint.cause);
            calibration.count("cause", &found.cause, &complaint.cause);
        }
    }
    // writing to a String cannot fail
    let _ = writeln!(
        out,
        "{} {:>4} {:>7} {:>9} {:>6} {:>6} {:>9}",
        crate::render::page::padded(shown, 42),
        symptom.rows,
        symptom.percent(1),
        symptom.percent(2),
        cause.rows,
        cause.percent(1),
        cause.percent(3),
    );
    Ok(())
}

/// The diagnosis of every recorded world beside what was put into it.
fn worlds(knowledge: &Knowledge, folder: &Path, lang: Lang) -> Result<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        let name = folder.display();
        return Ok(pick(
            lang,
            format!("\nNo recorded worlds in {name}: name their folder with --scenarios.\n"),
            format!("\n{name} に記録された世界がありません: --scenarios でフォルダを指定してください。\n"),
        ));
    };
    let (mut rows, mut first, mut among, mut verdicts) = (0usize, 0usize, 0usize, 0usize);
    let (mut faults, mut wrong) = (0usize, Vec::new());
    for entry in entries {
        let world = entry.context("read the worlds")?.path();
        let (Ok(recorded), Ok(fault)) = (
            std::fs::read_to_string(world.join("evidence.json")),
            std::fs::read_to_string(world.join("fault.toml")),
        ) else {
            continue;
        };
        let name = world.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let evidence: Evidence =
            serde_json::from_str(&recorded).with_context(|| format!("{name}: evidence.json"))?;
        let scenario = Scenario::load(&fault).with_context(|| format!("{name}: fault.toml"))?;
        let diagnosis = diagnose(knowledge, &evidence);
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
                wrong.push(name);
            }
        }
    }
    wrong.sort();
    let not_first = wrong.join(", ");
    Ok(pick(
        lang,
        format!(
            "\nRecorded worlds: {rows}; the verdict is right in {verdicts}; of {faults} faults the cause is first in {first}, in the first three in {among}.\nNot first: {not_first}\n"
        ),
        format!(
            "\n記録された世界: {rows}。判定が正しいもの {verdicts}。障害{faults}件のうち、原因が1位 {first}、3位以内 {among}。\n1位でないもの: {not_first}\n"
        ),
    ))
}

#[derive(Default)]
struct Rank {
    rows: usize,
    places: [usize; 3],
}

impl Rank {
    fn count(&mut self, scored: &[Scored], truth: &str) {
        self.rows += 1;
        if let Some(place) = scored.iter().take(3).position(|one| one.id == truth) {
            self.places[place] += 1;
        }
    }

    /// How often it was among the first `within`.
    fn percent(&self, within: usize) -> String {
        let right: usize = self.places[..within].iter().sum();
        let percent = (100 * right + self.rows / 2).checked_div(self.rows);
        percent.map_or_else(|| "–".to_owned(), |percent| format!("{percent} %"))
    }
}

/// What was said with which probability, and how often it was right.
#[derive(Default)]
struct Calibration(BTreeMap<(&'static str, usize), Bin>);

#[derive(Default)]
struct Bin {
    rows: u32,
    right: u32,
    said: f64,
}

impl Calibration {
    fn count(&mut self, kind: &'static str, scored: &[Scored], truth: &str) {
        let Some(first) = scored.first() else { return };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability")]
        let bin = ((first.p * 5.0) as usize).min(BINS - 1);
        let bin = self.0.entry((kind, bin)).or_default();
        bin.rows += 1;
        bin.right += u32::from(first.id == truth);
        bin.said += first.p;
    }

    fn show(&self, lang: Lang) -> String {
        let mut out = pick(
            lang,
            "Calibration: what was said first, with which probability on average, and how often it was right\n",
            "較正: 1位の候補の平均確率と、実際に正しかった割合\n",
        )
        .to_owned();
        for ((kind, _), bin) in &self.0 {
            let name = match *kind {
                "symptom" => pick(lang, "symptom", "症状"),
                _ => pick(lang, "cause", "原因"),
            };
            let rows = f64::from(bin.rows.max(1));
            // writing to a String cannot fail
            let _ = writeln!(
                out,
                "  {} {:>4}  {:>5.2} → {:.2}",
                crate::render::page::padded(name, 8),
                bin.rows,
                bin.said / rows,
                f64::from(bin.right) / rows
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_places() {
        let scored: Vec<Scored> =
            ["a", "b", "c"].iter().map(|id| Scored { id: (*id).to_owned(), p: 0.3 }).collect();
        let mut rank = Rank::default();
        for truth in ["a", "b", "c", "d"] {
            rank.count(&scored, truth);
        }
        assert_eq!(
            (rank.percent(1), rank.percent(2), rank.percent(3)),
            ("25 %".into(), "50 %".into(), "75 %".into())
        );
    }
}
