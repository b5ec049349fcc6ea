//! `naosu case export`: the package for support, a page to read and a ZIP with the same and the data behind it.
//!
//! What is in it was looked at before it is written: [`gather`] takes secrets and addresses out, and everything after it
//! (page, letters, preview, JSON) sees only what is left.

use std::fs::OpenOptions;
use std::io::{BufRead, Cursor, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_core::case::{Event, What};
use naosu_core::evidence::{Evidence, Request};
use naosu_core::knowledge::{Knowledge, Lang};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use super::session::Session;
use crate::cli::ExportArguments;
use crate::language::pick;
use crate::mask;
use crate::picture::{Bare, Picture};
use crate::usage::Mistake;

mod content;
mod letter;
mod page;
mod preview;

/// The version of the package's JSON.
const SCHEMA: &str = "naosu.package/1";
/// The most pictures in a package: more are not looked at, and mail does not take them.
const PICTURES_LIMIT: usize = 10;
/// The longest name of a system or serial number, in characters.
const GIVEN_LIMIT: usize = 60;

/// Everything that goes into a package, without what must not.
struct Package {
    id: i64,
    /// What happened, masked.
    events: Vec<Event>,
    /// The same as JSON.
    json: Value,
    /// The system on the device with the trouble, where it was given.
    os: Option<String>,
    /// The device's serial number, where it was given.
    serial: Option<String>,
    pictures: Vec<Bare>,
    /// Whether addresses and names are readable.
    kept: bool,
    /// In how many texts something was masked.
    masked: usize,
    lang: Lang,
}

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
    let html = page::page(knowledge, &package);
    let zip = zipped(knowledge, &package, &html)?;
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
    let mut json = serde_json::to_value(session.case().events()).context("write the events as JSON")?;
    // how it was called can name files and folders of the person's
    for event in json.as_array_mut().into_iter().flatten() {
        if let Some(opening) = event.pointer_mut("/what/opened").and_then(Value::as_object_mut) {
            opening.remove("check");
        }
    }
    let masked = if arguments.keep_addresses {
        mask::secrets(&mut json)
    } else {
        mask::value(&mut json, &names(session.case().events()))
    };
    let events = serde_json::from_value(json.clone()).context("read the events again")?;
    let kept = arguments.keep_addresses;
    Ok(Package { id: arguments.id, events, json, os, serial, pictures, kept, masked, lang })
}

impl Package {
    /// What was asked for in the first place, and what only the measurement was told.
    fn request(&self) -> Request {
        let mut request = match self.events.first().map(|event| &event.what) {
            Some(What::Opened(opening)) => opening.request.clone(),
            _ => Request::default(),
        };
        if let Some(evidence) = self.measured() {
            let later = &evidence.request;
            for (place, value) in [
                (&mut request.address, &later.address),
                (&mut request.words, &later.words),
                (&mut request.service, &later.service),
                (&mut request.device, &later.device),
                (&mut request.client, &later.client),
                (&mut request.user, &later.user),
            ] {
                if place.is_none() {
                    place.clone_from(value);
                }
            }
        }
        request
    }

    /// What was measured last.
    fn measured(&self) -> Option<&Evidence> {
        self.events.iter().rev().find_map(|event| match &event.what {
            What::Measured(evidence) => Some(&**evidence),
            _ => None,
        })
    }

    /// The events that were taken back later, by their places.
    fn taken_back(&self) -> Vec<usize> {
        let of = |event: &Event| match event.what {
            What::Retracted { index } => Some(index),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }
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

/// Words that say who it is: the names to sign in with, and what is before the @ of the addresses.
fn names(events: &[Event]) -> Vec<String> {
    // whose mailbox `info@` is, `info` does not tell; and server names are made of these words
    const OF_ROLES: [&str; 9] = ["mail", "imap", "pop", "pop3", "smtp", "www", "info", "admin", "support"];
    let mut names = Vec::new();
    for event in events {
        let request = match &event.what {
            What::Opened(opening) => &opening.request,
            What::Measured(evidence) => &evidence.request,
            _ => continue,
        };
        names.extend(request.user.clone());
        for address in [&request.address, &request.user].into_iter().flatten() {
            names.extend(address.rsplit_once('@').map(|(local, _)| local.to_owned()));
        }
    }
    names.retain(|name| !OF_ROLES.contains(&name.to_ascii_lowercase().as_str()));
    // the longest first, so that a part does not hide the whole
    names.sort_by_key(|name| (std::cmp::Reverse(name.len()), name.clone()));
    names.dedup();
    names
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
    let mut options = OpenOptions::new();
    options.write(true);
    if overwrite {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    own(&mut options);
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

#[cfg(unix)]
fn own(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn own(_options: &mut OpenOptions) {}

/// The page, the letters, the pictures and the data. No name in it comes from outside.
fn zipped(knowledge: &Knowledge, package: &Package, html: &str) -> Result<Vec<u8>> {
    let pretty = |value: &Value| -> Result<Vec<u8>> {
        let text = serde_json::to_string_pretty(value).context("write the package as JSON")?;
        Ok((text + "\n").into_bytes())
    };
    let pictures: Vec<String> = package
        .pictures
        .iter()
        .enumerate()
        .map(|(index, picture)| format!("screenshot-{}.{}", index + 1, picture.extension))
        .collect();
    let case = json!({
        "schema": SCHEMA, "case": package.id, "addresses_kept": package.kept, "os": package.os,
        "serial": package.serial, "screenshots": pictures, "events": package.json,
    });
    let mut files = vec![("index.html".to_owned(), html.as_bytes().to_vec())];
    files.push(("case.json".to_owned(), pretty(&case)?));
    if let Some(evidence) = package.measured() {
        let evidence = serde_json::to_value(evidence).context("write the evidence as JSON")?;
        files.push(("evidence.json".to_owned(), pretty(&evidence)?));
    }
    for letter in letter::letters(knowledge, package) {
        files.push((format!("letter.{}.txt", pick(letter.lang, "en", "ja")), letter.text.into_bytes()));
    }
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, bytes: &[u8]| -> Result<()> {
        writer.start_file(name, SimpleFileOptions::default()).context("write the ZIP")?;
        writer.write_all(bytes).context("write the ZIP")
    };
    for (name, bytes) in &files {
        add(name, bytes)?;
    }
    for (name, picture) in pictures.iter().zip(&package.pictures) {
        add(name, &picture.bytes)?;
    }
    Ok(writer.finish().context("write the ZIP")?.into_inner())
}
