//! From what is believed to the step for the person: the knowledge's actions and questions as numbers, decided, worded.

use std::collections::{BTreeMap, BTreeSet};

use super::belief::Belief;
use super::decide::{Act, Ask, Choice, Situation as Numbers, decide};
use super::{NextStep, StepOption, shown};
use crate::diagnosis::FOUND;
use crate::knowledge::{Action, ActionKind, Knowledge, Lang, Question, Risk, Who};

/// What was done already, beside what is believed.
#[derive(Clone, Debug, Default)]
pub struct Course<'a> {
    /// Actions that are not to be proposed (again): tried, not possible, or not wanted.
    pub spent: BTreeSet<&'a str>,
    /// Safeguards that are done.
    pub safe: BTreeSet<&'a str>,
    /// Actions that cannot be done; what requires them cannot be done either.
    pub impossible: BTreeSet<&'a str>,
    /// Questions that were asked already.
    pub asked: BTreeSet<&'a str>,
    /// The place where the person is.
    pub place: Option<&'a str>,
}

/// What handing over costs beside the support's own work, in minutes.
const HAND_OVER: f64 = 240.0;
/// What every step costs beside its own minutes: reading it, and coming back.
const STEP: f64 = 5.0;
/// What a question costs beside its own minutes.
const INTERRUPTION: f64 = 6.0;
/// So many steps are taken with patience, and so many again after each support that was asked in vain.
const PATIENT: usize = 3;
/// What the first step beyond these adds to the cost of every further one, in minutes; the second adds twice that, and so on.
const WEARY: f64 = 15.0;
/// What it takes to get to another place; part of the minutes of each action.
const WAY: f64 = 1.0;
/// A risky action does not count against a cause that a harmless one still to be tried ends with this probability.
const HARMLESS_WOULD_DO: f64 = 0.4;
/// While such harmless ones end causes with more than this share of what is left, no risky one is proposed at all.
const HARMLESS_FIRST: f64 = 0.25;
/// How much a minute of waiting counts beside a minute of work: within a working day, and beyond it.
const WAITED: (f64, f64) = (0.05, 0.005);
/// The waited minutes that count as a working day.
const WORKING_DAY: f64 = 480.0;
/// How much longer it takes when somebody else has to be asked to do it.
const SOMEBODY_ELSE: f64 = 2.0;
/// Where the service is not said: how probable it is that somebody uses one, for actions that exist with some only.
pub(super) const SHARES: [(&str, f64); 12] = [
    ("icloud", 0.2),
    ("gmail", 0.2),
    ("yahoo_jp", 0.1),
    ("outlook", 0.1),
    ("docomo", 0.07),
    ("au", 0.05),
    ("softbank", 0.05),
    ("ymobile", 0.03),
    ("apple_id", 0.06),
    ("imessage", 0.03),
    ("isp", 0.06),
    ("self_hosted", 0.05),
];
/// How probable it is that the person runs the mail domain, where the service can be such a one at all.
const OWN_DOMAIN: [(&str, f64); 3] = [("self_hosted", 1.0), ("isp", 0.15), ("other", 0.3)];
/// How probable that is where the service is not said.
const OWN_DOMAIN_SHARE: f64 = 0.15;
/// An action that ends less than this share of what is left is not worth proposing any more.
const WORTHLESS: f64 = 0.02;
/// Causes less probable than this are not named with a question.
const NAMED: f64 = 0.005;
/// Causes that an action mends less probably than this are not named with it.
const MENDS: f64 = 0.2;

/// The step to take next; nothing where nothing is left to be done or asked. An action that an observation asks for by
/// name comes before everything else.
pub fn next(knowledge: &Knowledge, belief: &Belief, course: &Course<'_>, lang: Lang) -> Option<NextStep> {
    if let Some(step) = asked_for(knowledge, belief, course, lang) {
        return Some(step);
    }
    let problem = Problem::new(knowledge, belief, course);
    match decide(&problem.numbers).choice {
        Choice::Act(at) => Some(problem.action_step(at, lang)),
        Choice::Ask(at) => {
            let (id, question) = problem.questions[at];
            Some(question_step(id, question, problem.named(NAMED, |_| true), lang))
        }
        Choice::HandOver => problem.last_resort().map(|at| problem.action_step(at, lang)),
    }
}

