//! What the complaints in `knowledge/corpus` teach: the symptom and the cause, who wrote with what, and, beside the known
//! messages, whether a person speaks or a program.
//!
//! Symptoms and causes are learned from all complaints. Service, device and program are learned from those that name
//! them as often as people do.

use std::borrow::Cow;

use super::learned::{Example, Learned, Pieces, Question};
use super::message::shown;
use super::normalize::normalize;
use super::places::fnv_1a;
use super::{Recognised, Scored, known, phrased, spoken_against};
use crate::knowledge::Knowledge;

/// What is the matter.
const WHAT: &str = "corpus/learned.tsv";
/// Who wrote with what.
const WHO: &str = "corpus/learned_who.tsv";
/// Where the rows of the built-in ones begin, written by `build.rs`.
static WHAT_PLACES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/learned.places"));
static WHO_PLACES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/learned_who.places"));
/// Probability of a service, device or program that the words name, before anything learned.
const NAMED: f64 = 0.9;

/// How many complaints of those that were written to learn from one counts for that somebody made.
const MADE: f32 = 5.0;
/// The same of a known message, of which there are fewer.
const KNOWN: f32 = 15.0;

/// The question who speaks, with its answers.
const SPEAKER: &str = "speaker";
const PERSON: &str = "person";
const PROGRAM: &str = "program";

/// Probability from which a program may speak: low, since words that only people use are looked for as well.
const MAY_BE: f64 = 0.05;

/// One complaint to learn from.
#[derive(Clone, Copy, Debug)]
pub struct Lesson<'a> {
    /// The complaint.
    pub text: &'a str,
    /// What the user sees.
    pub symptom: &'a str,
    /// Why; `unknown` teaches nothing.
    pub cause: &'a str,
    /// Service, device and program, where the complaint names them as people do.
    pub who: Option<[&'a str; 3]>,
    /// Whether somebody made it, and it was not written to learn from.
    pub made: bool,
}

/// The learned words.
#[derive(Clone, Debug, Default)]
pub struct Taught {
    /// Of symptoms and causes.
    pub(super) what: Learned,
    /// Of service, device and program.
    pub(super) who: Learned,
}

impl Taught {
    /// Learns from complaints.
    pub fn learn(knowledge: &Knowledge, lessons: &[Lesson<'_>]) -> Self {
        let what = [
            Question::new("symptom", knowledge.taxonomy.symptom.keys()),
            Question::new("cause", knowledge.taxonomy.cause.keys()),
            Question::new(SPEAKER, [PERSON, PROGRAM]),
        ];
        let who = ["service", "device", "client"].map(|name| Question::new(name, values(knowledge, name)));
        let (mut of_what, mut of_who) = (Vec::new(), Vec::new());
        for lesson in lessons {
            let (said, pieces) = said(knowledge, lesson.text);
            let counts = if lesson.made { MADE } else { 1.0 };
            if let Some([service, device, client]) = lesson.who {
                let right = [("service", service), ("device", device), ("client", client)];
                let answers = right.map(|(name, id)| Some((id.to_owned(), named(knowledge, name, &said))));
                of_who.push(Example { pieces: pieces.clone(), answers: answers.to_vec(), counts });
            }
            let cause = (lesson.cause != "unknown")
                .then(|| (lesson.cause.to_owned(), spoken_against(knowledge, &said)));
            let answers = vec![Some((lesson.symptom.to_owned(), said.symptom)), cause, Some(speaker(PERSON))];
            of_what.push(Example { pieces, answers, counts });
        }
        for message in knowledge.words().client_errors.values().flat_map(|client| &client.message) {
            let texts = message.en.iter().chain(&message.ja).flat_map(|text| shown(text));
            of_what.extend(texts.map(|text| Example {
                pieces: said(knowledge, &text).1,
                answers: vec![None, None, Some(speaker(PROGRAM))],
                counts: KNOWN,
            }));
        }
        let from = fingerprint(lessons);
        Self { what: Learned::learn(from.clone(), &what, &of_what), who: Learned::learn(from, &who, &of_who) }
    }

    /// Reads the files that [`Self::show`] names; `file` gives the text of one.
    pub fn read(file: impl Fn(&str) -> Option<Cow<'static, [u8]>>) -> Self {
        let read = |name| file(name).map_or_else(Learned::default, Learned::read);
        Self { what: read(WHAT), who: read(WHO) }
    }

    /// What is built in: the files, with the places of their rows as `build.rs` found them.
    pub(crate) fn built_in(file: impl Fn(&str) -> Option<&'static [u8]>) -> Self {
        let read =
            |name, places| file(name).map_or_else(Learned::default, |text| Learned::built_in(text, places));
        Self { what: read(WHAT, WHAT_PLACES), who: read(WHO, WHO_PLACES) }
    }

    /// The files, with their paths in the knowledge.
    pub fn show(&self) -> [(&'static str, String); 2] {
        [(WHAT, self.what.show()), (WHO, self.who.show())]
    }

    /// Whether a text may be a program's message; where nothing was learned it may.
    pub(super) fn may_be_program(&self, pieces: &Pieces) -> bool {
        let answers = self.what.scores(pieces).joined(SPEAKER, &evenly());
        answers.iter().any(|answer| answer.id == PROGRAM && answer.p >= MAY_BE)
    }

    /// The paths of the files in the knowledge.
    pub(crate) const PATHS: [&'static str; 2] = [WHAT, WHO];

    /// Whether all of it was learned from these complaints.
    pub fn is_from(&self, lessons: &[Lesson<'_>]) -> bool {
        let from = fingerprint(lessons);
        self.what.from() == from && self.who.from() == from
    }
}

/// What the phrases say of a text, and its pieces.
fn said(knowledge: &Knowledge, text: &str) -> (Recognised, Pieces) {
    let said = phrased(knowledge, text);
    let pieces = Pieces::of(&normalize(text), &known(knowledge, &said));
    (said, pieces)
}

/// Who speaks, before anything learned.
fn evenly() -> Vec<Scored> {
    [PERSON, PROGRAM].map(|id| Scored { id: id.to_owned(), p: 0.5 }).to_vec()
}

fn speaker(is: &str) -> (String, Vec<Scored>) {
    (is.to_owned(), evenly())
}

/// The answers to a question about who wrote, as far as the words name it.
pub(super) fn named(knowledge: &Knowledge, question: &str, said: &Recognised) -> Vec<Scored> {
    let value = match question {
        "service" => &said.service,
        "device" => &said.device,
        _ => &said.client,
    };
    let all = values(knowledge, question);
    #[expect(clippy::cast_precision_loss, reason = "a dozen values")]
    let rest = (1.0 - NAMED) / all.len() as f64;
    all.iter().map(|id| Scored { id: id.clone(), p: if id == value { NAMED } else { rest } }).collect()
}

fn values<'k>(knowledge: &'k Knowledge, question: &str) -> &'k [String] {
    knowledge.taxonomy.values.get(question).map_or(&[], Vec::as_slice)
}

/// A short mark of the complaints and their order.
fn fingerprint(lessons: &[Lesson<'_>]) -> String {
    let fields = lessons.iter().flat_map(|lesson| {
        [lesson.text, lesson.symptom, lesson.cause].into_iter().chain(lesson.who.unwrap_or_default())
    });
    format!("{:016x}", fnv_1a(fields.flat_map(|field| field.bytes().chain([0]))))
}
