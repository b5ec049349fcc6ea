//! What the complaints in `knowledge/corpus` teach about each question: the symptom, the cause, and, where the words do
//! not say it, who wrote them with what.
//!
//! Symptoms and causes are learned from all complaints. Service, device and program are learned from the threads alone,
//! for each language: what the project wrote itself does not show how often people leave them out.

use std::collections::BTreeMap;

use super::Learned;
use crate::knowledge::Lang;

/// Probability from which a service, device or program that is not said is taken for the likeliest.
const LIKELY: f64 = 0.65;
/// What the pieces of a text count for beside how common a value is.
const PIECES: f64 = 8.0;
/// Questions about who wrote.
const WHO: [&str; 3] = ["service", "device", "client"];

/// How the paths of the files begin.
pub(crate) const LEARNED: &str = "corpus/learned";

/// One complaint to learn from.
#[derive(Clone, Copy, Debug)]
pub struct Lesson<'a> {
    /// The complaint.
    pub text: &'a str,
    /// Its language, `en` or `ja`.
    pub lang: &'a str,
    /// What the user sees.
    pub symptom: &'a str,
    /// Why; `unknown` teaches nothing.
    pub cause: &'a str,
    /// Service, device and program, where the complaint is a real one.
    pub who: Option<[&'a str; 3]>,
}

/// The learned words of every question.
#[derive(Clone, Debug, Default)]
pub struct Taught {
    /// For symptoms.
    pub symptom: Learned,
    /// For causes.
    pub cause: Learned,
    /// For service, device and program, by `<question>_<language>`.
    who: BTreeMap<String, Learned>,
}

impl Taught {
    /// Learns from complaints.
    pub fn learn(lessons: &[Lesson<'_>]) -> Self {
        let known = lessons.iter().filter(|lesson| lesson.cause != "unknown");
        let mut who = BTreeMap::new();
        for (at, question) in WHO.iter().enumerate() {
            for lang in ["en", "ja"] {
                let told = lessons.iter().filter(|lesson| lesson.lang == lang);
                let pairs = told.filter_map(|lesson| Some((lesson.text, lesson.who?[at])));
                who.insert(format!("{question}_{lang}"), Learned::learn(pairs));
            }
        }
        Self {
            symptom: Learned::learn(lessons.iter().map(|lesson| (lesson.text, lesson.symptom))),
            cause: Learned::learn(known.map(|lesson| (lesson.text, lesson.cause))),
            who,
        }
    }

    /// Reads the files that [`Self::show`] names; `file` gives the text of one.
    pub fn read<'a>(file: impl Fn(&str) -> Option<&'a str>) -> Self {
        let read = |name: &str| file(name).map_or_else(Learned::default, Learned::read);
        let names = WHO.iter().flat_map(|question| ["en", "ja"].map(|lang| format!("{question}_{lang}")));
        Self {
            symptom: read("corpus/learned.tsv"),
            cause: read("corpus/learned_cause.tsv"),
            who: names.map(|name| (name.clone(), read(&format!("corpus/learned_{name}.tsv")))).collect(),
        }
    }

    /// The paths of the files in the knowledge.
    pub(crate) fn paths() -> Vec<String> {
        Self::default().show().into_iter().map(|(path, _)| path).chain(who_paths()).collect()
    }

    /// The files, with their paths in the knowledge.
    pub fn show(&self) -> Vec<(String, String)> {
        let mut files = vec![
            ("corpus/learned.tsv".to_owned(), self.symptom.show()),
            ("corpus/learned_cause.tsv".to_owned(), self.cause.show()),
        ];
        let who = self.who.iter();
        files.extend(who.map(|(name, learned)| (format!("corpus/learned_{name}.tsv"), learned.show())));
        files
    }

    /// The likeliest `service`, `device` or `client` of a normalised text that does not say it, if it is likely enough.
    pub(super) fn likely(&self, question: &str, lang: Lang, text: &str) -> Option<String> {
        let lang = match lang {
            Lang::En => "en",
            Lang::Ja => "ja",
        };
        let learned = self.who.get(&format!("{question}_{lang}"))?;
        let weights = learned.weights(text);
        let scores: Vec<(&str, f64)> = learned
            .shares()
            .map(|(value, share)| {
                (value, share.ln() + PIECES * weights.get(value).copied().unwrap_or_default())
            })
            .collect();
        let top = scores.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let sum: f64 = scores.iter().map(|(_, score)| (score - top.1).exp()).sum();
        (1.0 / sum >= LIKELY).then(|| top.0.to_owned())
    }
}

/// The paths of the files about who wrote.
fn who_paths() -> impl Iterator<Item = String> {
    let names = WHO.iter().flat_map(|question| ["en", "ja"].map(|lang| format!("{question}_{lang}")));
    names.map(|name| format!("corpus/learned_{name}.tsv"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson<'a>(text: &'a str, client: &'a str) -> Lesson<'a> {
        let who = Some(["unknown", "linux", client]);
        Lesson { text, lang: "en", symptom: "cannot_send", cause: "unknown", who }
    }

    #[test]
    fn what_is_not_said_is_guessed_only_where_it_is_likely() {
        let lessons = [
            lesson("smtplib raises an exception", "other"),
            lesson("smtplib raises again", "other"),
            lesson("the little window stays open", "outlook"),
            lesson("the little window again", "outlook"),
        ];
        let taught = Taught::learn(&lessons);
        let likely = |text: &str| taught.likely("client", Lang::En, text);
        assert_eq!(likely("smtplib raises an error").as_deref(), Some("other"));
        assert_eq!(likely("little window").as_deref(), Some("outlook"));
        assert_eq!(likely("nothing of this"), None);
        assert_eq!(taught.likely("client", Lang::Ja, "smtplib"), None);
        assert_eq!(Taught::default().likely("client", Lang::En, "smtplib"), None);
    }

    #[test]
    fn what_is_shown_is_read_again() {
        let shown = Taught::learn(&[lesson("a b", "other"), lesson("a b", "k9")]).show();
        let file = |name: &str| shown.iter().find(|(path, _)| path == name).map(|(_, text)| text.as_str());
        assert_eq!(Taught::read(file).show(), shown);
    }
}
