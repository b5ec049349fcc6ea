//! Whole conversations in JSON lines: what `naosu case --stdio` promises, looked at on every line.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::run::command;

/// What the program said in one conversation, and how it ended.
struct Heard {
    lines: Vec<Value>,
    status: Option<i32>,
}

impl Heard {
    fn steps(&self) -> Vec<&Value> {
        self.lines.iter().filter_map(|line| line.get("step")).collect()
    }

    fn errors(&self) -> Vec<&str> {
        self.lines.iter().filter_map(|line| line["error"].as_str()).collect()
    }

    fn closed(&self) -> Option<&Value> {
        self.lines.iter().find_map(|line| line.get("closed"))
    }

    fn step_ids(&self) -> Vec<&str> {
        self.steps().into_iter().map(|step| step["id"].as_str().expect("an id")).collect()
    }
}

/// Speaks these bytes to `naosu case --stdio`, and ends the input.
fn speak(data: &Path, arguments: &[&str], input: &[u8]) -> Heard {
    let mut command = command();
    command.env("HOME", data).env("XDG_DATA_HOME", data).env("LOCALAPPDATA", data);
    let mut child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the executable was built");
    let mut pipe = child.stdin.take().expect("it was asked for");
    let bytes = input.to_vec();
    // written beside the reading: who writes a lot must not wait for who is not read
    let writer = std::thread::spawn(move || drop(pipe.write_all(&bytes)));
    let output = child.wait_with_output().expect("it was started");
    writer.join().expect("the writer ends");
    let text = String::from_utf8(output.stdout).expect("lines are UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is whole");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "nothing on standard error");
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let heard = Heard { lines, status: output.status.code() };
    heard.lines.iter().for_each(as_promised);
    heard
}

/// The same with one answer a line.
fn answer(arguments: &[&str], answers: &[&str]) -> Heard {
    let data = tempfile::tempdir().expect("a folder");
    let lines: Vec<String> = answers.iter().map(|answer| json!({ "answer": answer }).to_string()).collect();
    let input: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    let all: Vec<&str> = ["case", "--stdio"].iter().chain(arguments).copied().collect();
    speak(data.path(), &all, input.as_bytes())
}

/// A line is a step, the end, an error or the number of the case, with all that belongs to it.
fn as_promised(line: &Value) {
    let object = line.as_object().expect("an object");
    assert_eq!(object.len(), 1, "{line}");
    let (name, value) = object.iter().next().expect("it has one");
    match name.as_str() {
        "step" => step_as_promised(value),
        "closed" => {
            assert!(value["resolved"].is_boolean(), "{line}");
            assert!(value["cause"].is_null() || value["cause"].is_string(), "{line}");
            assert_eq!(value.as_object().expect("an object").len(), 2, "{line}");
        }
        "error" => assert!(value.as_str().is_some_and(|text| !text.is_empty()), "{line}"),
        "case" => assert!(value.as_i64().is_some_and(|id| id > 0), "{line}"),
        other => panic!("{other} is no line of the contract"),
    }
}

