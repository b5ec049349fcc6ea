//! Finds phrases in a normalised text: all literal pieces in one sorted list, then small sequences over its hits.
//!
//! The list is searched at every letter of the text. An automaton would find the pieces of a long text sooner, but
//! building one takes longer than most people's words take to search.

use std::collections::BTreeMap;

use super::lists::{Reader, Rows, Texts, Writer, first, number};
use super::normalize::{STOP, hiragana, is_japanese, normalize};
use crate::knowledge::Forms;

/// Longest distance a `..` spans, in bytes of normalised text.
const GAP: usize = 90;
/// Longest distance a `~` spans.
const NEAR: usize = 36;

/// All patterns of the knowledge, ready to be searched at once.
pub(super) struct Patterns {
    /// The texts of the atoms, sorted by their bytes.
    atoms: Texts,
    /// For each atom whether the word may go on behind it.
    open_ended: Vec<u32>,
    /// For each atom the sets it belongs to.
    sets: Rows,
    /// The pieces of each part.
    parts: Rows,
    /// For each pattern where its parts end; all of them must match somewhere.
    ends: Vec<u32>,
    /// For each set of atoms the patterns whose first part begins with it.
    starts: Rows,
}

/// Where a pattern matched, in bytes of normalised text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Any atom of this set.
    set: usize,
    /// How many bytes may stand between the piece before and this one.
    gap: usize,
}

impl Piece {
    /// As it is kept: the gap in the lowest byte.
    fn pack(self) -> u32 {
        number(self.set << 8 | self.gap)
    }

    fn unpack(packed: u32) -> Self {
        Self { set: (packed >> 8) as usize, gap: (packed & 0xff) as usize }
    }
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
        let mut members = vec![Vec::new(); self.atoms.len()];
        for (atoms, &set) in &self.sets {
            for &atom in atoms {
                members[atom].push(number(set));
            }
        }
        let (mut atoms, mut open_ended, mut sets) = (Texts::default(), Vec::new(), Rows::default());
        for ((text, open), id) in self.atoms {
            atoms.push(&text);
            open_ended.push(u32::from(open));
            sets.push(std::mem::take(&mut members[id]));
        }
        let mut starts = vec![Vec::new(); self.sets.len()];
        let (mut parts, mut ends) = (Rows::default(), Vec::new());
        for (at, pattern) in self.patterns.iter().enumerate() {
            starts[pattern[0][0].set].push(number(at));
            for pieces in pattern {
                parts.push(pieces.iter().map(|piece| piece.pack()));
            }
            ends.push(number(parts.len()));
        }
        Patterns { atoms, open_ended, sets, parts, ends, starts: starts.into_iter().collect() }
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
    pub(super) fn write(&self, writer: &mut Writer) {
        self.atoms.write(writer);
        writer.numbers(&self.open_ended);
        self.sets.write(writer);
        self.parts.write(writer);
        writer.numbers(&self.ends);
        self.starts.write(writer);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            atoms: Texts::read(reader),
            open_ended: reader.numbers(),
            sets: Rows::read(reader),
            parts: Rows::read(reader),
            ends: reader.numbers(),
            starts: Rows::read(reader),
        }
    }

    /// Where each pattern first matches, by its number.
    pub(super) fn search(&self, text: &str) -> BTreeMap<usize, Span> {
        let (hits, present) = self.hits(text);
        let mut matched = BTreeMap::new();
        for set in present {
            for &pattern in self.starts.row(set) {
                let pattern = pattern as usize;
                if let Some(span) = self.matches(pattern, text, &hits) {
                    matched.insert(pattern, span);
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
                    for &set in self.sets.row(atom) {
                        let set = set as usize;
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
        let (mut from, mut to) = (0, self.atoms.len());
        for (depth, &byte) in text.as_bytes()[start..].iter().enumerate() {
            // all of the rest begin alike up to here, and go on with some byte
            let next = |atom: usize| self.atoms.get(atom).as_bytes()[depth];
            from = first(from, to, |atom| next(atom) >= byte);
            to = first(from, to, |atom| next(atom) > byte);
            while from < to && self.atoms.get(from).len() == depth + 1 {
                found(from, start + depth + 1);
                from += 1;
            }
            if from == to {
                break;
            }
        }
    }

    /// Whether an English atom begins and ends where a word does.
    fn stands_free(&self, atom: usize, span: Span, text: &str) -> bool {
        let bytes = text.as_bytes();
        let letter =
            |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        let goes_before = letter(Some(span.start)) && letter(span.start.checked_sub(1));
        let goes_on = letter(span.end.checked_sub(1)) && letter(Some(span.end));
        !(goes_before || goes_on && self.open_ended[atom] == 0)
    }

    /// Every part must match; the span is the first part's.
    fn matches(&self, pattern: usize, text: &str, hits: &[Vec<Span>]) -> Option<Span> {
        let from = pattern.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        let parts = from..self.ends[pattern] as usize;
        let absent = |&piece: &u32| hits[Piece::unpack(piece).set].is_empty();
        if parts.clone().any(|part| self.parts.row(part).iter().any(absent)) {
            return None;
        }
        let mut spans = parts.map(|part| sequence(self.parts.row(part), text, hits));
        let first = spans.next()??;
        spans.all(|span| span.is_some()).then_some(first)
    }
}

/// The first place where the pieces follow one another.
fn sequence(pieces: &[u32], text: &str, hits: &[Vec<Span>]) -> Option<Span> {
    hits[Piece::unpack(pieces[0]).set].iter().find_map(|start| {
        follow(&pieces[1..], start.end, text, hits).map(|end| Span { start: start.start, end })
    })
}

fn follow(pieces: &[u32], from: usize, text: &str, hits: &[Vec<Span>]) -> Option<usize> {
    let Some((&piece, rest)) = pieces.split_first() else { return Some(from) };
    let Piece { set, gap } = Piece::unpack(piece);
    hits[set].iter().find_map(|next| {
        let reachable = next.start >= from
            && if gap > 0 {
                next.start - from <= gap && !text[from..next.start].contains(STOP)
            } else {
                next.start - from <= 1 && text[from..next.start].trim_matches(' ').is_empty()
            };
        if reachable { follow(rest, next.end, text, hits) } else { None }
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
