//! From a person's words to what is the matter with them.
//!
//! Pure and deterministic: the words are brought to one spelling (`normalize`), the phrases and known messages of the
//! knowledge are found in them (`pattern`, `message`), and what was found is added up (`score`) as logarithms of
//! likelihood ratios, so that what the phrases say can be traced to each of them. To that is added what the words of
//! thousands of labelled complaints taught (`learned`, `taught`), which knows the many ways to say a thing that no phrase has,
//! unless a program speaks and not a person, which is learned as well.
//! Our own names of symptoms and causes are taken for what they are (`name`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Serialize;

pub use self::complaint::Complaint;
use self::learned::{Pieces, SHARE};
use self::message::{filled, speaker};
use self::name::Names;
pub use self::normalize::normalize;
use self::recogniser::Recogniser;
pub use self::taught::{Lesson, Taught};
use crate::knowledge::{Knowledge, Lang, Problem, Words};

mod complaint;
mod learned;
mod lists;
mod message;
mod name;
pub mod normalize;
mod pattern;
mod places;
mod recogniser;
mod score;
mod taught;
pub mod terms;
mod unresolved;

/// What was recognised in a person's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Recognised {
    /// Symptoms, best first; the probabilities add up to one.
    pub symptom: Vec<Scored>,
    /// Causes the words speak for, best first; the probabilities add up to one.
    pub cause: Vec<Scored>,
    /// The user's own service, `unknown` when it is not said.
    pub service: String,
    /// The device, `unknown` when it is not said.
    pub device: String,
    /// The mail program, `unknown` when it is not said.
    pub client: String,
    /// The language of the words.
    pub lang: Lang,
    /// Known messages that are quoted, strongest first.
    pub messages: Vec<Matched>,
    /// Circumstances that are stated, such as `since` = `update`.
    pub circumstances: BTreeMap<String, String>,
    /// Symptoms and causes that the person rules out.
    pub denied: BTreeSet<String>,
    /// Actions that the person has carried out already, and that did not help.
    pub tried: BTreeSet<String>,
    /// The phrases that were found, for explanations.
    pub phrases: Vec<Said>,
}

/// A phrase that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Said {
    /// Which: `topic.id`.
    pub id: String,
    /// The words, in their normalised spelling.
    pub words: String,
}

/// An id with its probability.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scored {
    /// An id of the taxonomy.
    pub id: String,
    /// Its probability.
    pub p: f64,
}

/// A known message that the words quote.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Matched {
    /// The file of `knowledge/client_errors` it is in.
    pub client: String,
    /// Its id there.
    pub id: String,
    /// 0 to 1: how much of a distinctive text was there.
    pub strength: f64,
    /// 0 to 1: how much of what the person wrote is the message.
    pub cover: f64,
}

impl Matched {
    /// Strength from which a message counts as quoted.
    const QUOTED: f64 = 0.9;

    /// Whether so much of it was there that the person must have read it.
    pub fn is_quoted(&self) -> bool {
        self.strength >= Self::QUOTED
    }
}

/// The compiled knowledge of words, there when it is first needed.
#[derive(Default)]
pub struct Compiled {
    recogniser: OnceLock<Recogniser>,
    names: OnceLock<Names>,
    /// What was compiled when building, where the words are those that are built in.
    written: Option<&'static [u8]>,
}

impl Compiled {
    /// That of the words that are built in.
    pub(crate) fn built_in() -> Self {
        Self { written: Some(BUILT_IN), ..Self::default() }
    }

    fn recogniser(&self, words: &Words) -> &Recogniser {
        self.recogniser.get_or_init(|| match self.written {
            Some(bytes) => Recogniser::read(bytes),
            None => Recogniser::new(&words.phrases, &words.client_errors).0,
        })
    }

    fn names(&self, knowledge: &Knowledge) -> &Names {
        self.names.get_or_init(|| Names::new(knowledge))
    }
}

/// The built-in words, compiled by `build.rs`.
static BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/words"));

impl std::fmt::Debug for Compiled {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Compiled")
    }
}

/// Recognises what a person's words say.
pub fn recognise(knowledge: &Knowledge, text: &str) -> Recognised {
    recognise_with(knowledge, &knowledge.words().learned, text)
}

/// The same with other learned words, for cross-validation.
pub fn recognise_with(knowledge: &Knowledge, taught: &Taught, text: &str) -> Recognised {
    heard(knowledge, taught, text).0
}

/// What is recognised in a text, and its pieces.
fn heard(knowledge: &Knowledge, taught: &Taught, text: &str) -> (Recognised, Pieces) {
    let text = &filled(text);
    let normalised = normalize(text);
    let mut found = phrased(knowledge, text);
    let known = known(knowledge, &found);
    let pieces = Pieces::of(&normalised, &known);
    if knowledge.words().compiled.names(knowledge).recognise(knowledge, &normalised, &mut found) {
        return (found, pieces);
    }
    // the complaints are what people say: what a program says is known by its messages and the phrases alone
    let cover = found.messages.iter().map(|message| message.cover).fold(0.0, f64::max);
    let by_program = || {
        speaker::message(&normalised).is_some_and(|message| {
            cover >= score::MOSTLY
                || speaker::only_codes(&message)
                || taught.may_be_program(&Pieces::of(&message, &known))
        })
    };
    if cover < ALONE && !by_program() {
        let scores = taught.what.scores(&pieces);
        found.symptom = scores.joined("symptom", &found.symptom);
        found.cause = scores.joined("cause", &spoken_against(knowledge, &found));
    }
    rule_out(&found.denied, &mut found.symptom);
    rule_out(&found.denied, &mut found.cause);
    (found, pieces)
}

