//! Times as a person reads them, and the calendar files of a case.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::{Span, Timestamp};
use naosu_core::case::Next;

use super::super::{PageFailure, failed};
use super::{ending, spoken};
use crate::calendar::{self, Reminder, When};
use crate::desk::{Desk, now};
use crate::failure::Failure;
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
    let Next::Step(step) = file.next(desk.knowledge) else { return Err(failed(w)(Failure::WentOn)) };
    let due = step.due.ok_or(Failure::WentOn).map_err(failed(w))?;
    let link = format!("{}/c/{secret}", desk.config.public_url);
    let reminder = Reminder {
        uid: format!("case-{}-{}", file.row.id, step.id),
        on: When::Moment(calendar::moment(due)),
        again: None,
        summary: format!("Naosu: {}", step.title),
        description: format!("{}\n{link}", step.instructions.join("\n")),
    };
    Ok(calendar::answer(&[reminder], now(), "naosu-wait"))
}

/// What to look after from now on as a calendar file.
pub(super) async fn care(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let w = spoken(&file, w);
    let today = calendar::day(now());
    let reminders: Vec<Reminder> = ending::care(desk.knowledge, &file)
        .into_iter()
        .filter_map(|(uid, item)| {
            // the first of them in a period's time, never later than in a month
            let days = i64::from(item.every.days()?.min(30));
            Some(Reminder {
                uid,
                on: When::Day(today.checked_add(Span::new().days(days)).ok()?),
                again: Some(calendar::again(item.every)?),
                summary: item.text.get(w.0).to_owned(),
                description: item.why.get(w.0).to_owned(),
            })
        })
        .collect();
    Ok(calendar::answer(&reminders, now(), "naosu-care"))
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
