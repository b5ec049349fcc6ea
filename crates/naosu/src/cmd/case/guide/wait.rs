//! Waiting: a reminder for the calendar, and measuring again and again until it is over.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use naosu_core::case::What;
use naosu_core::case::history;
use naosu_core::diagnosis::{Verdict, diagnose};
use naosu_core::evidence::Evidence;
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::step::NextStep;

use naosu_papers::moment;

use super::{Gauge, Session, is_yes, line};
use crate::cli::Color;
use crate::cmd::check::show_measured;
use crate::cmd::{now, paper};
use crate::language::pick;
use crate::screen::{ring, say};
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
            ring();
            show_measured(knowledge, seen.clone(), lang, color)?;
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

/// Writes a calendar file for the end of a wait into the current folder; nothing where there is a file already that the
/// person wants to keep.
pub(super) fn remind(session: &Session<'_>, step: &NextStep) -> Result<Option<PathBuf>> {
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
    let overwrite = path.symlink_metadata().is_ok();
    if overwrite && !replaced(&path, lang)? {
        return Ok(None);
    }
    let stamp = i64::try_from(now()).unwrap_or(i64::MAX);
    paper::write(&path, calendar(&[reminder], &session.place()?, stamp).as_bytes(), overwrite)?;
    Ok(Some(path))
}

/// Whether the person wants the file that is there to be replaced.
fn replaced(path: &Path, lang: Lang) -> Result<bool> {
    let name = path.display();
    let answer = line(&pick(
        lang,
        format!("{name} is there already. Replace it? [y/N] "),
        format!("{name} はすでにあります。置き換えますか [y/N] "),
    ))?;
    Ok(answer.is_some_and(|answer| is_yes(&answer)))
}
