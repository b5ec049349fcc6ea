//! Why we think so: what was said, answered, tried and measured, and what is probable in its light.

use jiff::Timestamp;
use naosu_core::diagnosis::{diagnose, is_bad};
use naosu_core::evidence::Observation;
use naosu_core::knowledge::Knowledge;
use naosu_core::sentence::sentence;
use naosu_papers::said::cause_name;

use crate::casework::CaseFile;
use crate::pages::guide;
use crate::wording::Wording;

/// Causes are shown from this probability on, at most so many.
const LIKELY: (f64, usize) = (0.08, 3);
/// A cause is shown above all else from this probability on, with at most so many sentences that prove it.
const CLEAR: (f64, usize) = (0.6, 2);
/// The most sentences of each kind; what is measured runs to a hundred.
const SENTENCES: usize = 24;

/// What was found so far.
pub(super) struct Found {
    /// The person's own words.
    pub(super) words: Option<String>,
    /// Questions and answers.
    pub(super) answers: Vec<(String, String)>,
    /// What was measured and is not as it should be.
    pub(super) bad: Vec<String>,
    /// What was measured besides.
    pub(super) other: Vec<String>,
    /// The probable causes: name, how sure in words, what it is.
    pub(super) causes: Vec<Suspect>,
    /// What the first of them was measured by, where that leaves little doubt.
    pub(super) proof: Vec<String>,
}

/// A probable cause.
pub(super) struct Suspect {
    pub(super) name: String,
    pub(super) sure: &'static str,
    pub(super) explanation: Option<String>,
    /// Its page in the guide.
    pub(super) guide: String,
}

impl Found {
    pub(super) fn of(knowledge: &Knowledge, file: &CaseFile, w: Wording) -> Self {
        let case = &file.case;
        let year = i32::from(Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year());
        let observations = case.evidence().map_or(&[][..], |evidence| &evidence.observations);
        let told = |wanted: bool| -> Vec<String> {
            let mut sentences: Vec<String> = Vec::new();
            let bad = |one: &&Observation| is_bad(knowledge, &one.variable, &one.outcome) == wanted;
            for one in observations.iter().filter(bad) {
                let sentence = sentence(knowledge, one, w.0, Some(year));
                if !sentences.contains(&sentence) && sentences.len() < SENTENCES {
                    sentences.push(sentence);
                }
            }
            sentences
        };
        let answer = |(question, option): (&str, &str)| {
            let question = knowledge.care().questions.get(question)?;
            let option = question.options.iter().find(|known| known.id == option)?;
            Some((question.text.get(w.0).to_owned(), option.text.get(w.0).to_owned()))
        };
        Self {
            words: case.opening().request.words.clone(),
            answers: case.answers().into_iter().filter_map(answer).collect(),
            bad: told(true),
            other: told(false),
            causes: suspects(knowledge, file, w),
            proof: proof(knowledge, file, year, w),
        }
    }

    /// The cause that was measured and that there is little doubt of.
    pub(super) fn clear(&self) -> Option<&Suspect> {
        self.causes.first().filter(|_| !self.proof.is_empty())
    }

    /// Whether anything but the words is known.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_none() && self.answers.is_empty() && self.bad.is_empty() && self.other.is_empty()
    }
}

fn suspects(knowledge: &Knowledge, file: &CaseFile, w: Wording) -> Vec<Suspect> {
    let likely = file.case.ranked(knowledge).into_iter().take(LIKELY.1).filter(|(_, p)| *p >= LIKELY.0);
    likely
        .map(|(id, p)| Suspect {
            name: cause_name(knowledge, id, w.0),
            sure: sure(p, w),
            explanation: explanation(knowledge, id, w),
            guide: guide::cause(id, w),
        })
        .collect()
}

fn proof(knowledge: &Knowledge, file: &CaseFile, year: i32, w: Wording) -> Vec<String> {
    let ranked = file.case.ranked(knowledge);
    let (Some(evidence), Some((id, _))) =
        (file.case.evidence(), ranked.first().filter(|(_, p)| *p >= CLEAR.0))
    else {
        return Vec::new();
    };
    let diagnosis = diagnose(knowledge, evidence);
    let speaks = |one: &&Observation| {
        let mut causes = diagnosis.causes.iter().filter(|cause| cause.id == *id);
        causes.any(|cause| cause.evidence_for.contains(&one.id))
            && is_bad(knowledge, &one.variable, &one.outcome)
    };
    let speaking = evidence.observations.iter().filter(speaks).take(CLEAR.1);
    speaking.map(|one| sentence(knowledge, one, w.0, Some(year))).collect()
}

/// What a cause is.
pub(super) fn explanation(knowledge: &Knowledge, id: &str, w: Wording) -> Option<String> {
    knowledge.causes.get(id).map(|cause| cause.explanation.get(w.0).to_owned())
}

fn sure(probability: f64, w: Wording) -> &'static str {
    match probability {
        p if p >= 0.9 => w.pick("almost certain", "ほぼ確実"),
        p if p >= 0.6 => w.pick("most probable", "可能性が高い"),
        p if p >= 0.3 => w.pick("probable", "可能性がある"),
        _ => w.pick("possible", "考えられる"),
    }
}
