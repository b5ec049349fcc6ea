//! Cases played with a simulated person: how many steps, and how many minutes, until it works again.
//!
//! The person has one cause, answers as people with it mostly do, does what is asked, and says how it came out. What the
//! articles' own order of things to try would have taken is counted beside it.

use super::{Case, Driver, Event, Next};
use crate::evidence::Request;
use crate::knowledge::{ActionKind, Cause, Knowledge, Lang, Risk, Situation};
use crate::step::NextStep;

/// Who plays.
#[derive(Clone, Copy, Debug)]
pub struct Role<'a> {
    /// The one true cause.
    pub cause: &'a str,
    /// Whether questions are answered at all, or always with `unknown`.
    pub answers: bool,
    /// An action helps where it mends the cause at least this probably.
    pub least: f64,
}

/// A case played to its end.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// The steps' ids in order, questions with a `?` before them.
    pub steps: Vec<String>,
    /// The minutes of all steps together.
    pub minutes: f64,
    /// Whether it works again.
    pub resolved: bool,
    /// A step that can lose data though one that loses nothing was still to be tried.
    pub reckless: Option<String>,
}

/// After so many steps nobody goes on.
pub const PATIENCE: usize = 40;

/// How surely an action must mend a cause for a person to be said to be led to the fix by it.
pub const LEADS: f64 = 0.2;

/// Plays a case from where it is.
pub fn play(knowledge: &Knowledge, case: &mut Case, role: Role<'_>) -> Played {
    let mut played = Played::default();
    while played.steps.len() < PATIENCE {
        let step = match case.next(knowledge, Driver::Talks) {
            Next::Closed(closing) => {
                played.resolved = closing.resolved;
                break;
            }
            Next::Step(step) => step,
        };
        played.minutes += step.minutes;
        let answer = if step.kind == "question" {
            played.steps.push(format!("?{}", step.id));
            role.answer(knowledge, &step)
        } else {
            if step.risk >= Risk::LosesData && harmless(knowledge, case, role, &played.steps) {
                played.reckless = Some(step.id.clone());
            }
            played.steps.push(step.id.clone());
            if role.is_helped(knowledge, &step) { "fixed" } else { "not_fixed" }.to_owned()
        };
        let taken = case.answer(knowledge, &step, &answer);
        if taken.is_none_or(|what| case.apply(Event { at: 0, what }).is_err()) {
            break;
        }
    }
    played
}

impl Role<'_> {
    fn is_helped(&self, knowledge: &Knowledge, step: &NextStep) -> bool {
        let fixes = knowledge.causes.get(self.cause).into_iter().flat_map(|cause| &cause.fixes);
        step.addresses.iter().any(|cause| cause == self.cause)
            && fixes.filter(|fix| fix.action == step.id).any(|fix| fix.probability >= self.least)
    }

    /// The answer that people with this cause give most often.
    fn answer(&self, knowledge: &Knowledge, step: &NextStep) -> String {
        let Some(question) = knowledge.care().questions.get(&step.id).filter(|_| self.answers) else {
            return "unknown".to_owned();
        };
        let mut best: Option<(f64, &str)> = None;
        for (likelihood, option) in question.likelihoods(self.cause).into_iter().zip(&question.options) {
            if best.is_none_or(|(most, _)| likelihood > most) {
                best = Some((likelihood, &option.id));
            }
        }
        best.map_or("unknown", |(_, id)| id).to_owned()
    }
}

/// Whether something that loses nothing would have done and was not proposed yet.
fn harmless(knowledge: &Knowledge, begun: &Case, role: Role<'_>, steps: &[String]) -> bool {
    let Some(cause) = knowledge.causes.get(role.cause) else { return false };
    knowledge.care().fixes(cause, situation(&begun.opening().request)).iter().any(|(fix, action)| {
        fix.probability >= role.least.max(0.4)
            && action.risk < Risk::LosesData
            && action.kind != ActionKind::Escalation
            && !steps.contains(&fix.action)
    })
}

/// What the articles' fixed list costs until the cause is mended: their things to try in their order; steps and minutes.
pub fn by_the_articles(knowledge: &Knowledge, request: &Request, role: Role<'_>) -> (usize, f64) {
    let situation = situation(request);
    let mends = |cause: &Cause, id: &str, least: f64| {
        cause.fixes.iter().any(|fix| fix.action == id && fix.probability >= least)
    };
    let mut list: Vec<(&str, &str, f64)> = knowledge
        .care()
        .actions
        .iter()
        .filter(|(_, action)| action.only.admits(situation))
        .filter(|(id, _)| knowledge.causes.values().any(|cause| mends(cause, id, 0.0)))
        .map(|(id, action)| {
            (action.covers.iter().min().map_or("Z", String::as_str), id.as_str(), action.minutes)
        })
        .collect();
    list.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    let mut minutes = 0.0;
    for (at, (_, id, takes)) in list.iter().enumerate() {
        minutes += takes;
        if knowledge.causes.get(role.cause).is_some_and(|cause| mends(cause, id, role.least)) {
            return (at + 1, minutes);
        }
    }
    (list.len(), minutes)
}

/// Every cause with nothing but a symptom that goes with it: the one most often seen with it and those of which it is a
/// considerable part, on the devices and services where it can occur, in both languages by turns.
pub fn symptoms_alone(knowledge: &Knowledge) -> Vec<(Request, String)> {
    let symptoms = &knowledge.words().symptoms;
    let mut all = Vec::new();
    for (id, cause) in &knowledge.causes {
        let share = |symptom: &str| symptoms[symptom].causes.get(id).copied().unwrap_or(0.0);
        let seen = |symptom: &&String| symptoms[*symptom].prior * share(symptom);
        let most = symptoms.keys().max_by(|a, b| seen(a).total_cmp(&seen(b)));
        for symptom in symptoms.keys().filter(|symptom| Some(*symptom) == most || share(symptom) >= 0.1) {
            for (device, service) in PEOPLE {
                if !cause.only.admits(Situation { device, client: "unknown", service }) {
                    continue;
                }
                let lang = if all.len() % 2 == 0 { Lang::Ja } else { Lang::En };
                let request = Request {
                    words: Some(symptoms[symptom].name.get(lang).to_owned()),
                    device: Some(device.to_owned()),
                    service: Some(service.to_owned()),
                    ..Request::default()
                };
                all.push((request, id.clone()));
            }
        }
    }
    all
}

/// Devices with services, as people have them.
const PEOPLE: [(&str, &str); 6] = [
    ("iphone", "icloud"),
    ("iphone", "docomo"),
    ("windows", "outlook"),
    ("mac", "icloud"),
    ("android", "gmail"),
    ("windows", "self_hosted"),
];

fn situation(request: &Request) -> Situation<'_> {
    Situation {
        device: request.device.as_deref().unwrap_or("unknown"),
        client: request.client.as_deref().unwrap_or("unknown"),
        service: request.service.as_deref().unwrap_or("unknown"),
    }
}
