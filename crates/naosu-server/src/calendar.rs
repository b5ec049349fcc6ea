//! Calendar files (RFC 5545): the end of a wait, and what is to be looked at again and again.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use naosu_core::knowledge::Every;

/// The longest line in octets, without its end (RFC 5545 section 3.1).
const LINE: usize = 75;

/// When something is to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum When {
    /// At a moment, in seconds since 1970 UTC.
    At(u64),
    /// On a day, and again after each such period.
    On(Date, Every),
}

/// What a calendar is to remind of.
#[derive(Clone, Debug)]
pub(crate) struct Reminder {
    /// The same reminder has the same name in every file, so that a calendar replaces it.
    pub(crate) uid: String,
    pub(crate) when: When,
    /// What it is.
    pub(crate) summary: String,
    /// What to do.
    pub(crate) description: String,
    /// The page to open, where there is one.
    pub(crate) url: Option<String>,
}

/// The reminders as a file that a phone offers to put into its calendar; `made_at` in seconds since 1970 UTC.
pub(crate) fn answer(reminders: &[Reminder], made_at: u64, name: &str) -> Response {
    let kind = (header::CONTENT_TYPE, "text/calendar; charset=utf-8".to_owned());
    let place = (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.ics\""));
    ([kind, place], calendar(reminders, made_at)).into_response()
}

/// The day of a moment where the server is.
pub(crate) fn day(at: u64) -> Date {
    stamp(at).to_zoned(jiff::tz::TimeZone::system()).date()
}

fn calendar(reminders: &[Reminder], made_at: u64) -> String {
    let mut out = String::new();
    for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Naosu//Naosu//EN", "METHOD:PUBLISH"] {
        fold(line, &mut out);
    }
    let made = utc(made_at);
    for reminder in reminders {
        let (start, rule, alarm) = match reminder.when {
            When::At(at) => (format!("DTSTART:{}", utc(at)), None, "TRIGGER:PT0S"),
            When::On(date, every) => {
                // nine in the morning of that day
                (format!("DTSTART;VALUE=DATE:{}", date.strftime("%Y%m%d")), rule(every), "TRIGGER:PT9H")
            }
        };
        fold("BEGIN:VEVENT", &mut out);
        fold(&format!("UID:{}@naosu", reminder.uid), &mut out);
        fold(&format!("DTSTAMP:{made}"), &mut out);
        fold(&start, &mut out);
        if let Some(rule) = rule {
            fold(&format!("RRULE:{rule}"), &mut out);
        }
        fold(&format!("SUMMARY:{}", escaped(&reminder.summary)), &mut out);
        fold(&format!("DESCRIPTION:{}", escaped(&reminder.description)), &mut out);
        if let Some(url) = &reminder.url {
            fold(&format!("URL:{}", url.replace(char::is_control, "")), &mut out);
        }
        fold("TRANSP:TRANSPARENT", &mut out);
        fold("BEGIN:VALARM", &mut out);
        fold("ACTION:DISPLAY", &mut out);
        fold(&format!("DESCRIPTION:{}", escaped(&reminder.summary)), &mut out);
        fold(alarm, &mut out);
        fold("END:VALARM", &mut out);
        fold("END:VEVENT", &mut out);
    }
    fold("END:VCALENDAR", &mut out);
    out
}

fn rule(every: Every) -> Option<&'static str> {
    match every {
        Every::Week => Some("FREQ=WEEKLY"),
        Every::Month => Some("FREQ=MONTHLY"),
        Every::Quarter => Some("FREQ=MONTHLY;INTERVAL=3"),
        Every::Year => Some("FREQ=YEARLY"),
        Every::Time | Every::Change => None,
    }
}

fn stamp(at: u64) -> Timestamp {
    i64::try_from(at).ok().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or_default()
}

fn utc(at: u64) -> String {
    stamp(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A value of type TEXT (RFC 5545 section 3.3.11).
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Adds a line, folded so that no piece is longer than [`LINE`] octets and none ends within a character.
fn fold(line: &str, out: &mut String) {
    let mut rest = line;
    let mut space = LINE;
    loop {
        let cut = rest.floor_char_boundary(space);
        out.push_str(&rest[..cut]);
        out.push_str("\r\n");
        rest = &rest[cut..];
        if rest.is_empty() {
            return;
        }
        out.push(' ');
        // the space at the beginning counts
        space = LINE - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reminder_is_folded_escaped_and_whole() {
        let reminders = [
            Reminder {
                uid: "case-3".to_owned(),
                when: When::At(1_795_000_000),
                summary: "待つ; 確かめる, そして\nBEGIN:VEVENT".to_owned(),
                description: "アカウントの回復の返事が来ているかを確かめます。".repeat(5),
                url: Some("https://mail.example.jp/c/x\r\nX:1".to_owned()),
            },
            Reminder {
                uid: "care".to_owned(),
                when: When::On(jiff::civil::date(2026, 11, 30), Every::Quarter),
                summary: "確かめる".to_owned(),
                description: String::new(),
                url: None,
            },
        ];
        let file = calendar(&reminders, 1_795_000_000);
        assert!(file.split("\r\n").all(|line| line.len() <= LINE));
        assert_eq!(file.matches('\n').count(), file.matches("\r\n").count());
        let whole = file.replace("\r\n ", "");
        assert!(whole.contains("DTSTART:20261118T"), "{whole}");
        assert!(whole.contains("DTSTART;VALUE=DATE:20261130\r\nRRULE:FREQ=MONTHLY;INTERVAL=3\r\n"));
        assert!(whole.contains("SUMMARY:待つ\\; 確かめる\\, そして\\nBEGIN:VEVENT\r\n"));
        assert_eq!(whole.matches("\r\nBEGIN:VEVENT").count(), 2);
        assert!(!whole.contains("\r\nX:1"));
    }
}
