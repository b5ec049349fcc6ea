//! `naosu care`: what to look at how often, and the state of accounts around an update.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_core::knowledge::{Every, Importance, Item, Knowledge, Lang, Occasion, Situation};

use super::now;
use crate::calendar::{Again, Reminder, When, calendar};
use crate::cli::{CareArguments, CareCommand, Color};
use crate::language::pick;
use crate::render::page::{Page, Tone};
use crate::usage::Mistake;

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
    if let Some(file) = &arguments.out {
        return save(file, &items, lang);
    }
    let page = Page::of_stdout(color);
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
            if !item.probes.is_empty() {
                text.push_str(pick(lang, " (naosu check does this)", "(naosu check で調べられます)"));
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
    Ok(ExitCode::SUCCESS)
}

/// Writes what comes again and again into a calendar file.
fn save(file: &Path, items: &[(String, &Item)], lang: Lang) -> Result<ExitCode> {
    let stamp = i64::try_from(now()).context("the time")?;
    let today = jiff::Timestamp::from_second(stamp)?.to_zoned(jiff::tz::TimeZone::system()).date();
    let mut reminders = Vec::new();
    for (uid, item) in items {
        let (Some(days), Some(again)) = (item.every.days(), again(item.every)) else { continue };
        // the first of them in a period's time, never later than in a month
        let on = today.checked_add(jiff::Span::new().days(i64::from(days.min(30)))).context("a day")?;
        reminders.push(Reminder {
            uid: uid.clone(),
            on: When::Day(on),
            again: Some(again),
            summary: item.text.get(lang).to_owned(),
            description: item.why.get(lang).to_owned(),
        });
    }
    let name = file.display();
    std::fs::write(file, calendar(&reminders, stamp)).map_err(|error| {
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
    ))?;
    Ok(ExitCode::SUCCESS)
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
