//! The knowledge of words, compiled: when building for what is built in, else when first needed.

use std::collections::BTreeMap;

use super::lists::{Reader, Rows, Texts, Writer, number};
use super::message::Messages;
use super::pattern::{Builder, Patterns};
use crate::knowledge::{ClientErrors, Phrase, Problem, Topic};

/// All patterns and messages, ready to be searched.
pub(crate) struct Recogniser {
    pub(super) patterns: Patterns,
    pub(super) messages: Messages,
    /// Every phrase with the numbers of its patterns, in the order of the files.
    pub(super) phrases: Vec<Compiled>,
}

/// A phrase with the numbers of its patterns.
pub(super) struct Compiled {
    pub(super) topic: String,
    pub(super) at: usize,
    pub(super) patterns: Vec<usize>,
    pub(super) unless: Vec<usize>,
}

impl Recogniser {
    /// Compiles what can be compiled, and tells what cannot.
    pub(crate) fn new(
        topics: &BTreeMap<String, Topic>,
        clients: &BTreeMap<String, ClientErrors>,
    ) -> (Self, Vec<Problem>) {
        let mut builder = Builder::default();
        let mut problems = Vec::new();
        for topic in topics.values() {
            for (name, forms) in &topic.words {
                builder.word(name, forms);
            }
        }
        let mut phrases = Vec::new();
        for (topic, content) in topics {
            for (at, phrase) in content.phrase.iter().enumerate() {
                let mut compile = |sources: &[String]| -> Vec<usize> {
                    let mut numbers = Vec::new();
                    for source in sources {
                        match builder.pattern(source) {
                            Ok(number) => numbers.push(number),
                            Err(what) => problems.push(Problem {
                                path: format!("phrases/{topic}.toml"),
                                what: format!("{}: {what}", phrase.id),
                            }),
                        }
                    }
                    numbers
                };
                let mut patterns = compile(&phrase.en);
                patterns.extend(compile(&phrase.ja));
                let unless = compile(&phrase.unless);
                phrases.push(Compiled { topic: topic.clone(), at, patterns, unless });
            }
        }
        let (messages, unclear) = Messages::new(clients);
        problems.extend(unclear);
        (Self { patterns: builder.build(), messages, phrases }, problems)
    }

    /// All of it as [`Self::read`] reads it; the same words give the same bytes.
    #[allow(dead_code, reason = "build.rs writes, which is another crate")]
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        self.patterns.write(&mut writer);
        self.messages.write(&mut writer);
        let topics: Texts = self.phrases.iter().map(|phrase| phrase.topic.as_str()).collect();
        topics.write(&mut writer);
        let places: Vec<u32> = self.phrases.iter().map(|phrase| number(phrase.at)).collect();
        writer.numbers(&places);
        let rows = |numbers: fn(&Compiled) -> &[usize]| -> Rows {
            let row = |phrase| numbers(phrase).iter().map(|&at| number(at)).collect();
            self.phrases.iter().map(row).collect()
        };
        rows(|phrase| &phrase.patterns).write(&mut writer);
        rows(|phrase| &phrase.unless).write(&mut writer);
        writer.done()
    }

    /// What [`Self::write`] wrote.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut reader = Reader::new(bytes);
        let patterns = Patterns::read(&mut reader);
        let messages = Messages::read(&mut reader);
        let topics = Texts::read(&mut reader);
        let places = reader.numbers();
        let (matching, unless) = (Rows::read(&mut reader), Rows::read(&mut reader));
        let row = |rows: &Rows, phrase| rows.row(phrase).iter().map(|&at| at as usize).collect();
        let phrases = places.iter().enumerate().map(|(phrase, &at)| Compiled {
            topic: topics.get(phrase).to_owned(),
            at: at as usize,
            patterns: row(&matching, phrase),
            unless: row(&unless, phrase),
        });
        Self { patterns, messages, phrases: phrases.collect() }
    }

    /// The phrase behind a compiled one.
    pub(super) fn phrase<'k>(topics: &'k BTreeMap<String, Topic>, compiled: &Compiled) -> &'k Phrase {
        &topics[&compiled.topic].phrase[compiled.at]
    }
}
