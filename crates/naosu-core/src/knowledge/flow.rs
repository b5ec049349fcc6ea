//! Troubles that take several steps and waits: `knowledge/flows/`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Text;
use super::action::Steps;
use super::situation::Only;

/// A way through states, tasks and waits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// What it is for.
    pub title: Text,
    /// The causes it deals with.
    #[serde(default)]
    pub causes: Vec<String>,
    /// Where it applies.
    #[serde(default)]
    pub only: Only,
    /// The state in which it begins.
    pub start: String,
    /// The rows of `coverage.tsv` that it serves.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// When they were last looked at, `YYYY-MM`.
    pub checked: String,
    /// Where advice that is still going round is out of date: what holds today.
    pub correction: Option<Text>,
    /// The states by their ids.
    pub states: BTreeMap<String, FlowState>,
}

/// One state of a flow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowState {
    /// What happens in it.
    pub kind: FlowStateKind,
    /// What it is about.
    pub title: Text,
    /// What to do, or to know, in order.
    #[serde(default)]
    pub steps: Steps,
    /// The minutes it takes the person.
    #[serde(default)]
    pub minutes: f64,
    /// The minutes that pass at least.
    #[serde(default)]
    pub wait_minutes: f64,
    /// The minutes that may pass at most; 0 where nobody knows.
    #[serde(default)]
    pub wait_at_most_minutes: f64,
    /// Actions of the knowledge that are done here.
    #[serde(default)]
    pub actions: Vec<String>,
    /// The flow in which it goes on, where this state hands over to one.
    pub flow: Option<String>,
    /// The variables to watch while waiting.
    #[serde(default)]
    pub watch: Vec<String>,
    /// Where it goes on. Who does not know takes the last: of a choice it is one that is right for them too, of a wait the one
    /// that leads back to it.
    #[serde(default)]
    pub next: Vec<Transition>,
}

impl FlowState {
    /// Of a wait: the way that leads back to it, where it is known under that id.
    pub fn way_back(&self, id: &str) -> Option<&Transition> {
        self.next.iter().find(|way| way.to == id)
    }

    /// Whether leaving it says nothing of how it came out: a task with one way only.
    pub fn says_nothing(&self) -> bool {
        self.kind == FlowStateKind::Task && self.next.len() == 1
    }
}

/// What happens in a state.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum FlowStateKind {
    /// The person decides which way to go.
    Choice,
    /// It is over, and works.
    Done,
    /// It is over, and goes on elsewhere.
    HandOver,
    /// The person does something.
    Task,
    /// Time passes.
    Wait,
}

/// A way from one state to the next.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// Unique within the state.
    pub id: String,
    /// When this way is taken, as an answer of the person.
    pub when: Text,
    /// The next state.
    pub to: String,
    /// The person says with it that it works, or that nothing was wrong; an end that is reached by it needs no other proof.
    #[serde(default)]
    pub works: bool,
}