/// What was found in a text, to learn from: the phrases, the messages, and what these are about, since most messages are rarer
/// than what they are about.
fn known(knowledge: &Knowledge, found: &Recognised) -> Vec<String> {
    let mut known: Vec<String> = found.phrases.iter().map(|said| said.id.clone()).collect();
    for matched in found.messages.iter().filter(|matched| matched.is_quoted()) {
        known.push(format!("message.{}.{}", matched.client, matched.id));
        let errors = knowledge.words().client_errors.get(&matched.client);
        let message = errors.and_then(|errors| errors.message.iter().find(|known| known.id == matched.id));
        if let Some(message) = message {
            known.push(format!("message.symptom={}", message.symptom));
            let means = message.means.iter().max_by(|a, b| a.1.total_cmp(b.1));
            known.extend(means.map(|(cause, _)| format!("message.cause={cause}")));
        }
    }
    known
}

/// What all that the person rules out keeps at most, together: the words that name it speak for it, however strongly.
const RULED_OUT: f64 = 0.03;

/// Takes what the person rules out back; the rest keeps its proportions.
fn rule_out(denied: &BTreeSet<String>, scored: &mut [Scored]) {
    let out = |one: &Scored| denied.contains(&one.id);
    let share: f64 = scored.iter().filter(|one| out(one)).map(|one| one.p).sum();
    let rest = 1.0 - share;
    if share <= RULED_OUT || rest <= 0.0 {
        return;
    }
    for one in scored.iter_mut() {
        one.p *= if out(one) { RULED_OUT / share } else { (1.0 - RULED_OUT) / rest };
    }
    scored.sort_by(|a, b| b.p.total_cmp(&a.p));
}

/// The causes as the phrases say them, so that what a phrase speaks against counts whole where the rest of what they say counts
/// [`SHARE`]: who says that the password is right has said it, in whatever words people speak of passwords.
fn spoken_against(knowledge: &Knowledge, found: &Recognised) -> Vec<Scored> {
    let mut against: BTreeMap<&str, f64> = BTreeMap::new();
    for said in &found.phrases {
        let Some((topic, id)) = said.id.split_once('.') else { continue };
        let phrases = knowledge.words().phrases.get(topic).into_iter().flat_map(|topic| &topic.phrase);
        for (cause, weight) in phrases.filter(|phrase| phrase.id == id).flat_map(|phrase| &phrase.cause) {
            let strongest = against.entry(cause).or_default();
            *strongest = strongest.min(*weight);
        }
    }
    let scaled = |Scored { id, p }: &Scored| {
        let weight = against.get(id.as_str()).copied().unwrap_or_default();
        Scored { id: id.clone(), p: p * (weight * (1.0 / SHARE - 1.0)).exp() }
    };
    found.cause.iter().map(scaled).collect()
}

/// Share of a text from which a known message is all of it, whoever speaks.
const ALONE: f64 = 0.75;

/// What the phrases and the known messages say.
fn phrased(knowledge: &Knowledge, text: &str) -> Recognised {
    let words = knowledge.words();
    score::score(knowledge, words.compiled.recogniser(words), text)
}

/// One line of `naosu ask --batch`: the contract with tests from outside.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AskLine {
    /// The id of the text.
    pub id: String,
    /// Symptoms, best first.
    pub symptom: Vec<Scored>,
    /// Causes, best first.
    pub cause: Vec<Scored>,
    /// The service, `unknown` when it is neither said nor likely.
    pub service: String,
    /// The device, `unknown` when it is not said.
    pub device: String,
    /// The mail program, `unknown` when it is not said.
    pub client: String,
}

/// What the words of one line of `naosu ask --batch` say. A service, device or program that is not said is the likeliest
/// one for such words, where there is one.
pub fn ask_line(knowledge: &Knowledge, id: &str, text: &str) -> AskLine {
    ask_line_with(knowledge, &knowledge.words().learned, id, text)
}

/// The same with other learned words, for cross-validation.
pub fn ask_line_with(knowledge: &Knowledge, taught: &Taught, id: &str, text: &str) -> AskLine {
    let (found, pieces) = heard(knowledge, taught, text);
    let scores = taught.who.scores(&pieces);
    let likeliest = |question: &str| {
        let answers = scores.joined(question, &taught::named(knowledge, question, &found));
        answers.into_iter().next().map_or_else(|| "unknown".to_owned(), |best| best.id)
    };
    AskLine {
        id: id.to_owned(),
        symptom: rounded(&found.symptom),
        cause: rounded(&found.cause),
        service: likeliest("service"),
        device: likeliest("device"),
        client: likeliest("client"),
    }
}

/// The language of words: Japanese as soon as there is kana enough for a word.
pub fn language(text: &str) -> Lang {
    if text.chars().filter(|&letter| normalize::is_kana(letter)).count() >= 3 { Lang::Ja } else { Lang::En }
}

/// What is wrong with the knowledge of words: patterns that do not compile, ids that do not resolve.
pub fn problems(knowledge: &Knowledge) -> Vec<Problem> {
    let words = knowledge.words();
    let mut problems = Recogniser::new(&words.phrases, &words.client_errors).1;
    problems.extend(unresolved::unresolved(knowledge));
    problems
}

/// Probabilities to four places; what rounds to nothing is left out.
pub fn rounded(scored: &[Scored]) -> Vec<Scored> {
    scored
        .iter()
        .map(|Scored { id, p }| Scored { id: id.clone(), p: (p * 1e4).round() / 1e4 })
        .filter(|scored| scored.p > 0.0)
        .collect()
}

#[cfg(test)]
mod tests;