/// What helps against these causes, of which each is so probable, for somebody of whom nothing else is known: what is
/// expected to cost least first, and what can lose data last.
pub fn fixes<'a>(knowledge: &'a Knowledge, causes: &[(&str, f64)]) -> Vec<(&'a str, &'a Action)> {
    let care = knowledge.care();
    let mut helps: BTreeMap<&str, f64> = BTreeMap::new();
    for (id, share) in causes {
        for fix in knowledge.causes.get(*id).into_iter().flat_map(|cause| &cause.fixes) {
            *helps.entry(&fix.action).or_default() += share * fix.probability;
        }
    }
    let mut ranked: Vec<(bool, f64, &str, &Action)> = helps
        .into_iter()
        .filter_map(|(id, helps)| {
            let action = care.actions.get(id)?;
            let before = action.requires.iter().filter_map(|first| care.actions.get(first));
            let minutes = effort(action) + STEP + before.map(|first| first.minutes).sum::<f64>();
            let cost = minutes / (helps * fits(action, "unknown"));
            Some((action.risk >= Risk::LosesData, cost, id, action))
        })
        .collect();
    ranked.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.total_cmp(&b.1)));
    ranked.into_iter().map(|(.., id, action)| (id, action)).collect()
}

/// The action that an observation asks for by name, unless it was tried in vain. It is named with the cause that is found.
fn asked_for(knowledge: &Knowledge, belief: &Belief, course: &Course<'_>, lang: Lang) -> Option<NextStep> {
    let situation = belief.situation();
    let (id, action) = knowledge.care().actions.iter().find(|(id, action)| {
        (action.is_asked_by(&belief.seen) || action.is_asked_by(&belief.said))
            && action.only.admits(situation)
            && !course.spent.contains(id.as_str())
            && !belief.tried.contains(id.as_str())
    })?;
    let ids = knowledge.model.causes();
    let found = belief.ranked().into_iter().filter(|(_, p)| *p >= FOUND);
    let addresses = found.map(|(place, _)| ids[place].clone()).collect();
    let mut step = shown(id, action, addresses, situation, lang);
    step.why = Some(action.why.get(lang).to_owned());
    Some(step)
}

/// The numbers of a decision with what they stand for.
#[derive(Debug)]
struct Problem<'a> {
    knowledge: &'a Knowledge,
    belief: &'a Belief,
    course: &'a Course<'a>,
    numbers: Numbers,
    actions: Vec<(&'a str, &'a Action)>,
    questions: Vec<(&'a str, &'a Question)>,
}