fn step_as_promised(step: &Value) {
    let kinds = ["question", "action", "probe", "wait", "escalation"];
    let risks = ["none", "interrupts", "loses_settings", "loses_data", "irreversible"];
    assert!(kinds.contains(&step["kind"].as_str().expect("a kind")), "{step}");
    assert!(risks.contains(&step["risk"].as_str().expect("a risk")), "{step}");
    for name in ["id", "title"] {
        assert!(step[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {step}");
    }
    assert!(step["minutes"].as_f64().is_some_and(|minutes| minutes >= 0.0), "{step}");
    let texts = |name: &str| -> Vec<String> {
        let all = step[name].as_array().unwrap_or_else(|| panic!("{name}: {step}")).iter();
        all.map(|text| text.as_str().expect("a text").to_owned()).collect()
    };
    texts("addresses");
    assert!(texts("instructions").iter().all(|text| !text.is_empty()), "{step}");
    if step["kind"] == "question" {
        let options = step["options"].as_array().expect("a question has options");
        assert!(options.len() > 1, "{step}");
        for option in options {
            assert!(option["id"].is_string() && option["text"].is_string(), "{step}");
        }
    }
    if step["kind"] == "wait" {
        assert!(step["due"].is_u64(), "{step}");
    }
}

const WORDS: [&str; 2] = ["--text", "メールが受信できません"];

#[test]
fn what_helps_first_ends_it() {
    for (lang, words) in [("ja", "サーバの識別情報を検証できません"), ("en", "Cannot Verify Server Identity")]
    {
        let heard =
            answer(&["--text", words, "--lang", lang], &["unknown", "fixed", "fixed", "fixed", "fixed"]);
        assert_eq!(heard.status, Some(0));
        let closed = heard.closed().expect("it is over");
        assert_eq!(closed["resolved"], true, "{:?}", heard.lines);
        assert!(closed["cause"].is_string(), "{closed}");
        assert_eq!(
            heard.errors().len(),
            heard.steps().iter().filter(|step| step["kind"] == "question").count() - 1
        );
    }
}

#[test]
fn nothing_that_failed_is_proposed_again_and_it_ends() {
    let answers: Vec<&str> = std::iter::repeat_n(["unknown", "not_fixed"], 150).flatten().collect();
    for kind in ["unknown", "not_fixed"] {
        // who cannot do anything, and whom nothing helps
        let all: Vec<&str> = answers.iter().map(|_| kind).collect();
        let heard = answer(&WORDS, &all);
        let closed = heard.closed().expect("it is over");
        assert_eq!((&closed["resolved"], &closed["cause"]), (&json!(false), &Value::Null));
        let mut seen = std::collections::BTreeSet::new();
        let mut before = "";
        for id in heard.step_ids() {
            assert!(id == before || seen.insert(id.to_owned()), "{kind}: {id} came twice");
            before = id;
        }
    }
}

#[test]
fn back_is_as_if_it_had_not_been_said() {
    let once = answer(&WORDS, &["unknown", "unknown"]);
    let back = answer(&WORDS, &["unknown", "unknown", "back", "back", "unknown"]);
    // a wait counts from the moment at which it is proposed
    let timeless = |heard: &Heard| -> Vec<Value> {
        let mut steps: Vec<Value> = heard.steps().into_iter().cloned().collect();
        for step in &mut steps {
            step.as_object_mut().expect("an object").remove("due");
        }
        steps
    };
    let (once, back) = (timeless(&once), timeless(&back));
    assert_eq!(back[3], once[1]);
    assert_eq!(back[4], once[0]);
    assert_eq!(back[5], once[1]);
    let first = answer(&WORDS, &["back", "stop"]);
    assert_eq!(first.errors().len(), 1);
    assert_eq!(first.closed().expect("it is over")["resolved"], false);
}

#[test]
fn a_changed_answer_counts_as_if_it_had_been_the_first() {
    let first = answer(&WORDS, &[]);
    let step = first.steps()[0].clone();
    let options = step["options"].as_array().expect("it begins with a question");
    let (one, other) = (options[0]["id"].as_str().expect("an id"), options[1]["id"].as_str().expect("an id"));
    let changed = answer(&WORDS, &[one, "back", other]);
    let right = answer(&WORDS, &[other]);
    assert_eq!(changed.steps()[3], right.steps()[1]);
}

#[test]
fn what_is_put_off_is_not_proposed_next_but_before_the_end() {
    let words = ["--text", "Cannot Verify Server Identity", "--device", "iphone"];
    let mut answers = vec!["unknown"];
    let first = loop {
        let heard = answer(&words, &answers);
        let last = heard.steps().last().map(|step| (*step).clone()).expect("a step");
        if last["kind"] == "action" {
            break last["id"].as_str().expect("an id").to_owned();
        }
        answers.push("unknown");
        assert!(answers.len() < 20, "an action comes");
    };
    answers.push("later");
    // the answers fit questions and actions alike
    answers.extend(std::iter::repeat_n("unknown", 200));
    let heard = answer(&words, &answers);
    let ids = heard.step_ids();
    let places: Vec<usize> = (0..ids.len()).filter(|at| ids[*at] == first).collect();
    assert_eq!(places.len(), 2, "{ids:?}");
    assert!(places[1] > places[0] + 1, "{ids:?}");
}

#[test]
fn what_is_no_answer_is_told_and_the_step_said_again() {
    let data = tempfile::tempdir().expect("a folder");
    let long = format!("{{\"answer\":\"{}\"}}\n", "x".repeat(3 * 64 * 1024));
    let wrong: [&[u8]; 12] = [
        b"\n",
        b"fixed\n",
        b"{\n",
        b"[]\n",
        b"{\"answer\":1}\n",
        b"{\"answer\":null}\n",
        b"{\"reply\":\"fixed\"}\n",
        b"{\"answer\":\"no_such_option\"}\n",
        b"{\"answer\":\"\"}\n",
        b"{\"answer\":\"\xff\xfe\"}\n",
        b"\x00\x01\x02\xff\n",
        long.as_bytes(),
    ];
    for line in wrong {
        let input = [line, b"{\"answer\":\"stop\"}\n"].concat();
        let heard = speak(data.path(), &["case", "--stdio", "--text", "Mail"], &input);
        let told = String::from_utf8_lossy(&line[..line.len().min(40)]).into_owned();
        assert_eq!(heard.errors().len(), 1, "{told}: {:?}", heard.lines);
        assert_eq!(heard.steps().len(), 2, "{told}");
        assert_eq!(heard.steps()[0], heard.steps()[1], "{told}");
        assert_eq!(heard.closed(), Some(&json!({ "resolved": false, "cause": null })), "{told}");
        assert_eq!(heard.status, Some(0), "{told}");
    }
}

#[test]
fn an_error_names_what_can_be_said() {
    let heard = answer(&WORDS, &["no_such_option"]);
    let error = heard.errors()[0];
    for option in heard.steps()[0]["options"].as_array().expect("a question") {
        assert!(error.contains(option["id"].as_str().expect("an id")), "{error}");
    }
    assert!(error.contains("unknown") && error.contains("back") && error.contains("stop"), "{error}");
}

#[test]
fn the_end_of_the_input_stops_a_passing_case_and_leaves_a_kept_one() {
    let data = tempfile::tempdir().expect("a folder");
    let half = b"{\"answer\":\"unknown\"}\n{\"answer\":\"unkno";
    let passing = speak(data.path(), &["case", "--stdio", "--text", "Mail"], half);
    assert_eq!(passing.closed(), Some(&json!({ "resolved": false, "cause": null })));
    let kept = speak(data.path(), &["case", "--stdio", "--keep", "--text", "Mail"], half);
    assert!(kept.closed().is_none());
    assert_eq!(kept.lines[0], json!({ "case": 1 }));
    let again = speak(data.path(), &["case", "resume", "1", "--stdio"], b"{\"answer\":\"back\"}\n");
    assert_eq!(again.steps()[0], kept.steps()[1]);
    assert_eq!(again.steps()[1], kept.steps()[0]);
}

#[test]
fn a_flow_is_gone_through_with_its_wait() {
    let words = [
        "--text",
        "I lost the trusted phone number and cannot get the verification code for my Apple ID",
        "--service",
        "apple_id",
        "--device",
        "iphone",
    ];
    // everything else is not possible, until the recovery is proposed
    let mut answers: Vec<String> = Vec::new();
    for _ in 0..40 {
        let said: Vec<&str> = answers.iter().map(String::as_str).collect();
        let heard = answer(&words, &said);
        let Some(last) = heard.steps().last().copied().cloned() else { break };
        let id = last["id"].as_str().expect("an id");
        let next = match id {
            "start_account_recovery" => "done".to_owned(),
            _ if id.contains('.') => {
                let options = last["options"].as_array().expect("a state has ways");
                if last["kind"] == "wait" {
                    assert!(last["due"].as_u64() > Some(1_700_000_000), "{last}");
                    return;
                }
                options[0]["id"].as_str().expect("an id").to_owned()
            }
            _ => "unknown".to_owned(),
        };
        answers.push(next);
    }
    panic!("no wait was reached: {answers:?}");
}

#[test]
fn a_case_begins_in_a_flow_that_is_named() {
    let heard = answer(&["--flow", "long_unresolved"], &["done", "stop"]);
    assert_eq!(heard.step_ids(), ["long_unresolved.collect", "long_unresolved.light"]);
    assert_eq!(heard.steps()[1]["risk"], "interrupts");

    for (lang, title) in [("en", "A trouble that has gone on for weeks"), ("ja", "何週間も直らないとき")]
    {
        let output = command()
            .args(["case", "--stdio", "--flow", "nothing", "--lang", lang])
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("--flow nothing") && told.contains("long_unresolved: "), "{told}");
        assert!(told.contains(title), "{told}");
    }
}

#[test]
fn a_case_that_is_over_goes_on_from_before_its_end() {
    let data = tempfile::tempdir().expect("a folder");
    let said = b"{\"answer\":\"unknown\"}\n{\"answer\":\"stop\"}\n";
    let first = speak(data.path(), &["case", "--stdio", "--keep", "--text", "Mail"], said);
    assert!(first.closed().is_some());
    let over = speak(data.path(), &["case", "resume", "1", "--stdio"], b"");
    assert!(over.closed().is_some() && over.steps().is_empty());
    let back = b"{\"answer\":\"done\"}\n{\"answer\":\"back\"}\n";
    let again = speak(data.path(), &["case", "resume", "1", "--stdio"], back);
    assert_eq!(again.errors().len(), 1);
    assert_eq!(again.steps(), first.steps()[1..]);
}
