//! A page of text on a terminal: its width, its colours, its columns.

use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

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

impl Tone {
    const ALL: [Self; 5] = [Self::Good, Self::Bad, Self::Note, Self::Quiet, Self::Strong];
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

    /// The same for a list: where there is no terminal, an entry is a line, for whoever filters them.
    pub(crate) fn of_list(color: Color) -> Self {
        let page = Self::of_stdout(color);
        if std::io::stdout().is_terminal() { page } else { Self { width: usize::MAX, ..page } }
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
        let style = style(tone);
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

/// The text with spaces for what steers a terminal: what comes from outside does not. Marks that turn the direction of
/// writing around can make a text read as another one.
pub(crate) fn tame(text: &str) -> String {
    let steers = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if steers(c) { ' ' } else { c }).collect()
}

/// The same for text that was painted for that page: its colours stay, and nothing else does.
pub(crate) fn tame_painted(page: Page, text: &str) -> String {
    if !page.color {
        return tame(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find('\u{1b}') {
        out.push_str(&tame(&rest[..place]));
        rest = &rest[place..];
        let paint = Tone::ALL.iter().map(|tone| style(*tone)).find_map(|style| {
            let (begin, end) = (style.render().to_string(), style.render_reset().to_string());
            [begin, end].into_iter().find(|paint| rest.starts_with(paint.as_str()))
        });
        let kept = paint.unwrap_or_else(|| " ".to_owned());
        // a space stands for the one escape character
        rest = &rest[kept.len()..];
        out.push_str(&kept);
    }
    out + &tame(rest)
}

fn style(tone: Tone) -> Style {
    match tone {
        Tone::Good => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Tone::Bad => Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
        Tone::Note => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        Tone::Quiet => Style::new().dimmed(),
        Tone::Strong => Style::new().bold(),
    }
}

/// As much of the text as takes at most so many columns, with a mark where something is left out.
pub(crate) fn shortened(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut taken = 1;
    for c in text.chars() {
        taken += c.width().unwrap_or_default();
        if taken > columns {
            break;
        }
        out.push(c);
    }
    out + "…"
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
    fn what_is_shortened_takes_no_more_columns_than_it_may() {
        assert_eq!(shortened("時計", 4), "時計");
        assert_eq!(shortened("時計が違う", 6), "時計…");
        assert_eq!(shortened("clock", 4), "clo…");
    }

    #[test]
    fn nothing_from_outside_steers_the_terminal() {
        let outside = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J\r\u{202e}x\u{1b}";
        let steers = |text: &str| text.chars().any(|c| c.is_control() || c == '\u{202e}');
        assert!(!steers(&tame(outside)), "{:?}", tame(outside));
        let (plain, painted) = (Page::plain(40), Page { width: 40, color: true });
        assert!(!steers(&tame_painted(plain, outside)));
        // its own colours stay, and only those
        for tone in Tone::ALL {
            let own = painted.paint(tone, "時計");
            assert_eq!(tame_painted(painted, &format!("{own}\u{1b}]0;title\u{7}")), own + " ]0;title ");
        }
        assert!(!steers(&painted.hanging("", 0, outside)[..20]));
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
