//! What can be observed: `knowledge/variables/`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Problem, Text};

/// Something that can be observed, with its closed outcomes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name in English.
    pub en: String,
    /// Its name in Japanese.
    pub ja: String,
    /// The variable whose outcomes this one has too, unless it says them itself.
    pub extends: Option<String>,
    /// The outcomes by their ids.
    #[serde(default)]
    pub outcomes: BTreeMap<String, Outcome>,
}

/// One way an observation can come out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// What it means for the health of what was observed.
    pub state: State,
    /// The sentence in English; `{subject}` and `{name}` of a detail are filled in.
    pub en: String,
    /// The sentence in Japanese.
    pub ja: String,
}

/// What an outcome means for the health of what was observed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It works.
    Good,
    /// A fact, neither good nor bad by itself.
    Neutral,
    /// It does not work.
    Bad,
    /// It could not be found out.
    Unmeasured,
}

impl Outcome {
    /// Both sentences.
    pub fn text(&self) -> Text {
        Text { en: self.en.clone(), ja: self.ja.clone() }
    }
}

/// Fills in the outcomes that variables take from others.
pub(super) fn extend(variables: &mut BTreeMap<String, Variable>, problems: &mut Vec<Problem>) {
    let names: Vec<String> = variables.keys().cloned().collect();
    for name in names {
        let mut outcomes = variables[&name].outcomes.clone();
        let mut next = variables[&name].extends.clone();
        let mut depth = 0;
        while let Some(base) = next.take() {
            depth += 1;
            let Some(variable) = variables.get(&base).filter(|_| depth < 8) else {
                let what = format!("extends {base}, which does not exist or extends it");
                problems.push(Problem { path: format!("variables/{name}.toml"), what });
                break;
            };
            for (id, outcome) in &variable.outcomes {
                outcomes.entry(id.clone()).or_insert_with(|| outcome.clone());
            }
            next.clone_from(&variable.extends);
        }
        if let Some(variable) = variables.get_mut(&name) {
            variable.outcomes = outcomes;
        }
    }
}
