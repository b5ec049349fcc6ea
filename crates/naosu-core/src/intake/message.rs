//! Finds known messages of clients in a text, whole, in part, or with the placeholders filled in.

use std::collections::BTreeMap;

use super::normalize::{STOP, normalize};
use super::pattern::{Builder, Patterns};
use crate::knowledge::{ClientErrors, Problem};

mod speaker;

/// Letters per gram.
const GRAM: usize = 4;
/// Share of a message's weight that must be in the text.
const SHARE: f64 = 0.72;
/// Weight (in nats of rarity) at which a match is as strong as it gets.
const STRONG: f64 = 90.0;
/// Share from which a message counts as quoted word for word.
const VERBATIM: f64 = 0.95;
/// Weight at which a message quoted word for word is so long that nobody wrote it by chance.
const QUOTED: f64 = 110.0;
/// How much of the text such a message counts for at least, whatever is written around it.
const MOST: f64 = 0.8;
/// Cover from which a text quotes a known message, so that it need not be told by other words.
const KNOWN: f64 = 0.6;
/// Strength of a message that is told by the words in it.
const OTHER_WORDS: f64 = 0.7;
/// How much of its sentence such a message counts for.
const OTHER_COVER: f64 = 0.7;
/// Codes shorter than this are too common to be looked for alone.
const SHORTEST_CODE: usize = 6;

/// The known messages, indexed by their grams.
pub(super) struct Messages {
    variants: Vec<Variant>,
    /// Gram, variant; sorted.
    grams: Vec<(u64, u32)>,
    codes: BTreeMap<String, Vec<(String, String)>>,
    patterns: Patterns,
    /// For each pattern the client and the id of its message.
    told: Vec<(String, String)>,
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
    /// Indexes the messages, and tells what cannot be.
    pub(super) fn new(clients: &BTreeMap<String, ClientErrors>) -> (Self, Vec<Problem>) {
        let (mut builder, mut told, mut problems) = (Builder::default(), Vec::new(), Vec::new());
        let mut variants = Vec::new();
        let mut grams = Vec::new();
        let mut codes: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for (client, errors) in clients {
            for (name, forms) in &errors.words {
                builder.word(name, forms);
            }
            for message in &errors.message {
                for source in &message.pattern {
                    match builder.pattern(source) {
                        Ok(_) => told.push((client.clone(), message.id.clone())),
                        Err(what) => problems.push(Problem {
                            path: format!("client_errors/{client}.toml"),
                            what: format!("{}: {what}", message.id),
                        }),
                    }
                }
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
        let mut messages = Self { variants, grams, codes, patterns: builder.build(), told };
        messages.weigh();
        (messages, problems)
    }

    /// The messages in a normalised text, strongest first.
    pub(super) fn search(&self, text: &str) -> Vec<Hit> {
        let mut found: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
        let message = speaker::message(text);
        for (variant, share, cover) in self.shares(text, message.as_deref().unwrap_or(text)) {
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
        let known = found.values().any(|&(strength, cover)| strength >= 1.0 || cover >= KNOWN);
        if !known {
            found.extend(message.and_then(|message| self.in_other_words(&message)));
        }
        let mut hits: Vec<Hit> = found
            .into_iter()
            .map(|((client, id), (strength, cover))| Hit { client, id, strength, cover })
            .collect();
        hits.sort_by(|a, b| b.strength.total_cmp(&a.strength));
        hits
    }

    /// The first message whose pattern is in the text, with its strength and cover.
    fn in_other_words(&self, text: &str) -> Option<((String, String), (f64, f64))> {
        let (number, span) = self.patterns.search(text).into_iter().next()?;
        let start = text[..span.start].rfind(STOP).map_or(0, |at| at + STOP.len_utf8());
        let end = text[span.end..].find(STOP).map_or(text.len(), |at| span.end + at);
        #[expect(clippy::cast_precision_loss, reason = "a text has few letters")]
        let share = (end - start) as f64 / text.len() as f64;
        Some((self.told[number].clone(), (OTHER_WORDS, share * OTHER_COVER)))
    }

    /// The variants of which enough is in the text, with the share that is, and the share of the message they are.
    fn shares(&self, text: &str, message: &str) -> Vec<(usize, f64, f64)> {
        let mut inside: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        let mut seen = text_grams(text);
        seen.sort_unstable();
        seen.dedup();
        #[expect(clippy::cast_precision_loss, reason = "a text has few grams")]
        let all = text_grams(&nameless(message)).len().max(1) as f64;
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
                let quoted = if share >= VERBATIM { (weight / QUOTED).min(1.0) * MOST } else { 0.0 };
                (share >= SHARE).then_some((variant, share, (grams / all).min(1.0).max(quoted)))
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

/// The grams of a template, placeholders left out; a literal too short for one counts only where there is nothing else.
fn template_grams(text: &str) -> Vec<u64> {
    let literals: Vec<Vec<char>> =
        literals(text).iter().map(|literal| letters(&normalize(literal))).collect();
    let short = literals.iter().all(|literal| literal.len() < GRAM);
    let told = literals.iter().filter(|literal| short || literal.len() >= GRAM);
    told.flat_map(|literal| grams(literal)).collect()
}

/// The parts of a template between its placeholders: `%@`, `%S`, `%1$S`, `%.200s`, `%1`, `{0}`, `{ $name }`, `$name`.
fn literals(template: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < template.len() {
        match placeholder(&template[at..]) {
            0 => at += template[at..].chars().next().map_or(1, char::len_utf8),
            length => {
                parts.push(&template[start..at]);
                at += length;
                start = at;
            }
        }
    }
    parts.push(&template[start..]);
    parts
}

/// How long the placeholder is that the text begins with, in bytes; 0 when it begins with none.
fn placeholder(text: &str) -> usize {
    let run = |from: usize, wanted: fn(char) -> bool| {
        text[from..].find(|letter| !wanted(letter)).unwrap_or(text.len() - from)
    };
    let word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    match text.as_bytes() {
        [b'%', ..] => {
            let digits = 1 + run(1, |letter| letter.is_ascii_digit() || matches!(letter, '$' | '.'));
            let kind = text[digits..].starts_with(['@', 'S', 's', 'd', 'i', 'u', 'c', 'C']);
            if kind { digits + 1 } else { usize::from(digits > 1) * digits }
        }
        [b'$', next, ..] if next.is_ascii_alphabetic() => 1 + run(1, word),
        [b'{', ..] => {
            let name = 1 + run(1, |letter| matches!(letter, ' ' | '$'));
            let after = name + run(name, word);
            let end = after + run(after, |letter| letter == ' ');
            if after > name && text[end..].starts_with('}') { end + 1 } else { 0 }
        }
        _ => 0,
    }
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
    grams(&letters(text))
}

fn letters(text: &str) -> Vec<char> {
    text.chars().filter(|letter| letter.is_alphanumeric() || *letter == 'ー').collect()
}

fn grams(letters: &[char]) -> Vec<u64> {
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
        assert_eq!(literals("100 % sure"), ["100 % sure"]);
        assert_eq!(literals("%1 failed, %.200S: { $error }"), ["", " failed, ", ": ", ""]);
        assert_eq!(literals("宛先 $to を{0}、{id}で"), ["宛先 ", " を", "、", "で"]);
        assert_eq!(literals("a {two words} $5 50%"), ["a {two words} $5 50%"]);
    }
}
