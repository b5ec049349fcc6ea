//! The words on a picture of a screen.
//!
//! Everything that reads pictures is behind [`read`]: the pages know nothing else of it.

use std::io::{ErrorKind, Read, Write};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::picture::{self, Unfit};

/// How many pictures are read at once: each takes a processor for seconds.
static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));
/// How long a picture waits for its turn.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the reading may take.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// The most text that is taken from a picture, in bytes.
const TEXT_LIMIT: u64 = 8 * 1024;

/// Why no words came of a picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRead {
    /// It is not taken at all.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Too many pictures are waiting.
    #[error("too many pictures are being read")]
    Busy,
    /// There are no words on it, or it cannot be decoded.
    #[error("no words were found on the picture")]
    NoWords,
    /// Nothing that reads pictures is installed.
    #[error("Tesseract with Japanese and English is not installed")]
    NoReader,
    /// We failed.
    #[error(transparent)]
    Ours(#[from] anyhow::Error),
}

/// Reads the words on a picture.
pub(crate) async fn read(picture: Vec<u8>) -> Result<String, NotRead> {
    picture::check(&picture)?;
    let place = tokio::time::timeout(PATIENCE, PLACES.acquire()).await;
    let Ok(Ok(place)) = place else { return Err(NotRead::Busy) };
    let read = tokio::task::spawn_blocking(move || read_screenshot(picture)).await;
    drop(place);
    read.map_err(|error| anyhow::Error::new(error).context("read a picture"))?
}

/// Reads the words with Tesseract; blocks for as long as that takes.
fn read_screenshot(picture: Vec<u8>) -> Result<String, NotRead> {
    let started = Command::new("tesseract")
        .args(["stdin", "stdout", "-l", "jpn+eng"])
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(NotRead::NoReader),
        Err(error) => return Err(anyhow::Error::new(error).context("start tesseract").into()),
    };
    if let Some(mut pipe) = child.stdin.take() {
        // a reader that gives up early says why by its status
        thread::spawn(move || drop(pipe.write_all(&picture)));
    }
    let out = child.stdout.take().map(|pipe| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // what was read before an error is all there is
            drop(pipe.take(TEXT_LIMIT).read_to_end(&mut bytes));
            String::from_utf8_lossy(&bytes).into_owned()
        })
    });
    let end = Instant::now() + TIME_LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| anyhow::Error::new(error).context("wait"))? {
            break status;
        }
        if Instant::now() >= end {
            // it may have ended by itself in between
            drop(child.kill());
            drop(child.wait());
            return Err(NotRead::NoWords);
        }
        thread::sleep(Duration::from_millis(20));
    };
    let text = out.and_then(|reader| reader.join().ok()).unwrap_or_default();
    let words = joined(&text);
    if status.success() && words.chars().any(char::is_alphanumeric) {
        Ok(words)
    } else {
        Err(NotRead::NoWords)
    }
}

/// Takes the spaces away that Tesseract puts between Japanese characters, and empty lines.
fn joined(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let chars: Vec<char> = line.trim().chars().collect();
        let wide = |at: Option<&char>| {
            at.is_some_and(
                |c| matches!(c, '\u{3001}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}'),
            )
        };
        let between =
            |at: usize| wide(at.checked_sub(1).and_then(|at| chars.get(at))) && wide(chars.get(at + 1));
        let kept = chars.iter().enumerate().filter(|(at, c)| **c != ' ' || !between(*at));
        let line: String = kept.map(|(_, c)| *c).filter(|c| !c.is_control()).collect();
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_between_japanese_characters_go_and_others_stay() {
        assert_eq!(joined("メ ー ル を 取得\n\n Cannot Get Mail \u{c}"), "メールを取得\nCannot Get Mail");
    }

    #[tokio::test]
    async fn what_is_no_picture_is_told_before_anything_reads_it() {
        assert!(matches!(read(b"no picture".to_vec()).await, Err(NotRead::Unfit(Unfit::Kind))));
    }
}
