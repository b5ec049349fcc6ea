//! Bad input: one line on stderr that names the thing and the mend, exit status 2, nothing on stdout.

use std::path::Path;

use crate::run::{Ran, naosu, naosu_with_input};

/// Calls in both languages: the line must name all of these things, and its mend in the language of the call.
fn told(arguments: &[&str], things: &[&str], mend_en: &str, mend_ja: &str) {
    for (lang, mend) in [("en", mend_en), ("ja", mend_ja)] {
        let ran = naosu(arguments.iter().chain(&["--lang", lang]));
        let line = one_line(&ran, arguments);
        for thing in things {
            assert!(line.contains(thing), "{arguments:?} does not name {thing}: {line}");
        }
        assert!(line.contains(mend), "{arguments:?} does not say {mend}: {line}");
        assert_eq!(line.chars().any(is_japanese), lang == "ja", "{arguments:?}, {lang}: {line}");
    }
}

fn one_line(ran: &Ran, arguments: &[&str]) -> String {
    assert_eq!(ran.status, Some(2), "{arguments:?}: {}", ran.stderr);
    assert_eq!(ran.stdout, "", "{arguments:?}");
    let line =
        ran.stderr.strip_suffix('\n').unwrap_or_else(|| panic!("{arguments:?}: no line: {:?}", ran.stderr));
    assert!(!line.contains('\n'), "{arguments:?} tells more than one line: {line}");
    assert!(line.starts_with("naosu: "), "{arguments:?}: {line}");
    line.to_owned()
}

fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

#[test]
fn an_address_without_a_domain() {
    for address in ["hanako", "hanako@", "@example.jp", "hanako@example", "hanako@example..jp"] {
        told(&["check", address], &[address], "write it whole", "全体を入力");
    }
}

#[test]
fn an_address_that_no_mail_goes_to() {
    told(&["check", "hanako@@example.jp"], &["hanako@@example.jp"], "one @", "@ は1つ");
    told(&["check", "hanako@192.0.2.1"], &["hanako@192.0.2.1"], "IP address", "IPアドレス");
}

#[test]
fn a_server_with_the_scheme_of_something_else() {
    for server in ["https://imap.example.jp", "smtps://imap.example.jp:993"] {
        let arguments = ["check", "hanako@example.jp", "--imap", server];
        told(&arguments, &["--imap", server], "imap.example.jp:993", "imap.example.jp:993");
    }
}

#[test]
fn an_impossible_port() {
    for port in ["0", "65536", "-1", "imap"] {
        for option in ["--imap", "--pop", "--smtp"] {
            let server = format!("mail.example.jp:{port}");
            let arguments = ["check", "hanako@example.jp", option, &server];
            told(&arguments, &[option, &server], "from 1 to 65535", "1から65535");
        }
    }
}

#[test]
fn an_unknown_security() {
    let arguments = ["check", "hanako@example.jp", "--imap", "imap.example.jp:993/ssl"];
    told(&arguments, &["--imap", "/ssl"], "/tls, /starttls or /plain", "/tls、/starttls、/plain");
}

#[test]
fn a_file_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    for option in ["--password-file", "--token-file", "--ca-file"] {
        let arguments = ["check", "hanako@example.jp", option, text(&missing)];
        told(&arguments, &[option, text(&missing)], "name a file that can be read", "読み取れるファイル");
    }
    // a folder is no file
    let arguments = ["check", "hanako@example.jp", "--password-file", text(folder.path())];
    told(&arguments, &["--password-file"], "name a file that can be read", "読み取れるファイル");
}

#[test]
fn a_password_file_that_is_empty() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let arguments = ["check", "hanako@example.jp", "--password-file", text(file.path())];
    told(&arguments, &["--password-file"], "--no-login", "--no-login");
    let ran = naosu_with_input(["check", "hanako@example.jp", "--password-stdin", "--lang", "en"], "");
    assert!(one_line(&ran, &["--password-stdin"]).contains("--password-stdin"));
}

#[test]
fn pem_that_holds_no_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
    for (name, content) in [("empty", ""), ("words", "hello"), ("broken", broken), ("cut", &broken[..40])] {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        let arguments = ["check", "hanako@example.jp", "--ca-file", text(&file)];
        told(&arguments, &["--ca-file", text(&file)], "BEGIN CERTIFICATE", "BEGIN CERTIFICATE");
    }
}

