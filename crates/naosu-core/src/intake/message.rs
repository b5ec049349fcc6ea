//! Finds known messages of clients in a text, whole, in part, or with the placeholders filled in.

use std::collections::BTreeMap;

use super::normalize::{STOP, normalize};
use crate::knowledge::ClientErrors;

/// Letters per gram.
const GRAM: usize = 4;
/// Share of a message's weight that must be in the text.
const SHARE: f64 = 0.72;
/// Weight (in nats of rarity) at which a match is as strong as it gets.
const STRONG: f64 = 90.0;
/// Codes shorter than this are too common to be looked for alone.
const SHORTEST_CODE: usize = 6;

/// The known messages, indexed by their grams.
pub(super) struct Messages {
    variants: Vec<Variant>,
    /// Gram, variant; sorted.
    grams: Vec<(u64, u32)>,
    codes: BTreeMap<String, Vec<(String, String)>>,
}

/// A message found in the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hit {
    pub(super) client: String,
    pub(super) id: String,
    /// 0 to 1: how much of a distinctive text was there.
    pub(super) strength: f64,
    /// 0 to 1: how much of what the person wrote is the message.
    pub(super) cover: f64,
}

struct Variant {
    client: String,
    id: String,
    weight: f64,
}

impl Messages {
    pub(super) fn new(clients: &BTreeMap<String, ClientErrors>) -> Self {
        let mut variants = Vec::new();
        let mut grams = Vec::new();
        let mut codes: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for (client, errors) in clients {
            for message in &errors.message {
                for text in message.en.iter().chain(&message.ja) {
                    let number = u32::try_from(variants.len()).expect("far fewer messages than that");
                    grams.extend(template_grams(text).into_iter().map(|gram| (gram, number)));
                    variants.push(Variant { client: client.clone(), id: message.id.clone(), weight: 0.0 });
                }
                for code in &message.code {
                    let code = bare_code(&normalize(code));
                    if code.len() >= SHORTEST_CODE {
                        codes.entry(code).or_default().push((client.clone(), message.id.clone()));
                    }
                }
            }
        }
        grams.sort_unstable();
        grams.dedup();
        let mut messages = Self { variants, grams, codes };
        messages.weigh();
        messages
    }

    /// The messages in a normalised text, strongest first.
    pub(super) fn search(&self, text: &str) -> Vec<Hit> {
        let mut found: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
        for (variant, share, cover) in self.shares(text) {
            let Variant { client, id, weight } = &self.variants[variant];
            let strength = (weight / STRONG).min(1.0).sqrt() * share;
            let best = found.entry((client.clone(), id.clone())).or_default();
            *best = (best.0.max(strength), best.1.max(cover * share));
        }
        for token in text.split([' ', STOP]) {
            for part in token.split(|letter: char| !letter.is_ascii_alphanumeric()) {
                for (client, id) in self.codes.get(&bare_code(part)).into_iter().flatten() {
                    found.entry((client.clone(), id.clone())).or_default().0 = 1.0;
                }
            }
        }
        let mut hits: Vec<Hit> = found
            .into_iter()
            .map(|((client, id), (strength, cover))| Hit { client, id, strength, cover })
            .collect();
        hits.sort_by(|a, b| b.strength.total_cmp(&a.strength));
        hits
    }

    /// The variants of which enough is in the text, with the share that is, and the share of the text they are.
    fn shares(&self, text: &str) -> Vec<(usize, f64, f64)> {
        let mut inside: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        let mut seen = text_grams(text);
        seen.sort_unstable();
        seen.dedup();
        #[expect(clippy::cast_precision_loss, reason = "a text has few grams")]
        let all = text_grams(&nameless(text)).len().max(1) as f64;
        for gram in seen {
            let from = self.grams.partition_point(|&(other, _)| other < gram);
            let to = from + self.grams[from..].partition_point(|&(other, _)| other == gram);
            let weight = self.rarity(to - from);
            for &(_, variant) in &self.grams[from..to] {
                let sums = inside.entry(variant).or_default();
                *sums = (sums.0 + weight, sums.1 + 1.0);
            }
        }
        inside
            .into_iter()
            .filter_map(|(variant, (weight, grams))| {
                let variant = variant as usize;
                let share = weight / self.variants[variant].weight;
                (share >= SHARE).then_some((variant, share, (grams / all).min(1.0)))
            })
            .collect()
    }

    /// The total rarity of every variant's grams.
    fn weigh(&mut self) {
        let mut from = 0;
        while from < self.grams.len() {
            let gram = self.grams[from].0;
            let to = from + self.grams[from..].partition_point(|&(other, _)| other == gram);
            let weight = self.rarity(to - from);
            for &(_, variant) in &self.grams[from..to] {
                self.variants[variant as usize].weight += weight;
            }
            from = to;
        }
    }

    fn rarity(&self, messages: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred messages")]
        let (all, some) = (self.variants.len() as f64, messages as f64);
        0.2 + (1.0 + all / some.max(1.0)).ln()
    }
}

/// Codes are written with and without `0x`.
fn bare_code(code: &str) -> String {
    code.trim_start_matches("0x").to_owned()
}

/// The grams of a template, placeholders left out.
fn template_grams(text: &str) -> Vec<u64> {
    literals(text).iter().flat_map(|literal| text_grams(&normalize(literal))).collect()
}

/// The parts of a template between its placeholders.
fn literals(template: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = template.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '%' {
            while letters.peek().is_some_and(|next| next.is_ascii_digit() || *next == '$') {
                letters.next();
            }
            if letters.peek().is_some_and(|next| matches!(next, '@' | 'S' | 's' | 'd' | 'i' | 'u')) {
                letters.next();
                parts.push(String::new());
            }
        } else if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts
}

/// The text without host names, addresses and numbers: what placeholders stand for.
fn nameless(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut word = String::new();
    for letter in text.chars().chain([STOP]) {
        if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '@' | '-' | '_') {
            word.push(letter);
            continue;
        }
        if !word.contains(['.', '@']) && word.contains(|letter: char| letter.is_ascii_alphabetic()) {
            kept.push_str(&word);
        }
        word.clear();
        kept.push(letter);
    }
    kept
}

/// Overlapping runs of letters, spaces and sentence ends left out.
fn text_grams(text: &str) -> Vec<u64> {
    let letters: Vec<char> =
        text.chars().filter(|letter| letter.is_alphanumeric() || *letter == 'ー').collect();
    letters.windows(GRAM.min(letters.len().max(1))).map(hash).collect()
}

/// FNV-1a: the same on every machine.
fn hash(letters: &[char]) -> u64 {
    letters.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &letter| {
        (hash ^ u64::from(u32::from(letter))).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_left_out() {
        assert_eq!(literals("to %1$S on %d."), ["to ", " on ", "."]);
        assert_eq!(literals("100 % sure"), ["100  sure"]);
    }
}
