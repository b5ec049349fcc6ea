//! One trouble from the first words to the resolution: a fold over events.
//!
//! What happened is a list of [`Event`]s that only grows. A [`Case`] is what they add up to, and [`Case::next`] says what
//! to do now. Terminal, web page, store and tests drive this one machine; it has no clock: the caller dates the events.
//! Nothing is ever taken out of the list: what was wrong is [`What::Retracted`], and the case is as if it had not been said.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::evidence::{Evidence, Request, SignIn};
use crate::knowledge::{Knowledge, Lang};
use crate::outcome::{Lesson, Outcomes};
use crate::step::NextStep;

mod flow;
mod guide;
pub mod history;
mod lesson;
pub mod rehearsal;

pub use self::guide::DID_IT_HELP;

/// The version of the event format that this crate writes.
pub const SCHEMA: &str = "naosu.case/1";

/// The way on from the end of a flow where it works.
const FIXED: &str = "fixed";
/// The way on from the end of a flow where it does not work.
const NOT_FIXED: &str = "not_fixed";

/// The most events that a case takes; people do not get there, a stuck program does.
pub const EVENTS_LIMIT: usize = 10_000;

/// Something that happened, and when.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When, in seconds since 1970 UTC.
    pub at: u64,
    /// What.
    pub what: What,
}

/// What can happen in a case.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The case began; always the first event, and only the first.
    Opened(Opening),
    /// The probes ran; what they saw replaces what was seen before.
    Measured(Box<Evidence>),
    /// A question was answered; a later answer to the same question replaces an earlier one.
    Answered {
        /// The question.
        question: String,
        /// Its option, `unknown` where the person does not know.
        option: String,
    },
    /// An action was carried out; whether it helped is not known yet.
    Done {
        /// The action.
        action: String,
    },
    /// An action was carried out and mail works again.
    Fixed {
        /// The action.
        action: String,
    },
    /// An action was carried out and the trouble is still there.
    NotFixed {
        /// The action.
        action: String,
    },
    /// An action could not be carried out, or the person does not want it.
    CouldNot {
        /// The action.
        action: String,
    },
    /// An action is put off: something else first. It comes again after half a day, or when nothing else is left.
    Deferred {
        /// The action.
        action: String,
    },
    /// A way was taken in a flow.
    Went {
        /// The flow.
        flow: String,
        /// The state that was left.
        state: String,
        /// The way, an id within that state; `fixed` or `not_fixed` where the flow was at its end and it was asked whether it
        /// works.
        way: String,
        /// Only a general answer (`done`) chose the way: whatever it says, that it works was not said.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        general: bool,
    },
    /// The person goes on later.
    Paused,
    /// The person is back.
    Resumed,
    /// An earlier event does not hold: a wrong answer, a changed mind.
    Retracted {
        /// Its place in the list, from 0.
        index: usize,
    },
    /// The person reads this language from here on.
    Language {
        /// The language.
        lang: Lang,
    },
    /// The person ends the case.
    Stopped,
    /// The case is over.
    Closed(Closing),
}

/// How a case begins.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// [`SCHEMA`].
    pub schema: String,
    /// The words, and what was said about account, service, device and program.
    pub request: Request,
    /// The person's language.
    pub lang: Lang,
    /// The options of the check that measures it, as on the command line and without anything secret; none where nothing
    /// was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Vec<String>>,
    /// The flow in which it begins, where it does in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
}

/// How a case ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// Whether it works again.
    pub resolved: bool,
    /// The cause that was most probably behind it, where it was resolved.
    pub cause: Option<String>,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// A question, an action, a probe, a wait or an escalation.
    Step(Box<NextStep>),
    /// Nothing: the case is over.
    Closed(Closing),
}

/// What whoever drives the case can do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Driver {
    /// Talk with the person only.
    Talks,
    /// Run the probes too: a step of kind `probe` is answered with [`What::Measured`].
    Measures,
}

