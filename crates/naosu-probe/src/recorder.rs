//! Where probes write down what they see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use naosu_core::evidence::{Observation, ObservationId};
use serde_json::Value;

/// The longest text from outside that is kept in a detail, in characters.
pub const TEXT_LIMIT: usize = 400;

/// Details of an observation while it is being made.
pub type Detail = BTreeMap<String, Value>;

/// The record of one run, shared by all its probes; cheap to clone.
#[derive(Clone)]
pub struct Recorder(Arc<Inner>);

struct Inner {
    origin: Instant,
    state: Mutex<State>,
    watch: Box<dyn Fn(&Event) + Send + Sync>,
}

#[derive(Default)]
struct State {
    started: usize,
    done: Vec<Observation>,
}

/// What happens on a recorder, for showing progress.
#[derive(Clone, Debug)]
pub enum Event {
    /// A measurement began.
    Started {
        /// What is being observed.
        variable: &'static str,
        /// What it is about.
        subject: String,
    },
    /// A measurement ended.
    Finished(Observation),
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl Recorder {
    /// A new record that begins now; `watch` is told of every event.
    pub fn new(watch: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        let (origin, state) = (Instant::now(), Mutex::default());
        Self(Arc::new(Inner { origin, state, watch: Box::new(watch) }))
    }

    /// Begins an observation. `after` names the observations it had to wait for.
    pub fn start(
        &self,
        variable: &'static str,
        subject: impl Into<String>,
        after: &[ObservationId],
    ) -> Pending {
        let subject = subject.into();
        let id = {
            let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.started += 1;
            ObservationId(format!("o{}", state.started))
        };
        (self.0.watch)(&Event::Started { variable, subject: subject.clone() });
        let after = after.to_vec();
        Pending {
            recorder: self.clone(),
            id,
            variable,
            subject,
            started: Instant::now(),
            after,
            detail: Detail::new(),
        }
    }

    /// Milliseconds since the record began.
    pub fn elapsed_ms(&self) -> u64 {
        milliseconds(self.0.origin, Instant::now())
    }

    /// The observations so far, in the order in which they ended.
    pub fn observations(&self) -> Vec<Observation> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).done.clone()
    }
}

/// An observation that has begun and not yet ended. Dropped without [`Pending::finish`], it leaves no trace.
pub struct Pending {
    recorder: Recorder,
    id: ObservationId,
    variable: &'static str,
    subject: String,
    started: Instant,
    after: Vec<ObservationId>,
    detail: Detail,
}

impl Pending {
    /// The id the observation will have.
    pub fn id(&self) -> ObservationId {
        self.id.clone()
    }

    /// What it is about so far.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Changes what the observation is about, for what is known only while measuring.
    pub fn about(&mut self, subject: impl Into<String>) {
        self.subject = subject.into();
    }

    /// Adds an observation that had to end before.
    pub fn wait_for(&mut self, id: ObservationId) {
        self.after.push(id);
    }

    /// Adds a detail. Texts are cut to [`TEXT_LIMIT`] characters and freed of control characters.
    pub fn detail(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.detail.insert(name.to_owned(), tame(value.into()));
        self
    }

    /// Ends the observation with one of its variable's outcomes.
    pub fn finish(self, outcome: &str) -> ObservationId {
        let now = Instant::now();
        let inner = &self.recorder.0;
        let observation = Observation {
            id: self.id.clone(),
            variable: self.variable.to_owned(),
            outcome: outcome.to_owned(),
            subject: self.subject,
            detail: self.detail,
            started_ms: milliseconds(inner.origin, self.started),
            elapsed_ms: milliseconds(self.started, now),
            after: self.after,
        };
        inner.state.lock().unwrap_or_else(PoisonError::into_inner).done.push(observation.clone());
        (inner.watch)(&Event::Finished(observation));
        self.id
    }
}

/// A text from outside, cut to [`TEXT_LIMIT`] characters, with control characters as spaces.
pub fn tame_text(text: &str) -> String {
    text.chars()
        .take(TEXT_LIMIT)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

fn tame(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(tame_text(&text)),
        Value::Array(items) => Value::Array(items.into_iter().take(64).map(tame).collect()),
        Value::Object(map) => Value::Object(map.into_iter().take(64).map(|(k, v)| (k, tame(v))).collect()),
        other => other,
    }
}

fn milliseconds(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
}
