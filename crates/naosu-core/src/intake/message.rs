//! Finds known messages of clients in a text, whole, in part, or with the placeholders filled in.

use std::collections::BTreeMap;

use super::lists::{Reader, Rows, Texts, Writer, number};
use super::normalize::{STOP, normalize};
use super::pattern::{Builder, Patterns};
use crate::knowledge::{ClientErrors, Problem};

pub(super) mod speaker;

/// Letters per gram.
const GRAM: usize = 4;
/// Share of a message's weight that must be in the text.
const SHARE: f64 = 0.72;
/// Weight (in nats of rarity) at which a match is as strong as it gets.
const STRONG: f64 = 90.0;
/// Cover from which a text quotes a known message, so that it need not be told by other words.
const KNOWN: f64 = 0.6;
/// Strength of a message that is told by the words in it.
const OTHER_WORDS: f64 = 0.7;
/// How much of its sentence such a message counts for.
const OTHER_COVER: f64 = 0.7;
/// A name that stands for a placeholder.
const NAME: &str = "mail.example.com";
/// Codes shorter than this are too common to be looked for alone.
const SHORTEST_CODE: usize = 6;

/// The known messages, indexed by their grams. A message is known by its number.
pub(super) struct Messages {
    /// For each message its client.
    clients: Texts,
    /// For each message its id there.
    ids: Texts,
    /// For each text of a message which message it is.
    variants: Vec<u32>,
    /// For each of these texts the total rarity of its grams, as the bits of an `f64`.
    weights: Vec<u64>,
    /// Every gram once, sorted.
    grams: Vec<u64>,
    /// For each gram the texts that have it.
    having: Rows,
    /// Every code once, sorted.
    codes: Texts,
    /// For each code its messages.
    coded: Rows,
    patterns: Patterns,
    /// For each pattern its message.
    told: Vec<u32>,
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

impl Messages {
    /// Indexes the messages, and tells what cannot be.
    pub(super) fn new(clients: &BTreeMap<String, ClientErrors>) -> (Self, Vec<Problem>) {
        let (mut builder, mut told, mut problems) = (Builder::default(), Vec::new(), Vec::new());
        let (mut names, mut ids) = (Texts::default(), Texts::default());
        let mut variants = Vec::new();
        let mut grams: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        let mut codes: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (client, errors) in clients {
            for (name, forms) in &errors.words {
                builder.word(name, forms);
            }
            for message in &errors.message {
                let at = number(ids.len());
                names.push(client);
                ids.push(&message.id);
                for source in &message.pattern {
                    match builder.pattern(source) {
                        Ok(_) => told.push(at),
                        Err(what) => problems.push(Problem {
                            path: format!("client_errors/{client}.toml"),
                            what: format!("{}: {what}", message.id),
                        }),
                    }
                }
                for text in message.en.iter().chain(&message.ja) {
                    let variant = number(variants.len());
                    for gram in template_grams(text) {
                        let having = grams.entry(gram).or_default();
                        if having.last() != Some(&variant) {
                            having.push(variant);
                        }
                    }
                    variants.push(at);
                }
                for code in &message.code {
                    let code = normalize(code);
                    let code = bare_code(&code);
                    if code.len() >= SHORTEST_CODE {
                        codes.entry(code.to_owned()).or_default().push(at);
                    }
                }
            }
        }
        let mut weights = vec![0.0; variants.len()];
        for having in grams.values() {
            for &variant in having {
                weights[variant as usize] += rarity(having.len(), variants.len());
            }
        }
        let messages = Self {
            clients: names,
            ids,
            variants,
            weights: weights.into_iter().map(f64::to_bits).collect(),
            grams: grams.keys().copied().collect(),
            having: grams.into_values().collect(),
            codes: codes.keys().map(String::as_str).collect(),
            coded: codes.into_values().collect(),
            patterns: builder.build(),
            told,
        };
        (messages, problems)
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        self.clients.write(writer);
        self.ids.write(writer);
        writer.numbers(&self.variants);
        writer.long_numbers(&self.weights);
        writer.long_numbers(&self.grams);
        self.having.write(writer);
        self.codes.write(writer);
        self.coded.write(writer);
        self.patterns.write(writer);
        writer.numbers(&self.told);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            clients: Texts::read(reader),
            ids: Texts::read(reader),
            variants: reader.numbers(),
            weights: reader.long_numbers(),
            grams: reader.long_numbers(),
            having: Rows::read(reader),
            codes: Texts::read(reader),
            coded: Rows::read(reader),
            patterns: Patterns::read(reader),
            told: reader.numbers(),
        }
    }

