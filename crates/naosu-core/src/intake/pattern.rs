//! Finds phrases in a normalised text: all literal pieces in one sorted list, then small sequences over its hits.
//!
//! The list is searched at every letter of the text. An automaton would find the pieces of a long text sooner, but
//! building one takes longer than most people's words take to search.

use std::collections::BTreeMap;

use super::normalize::{STOP, hiragana, is_japanese, normalize};
use crate::knowledge::Forms;

/// Longest distance a `..` spans, in bytes of normalised text.
const GAP: usize = 90;
/// Longest distance a `~` spans.
const NEAR: usize = 36;

/// All patterns of the knowledge, ready to be searched at once.
pub(super) struct Patterns {
    /// The texts of the atoms with their numbers, sorted by their bytes.
    sorted: Vec<(String, usize)>,
    atoms: Vec<Atom>,
    /// For each atom the sets it belongs to.
    sets: Vec<Vec<usize>>,
    /// Each pattern: parts that must all match somewhere.
    patterns: Vec<Vec<Vec<Piece>>>,
    /// For each set of atoms the patterns whose first part begins with it.
    starts: Vec<Vec<usize>>,
}

/// Where a pattern matched, in bytes of normalised text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Copy, Default)]
struct Atom {
    /// The piece ends where a word ends.
    closed: bool,
    /// The piece begins where a word begins.
    opened: bool,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Any atom of this set.
    set: usize,
    /// How many bytes may stand between the piece before and this one.
    gap: usize,
}

/// Collects patterns before they are searched for.
#[derive(Default)]
pub(super) struct Builder {
    atoms: BTreeMap<(String, bool), usize>,
    sets: BTreeMap<Vec<usize>, usize>,
    words: BTreeMap<String, usize>,
    patterns: Vec<Vec<Vec<Piece>>>,
}

impl Builder {
    /// Names a set of forms.
    pub(super) fn word(&mut self, name: &str, forms: &Forms) {
        let mut atoms: Vec<usize> =
            forms.en.iter().chain(&forms.ja).flat_map(|form| self.atoms(form)).collect();
        atoms.sort_unstable();
        atoms.dedup();
        let set = self.set(atoms);
        self.words.insert(name.to_owned(), set);
    }

