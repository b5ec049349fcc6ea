//! What solved cases teach: shown, exported, forgotten, and never counted twice.

use std::path::Path;

use serde_json::{Value, json};

use crate::cases::{Talk, events, file};
use crate::run::naosu_in;
use crate::schema;

const BEGIN: [&str; 10] = [
    "case",
    "--stdio",
    "--keep",
    "--text",
    "hanako.yamada@example.jp: パスワードが違うと出ます",
    "--device",
    "iphone",
    "--service",
    "gmail",
    "--lang=ja",
];

/// Goes on with a case: the first repairs fail, the next one helps; the last line that was heard.
fn solve(talk: &mut Talk, failures: usize) -> Value {
    let mut failed = 0;
    loop {
        let heard = talk.hear().expect("the case goes on");
        let step = &heard["step"];
        let repairs = step["addresses"].as_array().is_some_and(|causes| !causes.is_empty());
        match step["kind"].as_str() {
            None if heard.get("case").is_none() => return heard,
            None => {}
            Some("action") if repairs && failed == failures => talk.say("fixed"),
            Some("action") if repairs => {
                failed += 1;
                talk.say("not_fixed");
            }
            _ => talk.say("unknown"),
        }
    }
}

fn exported(data: &Path) -> Value {
    let ran = naosu_in(data, &["case", "outcomes", "export", "-"], "");
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let value: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    schema::outcomes(&value);
    value
}

#[test]
fn a_solved_case_is_shown_exported_and_forgotten() {
    let data = tempfile::tempdir().expect("a folder");
    let empty = naosu_in(data.path(), &["case", "outcomes", "show"], "");
    assert!(empty.stdout.contains("Nothing is learned yet"), "{}", empty.stdout);
    assert_eq!(exported(data.path())["contexts"], json!([]));

    let mut talk = Talk::start(data.path(), &BEGIN);
    let closed = solve(&mut talk, 1);
    assert_eq!(closed["closed"]["resolved"], json!(true), "{closed}");
    talk.end();
    let value = exported(data.path());
    let context = &value["contexts"][0];
    assert_eq!((&value["cases"], &context["device"]), (&json!(1), &json!("iphone")));
    assert_eq!(context["service"], json!("gmail"));
    let counts = |name: &str| context[name].as_object().expect("a table").len();
    assert!(counts("causes") > 0 && counts("tries") > 0, "{context}");

    for (lang, known) in [("en", ["iPhone · Gmail", "helped "]), ("ja", ["iPhone · Gmail", "回 直った"])]
    {
        let shown = naosu_in(data.path(), &["case", "outcomes", "show", "--lang", lang], "").stdout;
        assert!(known.iter().all(|text| shown.contains(text)), "{shown}");
    }
    let shown = naosu_in(data.path(), &["case", "outcomes", "show", "--json"], "").stdout;
    let file = data.path().join("outcomes.json");
    let name = file.to_str().expect("a plain path");
    assert_eq!(naosu_in(data.path(), &["case", "outcomes", "export", name], "").status, Some(0));
    let written = std::fs::read_to_string(&file).expect("the export");
    assert_eq!(written, shown);
    assert!(!written.contains("hanako") && !written.contains("パスワード"), "{written}");

    let refused = naosu_in(data.path(), &["case", "outcomes", "reset"], "y\n");
    assert!(refused.status == Some(2) && refused.stderr.contains("--yes"), "{}", refused.stderr);
    assert_eq!(exported(data.path())["cases"], json!(1));
    assert_eq!(naosu_in(data.path(), &["case", "outcomes", "reset", "--yes"], "").status, Some(0));
    assert_eq!(exported(data.path())["cases"], json!(0));
    let list = naosu_in(data.path(), &["case", "list"], "").stdout;
    assert!(list.contains("solved"), "the case stays: {list}");
}

#[test]
fn a_case_that_is_killed_and_resumed_counts_once() {
    let data = tempfile::tempdir().expect("a folder");
    let mut talk = Talk::start(data.path(), &BEGIN);
    assert_eq!(talk.hear(), Some(json!({ "case": 1 })));
    talk.hear().expect("a first step");
    talk.kill();
    // killed right after the answer was written, before the case was closed
    let place = events(data.path(), 1).len();
    let fixed = json!({"at": 1_800_000_000, "what": {"fixed": {"action": "reenter_password"}}});
    file(data.path())
        .execute(
            "INSERT INTO event VALUES (1, ?1, 1800000000, ?2)",
            rusqlite::params![i64::try_from(place).expect("a few"), fixed.to_string()],
        )
        .expect("an event can be added");
    assert_eq!(exported(data.path())["cases"], json!(0));
    for _ in 0..3 {
        let mut again = Talk::start(data.path(), &["case", "resume", "1", "--stdio"]);
        let closed = solve(&mut again, 0);
        assert_eq!(closed["closed"]["resolved"], json!(true), "{closed}");
        again.end();
        assert_eq!(exported(data.path())["cases"], json!(1));
        assert_eq!(events(data.path(), 1).len(), place + 2, "closed once");
    }
}

#[test]
fn what_is_said_without_a_kept_case_does_not_depend_on_what_was_learned() {
    let data = tempfile::tempdir().expect("a folder");
    let evidence =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/clock_two_months_behind/evidence.json");
    let text = "メールが受信できない";
    let all = || -> Vec<String> {
        let calls: [&[&str]; 4] = [
            &["diagnose", evidence, "--json"],
            &["diagnose", evidence],
            &["ask", text, "--json"],
            &["case", "--stdio", "--text", text, "--device", "iphone", "--service", "gmail"],
        ];
        let said = calls.iter().map(|call| naosu_in(data.path(), call, "").stdout);
        said.inspect(|text| assert!(text.len() > 100, "{text}")).collect()
    };
    let before = all();
    for _ in 0..3 {
        let mut talk = Talk::start(data.path(), &BEGIN);
        solve(&mut talk, 2);
        talk.end();
    }
    assert_eq!(exported(data.path())["cases"], json!(3));
    assert_eq!(all(), before);
}