    /// The messages in a normalised text, strongest first.
    pub(super) fn search(&self, text: &str) -> Vec<Hit> {
        // by client and id: a client may have one id twice
        let mut found: BTreeMap<(&str, &str), (f64, f64)> = BTreeMap::new();
        let message = speaker::message(text);
        for (variant, share, cover) in self.shares(text, message.as_deref().unwrap_or(text)) {
            let strength = (self.weight(variant) / STRONG).min(1.0).sqrt() * share;
            let best = found.entry(self.name(self.variants[variant])).or_default();
            *best = (best.0.max(strength), best.1.max(cover * share));
        }
        for token in text.split([' ', STOP]) {
            for part in token.split(|letter: char| !letter.is_ascii_alphanumeric()) {
                for &message in self.coded_as(bare_code(part)) {
                    found.entry(self.name(message)).or_default().0 = 1.0;
                }
            }
        }
        let known = found.values().any(|&(strength, cover)| strength >= 1.0 || cover >= KNOWN);
        if !known && let Some((told, cover)) = message.and_then(|message| self.in_other_words(&message)) {
            found.insert(self.name(told), (OTHER_WORDS, cover));
        }
        let mut hits: Vec<Hit> = found
            .into_iter()
            .map(|((client, id), (strength, cover))| Hit {
                client: client.to_owned(),
                id: id.to_owned(),
                strength,
                cover,
            })
            .collect();
        hits.sort_by(|a, b| b.strength.total_cmp(&a.strength));
        hits
    }

    /// The client and the id of a message.
    fn name(&self, message: u32) -> (&str, &str) {
        (self.clients.get(message as usize), self.ids.get(message as usize))
    }

    fn weight(&self, variant: usize) -> f64 {
        f64::from_bits(self.weights[variant])
    }

    /// The messages that have the code.
    fn coded_as(&self, code: &str) -> &[u32] {
        self.codes.find(code).map_or(&[], |at| self.coded.row(at))
    }

    /// The first message whose pattern is in the text, with its cover.
    fn in_other_words(&self, text: &str) -> Option<(u32, f64)> {
        let (number, span) = self.patterns.search(text).into_iter().next()?;
        let start = text[..span.start].rfind(STOP).map_or(0, |at| at + STOP.len_utf8());
        let end = text[span.end..].find(STOP).map_or(text.len(), |at| span.end + at);
        #[expect(clippy::cast_precision_loss, reason = "a text has few letters")]
        let share = (end - start) as f64 / text.len() as f64;
        Some((self.told[number], share * OTHER_COVER))
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
            let Ok(at) = self.grams.binary_search(&gram) else { continue };
            let having = self.having.row(at);
            let weight = rarity(having.len(), self.variants.len());
            for &variant in having {
                let sums = inside.entry(variant).or_default();
                *sums = (sums.0 + weight, sums.1 + 1.0);
            }
        }
        inside
            .into_iter()
            .filter_map(|(variant, (weight, grams))| {
                let variant = variant as usize;
                let share = weight / self.weight(variant);
                (share >= SHARE).then_some((variant, share, (grams / all).min(1.0)))
            })
            .collect()
    }
}

/// How much a gram tells that so many of the texts have.
fn rarity(having: usize, texts: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred messages")]
    let (all, some) = (texts as f64, having as f64);
    0.2 + (1.0 + all / some.max(1.0)).ln()
}

/// A message as it is shown: without its placeholders, and with names and numbers in their place.
#[allow(dead_code, reason = "build.rs does not learn")]
pub(super) fn shown(text: &str) -> Vec<String> {
    let parts = literals(text);
    let with = |values: [&str; 2]| {
        let mut shown = parts[0].to_owned();
        for (part, value) in parts[1..].iter().zip(values.iter().cycle()) {
            shown.extend([*value, *part]);
        }
        shown
    };
    let name_and_number = [NAME, "993"];
    let mut all = vec![with([" "; 2]), with(name_and_number), with([name_and_number[1], name_and_number[0]])];
    all.dedup();
    all
}

/// Codes are written with and without `0x`.
fn bare_code(code: &str) -> &str {
    code.trim_start_matches("0x")
}

/// The grams of a template, placeholders left out; a literal too short for one counts only where there is nothing else.
fn template_grams(text: &str) -> Vec<u64> {
    let literals: Vec<Vec<char>> =
        literals(text).iter().map(|literal| letters(&normalize(literal))).collect();
    let short = literals.iter().all(|literal| literal.len() < GRAM);
    let told = literals.iter().filter(|literal| short || literal.len() >= GRAM);
    told.flat_map(|literal| grams(literal)).collect()
}

/// A text with a name for every placeholder, as a screen would show it to those who copy a message from a program's own files.
pub(super) fn filled(text: &str) -> String {
    literals(text).join(NAME)
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
