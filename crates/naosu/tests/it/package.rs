//! The package for support: what is in it, what is not, and that others can read it.

use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};

use crate::run::naosu_in;

/// A kept case about that address, with evidence that names it.
pub(crate) fn kept_case(data: &Path) {
    let evidence = json!({
        "schema": "naosu.evidence/1",
        "request": {"address": "hanako.yamada@example.jp", "user": "hanako.yamada", "words": "<script>alert(1)</script> Cannot Get Mail; my password is hunter2!",
                    "sign_in": "password"},
        "started": "2026-11-22T03:00:00Z", "elapsed_ms": 120,
        "observations": [{"id": "o1", "variable": "imap", "outcome": "cert_expired", "subject": "imap.example.jp:993",
            "detail": {"not_after": "2026-11-20T00:00:00Z", "address": "203.0.113.77"}, "started_ms": 1, "elapsed_ms": 60}],
    });
    let file = data.join("evidence.json");
    std::fs::write(&file, evidence.to_string()).expect("a file");
    let file = file.to_str().expect("a plain path");
    let words = "<script>alert(1)</script> hanako.yamada@example.jp \u{202e}gpj.exe\u{202c} my password is hunter2! call 090-1234-5678";
    let ran = naosu_in(
        data,
        &["case", "--stdio", "--keep", "--evidence", file, "--text", words],
        "{\"answer\":\"unknown\"}\n",
    );
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
}

/// The files of a ZIP by name.
fn unzipped(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).expect("the ZIP")).expect("a ZIP");
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).expect("a file");
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("it is whole");
            (file.name().to_owned(), bytes)
        })
        .collect()
}

/// A picture with a comment in it, under a name that means harm.
fn screenshot(folder: &Path) -> String {
    let file = folder.join("..%2f\"><script>hanako.yamada.png");
    let mut bytes = Vec::new();
    let points = image::DynamicImage::new_rgb8(40, 20);
    points.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).expect("a picture");
    let chunk = [&b"\0\0\0\x0dtEXtAuthor\0hanako"[..], &0x8c2c_18e9_u32.to_be_bytes()].concat();
    bytes.splice(33..33, chunk);
    std::fs::write(&file, bytes).expect("a file");
    file.to_str().expect("a plain path").to_owned()
}

/// What every page must be: whole elements, nothing loaded, no script, a language, headings, alternatives to pictures.
fn assert_sound(page: &str, lang: &str) {
    assert!(page.starts_with(&format!("<!doctype html>\n<html lang=\"{lang}\">")), "{page}");
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.split_once('\n').expect("a line").1;
    while let Some((_, tag)) = rest.split_once('<') {
        let (tag, after) = tag.split_once('>').expect("a tag ends");
        rest = after;
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "{tag}");
        } else if !matches!(name, "meta" | "img" | "br") {
            open.push(name);
        }
        assert!(!matches!(name, "script" | "link" | "iframe" | "object" | "base" | "form" | "a"), "{tag}");
        assert!(!tag.contains(" on"), "{tag}");
        if name == "img" {
            assert!(
                tag.contains("src=\"data:image/") && tag.contains(" alt=\"") && !tag.contains("alt=\"\"")
            );
        } else {
            assert!(!tag.contains("src=") && !tag.contains("href="), "{tag}");
        }
        if name == "th" {
            assert!(tag.contains("scope="), "{tag}");
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
    assert!(!page.contains("url(") && !page.contains("@import"));
    assert_eq!((page.matches("<h1>").count(), page.matches("<main>").count()), (1, 1));
    assert!(page.contains("@media print"));
}

#[test]
fn the_package_holds_no_address_unless_it_is_kept_on_purpose_and_never_a_secret() {
    let data = tempfile::tempdir().expect("a folder");
    kept_case(data.path());
    let out = data.path().to_str().expect("a plain path");
    let picture = screenshot(data.path());
    for (option, readable) in [(None, false), (Some("--keep-addresses"), true)] {
        for lang in ["en", "ja"] {
            let arguments: Vec<&str> = [
                "case",
                "export",
                "1",
                "--out",
                out,
                "--lang",
                lang,
                "--overwrite",
                "--screenshot",
                &picture,
                "--os",
                "iOS 26.1",
                "--serial",
                "C39XYZ123ABC",
            ]
            .into_iter()
            .chain(option)
            .collect();
            let ran = naosu_in(data.path(), &arguments, "");
            assert_eq!(ran.status, Some(0), "{}", ran.stderr);
            let page = std::fs::read_to_string(data.path().join("naosu-case-1.html")).expect("the page");
            assert_sound(&page, lang);
            assert!(page.contains("&lt;script&gt;") && page.contains("[U+202E]gpj.exe"), "{page}");
            for part in ["iOS 26.1", "C39XYZ123ABC", "<figcaption>"] {
                assert!(page.contains(part), "no {part}: {page}");
            }
            let files = unzipped(&data.path().join("naosu-case-1.zip"));
            let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
            let other: &[&str] =
                if lang == "en" { &["letter.en.txt", "letter.ja.txt"] } else { &["letter.ja.txt"] };
            let expected: Vec<&str> = ["index.html", "case.json", "evidence.json"]
                .into_iter()
                .chain(other.iter().copied())
                .chain(["screenshot-1.png"])
                .collect();
            assert_eq!(names, expected);
            let (last, texts) = files.split_last().expect("files");
            assert!(!last.1.windows(6).any(|part| part == b"hanako"));
            assert_eq!(image::load_from_memory(&last.1).expect("a picture").width(), 40);
            for (name, bytes) in texts {
                let text = std::str::from_utf8(bytes).expect("UTF-8");
                assert!(!text.contains("hunter2"), "{name}: {text}");
                assert_eq!(text.contains("hanako"), readable, "{name}: {text}");
                assert_eq!(text.contains("090-1234"), readable && name != "evidence.json", "{name}: {text}");
                if Path::new(name).extension().is_some_and(|known| known == "json") {
                    serde_json::from_str::<Value>(text).expect("it is JSON");
                }
            }
            let evidence = std::str::from_utf8(&files[2].1).expect("UTF-8");
            assert_eq!(evidence.contains("203.0.113.77"), readable, "{evidence}");
            assert!(readable || evidence.contains("h***@example.jp"), "{evidence}");
            assert_eq!(files[0].1, page.as_bytes());
        }
    }
}