/// Why an event was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The first event does not open the case.
    #[error("the first event does not open the case")]
    NotOpened,
    /// The case is open already.
    #[error("the case is open already")]
    OpenAlready,
    /// The case is over: only retracting is possible.
    #[error("the case is over")]
    Over,
    /// There is no such event, it opens the case, or it retracts another one.
    #[error("there is no event there that can be retracted")]
    NotRetractable,
    /// There are [`EVENTS_LIMIT`] events already.
    #[error("the case has too many events")]
    TooMany,
}

/// One trouble with its history.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    events: Vec<Event>,
}

impl Case {
    /// Opens a case.
    pub fn new(at: u64, request: Request, lang: Lang) -> Self {
        Self::opened(at, Opening { schema: SCHEMA.to_owned(), request, lang, check: None, flow: None })
    }

    /// Opens a case that can be measured again with these options of a check.
    pub fn measurable(at: u64, request: Request, lang: Lang, check: Vec<String>) -> Self {
        Self::opened(at, Opening { schema: SCHEMA.to_owned(), request, lang, check: Some(check), flow: None })
    }

    /// Opens a case that begins in a flow.
    pub fn in_flow(at: u64, request: Request, lang: Lang, flow: String) -> Self {
        Self::opened(at, Opening { schema: SCHEMA.to_owned(), request, lang, check: None, flow: Some(flow) })
    }

    fn opened(at: u64, opening: Opening) -> Self {
        Self { events: vec![Event { at, what: What::Opened(opening) }] }
    }

    /// The case that the events add up to.
    ///
    /// # Errors
    /// The place of the first event that cannot be taken, and why.
    pub fn replay(events: impl IntoIterator<Item = Event>) -> Result<Self, (usize, Refused)> {
        let mut case = Self { events: Vec::new() };
        for (index, event) in events.into_iter().enumerate() {
            if index > 0 {
                case.apply(event).map_err(|refused| (index, refused))?;
            } else if matches!(event.what, What::Opened(_)) {
                case.events.push(event);
            } else {
                return Err((0, Refused::NotOpened));
            }
        }
        if case.events.is_empty() { Err((0, Refused::NotOpened)) } else { Ok(case) }
    }

    /// Takes the next event; ids that the knowledge does not know are kept and have no effect.
    ///
    /// # Errors
    /// [`Refused`] where it cannot follow; the case is unchanged then.
    pub fn apply(&mut self, event: Event) -> Result<(), Refused> {
        if self.events.len() >= EVENTS_LIMIT {
            return Err(Refused::TooMany);
        }
        match &event.what {
            What::Opened(_) => return Err(Refused::OpenAlready),
            What::Retracted { index } => match self.events.get(*index).map(|event| &event.what) {
                None | Some(What::Opened(_) | What::Retracted { .. }) => return Err(Refused::NotRetractable),
                Some(_) => {}
            },
            _ if self.closed().is_some() => return Err(Refused::Over),
            _ => {}
        }
        self.events.push(event);
        Ok(())
    }

    /// Everything that happened, in order; the first opens the case.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How the case began.
    pub fn opening(&self) -> &Opening {
        match self.events.first().map(|event| &event.what) {
            Some(What::Opened(opening)) => opening,
            _ => unreachable!("new and replay put the opening first"),
        }
    }

    /// How it ended; nothing while it is open.
    pub fn closed(&self) -> Option<Closing> {
        self.standing().closed
    }

    /// The language the person reads now.
    pub fn lang(&self) -> Lang {
        self.standing().lang
    }

    /// The answers that hold, in the order in which they were given: question and option.
    pub fn answers(&self) -> Vec<(&str, &str)> {
        let mut answers: Vec<_> = self.standing().answers.into_iter().collect();
        answers.sort_by_key(|(_, (_, at))| *at);
        answers.into_iter().map(|(question, (option, _))| (question, option)).collect()
    }

