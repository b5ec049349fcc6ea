//! The text in a picture of the screen, read by Tesseract where it is installed.

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::usage::Mistake;

/// The largest picture that is read, in bytes.
const SIZE_LIMIT: u64 = 20 * 1024 * 1024;
/// The longest text that is taken from a picture, in bytes.
const TEXT_LIMIT: u64 = 256 * 1024;
/// How long the reading may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Reads the text in a picture.
pub(super) fn read(file: &Path) -> Result<String> {
    let name = file.display();
    let size = std::fs::metadata(file).and_then(|known| {
        if known.is_file() { Ok(known.len()) } else { Err(ErrorKind::InvalidInput.into()) }
    });
    let size = size.map_err(|error| {
        Mistake::error(
            format!("--image {name}: {error}: name a picture that can be read"),
            format!("--image {name}: 読めません({error}): 読み取れる画像を指定してください"),
        )
    })?;
    if size > SIZE_LIMIT {
        return Err(Mistake::error(
            format!("--image {name}: larger than 20 MB: cut out the part with the message"),
            format!("--image {name}: 20 MBを超えています: メッセージの部分だけを切り取ってください"),
        ));
    }
    let spaced = tesseract(file)?;
    Ok(joined(&spaced))
}

fn tesseract(file: &Path) -> Result<String> {
    let name = file.display();
    // an absolute path cannot be taken for an option
    let path = std::path::absolute(file).with_context(|| format!("the place of {name}"))?;
    let started = Command::new("tesseract")
        .arg(path)
        .args(["-", "-l", "jpn+eng"])
        .env("OMP_THREAD_LIMIT", "2")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(missing()),
        Err(error) => return Err(anyhow::Error::new(error).context("start tesseract")),
    };
    let gather = |source: Option<Box<dyn Read + Send>>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(source) = source {
                // what was read before an error is all there is
                drop(source.take(TEXT_LIMIT).read_to_end(&mut bytes));
            }
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let out = gather(child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>));
    let told = gather(child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>));
    let end = Instant::now() + TIME_LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait().context("wait for tesseract")? {
            break status;
        }
        if Instant::now() >= end {
            child.kill().context("end tesseract")?;
            child.wait().context("wait for tesseract")?;
            return Err(Mistake::error(
                format!("--image {name}: not read within 30 seconds: cut out the part with the message"),
                format!(
                    "--image {name}: 30秒で読み取れませんでした: メッセージの部分だけを切り取ってください"
                ),
            ));
        }
        thread::sleep(Duration::from_millis(20));
    };
    let out = out.join().unwrap_or_default();
    let told = told.join().unwrap_or_default();
    if status.success() {
        return Ok(out);
    }
    if told.contains("jpn") {
        return Err(missing());
    }
    Err(Mistake::error(
        format!("--image {name}: Tesseract cannot read it: use a picture in PNG or JPEG format"),
        format!("--image {name}: 読み取れない画像です: PNGかJPEGの画像にしてください"),
    ))
}

/// How to get Tesseract on this system.
fn missing() -> anyhow::Error {
    let (en, ja) = match std::env::consts::OS {
        "macos" => ("brew install tesseract tesseract-lang", "brew install tesseract tesseract-lang"),
        "windows" => (
            "winget install UB-Mannheim.TesseractOCR, with Japanese chosen among its languages",
            "winget install UB-Mannheim.TesseractOCR(言語の選択で日本語を加えます)",
        ),
        _ => (
            "apt install tesseract-ocr tesseract-ocr-jpn (Debian, Ubuntu) or dnf install tesseract tesseract-langpack-jpn (Fedora)",
            "apt install tesseract-ocr tesseract-ocr-jpn(Debian・Ubuntu)、dnf install tesseract tesseract-langpack-jpn(Fedora)",
        ),
    };
    Mistake::error(
        format!(
            "reading a picture needs Tesseract with Japanese and English: {en}; or type the message: naosu ask \"…\""
        ),
        format!(
            "画像の読み取りには、Tesseract(日本語・英語)が必要です: {ja}。または、naosu ask \"…\" で文を入力してください"
        ),
    )
}

/// Takes the spaces away that Tesseract puts between Japanese characters.
fn joined(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    for (index, &c) in chars.iter().enumerate() {
        let wide = |place: Option<&char>| place.is_some_and(|&c| is_japanese(c));
        if c == ' '
            && wide(index.checked_sub(1).and_then(|before| chars.get(before)))
            && wide(chars.get(index + 1))
        {
            continue;
        }
        out.push(c);
    }
    out.trim().to_owned()
}

fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3001}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_between_japanese_characters_go_and_others_stay() {
        assert_eq!(
            joined("メ ー ル を 取得 で きま せん\nCannot Get Mail \n"),
            "メールを取得できません\nCannot Get Mail"
        );
    }
}
