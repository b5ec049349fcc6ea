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
