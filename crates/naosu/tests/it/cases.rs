//! Cases that are kept: gone through, killed, resumed, exported; care around an update.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::run::Ran;

/// Cases that are killed, fewer where nothing is optimised; `NAOSU_KILLS` sets another number.
const KILLS: u64 = if cfg!(debug_assertions) { 12 } else { 50 };

const ANSWERS: [&str; 2] = ["unknown", "not_fixed"];

/// Calls `naosu` with its data in that folder.
pub(crate) fn naosu_in(data: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut child = start(data, arguments);
    // a program that ends without reading its input closes the pipe
    drop(child.stdin.take().expect("it was asked for").write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the executable was started");
    Ran {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("the result is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
    }
}

fn start(data: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_naosu"))
        .args(arguments)
        .env_clear()
        .env("LANG", "C.UTF-8")
        .env("HOME", data)
        .env("XDG_DATA_HOME", data)
        .env("LOCALAPPDATA", data)
        .envs(std::env::var_os("SystemRoot").map(|value| ("SystemRoot", value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the executable was built")
}

/// A running case in JSON lines.
pub(crate) struct Talk {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Talk {
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut child = start(data, arguments);
        let input = child.stdin.take().expect("it was asked for");
        let output = BufReader::new(child.stdout.take().expect("it was asked for"));
        Self { child, input, output }
    }

    /// The next line; nothing when the program has ended.
    pub(crate) fn hear(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("lines are UTF-8");
        serde_json::from_str(&line).ok()
    }

    pub(crate) fn say(&mut self, answer: &str) {
        // whoever was killed hears nothing
        drop(writeln!(self.input, "{}", json!({ "answer": answer })));
    }

    /// Waits for its end; there is no more to be said.
    pub(crate) fn end(self) {
        let Self { mut child, input, .. } = self;
        drop(input);
        assert!(child.wait().expect("it has ended").success());
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it has ended");
    }
}

/// The file in which the cases are kept.
pub(crate) fn file(data: &Path) -> rusqlite::Connection {
    let folder = if cfg!(target_os = "macos") { "Library/Application Support/naosu" } else { "naosu" };
    rusqlite::Connection::open(data.join(folder).join("cases.sqlite3")).expect("the store is there")
}

/// The events of a case as they lie on the disk.
pub(crate) fn events(data: &Path, case: i64) -> Vec<Value> {
    let file = file(data);
    let sound: String =
        file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it is a database");
    assert_eq!(sound, "ok");
    let mut query = file
        .prepare("SELECT event FROM event WHERE case_id = ?1 ORDER BY sequence")
        .expect("the table is there");
    let rows = query.query_map([case], |row| row.get::<_, String>(0)).expect("the question is sound");
    rows.map(|row| serde_json::from_str(&row.expect("a text")).expect("it is JSON")).collect()
}

#[test]
fn whoever_is_killed_has_lost_nothing_confirmed() {
    let kills = std::env::var("NAOSU_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || (half..kills).step_by(2).for_each(killed_once));
        }
    });
}

fn killed_once(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let data = tempfile::tempdir().expect("a folder");
    let mut talk = Talk::start(data.path(), &["case", "--stdio", "--keep", "--text", "メールが受信できない"]);
    assert_eq!(talk.hear(), Some(json!({ "case": 1 })));
    let mut confirmed = Vec::new();
    let mut shown = talk.hear().expect("a first step");
    // an answer is confirmed when the next step is shown
    for _ in 0..random.random_range(0..6) {
        let answer = ANSWERS[usize::from(shown["step"]["kind"] != "question")];
        talk.say(answer);
        confirmed.push(shown["step"]["id"].clone());
        shown = talk.hear().expect("a step");
        if shown.get("closed").is_some() {
            break;
        }
    }
    // one more is on its way, or not, when it is killed
    if shown.get("closed").is_none() && random.random_bool(0.7) {
        talk.say(ANSWERS[usize::from(shown["step"]["kind"] != "question")]);
        std::thread::sleep(Duration::from_micros(random.random_range(0..4000)));
    }
    talk.kill();

    let kept = events(data.path(), 1);
    let answered = kept.len() - 1;
    let closed = kept.last().is_some_and(|event| event["what"].get("closed").is_some());
    let answered = if closed { answered - 1 } else { answered };
    assert!(
        answered == confirmed.len() || answered == confirmed.len() + 1,
        "seed {seed}: {} answers were confirmed, {answered} are kept",
        confirmed.len()
    );
    for (place, id) in confirmed.iter().enumerate() {
        let text = kept[place + 1]["what"].to_string();
        let said = id.as_str().expect("an id").split('.').next_back().expect("a part");
        assert!(text.contains(said) || said == "did_it_help", "seed {seed}: {said} is not in {text}");
    }
    let mut again = Talk::start(data.path(), &["case", "resume", "1", "--stdio"]);
    assert_eq!(again.hear(), Some(json!({ "case": 1 })), "seed {seed}");
    let next = again.hear().expect("it goes on");
    if answered == confirmed.len() && !closed {
        assert_eq!(next, shown, "seed {seed}");
    }
    again.kill();
}

/// A kept case about that address, with evidence that names it.
fn kept_case(data: &Path) {
    let evidence = json!({
        "schema": "naosu.evidence/1",
        "request": {"address": "hanako.yamada@example.jp", "user": "hanako.yamada", "words": "<script>alert(1)</script> Cannot Get Mail",
                    "sign_in": "password"},
        "started": "2026-11-22T03:00:00Z", "elapsed_ms": 120,
        "observations": [{"id": "o1", "variable": "imap", "outcome": "cert_expired", "subject": "imap.example.jp:993",
            "detail": {"not_after": "2026-11-20T00:00:00Z", "address": "203.0.113.77"}, "started_ms": 1, "elapsed_ms": 60}],
    });
    let file = data.join("evidence.json");
    std::fs::write(&file, evidence.to_string()).expect("a file");
    let file = file.to_str().expect("a plain path");
    let words = "<script>alert(1)</script> hanako.yamada@example.jp";
    let ran = naosu_in(
        data,
        &["case", "--stdio", "--keep", "--evidence", file, "--text", words],
        "{\"answer\":\"unknown\"}\n",
    );
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
}

/// The files of a ZIP by name.
fn unzipped(path: &Path) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).expect("the ZIP")).expect("a ZIP");
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).expect("a file");
            let mut text = String::new();
            file.read_to_string(&mut text).expect("UTF-8");
            (file.name().to_owned(), text)
        })
        .collect()
}