impl<'a> Problem<'a> {
    fn new(knowledge: &'a Knowledge, belief: &'a Belief, course: &'a Course<'a>) -> Self {
        let care = knowledge.care();
        let tables = knowledge.tables();
        let causes = knowledge.model.causes();
        let situation = belief.situation();
        let possible = |(id, action): (&'a String, &'a Action)| {
            let blocked = action.requires.iter().any(|first| course.impossible.contains(first.as_str()));
            let done = course.spent.contains(id.as_str()) || belief.tried.contains(id);
            (action.only.admits(situation) && !done && !blocked).then_some((id.as_str(), action))
        };
        let possible: Vec<Option<(&str, &Action)>> = care.actions.iter().map(possible).collect();
        let mut fixes: Vec<Vec<(usize, f64)>> = vec![Vec::new(); possible.len()];
        let mass: f64 = belief.weights.iter().sum();
        let mut harmless_mass = 0.0;
        for (place, known) in tables.fixes.iter().enumerate() {
            let harmless = known.iter().any(|mend| {
                mend.fix.probability >= HARMLESS_WOULD_DO
                    && mend.fix.admits(&belief.seen)
                    && possible[mend.action].is_some_and(|(_, action)| {
                        action.risk < Risk::LosesData && action.kind != ActionKind::Escalation
                    })
            });
            if harmless {
                harmless_mass += belief.weights[place];
            }
            for mend in known.iter().filter(|mend| mend.fix.admits(&belief.seen)) {
                let Some((_, action)) = possible[mend.action] else { continue };
                if action.risk < Risk::LosesData || !harmless {
                    let fix = &mend.fix;
                    let rate = belief.experience.rate(&fix.action, &causes[place], fix.probability);
                    fixes[mend.action].push((place, rate));
                }
            }
        }
        let weary = weariness(knowledge, course);
        let harmless_first = harmless_mass > HARMLESS_FIRST * mass;
        let mut places: Vec<&str> = Vec::new();
        let mut actions = Vec::new();
        let mut acts = Vec::new();
        for ((id, action), fixes) in
            possible.into_iter().zip(fixes).filter_map(|(possible, fixes)| Some((possible?, fixes)))
        {
            if fixes.is_empty() || harmless_first && action.risk >= Risk::LosesData {
                continue;
            }
            let place = places.iter().position(|place| *place == action.place).unwrap_or_else(|| {
                places.push(&action.place);
                places.len() - 1
            });
            let before: f64 = action
                .requires
                .iter()
                .filter(|first| !course.safe.contains(first.as_str()))
                .filter_map(|first| care.actions.get(first))
                .map(|first| first.minutes)
                .sum();
            let cost = (effort(action) - WAY).max(0.0) + STEP + weary + before;
            let fits = fits(action, belief.service.as_str());
            let fixes = fixes.into_iter().map(|(place, fix)| (place, fix * fits)).collect();
            acts.push(Act { cost, place: Some(place), risk: action.risk as u8, fixes });
            actions.push((id, action));
        }
        let way = |place: &&str| if course.place == Some(*place) { 0.0 } else { WAY };
        let knows = knows(belief);
        let (mut questions, mut asks) = (Vec::new(), Vec::new());
        for ((id, question), answers) in care.questions.iter().zip(&tables.questions) {
            if question.only.admits(situation)
                && !course.asked.contains(id.as_str())
                && !question.is_measured(&belief.seen)
                && !question.is_measured(&belief.said)
            {
                questions.push((id.as_str(), question));
                asks.push(Ask {
                    cost: question.minutes + INTERRUPTION + weary,
                    answers: answers.expected(knows),
                });
            }
        }
        let numbers = Numbers {
            weights: belief.weights.clone(),
            actions: acts,
            questions: asks,
            hand_over: HAND_OVER,
            places: places.iter().map(way).collect(),
        };
        Self { knowledge, belief, course, numbers, actions, questions }
    }

    /// Where nothing pays by itself any more: what still has a chance, or the support that can help most; nothing where
    /// neither is left.
    fn last_resort(&self) -> Option<usize> {
        let mass: f64 = self.belief.weights.iter().sum();
        let gain = |at: usize| -> f64 {
            self.numbers.actions[at].fixes.iter().map(|(place, fix)| self.belief.weights[*place] * fix).sum()
        };
        let all = (0..self.actions.len()).filter(|at| gain(*at) >= WORTHLESS * mass);
        let efficiency = |at: usize| gain(at) / self.numbers.actions[at].cost;
        all.max_by(|a, b| efficiency(*a).total_cmp(&efficiency(*b)).then_with(|| b.cmp(a)))
    }

    /// The causes that a step is about, the most probable first; those less probable than that are left out.
    fn named(&self, least: f64, about: impl Fn(usize) -> bool) -> Vec<String> {
        let named = self.belief.ranked().into_iter().filter(|(_, p)| *p >= least);
        let ids = self.knowledge.model.causes();
        named.filter(|(place, _)| about(*place)).map(|(place, _)| ids[place].clone()).collect()
    }

    /// The action as a step; what must be done before it is part of it where nothing can be lost, and a step of its own
    /// where something can.
    fn action_step(&self, at: usize, lang: Lang) -> NextStep {
        let (id, action) = self.actions[at];
        let care = self.knowledge.care();
        let mended = |place: usize| {
            let known = self.knowledge.causes.get(&self.knowledge.model.causes()[place]);
            known.is_some_and(|cause| {
                cause.fixes.iter().any(|fix| fix.action == id && fix.probability >= MENDS)
            })
        };
        let addresses = self.named(0.0, mended);
        let before: Vec<(&str, &Action)> = action
            .requires
            .iter()
            .filter(|first| !self.course.safe.contains(first.as_str()))
            .filter_map(|first| Some((first.as_str(), care.actions.get(first)?)))
            .collect();
        let gate = if action.risk >= Risk::LosesData { gate(&before) } else { None };
        let (id, action) = gate.unwrap_or((id, action));
        let situation = self.belief.situation();
        let mut step = shown(id, action, addresses, situation, lang);
        let mut first: Vec<String> = Vec::new();
        for (_, other) in before.iter().filter(|(other, _)| *other != id) {
            step.minutes += other.minutes;
            first.push(first_of_all(other.title.get(lang), lang));
            first.extend(other.instructions(situation, lang));
        }
        step.instructions.splice(0..0, first);
        step.why = Some(action.why.get(lang).to_owned());
        step
    }
}

