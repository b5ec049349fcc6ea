//! `naosu case export`: the package for support, a page to read and a ZIP with the same and the data behind it.
//!
//! What is in it was looked at before it is written: [`gather`] takes secrets and addresses out, and everything after it
//! (page, letters, preview, JSON) sees only what is left.

use std::io::{BufRead, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_papers::package::{Given, Package};
use naosu_papers::picture::Picture;

use super::session::Session;
use crate::cli::ExportArguments;
use crate::language::pick;
use crate::private;
use crate::usage::Mistake;

mod preview;

/// The most pictures in a package: more are not looked at, and mail does not take them.
const PICTURES_LIMIT: usize = 10;
/// The longest name of a system or serial number, in characters.
const GIVEN_LIMIT: usize = 60;

/// Writes the page and the ZIP; on a terminal only after a look at what is in them.
pub(super) fn run(knowledge: &Knowledge, arguments: &ExportArguments, lang: Lang) -> Result<ExitCode> {
    let package = gather(knowledge, arguments, lang)?;
    let stem = format!("naosu-case-{}", package.id);
    let (page, archive) =
        (arguments.out.join(format!("{stem}.html")), arguments.out.join(format!("{stem}.zip")));
    let preview = preview::preview(knowledge, &package);
    if arguments.preview {
        super::super::print(&preview)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.overwrite {
        for path in [&page, &archive] {
            if path.symlink_metadata().is_ok() {
                return Err(there_already(path));
            }
        }
    }
    if !arguments.yes && std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        super::super::print(&preview)?;
        if !agreed(&page, lang)? {
            return Ok(ExitCode::SUCCESS);
        }
    }
    let html = package.page(knowledge);
    let zip = package.zip(knowledge)?;
    for (path, bytes) in [(&page, html.as_bytes()), (&archive, zip.as_slice())] {
        write(path, bytes, arguments.overwrite)?;
    }
    super::super::print(&format!("{}\n{}\n", page.display(), archive.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Takes everything together and what must not be in it out.
fn gather(knowledge: &Knowledge, arguments: &ExportArguments, lang: Lang) -> Result<Package> {
    let session = Session::resume(knowledge, arguments.id)?;
    let os = given("--os", arguments.os.as_deref())?;
    let serial = given("--serial", arguments.serial.as_deref())?;
    if arguments.screenshot.len() > PICTURES_LIMIT {
        return Err(Mistake::error(
            format!("--screenshot: more than {PICTURES_LIMIT}: choose those that show the message"),
            format!("--screenshot: {PICTURES_LIMIT}枚までです: メッセージが写っているものを選んでください"),
        ));
    }
    let pictures = arguments.screenshot.iter().map(|file| Picture::read("--screenshot", file)?.bare());
    let pictures = pictures.collect::<Result<Vec<_>>>()?;
    let given = Given { os, serial, pictures, keep_addresses: arguments.keep_addresses };
    Package::new(arguments.id, session.case().events(), given, lang)
}

/// Something short that was given on the command line.
fn given(option: &str, text: Option<&str>) -> Result<Option<String>> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > GIVEN_LIMIT || text.chars().any(char::is_control) {
        return Err(Mistake::error(
            format!(
                "{option}: longer than {GIVEN_LIMIT} characters, or more than a line: write it as the settings show it"
            ),
            format!("{option}: {GIVEN_LIMIT}文字以内・1行で、設定画面に出ているとおりに入力してください"),
        ));
    }
    Ok(Some(text.to_owned()))
}

fn agreed(page: &Path, lang: Lang) -> Result<bool> {
    let name = page.display();
    let ask = pick(
        lang,
        format!("Write {name} and its ZIP? [y/N] "),
        format!("{name} とZIPを書き込みますか [y/N] "),
    );
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "\n{ask}").and_then(|()| stderr.flush()).context("ask on the terminal")?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("read the answer")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "はい"))
}

fn there_already(path: &Path) -> anyhow::Error {
    let name = path.display();
    Mistake::error(
        format!("{name}: there already: add --overwrite, or name another folder with --out"),
        format!("{name}: すでにあります: --overwrite を付けるか、--out で別のフォルダを指定してください"),
    )
}

/// Writes a file that only its owner can read.
fn write(path: &PathBuf, bytes: &[u8], overwrite: bool) -> Result<()> {
    let mut options = private::options();
    options.write(true);
    if overwrite {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options.open(path).and_then(|mut file| file.write_all(bytes)).map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            return there_already(path);
        }
        let name = path.display();
        Mistake::error(
            format!("{name}: {error}: name a folder that can be written with --out"),
            format!("{name}: 書き込めません({error}): --out で書き込めるフォルダを指定してください"),
        )
    })
}
