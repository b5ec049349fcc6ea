//! The published formats, `schemas/*.json`.
//!
//! A small validator of our own: it knows the keywords of JSON Schema that the files use and fails on every other
//! one, so that a file cannot come to say what is not checked.

use std::fmt::Write;

use serde_json::Value;

const REPORT: &str = include_str!("../../../../schemas/naosu.report.1.json");
const EVIDENCE: &str = include_str!("../../../../schemas/naosu.evidence.1.json");
const OUTCOMES: &str = include_str!("../../../../schemas/naosu.outcomes.1.json");

/// Fails with every reason why this is no report.
pub(crate) fn report(value: &Value) {
    check(REPORT, value);
}

/// Fails with every reason why this is no evidence.
pub(crate) fn evidence(value: &Value) {
    check(EVIDENCE, value);
}

/// Fails with every reason why these are no outcomes.
pub(crate) fn outcomes(value: &Value) {
    check(OUTCOMES, value);
}

fn check(schema: &str, value: &Value) {
    let problems = problems(schema, value);
    assert!(problems.is_empty(), "{problems}");
}

fn problems(schema: &str, value: &Value) -> String {
    let root: Value = serde_json::from_str(schema).expect("the schema is JSON");
    let mut problems = String::new();
    validate(&root, &root, value, "$", &mut problems);
    problems
}

/// `root` is what `#` in a reference stands for.
fn validate(root: &Value, schema: &Value, value: &Value, path: &str, problems: &mut String) {
    let mut problem = |what: String| writeln!(problems, "{path}: {what}").expect("a String takes everything");
    let properties = &schema["properties"];
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            // the last four lead to other schemas and are followed below
            "$schema" | "$id" | "$defs" | "title" | "description" | "properties" | "items" | "$ref"
            | "oneOf" => {}
            "type" => {
                let fits = match rule {
                    Value::Array(types) => types.iter().any(|one| is(one, value)),
                    one => is(one, value),
                };
                if !fits {
                    problem(format!("{value} is no {rule}"));
                }
            }
            "const" if value == rule => {}
            "const" => problem(format!("{value} is not {rule}")),
            "enum" if list(rule).contains(value) => {}
            "enum" => problem(format!("{value} is none of {rule}")),
            "pattern" => {
                let text = value.as_str().unwrap_or_default();
                if !matches(word(rule), text) {
                    problem(format!("{text} does not look like {rule}"));
                }
            }
            "minLength" if value.as_str().is_none_or(|text| !text.is_empty()) && rule == 1 => {}
            "minimum" if value.as_f64() >= rule.as_f64() => {}
            "maximum" if value.as_f64() <= rule.as_f64() => {}
            "minLength" | "minimum" | "maximum" => problem(format!("{value} breaks {keyword} {rule}")),
            "required" => {
                for name in list(rule).iter().map(word).filter(|name| value.get(name).is_none()) {
                    problem(format!("{name} is missing"));
                }
            }
            "additionalProperties" => {
                let known = |name: &str| properties.get(name).is_some() || rule == true || rule.is_object();
                for name in
                    value.as_object().into_iter().flatten().map(|(name, _)| name).filter(|name| !known(name))
                {
                    problem(format!("{name} is not known"));
                }
            }
            "uniqueItems" => {
                let items = list(value);
                if (1..items.len()).any(|end| items[..end].contains(&items[end])) {
                    problem("an item stands there twice".to_owned());
                }
            }
            other => panic!("the validator does not know {other}: teach it"),
        }
    }
    for (name, inner) in properties.as_object().into_iter().flatten() {
        if let Some(part) = value.get(name) {
            validate(root, inner, part, &format!("{path}.{name}"), problems);
        }
    }
    if let Some(rule) = schema.get("additionalProperties").filter(|rule| rule.is_object()) {
        let others = value.as_object().into_iter().flatten();
        for (name, part) in others.filter(|(name, _)| properties.get(name).is_none()) {
            validate(root, rule, part, &format!("{path}.{name}"), problems);
        }
    }
    if let (Some(rule), Some(items)) = (schema.get("items"), value.as_array()) {
        for (index, item) in items.iter().enumerate() {
            validate(root, rule, item, &format!("{path}[{index}]"), problems);
        }
    }
    if let Some(reference) = schema.get("$ref") {
        let reference = word(reference);
        if let Some(pointer) = reference.strip_prefix('#') {
            let target = root.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"));
            validate(root, target, value, path, problems);
        } else {
            let bundled = root["$defs"].as_object().expect("what is referred to is bundled");
            let target = bundled.values().find(|inner| inner["$id"] == reference).expect("it is bundled");
            validate(target, target, value, path, problems);
        }
    }
    if let Some(choices) = schema.get("oneOf") {
        let mut reasons = Vec::new();
        for choice in list(choices) {
            let mut reason = String::new();
            validate(root, choice, value, path, &mut reason);
            reasons.push(reason);
        }
        if reasons.iter().filter(|reason| reason.is_empty()).count() != 1 {
            problems.push_str(&reasons.concat());
        }
    }
}

fn is(name: &Value, value: &Value) -> bool {
    match word(name) {
        "array" => value.is_array(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        other => panic!("the validator does not know the type {other}"),
    }
}

/// The three patterns of the schemas.
fn matches(pattern: &str, text: &str) -> bool {
    let small = |c: char| c.is_ascii_lowercase();
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    match pattern {
        "^[a-z0-9_]+$" => {
            !text.is_empty() && text.chars().all(|c| small(c) || c.is_ascii_digit() || c == '_')
        }
        "^[a-z]+[0-9]+$" => text.starts_with(small) && digits(text.trim_start_matches(small)),
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$" => {
            text.len() == 20
                && text.chars().zip("0000-00-00T00:00:00Z".chars()).all(|(c, shape)| match shape {
                    '0' => c.is_ascii_digit(),
                    sign => c == sign,
                })
        }
        other => panic!("the validator does not know the pattern {other}"),
    }
}

fn word(value: &Value) -> &str {
    value.as_str().expect("the schema has a text there")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn the_report_bundles_the_schema_of_the_evidence_as_it_is() {
    let report: Value = serde_json::from_str(REPORT).unwrap();
    let evidence: Value = serde_json::from_str(EVIDENCE).unwrap();
    assert_eq!(report["$defs"]["evidence"], evidence);
}

#[test]
fn what_is_wrong_is_told() {
    let wrong = serde_json::json!({
        "schema": "naosu.evidence/1", "request": {"sign_in": "maybe", "named": ["pop", "pop"]}, "started": "today",
        "observations": [{"id": "7", "variable": "Imap", "outcome": "ok", "subject": 3, "started_ms": -1, "elapsed_ms": 1}],
        "opinion": true,
    });
    let told = problems(EVIDENCE, &wrong);
    for reason in [
        "$: elapsed_ms is missing",
        "$: opinion is not known",
        "$.request.sign_in: \"maybe\" is none of",
        "$.request.named: an item stands there twice",
        "$.started: today does not look like",
        "$.observations[0].id: 7 does not look like",
        "$.observations[0].variable: Imap does not look like",
        "$.observations[0].subject: 3 is no \"string\"",
        "$.observations[0].started_ms: -1 breaks minimum",
    ] {
        assert!(told.contains(reason), "{reason} is not in:\n{told}");
    }
}
