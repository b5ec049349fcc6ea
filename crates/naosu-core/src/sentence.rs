//! Observations as sentences that a person reads.

use serde_json::Value;

use crate::evidence::Observation;
use crate::knowledge::{Knowledge, Lang};

/// What an observation says, in that language: the outcome's sentence of `knowledge/variables/` with `{subject}` and
/// the details filled in. `{name|date}` shows a time as a date, without the year when that is `year`.
pub fn sentence(knowledge: &Knowledge, observation: &Observation, lang: Lang, year: Option<i32>) -> String {
    let outcome =
        knowledge.variables.get(&observation.variable).and_then(|v| v.outcomes.get(&observation.outcome));
    match outcome {
        Some(outcome) => {
            fill(if lang == Lang::En { &outcome.en } else { &outcome.ja }, observation, lang, year)
        }
        None => format!("{}: {} = {}", observation.subject, observation.variable, observation.outcome),
    }
}

/// The name of a variable in that language; its id when the knowledge does not know it.
pub fn variable_name<'a>(knowledge: &'a Knowledge, variable: &'a str, lang: Lang) -> &'a str {
    knowledge.variables.get(variable).map_or(variable, |known| match lang {
        Lang::En => &known.en,
        Lang::Ja => &known.ja,
    })
}

fn fill(template: &str, observation: &Observation, lang: Lang, year: Option<i32>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        let (name, as_date) = name.strip_suffix("|date").map_or((name, false), |name| (name, true));
        let value = if name == "subject" {
            match observation.subject.as_str() {
                "ipv4" => "IPv4".to_owned(),
                "ipv6" => "IPv6".to_owned(),
                subject => subject.to_owned(),
            }
        } else {
            observation.detail.get(name).map_or_else(|| "?".to_owned(), plain)
        };
        out.push_str(&if as_date { date(&value, lang, year) } else { value });
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// A detail as plain text: lists with commas, numbers without a needless fraction.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "?".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.to_string().trim_end_matches(".0").to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(map) => {
            map.iter().map(|(k, v)| format!("{k} {}", plain(v))).collect::<Vec<_>>().join(", ")
        }
    }
}

/// `2026-11-20T…` as "20 November 2026" or 「2026年11月20日」; the year is left out when it is `year`.
fn date(text: &str, lang: Lang, year: Option<i32>) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let mut parts = text.get(..10).unwrap_or_default().split('-').map(str::parse::<i32>);
    let (Some(Ok(y)), Some(Ok(m)), Some(Ok(d))) = (parts.next(), parts.next(), parts.next()) else {
        return text.to_owned();
    };
    let Some(month) = usize::try_from(m - 1).ok().and_then(|index| MONTHS.get(index)) else {
        return text.to_owned();
    };
    match (lang, year == Some(y)) {
        (Lang::En, true) => format!("{d} {month}"),
        (Lang::En, false) => format!("{d} {month} {y}"),
        (Lang::Ja, true) => format!("{m}月{d}日"),
        (Lang::Ja, false) => format!("{y}年{m}月{d}日"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::ObservationId;

    fn expired() -> Observation {
        Observation {
            id: ObservationId("o1".to_owned()),
            variable: "imap".to_owned(),
            outcome: "cert_expired".to_owned(),
            subject: "imap.example.jp:993".to_owned(),
            detail: [("not_after".to_owned(), Value::from("2026-11-20T09:00:00Z"))].into(),
            started_ms: 0,
            elapsed_ms: 41,
            after: Vec::new(),
        }
    }

    #[test]
    fn a_sentence_names_the_date_in_both_languages() {
        let knowledge = Knowledge::load(&crate::knowledge::embedded()).unwrap();
        let ja = sentence(&knowledge, &expired(), Lang::Ja, Some(2026));
        assert_eq!(ja, "imap.example.jp:993の証明書が11月20日で期限切れ");
        let en = sentence(&knowledge, &expired(), Lang::En, None);
        assert_eq!(en, "the certificate of imap.example.jp:993 expired on 20 November 2026");
    }

    #[test]
    fn a_detail_that_is_missing_is_shown_as_missing() {
        let knowledge = Knowledge::load(&crate::knowledge::embedded()).unwrap();
        let mut observation = expired();
        observation.detail.clear();
        assert!(sentence(&knowledge, &observation, Lang::En, None).ends_with("expired on ?"));
    }
}
