//! A case in JSON lines: a step out, an answer in, until it is closed.
//!
//! Beside what answers the step, `back` takes back what was said last, and `stop` ends the case. A case that was over when it
//! was resumed says so, and `back` then goes on from before its end.

use std::io::{BufRead, Read};
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_core::case::{Case, Closing, Driver, Next, What};
use naosu_core::knowledge::Knowledge;
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

/// Goes through the case; the end of the input stops it, and leaves a kept one as it is.
pub(super) fn run(knowledge: &Knowledge, mut session: Session<'_>) -> Result<ExitCode> {
    if let Some(id) = session.id() {
        put(&json!({ "case": id }))?;
    }
    let mut input = std::io::stdin().lock();
    if let Some(closing) = session.case().closed() {
        put(&json!({ "closed": closing }))?;
        if !reopened(knowledge, &mut session, &mut input)? {
            return Ok(ExitCode::SUCCESS);
        }
    }
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
                return close(&closing);
            }
        }
    }
}

/// Waits for `back`, and takes back what ended the case; false where nothing asks for it, or it stays over.
fn reopened(knowledge: &Knowledge, session: &mut Session<'_>, input: &mut impl BufRead) -> Result<bool> {
    loop {
        let Some(line) = read(input)? else { return Ok(false) };
        match serde_json::from_str::<Line>(&line) {
            Ok(Line { answer }) if answer == "back" => break,
            Ok(Line { answer }) if answer == "stop" => return Ok(false),
            _ => {
                put(&json!({ "error": "the case is over; send back to go on from before its end, or stop" }))?
            }
        }
    }
    for index in session.case().reopening(knowledge) {
        session.take(What::Retracted { index })?;
    }
    Ok(session.case().closed().is_none())
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
        let answer = match serde_json::from_str::<Line>(&line) {
            Ok(line) => line.answer,
            Err(error) => {
                put(&json!({ "error": format!("not an answer: {error}; send {{\"answer\":…}}") }))?;
                continue;
            }
        };
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

fn close(closing: &Closing) -> Result<ExitCode> {
    put(&json!({ "closed": closing }))?;
    Ok(ExitCode::SUCCESS)
}

fn put(value: &serde_json::Value) -> Result<()> {
    super::super::print(&format!("{value}\n"))
}
