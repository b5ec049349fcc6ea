//! Cases that are kept: gone through, killed, resumed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::package::kept_case;
use crate::run::{naosu_in, start};

/// Cases that are killed, fewer where nothing is optimised; `NAOSU_KILLS` sets another number.
const KILLS: u64 = if cfg!(debug_assertions) { 12 } else { 50 };

const ANSWERS: [&str; 2] = ["unknown", "not_fixed"];

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

/// The title of the first step of a case.
fn title(step: &Value) -> String {
    step["step"]["title"].as_str().expect("it has one").to_owned()
}

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{3041}'..='\u{30fc}'))
}

#[test]
fn a_case_speaks_the_language_of_its_words_or_the_one_that_is_asked_for() {
    let data = tempfile::tempdir().expect("a folder");
    let first = |arguments: &[&str]| {
        let mut talk = Talk::start(data.path(), arguments);
        let mut heard = talk.hear().expect("something is said");
        if heard.get("case").is_some() {
            heard = talk.hear().expect("a step");
        }
        talk.end();
        title(&heard)
    };
    let words = "メールを取得できません";
    assert!(is_japanese(&first(&["case", "--stdio", "--text", words])));
    assert!(!is_japanese(&first(&["case", "--stdio", "--text", words, "--lang", "en"])));
    assert!(!is_japanese(&first(&["case", "--stdio", "--text", "Cannot Get Mail"])));
    // the words can stand in what was measured
    let evidence = json!({
        "schema": "naosu.evidence/1", "request": {"words": words, "sign_in": "none"},
        "started": "2026-11-22T03:00:00Z", "elapsed_ms": 1, "observations": [],
    });
    let file = data.path().join("evidence.json");
    std::fs::write(&file, evidence.to_string()).expect("a file");
    let file = file.to_str().expect("a plain path");
    assert!(is_japanese(&first(&["case", "--stdio", "--evidence", file])));
    assert!(is_japanese(&naosu_in(data.path(), &["diagnose", file], "").stdout));
    assert!(!is_japanese(&naosu_in(data.path(), &["diagnose", file, "--lang", "en"], "").stdout));

    // a case that is kept goes on in its own, until another is asked for; then it stays with that
    assert!(!is_japanese(&first(&["case", "--stdio", "--keep", "--text", "Cannot Get Mail"])));
    assert!(!is_japanese(&first(&["case", "resume", "1", "--stdio"])));
    assert!(is_japanese(&first(&["case", "resume", "1", "--stdio", "--lang", "ja"])));
    assert_eq!(events(data.path(), 1).last().expect("an event")["what"], json!({"language": {"lang": "ja"}}));
    let count = events(data.path(), 1).len();
    assert!(is_japanese(&first(&["case", "resume", "1", "--stdio", "--lang", "ja"])));
    assert!(is_japanese(&first(&["case", "resume", "1", "--stdio"])));
    assert_eq!(events(data.path(), 1).len(), count);
}

#[test]
fn a_case_that_is_over_goes_on_where_back_is_said() {
    let data = tempfile::tempdir().expect("a folder");
    let call = ["case", "--stdio", "--keep", "--text", "Cannot Get Mail"];
    let mut talk = Talk::start(data.path(), &call);
    talk.hear();
    let step = talk.hear().expect("a step");
    talk.say("stop");
    let closed = talk.hear().expect("an end");
    assert_eq!(closed["closed"]["resolved"], json!(false));
    talk.end();

    // whoever says nothing leaves it over
    let resume = ["case", "resume", "1", "--stdio", "--lang", "ja"];
    let before = events(data.path(), 1);
    let mut talk = Talk::start(data.path(), &resume);
    assert_eq!((talk.hear(), talk.hear()), (Some(json!({"case": 1})), Some(closed.clone())));
    talk.end();
    assert_eq!(events(data.path(), 1), before);

    let mut talk = Talk::start(data.path(), &resume);
    assert_eq!((talk.hear(), talk.hear()), (Some(json!({"case": 1})), Some(closed)));
    talk.say("fixed");
    let told = talk.hear().expect("it is told")["error"].to_string();
    assert!(told.contains("back"), "{told}");
    talk.say("back");
    let again = talk.hear().expect("a step");
    assert_eq!(again["step"]["id"], step["step"]["id"]);
    assert!(is_japanese(&title(&again)));
    talk.say("unknown");
    assert!(talk.hear().expect("it goes on").get("step").is_some());
    talk.end();
}

#[test]
fn words_do_not_steer_the_terminal() {
    let data = tempfile::tempdir().expect("a folder");
    let words = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J\r\nmail";
    let ran = naosu_in(data.path(), &["case", "--stdio", "--keep", "--text", words], "{}\n\u{9b}2J\n");
    assert!(!ran.stdout.contains(['\u{1b}', '\u{9b}']), "{:?}", ran.stdout);
    let wrong = format!("--{words}");
    for (arguments, color) in [
        (&["case", "list"][..], "auto"),
        (&["case", "show", "1"], "always"),
        (&["ask", words], "auto"),
        (&["ask", words, "--json"], "auto"),
        (&["check", words, "--no-login"], "auto"),
        (&[wrong.as_str()], "auto"),
        (&["diagnose", words], "auto"),
    ] {
        let ran = naosu_in(data.path(), &[arguments, &["--color", color]].concat(), "");
        for text in [&ran.stdout, &ran.stderr] {
            let steers = |c: char| c.is_control() && c != '\n';
            assert!(!text.contains(steers), "{arguments:?}: {text:?}");
        }
    }
    // an entry is a line where no terminal is narrower
    let list = naosu_in(data.path(), &["case", "list"], "").stdout;
    assert!(list.lines().count() == 1 && list.contains("red") && list.contains("mail"), "{list}");
}

#[test]
fn whoever_has_read_enough_hears_no_complaint() {
    let data = tempfile::tempdir().expect("a folder");
    for arguments in [&["ask", "Cannot Get Mail"][..], &["case", "--stdio", "--text", "Cannot Get Mail"]] {
        let mut child = start(data.path(), arguments);
        drop(child.stdout.take());
        let ended = child.wait_with_output().expect("it ends");
        assert!(ended.status.success(), "{arguments:?}: {}", ended.status);
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{arguments:?}");
    }
}
