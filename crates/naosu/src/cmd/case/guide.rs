//! A case with a person on a terminal: one step at a time, why, and the way back.

use std::io::{BufRead, Read};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use naosu_core::case::{Case, Driver, Event, Next, What, history};
use naosu_core::evidence::{Evidence, Request};
use naosu_core::intake::recognise;
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::step::NextStep;

use self::ask::{Wish, ask};
use super::gauge::Gauge;
use super::session::Session;
use crate::cli::{Cli, Color, Command};
use crate::cmd::check::show_measured;
use crate::cmd::now;
use crate::cmd::order;
use crate::language::{choose, pick};
use crate::render::page::Page;
use crate::screen::say;
use naosu_core::name::name;
use naosu_papers::{mask, moment};

mod ask;
mod shown;
mod wait;

/// The longest answer that is read, in bytes.
const ANSWER_LIMIT: u64 = 4096;
/// What was measured longer ago than this, in seconds, is measured again when a case is resumed.
const STALE: u64 = 60 * 60;
/// Devices that the person is asked about.
const DEVICES: [&str; 6] = ["iphone", "ipad", "mac", "android", "windows", "linux"];

/// Goes through a case that the command line describes.
pub(super) fn new(knowledge: &Knowledge, case: Case, color: Color) -> Result<ExitCode> {
    go(knowledge, Session::kept(knowledge, case)?, None, color)
}

/// Asks what is wrong, and goes on from there, in the language of the words unless the call names one.
pub(in crate::cmd) fn begin(knowledge: &Knowledge, asked: Option<Lang>, color: Color) -> Result<ExitCode> {
    let Some(words) = line(pick(
        choose(asked, None),
        "What is wrong? Write what the screen says, or what does not work (Enter: I do not know, ask me):\n> ",
        "どうしましたか。画面のメッセージか、できないことを書いてください(分からなければEnter):\n> ",
    ))?
    else {
        return Ok(ExitCode::SUCCESS);
    };
    let lang = choose(asked, Some(&words));
    let words = mask::words(&words);
    let device = match recognise(knowledge, &words).device.as_str() {
        "unknown" => device(lang)?,
        _ => None,
    };
    let Some(address) = address(lang)? else { return Ok(ExitCode::SUCCESS) };
    if !address.is_empty() {
        let mut call = vec!["naosu".to_owned(), "check".to_owned()];
        call.extend(device.map(|device| format!("--device={device}")));
        call.extend(["--".to_owned(), address]);
        call.extend((!words.is_empty()).then_some(words));
        if let Some(Command::Check(arguments)) = Cli::try_parse_from(call).context("begin a check")?.command {
            return crate::cmd::check::run(knowledge, &arguments, lang, color);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let request = Request {
        words: (!words.is_empty()).then_some(words),
        device: device.map(str::to_owned),
        ..Request::default()
    };
    new(knowledge, Case::new(now(), request, lang), color)
}

/// The address; empty where the person gives none, nothing at the end of the input.
fn address(lang: Lang) -> Result<Option<String>> {
    loop {
        let Some(text) = line(pick(
            lang,
            "Your mail address, to measure the account (Enter: go on without measuring):\n> ",
            "メールアドレス(アカウントを測定します。測定しないときはEnter):\n> ",
        ))?
        else {
            return Ok(None);
        };
        if text.is_empty() {
            return Ok(Some(text));
        }
        match order::address(&text) {
            Ok(address) => return Ok(Some(address)),
            Err(error) => say(&format!("{}\n", crate::usage::text(&error, lang))),
        }
    }
}

/// The device with the trouble, where the person says it.
fn device(lang: Lang) -> Result<Option<&'static str>> {
    let mut prompt = pick(
        lang,
        "On which device? (Enter: I do not know, or several)\n",
        "どの端末ですか(分からない、または複数ならEnter)\n",
    )
    .to_owned();
    for (index, device) in DEVICES.iter().enumerate() {
        prompt.push_str(&format!("  {}  {}\n", index + 1, name(device, lang)));
    }
    prompt.push_str("> ");
    loop {
        let Some(answer) = line(&prompt)? else { return Ok(None) };
        let known = |device: &&str| name(device, lang).eq_ignore_ascii_case(&answer);
        let chosen = number(&answer).and_then(|number| DEVICES.get(number.checked_sub(1)?));
        match chosen.or_else(|| DEVICES.iter().find(|device| known(device))) {
            Some(device) => return Ok(Some(device)),
            None if answer.is_empty() => return Ok(None),
            None => say(pick(lang, "Choose one of the numbers.\n", "番号で選んでください。\n")),
        }
    }
}

/// Goes on with what a check has found.
pub(in crate::cmd) fn after_check(
    knowledge: &Knowledge,
    evidence: Evidence,
    gauge: Gauge,
    lang: Lang,
    color: Color,
) -> Result<ExitCode> {
    let mut case = Case::measurable(now(), evidence.request.clone(), lang, gauge.options());
    case.apply(Event { at: now(), what: What::Measured(Box::new(evidence)) })?;
    go(knowledge, Session::kept(knowledge, case)?, Some(gauge), color)
}

/// Goes on with a case that was kept; one that is over can be opened again.
pub(super) fn resume(knowledge: &Knowledge, id: i64, lang: Option<Lang>, color: Color) -> Result<ExitCode> {
    let mut session = Session::resume(knowledge, id)?;
    let page = Page::of_stdout(color);
    let lang = lang.unwrap_or_else(|| session.case().lang());
    crate::cmd::print_on(page, &shown::recap(knowledge, session.case(), lang, page))?;
    if session.case().closed().is_some() && !reopened(knowledge, &mut session, lang)? {
        return Ok(ExitCode::SUCCESS);
    }
    session.take(What::Resumed)?;
    session.speak(Some(lang))?;
    let opening = session.case().opening();
    let mut gauge = Gauge::of_kept(opening.check.as_deref(), &opening.request);
    if let (Some(gauge), Some(at)) = (&mut gauge, measured_at(session.case()))
        && now().saturating_sub(at) > STALE
    {
        say(&pick(
            lang,
            format!("It was measured on {}; it is measured again.\n", moment::time(at)),
            format!("前回の測定は{}です。もう一度測ります。\n", moment::time(at)),
        ));
        measure(knowledge, &mut session, gauge, color)?;
    }
    go(knowledge, session, gauge, color)
}

/// Asks whether a case that is over is to go on, and takes back what ended it.
fn reopened(knowledge: &Knowledge, session: &mut Session<'_>, lang: Lang) -> Result<bool> {
    let answer = line(pick(
        lang,
        "This case is over. Is the trouble still there, or back? Then it goes on from before its end. [y/N] ",
        "このケースは終了しています。まだ直っていない、または再発しましたか。終了の前から続けます [y/N] ",
    ))?;
    if !answer.is_some_and(|answer| is_yes(&answer)) {
        return Ok(false);
    }
    for index in session.case().reopening(knowledge) {
        session.take(What::Retracted { index })?;
    }
    Ok(session.case().closed().is_none())
}

pub(super) fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "はい")
}

