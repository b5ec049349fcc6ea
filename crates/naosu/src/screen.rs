//! What leaves the program on a terminal or into a pipe.
//!
//! Text for a person goes through [`print()`], [`print_on`] or [`say`], and none of them lets anything through that steers a
//! terminal: words, names and servers' answers come from outside. Data for a program goes through [`print_data`].

use std::io::{ErrorKind, Write};

use anyhow::{Context, Result};

use crate::render::page::{Page, tame, tame_painted};

/// Whoever read the output has gone, as `head` does when it has enough; there is nobody to tell anything.
#[derive(Debug)]
pub(crate) struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the output is read no further")
    }
}

impl std::error::Error for Gone {}

/// Prints plain text on stdout.
pub(crate) fn print(text: &str) -> Result<()> {
    put(&lines(text, tame))
}

/// Prints text on stdout that was painted for that page.
pub(crate) fn print_on(page: Page, text: &str) -> Result<()> {
    put(&lines(text, |line| tame_painted(page, line)))
}

/// Prints data on stdout: JSON, in which what steers a terminal is written as an escape that means the same, or a document
/// of the program's own.
pub(crate) fn print_data(text: &str) -> Result<()> {
    // JSON escapes those below U+0020 by itself; the others stand inside its strings only
    if !text.chars().any(steers) {
        return put(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    put(&out)
}

/// Says something on stderr: a question, or what goes on beside the result.
pub(crate) fn say(text: &str) {
    write_stderr(&lines(text, tame));
}

/// Rings the terminal's bell.
pub(crate) fn ring() {
    write_stderr("\u{7}");
}

fn steers(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}')
}

/// Each piece of each line so; the ends of lines, and the tabs between columns, are the program's own.
fn lines(text: &str, each: impl Fn(&str) -> String) -> String {
    text.split_inclusive(['\n', '\t'])
        .map(|piece| match piece.strip_suffix(['\n', '\t']) {
            Some(whole) => each(whole) + &piece[whole.len()..],
            None => each(piece),
        })
        .collect()
}

fn put(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Gone.into()),
        written => written.context("write the result"),
    }
}

fn write_stderr(text: &str) {
    let mut stderr = std::io::stderr().lock();
    // when stderr is gone there is nobody left to tell
    drop(stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()));
}
