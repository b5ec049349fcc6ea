//! What cases taught: counts of what helped, by context, that fade; and how they adjust the knowledge's figures.
//!
//! A case that ends solved is one [`Lesson`]; [`Outcomes`] add lessons up, in any order; [`Experience`] is what they say in
//! one situation at one time. Without lessons it changes nothing, to the last bit.
//!
//! Data that a policy has chosen are biased: what is offered first is tried most and helps most often. Against that:
//! - Of a fix the *rate* is learned (it helped, of the times it was tried against that cause), never how often it helped. The
//!   case's responsibilities over the causes share a success (Breese and Heckerman 1996, MSR-TR-95-03); a failure counts
//!   only once another action has ended the case, against the causes that the ending speaks for; a case that was given up is
//!   censored and counts nothing.
//! - Of causes each solved case counts once, shared by the responsibilities.
//! - The responsibilities are those of the knowledge alone, so what was learned never feeds on itself.
//! - What went away while waiting is kept apart and credits no action (restarting *seems* to mend what comes and goes:
//!   Jensen et al. 2001, "The SACSO methodology for troubleshooting complex systems").
//! - The knowledge's own figures stay in as counts of cases that were never seen, the constants below: one case cannot
//!   swing anything.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::knowledge::Situation;

#[cfg(test)]
mod tests;

/// The version of the format in which outcomes are exported.
pub const SCHEMA: &str = "naosu.outcomes/1";

/// After so many days a case counts half. Systems, their menus and the providers' rules change with the yearly releases, and
/// what helped two releases ago says little.
pub const HALF_LIFE_DAYS: f64 = 365.0;

/// The knowledge's figure of a fix counts as so many tries, the mean of a Beta distribution with that equivalent sample
/// size (Heckerman, Geiger and Chickering 1995, "Learning Bayesian networks"): the figures are estimates to the first digit,
/// which ten tries give. One case moves a rate by at most 1/11.
pub const TRIES: f64 = 10.0;

/// The knowledge's priors count as so many troubles, a Dirichlet distribution with that equivalent sample size (as above;
/// the counts of Breese and Heckerman 1996).
pub const TROUBLES: f64 = 200.0;

/// Of these a cause has at least so many, or one case would multiply a rare one. One case changes the odds between any two
/// causes by at most a quarter, and so a probability by at most 0.056.
pub const TROUBLES_OF_A_CAUSE: f64 = 4.0;

/// However many cases there are, they make a cause at most so many times as frequent: what is measured and said now counts
/// more than what was.
const MOST: f64 = 10.0;

/// How much a case counts where the device or the service is another one: data of a related population, discounted by a
/// power between 0 and 1 (Ibrahim and Chen 2000, "Power prior distributions for regression models").
const RELATED: f64 = 0.5;

/// Shares of a case that are smaller teach nothing.
const SHARE: f64 = 0.01;

const DAY: u64 = 24 * 60 * 60;

/// Where something was learned: ids of the taxonomy, `unknown` where it was not known.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Context {
    /// The device.
    pub device: String,
    /// The service.
    pub service: String,
}

impl Context {
    fn nearness(&self, situation: Situation<'_>) -> f64 {
        let of = |same: bool| if same { 1.0 } else { RELATED };
        of(self.device == situation.device) * of(self.service == situation.service)
    }
}

/// How often an action was tried against a cause; fractions, because a case is shared by several causes.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tries {
    /// It helped.
    pub fixed: f64,
    /// It did not.
    pub not_fixed: f64,
}

/// Counts of cases.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Cases in which it went away while the person waited.
    pub by_itself: f64,
    /// By cause: solved cases.
    pub causes: BTreeMap<String, f64>,
    /// By action, by cause: the tries.
    pub tries: BTreeMap<String, BTreeMap<String, Tries>>,
}

impl Counts {
    /// Adds the other counts, each times the factor.
    fn add(&mut self, other: &Self, factor: f64) {
        self.by_itself += other.by_itself * factor;
        for (cause, count) in &other.causes {
            *self.causes.entry(cause.clone()).or_default() += count * factor;
        }
        for (action, by_cause) in &other.tries {
            let own = self.tries.entry(action.clone()).or_default();
            for (cause, tries) in by_cause {
                let own = own.entry(cause.clone()).or_default();
                own.fixed += tries.fixed * factor;
                own.not_fixed += tries.not_fixed * factor;
            }
        }
    }

    /// With every count changed so.
    fn each(&self, change: impl Fn(f64) -> f64) -> Self {
        let tries = |tries: &Tries| Tries { fixed: change(tries.fixed), not_fixed: change(tries.not_fixed) };
        Self {
            by_itself: change(self.by_itself),
            causes: self.causes.iter().map(|(id, count)| (id.clone(), change(*count))).collect(),
            tries: self
                .tries
                .iter()
                .map(|(id, causes)| {
                    (id.clone(), causes.iter().map(|(id, one)| (id.clone(), tries(one))).collect())
                })
                .collect(),
        }
    }
}

/// What one solved case taught: no words, no address, nothing that was measured.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// The day on which it ended, its beginning in seconds since 1970 UTC.
    pub at: u64,
    /// Where.
    pub context: Context,
    /// No count is above one; the causes' add up to at most one.
    pub counts: Counts,
}