    /// The causes in the light of all that was said, measured and tried, the most probable first, with their
    /// probabilities.
    pub fn ranked<'a>(&self, knowledge: &'a Knowledge) -> Vec<(&'a str, f64)> {
        guide::ranked(knowledge, &self.standing())
    }

    /// The event that "back" takes back: the last of [`Case::retractable`].
    pub fn last_retractable(&self) -> Option<usize> {
        self.retractable().pop()
    }

    /// What the person said and can take back, in order: answers, and results of actions.
    pub fn retractable(&self) -> Vec<usize> {
        let retracted = self.retracted();
        let said = |index: &usize| {
            !retracted.contains(index)
                && matches!(
                    self.events[*index].what,
                    What::Answered { .. }
                        | What::Done { .. }
                        | What::Fixed { .. }
                        | What::NotFixed { .. }
                        | What::CouldNot { .. }
                        | What::Deferred { .. }
                        | What::Went { .. }
                )
        };
        (0..self.events.len()).filter(said).collect()
    }

    /// What must be taken back so that a case that is over goes on: its end, and what led there. Nothing while it is open.
    pub fn reopening(&self, knowledge: &Knowledge) -> Vec<usize> {
        let mut tried = self.clone();
        let mut back = Vec::new();
        while matches!(tried.next(knowledge, Driver::Talks), Next::Closed(_)) {
            let retracted = tried.retracted();
            let led = |index: &usize| {
                !retracted.contains(index)
                    && matches!(
                        tried.events[*index].what,
                        What::Closed(_)
                            | What::Stopped
                            | What::Fixed { .. }
                            | What::Done { .. }
                            | What::Went { .. }
                            | What::NotFixed { .. }
                            | What::CouldNot { .. }
                            | What::Measured(_)
                    )
            };
            let Some(index) = (0..tried.events.len()).rev().find(led) else { return back };
            let at = tried.events.last().map_or(0, |event| event.at);
            if tried.apply(Event { at, what: What::Retracted { index } }).is_err() {
                return back;
            }
            back.push(index);
        }
        back
    }

    /// The causes that repairs have ended, as measured before and after them, in the order of the repairs.
    pub fn mended(&self, knowledge: &Knowledge) -> Vec<String> {
        guide::causes_mended(knowledge, &self.standing())
    }

    /// Whether the person has put that action off, and it was not carried out since.
    pub fn is_put_off(&self, action: &str) -> bool {
        self.standing().deferred.contains_key(action)
    }

    /// What was measured last.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.standing().evidence
    }

    /// What to do now, by the knowledge alone.
    pub fn next(&self, knowledge: &Knowledge, driver: Driver) -> Next {
        self.next_with(knowledge, &Outcomes::default(), driver)
    }

    /// What to do now, in the light of what earlier cases taught; as they count at the time of the last event, so that the
    /// same events and outcomes always give the same step.
    pub fn next_with(&self, knowledge: &Knowledge, outcomes: &Outcomes, driver: Driver) -> Next {
        guide::next(knowledge, outcomes, &self.standing(), driver)
    }

    /// What this case teaches; nothing unless it ended solved and it is known by what.
    pub fn lesson(&self, knowledge: &Knowledge) -> Option<Lesson> {
        lesson::lesson(knowledge, &self.standing())
    }

    /// What an answer of the person to a step means: an option of a question, a way of a flow, or how an action came out.
    /// Nothing where it is no answer to that step.
    pub fn answer(&self, knowledge: &Knowledge, step: &NextStep, answer: &str) -> Option<What> {
        guide::answer(knowledge, &self.standing(), step, answer)
    }

    /// Whether a step that is carried out goes on as a flow.
    pub fn leads_into_a_flow(&self, knowledge: &Knowledge, step: &NextStep, driver: Driver) -> bool {
        let Some(what) = self.answer(knowledge, step, "done") else { return false };
        let mut tried = self.clone();
        let at = self.events.last().map_or(0, |event| event.at);
        tried.apply(Event { at, what }).is_ok()
            && matches!(tried.next(knowledge, driver), Next::Step(next) if next.id.contains('.'))
    }

    fn retracted(&self) -> BTreeSet<usize> {
        let of = |event: &Event| match event.what {
            What::Retracted { index } => Some(index),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    /// Folds the events that hold.
    fn standing(&self) -> Standing<'_> {
        let opening = self.opening();
        let mut standing = Standing {
            request: &opening.request,
            lang: opening.lang,
            evidence: None,
            earlier: Vec::new(),
            answers: BTreeMap::new(),
            tried: BTreeMap::new(),
            deferred: BTreeMap::new(),
            pending: None,
            last_done: None,
            begun: opening.flow.as_deref(),
            entered: opening_at(&self.events),
            taken: Vec::new(),
            looked: false,
            seen: None,
            turned: opening_at(&self.events),
            changed: None,
            now: self.events.last().map_or(0, |event| event.at),
            closed: None,
        };
        let retracted = self.retracted();
        for (index, event) in self.events.iter().enumerate().skip(1) {
            if !retracted.contains(&index) {
                standing.take(index, event);
            }
        }
        standing
    }
}