#[test]
fn a_preview_writes_nothing_and_says_what_was_taken_out() {
    let data = tempfile::tempdir().expect("a folder");
    kept_case(data.path());
    let out = data.path().to_str().expect("a plain path");
    let picture = screenshot(data.path());
    for (lang, parts) in [
        ("en", ["In the package", "Taken out", "Letter (English)", "40 × 20", "What was tried, and when"]),
        ("ja", ["資料に入るもの", "取り除いたもの", "文面(日本語)", "40 × 20", "試したことと日時"]),
    ] {
        let ran = naosu_in(
            data.path(),
            &["case", "export", "1", "--preview", "--out", out, "--lang", lang, "--screenshot", &picture],
            "",
        );
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        for part in parts {
            assert!(ran.stdout.contains(part), "no {part}: {}", ran.stdout);
        }
        assert!(!ran.stdout.contains("hanako") && !ran.stdout.contains("hunter2"), "{}", ran.stdout);
        assert!(!data.path().join("naosu-case-1.html").exists());
    }
}

#[test]
fn nothing_is_overwritten_by_accident() {
    let data = tempfile::tempdir().expect("a folder");
    kept_case(data.path());
    let out = data.path().to_str().expect("a plain path");
    let mine = data.path().join("naosu-case-1.zip");
    std::fs::write(&mine, "mine").expect("a file");
    let ran = naosu_in(data.path(), &["case", "export", "1", "--out", out, "--yes"], "");
    assert!(ran.status == Some(2) && ran.stderr.contains("--overwrite"), "{}", ran.stderr);
    assert_eq!(std::fs::read(&mine).expect("it is there"), b"mine");
    assert!(!data.path().join("naosu-case-1.html").exists());
    let ran = naosu_in(data.path(), &["case", "export", "1", "--out", out, "--yes", "--overwrite"], "");
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert_eq!(unzipped(&mine)[0].0, "index.html");
}

#[test]
fn what_is_no_picture_is_not_put_in() {
    let data = tempfile::tempdir().expect("a folder");
    kept_case(data.path());
    let out = data.path().to_str().expect("a plain path");
    for (name, bytes, part) in [
        ("photo.heic", &b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], "HEIC"),
        ("page.png", b"<html><script>alert(1)</script>", "not a picture"),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", "damaged"),
    ] {
        let file = data.path().join(name);
        std::fs::write(&file, bytes).expect("a file");
        let file = file.to_str().expect("a plain path");
        let ran = naosu_in(data.path(), &["case", "export", "1", "--out", out, "--screenshot", file], "");
        assert!(ran.status == Some(2) && ran.stderr.contains(part), "{}", ran.stderr);
        assert!(!data.path().join("naosu-case-1.html").exists());
    }
    let long = "x".repeat(61);
    let ran = naosu_in(data.path(), &["case", "export", "1", "--out", out, "--serial", &long], "");
    assert!(ran.status == Some(2) && ran.stderr.contains("--serial"), "{}", ran.stderr);
}

#[test]
fn words_are_kept_without_their_secrets() {
    let data = tempfile::tempdir().expect("a folder");
    let words = "Cannot get mail, my password is Hunter2!secret, app password abcd efgh ijkl mnop";
    let ran = naosu_in(
        data.path(),
        &["case", "--stdio", "--keep", "--device", "mac", "--text", words],
        "{\"answer\":\"unknown\"}\n",
    );
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let mut files = vec![data.path().to_owned()];
    let mut databases = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files
                .extend(std::fs::read_dir(&path).expect("a folder").map(|file| file.expect("a file").path()));
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        for secret in ["Hunter2", "abcd efgh"] {
            let held = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!held, "{}: {secret}", path.display());
        }
        if path.to_string_lossy().contains("cases.sqlite3") {
            databases += 1;
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
                assert_eq!(mode & 0o777, 0o600, "{}", path.display());
            }
        }
    }
    assert!(databases > 0);
    for call in [&["case", "list"][..], &["case", "show", "1"], &["case", "export", "1", "--preview"]] {
        let ran = naosu_in(data.path(), call, "");
        assert!(ran.stdout.contains("my password is ***"), "{}", ran.stdout);
        assert!(!ran.stdout.contains("Hunter2") && !ran.stdout.contains("abcd"), "{}", ran.stdout);
        // no Mac has the mail program of an iPhone
        assert!(!ran.stdout.contains("Mail on iPhone and iPad"), "{}", ran.stdout);
    }
}
