//! The helpers' pages: cases, one case, statistics, and who helps.

use axum::Router;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use naosu_core::knowledge::Knowledge;
use naosu_core::name::name;
use naosu_papers::said;

use crate::desk::Desk;
use crate::helpers::Session;
use crate::wording::Wording;

mod case;
mod chart;
mod list;
mod people;
mod sign_in;
mod statistics;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .merge(sign_in::routes())
        .merge(list::routes())
        .merge(case::routes())
        .merge(statistics::routes())
        .merge(people::routes())
}

/// What is around every page of the desk.
struct Frame {
    w: Wording,
    session: Session,
    /// Which part of the desk it is: `cases`, `statistics`, `helpers`.
    part: &'static str,
}

impl Frame {
    /// What marks the link to this part; empty for the others.
    fn here(&self, part: &str) -> bool {
        self.part == part
    }
}

/// When, in the server's own time zone, to the minute.
fn time(at: i64) -> String {
    let stamp = Timestamp::from_second(at).unwrap_or_default();
    stamp.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// How long something took, to the unit that matters.
fn length(seconds: i64, w: Wording) -> String {
    let (number, en, ja) = match seconds {
        ..3_600 => ((seconds + 59) / 60, "min", "分"),
        3_600..172_800 => ((seconds + 1_800) / 3_600, "h", "時間"),
        _ => ((seconds + 43_200) / 86_400, "d", "日"),
    };
    format!("{number} {}", w.pick(en, ja))
}

/// What a cause is called.
fn cause_name(knowledge: &Knowledge, id: &str, w: Wording) -> String {
    if knowledge.taxonomy.cause.contains_key(id) { said::cause_name(knowledge, id, w.0) } else { word(id, w) }
}

/// What a service, device or program is called.
fn word(id: &str, w: Wording) -> String {
    if id == "unknown" { w.pick("not known", "不明").to_owned() } else { name(id, w.0).to_owned() }
}

/// What the state of a case is called.
fn state_name(id: &str, w: Wording) -> &'static str {
    match id {
        "open" => w.pick("open", "対応中"),
        "waiting" => w.pick("waiting", "待機中"),
        "resolved" => w.pick("solved", "解決"),
        "unresolved" => w.pick("not solved", "未解決"),
        _ => w.pick("unknown", "不明"),
    }
}

#[cfg(test)]
mod tests {
    use naosu_core::knowledge::Lang;

    use super::*;

    #[test]
    fn lengths_are_told_in_the_unit_that_matters() {
        let told = |seconds| length(seconds, Wording(Lang::En));
        assert_eq!([0, 61, 3_600, 86_400, 172_800].map(told), ["0 min", "2 min", "1 h", "24 h", "2 d"]);
    }
}
