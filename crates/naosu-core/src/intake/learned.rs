//! What the words of the complaints in `knowledge/corpus` say beside the phrases: a small naive Bayes model.
//!
//! It counts in how many complaints of each symptom a word, a pair of words or a run of two or three Japanese letters
//! stands, smooths the counts towards "says nothing", and adds a little of the sum to the symptoms. It helps where no
//! phrase matches. It is kept to symptoms because that is where cross-validation shows a gain; for causes it shows a
//! loss (`naosu knowledge score` prints both).

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::normalize::{STOP, is_japanese, normalize};

/// Complaints that the smoothing counts as saying nothing.
const SMOOTHING: f64 = 3.0;
/// What one piece of text can add at most, in nats.
const CAP: f64 = 1.5;
/// Share of the sum that is added: the largest that cost nothing on complaints of another style.
const SHARE: f64 = 0.1;
/// A piece that fewer complaints hold is left out.
const RARE: u32 = 2;
/// Pieces of one text that are looked up.
const PIECES: usize = 400;
/// Characters of a text that are cut into pieces.
const LETTERS: usize = 2_000;

/// Counts by piece of text and symptom.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    /// Symptoms with the number of their complaints, in the order that `rows` refer to.
    labels: Vec<(String, u32)>,
    /// The rows as text, sorted by piece.
    text: String,
    /// Where the rows begin and end in `text`.
    rows: Vec<(u32, u32)>,
}

impl Learned {
    /// Learns from pairs of text and label.
    pub fn learn<'a>(complaints: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let complaints: Vec<(&str, &str)> = complaints.into_iter().collect();
        let mut totals: BTreeMap<&str, u32> = BTreeMap::new();
        for (_, label) in &complaints {
            *totals.entry(label).or_default() += 1;
        }
        let places: BTreeMap<&str, usize> =
            totals.keys().enumerate().map(|(place, label)| (*label, place)).collect();
        let mut counts: BTreeMap<String, BTreeMap<usize, u32>> = BTreeMap::new();
        for (text, label) in &complaints {
            for piece in pieces(&normalize(text)) {
                *counts.entry(piece).or_default().entry(places[label]).or_default() += 1;
            }
        }
        let mut out = String::new();
        for (at, (label, count)) in totals.iter().enumerate() {
            out.push_str(if at == 0 { "" } else { " " });
            // writing to a String cannot fail
            let _ = write!(out, "{label}:{count}");
        }
        out.push('\n');
        for (piece, labels) in counts {
            if labels.values().sum::<u32>() < RARE {
                continue;
            }
            out.push_str(&piece);
            for (at, (place, count)) in labels.iter().enumerate() {
                let _ = write!(out, "{}{place}:{count}", if at == 0 { '\t' } else { ' ' });
            }
            out.push('\n');
        }
        Self::read(&out)
    }

    /// Reads what [`Self::show`] wrote; a line that cannot be read says nothing.
    pub fn read(text: &str) -> Self {
        let (head, rows) = text.split_once('\n').unwrap_or((text, ""));
        let labels = head.split(' ').filter_map(|label| {
            let (label, count) = label.split_once(':')?;
            Some((label.to_owned(), count.parse().ok()?))
        });
        let labels = labels.collect();
        let mut at = 0;
        let spans = rows.split_inclusive('\n').filter_map(|row| {
            let start = at;
            at += row.len();
            Some((u32::try_from(start).ok()?, u32::try_from(start + row.trim_end().len()).ok()?))
        });
        let spans = spans.collect();
        Self { labels, text: rows.to_owned(), rows: spans }
    }

    /// One line with the labels and their counts, then one line for each piece, sorted.
    pub fn show(&self) -> String {
        let labels: Vec<String> =
            self.labels.iter().map(|(label, count)| format!("{label}:{count}")).collect();
        format!("{}\n{}", labels.join(" "), self.text)
    }

    /// The labels with their shares of the complaints.
    pub(super) fn shares(&self) -> impl Iterator<Item = (&str, f64)> {
        let all: f64 = self.labels.iter().map(|(_, count)| f64::from(*count)).sum();
        self.labels.iter().map(move |(label, count)| (label.as_str(), f64::from(*count) / all.max(1.0)))
    }

    /// What a normalised text adds to each label, in nats.
    pub(super) fn weights(&self, text: &str) -> BTreeMap<String, f64> {
        let all: f64 = self.labels.iter().map(|(_, count)| f64::from(*count)).sum();
        let mut sums = vec![0.0; self.labels.len()];
        let mut found = 0_u32;
        for piece in pieces(text) {
            let Some(row) = self.row(&piece) else { continue };
            let mut counts = vec![0.0; self.labels.len()];
            for (place, count) in row {
                if let Some(slot) = counts.get_mut(place) {
                    *slot = count;
                }
            }
            let share = counts.iter().sum::<f64>() / all.max(1.0);
            if share <= 0.0 {
                continue;
            }
            found += 1;
            for ((sum, count), (_, total)) in sums.iter_mut().zip(&counts).zip(&self.labels) {
                let seen = (count + SMOOTHING * share) / (f64::from(*total) + SMOOTHING);
                *sum += (seen / share).ln().clamp(-CAP, CAP);
            }
        }
        if found == 0 {
            return BTreeMap::new();
        }
        let factor = SHARE / f64::from(found).sqrt();
        self.labels.iter().zip(sums).map(|((label, _), sum)| (label.clone(), sum * factor)).collect()
    }

    /// The counts of a piece, by place of the label.
    fn row(&self, piece: &str) -> Option<Vec<(usize, f64)>> {
        let line = |at: usize| {
            let (start, end) = self.rows[at];
            self.text.get(start as usize..end as usize).unwrap_or_default()
        };
        let (mut low, mut high) = (0, self.rows.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let (name, counts) = line(middle).split_once('\t').unwrap_or_default();
            match name.cmp(piece) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => {
                    let counts = counts.split(' ').filter_map(|count| {
                        let (place, count) = count.split_once(':')?;
                        Some((place.parse().ok()?, f64::from(count.parse::<u32>().ok()?)))
                    });
                    return Some(counts.collect());
                }
            }
        }
        None
    }
}

