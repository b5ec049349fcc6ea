//! A file per command.

use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Result;
use naosu_core::knowledge::{Knowledge, Lang, Problem, embedded};

use crate::cli::{Cli, Command};
use crate::screen::{print, print_data, print_on};
use crate::usage::Mistake;

mod ask;
mod care;
mod case;
mod check;
mod diagnose;
mod document;
mod helper;
mod knowledge;
mod order;
mod paper;
mod serve;
mod try_world;

/// Runs the command; the exit status says how it came out.
pub(crate) fn run(cli: Cli, lang: Lang) -> Result<ExitCode> {
    // it is needed until the end, where taking it to pieces would only cost time
    let knowledge = || load(cli.knowledge.as_deref()).map(|knowledge| &*Box::leak(Box::new(knowledge)));
    let asked = cli.lang.map(Into::into);
    let Some(command) = cli.command else {
        return case::guide::begin(knowledge()?, asked, cli.color);
    };
    match command {
        Command::Check(arguments) => check::run(knowledge()?, &arguments, lang, cli.color),
        Command::Ask(arguments) => ask::run(knowledge()?, &arguments, asked, lang, cli.color),
        Command::Diagnose(arguments) => diagnose::run(knowledge()?, &arguments, asked, cli.color),
        Command::Case(arguments) => case::run(knowledge()?, &arguments, asked, lang, cli.color),
        Command::Care(arguments) => care::run(knowledge()?, &arguments, lang, cli.color),
        Command::Try(arguments) => try_world::run(knowledge()?, &arguments, lang, cli.color),
        Command::Knowledge(arguments) => knowledge::run(cli.knowledge.as_deref(), &arguments.command, lang),
        Command::Serve(arguments) => serve::run(knowledge()?, &arguments, lang),
        Command::Helper(arguments) => helper::run(&arguments, lang),
        Command::Completions { shell } => document::completions(shell),
        Command::Man => document::man(),
    }
}

/// Seconds since 1970 UTC; 0 where the clock says that it is earlier.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The knowledge: the built-in one, or that of a folder.
fn load(folder: Option<&Path>) -> Result<Knowledge> {
    let loaded = match folder {
        Some(_) => Knowledge::load(&files(folder)?),
        None => Knowledge::built_in(),
    };
    loaded.map_err(|problems| broken(&problems))
}

/// The knowledge files: the built-in ones, or those of a folder.
fn files(folder: Option<&Path>) -> Result<Vec<(String, String)>> {
    let Some(folder) = folder else { return Ok(embedded()) };
    let mut files = Vec::new();
    read(folder, folder, &mut files).map_err(|error| {
        let name = folder.display();
        Mistake::error(
            format!("--knowledge {name}: {error}: name a folder like the repository's knowledge/"),
            format!(
                "--knowledge {name}: {error}: リポジトリの knowledge/ のようなフォルダを指定してください"
            ),
        )
    })?;
    files.sort();
    Ok(files)
}

fn read(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(root, &path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| ["toml", "tsv", "jsonl"].iter().any(|known| extension == *known))
        {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.push((name, std::fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

fn broken(problems: &[Problem]) -> anyhow::Error {
    let first = problems.first().map(ToString::to_string).unwrap_or_default();
    let count = problems.len();
    Mistake::error(
        format!("the knowledge has {count} problems, the first: {first}: see all with naosu knowledge check"),
        format!(
            "ナレッジに{count}件の問題があります。最初の1件: {first}: naosu knowledge check で全件を確認できます"
        ),
    )
}
