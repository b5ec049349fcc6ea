//! `naosu knowledge`: a look into what we believe.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use naosu_core::knowledge::{Knowledge, Lang};

use crate::cli::KnowledgeCommand;
use crate::language::pick;
use crate::usage::Mistake;

mod score;
mod site;

/// Checks, lists or shows knowledge.
pub(crate) fn run(folder: Option<&Path>, command: &KnowledgeCommand, lang: Lang) -> Result<ExitCode> {
    let files = super::files(folder)?;
    match command {
        KnowledgeCommand::Check => check(&files, lang),
        KnowledgeCommand::List { kind } => list(&files, kind.as_deref()),
        KnowledgeCommand::Show { id } => show(&files, id),
        KnowledgeCommand::Site { dir, base_url } => site::run(&load(&files)?, dir, base_url.as_deref(), lang),
        KnowledgeCommand::Coverage { verbose } => coverage(&load(&files)?, *verbose, lang),
        KnowledgeCommand::Score { files: more, scenarios } => {
            score::run(&load(&files)?, &files, more, scenarios, lang)
        }
    }
}

fn load(files: &[(String, String)]) -> Result<Knowledge> {
    Knowledge::load(files).map_err(|problems| super::broken(&problems))
}

/// Prints the rows that nothing serves, and how many are served; the status says whether all are.
fn coverage(knowledge: &Knowledge, verbose: bool, lang: Lang) -> Result<ExitCode> {
    let coverage = knowledge.coverage();
    let mut out = String::new();
    if verbose {
        for (row, files) in &coverage.served {
            out.push_str(&format!("{row}\t{}\n", files.join(", ")));
        }
    }
    for row in &coverage.missing {
        let missing = pick(lang, "missing", "未対応");
        out.push_str(&format!("{}\t{missing}\t{}\t{}\t{}\n", row.id, row.kind, row.scope, row.what));
    }
    let (served, all) = (coverage.served.len(), coverage.served.len() + coverage.missing.len());
    out.push_str(&pick(
        lang,
        format!("{served} of {all} rows served\n"),
        format!("{all}行のうち{served}行に対応\n"),
    ));
    super::print(&out)?;
    Ok(if coverage.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check(files: &[(String, String)], lang: Lang) -> Result<ExitCode> {
    let problems = match Knowledge::load(files) {
        Ok(knowledge) => knowledge.check(),
        Err(problems) => problems,
    };
    let count = files.len();
    if problems.is_empty() {
        super::print(&pick(
            lang,
            format!("{count} files, no problem\n"),
            format!("{count}個のファイルに問題はありません\n"),
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    super::print(&(told.join("\n") + "\n"))?;
    Ok(ExitCode::FAILURE)
}

fn list(files: &[(String, String)], wanted: Option<&str>) -> Result<ExitCode> {
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, _) in files {
        if let Some((kind, stem)) = path.split_once('/') {
            kinds.entry(kind).or_default().push(stem.trim_end_matches(".toml"));
        }
    }
    let lines: Vec<String> = match wanted {
        None => kinds.iter().map(|(kind, ids)| format!("{kind}\t{}", ids.len())).collect(),
        Some(kind) => {
            if let Some(ids) = kinds.get(kind) {
                ids.iter().map(|id| (*id).to_owned()).collect()
            } else {
                let known = kinds.keys().copied().collect::<Vec<_>>().join(", ");
                return Err(Mistake::error(
                    format!("{kind}: no such kind of knowledge: one of {known}"),
                    format!("{kind}: そのような種類はありません。次から選んでください: {known}"),
                ));
            }
        }
    };
    super::print(&(lines.join("\n") + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn show(files: &[(String, String)], id: &str) -> Result<ExitCode> {
    let mut out = String::new();
    for (path, text) in files {
        let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".toml");
        if stem == id {
            out.extend(["# knowledge/", path.as_str(), "\n", text.trim_end(), "\n\n"]);
        }
    }
    if out.is_empty() {
        return Err(Mistake::error(
            format!("{id}: nothing has this id: see naosu knowledge list KIND"),
            format!("{id}: そのidはありません: naosu knowledge list 種類 で一覧を見られます"),
        ));
    }
    super::print(&out)?;
    Ok(ExitCode::SUCCESS)
}
