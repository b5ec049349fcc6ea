//! The text in a picture of the screen, read by Tesseract where it is installed.
//!
//! The picture is decoded here and handed over on standard input as grey points: dark on light, and large enough to
//! read. No shell, no temporary file, no name from outside reaches Tesseract.

use std::io::{Cursor, ErrorKind, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, ImageFormat};

use crate::Mistake;
use crate::picture::{Picture, on_white};

/// The most that is taken of what Tesseract says, in bytes.
const TEXT_LIMIT: u64 = 4 * 1024 * 1024;
/// How long the reading may take.
const TIME_LIMIT: Duration = Duration::from_mins(1);
/// How sure Tesseract has to be of a text, of 100, before it is not looked at in another way too.
const SURE: f64 = 80.0;
/// How sure it has to be of a word that is kept; below are shadows and icons.
const KEPT: f64 = 15.0;
/// The mean brightness under which a picture is light on dark.
const DARK: u64 = 110;
/// The longest side that is read, in points; more takes time and says nothing new.
const LONGEST: u32 = 3000;
/// Text under this height is read again, larger, in points.
const LEAST_HEIGHT: f64 = 16.0;
/// The height of text that is read best, in points.
const BEST_HEIGHT: f64 = 32.0;
/// The most that a picture is enlarged.
const ENLARGED: f64 = 3.0;

/// Reads the text in a picture.
///
/// `name` is what it is called in the message where it cannot be read.
///
/// # Errors
/// A [`Mistake`] where Tesseract is not installed, cannot read it, or takes too long.
pub fn read(name: &str, picture: Picture) -> Result<String> {
    let end = Instant::now() + TIME_LIMIT;
    let grey = prepared(picture.points());
    drop(picture);
    let mut best = tesseract(name, &png(&grey)?, &[], end)?;
    if best.sure() >= SURE && best.height() >= LEAST_HEIGHT {
        return Ok(best.text());
    }
    // small text larger; and unevenly lit, or light on dark and dark on light side by side, each part by itself
    let mut large = enlarged(grey, best.height());
    for again in [false, true] {
        if again {
            even(&mut large);
        }
        // what was read first is better than nothing
        match tesseract(name, &png(&large)?, &[], end) {
            Ok(seen) if seen.weight() > best.weight() => best = seen,
            Ok(_) => {}
            Err(_) => break,
        }
        if best.sure() >= SURE {
            break;
        }
    }
    Ok(best.text())
}

/// Whether Tesseract is installed.
pub fn is_installed() -> bool {
    let asked =
        Command::new("tesseract").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// The points in grey, dark on light; what is very large becomes smaller.
fn prepared(points: &DynamicImage) -> GrayImage {
    // the mean of neighbours first: the finer filter below takes many times the memory of what it makes smaller
    let large = points.width().max(points.height()) > LONGEST;
    let smaller = large.then(|| points.thumbnail(LONGEST, LONGEST));
    let grey = DynamicImage::ImageRgb8(on_white(smaller.as_ref().unwrap_or(points))).into_luma8();
    let (width, height) = grey.dimensions();
    let mut grey = scaled(grey, f64::from(LONGEST) / f64::from(width.max(height).max(1)));
    let sum: u64 = grey.as_raw().iter().map(|&point| u64::from(point)).sum();
    if sum / (grey.as_raw().len().max(1) as u64) < DARK {
        image::imageops::invert(&mut grey);
    }
    grey
}

/// The picture so large that text of that height can be read well.
fn enlarged(grey: GrayImage, height: f64) -> GrayImage {
    // nothing was read: it may be too small for that
    let factor = if height > 0.0 { BEST_HEIGHT / height } else { 2.0 };
    let (width, high) = grey.dimensions();
    let most = (f64::from(LONGEST) / f64::from(width.max(high).max(1))).max(1.0);
    let factor = factor.clamp(1.0, ENLARGED).min(most);
    if factor < 1.1 {
        return grey;
    }
    let side = |points: u32| side(points, factor);
    image::imageops::resize(&grey, side(width), side(high), FilterType::CatmullRom)
}

/// Made smaller by that factor; nothing is made larger.
fn scaled(grey: GrayImage, factor: f64) -> GrayImage {
    let (width, height) = grey.dimensions();
    if factor >= 1.0 {
        return grey;
    }
    image::imageops::resize(&grey, side(width, factor), side(height, factor), FilterType::Triangle)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a side in points, at most LONGEST"
)]
fn side(points: u32, factor: f64) -> u32 {
    ((f64::from(points) * factor).round() as u32).max(1)
}