impl Lesson {
    /// The case ended at that time with that action, each cause being responsible to that share.
    ///
    /// `failed` are actions that did not help before, by action the causes that they might have mended; `mended` are repairs
    /// that measurements show to have ended another cause before.
    pub(crate) fn of_repair<'a>(
        at: u64,
        context: Context,
        action: &str,
        shares: &BTreeMap<&'a str, f64>,
        failed: &BTreeMap<&str, Vec<&'a str>>,
        mended: &[(&str, &str)],
    ) -> Self {
        let mut lesson = Self::at(at, context, shares);
        let tries = &mut lesson.counts.tries;
        for (action, cause) in mended {
            let once = Tries { fixed: 1.0, not_fixed: 0.0 };
            tries.entry((*action).to_owned()).or_default().insert((*cause).to_owned(), once);
        }
        for (cause, share) in &lesson.counts.causes {
            let fixed = Tries { fixed: *share, not_fixed: 0.0 };
            tries.entry(action.to_owned()).or_default().insert(cause.clone(), fixed);
            for (action, _) in failed.iter().filter(|(_, causes)| causes.contains(&cause.as_str())) {
                let by_cause = tries.entry((*action).to_owned()).or_default();
                by_cause.entry(cause.clone()).or_default().not_fixed = *share;
            }
        }
        lesson
    }

    /// The case ended at that time while the person waited.
    pub(crate) fn of_wait(at: u64, context: Context, shares: &BTreeMap<&str, f64>) -> Self {
        let mut lesson = Self::at(at, context, shares);
        lesson.counts.by_itself = 1.0;
        lesson
    }

    fn at(at: u64, context: Context, shares: &BTreeMap<&str, f64>) -> Self {
        let shares = shares.iter().filter(|(_, share)| **share >= SHARE);
        let causes = shares.map(|(id, share)| ((*id).to_owned(), *share)).collect();
        Self { at: at / DAY * DAY, context, counts: Counts { causes, ..Counts::default() } }
    }
}

/// What all cases together taught.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(into = "Document")]
pub struct Outcomes {
    /// How many lessons there are.
    pub cases: u64,
    /// The day of the newest lesson, its beginning in seconds since 1970 UTC: the counts are worth that much then.
    pub as_of: u64,
    /// By context, what was learned there.
    pub contexts: BTreeMap<Context, Counts>,
}

impl Outcomes {
    /// Adds a lesson; older lessons count less. The order in which lessons come does not matter.
    pub fn learn(&mut self, lesson: &Lesson) {
        if lesson.at > self.as_of {
            let factor = faded(self.as_of, lesson.at);
            for counts in self.contexts.values_mut() {
                *counts = counts.each(|count| count * factor);
            }
            self.as_of = lesson.at;
        }
        self.cases += 1;
        // a lesson was a file's content; what is no count in it is none
        let sound = lesson.counts.each(|count| if count.is_finite() { count.clamp(0.0, 1.0) } else { 0.0 });
        let counts = self.contexts.entry(lesson.context.clone()).or_default();
        counts.add(&sound, faded(lesson.at, self.as_of));
    }

    /// What they say in that situation at that time, in seconds since 1970 UTC.
    pub fn experience(&self, situation: Situation<'_>, now: u64) -> Experience {
        let faded = faded(self.as_of, now);
        let mut counts = Counts::default();
        for (context, known) in &self.contexts {
            counts.add(known, context.nearness(situation) * faded);
        }
        Experience { counts }
    }
}

/// How much of a count is left after the time between the two; all of it where the clock was put back.
fn faded(from: u64, to: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds of some decades")]
    let days = to.saturating_sub(from) as f64 / DAY as f64;
    (-days / HALF_LIFE_DAYS).exp2()
}

/// What the outcomes say in one situation at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experience {
    counts: Counts,
}

impl Experience {
    /// By how much a cause is more frequent than its prior says, which is per 1000 troubles; exactly 1 where nothing was
    /// learned of it. Causes of which nothing was learned become rarer by as much as the others become more frequent, once
    /// the weights are normalised.
    pub fn frequency(&self, cause: &str, prior: f64) -> f64 {
        let own = (prior / 1000.0 * TROUBLES).max(TROUBLES_OF_A_CAUSE);
        self.counts.causes.get(cause).map_or(1.0, |count| (1.0 + count / own).min(MOST))
    }

    /// The probability that an action fixes a cause, where the knowledge says that one; exactly that where the action was
    /// never tried against the cause.
    pub fn rate(&self, action: &str, cause: &str, known: f64) -> f64 {
        let tries = self.counts.tries.get(action).and_then(|causes| causes.get(cause));
        tries.map_or(known, |tries| (TRIES * known + tries.fixed) / (TRIES + tries.fixed + tries.not_fixed))
    }
}

/// Outcomes as they are exported: nothing in it points to a case or a person.
#[derive(Clone, Debug, Serialize)]
struct Document {
    schema: &'static str,
    cases: u64,
    as_of: u64,
    half_life_days: f64,
    contexts: Vec<InContext>,
}

#[derive(Clone, Debug, Serialize)]
struct InContext {
    #[serde(flatten)]
    context: Context,
    #[serde(flatten)]
    counts: Counts,
}

impl From<Outcomes> for Document {
    fn from(outcomes: Outcomes) -> Self {
        let rounded = |count: f64| (count * 1e4).round() / 1e4;
        let contexts = outcomes
            .contexts
            .into_iter()
            .map(|(context, counts)| InContext { context, counts: counts.each(rounded) });
        Self {
            schema: SCHEMA,
            cases: outcomes.cases,
            as_of: outcomes.as_of,
            half_life_days: HALF_LIFE_DAYS,
            contexts: contexts.collect(),
        }
    }
}
