//! The complaints that recognition is measured on, each with knowledge that has not learned from it.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::thread;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use naosu_core::intake::{Complaint, Lesson, Taught};
use naosu_core::knowledge::{Knowledge, Lang};

use crate::language::pick;
use crate::usage::Mistake;

/// Parts of the cross-validation: each complaint is recognised with what the other parts teach.
const FOLDS: usize = 4;

/// Where complaints come from, as far as the figures on them are concerned.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Origin {
    /// The phrases were written with them in sight.
    Tuned,
    /// Written to learn words from; no phrase was made for them.
    Written,
    /// From the caller, and not known to us.
    Given,
}

/// A file of complaints.
pub(super) struct Corpus {
    pub(super) name: String,
    pub(super) origin: Origin,
    pub(super) complaints: Vec<Complaint>,
    /// The place of its first complaint among all that words were learned from.
    begins: usize,
}

/// All complaints.
pub(super) struct Corpora<'k> {
    pub(super) all: Vec<Corpus>,
    /// What is known.
    pub(super) knowledge: &'k Knowledge,
    /// The same, with the words that each part of the complaints did not teach.
    folds: Vec<Knowledge>,
}

impl<'k> Corpora<'k> {
    /// Those of the knowledge and those in `more`; learns the words without each part.
    pub(super) fn read(
        knowledge: &'k Knowledge,
        files: &[(String, String)],
        more: &[PathBuf],
        lang: Lang,
    ) -> Result<Self> {
        let mut all = Vec::new();
        let mut begins = 0;
        for (path, text) in Complaint::files(files) {
            let name = path.trim_start_matches("corpus/");
            let origin = if Complaint::is_written(name) { Origin::Written } else { Origin::Tuned };
            let corpus = Corpus::read(name, origin, text, begins)?;
            begins += corpus.complaints.len();
            all.push(corpus);
        }
        let folds = folds(knowledge, files, &all, lang);
        for path in more {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path).map_err(|error| {
                Mistake::error(
                    format!("{name}: {error}: name a file that can be read"),
                    format!("{name}: 読めません({error}): 読み取れるファイルを指定してください"),
                )
            })?;
            all.push(Corpus::read(&name, Origin::Given, &text, 0)?);
        }
        Ok(Self { all, knowledge, folds })
    }

    /// Every complaint of a corpus with knowledge that has not learned from it.
    pub(super) fn unseen<'c>(
        &'c self,
        corpus: &'c Corpus,
    ) -> impl Iterator<Item = (&'c Complaint, &'c Knowledge)> {
        corpus.complaints.iter().enumerate().map(move |(at, complaint)| {
            let learned = corpus.origin != Origin::Given;
            let fold = self.folds.get((corpus.begins + at) % FOLDS).filter(|_| learned);
            (complaint, fold.unwrap_or(self.knowledge))
        })
    }
}

impl Corpus {
    fn read(name: &str, origin: Origin, text: &str, begins: usize) -> Result<Self> {
        let complaints = Complaint::read(text).map_err(|(number, error)| {
            Mistake::error(
                format!("{name}: line {number}: {error}: a complaint has text, symptom and cause"),
                format!("{name}: {number}行目: {error}: text、symptom、causeが必要です"),
            )
        })?;
        Ok(Self { name: name.to_owned(), origin, complaints, begins })
    }
}

/// The knowledge with words that were learned without each part of the complaints.
fn folds(knowledge: &Knowledge, files: &[(String, String)], all: &[Corpus], lang: Lang) -> Vec<Knowledge> {
    let lessons: Vec<Lesson<'_>> = all
        .iter()
        .flat_map(|corpus| corpus.complaints.iter().map(|complaint| complaint.lesson(&corpus.name)))
        .collect();
    let bar = progress(lang);
    let without = |fold: usize| {
        let kept = lessons.iter().enumerate().filter(|(at, _)| at % FOLDS != fold);
        let taught = Taught::learn(knowledge, &kept.map(|(_, lesson)| *lesson).collect::<Vec<_>>());
        let learned = taught.show();
        let others = files.iter().filter(|(path, _)| learned.iter().all(|(name, _)| name != path));
        let files: Vec<(String, String)> = others
            .cloned()
            .chain(learned.iter().map(|(path, text)| ((*path).to_owned(), text.clone())))
            .collect();
        bar.inc(1);
        Knowledge::load(&files).expect("the same files were read before")
    };
    let folds = thread::scope(|scope| {
        let running: Vec<_> = (0..FOLDS).map(|fold| scope.spawn(move || without(fold))).collect();
        running.into_iter().map(|part| part.join().expect("learning does not panic")).collect()
    });
    bar.finish_and_clear();
    folds
}

fn progress(lang: Lang) -> ProgressBar {
    let bar = ProgressBar::new(FOLDS as u64);
    let terminal = std::io::stderr().is_terminal();
    bar.set_draw_target(if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.set_message(pick(
        lang,
        "learning the words of the other complaints",
        "ほかの相談の言葉を学習しています",
    ));
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
}