/// Takes uneven light away: each point against how bright its neighbourhood is, text dark everywhere.
fn even(grey: &mut GrayImage) {
    const SMALL: u32 = 24;
    let (width, height) = grey.dimensions();
    let few = |side: u32| (side / SMALL).max(1);
    let around = image::imageops::resize(grey, few(width), few(height), FilterType::Triangle);
    let around = image::imageops::resize(&around, width, height, FilterType::Triangle);
    for (point, near) in grey.iter_mut().zip(around.iter()) {
        let (value, light) = (i32::from(*point), i32::from(*near));
        // where it is dark around, the text is what is light
        let away = if light < 100 { light - value } else { value - light };
        let spread = 255 * away / light.max(255 - light).max(1);
        *point = u8::try_from((215 + spread).clamp(0, 255)).unwrap_or(u8::MAX);
    }
}

fn png(grey: &GrayImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    grey.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).context("encode a picture")?;
    Ok(bytes)
}

/// What Tesseract read: the words with how sure it is of each, by lines.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    lines: Vec<Vec<(String, f64)>>,
    heights: Vec<u32>,
}

impl Seen {
    /// Reads Tesseract's table: level, page, block, paragraph, line, word, four places, confidence, text.
    fn of(table: &str) -> Self {
        let mut lines: Vec<Vec<(String, f64)>> = Vec::new();
        let mut heights = Vec::new();
        let mut last: Vec<&str> = Vec::new();
        for row in table.lines() {
            let fields: Vec<&str> = row.splitn(12, '\t').collect();
            let [level, page, block, paragraph, line, _, _, _, _, height, sure, text] = fields[..] else {
                continue;
            };
            let (Ok(sure), text) = (sure.parse::<f64>(), text.trim()) else { continue };
            if level != "5" || text.is_empty() || sure < KEPT {
                continue;
            }
            let place = vec![page, block, paragraph, line];
            if place != last {
                lines.push(Vec::new());
                last = place;
            }
            heights.extend(height.parse::<u32>());
            if let Some(words) = lines.last_mut() {
                words.push((text.to_owned(), sure));
            }
        }
        heights.sort_unstable();
        Self { lines, heights }
    }

    /// How high most words are, in points; 0 where there are none.
    fn height(&self) -> f64 {
        self.heights.get(self.heights.len() / 2).copied().map_or(0.0, f64::from)
    }

    fn words(&self) -> impl Iterator<Item = (f64, f64)> {
        let length = |text: &str| f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX));
        self.lines.iter().flatten().map(move |(text, sure)| (length(text), *sure))
    }

    /// How much was read for how sure.
    fn weight(&self) -> f64 {
        self.words().map(|(length, sure)| length * (sure - 30.0)).sum()
    }

    /// How sure it is on average, of 100.
    fn sure(&self) -> f64 {
        let (length, weight) =
            self.words().fold((0.0, 0.0), |(all, sum), (length, sure)| (all + length, sum + length * sure));
        if length > 0.0 { weight / length } else { 0.0 }
    }

    fn text(&self) -> String {
        let line = |words: &Vec<(String, f64)>| {
            words.iter().map(|(text, _)| code(text)).collect::<Vec<_>>().join(" ")
        };
        joined(&self.lines.iter().map(line).collect::<Vec<_>>().join("\n"))
    }
}

fn tesseract(name: &str, picture: &[u8], options: &[&str], end: Instant) -> Result<Seen> {
    let started = Command::new("tesseract")
        .args(["stdin", "stdout", "-l", "jpn+eng", "--dpi", "150", "-c", "tessedit_create_tsv=1"])
        .args(options)
        // several threads wait for each other more than they work
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(missing()),
        Err(error) => return Err(anyhow::Error::new(error).context("start tesseract")),
    };
    let (input, out, told) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        // whoever ends without reading everything closes the pipe; its status says the rest
        scope.spawn(|| input.map(|mut input| input.write_all(picture)));
        let out = scope.spawn(|| gathered(out));
        let told = scope.spawn(|| gathered(told));
        let success = waited(&mut child, end);
        let (out, told) = (out.join().unwrap_or_default(), told.join().unwrap_or_default());
        match success? {
            Some(true) => Ok(Seen::of(&out)),
            Some(false) if told.contains("jpn") || told.contains("eng") => Err(missing()),
            Some(false) => Err(Mistake::error(
                format!("{name}: Tesseract cannot read it: use a picture in PNG or JPEG format"),
                format!("{name}: 読み取れない画像です: PNGかJPEGの画像にしてください"),
            )),
            None => Err(Mistake::error(
                format!("{name}: not read within 60 seconds: cut out the part with the message"),
                format!("{name}: 60秒で読み取れませんでした: メッセージの部分だけを切り取ってください"),
            )),
        }
    })
}

