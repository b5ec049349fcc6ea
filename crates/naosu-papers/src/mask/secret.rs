//! Passwords, codes, keys and card numbers that somebody wrote down where they do not belong.
//!
//! What a message says about a password ("the password is incorrect") is left alone, and so are codes of errors, versions,
//! ports and dates: a word is a secret when it looks like one and something announces it, or when its shape alone gives it
//! away. A password that is a word of the language cannot be told from what is said about it.

use super::plain::{Plain, is_word};

mod announced;
mod shape;
mod word;

/// What stands in a secret's place.
const STARS: &str = "***";

/// The text with stars for what looks like a secret; masked again it stays as it is.
pub(super) fn masked(text: &str) -> String {
    let mut text = text.to_owned();
    // a mark can make something of its neighbours; each round takes letters or digits away, so there are not many
    loop {
        let found = Plain::new(&text);
        let parts = parts(&found);
        if parts.is_empty() {
            return text;
        }
        text = found.with(parts, |_| STARS.to_owned());
    }
}

/// Where secrets are: places and those behind them.
fn parts(text: &Plain) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(c) = text.at(at) {
        let starts = !c.is_ascii() || !is_word(text.before(at));
        let part = if c == '/' {
            shape::in_address(text, at)
        } else if starts {
            announced::part(text, at).or_else(|| shape::part(text, at))
        } else {
            None
        };
        if let Some((from, to)) = part {
            parts.push((from, to));
            // what announces a secret behind it can be within another announcement
            at = if from == at { to } else { at + 1 };
        } else {
            at += 1;
        }
    }
    parts.extend(announced::codes(text));
    let told = |(from, to): &(usize, usize)| text.chars[*from..*to].iter().any(|c| c.is_alphanumeric());
    parts.retain(told);
    parts
}

#[cfg(test)]
mod tests;