/// Words, pairs of words, and runs of two and three Japanese letters of a normalised text.
fn pieces(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let letters: Vec<char> = text.chars().take(LETTERS).collect();
    for run in letters.chunk_by(|&a, &b| is_japanese(a) == is_japanese(b)) {
        if is_japanese(run[0]) {
            for length in [2, 3] {
                found.extend(run.windows(length).map(|letters| letters.iter().collect::<String>()));
            }
            continue;
        }
        let run: String = run.iter().collect();
        for sentence in run.split(STOP) {
            let words: Vec<&str> = sentence.split_ascii_whitespace().collect();
            found.extend(words.iter().filter(|word| word.len() > 1).map(|word| (*word).to_owned()));
            found.extend(words.windows(2).map(|pair| pair.join(" ")));
        }
        if found.len() > PIECES {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned() -> Learned {
        Learned::learn([
            ("the queue never empties", "cannot_send"),
            ("my queue never empties", "cannot_send"),
            ("inbox stays bare", "cannot_receive"),
            ("the inbox stays bare", "cannot_receive"),
            ("受信箱がからっぽ", "cannot_receive"),
            ("受信箱がからのまま", "cannot_receive"),
        ])
    }

    #[test]
    fn words_speak_for_where_they_stood() {
        let weights = learned().weights("queue never empties again");
        assert!(weights["cannot_send"] > 0.05 && weights["cannot_receive"] < -0.05, "{weights:?}");
        let weights = learned().weights("受信箱がから");
        assert!(weights["cannot_receive"] > 0.0 && weights["cannot_send"] < 0.0, "{weights:?}");
    }

    #[test]
    fn unknown_words_say_nothing() {
        assert!(learned().weights("elephant").is_empty());
        assert!(Learned::default().weights("queue").is_empty());
    }

    #[test]
    fn what_is_shown_is_read_again() {
        let shown = learned().show();
        assert_eq!(Learned::read(&shown).show(), shown);
        assert!(shown.starts_with("cannot_receive:4 cannot_send:2\n"), "{shown}");
        assert!(shown.contains("\nqueue never\t1:2\n"), "{shown}");
    }

    #[test]
    fn broken_files_say_nothing() {
        for text in ["", "\n", "a:x\nb", "a:1\nqueue\t7:9 x:1 0:\nzz", "\u{0}\t\t:\n"] {
            let weights = Learned::read(text).weights("queue zz");
            assert!(weights.values().all(|weight| weight.is_finite()), "{text:?}: {weights:?}");
        }
    }
}