/// Minutes of work, of waiting, and of what can go wrong though the safeguards are done.
fn effort(action: &Action) -> f64 {
    let work = match action.who {
        Who::Person => action.minutes,
        Who::Helper | Who::DomainAdmin | Who::Provider => action.minutes * SOMEBODY_ELSE,
    };
    let today = action.wait_minutes.min(WORKING_DAY);
    let waited = today * WAITED.0 + (action.wait_minutes - today) * WAITED.1;
    let damage = match action.risk {
        Risk::None => 0.0,
        Risk::Interrupts => 1.0,
        Risk::LosesSettings => 6.0,
        Risk::LosesData => 20.0,
        Risk::Irreversible => 120.0,
    };
    work + waited + damage
}

/// How probable it is that an action exists for this person at all, as far as the service decides that.
fn fits(action: &Action, service: &str) -> f64 {
    let own = match service {
        _ if action.who != Who::DomainAdmin || action.kind == ActionKind::Escalation => 1.0,
        "unknown" => OWN_DOMAIN_SHARE,
        service => OWN_DOMAIN.iter().find(|(id, _)| *id == service).map_or(WORTHLESS, |(_, share)| *share),
    };
    if service != "unknown"
        || action.only.service.is_empty()
        || action.only.service.iter().any(|id| id == "unknown")
    {
        return own;
    }
    let shares = SHARES.iter().filter(|(id, _)| action.only.service.iter().any(|known| known == id));
    own * shares.map(|(_, share)| share).sum::<f64>().max(WORTHLESS)
}

/// Of what must be safe before a risky action, that which is asked for by name; the rest is done on the way.
fn gate<'a>(before: &[(&'a str, &'a Action)]) -> Option<(&'a str, &'a Action)> {
    before.iter().copied().max_by(|a, b| a.1.minutes.total_cmp(&b.1.minutes).then_with(|| b.0.cmp(a.0)))
}

pub(crate) fn first_of_all(title: &str, lang: Lang) -> String {
    match lang {
        Lang::En => format!("First: {title}"),
        Lang::Ja => format!("はじめに: {title}"),
    }
}

/// What the next step costs beyond its own minutes somebody who took so many already: patience ends, and with it the sense of
/// trying on; support is then worth its wait. Who comes back from a support in vain has found new patience.
fn weariness(knowledge: &Knowledge, course: &Course<'_>) -> f64 {
    let actions = course.spent.iter().filter_map(|id| knowledge.care().actions.get(*id));
    let supports = actions.filter(|action| action.kind == ActionKind::Escalation).count();
    let beyond = (course.spent.len() + course.asked.len()).saturating_sub(PATIENT * (1 + supports));
    #[expect(clippy::cast_precision_loss, reason = "a few steps")]
    let beyond = beyond as f64;
    beyond * (beyond + 1.0) / 2.0 * WEARY
}

/// How often a question is answered with knowledge: who has said "I don't know" before is expected to do so again.
fn knows(belief: &Belief) -> f64 {
    let (unknown, answered) = belief.answered;
    #[expect(clippy::cast_precision_loss, reason = "a few questions")]
    let (unknown, answered) = (unknown as f64, answered as f64);
    (2.0 + answered) / (2.0 + answered + 4.0 * unknown)
}

fn question_step(id: &str, question: &Question, addresses: Vec<String>, lang: Lang) -> NextStep {
    let options: Vec<StepOption> = question
        .options
        .iter()
        .map(|option| StepOption { id: option.id.clone(), text: option.text.get(lang).to_owned() })
        .collect();
    NextStep {
        kind: "question".to_owned(),
        id: id.to_owned(),
        addresses,
        minutes: question.minutes,
        risk: Risk::None,
        title: question.text.get(lang).to_owned(),
        instructions: options.iter().map(|option| format!("{}: {}", option.id, option.text)).collect(),
        options,
        why: Some(question.why.get(lang).to_owned()),
        due: None,
    }
}
