//! One spelling for what people spell in many ways.
//!
//! Patterns and texts go through the same function, so whatever it folds is folded on both sides:
//! width and compatibility forms (NFKC), case, kinds of quotation marks and dashes, the long-vowel mark at the end
//! of a katakana word (サーバー, サーバ), common kanji or kana spellings (出来ない, できない), spaces next to Japanese
//! letters, ends of sentences (a newline), apostrophes (can't, cant) and hyphens between letters.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use unicode_normalization::UnicodeNormalization;

/// Longest text that is read, in characters; the rest is ignored.
pub const LIMIT: usize = 20_000;

/// The end of a sentence in normalised text.
pub(super) const STOP: char = '\n';

/// The one spelling of a text.
pub fn normalize(text: &str) -> String {
    if is_plain(text) {
        return spellings(text.to_owned());
    }
    let unified: Vec<char> = if text.is_ascii() {
        text.chars().take(LIMIT).map(|letter| letter.to_ascii_lowercase()).collect()
    } else {
        text.chars().take(LIMIT).nfkc().flat_map(char::to_lowercase).take(LIMIT * 2).collect()
    };
    let marked = long_vowels(&unified);
    let spaced = punctuation(&marked);
    let joined = spaces(&spaced);
    spellings(joined)
}

/// Whether only [`spellings`] can change the text: short, without capitals, marks, long vowels and spaces in doubt.
fn is_plain(text: &str) -> bool {
    let ascii = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let japanese = |letter: char| {
        matches!(letter, '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}')
            && letter != '一'
    };
    let words = || text.split(' ').all(|word| !word.is_empty() && word.chars().all(ascii));
    text.len() <= LIMIT && (text.chars().all(|letter| ascii(letter) || japanese(letter)) || words())
}

/// Whether the letter belongs to Japanese writing.
pub(super) fn is_japanese(letter: char) -> bool {
    is_kana(letter) || matches!(letter, '\u{3005}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// Whether the letter is hiragana or katakana.
pub(super) fn is_kana(letter: char) -> bool {
    matches!(letter, '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fc}')
}

/// The hiragana spelling of a katakana word, for people who did not convert.
pub(super) fn hiragana(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\u{30a1}'..='\u{30f6}' => char::from_u32(u32::from(letter) - 0x60).unwrap_or(letter),
            other => other,
        })
        .collect()
}

fn is_katakana(letter: char) -> bool {
    matches!(letter, '\u{30a1}'..='\u{30fa}' | 'ー')
}

fn is_dash(letter: char) -> bool {
    matches!(
        letter,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2500}' | '\u{ff70}' | '~' | '\u{301c}' | '一'
    )
}

/// Dashes inside a katakana word become ー; ー that ends a katakana word of three letters or more is dropped.
fn long_vowels(letters: &[char]) -> Vec<char> {
    let mut out: Vec<char> = Vec::with_capacity(letters.len());
    for (at, &letter) in letters.iter().enumerate() {
        let after_katakana = out.last().is_some_and(|&before| is_katakana(before));
        let next_katakana = letters.get(at + 1).is_some_and(|&next| is_katakana(next));
        let long = letter == 'ー' || (is_dash(letter) && after_katakana && (letter != '一' || next_katakana));
        if !long {
            out.push(letter);
        } else if after_katakana && !next_katakana {
            let run = out.iter().rev().take_while(|&&before| is_katakana(before)).count();
            if run < 2 {
                out.push('ー');
            }
        } else if out.last() != Some(&'ー') {
            out.push('ー');
        }
    }
    out
}

/// Sentence ends become a newline, other punctuation a space, apostrophes nothing.
fn punctuation(letters: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(letters.len());
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map_or(' ', |at| letters[at]);
        let next = letters.get(at + 1).copied().unwrap_or(' ');
        let inside = before.is_ascii_alphanumeric() && next.is_ascii_alphanumeric();
        match letter {
            '\'' | '\u{2018}' | '\u{2019}' | '\u{b4}' | '`' if inside => {}
            '。' | '!' | '?' | '\n' | '\r' | '…' | '｡' => out.push(STOP),
            '.' if next.is_whitespace() || is_japanese(next) => out.push(STOP),
            '.' if next == '.' || before == '.' => out.push(' '),
            '-' if before.is_ascii_alphabetic() && next.is_ascii_alphabetic() => out.push(' '),
            '-' if next.is_ascii_digit() && !before.is_ascii_alphanumeric() => out.push('-'),
            '.' | '-' | '_' | '@' | '/' | '%' | '+' | '#' | '*' => out.push(letter),
            ':' if inside && next.is_ascii_digit() => out.push(letter),
            letter if letter.is_alphanumeric() || is_japanese(letter) => out.push(letter),
            _ => out.push(' '),
        }
    }
    out
}

/// One space at most, none beside Japanese letters or sentence ends.
fn spaces(letters: &[char]) -> String {
    let mut out = String::with_capacity(letters.len() * 2);
    let mut last = STOP;
    let mut pending = false;
    for &letter in letters {
        if letter == STOP {
            pending = false;
            if last != STOP {
                out.push(STOP);
                last = STOP;
            }
        } else if letter.is_whitespace() {
            pending = true;
        } else {
            if pending && last != STOP && !is_japanese(last) && !is_japanese(letter) {
                out.push(' ');
            }
            pending = false;
            out.push(letter);
            last = letter;
        }
    }
    if out.ends_with(STOP) {
        out.pop();
    }
    out
}

