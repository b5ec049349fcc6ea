//! Waiting: a reminder for the calendar, and measuring again and again until it is over.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use naosu_core::case::What;
use naosu_core::case::history;
use naosu_core::diagnosis::{Verdict, diagnose};
use naosu_core::evidence::Evidence;
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::step::NextStep;

use naosu_papers::moment;

use super::{Gauge, Session, say};
use crate::cli::Color;
use crate::cmd::check::{View, show};
use crate::cmd::now;
use crate::language::pick;
use naosu_papers::calendar::{Reminder, When, calendar};

/// How long after one measurement the next one is made.
const PAUSE: Duration = Duration::from_mins(10);

/// Measures again and again until something else is found than before; then it is told, and written down.
pub(super) fn watch(
    knowledge: &Knowledge,
    session: &mut Session<'_>,
    gauge: &mut Gauge,
    color: Color,
) -> Result<()> {
    let lang = session.case().lang();
    let before = session.case().evidence().map(|seen| found(knowledge, seen));
    say(pick(
        lang,
        "Ctrl-C ends the watching; the case is kept.\n",
        "Ctrl-Cでやめられます。ケースは保存されています。\n",
    ));
    loop {
        let seen = gauge.glance(knowledge, lang)?;
        let after = found(knowledge, &seen);
        if before.as_ref() != Some(&after) {
            // the bell, for whoever looks elsewhere
            say("\u{7}");
            let view = View { json: false, verbose: false, color, step: false };
            show(knowledge, seen.clone(), lang, &view)?;
            return session.take(What::Measured(Box::new(seen)));
        }
        let (at, next) = (moment::time(now()), moment::time(now() + PAUSE.as_secs()));
        let cause = history::measured(knowledge, &seen, lang);
        say(&pick(
            lang,
            format!("{at}  as before: {cause}. Measured again at {next}.\n"),
            format!("{at}  変わりません: {cause}。次は {next} に測ります。\n"),
        ));
        std::thread::sleep(PAUSE);
    }
}

/// What is compared: the verdict, and the first cause.
fn found(knowledge: &Knowledge, seen: &Evidence) -> (Verdict, Option<String>) {
    let diagnosis = diagnose(knowledge, seen);
    let cause = diagnosis.causes.into_iter().next().filter(|_| diagnosis.verdict == Verdict::CauseFound);
    (diagnosis.verdict, cause.map(|cause| cause.id))
}

/// Writes a calendar file for the end of a wait into the current folder.
pub(super) fn remind(session: &Session<'_>, step: &NextStep) -> Result<PathBuf> {
    let id = session.id().unwrap_or_default();
    let lang: Lang = session.case().lang();
    let due = i64::try_from(step.due.unwrap_or_else(now)).unwrap_or(i64::MAX);
    let how = &step.instructions[..step.instructions.len().saturating_sub(step.options.len())];
    let resume =
        pick(lang, format!("Go on with: naosu case resume {id}"), format!("続きは: naosu case resume {id}"));
    let reminder = Reminder {
        uid: format!("case-{id}-{}", step.id),
        on: When::Moment(jiff::Timestamp::from_second(due).unwrap_or_default()),
        again: None,
        summary: format!("Naosu: {}", step.title),
        description: format!("{}\n{resume}", how.join("\n")),
    };
    let name = format!("naosu-case-{id}.ics");
    let path = std::path::absolute(&name).unwrap_or_else(|_| PathBuf::from(&name));
    let stamp = i64::try_from(now()).unwrap_or(i64::MAX);
    crate::private::write(&path, calendar(&[reminder], stamp).as_bytes())
        .with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}