/// Whether the child came to a good end; nothing where it was ended because the time is over.
fn waited(child: &mut Child, end: Instant) -> Result<Option<bool>> {
    loop {
        if let Some(status) = child.try_wait().context("wait for tesseract")? {
            return Ok(Some(status.success()));
        }
        if Instant::now() >= end {
            child.kill().context("end tesseract")?;
            child.wait().context("wait for tesseract")?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// What comes out of a pipe, up to a limit; the rest is read and forgotten, so that nobody waits for it.
fn gathered(source: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut source) = source {
        // what was read before an error is all there is
        drop(source.by_ref().take(TEXT_LIMIT).read_to_end(&mut bytes));
        drop(std::io::copy(&mut source, &mut std::io::sink()));
    }
    String::from_utf8_lossy(&bytes).into_owned()
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

/// An error code with the digits that look like letters set right: `0x800CCCOE` is `0x800CCC0E`.
fn code(word: &str) -> String {
    let start = word.find(['0', 'O', 'o']).unwrap_or(word.len());
    let end = (start + 10).min(word.len());
    let (Some(before), Some(code), Some(after)) = (word.get(..start), word.get(start..end), word.get(end..))
    else {
        return word.to_owned();
    };
    let mut chars = code.chars();
    let headed = chars.next().is_some() && matches!(chars.next(), Some('x' | 'X'));
    let digits: Option<String> = chars
        .map(|c| match c {
            'O' | 'o' | 'Q' => Some('0'),
            'I' | 'l' | '|' => Some('1'),
            'S' => Some('5'),
            c if c.is_ascii_hexdigit() => Some(c),
            _ => None,
        })
        .collect();
    match digits {
        Some(digits) if headed && digits.len() == 8 => format!("{before}0x{digits}{after}"),
        _ => word.to_owned(),
    }
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

    #[test]
    fn letters_in_error_codes_become_digits() {
        for (seen, meant) in [
            ("0x800CCCOE", "0x800CCC0E"),
            ("(OX8OO4210A):", "(0x8004210A):"),
            ("Outlook", "Outlook"),
            ("0x8OO4", "0x8OO4"),
            ("コード0x800CCC0E", "コード0x800CCC0E"),
        ] {
            assert_eq!(code(seen), meant);
        }
    }

    #[test]
    fn the_table_of_words_becomes_lines_and_shadows_are_left_out() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
                     1\t1\t0\t0\t0\t0\t0\t0\t90\t90\t-1\t\n\
                     5\t1\t1\t1\t1\t1\t1\t1\t9\t9\t96.1\tCannot\n5\t1\t1\t1\t1\t2\t1\t1\t9\t9\t91\tGet\n\
                     5\t1\t1\t1\t2\t1\t1\t1\t9\t9\t3.2\t~|\n5\t1\t2\t1\t1\t1\t1\t1\t9\t9\t88\tOK\nbroken\trow\n";
        let seen = Seen::of(table);
        assert_eq!(seen.text(), "Cannot Get\nOK");
        assert!(seen.sure() > 90.0 && seen.weight() > 0.0);
        assert!(Seen::of("").sure() < 1.0 && Seen::of("").height() < 1.0);
    }

    #[test]
    fn a_dark_picture_is_turned_round_and_a_large_one_made_smaller() {
        let dark = GrayImage::from_pixel(300, 100, image::Luma([20]));
        let ready = prepared(&DynamicImage::ImageLuma8(dark));
        assert_eq!((ready.dimensions(), ready.get_pixel(5, 5).0), ((300, 100), [235]));
        assert_eq!(enlarged(ready, 12.0).dimensions(), (800, 267));
        let clear = image::RgbaImage::from_pixel(6000, 90, image::Rgba([0, 0, 0, 0]));
        let ready = prepared(&DynamicImage::ImageRgba8(clear));
        assert_eq!((ready.dimensions(), ready.get_pixel(5, 5).0), ((3000, 45), [255]));
        assert_eq!(enlarged(ready, 12.0).dimensions(), (3000, 45));
    }
}