    /// Adds a pattern; its number, or what is wrong with it.
    pub(super) fn pattern(&mut self, source: &str) -> Result<usize, String> {
        let mut parts = Vec::new();
        for part in source.split('&') {
            let mut pieces: Vec<Piece> = Vec::new();
            for far in part.trim().split("..") {
                for (at, stretch) in far.split('~').enumerate() {
                    let gap = if at == 0 { GAP } else { NEAR };
                    for (index, set) in self.stretch(stretch)?.into_iter().enumerate() {
                        pieces.push(Piece { set, gap: if index == 0 { gap } else { 0 } });
                    }
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

    /// Makes what was collected searchable.
    pub(super) fn build(self) -> Patterns {
        let mut sorted = Vec::with_capacity(self.atoms.len());
        let mut atoms = vec![Atom::default(); self.atoms.len()];
        for ((text, open_ended), id) in self.atoms {
            let word_end = text.chars().next_back().is_some_and(|letter| letter.is_ascii_alphanumeric());
            let word_start = text.chars().next().is_some_and(|letter| letter.is_ascii_alphanumeric());
            atoms[id] = Atom { closed: word_end && !open_ended, opened: word_start };
            sorted.push((text, id));
        }
        let mut sets = vec![Vec::new(); atoms.len()];
        for (members, &set) in &self.sets {
            for &atom in members {
                sets[atom].push(set);
            }
        }
        let mut starts = vec![Vec::new(); self.sets.len()];
        for (number, parts) in self.patterns.iter().enumerate() {
            starts[parts[0][0].set].push(number);
        }
        Patterns { sorted, atoms, sets, patterns: self.patterns, starts }
    }

    /// The atoms of one literal form: itself, and its hiragana spelling where that is safe.
    fn atoms(&mut self, form: &str) -> Vec<usize> {
        let open_ended = form.ends_with('*');
        let text = normalize(form.trim_end_matches('*'));
        if text.is_empty() {
            return Vec::new();
        }
        let folded = hiragana(&text);
        let safe = folded != text && text.chars().filter(|&letter| is_japanese(letter)).count() >= 4;
        let mut found = vec![self.atom(text, open_ended)];
        if safe {
            found.push(self.atom(folded, open_ended));
        }
        found
    }

    fn atom(&mut self, text: String, open_ended: bool) -> usize {
        let next = self.atoms.len();
        *self.atoms.entry((text, open_ended)).or_insert(next)
    }

    fn set(&mut self, atoms: Vec<usize>) -> usize {
        let next = self.sets.len();
        *self.sets.entry(atoms).or_insert(next)
    }

    /// Literal pieces and word references that stand directly side by side.
    fn stretch(&mut self, stretch: &str) -> Result<Vec<usize>, String> {
        let mut pieces = Vec::new();
        let mut rest = stretch;
        while let Some((literal, after)) = rest.split_once('<') {
            let (name, after) =
                after.split_once('>').ok_or_else(|| format!("a `<` without `>` in {stretch:?}"))?;
            pieces.extend(self.literal(literal));
            pieces.push(*self.words.get(name).ok_or_else(|| format!("no word is called {name:?}"))?);
            rest = after;
        }
        pieces.extend(self.literal(rest));
        Ok(pieces)
    }

    fn literal(&mut self, literal: &str) -> Option<usize> {
        let atoms = self.atoms(literal.trim());
        (!atoms.is_empty()).then(|| self.set(atoms))
    }
}

impl Patterns {
    /// Where each pattern first matches, by its number.
    pub(super) fn search(&self, text: &str) -> BTreeMap<usize, Span> {
        let (hits, present) = self.hits(text);
        let mut matched = BTreeMap::new();
        for set in present {
            for &number in &self.starts[set] {
                if let Some(span) = matches(&self.patterns[number], text, &hits) {
                    matched.insert(number, span);
                }
            }
        }
        matched
    }

    /// The hits of each set in order, and the sets that have any.
    fn hits(&self, text: &str) -> (Vec<Vec<Span>>, Vec<usize>) {
        let mut hits: Vec<Vec<Span>> = vec![Vec::new(); self.starts.len()];
        let mut present = Vec::new();
        for (start, _) in text.char_indices() {
            self.beginnings(text, start, |atom, end| {
                let span = Span { start, end };
                if self.stands_free(atom, span, text) {
                    for &set in &self.sets[atom] {
                        if hits[set].is_empty() {
                            present.push(set);
                        }
                        hits[set].push(span);
                    }
                }
            });
        }
        (hits, present)
    }

    /// The atoms that the text has from there on, with where each ends.
    fn beginnings(&self, text: &str, start: usize, mut found: impl FnMut(usize, usize)) {
        let mut rest = &self.sorted[..];
        for (depth, &byte) in text.as_bytes()[start..].iter().enumerate() {
            // all of the rest begin alike up to here, and go on with some byte
            let from = rest.partition_point(|(atom, _)| atom.as_bytes()[depth] < byte);
            let to = from + rest[from..].partition_point(|(atom, _)| atom.as_bytes()[depth] == byte);
            rest = &rest[from..to];
            while let Some(((atom, number), longer)) = rest.split_first()
                && atom.len() == depth + 1
            {
                found(*number, start + depth + 1);
                rest = longer;
            }
            if rest.is_empty() {
                break;
            }
        }
    }

    fn stands_free(&self, atom: usize, span: Span, text: &str) -> bool {
        let bytes = text.as_bytes();
        let Atom { closed, opened } = self.atoms[atom];
        let before = span.start.checked_sub(1).is_some_and(|at| bytes[at].is_ascii_alphanumeric());
        let after = bytes.get(span.end).is_some_and(u8::is_ascii_alphanumeric);
        !(opened && before || closed && after)
    }
}

/// Every part must match; the span is the first part's.
fn matches(parts: &[Vec<Piece>], text: &str, hits: &[Vec<Span>]) -> Option<Span> {
    if parts.iter().flatten().any(|piece| hits[piece.set].is_empty()) {
        return None;
    }
    let first = sequence(&parts[0], text, hits)?;
    parts[1..].iter().all(|part| sequence(part, text, hits).is_some()).then_some(first)
}

/// The first place where the pieces follow one another.
fn sequence(pieces: &[Piece], text: &str, hits: &[Vec<Span>]) -> Option<Span> {
    hits[pieces[0].set].iter().find_map(|start| {
        follow(&pieces[1..], start.end, text, hits).map(|end| Span { start: start.start, end })
    })
}

fn follow(pieces: &[Piece], from: usize, text: &str, hits: &[Vec<Span>]) -> Option<usize> {
    let Some(piece) = pieces.first() else { return Some(from) };
    hits[piece.set].iter().find_map(|next| {
        let reachable = next.start >= from
            && if piece.gap > 0 {
                next.start - from <= piece.gap && !text[from..next.start].contains(STOP)
            } else {
                next.start - from <= 1 && text[from..next.start].trim_matches(' ').is_empty()
            };
        if reachable { follow(&pieces[1..], next.end, text, hits) } else { None }
    })
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
    fn near_is_nearer() {
        assert!(found("cannot ~ <send>", "I cannot even send"));
        assert!(!found("cannot ~ <send>", "I cannot tell you how much I would like it to send"));
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
