//! Small things that several pages show: how often, where a fact comes from, what can be measured.

use std::collections::BTreeSet;

use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::sentence::{MONTHS, in_general};

use super::frame::Frame;
use crate::pick;
use crate::said::capital;

/// How often something is so, in a word that promises no more than the figure is worth.
pub(super) fn often(share: f64, lang: Lang) -> &'static str {
    match share {
        p if p >= 0.5 => pick(lang, "mostly", "ほとんどがこれ"),
        p if p >= 0.2 => pick(lang, "often", "よくある"),
        p if p >= 0.08 => pick(lang, "sometimes", "ときどき"),
        _ => pick(lang, "seldom", "まれ"),
    }
}

/// Where facts come from, and when somebody last looked.
#[derive(Debug)]
pub(super) struct Sources {
    /// Each once: its address, where it has one, and its words.
    pub(super) list: Vec<Source>,
    /// The month, in words.
    pub(super) checked: Option<String>,
}

/// One source.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Source {
    pub(super) url: Option<String>,
    pub(super) words: String,
}

impl Sources {
    pub(super) fn new<'s>(
        frame: &Frame<'_>,
        all: impl IntoIterator<Item = &'s String>,
        checked: Option<&str>,
    ) -> Self {
        let mut seen = BTreeSet::new();
        let each = all.into_iter().filter(|source| seen.insert(source.as_str()));
        Self {
            list: each.map(|source| Source::new(source, frame.lang)).collect(),
            checked: checked.map(|month| self::month(month, frame.lang)),
        }
    }
}

impl Source {
    /// An address at the beginning becomes a link; where nothing was seen, that is said.
    pub(super) fn new(source: &str, lang: Lang) -> Self {
        let is_url = source.starts_with("https://") || source.starts_with("http://");
        match source.split_once(' ').unwrap_or((source, "")) {
            (url, rest) if is_url => Self { url: Some(url.to_owned()), words: rest.to_owned() },
            _ => Self { url: None, words: in_words(source, lang).to_owned() },
        }
    }
}

fn in_words(source: &str, lang: Lang) -> &str {
    match source {
        "memory" | "own knowledge, not seen in a source" => {
            pick(lang, "general knowledge, not seen in a source", "一般的な知識(出典では未確認)")
        }
        "own estimate" => pick(lang, "estimate of the project", "このプロジェクトの見積もり"),
        other => other,
    }
}

/// `2026-11` as "November 2026" or 「2026年11月」.
fn month(text: &str, lang: Lang) -> String {
    let parts = text.split_once('-').and_then(|(year, month)| Some((year, month.parse::<usize>().ok()?)));
    match parts {
        Some((year, month @ 1..=12)) => {
            pick(lang, format!("{} {year}", MONTHS[month - 1]), format!("{year}年{month}月"))
        }
        _ => text.to_owned(),
    }
}

/// An observation, `variable=outcome`, as a sentence about any server; nothing where it is derived from several.
pub(super) fn observation(knowledge: &Knowledge, fact: &str, lang: Lang) -> Option<String> {
    let (variable, outcome) = fact.split_once('=')?;
    // how far an endpoint came is said alike for all protocols
    let variable = match variable {
        "mail" => "imap",
        "apple" => "apple_sign_in",
        other => other,
    };
    in_general(knowledge, variable, outcome, lang).map(|sentence| capital(&sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_link_only_where_it_begins_as_one() {
        let source = Source::new("https://example.jp/help (Japanese)", Lang::En);
        assert_eq!(
            (source.url.as_deref(), source.words.as_str()),
            (Some("https://example.jp/help"), "(Japanese)")
        );
        assert_eq!(Source::new("javascript:alert(1)", Lang::En).url, None);
        assert_eq!(Source::new("memory", Lang::Ja).words, "一般的な知識(出典では未確認)");
    }

    #[test]
    fn a_month_is_said_in_words() {
        assert_eq!(month("2026-11", Lang::En), "November 2026");
        assert_eq!(month("2026-01", Lang::Ja), "2026年1月");
        assert_eq!(month("2026-13", Lang::En), "2026-13");
    }
}
