//! `naosu knowledge site`: the guide as files.
//!
//! A list of the files is kept in the folder. What is in it is ours: it is written again, and removed when the guide no
//! longer has it. Nothing else is touched.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Component, Path};
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_papers::guide::{Guide, Home};
use url::Url;

use crate::language::pick;
use crate::usage::Mistake;

/// The list of our files, a path a line.
const LIST: &str = ".naosu-guide";

/// Writes all pages.
pub(super) fn run(knowledge: &Knowledge, dir: &Path, base_url: Option<&str>, lang: Lang) -> Result<ExitCode> {
    let base_url = base_url.map(address).transpose()?;
    let known = known(dir)?;
    let files = Guide::new(knowledge, Home::Files { base_url }).files().context("render the guide")?;
    for (path, _) in &files {
        // a name of ours that somebody else's file has
        if !known.contains(path) && dir.join(path).symlink_metadata().is_ok() {
            return Err(others(dir));
        }
    }
    let list: BTreeSet<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    // ours before they are written, so that a run that is cut off can be repeated
    let all: BTreeSet<&str> = list.iter().copied().chain(known.iter().map(String::as_str)).collect();
    save(dir, LIST, &lines(&all))?;
    for (path, text) in &files {
        save(dir, path, text)?;
    }
    for gone in known.iter().filter(|path| !list.contains(path.as_str())) {
        match std::fs::remove_file(dir.join(gone)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(unwritable(dir, &error)),
            _ => {}
        }
    }
    save(dir, LIST, &lines(&list))?;
    let (count, name) = (files.len(), dir.join("index.html"));
    let name = name.display();
    super::super::print(&pick(
        lang,
        format!("{count} files; begin with {name}\n"),
        format!("{count}個のファイルを書き込みました。最初のページ: {name}\n"),
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The address with its last `/`, which relative links need.
fn address(text: &str) -> Result<String> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
    });
    match url {
        Some(url) if url.as_str().ends_with('/') => Ok(url.into()),
        Some(url) => Ok(format!("{url}/")),
        None => Err(Mistake::error(
            format!("--base-url {text}: no address of a folder: write it as in https://example.com/guide/"),
            format!(
                "--base-url {text}: https://example.com/guide/ のように、フォルダのアドレスを書いてください"
            ),
        )),
    }
}

/// What an earlier run wrote; nothing where the folder is new or empty.
fn known(dir: &Path) -> Result<BTreeSet<String>> {
    match std::fs::read_to_string(dir.join(LIST)) {
        Ok(text) => return Ok(text.lines().filter(|line| is_inside(line)).map(str::to_owned).collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(unwritable(dir, &error)),
    }
    match std::fs::read_dir(dir) {
        Ok(mut entries) => entries.next().map_or_else(|| Ok(BTreeSet::new()), |_| Err(others(dir))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(unwritable(dir, &error)),
    }
}

/// Whether a line of the list can be a file of ours: the list may have been changed, and files are removed by it.
fn is_inside(line: &str) -> bool {
    let path = Path::new(line);
    let ours = path.extension().is_some_and(|end| ["html", "css", "xml"].iter().any(|known| end == *known));
    ours && path.components().all(|part| matches!(part, Component::Normal(_)))
}

fn lines(paths: &BTreeSet<&str>) -> String {
    paths.iter().flat_map(|path| [*path, "\n"]).collect()
}

fn save(dir: &Path, path: &str, text: &str) -> Result<()> {
    let file = dir.join(path);
    let folder = file.parent().unwrap_or(dir);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&file, text))
        .map_err(|error| unwritable(&file, &error))
}

fn others(dir: &Path) -> anyhow::Error {
    let name = dir.display();
    Mistake::error(
        format!("{name}: holds other things than a guide: name a new or empty folder"),
        format!("{name}: ガイド以外のものが入っています: 新しいフォルダか空のフォルダを指定してください"),
    )
}

fn unwritable(path: &Path, error: &std::io::Error) -> anyhow::Error {
    let name = path.display();
    Mistake::error(
        format!("{name}: {error}: name a folder that can be written"),
        format!("{name}: 書き込めません({error}): 書き込めるフォルダを指定してください"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_ours_is_removed() {
        assert!(is_inside("en/causes/cert_expired.html") && is_inside("style.css"));
        for line in ["../index.html", "/etc/x.html", "en/../../x.html", "en/notes.txt", "", "."] {
            assert!(!is_inside(line), "{line}");
        }
    }

    #[test]
    fn an_address_ends_as_a_folder() {
        assert_eq!(address("https://example.jp/guide").unwrap(), "https://example.jp/guide/");
        assert_eq!(address("https://example.jp").unwrap(), "https://example.jp/");
        for text in ["file:///tmp/", "https://example.jp/?a=b", "guide", ""] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
