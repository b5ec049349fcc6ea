//! Secrets whose shape alone gives them away: app passwords, recovery keys, card numbers, tokens, and what a web address
//! holds before its host.

use super::super::plain::{Plain, is_word};
use super::word::COMMON;

/// A secret that begins there.
pub(super) fn part(text: &Plain, at: usize) -> Option<(usize, usize)> {
    let end = hyphened(text, at).or_else(|| card(text, at)).or_else(|| token(text, at))?;
    Some((at, end))
}

/// The password in `https://user:password@host`, where the `//` ends there.
pub(super) fn in_address(text: &Plain, at: usize) -> Option<(usize, usize)> {
    if !text.ends(at + 1, "://") {
        return None;
    }
    let from = at + 1;
    let end = text.run(from, |c| c.is_ascii_graphic() && !matches!(c, '/' | '?' | '#' | '"' | '<' | '>'));
    let signed = (from..end).rev().find(|place| text.at(*place) == Some('@'))?;
    let colon = (from..signed).find(|place| text.at(*place) == Some(':'))?;
    (colon + 1 < signed).then_some((colon + 1, signed))
}

/// How many groups of four letters or digits stand there, with that sign between them, and where they end.
pub(super) fn groups(text: &Plain, at: usize, sign: char) -> (usize, usize) {
    let (mut count, mut end) = (0, at);
    let mut from = at;
    loop {
        let to = text.run(from, |c| c.is_ascii_alphanumeric());
        if to - from != 4 {
            return (count, end);
        }
        (count, end) = (count + 1, to);
        if text.at(to) != Some(sign) {
            return (count, end);
        }
        from = to + 1;
    }
}

/// How many of the groups of a part are words of the language, and whether there are letters at all.
pub(super) fn common(text: &Plain, from: usize, to: usize) -> (usize, bool) {
    let all = text.text(from, to);
    let words = all.split(|c: char| !c.is_ascii_alphanumeric());
    (words.filter(|word| COMMON.contains(word)).count(), all.contains(|c: char| c.is_ascii_lowercase()))
}

/// An app password as Apple writes them (`abcd-efgh-ijkl-mnop`), or a recovery key (`ABCD-1234-…`).
fn hyphened(text: &Plain, at: usize) -> Option<usize> {
    if matches!(text.before(at), Some('-' | '.' | '/')) {
        return None;
    }
    let (count, end) = groups(text, at, '-');
    let whole = match text.at(end) {
        // a host's name
        Some('.') => !is_word(text.at(end + 1)),
        Some('-') => false,
        next => !is_word(next),
    };
    let (common, letters) = common(text, at, end);
    // `xxxx-xxxx-xxxx-xxxx` says how they are written
    let shown = text.plain[at..end].split(|c| *c == '-').all(|group| group.iter().all(|c| *c == group[0]));
    if shown {
        return None;
    }
    (count >= 4 && whole && letters && common < 2).then_some(end)
}

/// The number of a payment card (ISO/IEC 7812-1): 13 to 19 digits with their check digit, together or in groups.
fn card(text: &Plain, at: usize) -> Option<usize> {
    const GROUPED: [&[usize]; 5] = [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[4, 4, 4, 1]];
    if matches!(text.before(at), Some('-' | '+' | '.' | ':' | '/' | '#')) {
        return None;
    }
    let (mut digits, mut lengths, mut from) = (Vec::new(), Vec::new(), at);
    let end = loop {
        let to = text.run(from, |c| c.is_ascii_digit());
        digits.extend(text.plain[from..to].iter().filter_map(|c| c.to_digit(10)));
        lengths.push(to - from);
        let parted =
            matches!(text.at(to), Some(' ' | '-')) && text.at(to + 1).is_some_and(|c| c.is_ascii_digit());
        if !parted || digits.len() > 19 || lengths.len() > 5 {
            break to;
        }
        from = to + 1;
    };
    let next = text.at(end);
    let cut = is_word(next)
        || matches!(next, Some('-' | ':' | '/' | '@'))
        || next == Some('.') && text.at(end + 1).is_some_and(|c| c.is_ascii_digit());
    // the networks' numbers: no telephone number, no time in milliseconds, no list of years begins like this
    let issued = match digits.get(..4) {
        Some([3..=6, ..]) => true,
        Some([2, b, c, _]) => (22..=27).contains(&(b * 10 + c)),
        _ => false,
    };
    let shape = lengths.len() == 1 || GROUPED.contains(&lengths.as_slice());
    ((13..=19).contains(&digits.len()) && !cut && issued && shape && checks(&digits)).then_some(end)
}

/// Whether the last digit is the check digit of the others (Luhn).
fn checks(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) => double / 10 + double % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A token of OAuth or another service, which begins like no word does.
fn token(text: &Plain, at: usize) -> Option<usize> {
    const BEGINNINGS: [&str; 7] = ["eyj", "ya29.", "ghp_", "xoxb-", "xoxp-", "sk-", "akia"];
    // what Google answers when it refuses a token: {"status":"400…
    if text.starts(at, "eyjzdgf0dxmi") {
        return None;
    }
    BEGINNINGS.iter().find(|beginning| text.starts(at, beginning))?;
    let end = text.run(at, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    let digits = text.plain[at..end].iter().any(char::is_ascii_digit);
    (end - at >= 20 && digits).then_some(end)
}
