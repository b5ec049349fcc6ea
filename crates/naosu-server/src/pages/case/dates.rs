//! Times as a person reads them, and the calendar files of a case.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;

use super::super::{PageFailure, failed};
use super::spoken;
use crate::calendar;
use crate::desk::Desk;
use crate::wording::Wording;

/// A moment on a page.
pub(super) struct Moment {
    /// For machines (RFC 3339).
    pub(super) machine: String,
    /// For people, as the clock on the server's wall shows it.
    pub(super) shown: String,
    /// How far away it is, in words; nothing once it is past.
    pub(super) left: Option<String>,
}

pub(super) fn moment(at: u64, now: u64, w: Wording) -> Moment {
    let stamp = i64::try_from(at).ok().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or_default();
    let local = stamp.to_zoned(jiff::tz::TimeZone::system());
    let shown = match w.pick("en", "ja") {
        "ja" => format!("{}月{}日 {}", local.month(), local.day(), local.strftime("%-H:%M")),
        _ => local.strftime("%-d %B, %-H:%M").to_string(),
    };
    Moment { machine: stamp.to_string(), shown, left: (at > now).then(|| left(at - now, w)) }
}

/// A day, as a person reads it.
pub(in crate::pages) fn day(at: u64, w: Wording) -> String {
    let day = calendar::day(at);
    match w.pick("en", "ja") {
        "ja" => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
        _ => day.strftime("%-d %B %Y").to_string(),
    }
}

fn left(seconds: u64, w: Wording) -> String {
    let minutes = seconds.div_ceil(60);
    let (days, hours) = (minutes / 1440, minutes / 60);
    match (w.pick("en", "ja"), days, hours) {
        ("ja", 2.., _) => format!("あと約{days}日"),
        ("ja", _, 2..) => format!("あと約{hours}時間"),
        ("ja", ..) => format!("あと{minutes}分"),
        (_, 2.., _) => format!("about {days} days left"),
        (_, _, 2..) => format!("about {hours} hours left"),
        (_, _, _) => format!("{minutes} min left"),
    }
}

/// The end of the wait as a calendar file.
pub(super) async fn wait(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let link = format!("{}/c/{secret}", desk.config.public_url);
    desk.wait_reminder(&file, &link).map_err(failed(w))
}

/// What to look after from now on as a calendar file.
pub(super) async fn care(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    Ok(desk.care_reminders(&file, spoken(&file, w).0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use naosu_core::knowledge::Lang;

    #[test]
    fn the_time_that_is_left_is_said_roughly() {
        let (en, ja) = (Wording(Lang::En), Wording(Lang::Ja));
        assert_eq!(left(30, ja), "あと1分");
        assert_eq!(left(3600, en), "60 min left");
        assert_eq!(left(5 * 3600, ja), "あと約5時間");
        assert_eq!(left(3 * 86_400, en), "about 3 days left");
        assert!(moment(100, 200, ja).left.is_none());
        assert_eq!(moment(1_795_000_000, 0, en).machine, "2026-11-18T11:06:40Z");
    }
}
