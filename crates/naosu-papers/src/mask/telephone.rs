//! Telephone numbers as people write them.

use super::plain::{Plain, is_word};

/// What is kept of a number: its first characters.
const KEPT: usize = 3;

/// The text with stars for telephone numbers; their beginning stays.
pub(super) fn masked(text: &str) -> String {
    let text = Plain::new(text);
    let mut parts = Vec::new();
    let mut at = 0;
    while at < text.plain.len() {
        match number(&text, at) {
            Some(end) => {
                parts.push((at, end));
                at = end;
            }
            None => at += 1,
        }
    }
    text.with(parts, |number| {
        let kept = number.iter().take(KEPT).take_while(|c| **c == '+' || c.is_numeric() || **c == '＋');
        kept.collect::<String>() + "***"
    })
}

/// Where the number ends that begins there: with `+` or 0, ten digits or more, together or in groups.
fn number(text: &Plain, at: usize) -> Option<usize> {
    let abroad = text.at(at) == Some('+') && text.at(at + 1) != Some('0');
    if !abroad && text.at(at) != Some('0') {
        return None;
    }
    let before = text.before(at);
    let clock = before == Some(':') && text.before(at - 1).is_some_and(|c| c.is_ascii_digit());
    if is_word(before) || matches!(before, Some('.' | '-' | '@' | '#' | '+' | '/' | '*')) || clock {
        return None;
    }
    let mut from = at + usize::from(abroad);
    let (mut digits, mut groups, mut spaced, mut found) = (0, 0, false, None);
    loop {
        let to = text.run(from, |c| c.is_ascii_digit());
        let length = to - from;
        (digits, groups) = (digits + length, groups + 1);
        if length == 0 || digits > 15 || (spaced && !abroad && (digits > 11 || groups > 4 || length > 8)) {
            break;
        }
        let whole = match (abroad, spaced) {
            (true, _) => digits >= 9,
            (false, false) => digits >= 10,
            (false, true) => (10..=11).contains(&digits),
        };
        if whole && ends(text, to) {
            found = Some(to);
        }
        let next = text.run(to, |c| matches!(c, '-' | '(' | ')' | ' ' | 'ー'));
        // a first group of one digit is none
        if next == to || next - to > 2 || (groups == 1 && !abroad && !(2..=5).contains(&length)) {
            break;
        }
        spaced |= text.plain[to..next].iter().any(|c| !matches!(c, '-' | 'ー'));
        from = next;
    }
    found
}

/// Whether a number can end there.
fn ends(text: &Plain, to: usize) -> bool {
    match text.at(to) {
        Some('.' | ':') => !is_word(text.at(to + 1)),
        Some('-' | 'ー') => !text.at(to + 1).is_some_and(|c| c.is_ascii_digit()),
        Some('@' | '/' | '=' | '%') => false,
        next => !is_word(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_as_people_write_them() {
        for (given, expected) in [
            ("090-1234-5678", "090***"),
            ("call 090 1234 5678 today", "call 090*** today"),
            ("+81 90 1234 5678", "+81***"),
            ("+1 (415) 555-2671.", "+1***."),
            ("+819012345678", "+81***"),
            ("０９０－１２３４－５６７８です", "０９０***です"),
            ("０９０ー１２３４ー５６７８", "０９０***"),
            ("電話は０３（１２３４）５６７８", "電話は０３***"),
            ("(03) 1234-5678", "(03***"),
            ("tel:0312345678", "tel:031***"),
            ("0120-123-456", "012***"),
            ("090 1234 5678 993", "090*** 993"),
        ] {
            assert_eq!(masked(given), expected);
            assert_eq!(masked(expected), expected);
        }
    }

    #[test]
    fn what_is_none_stays() {
        for given in [
            "0x800CCC0E",
            "Mon, 23 Nov 2026 10:00:00 +0900 (JST)",
            "10:30:45.0123456789",
            "2026-11-23 09:00:00",
            "550 5.7.26",
            "ports 0 25 110 143 465 587 993 995",
            "0.0.0.0:993",
            "-20101",
        ] {
            assert_eq!(masked(given), given);
        }
    }
}
