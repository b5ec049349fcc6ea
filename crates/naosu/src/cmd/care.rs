//! `naosu care`: what to look at how often, and the state of accounts around an update.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use jiff::civil::Date;
use naosu_core::knowledge::{Every, Importance, Item, Knowledge, Lang, Occasion, Situation};

use super::now;
use crate::cli::{CareArguments, CareCommand, Color};
use crate::language::pick;
use crate::render::page::{Page, Tone};
use crate::usage::Mistake;
use naosu_papers::calendar::{Again, Reminder, When, calendar};

mod rounds;
mod update;

/// Prints the routine, or keeps or compares the state of accounts.
pub(crate) fn run(
    knowledge: &Knowledge,
    arguments: &CareArguments,
    lang: Lang,
    color: Color,
) -> Result<ExitCode> {
    match &arguments.command {
        Some(CareCommand::BeforeUpdate { addresses, options }) => {
            update::before(knowledge, addresses, options, lang, color)
        }
        Some(CareCommand::AfterUpdate { addresses, options }) => {
            update::after(knowledge, addresses, options, lang, color)
        }
        None => routine(knowledge, arguments, lang, color),
    }
}

fn routine(knowledge: &Knowledge, arguments: &CareArguments, lang: Lang, color: Color) -> Result<ExitCode> {
    super::order::situation(knowledge, arguments.device.as_deref(), arguments.service.as_deref(), None)?;
    let situation = Situation {
        device: arguments.device.as_deref().unwrap_or("unknown"),
        service: arguments.service.as_deref().unwrap_or("unknown"),
        client: "unknown",
    };
    let mut items: Vec<(String, &Item)> = Vec::new();
    for (id, list) in &knowledge.care().checklists {
        if list.occasion == Occasion::Routine {
            let admitted = list.items.iter().filter(|item| item.only.admits(situation));
            items.extend(admitted.map(|item| (format!("routine-{id}-{}", item.id), item)));
        }
    }
    let page = Page::of_stdout(color);
    let all: Vec<&Item> = items.iter().map(|(_, item)| *item).collect();
    let bad = rounds::go(knowledge, &arguments.account, &arguments.options, &all, lang, page)?;
    if let Some(file) = &arguments.out {
        save(knowledge, file, &items, &arguments.account, lang)?;
    }
    let status = if bad { ExitCode::from(update::WORSE) } else { ExitCode::SUCCESS };
    if arguments.out.is_some() {
        return Ok(status);
    }
    if !arguments.account.is_empty() {
        // what was measured is done; the rest is for the person
        items.retain(|(_, item)| !rounds::measurable(knowledge, item));
    }
    let mut out = String::new();
    for every in [Every::Week, Every::Month, Every::Quarter, Every::Year, Every::Change, Every::Time] {
        let of: Vec<&Item> =
            items.iter().filter(|(_, item)| item.every == every).map(|(_, item)| *item).collect();
        if of.is_empty() {
            continue;
        }
        out.push_str(&page.paint(Tone::Strong, period(every, lang)));
        out.push('\n');
        for item in of {
            let mark = if item.importance == Importance::High { "!" } else { "·" };
            let mut text = item.text.get(lang).to_owned();
            if rounds::measurable(knowledge, item) {
                text.push_str(pick(
                    lang,
                    " (naosu care --account ADDRESS does this)",
                    "(naosu care --account アドレス で調べられます)",
                ));
            }
            out.push_str(&page.hanging(&format!("  {mark} "), 4, &text));
            out.push_str(&page.paint(Tone::Quiet, &page.hanging("    ", 4, item.why.get(lang))));
        }
        out.push('\n');
    }
    out.push_str(pick(
        lang,
        "! matters most. As a calendar: naosu care --out care.ics\n",
        "! は特に大切なものです。カレンダーに入れるには: naosu care --out care.ics\n",
    ));
    super::print(&out)?;
    Ok(status)
}

