//! Everything that leads from a cause to its fix, read together: actions, questions, flows, checklists, answers.

use std::collections::BTreeMap;

use super::action::{Action, Steps};
use super::answer::Answer;
use super::cause::{Cause, Fix};
use super::checklist::Checklist;
use super::flow::Flow;
use super::question::Question;
use super::situation::Situation;
use super::{File, Problem, Text, folder};

/// What can be done and asked.
#[derive(Debug, Default)]
pub struct Care {
    /// Repairs, waits and escalations.
    pub actions: BTreeMap<String, Action>,
    /// Questions to a person.
    pub questions: BTreeMap<String, Question>,
    /// Ways through several steps and waits.
    pub flows: BTreeMap<String, Flow>,
    /// Lists of things to look at.
    pub checklists: BTreeMap<String, Checklist>,
    /// Short answers to what people ask in general.
    pub answers: BTreeMap<String, Answer>,
}

/// The folders that [`Care::read`] reads.
pub(super) const FOLDERS: [&str; 5] = ["actions/", "questions/", "flows/", "checklists/", "answers/"];

/// What every entry of these kinds has, whatever its kind.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The file, relative to the knowledge folder.
    pub path: String,
    /// The rows of `coverage.tsv` that it serves.
    pub covers: &'a [String],
    /// Where its facts come from.
    pub sources: &'a [String],
    /// When they were last looked at.
    pub checked: &'a str,
    /// Every text in it, with the name of its place.
    pub texts: Vec<(String, &'a Text)>,
    /// Every list of steps in it, with the name of its place.
    pub steps: Vec<(String, &'a Steps)>,
}

impl Care {
    /// Reads the folders out of the files; what cannot be read is told and left out.
    pub(super) fn read(files: &[File], problems: &mut Vec<Problem>) -> Self {
        Self {
            actions: folder(files, "actions", problems),
            questions: folder(files, "questions", problems),
            flows: folder(files, "flows", problems),
            checklists: folder(files, "checklists", problems),
            answers: folder(files, "answers", problems),
        }
    }

    /// What can be done against a cause in that situation, with the probability that it helps, in the order of the
    /// cause's file.
    pub fn fixes<'a>(&'a self, cause: &'a Cause, situation: Situation<'_>) -> Vec<(&'a Fix, &'a Action)> {
        let known = cause.fixes.iter().filter_map(|fix| Some((fix, self.actions.get(&fix.action)?)));
        known.filter(|(_, action)| action.only.admits(situation)).collect()
    }

    /// Every entry, and those of the causes.
    pub fn entries<'a>(&'a self, causes: &'a BTreeMap<String, Cause>) -> Vec<Entry<'a>> {
        let mut entries: Vec<Entry<'a>> = causes.iter().map(|(id, cause)| cause_entry(id, cause)).collect();
        entries.extend(self.actions.iter().map(|(id, action)| action_entry(id, action)));
        entries.extend(self.questions.iter().map(|(id, question)| question_entry(id, question)));
        entries.extend(self.flows.iter().map(|(id, flow)| flow_entry(id, flow)));
        entries.extend(self.checklists.iter().map(|(id, list)| checklist_entry(id, list)));
        entries.extend(self.answers.iter().map(|(id, answer)| answer_entry(id, answer)));
        entries
    }
}

fn cause_entry<'a>(id: &str, cause: &'a Cause) -> Entry<'a> {
    let mut texts = vec![("explanation".to_owned(), &cause.explanation)];
    texts.extend(cause.not_this.iter().enumerate().map(|(n, text)| (format!("not_this {n}"), text)));
    Entry {
        path: format!("causes/{id}.toml"),
        covers: &cause.covers,
        sources: &cause.sources,
        checked: &cause.checked,
        texts,
        steps: Vec::new(),
    }
}

fn action_entry<'a>(id: &str, action: &'a Action) -> Entry<'a> {
    let mut texts = vec![("title".to_owned(), &action.title), ("why".to_owned(), &action.why)];
    texts.extend(action.warning.iter().map(|text| ("warning".to_owned(), text)));
    texts.extend(action.correction.iter().map(|text| ("correction".to_owned(), text)));
    let variants = action.instructions.iter().enumerate();
    Entry {
        path: format!("actions/{id}.toml"),
        covers: &action.covers,
        sources: &action.sources,
        checked: &action.checked,
        texts,
        steps: variants.map(|(n, variant)| (format!("instructions {n}"), &variant.steps)).collect(),
    }
}

fn question_entry<'a>(id: &str, question: &'a Question) -> Entry<'a> {
    let mut texts = vec![("text".to_owned(), &question.text), ("why".to_owned(), &question.why)];
    texts.extend(question.options.iter().map(|option| (format!("option {}", option.id), &option.text)));
    Entry {
        path: format!("questions/{id}.toml"),
        covers: &question.covers,
        sources: &question.sources,
        checked: &question.checked,
        texts,
        steps: Vec::new(),
    }
}

