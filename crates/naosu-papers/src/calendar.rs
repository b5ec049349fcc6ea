//! Calendar files (RFC 5545).

use jiff::Timestamp;
use jiff::civil::Date;

/// The longest line in octets, without its end (RFC 5545 §3.1).
const LINE: usize = 75;

/// Something to be reminded of.
#[derive(Clone, Debug)]
pub struct Reminder {
    /// The same reminder of the same place has the same name in every file, so that a calendar replaces it.
    pub uid: String,
    /// When, or when first.
    pub on: When,
    /// How often it comes again.
    pub again: Option<Again>,
    /// What it is.
    pub summary: String,
    /// What to do.
    pub description: String,
}

/// When a reminder is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum When {
    /// Some time on that day.
    Day(Date),
    /// At that moment.
    Moment(Timestamp),
}

/// How often a reminder comes again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Again {
    /// Every week.
    Week,
    /// Every month.
    Month,
    /// Every three months.
    Quarter,
    /// Every year.
    Year,
}

impl Again {
    fn rule(self) -> &'static str {
        match self {
            Self::Week => "FREQ=WEEKLY",
            Self::Month => "FREQ=MONTHLY",
            Self::Quarter => "FREQ=MONTHLY;INTERVAL=3",
            Self::Year => "FREQ=YEARLY",
        }
    }
}

/// A new name for a place that reminders come from, out of 128 random bits: a UUID (RFC 9562 §5.4), as identifiers in
/// calendars must differ between all places (RFC 7986 §5.3).
pub fn place(random: u128) -> String {
    let marked = random & !(0xf << 76) & !(0b11 << 62) | (4 << 76) | (0b10 << 62);
    let digits = format!("{marked:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// The reminders as a calendar file. `place` is where they come from, see [`place`]; `stamp` is when it was made, in
/// seconds since 1970 UTC.
pub fn calendar(reminders: &[Reminder], place: &str, stamp: i64) -> String {
    let mut out = String::new();
    for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Naosu//Naosu//EN"] {
        fold(line, &mut out);
    }
    let stamp = Timestamp::from_second(stamp).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string();
    for reminder in reminders {
        fold("BEGIN:VEVENT", &mut out);
        fold(&format!("UID:{}@{place}.naosu", reminder.uid), &mut out);
        fold(&format!("DTSTAMP:{stamp}"), &mut out);
        // an alarm at nine in the morning of that day, or at that moment (RFC 5545 §3.8.2.4, §3.8.6.3)
        let (start, alarm) = match reminder.on {
            When::Day(day) => (format!("DTSTART;VALUE=DATE:{}", day.strftime("%Y%m%d")), "TRIGGER:PT9H"),
            When::Moment(at) => (format!("DTSTART:{}", at.strftime("%Y%m%dT%H%M%SZ")), "TRIGGER:PT0S"),
        };
        fold(&start, &mut out);
        if let Some(again) = reminder.again {
            fold(&format!("RRULE:{}", again.rule()), &mut out);
        }
        fold(&format!("SUMMARY:{}", escaped(&reminder.summary)), &mut out);
        fold(&format!("DESCRIPTION:{}", escaped(&reminder.description)), &mut out);
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

/// A value of type TEXT (RFC 5545 §3.3.11).
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

    fn file() -> String {
        let reminder = Reminder {
            uid: "case-3".to_owned(),
            on: When::Day(jiff::civil::date(2026, 11, 30)),
            again: Some(Again::Quarter),
            summary: "待つ; 確かめる, そして\n直す".to_owned(),
            description: "アカウントの回復の返事が来ているかを確かめます。".repeat(5),
        };
        calendar(&[reminder], &place(0), 1_795_000_000)
    }

    #[test]
    fn lines_end_in_crlf_and_are_at_most_75_octets() {
        let file = file();
        assert!(file.ends_with("END:VCALENDAR\r\n"));
        assert_eq!(file.matches('\n').count(), file.matches("\r\n").count());
        for line in file.split("\r\n") {
            assert!(line.len() <= LINE, "{} octets: {line}", line.len());
        }
    }

    #[test]
    fn a_place_has_a_name_of_its_own_that_is_in_every_identifier() {
        assert_eq!(place(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(place(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert!(file().contains("UID:case-3@00000000-0000-4000-8000-000000000000.naosu\r\n"), "{}", file());
    }

    #[test]
    fn a_wait_of_an_hour_is_over_at_a_moment_and_not_on_a_day() {
        let reminder = Reminder {
            uid: "case-3-wait".to_owned(),
            on: When::Moment(Timestamp::from_second(1_795_000_000).unwrap()),
            again: None,
            summary: "x".to_owned(),
            description: "y".to_owned(),
        };
        let file = calendar(&[reminder], &place(0), 0);
        assert!(file.contains("DTSTART:20261118T110640Z\r\n"), "{file}");
        assert!(file.contains("TRIGGER:PT0S\r\n"), "{file}");
    }

    #[test]
    fn unfolded_it_says_what_was_meant() {
        let whole = file().replace("\r\n ", "");
        assert!(whole.contains("SUMMARY:待つ\\; 確かめる\\, そして\\n直す\r\n"), "{whole}");
        assert!(whole.contains("RRULE:FREQ=MONTHLY;INTERVAL=3\r\n"));
        assert!(whole.contains("DTSTART;VALUE=DATE:20261130\r\n"));
        assert!(whole.contains(&"アカウントの回復の返事が来ているかを確かめます。".repeat(5)));
        for name in ["VCALENDAR", "VEVENT", "VALARM"] {
            assert_eq!(
                whole.matches(&format!("BEGIN:{name}")).count(),
                whole.matches(&format!("END:{name}")).count()
            );
        }
    }
}
