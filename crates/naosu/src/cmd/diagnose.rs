//! `naosu diagnose`: the diagnosis again, from saved evidence.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_core::evidence::{Evidence, SCHEMA};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::report::report;
use naosu_papers::mask;

use crate::cli::{Color, DiagnoseArguments};
use crate::language::choose;
use crate::render::page::Page;
use crate::render::text::{Detail, text};
use crate::usage::Mistake;

/// The largest evidence file that is read, in bytes.
const SIZE_LIMIT: u64 = 32 * 1024 * 1024;

/// Reads the evidence and prints its report; `asked` is the language that the call names.
pub(crate) fn run(
    knowledge: &Knowledge,
    arguments: &DiagnoseArguments,
    asked: Option<Lang>,
    color: Color,
) -> Result<ExitCode> {
    let evidence = load(&arguments.evidence)?;
    // as the check spoke that saved it
    let lang = choose(asked, evidence.request.words.as_deref());
    let report = report(knowledge, evidence, lang);
    if arguments.json {
        super::print_data(&(serde_json::to_string(&report).context("write the report as JSON")? + "\n"))?;
    } else {
        let page = Page::of_stdout(color);
        let detail = Detail { verbose: arguments.verbose, step: true };
        super::print_on(page, &text(knowledge, &report, lang, page, detail))?;
    }
    Ok(super::check::status(report.diagnosis.verdict))
}

/// Evidence from a file: saved by itself, or inside a report.
pub(super) fn load(path: &Path) -> Result<Evidence> {
    let name = path.display();
    let text = read(path).map_err(|error| {
        Mistake::error(
            format!("{name}: {error}: name a file that naosu check --evidence-out wrote"),
            format!("{name}: {error}: naosu check --evidence-out で保存したファイルを指定してください"),
        )
    })?;
    let parsed = serde_json::from_str::<serde_json::Value>(&text).and_then(|mut value| {
        if value.get("schema").and_then(|schema| schema.as_str()) == Some(naosu_core::report::SCHEMA) {
            value = value["evidence"].take();
        }
        serde_json::from_value::<Evidence>(value)
    });
    let mut evidence = parsed.map_err(|error| {
        Mistake::error(
            format!("{name}: not an evidence file: {error}: name a file that naosu check --evidence-out wrote"),
            format!("{name}: 証拠ファイルではありません: {error}: naosu check --evidence-out で保存したファイルを指定してください"),
        )
    })?;
    if evidence.schema != SCHEMA {
        let found = &evidence.schema;
        return Err(Mistake::error(
            format!(
                "{name}: its format is {found}, this program reads {SCHEMA}: use the version that wrote it"
            ),
            format!(
                "{name}: 形式が{found}です。このプログラムが読めるのは{SCHEMA}です。保存時の版をお使いください"
            ),
        ));
    }
    mask::request(&mut evidence.request);
    Ok(evidence)
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path)?)
    };
    let read = source.take(SIZE_LIMIT + 1).read_to_string(&mut text)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > SIZE_LIMIT {
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "larger than 32 MB"));
    }
    Ok(text)
}