#[test]
fn an_unknown_id() {
    for option in ["--service", "--device", "--client"] {
        told(
            &["check", "hanako@example.jp", option, "toaster"],
            &[option, "toaster"],
            "one of",
            "選んでください",
        );
    }
    told(&["check", "--service", "toaster"], &["toaster", "icloud"], "one of", "選んでください");
}

#[test]
fn a_deadline_out_of_bounds() {
    for seconds in ["0", "1000000", "-3", "NaN", "inf", "soon"] {
        let arguments = ["check", "hanako@example.jp", "--deadline", seconds];
        told(&arguments, &["--deadline", seconds], "from 0.1 to 600", "0.1秒から600秒");
    }
}

#[test]
fn a_bad_url() {
    for url in ["example.jp", "ftp://example.jp/", "http://", "://"] {
        let arguments = ["check", "hanako@example.jp", "--connectivity-url", url];
        told(&arguments, &["--connectivity-url", url], "http:// or https://", "http:// か https://");
    }
    let arguments = ["check", "hanako@example.jp", "--status-url", "icloud"];
    told(&arguments, &["--status-url", "icloud"], "SERVICE=URL", "サービス=URL");
    let arguments = ["check", "hanako@example.jp", "--status-url", "toaster=http://example.jp/"];
    told(&arguments, &["--status-url", "toaster"], "one of", "選んでください");
}

#[test]
fn a_resolver_or_time_server_that_is_none() {
    for resolver in ["example.jp", "192.0.2.53:0", "192.0.2.53:99999"] {
        let arguments = ["check", "hanako@example.jp", "--resolver", resolver];
        told(&arguments, &["--resolver", resolver], "IP:PORT", "192.0.2.53:53");
    }
    told(
        &["check", "hanako@example.jp", "--ntp", ":123"],
        &["--ntp"],
        "write HOST:PORT",
        "のように書いてください",
    );
}

#[test]
fn evidence_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.json");
    told(&["diagnose", text(&missing)], &[text(&missing)], "--evidence-out", "--evidence-out");
    told(&["diagnose", text(folder.path())], &[text(folder.path())], "--evidence-out", "--evidence-out");
    let contents = [
        ("words.json", "hello"),
        ("empty.json", ""),
        ("list.json", "[]"),
        ("object.json", "{}"),
        ("report.json", r#"{"schema":"naosu.report/1"}"#),
        ("deep.json", &"[".repeat(100_000)),
    ];
    for (name, content) in contents {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        told(
            &["diagnose", text(&file)],
            &[text(&file)],
            "not an evidence file",
            "証拠ファイルではありません",
        );
    }
    let later = folder.path().join("later.json");
    std::fs::write(
        &later,
        r#"{"schema":"naosu.evidence/2","request":{"sign_in":"none"},"started":"2026-11-22T00:00:00Z","elapsed_ms":0,"observations":[]}"#,
    )
    .unwrap();
    told(&["diagnose", text(&later)], &["naosu.evidence/2"], "naosu.evidence/1", "naosu.evidence/1");
}

#[test]
fn evidence_that_is_not_text() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), [0xff, 0xfe, 0x00, 0x80]).unwrap();
    told(&["diagnose", text(file.path())], &[text(file.path())], "--evidence-out", "--evidence-out");
}

#[test]
fn knowledge_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let arguments = ["check", "hanako@example.jp", "--knowledge", text(&missing)];
    told(&arguments, &["--knowledge", text(&missing)], "name a folder", "フォルダを指定");
    let arguments = ["check", "hanako@example.jp", "--knowledge", text(folder.path())];
    told(&arguments, &["taxonomy.toml"], "naosu knowledge check", "naosu knowledge check");
    told(&["knowledge", "list", "toasters"], &["toasters"], "one of", "選んでください");
    told(&["knowledge", "show", "toaster"], &["toaster"], "naosu knowledge list", "naosu knowledge list");
}

#[test]
fn a_world_that_does_not_exist() {
    told(&["try", "no_such_world"], &["no_such_world"], "--list", "--list");
}

#[test]
fn arguments_that_do_not_exist() {
    for arguments in [
        &["check", "--toast"][..],
        &["toast"],
        &["check", "--deadline", "soon"],
        &["check", "a@b.jp", "x", "y"],
        &["ask", "--jsno"],
        &["ask", "-j", "--jsno"],
    ] {
        let ran = naosu(arguments);
        assert_eq!(ran.status, Some(2), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
        assert!(!ran.stderr.is_empty(), "{arguments:?}");
    }
}
