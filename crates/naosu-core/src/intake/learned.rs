//! What the words of the complaints in `knowledge/corpus` say beside the phrases: multinomial logistic regression.
//!
//! A text is cut into pieces: words, pairs of words, runs of four letters of a word, and runs of two and three Japanese
//! letters; the phrases that were found in it are pieces too. Of each question, such as "which symptom?", a label's score
//! is what the phrases say ([`SHARE`] of the logarithm of their probability), its bias, and the sum of the weights of the
//! pieces, divided by the root of their number; a softmax makes probabilities of the scores. Weights and biases are fitted
//! so that the complaints become likely (`teach`), with what the phrases say of each already counted in, so that only what
//! they miss is learned.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

pub(super) use self::teach::{Example, Question};
use super::Scored;
use super::normalize::{STOP, is_japanese};
use super::places::Places;

mod teach;

/// How much of what the phrases say counts beside the pieces.
pub(super) const SHARE: f64 = 0.2;
/// The least probability that the phrases leave to a label.
const FLOOR: f64 = 1e-6;
/// What the sum of weights is multiplied with, before it is divided by the root of the number of pieces.
const SCALE: f64 = 3.0;
/// Fitted so that what is said with some probability is right about as often on complaints that taught nothing.
const TEMPERATURE: f64 = 1.0;
/// Steps of a weight in one unit, as they are written.
const STEPS: f64 = 12.0;
/// Letters of a word that are a piece, with a mark for its ends; so words of one stem, and mistyped ones, have pieces in common.
const RUN: usize = 4;
/// What begins such a piece, and the ends of the word.
const MARKS: (char, char, char) = ('~', '^', '$');
/// What begins a piece that is something found: a phrase, a message.
const FOUND: char = '¶';
/// Characters of a text that are cut into pieces.
const LETTERS: usize = 2_000;
/// A weight is written as one character: this one is the least negative weight's left neighbour, 0.
const ZERO: u8 = b'P';
/// The first label of a table is written as this character, the next as the next.
const FIRST: u8 = b'!';
/// The last character that is written.
const LAST: u8 = b'~';

/// Weights by piece of text and label, for one or several questions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Learned {
    /// A mark of what it was learned from.
    from: String,
    /// Labels as `question/label`, with their biases, in the order that `rows` refer to.
    labels: Vec<(String, f64)>,
    /// The rows as they are written, sorted by piece; not copied where they are built in.
    rows: Cow<'static, [u8]>,
    /// Where rows begin.
    places: Places,
}

/// The pieces of a text, each once, sorted.
#[derive(Clone)]
pub(super) struct Pieces(Vec<String>);

/// What a text's pieces say of every label.
pub(super) struct Scores<'l> {
    learned: &'l Learned,
    /// By place of the label.
    sums: Vec<f64>,
}

impl Learned {
    /// Reads what [`Self::show`] wrote; a line that cannot be read says nothing.
    pub(crate) fn read(written: Cow<'static, [u8]>) -> Self {
        let mut learned = Self::without_places(written);
        learned.places = Places::of(&learned.rows);
        learned
    }

    /// The same with the places that were found when building.
    pub(crate) fn built_in(written: &'static [u8], places: &'static [u8]) -> Self {
        Self { places: Places::read(places), ..Self::without_places(written.into()) }
    }

    fn without_places(written: Cow<'static, [u8]>) -> Self {
        let head = written.iter().position(|byte| *byte == b'\n').unwrap_or(written.len());
        let text = String::from_utf8_lossy(&written[..head]);
        let (from, labels) = text.split_once('\t').unwrap_or_default();
        let labels = labels.split(' ').filter_map(|label| {
            let (label, bias) = label.split_once(':')?;
            Some((label.to_owned(), bias.parse::<f64>().ok().filter(|bias| bias.is_finite())?))
        });
        let (from, labels) = (from.to_owned(), labels.collect());
        let rows = match written {
            Cow::Borrowed(written) => written.get(head + 1..).unwrap_or_default().into(),
            Cow::Owned(mut written) => written.split_off((head + 1).min(written.len())).into(),
        };
        Self { from, labels, rows, places: Places::default() }
    }

    /// One line with what it was learned from and the labels with their biases, then one line for each piece, sorted:
    /// the piece, a tab, and two characters for each label that it speaks for or against.
    pub(crate) fn show(&self) -> String {
        let mut out = format!("{}\t", self.from);
        for (at, (label, bias)) in self.labels.iter().enumerate() {
            // writing to a String cannot fail
            let _ = write!(out, "{}{label}:{bias}", if at == 0 { "" } else { " " });
        }
        out.push('\n');
        out.push_str(&String::from_utf8_lossy(&self.rows));
        out
    }

    /// The mark of what it was learned from.
    pub(crate) fn from(&self) -> &str {
        &self.from
    }

    /// What the pieces of a text say.
    pub(super) fn scores(&self, pieces: &Pieces) -> Scores<'_> {
        let mut sums = vec![0.0; self.labels.len()];
        let mut found = 0_u32;
        for row in pieces.0.iter().filter_map(|piece| self.places.find(&self.rows, piece)) {
            found += 1;
            for pair in row.chunks_exact(2) {
                if let Some(sum) = sums.get_mut(usize::from(pair[0].saturating_sub(FIRST))) {
                    *sum += f64::from(i16::from(pair[1]) - i16::from(ZERO)) / STEPS;
                }
            }
        }
        let factor = SCALE / f64::from(found.max(1)).sqrt();
        for (sum, (_, bias)) in sums.iter_mut().zip(&self.labels) {
            *sum = *sum * factor + bias;
        }
        Scores { learned: self, sums }
    }
}