/// Words that are written in several ways.
fn spellings(text: String) -> String {
    static AUTOMATON: OnceLock<AhoCorasick> = OnceLock::new();
    let automaton = AUTOMATON.get_or_init(|| {
        AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(SPELLINGS.iter().map(|(from, _)| from))
            .expect("a hundred short words fit into an automaton")
    });
    if !automaton.is_match(&text) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    automaton.replace_all_with(&text, &mut out, |found, matched, out| {
        let whole = |inner: Option<u8>, outer: Option<u8>| {
            !(inner.is_some_and(|b| b.is_ascii_alphanumeric())
                && outer.is_some_and(|b| b.is_ascii_alphanumeric()))
        };
        let start = found.start().checked_sub(1).map(|at| bytes[at]);
        let free = whole(matched.bytes().next(), start);
        out.push_str(if free { SPELLINGS[found.pattern().as_usize()].1 } else { matched });
        true
    });
    out
}

const SPELLINGS: &[(&str, &str)] = &[
    ("出来", "でき"),
    ("繋が", "つなが"),
    ("繫が", "つなが"),
    ("繋げ", "つなげ"),
    ("繋い", "つない"),
    ("繋ぐ", "つなぐ"),
    ("下さい", "ください"),
    ("無い", "ない"),
    ("無く", "なく"),
    ("駄目", "だめ"),
    ("一杯", "いっぱい"),
    ("あて先", "宛先"),
    ("あてさき", "宛先"),
    ("満タン", "いっぱい"),
    ("ダメ", "だめ"),
    ("届か無", "届かな"),
    ("とどか", "届か"),
    ("とどき", "届き"),
    ("おくれ", "送れ"),
    ("おくる", "送る"),
    ("分から", "わから"),
    ("解ら", "わから"),
    ("判ら", "わから"),
    ("メイル", "メール"),
    ("めーる", "メール"),
    ("eメール", "メール"),
    ("電子メール", "メール"),
    ("パスワート", "パスワード"),
    ("パスワド", "パスワード"),
    ("パスコード", "パスコード"),
    ("暗証番号", "パスワード"),
    ("ログオン", "ログイン"),
    ("サーバに", "サーバに"),
    ("アイフォーン", "iphone"),
    ("アイフォン", "iphone"),
    ("あいふぉん", "iphone"),
    ("wi fi", "wifi"),
    ("wi-fi", "wifi"),
    ("ワイファイ", "wifi"),
    ("e mail", "email"),
    ("e-mail", "email"),
    ("can not", "cannot"),
    ("could not", "couldnt"),
    ("can t ", "cant "),
    ("don t ", "dont "),
    ("doesn t ", "doesnt "),
    ("won t ", "wont "),
    ("did not", "didnt"),
    ("does not", "doesnt"),
    ("do not", "dont"),
    ("will not", "wont"),
    ("is not", "isnt"),
    ("are not", "arent"),
    ("was not", "wasnt"),
    ("has not", "hasnt"),
    ("have not", "havent"),
    ("apple account", "apple id"),
    ("appleアカウント", "apple id"),
    ("アップルアカウント", "apple id"),
    ("アップルid", "apple id"),
    ("appleid", "apple id"),
    ("recieve", "receive"),
    ("recive", "receive"),
    ("reciev", "receiv"),
    ("passwrod", "password"),
    ("pasword", "password"),
    ("passwort", "password"),
    ("adress", "address"),
    ("conect", "connect"),
    ("sevrer", "server"),
    ("authenication", "authentication"),
    ("authentification", "authentication"),
    ("certifcate", "certificate"),
    ("certficate", "certificate"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_thing_become_one() {
        for (left, right) in [
            ("サーバーに接続できません", "ｻｰﾊﾞに接続出来ません"),
            ("ユーザー名", "ユーザ名"),
            ("Can’t send e-mail", "cant send email"),
            ("ＰＯＰ３ サーバー", "POP3サーバ"),
            ("メ-ルが届かない", "メールが届かない"),
            ("Wi-Fi", "wifi"),
            ("「メールを取得できません」", "メールを取得できません"),
            ("two-factor", "two factor"),
            ("メール が 送れない", "メールが送れない"),
            ("Apple Account", "AppleID"),
            ("one mail", "one  mail"),
            ("アカウントエラー", "アカウントエラ"),
        ] {
            assert_eq!(normalize(left), normalize(right), "{left} / {right}");
        }
    }

    #[test]
    fn plain_texts_take_the_short_way_to_the_same_place() {
        for text in ["cannot send", "証明書", "サバに接続できない", "can not", "imapが使えない", "出来ません"]
        {
            assert!(is_plain(text), "{text}");
            // a space at the end takes the long way
            assert_eq!(normalize(text), normalize(&format!("{text}  ")), "{text}");
        }
        for text in ["Cannot", "a  b", "サーバー", "一つ", "メール が", "a-b", "ｶﾅ", "か\u{3099}"]
        {
            assert!(!is_plain(text), "{text}");
        }
    }

    #[test]
    fn short_words_keep_their_long_vowel() {
        assert_eq!(normalize("キーを押す"), "キーを押す");
        assert_eq!(normalize("メール"), "メール");
    }

    #[test]
    fn sentences_end_and_numbers_do_not() {
        assert_eq!(normalize("It fails. Error 5.7.26!"), "it fails\nerror 5.7.26");
        assert_eq!(normalize("a...b"), "a b");
    }

    #[test]
    fn normalising_twice_changes_nothing_in_common_texts() {
        for text in
            ["「サーバーの証明書は信頼できません」", "Couldn't connect: imap.example.jp:993 (timed out)."]
        {
            let once = normalize(text);
            assert_eq!(normalize(&once), once);
        }
    }
}
