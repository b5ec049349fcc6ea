//! When something happened and how long it takes, as a person reads it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use naosu_core::knowledge::Lang;

use crate::pick;

/// When, in local time, to the minute.
pub fn time(at: u64) -> String {
    let second = i64::try_from(at).unwrap_or(i64::MAX);
    let stamp = Timestamp::from_second(second).unwrap_or_default();
    stamp.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// The day that begins then, in UTC.
pub fn day(at: u64) -> String {
    let second = i64::try_from(at).unwrap_or(i64::MAX);
    Timestamp::from_second(second).unwrap_or_default().strftime("%Y-%m-%d").to_string()
}

/// How long something takes, as people say it.
pub fn minutes(minutes: f64, lang: Lang) -> String {
    if minutes < 1.0 {
        return pick(lang, "under a minute", "1分以内").to_owned();
    }
    let rounded = minutes.round();
    pick(lang, format!("{rounded} min"), format!("{rounded} 分"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_counts_tenths_of_minutes() {
        assert_eq!(
            [0.0, 0.7, 1.0, 2.5].map(|m| minutes(m, Lang::En)),
            ["under a minute", "under a minute", "1 min", "3 min"]
        );
        assert_eq!([0.7, 1.4].map(|m| minutes(m, Lang::Ja)), ["1分以内", "1 分"]);
    }
}
