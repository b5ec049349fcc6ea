//! A case in JSON lines: a step out, an answer in, until it is closed.
//!
//! Beside what answers the step, `back` takes back what was said last, and `stop` ends the case. A case that was over when
//! it is resumed says so; `back` takes back what ended it.

use std::io::{BufRead, Read};
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_core::case::{Case, Closing, Driver, Next, What};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::step::NextStep;
use serde::Deserialize;
use serde_json::json;

use super::session::Session;

/// The longest line that is read, in bytes; the rest of a longer one is skipped.
const LINE_LIMIT: u64 = 64 * 1024;

/// A line from outside.
#[derive(Deserialize)]
struct Line {
    answer: String,
}

/// Goes through the case, in the language that the call names or else in its own; the end of the input stops it, and
/// leaves a kept one as it is. One that is over already goes on where `back` is said.
pub(super) fn run(knowledge: &Knowledge, mut session: Session<'_>, asked: Option<Lang>) -> Result<ExitCode> {
    if let Some(id) = session.id() {
        put(&json!({ "case": id }))?;
    }
    let mut input = std::io::stdin().lock();
    if let Some(closing) = session.case().closed() {
        close(&closing)?;
        if !reopened(knowledge, &mut session, &mut input)? {
            return Ok(ExitCode::SUCCESS);
        }
    }
    session.speak(asked)?;
    loop {
        match session.next(Driver::Talks) {
            Next::Step(step) => match ask(knowledge, session.case(), &step, &mut input)? {
                // a kept case waits for who comes back
                None if session.id().is_some() => return Ok(ExitCode::SUCCESS),
                None => session.take(What::Stopped)?,
                Some(what) => session.take(what)?,
            },
            Next::Closed(closing) => {
                session.end(&closing)?;
                close(&closing)?;
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

/// Waits for `back`, and takes back what ended the case; false where it stays over.
fn reopened(knowledge: &Knowledge, session: &mut Session<'_>, input: &mut impl BufRead) -> Result<bool> {
    while let Some(line) = read(input)? {
        match answer(&line)?.as_deref() {
            Some("back") => {
                for index in session.case().reopening(knowledge) {
                    session.take(What::Retracted { index })?;
                }
                return Ok(session.case().closed().is_none());
            }
            Some("stop") => return Ok(false),
            Some(_) => {
                put(
                    &json!({ "error": "the case is over; send back to go on from before its end, or stop" }),
                )?;
            }
            None => {}
        }
    }
    Ok(false)
}

/// Prints the step until a line answers it.
fn ask(
    knowledge: &Knowledge,
    case: &Case,
    step: &NextStep,
    input: &mut impl BufRead,
) -> Result<Option<What>> {
    loop {
        put(&json!({ "step": step }))?;
        let Some(line) = read(input)? else { return Ok(None) };
        let Some(answer) = answer(&line)? else { continue };
        if answer == "stop" {
            return Ok(Some(What::Stopped));
        }
        if answer == "back" {
            match case.last_retractable() {
                Some(index) => return Ok(Some(What::Retracted { index })),
                None => put(&json!({ "error": "this is the first step" }))?,
            }
            continue;
        }
        if let Some(what) = case.answer(knowledge, step, &answer) {
            return Ok(Some(what));
        }
        let mut allowed: Vec<&str> = step.options.iter().map(|option| option.id.as_str()).collect();
        for answer in ["fixed", "not_fixed", "done", "unknown", "later"] {
            if !allowed.contains(&answer) && case.answer(knowledge, step, answer).is_some() {
                allowed.push(answer);
            }
        }
        allowed.extend(["back", "stop"]);
        put(&json!({ "error": format!("no answer to this step; send one of {}", allowed.join(", ")) }))?;
    }
}

/// The answer in a line; where there is none, that is told.
fn answer(line: &str) -> Result<Option<String>> {
    match serde_json::from_str::<Line>(line) {
        Ok(line) => Ok(Some(line.answer)),
        Err(error) => {
            put(&json!({ "error": format!("not an answer: {error}; send {{\"answer\":…}}") }))?;
            Ok(None)
        }
    }
}

/// The next line; nothing at the end of the input. A line that is not UTF-8 is no answer, like any other malformed one.
fn read(input: &mut impl BufRead) -> Result<Option<String>> {
    let mut line = Vec::new();
    let read = input.take(LINE_LIMIT).read_until(b'\n', &mut line).context("read an answer")?;
    if read == 0 {
        return Ok(None);
    }
    while line.len() as u64 >= LINE_LIMIT && line.last() != Some(&b'\n') {
        let mut rest = Vec::new();
        if input.take(LINE_LIMIT).read_until(b'\n', &mut rest).context("read an answer")? == 0
            || rest.last() == Some(&b'\n')
        {
            break;
        }
    }
    Ok(Some(String::from_utf8_lossy(&line).trim().to_owned()))
}

fn close(closing: &Closing) -> Result<()> {
    put(&json!({ "closed": closing }))
}

fn put(value: &serde_json::Value) -> Result<()> {
    super::super::print_data(&format!("{value}\n"))
}
