//! `naosu knowledge site`: the guide as files.
#![expect(clippy::unwrap_used, reason = "a test that cannot use its folder has failed")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::run::{Ran, naosu};

fn site(dir: &Path, more: &[&str]) -> Ran {
    let folder = dir.to_str().expect("temporary paths are UTF-8");
    naosu(["knowledge", "site", folder, "--lang", "en"].iter().chain(more))
}

/// The files in a folder and below.
fn count(dir: &Path) -> usize {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

#[test]
fn the_guide_is_written_and_renewed() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("new").join("guide");
    let ran = site(&dir, &["--base-url", "https://example.jp/mail"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    // the list of the files is not counted
    let files = count(&dir) - 1;
    assert!(files > 900 && ran.stdout.starts_with(&format!("{files} files; begin with ")), "{}", ran.stdout);
    let cause = dir.join("ja/causes/cert_expired.html");
    let first = fs::read_to_string(&cause).unwrap();
    assert!(first.contains("https://example.jp/mail/ja/causes/cert_expired.html"));
    assert!(dir.join("sitemap.xml").exists() && dir.join("style.css").exists());

    fs::write(&cause, "spoilt").unwrap();
    fs::write(dir.join("robots.txt"), "somebody's").unwrap();
    let again = site(&dir, &[]);
    assert_eq!(again.status, Some(0), "{}", again.stderr);
    assert!(fs::read_to_string(&cause).unwrap().contains("サーバ証明書の期限切れ"));
    assert!(!dir.join("sitemap.xml").exists(), "what the guide no longer has is gone");
    assert_eq!(fs::read_to_string(dir.join("robots.txt")).unwrap(), "somebody's");
}

#[test]
fn a_folder_of_other_things_is_left_alone() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
    let ran = site(folder.path(), &[]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("other things than a guide"), "{}", ran.stderr);
    assert_eq!(count(folder.path()), 1);
}

#[test]
fn a_list_that_was_changed_removes_nothing_outside() {
    let folder = TempDir::new().unwrap();
    let (dir, outside) = (folder.path().join("guide"), folder.path().join("thesis.html"));
    fs::create_dir(&dir).unwrap();
    fs::write(&outside, "years of work").unwrap();
    fs::write(dir.join("index.html"), "somebody's").unwrap();
    fs::write(dir.join(".naosu-guide"), format!("../thesis.html\n{}\n", outside.display())).unwrap();
    let ran = site(&dir, &[]);
    assert_eq!(ran.status, Some(2), "the first page is not ours: {}", ran.stdout);
    fs::remove_file(dir.join("index.html")).unwrap();
    assert_eq!(site(&dir, &[]).status, Some(0));
    assert_eq!(fs::read_to_string(&outside).unwrap(), "years of work");
}

#[test]
fn an_address_that_is_none_is_told() {
    let folder = TempDir::new().unwrap();
    let ran = site(folder.path(), &["--base-url", "example.jp/mail"]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("example.jp/mail") && ran.stderr.contains("https://example.com/guide/"));
    assert_eq!(count(folder.path()), 0);
}
