//! A page of text on a terminal: its width, its colours, its columns.

use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::cli::Color;

/// The widest line that is comfortable to read.
const COMFORTABLE: usize = 100;
/// The width where there is no terminal.
const PLAIN: usize = 88;
/// The narrowest width that columns are kept in.
const NARROWEST: usize = 40;

/// Where text is printed: how wide, and whether in colour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    width: usize,
    color: bool,
}

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tone {
    /// It works.
    Good,
    /// It does not work.
    Bad,
    /// Worth knowing.
    Note,
    /// Secondary.
    Quiet,
    /// A heading.
    Strong,
}

impl Page {
    /// The page that standard output is.
    pub(crate) fn of_stdout(color: Color) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let width = if terminal { textwrap::termwidth() } else { PLAIN };
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && wanted && std::env::var("TERM").is_ok_and(|term| term != "dumb"),
        };
        Self { width: width.clamp(NARROWEST, COMFORTABLE), color }
    }

    /// A page of that width without colour.
    #[cfg(test)]
    pub(crate) fn plain(width: usize) -> Self {
        Self { width, color: false }
    }

    /// The text in its colour.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let style = match tone {
            Tone::Good => Style::new().fg_color(Some(AnsiColor::Green.into())),
            Tone::Bad => Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
            Tone::Note => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
            Tone::Quiet => Style::new().dimmed(),
            Tone::Strong => Style::new().bold(),
        };
        format!("{style}{text}{style:#}")
    }

    /// A text beside a head of that many columns, continued under itself.
    pub(crate) fn hanging(&self, head: &str, columns: usize, text: &str) -> String {
        let space = self.width.saturating_sub(columns).max(20);
        let text = tame(text);
        let lines = textwrap::wrap(&text, textwrap::Options::new(space).break_words(true));
        let mut out = String::new();
        for (index, line) in lines.iter().enumerate() {
            if index == 0 {
                out.push_str(head);
            } else {
                out.push_str(&" ".repeat(columns));
            }
            out.push_str(line);
            out.push('\n');
        }
        if lines.is_empty() {
            out.push_str(head.trim_end());
            out.push('\n');
        }
        out
    }
}

/// The text with spaces for control characters: what comes from outside does not steer the terminal.
pub(crate) fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The text followed by as many spaces as bring it to that many columns; East Asian wide characters take two.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(padded("時計", 8), "時計    ");
        assert_eq!(padded("clock", 8), "clock   ");
    }

    #[test]
    fn a_long_text_continues_under_itself() {
        let page = Page::plain(40);
        let text = page.hanging(
            "原因    ",
            8,
            "サーバ証明書の期限が切れています。端末やパスワードの問題ではありません。",
        );
        assert!(text.lines().count() > 1);
        assert!(text.lines().skip(1).all(|line| line.starts_with("        ")));
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
    }
}
