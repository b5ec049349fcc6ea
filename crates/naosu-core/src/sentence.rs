//! Observations as sentences that a person reads.

use serde_json::Value;

use crate::evidence::Observation;
use crate::knowledge::{Knowledge, Lang};

/// What an observation says, in that language: the outcome's sentence of `knowledge/variables/` with `{subject}` and
/// the details filled in. `{name|date}` shows a time as a date, without the year when that is `year`, `{name|lag}` the
/// seconds that a clock must be put forward as how it goes wrong, `{name|length}` seconds as a length of time,
/// `{name|stage}` a stage of a conversation in words.
pub fn sentence(knowledge: &Knowledge, observation: &Observation, lang: Lang, year: Option<i32>) -> String {
    let outcome =
        knowledge.variables.get(&observation.variable).and_then(|v| v.outcomes.get(&observation.outcome));
    match outcome {
        Some(outcome) => {
            let template = if lang == Lang::En { &outcome.en } else { &outcome.ja };
            Fill { knowledge, observation, lang, year }.fill(template)
        }
        None => format!("{}: {} = {}", observation.subject, observation.variable, observation.outcome),
    }
}

/// What an outcome says of any server, in that language: its sentence with "the server" and with "…" for what only a
/// measurement tells; nothing where the knowledge does not know it.
pub fn in_general(knowledge: &Knowledge, variable: &str, outcome: &str, lang: Lang) -> Option<String> {
    let outcome = knowledge.variables.get(variable)?.outcomes.get(outcome)?;
    let (template, server) = match lang {
        Lang::En => (&outcome.en, "the server"),
        Lang::Ja => (&outcome.ja, "サーバ"),
    };
    Some(filled(template, |name, _| if name == "subject" { server } else { "…" }.to_owned()))
}

/// The name of a variable in that language; its id when the knowledge does not know it.
pub fn variable_name<'a>(knowledge: &'a Knowledge, variable: &'a str, lang: Lang) -> &'a str {
    knowledge.variables.get(variable).map_or(variable, |known| match lang {
        Lang::En => &known.en,
        Lang::Ja => &known.ja,
    })
}

struct Fill<'a> {
    knowledge: &'a Knowledge,
    observation: &'a Observation,
    lang: Lang,
    year: Option<i32>,
}

/// The template with each `{name|form}` replaced.
fn filled(template: &str, value: impl Fn(&str, &str) -> String) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        let (name, form) = name.split_once('|').unwrap_or((name, ""));
        out.push_str(&value(name, form));
        rest = tail;
    }
    out.push_str(rest);
    out
}

impl Fill<'_> {
    fn fill(&self, template: &str) -> String {
        filled(template, |name, form| self.formed(self.value(name), form))
    }

    fn value(&self, name: &str) -> String {
        match (name, self.observation.subject.as_str()) {
            ("subject", "ipv4") => "IPv4".to_owned(),
            ("subject", "ipv6") => "IPv6".to_owned(),
            ("subject", subject) => subject.to_owned(),
            _ => self.observation.detail.get(name).map_or_else(|| "?".to_owned(), plain),
        }
    }

    fn formed(&self, value: String, form: &str) -> String {
        let seconds = || value.parse::<f64>().ok();
        match form {
            "date" => date(&value, self.lang, self.year),
            "lag" => seconds().map_or(value.clone(), |seconds| lag(seconds, self.lang)),
            "length" => seconds().map_or(value.clone(), |seconds| length(seconds, self.lang)),
            "stage" => match self
                .knowledge
                .variables
                .get("conversation_stage")
                .and_then(|known| known.outcomes.get(&value))
            {
                Some(stage) => (if self.lang == Lang::En { &stage.en } else { &stage.ja }).clone(),
                None => value,
            },
            _ => value,
        }
    }
}