/// Writes what comes again and again into a calendar file: each thing that a person looks at, and once a month the
/// measuring of the rest.
fn save(
    knowledge: &Knowledge,
    file: &Path,
    items: &[(String, &Item)],
    accounts: &[String],
    lang: Lang,
) -> Result<()> {
    let stamp = i64::try_from(now()).context("the time")?;
    let today = jiff::Timestamp::from_second(stamp)?.to_zoned(jiff::tz::TimeZone::system()).date();
    let mut reminders = Vec::new();
    let measured: Vec<&Item> =
        items.iter().map(|(_, item)| *item).filter(|item| rounds::measurable(knowledge, item)).collect();
    if !measured.is_empty() {
        let accounts = match accounts {
            [] => pick(lang, " --account ADDRESS", " --account アドレス").to_owned(),
            accounts => format!(" --account {}", accounts.join(" --account ")),
        };
        let what = measured.iter().map(|item| item.text.get(lang)).collect::<Vec<_>>().join("\n");
        reminders.push(Reminder {
            uid: "routine-measure".to_owned(),
            on: When::Day(first(today, Every::Month)?),
            again: Some(Again::Month),
            summary: pick(lang, "Naosu: measure the accounts", "Naosu: アカウントを測定する").to_owned(),
            description: format!("naosu care{accounts}\n{what}"),
        });
    }
    for (uid, item) in items.iter().filter(|(_, item)| !rounds::measurable(knowledge, item)) {
        let Some(again) = again(item.every) else { continue };
        reminders.push(Reminder {
            uid: uid.clone(),
            on: When::Day(first(today, item.every)?),
            again: Some(again),
            summary: item.text.get(lang).to_owned(),
            description: item.why.get(lang).to_owned(),
        });
    }
    let name = file.display();
    crate::private::write(file, calendar(&reminders, stamp).as_bytes()).map_err(|error| {
        Mistake::error(
            format!("--out {name}: {error}: name a file that can be written"),
            format!("--out {name}: 書き込めません({error}): 書き込めるファイルを指定してください"),
        )
    })?;
    let count = reminders.len();
    super::print(&pick(
        lang,
        format!("{name}: {count} reminders\n"),
        format!("{name}: {count}件の予定を書き込みました\n"),
    ))
}

/// The first day of something that comes again: in a period's time, never later than in a month, and on a day that every
/// month has (a rule for the 31st skips the months without one).
fn first(today: Date, every: Every) -> Result<Date> {
    let days = every.days().unwrap_or(30).min(30);
    let day = today.checked_add(jiff::Span::new().days(i64::from(days))).context("a day")?;
    if every == Every::Week || day.day() <= 28 {
        return Ok(day);
    }
    day.with().day(28).build().context("a day")
}

fn again(every: Every) -> Option<Again> {
    match every {
        Every::Week => Some(Again::Week),
        Every::Month => Some(Again::Month),
        Every::Quarter => Some(Again::Quarter),
        Every::Year => Some(Again::Year),
        Every::Time | Every::Change => None,
    }
}

fn period(every: Every, lang: Lang) -> &'static str {
    let (en, ja) = match every {
        Every::Time => ("Each time", "毎回"),
        Every::Week => ("Every week", "毎週"),
        Every::Month => ("Every month", "毎月"),
        Every::Quarter => ("Every three months", "3か月ごと"),
        Every::Year => ("Every year", "毎年"),
        Every::Change => {
            ("After a new phone, number, password or provider", "機種・番号・パスワード・提供元を変えたあと")
        }
    };
    pick(lang, en, ja)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_monthly_reminder_begins_on_a_day_that_every_month_has() {
        for (year, month, day) in [(2026, 1, 1), (2026, 12, 1), (2028, 1, 30), (2026, 11, 30)] {
            let today = jiff::civil::date(year, month, day);
            let month = first(today, Every::Month).unwrap();
            assert!(month.day() <= 28 && month > today, "{today} → {month}");
            assert_eq!(first(today, Every::Week).unwrap().weekday(), today.weekday());
        }
    }
}