fn measured_at(case: &Case) -> Option<u64> {
    case.events().iter().rev().find(|event| matches!(event.what, What::Measured(_))).map(|event| event.at)
}

/// One step after the other until the case is over or paused.
fn go(
    knowledge: &Knowledge,
    mut session: Session<'_>,
    mut gauge: Option<Gauge>,
    color: Color,
) -> Result<ExitCode> {
    let all = if gauge.is_some() { Driver::Measures } else { Driver::Talks };
    let mut driver = all;
    let mut told = false;
    let id = session.id().unwrap_or_default();
    say(&shown::head(id, session.case().lang(), Page::of_stdout(color)));
    loop {
        let lang = session.case().lang();
        let page = Page::of_stdout(color);
        let step = match session.next(driver) {
            Next::Step(step) => step,
            Next::Closed(closing) => {
                session.end(&closing)?;
                crate::cmd::print_on(page, &shown::end(knowledge, id, &closing, lang, page))?;
                return Ok(ExitCode::SUCCESS);
            }
        };
        if step.kind == "probe"
            && let Some(gauge) = &mut gauge
        {
            crate::cmd::print(&format!("\n{}\n", step.title))?;
            // what is not measured is asked
            driver = if measure(knowledge, &mut session, gauge, color)? { all } else { Driver::Talks };
            continue;
        }
        if !told {
            crate::cmd::print_on(page, &shown::step(knowledge, session.case(), &step, lang, page))?;
        }
        let wish = ask(knowledge, session.case(), &step, driver, page)?;
        if !matches!(wish, Wish::Language | Wish::Nothing) {
            driver = all;
        }
        // what is still on the screen is not said again
        told = matches!(wish, Wish::Nothing | Wish::Calendar);
        match wish {
            Wish::Take(what) => session.take(*what)?,
            Wish::Measure => {
                if let Some(gauge) = &mut gauge {
                    measure(knowledge, &mut session, gauge, color)?;
                }
            }
            Wish::Watch => {
                if let Some(gauge) = &mut gauge {
                    wait::watch(knowledge, &mut session, gauge, color)?;
                }
            }
            Wish::Back => match session.case().last_retractable() {
                Some(index) => session.take(What::Retracted { index })?,
                None => say(pick(lang, "This is the first step.\n", "最初の手順です。\n")),
            },
            Wish::History => history(knowledge, &mut session, page)?,
            Wish::Language => {
                let lang = pick(lang, Lang::Ja, Lang::En);
                session.take(What::Language { lang })?;
            }
            Wish::Calendar => remind(&session, &step, lang, page),
            Wish::Pause => {
                session.take(What::Paused)?;
                say(&pick(
                    lang,
                    format!("Kept. Go on with: naosu case resume {id}\n"),
                    format!("保存しました。続きは: naosu case resume {id}\n"),
                ));
                return Ok(ExitCode::SUCCESS);
            }
            Wish::Stop => session.take(What::Stopped)?,
            Wish::Nothing => {
                say(pick(lang, "Choose one of the letters or numbers.\n", "番号か文字で選んでください。\n"));
            }
        }
    }
}