/// How a clock goes wrong that must be put forward by so many seconds: "45 min behind", 「45分遅れて」.
fn lag(seconds: f64, lang: Lang) -> String {
    let length = length(seconds, lang);
    match (lang, seconds < 0.0) {
        (Lang::En, true) => format!("{length} ahead"),
        (Lang::En, false) => format!("{length} behind"),
        (Lang::Ja, true) => format!("{length}進んで"),
        (Lang::Ja, false) => format!("{length}遅れて"),
    }
}

/// A length of time as the two greatest of its units, unsigned: "1 h 3 min", 「1時間3分」.
fn length(seconds: f64, lang: Lang) -> String {
    let seconds = seconds.abs();
    if seconds < 10.0 {
        let tenths = (seconds * 10.0).round() / 10.0;
        return if lang == Lang::En { format!("{tenths} s") } else { format!("{tenths}秒") };
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let whole = seconds.round() as u64;
    let units = [
        (86_400 * 365, "y", "年"),
        (86_400, "d", "日"),
        (3600, "h", "時間"),
        (60, "min", "分"),
        (1, "s", "秒"),
    ];
    let at = units.iter().position(|(unit, ..)| whole >= *unit).unwrap_or(units.len() - 1);
    let mut rest = whole;
    let mut words = Vec::new();
    for (unit, en, ja) in units.iter().skip(at).take(2) {
        if rest / unit > 0 {
            let count = rest / unit;
            words.push(if lang == Lang::En { format!("{count} {en}") } else { format!("{count}{ja}") });
        }
        rest %= unit;
    }
    words.join(if lang == Lang::En { " " } else { "" })
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

/// The months in English.
pub const MONTHS: [&str; 12] = [
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

/// `2026-11-20T…` as "20 November 2026" or 「2026年11月20日」; the year is left out when it is `year`.
fn date(text: &str, lang: Lang, year: Option<i32>) -> String {
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
    fn lengths_of_time_are_said_in_the_persons_language() {
        let said = |seconds: f64| [lag(seconds, Lang::En), lag(seconds, Lang::Ja)];
        assert_eq!(said(2700.0), ["45 min behind", "45分遅れて"]);
        assert_eq!(said(-3780.0), ["1 h 3 min ahead", "1時間3分進んで"]);
        assert_eq!(said(-63_072_000.0), ["2 y ahead", "2年進んで"]);
        assert_eq!(said(1.26), ["1.3 s behind", "1.3秒遅れて"]);
    }

    #[test]
    fn a_stage_is_said_in_words() {
        let knowledge = Knowledge::load(&crate::knowledge::embedded()).unwrap();
        let mut observation = expired();
        observation.outcome = "conversation_closed".to_owned();
        observation.detail.insert("stage".to_owned(), Value::from("sign_in"));
        let said = |lang| sentence(&knowledge, &observation, lang, None);
        assert_eq!(said(Lang::En), "imap.example.jp:993 hung up in the middle (at the sign-in)");
        assert!(said(Lang::Ja).ends_with("途中で切断しました(サインインの段階)"), "{}", said(Lang::Ja));
    }

    #[test]
    fn in_general_a_sentence_speaks_of_any_server() {
        let knowledge = Knowledge::load(&crate::knowledge::embedded()).unwrap();
        let said = |outcome, lang| in_general(&knowledge, "imap", outcome, lang);
        assert_eq!(said("cert_expired", Lang::Ja).unwrap(), "サーバの証明書が…で期限切れ");
        assert_eq!(said("cert_expired", Lang::En).unwrap(), "the certificate of the server expired on …");
        assert_eq!(said("no_such", Lang::En), None);
    }

    #[test]
    fn a_detail_that_is_missing_is_shown_as_missing() {
        let knowledge = Knowledge::load(&crate::knowledge::embedded()).unwrap();
        let mut observation = expired();
        observation.detail.clear();
        assert!(sentence(&knowledge, &observation, Lang::En, None).ends_with("expired on ?"));
    }
}