impl Scores<'_> {
    /// The answers to a question, best first: those of the phrases with what the pieces say added. Where nothing of the
    /// question was learned the phrases' answers stay.
    pub(super) fn joined(&self, question: &str, phrased: &[Scored]) -> Vec<Scored> {
        let mut sums = BTreeMap::new();
        for ((label, _), sum) in self.learned.labels.iter().zip(&self.sums) {
            if let Some(label) = label.strip_prefix(question).and_then(|label| label.strip_prefix('/')) {
                sums.insert(label, *sum);
            }
        }
        if sums.is_empty() {
            return phrased.to_vec();
        }
        let scores = phrased.iter().map(|Scored { id, p }| {
            (id.as_str(), offset(*p) + sums.get(id.as_str()).copied().unwrap_or_default())
        });
        softmax(scores.collect(), TEMPERATURE)
    }
}

/// Probabilities from scores, best first.
pub(super) fn softmax(scores: Vec<(&str, f64)>, temperature: f64) -> Vec<Scored> {
    let top = scores.iter().map(|&(_, score)| score).fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores.iter().map(|&(_, score)| ((score - top) / temperature).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let pairs = scores.into_iter().zip(weights);
    let mut ranked: Vec<Scored> =
        pairs.map(|((id, _), weight)| Scored { id: id.to_owned(), p: weight / sum }).collect();
    ranked.sort_by(|a, b| b.p.total_cmp(&a.p));
    ranked
}

/// What a probability of the phrases counts for.
fn offset(p: f64) -> f64 {
    SHARE * p.max(FLOOR).ln()
}

impl Pieces {
    /// Words, pairs of words, runs of letters, and runs of two and three Japanese letters of a normalised text, and what was
    /// found in it.
    pub(super) fn of(text: &str, known: &[String]) -> Self {
        let mut found: Vec<String> = known.iter().map(|known| format!("{FOUND}{known}")).collect();
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
                found.extend(words.iter().flat_map(|word| runs(word)));
            }
        }
        found.sort_unstable();
        found.dedup();
        Self(found)
    }
}

/// The runs of letters of a word.
fn runs(word: &str) -> Vec<String> {
    let (piece, start, end) = MARKS;
    let letters: Vec<char> = [start].into_iter().chain(word.chars()).chain([end]).collect();
    letters.windows(RUN).map(|run| [piece].iter().chain(run).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even() -> Vec<Scored> {
        ["cannot_receive", "cannot_send"].map(|id| Scored { id: id.to_owned(), p: 0.5 }).to_vec()
    }

    fn learned() -> Learned {
        let complaints = [
            ("the queue never empties", "cannot_send"),
            ("my queue never empties", "cannot_send"),
            ("inbox stays bare", "cannot_receive"),
            ("the inbox stays bare", "cannot_receive"),
            ("受信箱がからっぽ", "cannot_receive"),
            ("受信箱がからのまま", "cannot_receive"),
        ];
        let examples: Vec<Example> = complaints
            .repeat(2)
            .into_iter()
            .map(|(text, label)| Example {
                pieces: Pieces::of(text, &[]),
                answers: vec![Some((label.to_owned(), even()))],
                counts: 1.0,
            })
            .collect();
        Learned::learn(
            String::from("x"),
            &[Question::new("symptom", ["cannot_receive", "cannot_send"])],
            &examples,
        )
    }

    fn first(text: &str) -> (String, f64) {
        let learned = learned();
        let answers = learned.scores(&Pieces::of(text, &[])).joined("symptom", &even());
        (answers[0].id.clone(), answers[0].p)
    }

    #[test]
    fn words_speak_for_where_they_stood() {
        let (id, p) = first("queue never empties again");
        assert!(id == "cannot_send" && p > 0.8, "{id} {p}");
        let (id, p) = first("受信箱がから");
        assert!(id == "cannot_receive" && p > 0.8, "{id} {p}");
    }

    #[test]
    fn what_was_found_is_a_piece() {
        let said = ["password.password_is_right".to_owned()];
        assert!(Pieces::of("ok", &said).0.contains(&"¶password.password_is_right".to_owned()));
        assert_eq!(Pieces::of("", &[]).0, Vec::<String>::new());
    }

    #[test]
    fn unknown_words_leave_what_the_phrases_say() {
        let phrased =
            [("cannot_send", 0.7), ("cannot_receive", 0.3)].map(|(id, p)| Scored { id: id.to_owned(), p });
        let nothing = Learned::default();
        assert_eq!(nothing.scores(&Pieces::of("queue", &[])).joined("symptom", &phrased), phrased);
        let learned = learned();
        assert_eq!(
            learned.scores(&Pieces::of("queue", &[])).joined("cause", &phrased),
            phrased,
            "another question"
        );
        let (_, p) = first("elephant");
        assert!(p < 0.75, "{p}");
    }

    #[test]
    fn what_is_shown_is_read_again() {
        let shown = learned().show();
        assert_eq!(Learned::read(shown.clone().into_bytes().into()).show(), shown);
        assert_eq!(Learned::read(shown.clone().into_bytes().into()).from(), "x");
        assert!(shown.starts_with("x\tsymptom/cannot_receive:"), "{shown}");
        assert!(shown.contains("\nqueue never\t"), "{shown}");
    }

    #[test]
    fn broken_files_say_nothing() {
        for text in ["", "\n", "a:x\nb", "x\ta/b:1 a/c:inf\nqueue\t7\u{e9}!~~!\nzz", "\u{0}\t\t:\n"] {
            let learned = Learned::read(text.as_bytes().into());
            let scores = learned.scores(&Pieces::of("queue zz", &[]));
            assert!(scores.sums.iter().all(|sum| sum.is_finite()), "{text:?}: {:?}", scores.sums);
        }
    }
}
