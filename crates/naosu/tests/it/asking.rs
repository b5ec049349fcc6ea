//! `naosu ask` and `naosu knowledge coverage|score`.

use std::path::Path;

use serde_json::{Value, json};

use crate::run::naosu;

#[test]
fn words_are_recognised_and_advised_on_in_both_languages() {
    for (lang, symptom, next) in
        [("en", "Mail cannot be fetched", "Try first"), ("ja", "メールを受信できない", "まず")]
    {
        let ran = naosu(["ask", "iPhoneで「メールを取得できません」と出る", "--lang", lang]);
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        for part in [symptom, next, "naosu check", "iPhone"] {
            assert!(ran.stdout.contains(part), "{lang}: no {part:?} in:\n{}", ran.stdout);
        }
    }
}

#[test]
fn a_question_is_told_to_people_without_what_is_for_programs() {
    let runs = [
        ("en", "Mail does not arrive", "1. Password or user name is wrong.", "(under a minute)"),
        ("ja", "メールが届きません", "1. パスワードやユーザ名が違う", "(1分以内)"),
    ];
    for (lang, words, option, minutes) in runs {
        let ran = naosu(["ask", words, "--lang", lang]);
        assert!(ran.stdout.contains(option) && ran.stdout.contains(minutes), "{}", ran.stdout);
        assert!(!ran.stdout.contains("password:") && !ran.stdout.contains("0.7"), "{}", ran.stdout);
    }
}

#[test]
fn words_in_japanese_are_answered_in_japanese() {
    assert!(naosu(["ask", "メールを取得できません"]).stdout.contains("メールを受信できない"));
    assert!(
        naosu(["ask", "メールを取得できません", "--lang", "en"]).stdout.contains("Mail cannot be fetched")
    );
}

#[test]
fn the_result_as_json_has_what_is_promised_and_takes_what_was_given() {
    let ran = naosu(["ask", "Cannot Get Mail", "--json", "--device", "ipad", "--service", "icloud"]);
    let value: Value = serde_json::from_str(&ran.stdout).expect("it is JSON");
    assert_eq!(value["symptom"][0]["id"], "cannot_receive");
    assert_eq!(
        (&value["device"], &value["service"], &value["client"]),
        (&json!("ipad"), &json!("icloud"), &json!("ios_mail"))
    );
    let sum: f64 = value["cause"].as_array().unwrap().iter().map(|cause| cause["p"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 0.02, "the causes add up to {sum}");
    assert!(value["next"]["instructions"].as_array().is_some_and(|steps| !steps.is_empty()));
}

#[test]
fn a_code_that_begins_with_a_dash_is_no_option() {
    for words in
        ["-1001", "-ERR [SYS/TEMP] try again later", "-ERR [AUTH] Username and password not accepted"]
    {
        let ran = naosu(["ask", words, "--json"]);
        assert_eq!(ran.status, Some(0), "{words}: {}", ran.stderr);
        let value: Value = serde_json::from_str(&ran.stdout).expect("it is JSON");
        assert!(value["cause"][0]["p"].as_f64().is_some_and(|p| p > 0.0), "{}", ran.stdout);
    }
}

#[test]
fn words_that_say_nothing_are_not_made_to_say_something() {
    let ran = naosu(["ask", "xyzzy", "--lang", "en"]);
    assert!(ran.stdout.contains("I recognise nothing"), "{}", ran.stdout);
    assert!(!ran.stdout.contains('%'), "{}", ran.stdout);
}

#[test]
fn a_batch_keeps_the_order_and_tells_bad_lines_without_losing_the_others() {
    let mut input = String::from("\u{feff}");
    for number in 0..2500 {
        match number {
            3 => input.push_str("no json\n"),
            7 => input.push_str("{\"id\": \"7\"}\n"),
            9 => input.push('\n'),
            _ => input.push_str(&format!(
                "{}\n",
                json!({"id": number.to_string(), "text": "メールが送れない", "symptom": "x"})
            )),
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("texts.jsonl");
    std::fs::write(&file, input).expect("a file");
    let ran = naosu(["ask", "--batch", file.to_str().expect("a plain path"), "--lang", "en"]);
    assert_eq!(ran.status, Some(2));
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    let ids: Vec<String> = lines.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    let expected: Vec<String> =
        (0..2500).filter(|number| ![3, 7, 9].contains(number)).map(|number| number.to_string()).collect();
    assert_eq!(ids, expected);
    let keys: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["cause", "client", "device", "id", "service", "symptom"]);
    assert_eq!(lines[0]["symptom"][0]["id"], "cannot_send");
    let told: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(told.len(), 2, "{}", ran.stderr);
    assert!(told[0].contains("line 4:") && told[1].contains("line 8:"), "{}", ran.stderr);
}

#[test]
fn every_row_of_the_coverage_is_served() {
    let ran = naosu(["knowledge", "coverage", "--lang", "en"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), "139 of 139 rows served\n"));
}

/// The knowledge with few complaints, so that learning from them takes no time.
fn brief_knowledge(folder: &Path) {
    for (path, text) in naosu_core::knowledge::embedded() {
        let text = if path.starts_with("corpus/complaints-") {
            text.split_inclusive('\n').take(40).collect()
        } else {
            text
        };
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().expect("it is in the folder"))
            .expect("the folder can be written");
        std::fs::write(file, text).expect("the folder can be written");
    }
}

#[test]
fn the_score_names_what_was_in_view_and_counts_the_worlds() {
    let folder = tempfile::tempdir().expect("a folder");
    brief_knowledge(folder.path());
    let worlds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let knowledge = folder.path().to_str().expect("a name in UTF-8");
    let ran = naosu(["knowledge", "score", "--scenarios", worlds, "--lang", "en", "--knowledge", knowledge]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    for part in [
        "complaints-public.jsonl (tuned on)",
        "complaints-written-en.jsonl (written)",
        "Learned words",
        "calibration",
        "Recorded worlds: ",
        "a complaint (written)",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in:\n{}", ran.stdout);
    }
}
