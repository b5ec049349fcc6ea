//! What a text can be found by: its words, and pairs of neighbouring letters where Japanese is written without spaces.

use std::collections::BTreeSet;

use super::normalize::{is_japanese, normalize};

/// The most terms of one text.
pub const LIMIT: usize = 400;

/// The longest term, in characters; what is longer is cut.
const LENGTH: usize = 40;

/// The terms of a text, in the spelling of [`normalize`]. A text is found by another one when it has all terms of that one:
/// words must be whole, Japanese may be any part of two letters or more.
pub fn terms(text: &str) -> BTreeSet<String> {
    let text = normalize(text);
    let mut terms = BTreeSet::new();
    let mut run = Vec::new();
    let mut japanese = false;
    for letter in text.chars().chain([' ']) {
        let is = is_japanese(letter);
        if !run.is_empty() && (is != japanese || !(is || letter.is_alphanumeric())) {
            close(&mut terms, &run, japanese);
            run.clear();
        }
        if is || letter.is_alphanumeric() {
            japanese = is;
            run.push(letter);
        }
        if terms.len() >= LIMIT {
            break;
        }
    }
    terms
}

fn close(terms: &mut BTreeSet<String>, run: &[char], japanese: bool) {
    if japanese && run.len() > 1 {
        let room = LIMIT.saturating_sub(terms.len());
        terms.extend(run.windows(2).take(room).map(|pair| pair.iter().collect::<String>()));
    } else {
        terms.insert(run.iter().take(LENGTH).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, words: &str) -> bool {
        terms(words).is_subset(&terms(text))
    }

    #[test]
    fn texts_are_found_by_words_and_by_parts_of_japanese() {
        let text = "メールを取得できません。サーバ“imap.docomo.ne.jp”への接続に失敗しました";
        assert!(found(text, "取得できません"));
        assert!(found(text, "docomo 接続"));
        assert!(found(text, "サーバー"), "the long vowel is folded");
        assert!(!found(text, "送信"));
        assert!(found("Cannot Get Mail", "cannot MAIL"));
        assert!(!found("Cannot Get Mail", "mai"));
        assert!(terms("  「」… ").is_empty());
    }

    #[test]
    fn long_texts_give_few_terms() {
        let text: String = (0..20_000_u32).filter_map(|at| char::from_u32(0x4e00 + at)).collect();
        assert!(terms(&text).len() <= LIMIT);
        assert!(terms(&"x".repeat(10_000)).iter().all(|term| term.len() <= LENGTH));
    }
}
