//! Calendar files as answers: the end of a wait, and what is to be looked at again and again.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use naosu_core::knowledge::Every;
use naosu_papers::calendar::{Again, calendar};
pub(crate) use naosu_papers::calendar::{Reminder, When};

/// The reminders as a file that a phone offers to put into its calendar; `place` is the name of this server in calendars,
/// `made_at` in seconds since 1970 UTC.
pub(crate) fn answer(reminders: &[Reminder], place: &str, made_at: u64, name: &str) -> Response {
    let kind = (header::CONTENT_TYPE, "text/calendar; charset=utf-8".to_owned());
    let kept_as = (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.ics\""));
    let made_at = i64::try_from(made_at).unwrap_or(i64::MAX);
    ([kind, kept_as], calendar(reminders, place, made_at)).into_response()
}

/// How often a reminder of that period comes again; never where it has none.
pub(crate) fn again(every: Every) -> Option<Again> {
    match every {
        Every::Week => Some(Again::Week),
        Every::Month => Some(Again::Month),
        Every::Quarter => Some(Again::Quarter),
        Every::Year => Some(Again::Year),
        Every::Time | Every::Change => None,
    }
}

/// A moment, from seconds since 1970 UTC.
pub(crate) fn moment(at: u64) -> Timestamp {
    i64::try_from(at).ok().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or_default()
}

/// The day of a moment where the server is.
pub(crate) fn day(at: u64) -> Date {
    moment(at).to_zoned(jiff::tz::TimeZone::system()).date()
}
