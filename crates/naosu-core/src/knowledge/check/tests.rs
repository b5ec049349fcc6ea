use super::*;
use crate::knowledge::{Knowledge, embedded};

/// The shipped knowledge with one file replaced, added (`Some`) or taken away (`None`): its problems.
fn problems_with(path: &str, text: Option<&str>) -> Vec<String> {
    problems_with_all(&[(path, text)])
}

fn problems_with_all(changes: &[(&str, Option<&str>)]) -> Vec<String> {
    let mut files = embedded();
    let unneeded = ["providers/", "replies/"];
    files.retain(|(known, _)| {
        changes.iter().all(|(path, _)| known != path)
            && !unneeded.iter().any(|folder| known.starts_with(folder))
    });
    for (path, text) in changes {
        files.extend(text.map(|text| ((*path).to_owned(), text.to_owned())));
    }
    let knowledge = Knowledge::load(&files).unwrap();
    knowledge.check().iter().map(ToString::to_string).collect()
}

fn assert_told(problems: &[String], expected: &str) {
    assert!(problems.iter().any(|problem| problem.contains(expected)), "{expected} is not in {problems:#?}");
}

fn cause(fixes: &str) -> String {
    format!(
        r#"
        prior = 5.0
        heals_by_waiting = false
        sources = ["own estimate"]
        checked = "2026-11"
        explanation = {{ en = "An explanation.", ja = "説明です。" }}
        fixes = [{fixes}]
        "#
    )
}

fn action(head: &str, instructions: &str) -> String {
    format!(
        r#"
        kind = "action"
        minutes = 2.0
        wait_minutes = 0.0
        place = "device"
        who = "person"
        sources = ["a source"]
        checked = "2026-11"
        title = {{ en = "Do it", ja = "行う" }}
        why = {{ en = "It helps.", ja = "直ります。" }}
        {head}
        {instructions}
        "#
    )
}

const GENERIC: &str = r#"
[[instructions]]
steps = { en = ["Do it."], ja = ["行います。"] }
"#;

fn question(options: &str) -> String {
    format!(
        r#"
        minutes = 0.3
        sources = ["own estimate"]
        checked = "2026-11"
        text = {{ en = "Is it so?", ja = "そうですか。" }}
        why = {{ en = "It tells.", ja = "分かります。" }}
        {options}
        "#
    )
}

fn flow(states: &str) -> String {
    format!(
        r#"
        title = {{ en = "A flow", ja = "流れ" }}
        start = "first"
        sources = ["a source"]
        checked = "2026-11"
        {states}
        "#
    )
}

#[test]
fn the_shipped_knowledge_has_no_problem() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    assert_eq!(knowledge.check(), []);
}

#[test]
fn the_rows_that_are_served_are_counted() {
    let coverage = Knowledge::load(&embedded()).unwrap().coverage();
    let missing: Vec<&str> = coverage.missing.iter().map(|row| row.id.as_str()).collect();
    assert_eq!((coverage.served.len(), coverage.missing.len()), (139, 0), "missing: {missing:?}");
}

#[test]
fn a_cause_that_nobody_describes_is_told() {
    let problems = problems_with("causes/cert_expired.toml", None);
    assert_told(&problems, "knowledge/causes/cert_expired.toml: is missing");
}