/// Measures, shows what was seen, and says what that means for the repair before it; false where it was not measured.
fn measure(
    knowledge: &Knowledge,
    session: &mut Session<'_>,
    gauge: &mut Gauge,
    color: Color,
) -> Result<bool> {
    let lang = session.case().lang();
    let Some(seen) = gauge.measure(knowledge, lang)? else { return Ok(false) };
    show_measured(knowledge, seen.clone(), lang, color)?;
    let before = session.case().mended(knowledge);
    session.take(What::Measured(Box::new(seen)))?;
    let after = session.case().mended(knowledge);
    if let Some(cause) = after.iter().skip(before.len()).next_back()
        && matches!(session.next(Driver::Measures), Next::Step(_))
    {
        let cause = knowledge
            .taxonomy
            .cause
            .get(cause)
            .map_or(cause.as_str(), |known| pick(lang, &known.en, &known.ja));
        crate::cmd::print(&pick(
            lang,
            format!("\nMended: {cause}. Something else is still wrong; on with that.\n"),
            format!("\n「{cause}」は直りました。まだほかの問題があるので、続けます。\n"),
        ))?;
    }
    Ok(true)
}

/// Shows what was said, numbered; one of it can be taken back.
fn history(knowledge: &Knowledge, session: &mut Session<'_>, page: Page) -> Result<()> {
    let case = session.case();
    let lang = case.lang();
    let said = case.retractable();
    if said.is_empty() {
        say(pick(lang, "Nothing was said yet.\n", "まだ何も答えていません。\n"));
        return Ok(());
    }
    let mut prompt = String::new();
    for (place, index) in said.iter().enumerate() {
        let text = history::told(knowledge, &case.events()[*index].what, lang);
        prompt.push_str(&page.hanging(&format!("  {:>2}  ", place + 1), 6, &text));
    }
    prompt.push_str(pick(
        lang,
        "A number takes that back; Enter goes on.\n> ",
        "番号を入れると取り消します。Enterで戻ります。\n> ",
    ));
    let answer = line(&prompt)?.unwrap_or_default();
    if let Some(index) = number(&answer).and_then(|number| said.get(number.checked_sub(1)?)) {
        session.take(What::Retracted { index: *index })?;
    }
    Ok(())
}

/// Writes the calendar file, and says where it is.
fn remind(session: &Session<'_>, step: &NextStep, lang: Lang, page: Page) {
    let said = match wait::remind(session, step) {
        Ok(None) => return,
        Ok(Some(path)) => {
            let name = path.display();
            pick(
                lang,
                format!("Written: {name}. Open it to put the reminder into your calendar."),
                format!("{name} に書き込みました。開くとカレンダーに入ります。"),
            )
        }
        Err(error) => {
            let why = crate::usage::text(&error, lang);
            pick(lang, format!("Not written: {why}"), format!("書き込めませんでした: {why}"))
        }
    };
    say(&page.hanging("", 0, &said));
}

/// A number as people type it: full-width digits too.
fn number(text: &str) -> Option<usize> {
    let plain: String = text
        .trim()
        .trim_end_matches(['.', '。', ')'])
        .chars()
        .map(|c| match c {
            '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')).unwrap_or(c),
            c => c,
        })
        .collect();
    plain.parse().ok()
}

/// A line of the person, trimmed; nothing at the end of the input.
pub(in crate::cmd) fn line(prompt: &str) -> Result<Option<String>> {
    say(&wrapped(prompt));
    let mut bytes = Vec::new();
    let mut input = std::io::stdin().lock();
    let read = input.by_ref().take(ANSWER_LIMIT).read_until(b'\n', &mut bytes).context("read the answer")?;
    let mut last = bytes.last().copied();
    // the rest of a line that is too long is no answer to the next question
    while read as u64 == ANSWER_LIMIT && last != Some(b'\n') {
        let mut rest = Vec::new();
        if input.by_ref().take(ANSWER_LIMIT).read_until(b'\n', &mut rest).context("read the answer")? == 0 {
            break;
        }
        last = rest.last().copied();
    }
    Ok((read > 0).then(|| String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// A prompt that stays within the terminal; its last line keeps the space that stands before the answer.
fn wrapped(prompt: &str) -> String {
    let page = Page::of_stdout(Color::Never);
    let mut out = String::new();
    for part in prompt.split_inclusive('\n') {
        if let Some(whole) = part.strip_suffix('\n') {
            out.push_str(&page.hanging("", 0, whole));
        } else {
            let text = page.hanging("", 0, part);
            out.push_str(text.trim_end_matches(['\n', ' ']));
            out.push_str(&part[part.trim_end_matches(' ').len()..]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_type_them() {
        assert_eq!(number("2"), Some(2));
        assert_eq!(number(" ２ "), Some(2));
        assert_eq!(number("１２。"), Some(12));
        assert_eq!(number("2)"), Some(2));
        assert_eq!(number("b"), None);
        assert_eq!(number("99999999999999999999"), None);
    }

    #[test]
    fn a_prompt_keeps_its_last_space() {
        assert_eq!(wrapped("a\n> "), "a\n> ");
        assert!(wrapped("long? [y/N] ").ends_with("[y/N] "));
    }
}
