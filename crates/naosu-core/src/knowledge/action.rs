//! What can be done: repairs, waits and escalations, with their instructions: `knowledge/actions/`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::situation::{Only, Situation};
use super::{Lang, Text};

/// Something that can be done.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What kind of step it is.
    pub kind: ActionKind,
    /// How many minutes it takes the person.
    pub minutes: f64,
    /// How many minutes pass without the person.
    pub wait_minutes: f64,
    /// What it can cost besides time.
    pub risk: Risk,
    /// Where it is done: actions with the same place share the way there.
    pub place: String,
    /// Who can do it.
    pub who: Who,
    /// Actions that must be done before it: safeguards and preconditions.
    #[serde(default)]
    pub requires: Vec<String>,
    /// The variables that must turn good when it has helped.
    #[serde(default)]
    pub verify: Vec<String>,
    /// The question that tells whether it has helped, where no probe can.
    pub verify_question: Option<String>,
    /// Observations, `variable=outcome`, that ask for just this: where one was made, it is the next step.
    #[serde(default)]
    pub asked_by: Vec<String>,
    /// The flow that this action belongs to.
    pub flow: Option<String>,
    /// Where it can be done at all.
    #[serde(default)]
    pub only: Only,
    /// The rows of `coverage.tsv` that it serves.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// When they were last looked at, `YYYY-MM`.
    pub checked: String,
    /// What it is, as a request.
    pub title: Text,
    /// Why it can help.
    pub why: Text,
    /// What to know before doing it: what is erased, what stops meanwhile.
    pub warning: Option<Text>,
    /// Where advice that is still going round is out of date: what holds today.
    pub correction: Option<Text>,
    /// How to do it, by situation; one of them applies everywhere.
    pub instructions: Vec<Variant>,
}

/// What kind of step an action is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// A repair or safeguard.
    Action,
    /// Handing over to somebody else.
    Escalation,
    /// Letting time pass.
    Wait,
}

/// What an action can cost besides time; the greater, the worse.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Nothing.
    None,
    /// Something stops for a while.
    Interrupts,
    /// Settings or saved passwords are erased.
    LosesSettings,
    /// Mail or other data can be erased.
    LosesData,
    /// It cannot be taken back.
    Irreversible,
}

/// Who can do an action.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The person with the trouble.
    Person,
    /// Somebody with experience who helps.
    Helper,
    /// Whoever runs the mail domain or its server.
    DomainAdmin,
    /// The mail provider.
    Provider,
}

/// One way to do an action.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// On these devices only.
    #[serde(default)]
    pub device: Vec<String>,
    /// In these mail programs only; `unknown` in the list also takes a program that is not known.
    #[serde(default)]
    pub client: Vec<String>,
    /// With these services only.
    #[serde(default)]
    pub service: Vec<String>,
    /// The versions for which the paths hold, for the reader of the file.
    pub os: Option<String>,
    /// The languages in which all its labels were read in a source; absent where it names no labels.
    pub seen: Option<Vec<Lang>>,
    /// The steps.
    pub steps: Steps,
}

/// Steps in order, in both languages.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// English.
    pub en: Vec<String>,
    /// Japanese.
    pub ja: Vec<String>,
}

impl Steps {
    /// The steps in that language.
    pub fn get(&self, lang: Lang) -> &[String] {
        match lang {
            Lang::En => &self.en,
            Lang::Ja => &self.ja,
        }
    }
}

impl Action {
    /// Whether one of these observations, `variable=outcome`, asks for just this.
    pub fn is_asked_by(&self, seen: &BTreeSet<String>) -> bool {
        self.asked_by.iter().any(|observation| seen.contains(observation))
    }

    /// How to do it in that situation, step by step. Where labels were never read in a source in that language, a
    /// last line says that they may differ.
    pub fn instructions(&self, situation: Situation<'_>, lang: Lang) -> Vec<String> {
        self.variant(situation).map_or_else(Vec::new, |variant| variant.told(lang))
    }

    /// The variant that says most about that situation, the generic one where no other fits.
    pub fn variant(&self, situation: Situation<'_>) -> Option<&Variant> {
        let mut best: Option<(u8, &Variant)> = None;
        for variant in &self.instructions {
            if let Some(fit) = variant.fit(situation)
                && best.is_none_or(|(most, _)| fit > most)
            {
                best = Some((fit, variant));
            }
        }
        best.map(|(_, variant)| variant)
    }
}

