//! `naosu case outcomes`: what solved cases taught on this computer.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::outcome::{Context, Counts, HALF_LIFE_DAYS, Outcomes};

use super::guide::line;
use crate::cli::OutcomesCommand;
use crate::language::pick;
use crate::store::Store;
use crate::usage::Mistake;
use naosu_core::name::name;
use naosu_papers::moment::day;

/// Counts below this are not shown.
const SHOWN: f64 = 0.05;

/// Shows, exports or forgets them.
pub(super) fn run(knowledge: &Knowledge, command: &OutcomesCommand, lang: Lang) -> Result<ExitCode> {
    match command {
        OutcomesCommand::Show { json: false } => {
            super::super::print(&table(knowledge, &Store::open()?.outcomes()?, lang))?;
        }
        OutcomesCommand::Show { json: true } => {
            super::super::print_data(&json(&Store::open()?.outcomes()?)?)?;
        }
        OutcomesCommand::Export { file } => export(file)?,
        OutcomesCommand::Reset { yes } => reset(*yes, lang)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn json(outcomes: &Outcomes) -> Result<String> {
    Ok(serde_json::to_string_pretty(outcomes).context("write the outcomes as JSON")? + "\n")
}

fn export(file: &Path) -> Result<()> {
    let text = json(&Store::open()?.outcomes()?)?;
    if file == Path::new("-") {
        return super::super::print_data(&text);
    }
    std::fs::write(file, text).map_err(|error| {
        let name = file.display();
        Mistake::error(
            format!("{name}: {error}: name a file that can be written, or - for standard output"),
            format!(
                "{name}: 書き込めません({error}): 書き込めるファイルか、標準出力なら - を指定してください"
            ),
        )
    })
}

fn reset(yes: bool, lang: Lang) -> Result<()> {
    let store = Store::open()?;
    let cases = store.outcomes()?.cases;
    if !yes {
        if !std::io::stdin().is_terminal() {
            return Err(Mistake::error(
                "naosu case outcomes reset: nobody can be asked here: add --yes to forget what was learned",
                "naosu case outcomes reset: ここでは確認できません: 学んだ結果を消すには --yes を付けてください",
            ));
        }
        let answer = line(&pick(
            lang,
            format!("Forget what {cases} solved cases taught? The cases stay. [y/N] "),
            format!("解決した{cases}件のケースから学んだ結果を消しますか。ケースは残ります [y/N] "),
        ))?;
        let answer = answer.unwrap_or_default().to_lowercase();
        if !matches!(answer.as_str(), "y" | "yes" | "はい") {
            return Ok(());
        }
    }
    store.forget()?;
    super::super::print(pick(
        lang,
        "Forgotten. The cases are still there.\n",
        "消しました。ケースは残っています。\n",
    ))
}

fn table(knowledge: &Knowledge, outcomes: &Outcomes, lang: Lang) -> String {
    if outcomes.cases == 0 {
        return pick(
            lang,
            "Nothing is learned yet: a case teaches something when a repair has solved it.\n",
            "まだ何も学んでいません。対処で解決したケースから学びます。\n",
        )
        .to_owned();
    }
    let (cases, newest) = (outcomes.cases, day(outcomes.as_of));
    let half = HALF_LIFE_DAYS;
    let mut out = pick(
        lang,
        format!(
            "Learned on this computer from {cases} solved {}, the newest from {newest}.\n\
             Each counts half after {half} days. A case is shared by the causes that it may have been.\n",
            if cases == 1 { "case" } else { "cases" }
        ),
        format!(
            "このコンピュータで解決した{cases}件のケースから学んだ結果です(最新は{newest})。\n\
             {half}日ごとに重みが半分になります。原因が1つに定まらないケースは、考えられる原因に分けて数えます。\n"
        ),
    );
    for (context, counts) in &outcomes.contexts {
        out.push_str(&section(knowledge, context, counts, lang));
    }
    out
}

/// What was learned in one context: the causes, each with what was tried against it, the most frequent first.
fn section(knowledge: &Knowledge, context: &Context, counts: &Counts, lang: Lang) -> String {
    let place = |id, unknown| if id == "unknown" { unknown } else { name(id, lang) };
    let device = place(&context.device, pick(lang, "any device", "端末は不明"));
    let service = place(&context.service, pick(lang, "any service", "サービスは不明"));
    let mut out = format!("\n{device} · {service}\n");
    let mut causes: Vec<(&String, f64)> = counts.causes.iter().map(|(id, count)| (id, *count)).collect();
    let alone = counts.tries.values().flat_map(|causes| causes.keys());
    let mut alone: Vec<&String> = alone.filter(|id| !counts.causes.contains_key(*id)).collect();
    alone.sort_unstable();
    alone.dedup();
    causes.extend(alone.into_iter().map(|id| (id, 0.0)));
    causes.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    for (id, count) in causes {
        let known = knowledge.taxonomy.cause.get(id);
        let title = known.map_or(id.as_str(), |cause| pick(lang, &cause.en, &cause.ja));
        let mut lines = String::new();
        for (action, tries) in &counts.tries {
            let Some(tries) = tries.get(id).filter(|tries| tries.fixed.max(tries.not_fixed) >= SHOWN) else {
                continue;
            };
            let known = knowledge.care().actions.get(action);
            let title = known.map_or(action.as_str(), |action| action.title.get(lang));
            let (fixed, all) = (tries.fixed, tries.fixed + tries.not_fixed);
            lines.push_str(&pick(
                lang,
                format!("            helped {fixed:.1} of {all:.1}  {title}\n"),
                format!("            {all:.1}回中{fixed:.1}回 直った  {title}\n"),
            ));
        }
        if count >= SHOWN || !lines.is_empty() {
            let unit = pick(lang, "", "件");
            out.push_str(&format!("  {count:>6.1}{unit}  {title}\n{lines}"));
        }
    }
    let waited = counts.by_itself;
    if waited >= SHOWN {
        let label = pick(lang, "of these it went away while waiting", "このうち、待つ間に直ったもの");
        let unit = pick(lang, "", "件");
        out.push_str(&format!("  {waited:>6.1}{unit}  {label}\n"));
    }
    out
}
