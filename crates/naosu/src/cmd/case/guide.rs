//! A case with a person on a terminal: one step at a time, why, and the way back.

use std::io::{BufRead, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use naosu_core::case::{Case, DID_IT_HELP, Driver, Event, Next, What, history};
use naosu_core::evidence::{Evidence, Request};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::step::NextStep;

use super::session::Session;
use super::told;
use crate::calendar::{Reminder, calendar};
use crate::cli::{CheckArguments, Cli, Color, Command};
use crate::cmd::check::{View, evidence, show};
use crate::cmd::now;
use crate::cmd::order::order;
use crate::language::pick;
use crate::render::page::{Page, Tone};
use crate::usage::Mistake;

/// The longest answer that is read, in bytes.
const ANSWER_LIMIT: u64 = 4096;

/// Asks what is wrong, and goes on from there.
pub(in crate::cmd) fn begin(knowledge: &Knowledge, lang: Lang, color: Color) -> Result<ExitCode> {
    let words = line(pick(
        lang,
        "What is wrong? Write what the screen says, or what does not work:\n> ",
        "どうしましたか。画面のメッセージか、できないことを書いてください:\n> ",
    ))?;
    let address = line(pick(
        lang,
        "Your mail address (Enter: go on without measuring the account):\n> ",
        "メールアドレス(Enterだけで、アカウントを測定せずに進みます):\n> ",
    ))?;
    let (Some(words), Some(address)) = (words, address) else { return Ok(ExitCode::SUCCESS) };
    if !address.is_empty() {
        let call = ["naosu", "check", "--", &address, &words];
        let Ok(Command::Check(arguments)) = Cli::try_parse_from(call).map(|cli| cli.command) else {
            return Err(Mistake::error(
                format!("{address}: not a mail address: write it whole, as in hanako@example.jp"),
                format!(
                    "{address}: メールアドレスではありません: hanako@example.jp のように入力してください"
                ),
            ));
        };
        return crate::cmd::check::run(knowledge, &arguments, lang, color);
    }
    if words.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let request = Request { words: Some(words), ..Request::default() };
    let session = Session::kept(knowledge, Case::new(now(), request, lang))?;
    go(knowledge, session, None, color)
}

/// Goes on with what a check has found.
pub(in crate::cmd) fn after_check(
    knowledge: &Knowledge,
    evidence: Evidence,
    arguments: &CheckArguments,
    lang: Lang,
    color: Color,
) -> Result<ExitCode> {
    let mut case = Case::new(now(), evidence.request.clone(), lang);
    case.apply(Event { at: now(), what: What::Measured(Box::new(evidence)) })?;
    go(knowledge, Session::kept(knowledge, case)?, Some(arguments), color)
}

/// Goes on with a case that was kept.
pub(super) fn resume(knowledge: &Knowledge, id: i64, lang: Lang, color: Color) -> Result<ExitCode> {
    let mut session = Session::resume(knowledge, id)?;
    if session.case().closed().is_none() {
        session.take(What::Resumed)?;
        if session.case().lang() != lang {
            session.take(What::Language { lang })?;
        }
    }
    let arguments = again(&session.case().opening().request);
    go(knowledge, session, arguments.as_ref(), color)
}

/// The check that measures the same account again; none where servers were named that are not known any more.
fn again(request: &Request) -> Option<CheckArguments> {
    let address = request.address.clone()?;
    if !request.named.is_empty() {
        return None;
    }
    let mut call = vec!["naosu".to_owned(), "check".to_owned()];
    let options = [
        ("--service", &request.service),
        ("--device", &request.device),
        ("--client", &request.client),
        ("--user", &request.user),
    ];
    for (option, value) in options {
        if let Some(value) = value {
            call.push(format!("{option}={value}"));
        }
    }
    call.extend(["--".to_owned(), address]);
    call.extend(request.words.clone());
    match Cli::try_parse_from(call).ok()?.command {
        Command::Check(arguments) => Some(*arguments),
        _ => None,
    }
}

/// What a person wants.
enum Wish {
    Take(Box<What>),
    Back,
    Language,
    Calendar,
    Pause,
    Stop,
    Nothing,
}

/// One step after the other until the case is over or paused.
fn go(
    knowledge: &Knowledge,
    mut session: Session<'_>,
    arguments: Option<&CheckArguments>,
    color: Color,
) -> Result<ExitCode> {
    let driver = if arguments.is_some() { Driver::Measures } else { Driver::Talks };
    loop {
        let lang = session.case().lang();
        let page = Page::of_stdout(color);
        let step = match session.next(driver) {
            Next::Step(step) => step,
            Next::Closed(closing) => {
                session.end(&closing)?;
                let id = session.id().unwrap_or_default();
                let mut text = format!("\n{}\n", history::closed(knowledge, &closing, lang));
                if !closing.resolved {
                    text.push_str(&pick(
                        lang,
                        format!("For support: naosu case export {id}\n"),
                        format!("サポートへの相談用: naosu case export {id}\n"),
                    ));
                }
                crate::cmd::print(&text)?;
                return Ok(ExitCode::SUCCESS);
            }
        };
        if step.kind == "probe"
            && let Some(arguments) = arguments
        {
            crate::cmd::print(&format!("\n{}\n", step.title))?;
            let seen = evidence(knowledge, &order(knowledge, arguments, lang)?, lang)?;
            let view = View { json: false, verbose: false, color, step: false };
            show(knowledge, seen.clone(), lang, &view)?;
            session.take(What::Measured(Box::new(seen)))?;
            continue;
        }
        crate::cmd::print(&shown(&step, lang, page))?;
        match ask(knowledge, session.case(), &step, lang)? {
            Wish::Take(what) => session.take(*what)?,
            Wish::Back => match session.case().last_retractable() {
                Some(index) => session.take(What::Retracted { index })?,
                None => say(pick(lang, "This is the first step.\n", "最初の手順です。\n")),
            },
            Wish::Language => {
                let lang = pick(lang, Lang::Ja, Lang::En);
                session.take(What::Language { lang })?;
            }
            Wish::Calendar => {
                let name = remind(&session, &step)?.display().to_string();
                say(&pick(lang, format!("Written: {name}\n"), format!("書き込みました: {name}\n")));
            }
            Wish::Pause => {
                session.take(What::Paused)?;
                let id = session.id().unwrap_or_default();
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

/// The step: what, why, how.
fn shown(step: &NextStep, lang: Lang, page: Page) -> String {
    let mut out = String::from("\n");
    let minutes = step.minutes;
    let title = if step.kind == "question" {
        step.title.clone()
    } else {
        pick(lang, format!("{} ({minutes} min)", step.title), format!("{}({minutes} 分)", step.title))
    };
    out.push_str(&page.hanging(&page.paint(Tone::Strong, "▶ "), 2, &title));
    if let Some(why) = &step.why {
        let label = pick(lang, "why: ", "理由: ");
        out.push_str(&page.hanging(
            &page.paint(Tone::Quiet, &format!("  {label}")),
            2 + label.chars().count(),
            why,
        ));
    }
    if let Some(due) = step.due {
        let at = told::time(due);
        out.push_str(&pick(lang, format!("  until {at}\n"), format!("  {at} まで\n")));
    }
    if step.kind != "question" {
        for (index, instruction) in step.instructions.iter().enumerate() {
            out.push_str(&page.hanging(&format!("  {}. ", index + 1), 5, instruction));
        }
    }
    out
}

/// Asks until the input ends; the end of the input pauses the case.
fn ask(knowledge: &Knowledge, case: &Case, step: &NextStep, lang: Lang) -> Result<Wish> {
    let answers = answers(step, lang);
    let mut prompt = String::new();
    for (index, (_, text)) in answers.iter().enumerate() {
        prompt.push_str(&format!("  {}  {text}\n", index + 1));
    }
    let wait = step.kind == "wait" || step.due.is_some();
    prompt.push_str(match (lang, wait) {
        (Lang::En, false) => "  b back · p pause · l 日本語 · q end\n> ",
        (Lang::Ja, false) => "  b 戻る · p 中断 · l English · q 終了\n> ",
        (Lang::En, true) => "  c calendar file · b back · p pause · l 日本語 · q end\n> ",
        (Lang::Ja, true) => "  c カレンダーに入れる · b 戻る · p 中断 · l English · q 終了\n> ",
    });
    let Some(answer) = line(&prompt)? else { return Ok(Wish::Pause) };
    Ok(match answer.to_lowercase().as_str() {
        "b" => Wish::Back,
        "p" => Wish::Pause,
        "l" => Wish::Language,
        "q" => Wish::Stop,
        "c" if wait => Wish::Calendar,
        number => {
            let chosen = number.parse::<usize>().ok().and_then(|n| answers.get(n.checked_sub(1)?));
            match chosen.and_then(|(id, _)| case.answer(knowledge, step, id)) {
                Some(what) => Wish::Take(Box::new(what)),
                None => Wish::Nothing,
            }
        }
    })
}

/// What can be answered to a step: the answer and its text.
fn answers(step: &NextStep, lang: Lang) -> Vec<(String, String)> {
    let own = |(id, en, ja): (&str, &str, &str)| (id.to_owned(), pick(lang, en, ja).to_owned());
    let mut answers: Vec<(String, String)> =
        step.options.iter().map(|option| (option.id.clone(), option.text.clone())).collect();
    if step.kind == "question" && step.id != DID_IT_HELP && !step.id.contains('.') {
        if !answers.iter().any(|(id, _)| id == "unknown") {
            answers.push(own(("unknown", "I do not know; skip it", "分からない・飛ばす")));
        }
    } else if answers.is_empty() {
        answers.extend(
            [
                ("fixed", "done, and it works now", "やってみて、直った"),
                ("not_fixed", "done, still the same", "やってみたが、直らない"),
                ("unknown", "I cannot or do not want to; skip it", "できない・飛ばす"),
            ]
            .map(own),
        );
    }
    answers
}

/// A line of the person, trimmed; nothing at the end of the input.
pub(in crate::cmd) fn line(prompt: &str) -> Result<Option<String>> {
    say(prompt);
    let mut bytes = Vec::new();
    let mut input = std::io::stdin().lock();
    let read = input.by_ref().take(ANSWER_LIMIT).read_until(b'\n', &mut bytes).context("read the answer")?;
    Ok((read > 0).then(|| String::from_utf8_lossy(&bytes).trim().to_owned()))
}

fn say(text: &str) {
    let mut stderr = std::io::stderr().lock();
    // when stderr is gone there is nobody left to tell
    drop(stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()));
}

/// Writes a calendar file for the end of a wait into the current folder.
fn remind(session: &Session<'_>, step: &NextStep) -> Result<PathBuf> {
    let id = session.id().unwrap_or_default();
    let due = i64::try_from(step.due.unwrap_or_else(now)).unwrap_or(i64::MAX);
    let on =
        jiff::Timestamp::from_second(due).unwrap_or_default().to_zoned(jiff::tz::TimeZone::system()).date();
    let reminder = Reminder {
        uid: format!("case-{id}-{}", step.id),
        on,
        again: None,
        summary: format!("Naosu: {}", step.title),
        description: format!("{}\nnaosu case resume {id}", step.instructions.join("\n")),
    };
    let path = PathBuf::from(format!("naosu-case-{id}.ics"));
    let stamp = i64::try_from(now()).unwrap_or(i64::MAX);
    std::fs::write(&path, calendar(&[reminder], stamp))
        .with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_account_is_measured_again_unless_servers_were_named() {
        let mut request = Request {
            address: Some("hanako@example.jp".to_owned()),
            words: Some("-x".to_owned()),
            device: Some("iphone".to_owned()),
            ..Request::default()
        };
        let arguments = again(&request).unwrap();
        assert_eq!(arguments.address.as_deref(), Some("hanako@example.jp"));
        assert_eq!(arguments.words.as_deref(), Some("-x"));
        assert_eq!(arguments.device.as_deref(), Some("iphone"));
        request.named.push("imap".to_owned());
        assert!(again(&request).is_none());
    }
}