#[test]
fn the_package_holds_no_address_unless_it_is_kept_on_purpose() {
    let data = tempfile::tempdir().expect("a folder");
    kept_case(data.path());
    let out = data.path().to_str().expect("a plain path");
    for (option, readable) in [(None, false), (Some("--keep-addresses"), true)] {
        for lang in ["en", "ja"] {
            let arguments: Vec<&str> =
                ["case", "export", "1", "--out", out, "--lang", lang].into_iter().chain(option).collect();
            let ran = naosu_in(data.path(), &arguments, "");
            assert_eq!(ran.status, Some(0), "{}", ran.stderr);
            let page = std::fs::read_to_string(data.path().join("naosu-case-1.html")).expect("the page");
            assert!(page.contains(&format!("<html lang=\"{lang}\">")), "{page}");
            assert!(!page.contains("<script") && page.contains("&lt;script&gt;"), "{page}");
            assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
            let mut files = unzipped(&data.path().join("naosu-case-1.zip"));
            let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["index.html", "case.json", "evidence.json"]);
            files.push(("page".to_owned(), page));
            for (name, text) in &files {
                assert_eq!(text.contains("hanako"), readable, "{name}: {text}");
            }
            assert_eq!(files[2].1.contains("203.0.113.77"), readable, "{}", files[2].1);
            assert!(readable || files[2].1.contains("h***@example.jp"), "{}", files[2].1);
        }
    }
}