#[test]
fn a_cause_outside_the_taxonomy_is_told() {
    let text = cause(r#"{ action = "restart_device", probability = 0.5 }"#);
    let problems = problems_with("causes/bad_luck.toml", Some(&text));
    assert_told(&problems, "causes/bad_luck.toml: is no cause of the taxonomy");
}

#[test]
fn ids_that_do_not_exist_are_told_all_at_once() {
    let text = action(
        r#"
        risk = "none"
        requires = ["no_action"]
        verify = ["no_variable"]
        verify_question = "no_question"
        flow = "no_flow"
        only = { device = ["toaster"] }
        "#,
        GENERIC,
    );
    let problems = problems_with("actions/restart_device.toml", Some(&text));
    for expected in [
        "names a action that does not exist: no_action",
        "names a variable that does not exist: no_variable",
        "names a question that does not exist: no_question",
        "names a flow that does not exist: no_flow",
        "names a device that does not exist: toaster",
    ] {
        assert_told(&problems, expected);
    }
}

#[test]
fn a_cause_without_fix_is_told() {
    let problems = problems_with("causes/cert_expired.toml", Some(&cause("")));
    assert_told(&problems, "causes/cert_expired.toml: has no fix");
}

#[test]
fn a_cause_whose_fixes_are_for_another_service_is_told() {
    let text = cause(r#"{ action = "toggle_icloud_mail", probability = 0.5 }"#);
    let problems = problems_with("causes/cert_expired.toml", Some(&text));
    assert_told(&problems, "causes/cert_expired.toml: has no fix for service gmail");
}

#[test]
fn an_action_that_nothing_leads_to_is_told() {
    let problems = problems_with("actions/dance.toml", Some(&action(r#"risk = "none""#, GENERIC)));
    assert_told(&problems, "actions/dance.toml: is reached from no cause");
}

#[test]
fn a_question_that_tells_nothing_apart_is_told() {
    let text = question(
        r#"
        [[options]]
        id = "unknown"
        usual = 1.0
        text = { en = "No idea", ja = "わかりません" }
        "#,
    );
    let problems = problems_with("questions/weather.toml", Some(&text));
    assert_told(&problems, "questions/weather.toml: separates no causes");
    assert_told(&problems, "questions/weather.toml: has no option unknown, or only one");
}

#[test]
fn a_cause_that_neither_probe_nor_question_tells_is_told() {
    let problems = problems_with("questions/vpn_on_device.toml", None);
    assert!(problems.is_empty(), "a probe can tell of a VPN: {problems:#?}");
    let taxonomy = embedded().into_iter().find(|(path, _)| path == "taxonomy.toml").unwrap().1;
    let text = taxonomy.replace(
        r#"cert_name_mismatch = { group = "settings", machine = "yes""#,
        r#"cert_name_mismatch = { group = "settings", machine = "no""#,
    );
    let problems = problems_with_all(&[
        ("taxonomy.toml", Some(&text)),
        ("questions/what_the_screen_says.toml", None),
        ("questions/what_the_certificate_says.toml", None),
        ("questions/how_the_connection_fails.toml", None),
    ]);
    assert_told(&problems, "cert_name_mismatch.toml: can be told by no probe and by no question");
}

#[test]
fn a_missing_language_is_told() {
    let untranslated = r#"
        [[instructions]]
        steps = { en = ["Do it.", "Do more."], ja = ["Do it."] }
    "#;
    let problems =
        problems_with("actions/restart_device.toml", Some(&action(r#"risk = "none""#, untranslated)));
    assert_told(&problems, "instructions 0: the Japanese is not Japanese: Do it.");
    assert_told(&problems, "instructions 0: the languages differ in their number of steps");
}

#[test]
fn an_undated_or_unsourced_entry_is_told() {
    let text = action(r#"risk = "none""#, GENERIC)
        .replace(r#"sources = ["a source"]"#, "sources = []")
        .replace(r#"checked = "2026-11""#, r#"checked = "last year""#);
    let problems = problems_with("actions/restart_device.toml", Some(&text));
    assert_told(&problems, "actions/restart_device.toml: has no source");
    assert_told(&problems, "actions/restart_device.toml: checked is not YYYY-MM: last year");
}

#[test]
fn an_undated_or_unsourced_file_of_facts_is_told() {
    let text = r#"
        en = "A product"
        ja = "製品"
        kind = "proxy"
        issuers = ["a product"]
        source = " "
        verified = false
        hint = { en = "Switch it off.", ja = "オフにします。" }
    "#;
    let problems = problems_with("interceptors/a_product.toml", Some(text));
    assert_told(&problems, "interceptors/a_product.toml: does not say in which month it was checked");
    assert_told(&problems, "interceptors/a_product.toml: has facts without a source: 1");
}

#[test]
fn a_way_through_menus_says_whether_it_was_seen() {
    let way = r#"
        [[instructions]]
        steps = { en = ["Open Settings, General."], ja = ["「設定」→「一般」を開きます。"] }
    "#;
    let head = "risk = \"none\"\nverify = [\"clock\"]";
    let problems = problems_with("actions/restart_device.toml", Some(&action(head, way)));
    assert_told(&problems, "actions/restart_device.toml: instructions 0 lead through menus");
    let seen = way.replace("steps =", "seen = []\n        steps =");
    let problems = problems_with("actions/restart_device.toml", Some(&action(head, &seen)));
    assert!(!problems.iter().any(|problem| problem.contains("lead through menus")), "{problems:#?}");
}

#[test]
fn numbers_out_of_range_are_told() {
    let text =
        cause(r#"{ action = "restart_device", probability = 1.5 }"#).replace("prior = 5.0", "prior = 600.0");
    let problems = problems_with("causes/cert_expired.toml", Some(&text));
    assert_told(&problems, "the prior is out of range: 600");
    assert_told(&problems, "the probability of restart_device is out of range");
    assert_told(&problems, "the priors come to more than 1000 of 1000");
}

#[test]
fn an_answer_that_counts_for_too_much_is_told() {
    let text = question(
        r#"
        [[options]]
        id = "yes"
        usual = 0.02
        text = { en = "Yes", ja = "はい" }
        ratios = { cert_expired = 1000.0 }
        [[options]]
        id = "unknown"
        usual = 0.9
        text = { en = "No idea", ja = "わかりません" }
        "#,
    );
    let problems = problems_with("questions/weather.toml", Some(&text));
    assert_told(&problems, "a ratio is beyond what one answer may count for: yes cert_expired 47.8");
    assert_told(&problems, "what is usual does not come to 1: 0.92");
}

#[test]
fn a_loss_without_safeguard_or_warning_is_told() {
    let text = action(r#"risk = "loses_data""#, GENERIC);
    let problems = problems_with("actions/restart_device.toml", Some(&text));
    assert_told(&problems, "can lose something and requires no safeguard");
    assert_told(&problems, "can lose something and does not warn");
}

#[test]
fn a_fix_that_nothing_verifies_is_told() {
    let text = action(r#"risk = "none""#, GENERIC);
    let problems = problems_with("actions/restart_device.toml", Some(&text));
    assert_told(&problems, "is a fix, and nothing tells whether it has helped");
}

#[test]
fn a_circle_of_requirements_is_told() {
    let text = action(
        r#"
        risk = "none"
        requires = ["restart_device"]
        "#,
        GENERIC,
    );
    let problems = problems_with("actions/restart_device.toml", Some(&text));
    assert_told(&problems, "actions/restart_device.toml: requires itself");
}

#[test]
fn variants_that_tie_or_lack_a_generic_one_are_told() {
    let twice = r#"
        [[instructions]]
        device = ["iphone", "ipad"]
        steps = { en = ["Do it."], ja = ["行います。"] }
        [[instructions]]
        device = ["ipad"]
        steps = { en = ["Do it."], ja = ["行います。"] }
    "#;
    let problems = problems_with("actions/restart_device.toml", Some(&action(r#"risk = "none""#, twice)));
    assert_told(&problems, "has 0 generic variants");
    assert_told(&problems, "instructions 0 tie with later ones");
}

#[test]
fn a_flow_that_leads_nowhere_is_told() {
    let text = flow(
        r#"
        [states.first]
        kind = "wait"
        title = { en = "Wait", ja = "待つ" }
        next = [{ id = "on", when = { en = "On", ja = "次" }, to = "first" }]
        [states.island]
        kind = "done"
        title = { en = "Done", ja = "完了" }
        "#,
    );
    let problems = problems_with("flows/circle.toml", Some(&text));
    for expected in [
        "state first never comes to an end",
        "state first is a wait without minutes",
        "state island cannot be reached",
    ] {
        assert_told(&problems, expected);
    }
}

#[test]
fn a_flow_in_which_a_general_answer_does_harm_is_told() {
    let text = flow(
        r#"
        [states.first]
        kind = "wait"
        wait_minutes = 5.0
        title = { en = "Wait", ja = "待つ" }
        next = [
          { id = "later", when = { en = "Wait", ja = "待つ" }, to = "first" },
          { id = "on", when = { en = "On", ja = "次" }, to = "task" },
        ]
        [states.task]
        kind = "task"
        title = { en = "Do", ja = "行う" }
        next = [{ id = "done", works = true, when = { en = "Done", ja = "完了" }, to = "end" }]
        [states.end]
        kind = "done"
        title = { en = "Done", ja = "完了" }
        "#,
    );
    let problems = problems_with("flows/hasty.toml", Some(&text));
    for expected in [
        "state first is a wait whose last way is not to go on waiting",
        "state first names a way like a general answer: later",
        "state task names a way like a general answer: done",
        "state task takes who does not know for one for whom it works",
    ] {
        assert_told(&problems, expected);
    }
    let bare = action("risk = \"none\"\nflow = \"get_help\"", GENERIC);
    let problems = problems_with("actions/restart_device.toml", Some(&bare));
    assert_told(&problems, "belongs to a flow in which it is neither a task nor a wait");
}

#[test]
fn a_row_that_does_not_exist_is_told() {
    let text = action("risk = \"none\"\ncovers = [\"Z99\"]", GENERIC);
    let problems = problems_with("actions/restart_device.toml", Some(&text));
    assert_told(&problems, "covers a row that does not exist: Z99");
}

#[test]
fn every_check_is_named_once() {
    let names: std::collections::BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
    assert_eq!(names.len(), CHECKS.len());
}