fn opening_at(events: &[Event]) -> u64 {
    events.first().map_or(0, |event| event.at)
}

/// How an action came out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tried {
    /// Carried out; for a safeguard that is all there is to it.
    Done,
    /// Carried out, the trouble is still there.
    NotFixed,
    /// Not possible, or not wanted.
    CouldNot,
}

/// What the events add up to.
#[derive(Debug)]
struct Standing<'a> {
    request: &'a Request,
    lang: Lang,
    /// What was measured last.
    evidence: Option<&'a Evidence>,
    /// What was measured right before a repair was verified, the repair, what was measured then, and at which event.
    earlier: Vec<Repair<'a>>,
    /// The answers, and at which event they were given.
    answers: BTreeMap<&'a str, (&'a str, usize)>,
    tried: BTreeMap<&'a str, Tried>,
    /// Actions that were put off, and when.
    deferred: BTreeMap<&'a str, u64>,
    /// An action that was carried out, and since when its result is open; with what was measured after it.
    pending: Option<Pending<'a>>,
    /// The action that was carried out last.
    last_done: Option<&'a str>,
    /// The flow in which the case began, until it is left.
    begun: Option<&'a str>,
    /// When the flow was entered.
    entered: u64,
    /// The ways that were taken in it since.
    taken: Vec<Taken<'a>>,
    /// Whether it was measured since the last of them.
    looked: bool,
    /// What was measured since, where it was enough to tell.
    seen: Option<&'a Evidence>,
    /// When something happened last that can change what comes next: a wait is counted from then.
    turned: u64,
    /// What was measured last and before it, where nothing was tried between the two.
    changed: Option<(&'a Evidence, &'a Evidence)>,
    /// When the last event happened.
    now: u64,
    closed: Option<Closing>,
}

/// A way that was taken in a flow.
#[derive(Clone, Copy, Debug)]
struct Taken<'a> {
    flow: &'a str,
    state: &'a str,
    way: &'a str,
    general: bool,
    at: u64,
}

/// An action whose result is open.
#[derive(Clone, Copy, Debug)]
struct Pending<'a> {
    action: &'a str,
    /// Whether the person says that it helped.
    said_fixed: bool,
    /// Whether it was measured since.
    measured: bool,
    /// Whether what was measured since looked too short to tell.
    unclear: bool,
}

/// A repair that was measured before and after.
#[derive(Clone, Copy, Debug)]
struct Repair<'a> {
    action: &'a str,
    before: &'a Evidence,
    after: &'a Evidence,
    /// The event with the measurement after it.
    at: usize,
}

