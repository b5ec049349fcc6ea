//! Finds phrases in a normalised text: one automaton over all literal pieces, then small sequences over its hits.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::normalize::{STOP, hiragana, is_japanese, normalize};
use crate::knowledge::Forms;

/// Longest distance a `..` spans, in bytes of normalised text.
const GAP: usize = 90;

/// All patterns of the knowledge, ready to be searched at once.
pub(super) struct Patterns {
    automaton: AhoCorasick,
    atoms: Vec<Atom>,
    /// Each pattern: parts that must all match somewhere.
    patterns: Vec<Vec<Vec<Piece>>>,
    /// For each atom the patterns whose first part begins with it.
    starts: Vec<Vec<usize>>,
}

/// Where a pattern matched, in bytes of normalised text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

struct Atom {
    /// The piece ends where a word ends.
    closed: bool,
    /// The piece begins where a word begins.
    opened: bool,
}

#[derive(Clone, Debug)]
struct Piece {
    /// Any of these atoms.
    atoms: Vec<usize>,
    /// Something may stand between the piece before and this one.
    gap: bool,
}

/// Collects patterns before the automaton is built.
#[derive(Default)]
pub(super) struct Builder {
    forms: BTreeMap<(String, bool), usize>,
    words: BTreeMap<String, Vec<usize>>,
    patterns: Vec<Vec<Vec<Piece>>>,
}

impl Builder {
    /// Names a set of forms.
    pub(super) fn word(&mut self, name: &str, forms: &Forms) {
        let atoms: Vec<usize> = forms.en.iter().chain(&forms.ja).flat_map(|form| self.atoms(form)).collect();
        self.words.entry(name.to_owned()).or_default().extend(atoms);
    }

    /// Adds a pattern; its number, or what is wrong with it.
    pub(super) fn pattern(&mut self, source: &str) -> Result<usize, String> {
        let mut parts = Vec::new();
        for part in source.split('&') {
            let mut pieces: Vec<Piece> = Vec::new();
            for (at, stretch) in part.trim().split("..").enumerate() {
                for (index, atoms) in self.stretch(stretch)?.into_iter().enumerate() {
                    pieces.push(Piece { atoms, gap: at > 0 && index == 0 });
                }
            }
            if pieces.is_empty() {
                return Err(format!("the pattern {source:?} is empty"));
            }
            parts.push(pieces);
        }
        self.patterns.push(parts);
        Ok(self.patterns.len() - 1)
    }

    /// Builds the automaton.
    pub(super) fn build(self) -> Patterns {
        let mut texts = vec![String::new(); self.forms.len()];
        let mut atoms: Vec<Atom> = Vec::with_capacity(self.forms.len());
        atoms.resize_with(self.forms.len(), || Atom { closed: true, opened: true });
        for ((text, open_ended), id) in self.forms {
            let word_end = text.chars().next_back().is_some_and(|letter| letter.is_ascii_alphanumeric());
            let word_start = text.chars().next().is_some_and(|letter| letter.is_ascii_alphanumeric());
            atoms[id] = Atom { closed: word_end && !open_ended, opened: word_start };
            texts[id] = text;
        }
        let mut starts = vec![Vec::new(); atoms.len()];
        for (number, parts) in self.patterns.iter().enumerate() {
            for &atom in &parts[0][0].atoms {
                starts[atom].push(number);
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&texts)
            .expect("the knowledge has far fewer pieces than the automaton can hold");
        Patterns { automaton, atoms, patterns: self.patterns, starts }
    }

    /// The atoms of one literal form: itself, and its hiragana spelling where that is safe.
    fn atoms(&mut self, form: &str) -> Vec<usize> {
        let open_ended = form.ends_with('*');
        let text = normalize(form.trim_end_matches('*'));
        if text.is_empty() {
            return Vec::new();
        }
        let mut found = vec![self.atom(text.clone(), open_ended)];
        let folded = hiragana(&text);
        if folded != text && text.chars().filter(|&letter| is_japanese(letter)).count() >= 4 {
            found.push(self.atom(folded, open_ended));
        }
        found
    }

    fn atom(&mut self, text: String, open_ended: bool) -> usize {
        let next = self.forms.len();
        *self.forms.entry((text, open_ended)).or_insert(next)
    }

    /// Literal pieces and word references that stand directly side by side.
    fn stretch(&mut self, stretch: &str) -> Result<Vec<Vec<usize>>, String> {
        let mut pieces = Vec::new();
        let mut rest = stretch;
        while let Some((literal, after)) = rest.split_once('<') {
            let (name, after) =
                after.split_once('>').ok_or_else(|| format!("a `<` without `>` in {stretch:?}"))?;
            pieces.push(self.atoms(literal.trim()));
            let word = self.words.get(name).ok_or_else(|| format!("no word is called {name:?}"))?;
            pieces.push(word.clone());
            rest = after;
        }
        pieces.push(self.atoms(rest.trim()));
        pieces.retain(|atoms| !atoms.is_empty());
        Ok(pieces)
    }
}

impl Patterns {
    /// Where each pattern first matches, by its number.
    pub(super) fn search(&self, text: &str) -> BTreeMap<usize, Span> {
        let hits = self.hits(text);
        let mut matched = BTreeMap::new();
        for &atom in hits.keys() {
            for &number in &self.starts[atom] {
                if matched.contains_key(&number) {
                    continue;
                }
                if let Some(span) = self.matches(&self.patterns[number], text, &hits) {
                    matched.insert(number, span);
                }
            }
        }
        matched
    }