fn labels_may_differ(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "The names of menus may differ a little by version: look for the nearest one.",
        Lang::Ja => {
            "項目の名前は、機種や版により少し違うことがあります。その場合は、近い名前のものを探してください。"
        }
    }
}

impl Variant {
    /// Whether it names no device, program or service.
    pub fn is_generic(&self) -> bool {
        self.device.is_empty() && self.client.is_empty() && self.service.is_empty()
    }

    /// Its steps; where its labels were never read in a source in that language, a last line says that they may differ.
    pub fn told(&self, lang: Lang) -> Vec<String> {
        let mut steps = self.steps.get(lang).to_vec();
        if self.seen.as_ref().is_some_and(|seen| !seen.contains(&lang)) {
            steps.push(labels_may_differ(lang).to_owned());
        }
        steps
    }

    /// How much it says about that situation (program before service before device); `None` where it does not fit.
    fn fit(&self, situation: Situation<'_>) -> Option<u8> {
        let weigh = |list: &[String], value: &str, weight: u8| {
            if list.is_empty() {
                Some(0)
            } else if list.iter().any(|id| id == value) {
                Some(if value == "unknown" { 0 } else { weight })
            } else {
                None
            }
        };
        Some(
            weigh(&self.client, situation.client, 4)?
                + weigh(&self.service, situation.service, 2)?
                + weigh(&self.device, situation.device, 1)?,
        )
    }
}

impl Risk {
    /// Its id.
    pub fn id(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Interrupts => "interrupts",
            Self::LosesSettings => "loses_settings",
            Self::LosesData => "loses_data",
            Self::Irreversible => "irreversible",
        }
    }
}

impl ActionKind {
    /// Its id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Escalation => "escalation",
            Self::Wait => "wait",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action() -> Action {
        toml::from_str(
            r#"
            kind = "action"
            minutes = 1.0
            wait_minutes = 0.0
            risk = "none"
            place = "here"
            who = "person"
            sources = ["s"]
            checked = "2026-11"
            title = { en = "T", ja = "題" }
            why = { en = "W", ja = "訳" }
            [[instructions]]
            steps = { en = ["generic"], ja = ["一般"] }
            [[instructions]]
            device = ["iphone"]
            client = ["ios_mail", "unknown"]
            steps = { en = ["iphone mail"], ja = ["純正"] }
            [[instructions]]
            service = ["docomo"]
            steps = { en = ["docomo"], ja = ["ドコモ"] }
            [[instructions]]
            client = ["thunderbird"]
            seen = ["ja"]
            steps = { en = ["thunderbird"], ja = ["サンダーバード"] }
            "#,
        )
        .unwrap()
    }

    #[test]
    fn labels_that_were_not_seen_in_a_language_are_said_to_differ() {
        let situation = Situation { client: "thunderbird", ..Situation::UNKNOWN };
        assert_eq!(action().instructions(situation, Lang::Ja), ["サンダーバード"]);
        assert_eq!(action().instructions(situation, Lang::En), ["thunderbird", labels_may_differ(Lang::En)]);
    }

    fn told(device: &str, client: &str, service: &str) -> String {
        action().instructions(Situation { device, client, service }, Lang::En).swap_remove(0)
    }

    #[test]
    fn the_variant_that_says_most_wins() {
        assert_eq!(told("unknown", "unknown", "unknown"), "generic");
        assert_eq!(told("iphone", "unknown", "icloud"), "iphone mail");
        assert_eq!(told("iphone", "ios_mail", "docomo"), "iphone mail");
        assert_eq!(told("iphone", "unknown", "docomo"), "docomo");
        assert_eq!(told("windows", "thunderbird", "docomo"), "thunderbird");
    }

    #[test]
    fn a_variant_for_another_program_is_not_taken() {
        assert_eq!(told("iphone", "gmail_app", "gmail"), "generic");
    }

    #[test]
    fn risks_are_ordered() {
        assert!(Risk::None < Risk::Interrupts && Risk::LosesSettings < Risk::LosesData);
        assert!(Risk::LosesData < Risk::Irreversible);
    }
}
