//! `naosu ask --image`: dialogs as people send them, drawn by `tests/images/render.py`, and what is no picture.
//!
//! Where Tesseract with Japanese and English is not installed, the reading of dialogs is skipped, and says so.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::run::{naosu, naosu_with_input};

/// Of a hundred dialogs, so many must be taken for the same trouble as when their text is typed.
const SAME: usize = 90;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images")
}

/// Whether Tesseract can read both languages here.
fn tesseract() -> bool {
    let languages = Command::new("tesseract").arg("--list-langs").output();
    let known =
        languages.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let there = ["jpn", "eng"].iter().all(|wanted| known.lines().any(|line| line == *wanted));
    if !there {
        say("skipped: Tesseract with jpn and eng is not installed");
    }
    there
}

/// Seen even where the test passes: what a print macro writes is kept back then.
fn say(text: &str) {
    writeln!(std::io::stderr(), "images: {text}").expect("somebody is there");
}

fn first(result: &Value) -> Option<String> {
    result["symptom"][0]["id"].as_str().map(str::to_owned)
}

#[test]
fn a_picture_says_the_same_as_its_text() {
    if !tesseract() {
        return;
    }
    let text = std::fs::read_to_string(folder().join("dialogs.jsonl")).expect("the dialogs");
    let dialogs: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let field = |dialog: &Value, name: &str| dialog[name].as_str().unwrap_or_default().to_owned();
    let typed = dialogs.iter().map(|dialog| {
        let text = [field(dialog, "title"), field(dialog, "text")].join("\n");
        json!({ "id": dialog["id"], "text": text }).to_string()
    });
    let typed = naosu_with_input(["ask", "--batch", "-"], &typed.collect::<Vec<_>>().join("\n"));
    let typed = typed.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let typed: BTreeMap<String, Option<String>> =
        typed.map(|result| (field(&result, "id"), first(&result))).collect();
    let (next, same) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(dialog) = dialogs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let id = field(dialog, "id");
                    let file = ["png", "jpg"].map(|end| folder().join(format!("{id}.{end}")));
                    let file = file.iter().find(|file| file.exists()).expect("the picture is there");
                    let file = file.to_str().expect("a plain path");
                    let ran = naosu(["ask", "--json", "--image", file]);
                    let seen = serde_json::from_str::<Value>(&ran.stdout).ok();
                    if seen.as_ref().and_then(first) == typed[&id] {
                        same.fetch_add(1, Ordering::Relaxed);
                    } else {
                        let words = seen.map(|seen| field(&seen, "words")).unwrap_or_default();
                        say(&format!("{id}: not {:?}: {words}{}", typed[&id], ran.stderr));
                    }
                }
            });
        }
    });
    let (same, all) = (same.into_inner(), dialogs.len());
    say(&format!("{same} of {all} dialogs are taken for the same trouble as their text"));
    assert!(all >= 30 && typed.values().all(Option::is_some));
    assert!(same * 100 >= all * SAME, "{same} of {all}");
}

#[test]
fn what_cannot_be_read_is_told_with_what_to_do() {
    let here = tempfile::tempdir().expect("a folder");
    let folder = here.path().to_str().expect("a plain path").to_owned();
    let huge = std::fs::File::create(here.path().join("huge.png")).expect("a file");
    huge.set_len(21 * 1024 * 1024).expect("it takes no space");
    for (name, bytes, part) in [
        ("a.heic", Some(&b"\0\0\0\x24ftypmif1\0\0\0\0mif1heic"[..]), "HEIC"),
        ("b.png", Some(b"GIF89a"), "not a picture"),
        ("-l.png", Some(b"\xff\xd8\xff\xe0broken"), "damaged"),
        ("$(touch made).png", Some(b""), "not a picture"),
        ("huge.png", None, "20 MB"),
        ("none.png", None, "name a picture"),
        (".", None, "name a picture"),
    ] {
        let file = format!("{folder}/{name}");
        if let Some(bytes) = bytes {
            std::fs::write(&file, bytes).expect("a file");
        }
        for lang in ["en", "ja"] {
            let ran = naosu(["ask", "--lang", lang, "--image", &file]);
            assert_eq!(ran.status, Some(2), "{name}: {}", ran.stdout);
            assert!(lang == "ja" || ran.stderr.contains(part), "{name}: {}", ran.stderr);
            assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        }
    }
}