impl<'a> Standing<'a> {
    fn take(&mut self, at: usize, event: &'a Event) {
        if let What::Done { action }
        | What::Fixed { action }
        | What::NotFixed { action }
        | What::CouldNot { action } = &event.what
        {
            self.deferred.remove(action.as_str());
            // who does something else has left the flow
            self.begun = None;
            self.taken.clear();
        }
        if !matches!(
            event.what,
            What::Retracted { .. } | What::Paused | What::Resumed | What::Language { .. }
        ) {
            self.turned = event.at;
            self.changed = None;
        }
        match &event.what {
            What::Opened(_) | What::Retracted { .. } | What::Paused | What::Resumed => {}
            What::Measured(evidence)
                if self.evidence.is_some_and(|before| looks_shorter(evidence, before)) =>
            {
                (self.looked, self.seen) = (true, None);
                // what stands behind the sign-in is still only known from before
                if let Some(pending) = &mut self.pending {
                    (pending.measured, pending.unclear) = (true, true);
                }
            }
            What::Measured(evidence) => {
                let before = self.evidence.replace(evidence);
                (self.looked, self.seen) = (true, Some(&**evidence));
                if let Some(pending) = &mut self.pending {
                    if let Some(before) = before.filter(|_| !pending.measured) {
                        self.earlier.push(Repair { action: pending.action, before, after: evidence, at });
                    }
                    (pending.measured, pending.unclear) = (true, false);
                } else {
                    self.changed = before.map(|before| (before, &**evidence));
                }
            }
            What::Answered { question, option } => {
                self.answers.insert(question, (option, at));
            }
            What::Done { action } => {
                self.tried.insert(action, Tried::Done);
                self.last_done = Some(action);
                self.pending = Some(Pending { action, said_fixed: false, measured: false, unclear: false });
                self.entered = event.at;
                (self.looked, self.seen) = (false, None);
            }
            What::Fixed { action } => {
                self.tried.insert(action, Tried::Done);
                self.last_done = Some(action);
                // who is asked to measure what was done, and says again that it works, has looked: that is the end
                let looked =
                    self.pending.is_some_and(|pending| pending.action == action && !pending.measured);
                self.pending = Some(Pending { action, said_fixed: true, measured: looked, unclear: looked });
            }
            What::NotFixed { action } => {
                self.tried.insert(action, Tried::NotFixed);
                self.last_done = Some(action);
                self.pending = None;
            }
            What::CouldNot { action } => {
                self.tried.insert(action, Tried::CouldNot);
                self.pending = None;
            }
            What::Deferred { action } => {
                self.deferred.insert(action, event.at);
            }
            What::Went { flow, state, way, general } => {
                self.pending = None;
                self.taken.push(Taken { flow, state, way, general: *general, at: event.at });
                (self.looked, self.seen) = (false, None);
                // the flow came to its end, and it does not work
                if let Some(action) = self.last_done.filter(|_| way == NOT_FIXED) {
                    self.tried.insert(action, Tried::NotFixed);
                }
            }
            What::Language { lang } => self.lang = *lang,
            What::Stopped => self.closed = Some(Closing { resolved: false, cause: None }),
            What::Closed(closing) => self.closed = Some(closing.clone()),
        }
    }
}

/// Whether a measurement without sign-in finds nothing wrong where the one before it, with a sign-in, found something that
/// shows with one only.
fn looks_shorter(evidence: &Evidence, before: &Evidence) -> bool {
    let of_mail = |evidence: &Evidence, wanted: fn(&str) -> bool| {
        evidence.observations.iter().any(|observation| {
            ["imap", "pop", "smtp"].contains(&observation.variable.as_str()) && wanted(&observation.outcome)
        })
    };
    evidence.request.sign_in == SignIn::None
        && before.request.sign_in != SignIn::None
        && of_mail(before, shows_with_a_sign_in)
        && !of_mail(evidence, |outcome| !matches!(outcome, "ok" | "reachable"))
}

/// Whether an outcome of a mail server lies behind the sign-in, and is none of the good ones.
fn shows_with_a_sign_in(outcome: &str) -> bool {
    let first = outcome.split('_').next().unwrap_or_default();
    !["ok", "reachable", "name", "tcp", "tls", "cert", "greeting", "starttls"].contains(&first)
}
