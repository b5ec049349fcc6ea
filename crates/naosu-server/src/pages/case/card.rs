//! A step as a person sees it: what, why, how, what it can cost, and what can be answered.

use naosu_core::case::DID_IT_HELP;
use naosu_core::knowledge::{Action, Knowledge, Risk};
use naosu_core::sentence::variable_name;
use naosu_core::step::{NextStep, StepOption, is_repair};
use naosu_papers::said;

use super::dates::{self, Moment};
use crate::casework::{CaseFile, driver};
use crate::drawing::drawing;
use crate::wording::Wording;

/// A step.
pub(super) struct Card {
    pub(super) kind: Kind,
    /// What kind of thing it asks for, as a short line over its title.
    pub(super) label: &'static str,
    pub(super) title: String,
    pub(super) why: Option<String>,
    /// How long it takes, in words.
    pub(super) minutes: Option<String>,
    /// What it can cost besides time, in words.
    pub(super) risk: Option<&'static str>,
    pub(super) warning: Option<String>,
    /// Whether mail, settings or more can be lost: the warning stands out.
    pub(super) grave: bool,
    /// What has to be done before it.
    pub(super) requires: Vec<String>,
    pub(super) steps: Vec<Part>,
    /// What holds for all of the steps.
    pub(super) aside: Vec<String>,
    pub(super) correction: Option<String>,
    /// When a wait ends.
    pub(super) due: Option<Moment>,
    pub(super) answers: Vec<Offered>,
}

/// What kind of card it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Question,
    Action,
    Probe,
    Wait,
    Escalation,
}

impl Kind {
    fn label(self, w: Wording) -> &'static str {
        match self {
            Self::Question => w.pick("Question", "質問"),
            Self::Action => w.pick("Do this", "次にすること"),
            Self::Probe => w.pick("Check", "確認"),
            Self::Wait => w.pick("Wait", "待ちます"),
            Self::Escalation => w.pick("Ask for help", "相談します"),
        }
    }
}

/// One thing to do.
pub(super) struct Part {
    pub(super) text: String,
    /// The way through the settings as an `svg` element; made by [`drawing`], which escapes what it draws.
    pub(super) drawing: Option<String>,
}

/// An answer that the card offers.
pub(super) struct Offered {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) weight: Weight,
}

/// How an answer looks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Weight {
    Main,
    Choice,
    Quiet,
}

impl Weight {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Choice => "choice",
            Self::Quiet => "quiet",
        }
    }
}

impl Card {
    pub(super) fn is_question(&self) -> bool {
        self.kind == Kind::Question
    }

    pub(super) fn is_probe(&self) -> bool {
        self.kind == Kind::Probe
    }

    pub(super) fn is_escalation(&self) -> bool {
        self.kind == Kind::Escalation
    }

    pub(super) fn of(knowledge: &Knowledge, file: &CaseFile, step: &NextStep, w: Wording, now: u64) -> Self {
        let kind = match step.kind.as_str() {
            "question" => Kind::Question,
            "probe" => Kind::Probe,
            "wait" => Kind::Wait,
            "escalation" => Kind::Escalation,
            _ => Kind::Action,
        };
        let action = knowledge.care().actions.get(&step.id);
        let mut how: &[String] = match kind {
            Kind::Probe => &[],
            // what can be answered stands behind what is to be done
            _ => &step.instructions[..step.instructions.len().saturating_sub(step.options.len())],
        };
        let warning = action.and_then(|action| action.warning.as_ref()).map(|warning| warning.get(w.0));
        if warning.is_some() && warning == how.first().map(String::as_str) {
            how = &how[1..];
        }
        let (how, aside) = how.split_at(own_steps(action, how, w));
        let device = file.row.summary.device.as_str();
        let part = |text: &String| Part { drawing: drawing(text, device), text: text.clone() };
        let title = |id: &String| Some(knowledge.care().actions.get(id)?.title.get(w.0).to_owned());
        Self {
            kind,
            label: kind.label(w),
            title: step.title.clone(),
            why: why(knowledge, step, kind, action, w),
            minutes: (kind == Kind::Action || kind == Kind::Escalation)
                .then(|| said::minutes(step.minutes, w.0)),
            risk: said::risk(step.risk, w.0),
            warning: warning.map(str::to_owned),
            grave: step.risk >= Risk::LosesSettings,
            requires: action.iter().flat_map(|action| &action.requires).filter_map(title).collect(),
            steps: how.iter().map(part).collect(),
            aside: aside.to_vec(),
            correction: action
                .and_then(|action| action.correction.as_ref())
                .map(|correction| correction.get(w.0).to_owned()),
            due: step.due.map(|due| dates::moment(due, now, w)),
            answers: answers(knowledge, file, step, kind, w),
        }
    }
}

