//! `naosu case export`: the package for support.

use std::io::{BufRead, Cursor, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_core::case::{Event, What};
use naosu_core::evidence::Evidence;
use naosu_core::knowledge::{Knowledge, Lang};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use super::session::Session;
use crate::language::pick;
use crate::mask;
use crate::usage::Mistake;

mod page;

/// The version of the package's JSON.
const SCHEMA: &str = "naosu.package/1";

/// Writes the page and the ZIP; on a terminal only after a look at what is in them.
pub(super) fn run(
    knowledge: &Knowledge,
    id: i64,
    keep_addresses: bool,
    out: &Path,
    lang: Lang,
) -> Result<ExitCode> {
    let session = Session::resume(knowledge, id)?;
    let mut events = serde_json::to_value(session.case().events()).context("write the events as JSON")?;
    // how it was called can name files and folders of the person's
    for event in events.as_array_mut().into_iter().flatten() {
        if let Some(opening) = event.pointer_mut("/what/opened").and_then(Value::as_object_mut) {
            opening.remove("check");
        }
    }
    if !keep_addresses {
        mask::value(&mut events, &names(session.case().events()));
    }
    let masked: Vec<Event> = serde_json::from_value(events.clone()).context("read the events again")?;
    let html = page::page(knowledge, id, &masked, lang);
    let evidence = last(&masked);
    let package = json!({ "schema": SCHEMA, "case": id, "addresses_kept": keep_addresses, "events": events });

    let stem = format!("naosu-case-{id}");
    let (page, archive) = (out.join(format!("{stem}.html")), out.join(format!("{stem}.zip")));
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        super::super::print(&page::plain(knowledge, &masked, lang))?;
        if !agreed(&page, keep_addresses, lang)? {
            return Ok(ExitCode::SUCCESS);
        }
    }
    let zip = zipped(&html, &package, evidence)?;
    for (path, bytes) in [(&page, html.as_bytes()), (&archive, zip.as_slice())] {
        std::fs::write(path, bytes).map_err(|error| {
            let name = path.display();
            Mistake::error(
                format!("{name}: {error}: name a folder that can be written with --out"),
                format!("{name}: 書き込めません({error}): --out で書き込めるフォルダを指定してください"),
            )
        })?;
    }
    super::super::print(&format!("{}\n{}\n", page.display(), archive.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// What was measured last.
fn last(events: &[Event]) -> Option<&Evidence> {
    events.iter().rev().find_map(|event| match &event.what {
        What::Measured(evidence) => Some(&**evidence),
        _ => None,
    })
}

/// Words that say who it is: the names to sign in with, and what is before the @ of the addresses.
fn names(events: &[Event]) -> Vec<String> {
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
    // the longest first, so that a part does not hide the whole
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.dedup();
    names
}

fn agreed(page: &Path, keep_addresses: bool, lang: Lang) -> Result<bool> {
    let name = page.display();
    let about = match (lang, keep_addresses) {
        (Lang::En, false) => "Passwords are never kept; addresses and names are masked.",
        (Lang::En, true) => "Passwords are never kept; addresses and names are readable.",
        (Lang::Ja, false) => "パスワードは保存していません。アドレスと名前は伏せてあります。",
        (Lang::Ja, true) => "パスワードは保存していません。アドレスと名前はそのまま入ります。",
    };
    let ask = pick(
        lang,
        format!("Write {name} and its ZIP? [y/N] "),
        format!("{name} とZIPを書き込みますか [y/N] "),
    );
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "\n{about}\n{ask}").and_then(|()| stderr.flush()).context("ask on the terminal")?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("read the answer")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "はい"))
}

fn zipped(html: &str, package: &Value, evidence: Option<&Evidence>) -> Result<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut files = vec![
        ("index.html", html.to_owned()),
        ("case.json", serde_json::to_string_pretty(package).context("write the case as JSON")? + "\n"),
    ];
    if let Some(evidence) = evidence {
        let json = serde_json::to_string_pretty(evidence).context("write the evidence as JSON")? + "\n";
        files.push(("evidence.json", json));
    }
    for (name, text) in files {
        writer.start_file(name, SimpleFileOptions::default()).context("write the ZIP")?;
        writer.write_all(text.as_bytes()).context("write the ZIP")?;
    }
    Ok(writer.finish().context("write the ZIP")?.into_inner())
}
