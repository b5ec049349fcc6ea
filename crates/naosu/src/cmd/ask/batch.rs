//! `naosu ask --batch`: many texts, a JSON object on each line in and out.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::ExitCode;
use std::thread;

use anyhow::{Context, Result};
use naosu_core::intake::ask_line;
use naosu_core::knowledge::{Knowledge, Lang};
use serde::Deserialize;
use serde_json::Value;

use crate::language::pick;
use crate::screen::say;
use crate::usage::Mistake;

/// Lines that are read before they are answered side by side.
const CHUNK: usize = 1024;
/// The longest line that is read, in bytes.
const LINE_LIMIT: usize = 1024 * 1024;
/// Exit status when some line could not be read.
const SOME_BAD: u8 = 2;

/// Answers every line that can be read, in their order; tells of the others on stderr.
pub(super) fn run(knowledge: &Knowledge, file: &Path, lang: Lang) -> Result<ExitCode> {
    let name = file.display();
    let opened: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(|error| {
            Mistake::error(
                format!("--batch {name}: {error}: name a file that can be read"),
                format!("--batch {name}: 読めません({error}): 読み取れるファイルを指定してください"),
            )
        })?)
    };
    let mut source = BufReader::new(opened);
    let (mut number, mut bad) = (0, false);
    loop {
        let mut lines = Vec::new();
        while lines.len() < CHUNK
            && let Some(line) = next_line(&mut source).with_context(|| format!("read {name}"))?
        {
            number += 1;
            lines.push((number, line));
        }
        if lines.is_empty() {
            break;
        }
        let mut out = String::new();
        for answer in answers(knowledge, &lines, lang) {
            match answer {
                Ok(line) => out.push_str(&line),
                Err(problem) => {
                    bad = true;
                    say(&format!("naosu: {name}: {problem}\n"));
                }
            }
        }
        super::super::print_data(&out)?;
    }
    Ok(if bad { ExitCode::from(SOME_BAD) } else { ExitCode::SUCCESS })
}

/// What `--batch` reads of a line; anything else in it is left alone.
#[derive(Deserialize)]
struct Asked {
    id: Id,
    text: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(serde_json::Number),
}

/// A line as it came.
enum Line {
    Bytes(Vec<u8>),
    TooLong,
}

/// The answers to the lines in their order, worked out side by side; blank lines have none.
fn answers(knowledge: &Knowledge, lines: &[(usize, Line)], lang: Lang) -> Vec<Result<String, String>> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(8);
    let share = lines.len().div_ceil(threads).max(1);
    let answer_all = |part: &[(usize, Line)]| -> Vec<Result<String, String>> {
        part.iter().filter_map(|(number, line)| answer(knowledge, *number, line, lang).transpose()).collect()
    };
    if threads == 1 || lines.len() < threads {
        return answer_all(lines);
    }
    thread::scope(|scope| {
        let parts: Vec<_> = lines.chunks(share).map(|part| scope.spawn(move || answer_all(part))).collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn answer(knowledge: &Knowledge, number: usize, line: &Line, lang: Lang) -> Result<Option<String>, String> {
    let told = |what_en: &str, what_ja: &str| {
        pick(lang, format!("line {number}: {what_en}"), format!("{number}行目: {what_ja}"))
    };
    let Line::Bytes(bytes) = line else {
        return Err(told("longer than 1 MiB: left out", "1 MiBを超えています。飛ばしました"));
    };
    let text = std::str::from_utf8(bytes).map_err(|_| {
        told("not UTF-8: save the file as UTF-8", "UTF-8ではありません: UTF-8で保存してください")
    })?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Ok(None);
    }
    let asked: Asked = serde_json::from_str(text).map_err(|_| {
        told(
            "not a JSON object with \"id\" and \"text\": write {\"id\": \"1\", \"text\": \"…\"}",
            "\"id\" と \"text\" のあるJSONではありません: {\"id\": \"1\", \"text\": \"…\"} の形で書いてください",
        )
    })?;
    let line = match asked.id {
        Id::Text(id) => serde_json::to_string(&ask_line(knowledge, &id, super::limited(&asked.text))),
        Id::Number(id) => {
            let line = serde_json::to_value(ask_line(knowledge, "", super::limited(&asked.text)));
            line.map(|mut line| {
                line["id"] = Value::Number(id);
                line.to_string()
            })
        }
    };
    line.map(|line| Some(line + "\n")).map_err(|error| told(&error.to_string(), &error.to_string()))
}

/// The next line without its end; a line that is too long is read past and only its place is kept.
fn next_line(source: &mut impl BufRead) -> std::io::Result<Option<Line>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(LINE_LIMIT + 1).unwrap_or(u64::MAX);
    if source.by_ref().take(limit).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.len() <= LINE_LIMIT || bytes.ends_with(b"\n") {
        return Ok(Some(Line::Bytes(bytes)));
    }
    while !bytes.ends_with(b"\n") {
        bytes.clear();
        if source.by_ref().take(limit).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
    }
    Ok(Some(Line::TooLong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_does_not_hide_the_next() {
        let mut source = vec![b'x'; 3 * LINE_LIMIT];
        source.extend_from_slice(b"\nnext\nlast");
        let mut source = source.as_slice();
        assert!(matches!(next_line(&mut source), Ok(Some(Line::TooLong))));
        assert!(matches!(next_line(&mut source), Ok(Some(Line::Bytes(line))) if line == b"next\n"));
        assert!(matches!(next_line(&mut source), Ok(Some(Line::Bytes(line))) if line == b"last"));
        assert!(matches!(next_line(&mut source), Ok(None)));
    }
}