    /// The hits of each atom, in order.
    fn hits(&self, text: &str) -> BTreeMap<usize, Vec<Span>> {
        let mut hits: BTreeMap<usize, Vec<Span>> = BTreeMap::new();
        for found in self.automaton.find_overlapping_iter(text) {
            let atom = found.pattern().as_usize();
            let span = Span { start: found.start(), end: found.end() };
            if self.stands_free(atom, span, text) {
                hits.entry(atom).or_default().push(span);
            }
        }
        hits
    }

    fn stands_free(&self, atom: usize, span: Span, text: &str) -> bool {
        let bytes = text.as_bytes();
        let Atom { closed, opened } = self.atoms[atom];
        let before = span.start.checked_sub(1).is_some_and(|at| bytes[at].is_ascii_alphanumeric());
        let after = bytes.get(span.end).is_some_and(u8::is_ascii_alphanumeric);
        !(opened && before || closed && after)
    }

    /// Every part must match; the span is the first part's.
    fn matches(&self, parts: &[Vec<Piece>], text: &str, hits: &BTreeMap<usize, Vec<Span>>) -> Option<Span> {
        let first = sequence(&parts[0], text, hits)?;
        parts[1..].iter().all(|part| sequence(part, text, hits).is_some()).then_some(first)
    }
}

/// The first place where the pieces follow one another.
fn sequence(pieces: &[Piece], text: &str, hits: &BTreeMap<usize, Vec<Span>>) -> Option<Span> {
    for atom in &pieces[0].atoms {
        for &start in hits.get(atom).map_or(&[][..], Vec::as_slice) {
            if let Some(end) = follow(&pieces[1..], start.end, text, hits) {
                return Some(Span { start: start.start, end });
            }
        }
    }
    None
}

fn follow(pieces: &[Piece], from: usize, text: &str, hits: &BTreeMap<usize, Vec<Span>>) -> Option<usize> {
    let Some(piece) = pieces.first() else { return Some(from) };
    for atom in &piece.atoms {
        for &next in hits.get(atom).map_or(&[][..], Vec::as_slice) {
            let reachable = next.start >= from
                && if piece.gap {
                    next.start - from <= GAP && !text[from..next.start].contains(STOP)
                } else {
                    next.start - from <= 1 && text[from..next.start].trim_matches(' ').is_empty()
                };
            if reachable && let Some(end) = follow(&pieces[1..], next.end, text, hits) {
                return Some(end);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, text: &str) -> bool {
        let mut builder = Builder::default();
        let forms =
            Forms { en: vec!["send".into(), "sending".into()], ja: vec!["送信".into(), "送れ".into()] };
        builder.word("send", &forms);
        let number = builder.pattern(pattern).unwrap();
        builder.build().search(&normalize(text)).contains_key(&number)
    }

    #[test]
    fn literals_match_whole_english_words() {
        assert!(found("send", "I send it"));
        assert!(!found("send", "a sender"));
        assert!(found("send*", "a sender"));
        assert!(found("メール", "Gmailのメールが"));
    }

    #[test]
    fn gaps_stay_inside_a_sentence() {
        assert!(found("cannot .. <send>", "I cannot even send"));
        assert!(!found("cannot .. <send>", "I cannot. So I send."));
        assert!(found("メール..<send>ない", "メールがどうしても送れない"));
        assert!(!found("メール..<send>ない", "メール。送れない"));
    }

    #[test]
    fn both_sides_may_stand_anywhere() {
        assert!(found("<send> & 587", "port 587. it does not send"));
        assert!(!found("<send> & 587", "port 25. it does not send"));
    }

    #[test]
    fn unknown_words_are_told() {
        assert!(Builder::default().pattern("<nothing>").is_err());
    }
}