fn flow_entry<'a>(id: &str, flow: &'a Flow) -> Entry<'a> {
    let mut texts = vec![("title".to_owned(), &flow.title)];
    texts.extend(flow.correction.iter().map(|text| ("correction".to_owned(), text)));
    let mut steps = Vec::new();
    for (name, state) in &flow.states {
        texts.push((format!("state {name}"), &state.title));
        texts.extend(state.next.iter().map(|way| (format!("state {name}, way {}", way.id), &way.when)));
        if state.steps != Steps::default() {
            steps.push((format!("state {name}"), &state.steps));
        }
    }
    Entry {
        path: format!("flows/{id}.toml"),
        covers: &flow.covers,
        sources: &flow.sources,
        checked: &flow.checked,
        texts,
        steps,
    }
}

fn checklist_entry<'a>(id: &str, list: &'a Checklist) -> Entry<'a> {
    let mut texts = vec![("title".to_owned(), &list.title)];
    texts.extend(list.correction.iter().map(|text| ("correction".to_owned(), text)));
    for item in &list.items {
        texts.push((format!("item {}", item.id), &item.text));
        texts.push((format!("item {}, why", item.id), &item.why));
    }
    Entry {
        path: format!("checklists/{id}.toml"),
        covers: &list.covers,
        sources: &list.sources,
        checked: &list.checked,
        texts,
        steps: Vec::new(),
    }
}

fn answer_entry<'a>(id: &str, answer: &'a Answer) -> Entry<'a> {
    Entry {
        path: format!("answers/{id}.toml"),
        covers: &answer.covers,
        sources: &answer.sources,
        checked: &answer.checked,
        texts: vec![("question".to_owned(), &answer.question), ("answer".to_owned(), &answer.answer)],
        steps: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::{Knowledge, Lang, Risk, embedded};

    fn each_situation(knowledge: &Knowledge, mut visit: impl FnMut(Situation<'_>)) {
        let values = &knowledge.taxonomy.values;
        for device in &values["device"] {
            for client in &values["client"] {
                for service in &values["service"] {
                    visit(Situation { device, client, service });
                }
            }
        }
    }

    #[test]
    fn every_action_can_be_told_in_every_situation() {
        let knowledge = Knowledge::load(&embedded()).unwrap();
        each_situation(&knowledge, |situation| {
            for (id, action) in &knowledge.care().actions {
                let variant = action.variant(situation);
                assert!(variant.is_some_and(|v| !v.steps.ja.is_empty()), "{id} in {situation:?}");
            }
        });
    }

    #[test]
    fn every_cause_that_can_be_has_a_fix_in_every_situation() {
        let knowledge = Knowledge::load(&embedded()).unwrap();
        each_situation(&knowledge, |situation| {
            for (id, cause) in knowledge.causes.iter().filter(|(_, cause)| cause.only.admits(situation)) {
                let fixes = knowledge.care().fixes(cause, situation);
                let failing: f64 = fixes.iter().map(|(fix, _)| 1.0 - fix.probability).product();
                assert!(failing < 0.35, "{id} stays unfixed with {failing} in {situation:?}");
            }
        });
    }

    #[test]
    fn every_cause_heals_in_most_cases_without_losing_data() {
        let knowledge = Knowledge::load(&embedded()).unwrap();
        for (id, cause) in &knowledge.causes {
            let fixes = knowledge.care().fixes(cause, Situation::UNKNOWN);
            let gentle = fixes.iter().filter(|(_, action)| action.risk < Risk::LosesData);
            let failing: f64 = gentle.map(|(fix, _)| 1.0 - fix.probability).product();
            assert!(failing < 0.15, "{id} stays unfixed with {failing}");
        }
    }

    #[test]
    fn instructions_are_those_of_the_device_the_program_and_the_service() {
        let knowledge = Knowledge::load(&embedded()).unwrap();
        let told = |action: &str, device: &str, client: &str, service: &str| {
            let situation = Situation { device, client, service };
            knowledge.care().actions[action].instructions(situation, Lang::Ja).concat()
        };
        assert!(told("restart_device", "iphone", "unknown", "icloud").contains("サイドボタン"));
        assert!(told("restart_device", "linux", "thunderbird", "gmail").contains("電源を切り"));
        assert!(told("readd_mail_account", "ipad", "ios_mail", "isp").contains("「アプリ」→「メール」"));
        assert!(told("readd_mail_account", "windows", "thunderbird", "isp").contains("アカウント操作"));
        assert!(!told("readd_mail_account", "iphone", "gmail_app", "gmail").contains("「設定」→「アプリ」"));
        assert!(told("renew_carrier_mail_settings", "iphone", "ios_mail", "softbank").contains("一括設定"));
        assert!(
            told("renew_carrier_mail_settings", "android", "other", "docomo").contains("dアカウント設定")
        );
        assert!(told("create_app_password", "android", "gmail_app", "icloud").contains("imap.mail.me.com"));
        assert!(told("reset_password", "unknown", "unknown", "icloud").contains("iforgot.apple.com"));
    }
}