/// How many of the instructions are steps; the rest holds for all of them.
fn own_steps(action: Option<&Action>, how: &[String], w: Wording) -> usize {
    let variants = action.iter().flat_map(|action| &action.instructions);
    let whole = variants.map(|variant| variant.steps.get(w.0)).find(|steps| how.starts_with(steps));
    whole.map_or(how.len(), <[String]>::len)
}

fn why(
    knowledge: &Knowledge,
    step: &NextStep,
    kind: Kind,
    action: Option<&Action>,
    w: Wording,
) -> Option<String> {
    if kind == Kind::Probe {
        // what is measured, in words
        let names: Vec<&str> =
            step.instructions.iter().map(|variable| variable_name(knowledge, variable, w.0)).collect();
        return (!names.is_empty()).then(|| {
            let list = names.join(w.pick(", ", "、"));
            match w.pick("en", "ja") {
                "ja" => format!("調べるもの: {list}"),
                _ => format!("What is measured: {list}"),
            }
        });
    }
    if step.id == DID_IT_HELP {
        // "title: id" of the action that was carried out
        let id = step.why.as_ref()?.rsplit_once(": ")?.1;
        return Some(knowledge.care().actions.get(id)?.title.get(w.0).to_owned());
    }
    step.why.clone().or_else(|| action.map(|action| action.why.get(w.0).to_owned()))
}

/// What can be answered, the most important first.
fn answers(knowledge: &Knowledge, file: &CaseFile, step: &NextStep, kind: Kind, w: Wording) -> Vec<Offered> {
    let offered =
        |id: &str, en, ja, weight| Offered { id: id.to_owned(), text: w.pick(en, ja).to_owned(), weight };
    if !step.options.is_empty() {
        let own = |option: &StepOption| Offered {
            id: option.id.clone(),
            text: option.text.clone(),
            weight: if option.id == "unknown" { Weight::Quiet } else { Weight::Choice },
        };
        let mut answers: Vec<Offered> = step.options.iter().map(own).collect();
        let asks = kind == Kind::Question && step.id != DID_IT_HELP && !step.id.contains('.');
        if asks && !answers.iter().any(|answer| answer.id == "unknown") {
            answers.push(offered("unknown", "I don't know", "分からない", Weight::Quiet));
        }
        return answers;
    }
    let cannot = offered("could_not", "I cannot do this", "できない", Weight::Quiet);
    let later = offered("later", "Later", "あとで", Weight::Quiet);
    let leads = kind != Kind::Question
        && kind != Kind::Probe
        && file.case.leads_into_a_flow(knowledge, step, driver(&file.case));
    match kind {
        Kind::Question => vec![offered("unknown", "Go on", "次へ", Weight::Main)],
        Kind::Probe => vec![
            offered("fixed", "I can see that it works", "使えるのを確かめた", Weight::Choice),
            offered("not_fixed", "It is as before", "変わらない", Weight::Choice),
        ],
        Kind::Wait if leads => vec![
            offered("done", "I am waiting: go on", "待っている(続きを見る)", Weight::Main),
            offered("fixed", "It works now", "直った", Weight::Choice),
            offered("not_fixed", "I waited, it is as before", "待ったが、変わらない", Weight::Choice),
            offered("could_not", "I cannot wait", "待てない", Weight::Quiet),
        ],
        Kind::Wait => vec![
            offered("fixed", "It works now", "直った", Weight::Main),
            offered("not_fixed", "I waited, it is as before", "待ったが、変わらない", Weight::Choice),
            offered("could_not", "I cannot wait", "待てない", Weight::Quiet),
        ],
        Kind::Action | Kind::Escalation if leads => vec![
            offered("done", "Done: go on", "済んだ(続きに進む)", Weight::Main),
            offered("fixed", "It works now", "直った", Weight::Choice),
            offered("not_fixed", "It did not help", "直らない", Weight::Choice),
            cannot,
            later,
        ],
        // of a look or a safeguard there is no more to say
        Kind::Action
            if knowledge.care().actions.contains_key(&step.id) && !is_repair(knowledge, &step.id) =>
        {
            vec![offered("done", "Done", "できた", Weight::Main), cannot, later]
        }
        Kind::Action | Kind::Escalation => vec![
            offered("fixed", "It worked", "直った", Weight::Main),
            offered("not_fixed", "It did not", "直らない", Weight::Choice),
            cannot,
            later,
        ],
    }
}