#[test]
fn cases_are_listed_shown_and_closed() {
    let data = tempfile::tempdir().expect("a folder");
    let empty = naosu_in(data.path(), &["case", "list"], "");
    assert!(empty.stdout.contains("No case is kept"), "{}", empty.stdout);
    kept_case(data.path());
    let list = naosu_in(data.path(), &["case", "list", "--lang", "ja"], "");
    assert!(list.stdout.contains("次: "), "{}", list.stdout);
    let show = naosu_in(data.path(), &["case", "show", "1"], "");
    assert!(
        show.stdout.contains("Measured: ")
            && show.stdout.contains("(observations: 1)")
            && show.stdout.contains("Next: "),
        "{}",
        show.stdout
    );
    assert_eq!(naosu_in(data.path(), &["case", "close", "1", "--resolved"], "").status, Some(0));
    let list = naosu_in(data.path(), &["case", "list"], "");
    assert!(list.stdout.contains("solved"), "{}", list.stdout);
    let again = naosu_in(data.path(), &["case", "close", "1"], "");
    assert!(again.status == Some(2) && again.stderr.contains("over already"), "{}", again.stderr);
    let none = naosu_in(data.path(), &["case", "show", "77"], "");
    assert!(none.status == Some(2) && none.stderr.contains("naosu case list"), "{}", none.stderr);
}

#[test]
fn the_routine_becomes_a_calendar() {
    let data = tempfile::tempdir().expect("a folder");
    let file = data.path().join("care.ics");
    let ran =
        naosu_in(data.path(), &["care", "--lang", "ja", "--out", file.to_str().expect("a plain path")], "");
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let text = std::fs::read_to_string(file).expect("the calendar");
    assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"));
    assert!(text.split("\r\n").all(|line| line.len() <= 75));
    assert!(text.contains("RRULE:FREQ=WEEKLY") && text.contains("RRULE:FREQ=MONTHLY;INTERVAL=3"));
    let of_mac = naosu_in(data.path(), &["care", "--device", "mac"], "").stdout;
    let of_all = naosu_in(data.path(), &["care"], "").stdout;
    assert!(of_mac.len() < of_all.len(), "{of_mac}");
}

#[test]
fn what_an_update_has_broken_is_told() {
    let data = tempfile::tempdir().expect("a folder");
    let none = naosu_in(data.path(), &["care", "after-update"], "");
    assert!(none.status == Some(2) && none.stderr.contains("before-update"), "{}", none.stderr);
    // a listener that is there before the update and gone after it
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let imap = format!("--imap=127.0.0.1:{}/plain", listener.local_addr().expect("it has one").port());
    let greeter = std::thread::spawn(move || {
        for connection in listener.incoming().flatten().take(1) {
            let mut connection = connection;
            drop(connection.write_all(b"* OK ready\r\n"));
            let mut seen = [0; 1024];
            while connection.read(&mut seen).is_ok_and(|read| read > 0) {
                drop(connection.write_all(b"a1 OK done\r\n"));
            }
        }
    });
    let options = [
        "--",
        &imap,
        "--no-login",
        "--resolver=127.0.0.1:1",
        "--ntp=127.0.0.1:1",
        "--connectivity-url=http://127.0.0.1:1/",
        "--deadline=3",
    ];
    let call = |first: &[&'static str]| -> Ran {
        let arguments: Vec<&str> = first.iter().copied().chain(options).collect();
        naosu_in(data.path(), &arguments, "")
    };
    let before = call(&["care", "before-update", "hanako@example.jp"]);
    assert_eq!(before.status, Some(0), "{}", before.stderr);
    assert!(before.stdout.contains("hanako@example.jp"), "{}", before.stdout);
    greeter.join().expect("the greeter ends");
    let after = call(&["care", "after-update"]);
    assert!(matches!(after.status, Some(0 | 1)), "{}", after.stderr);
    assert!(after.stdout.contains(" → "), "{}", after.stdout);
}
