//! What many cases add up to: causes by week, devices, services, time to the fix, steps, and waves of one cause.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::desk::{Desk, now};
use crate::failure::Failure;
use crate::store::lists::Counted;

pub(crate) use self::waves::{Of, Wave};

mod waves;

/// Weeks that are counted, this one included.
pub(crate) const WEEKS: usize = 26;

/// Seconds of a week.
const WEEK: i64 = 7 * 86_400;

/// 1970-01-01 was a Thursday: its week began three days earlier, on Monday (ISO 8601).
const MONDAY: i64 = 3 * 86_400;

/// For how long figures are shown before they are counted again, in seconds.
const FRESH: u64 = 60;

/// Steps that are counted one by one; more are counted together.
pub(crate) const STEPS: usize = 10;

/// The figures that were counted last; whoever comes while they are counted waits for them.
pub(crate) type Latest = Mutex<Option<Arc<Figures>>>;

/// What many cases add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// When they were counted, in seconds since 1970 UTC.
    pub(crate) at: u64,
    /// The Mondays with which the weeks begin, in seconds since 1970 UTC; the last one is this week's.
    pub(crate) weeks: Vec<i64>,
    /// Cases of all weeks.
    pub(crate) cases: usize,
    /// Those that ended with the trouble solved.
    pub(crate) resolved: usize,
    /// Cases of each week, by cause.
    pub(crate) causes: BTreeMap<String, Vec<usize>>,
    pub(crate) devices: BTreeMap<String, usize>,
    pub(crate) services: BTreeMap<String, usize>,
    /// How long the solved ones took.
    pub(crate) fixed: Spread,
    /// How long they took, by cause.
    pub(crate) fixed_by_cause: BTreeMap<String, Spread>,
    /// Closed cases by the steps that they took: 0, 1, … and the last one for all that took more.
    pub(crate) steps: Vec<usize>,
    /// What comes more often than its past explains, the clearest first.
    pub(crate) waves: Vec<Wave>,
}

/// How long something took, of many times.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Spread {
    /// How many.
    pub(crate) count: usize,
    /// Half took no longer, in seconds.
    pub(crate) median: i64,
    /// Nine of ten took no longer, in seconds.
    pub(crate) p90: i64,
}

impl Desk {
    /// The figures of the last half year; at most a minute old.
    pub(crate) async fn figures_of_cases(&self) -> Result<Arc<Figures>, Failure> {
        let mut latest = self.counted.lock().await;
        let at = now();
        if let Some(figures) = latest.as_ref().filter(|figures| figures.at + FRESH > at) {
            return Ok(Arc::clone(figures));
        }
        let mut count = Count::new(at);
        self.store.count_since(count.from(), |case| count.take(case)).await?;
        let figures = Arc::new(count.figures());
        *latest = Some(Arc::clone(&figures));
        Ok(figures)
    }
}

/// Figures that are being counted.
struct Count {
    figures: Figures,
    times: BTreeMap<String, Vec<i64>>,
    tides: waves::Tides,
}

impl Count {
    fn new(at: u64) -> Self {
        let now = i64::try_from(at).unwrap_or(0);
        let monday = (now + MONDAY).div_euclid(WEEK) * WEEK - MONDAY;
        let back = i64::try_from(WEEKS).unwrap_or(0) - 1;
        let weeks = (0..=back).map(|week| monday - (back - week) * WEEK).collect();
        let figures = Figures { at, weeks, steps: vec![0; STEPS + 1], ..Figures::default() };
        Self { figures, times: BTreeMap::new(), tides: waves::Tides::default() }
    }

    fn from(&self) -> i64 {
        self.figures.weeks.first().copied().unwrap_or(0)
    }

    fn take(&mut self, case: Counted) {
        let Ok(week) = usize::try_from((case.opened_at - self.from()).div_euclid(WEEK)) else { return };
        if week >= WEEKS {
            return;
        }
        let figures = &mut self.figures;
        let age = i64::try_from(figures.at).unwrap_or(0) - case.opened_at;
        self.tides.take(age, &case.cause, &case.service);
        figures.cases += 1;
        figures.causes.entry(case.cause.clone()).or_insert_with(|| vec![0; WEEKS])[week] += 1;
        *figures.devices.entry(case.device).or_default() += 1;
        *figures.services.entry(case.service).or_default() += 1;
        if matches!(case.state.as_str(), "resolved" | "unresolved") {
            let steps = usize::try_from(case.steps).unwrap_or(0).min(STEPS);
            figures.steps[steps] += 1;
        }
        if case.state == "resolved" {
            figures.resolved += 1;
            self.times.entry(case.cause).or_default().push(case.last_at - case.opened_at);
        }
    }

    fn figures(self) -> Figures {
        let Self { mut figures, times, tides } = self;
        figures.waves = tides.waves();
        let mut all: Vec<i64> = times.values().flatten().copied().collect();
        figures.fixed = spread(&mut all);
        figures.fixed_by_cause =
            times.into_iter().map(|(cause, mut times)| (cause, spread(&mut times))).collect();
        figures
    }
}

fn spread(times: &mut [i64]) -> Spread {
    times.sort_unstable();
    // nearest rank: the smallest time that at least that part did not exceed
    let at = |tenths: usize| times.get((times.len() * tenths).div_ceil(10).saturating_sub(1));
    Spread { count: times.len(), median: at(5).copied().unwrap_or(0), p90: at(9).copied().unwrap_or(0) }
}

/// Counts of cases are far below where a float loses units.
pub(crate) fn as_number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wednesday 2026-07-15 12:00 UTC; its week began on Monday 2026-07-13.
    const WEDNESDAY: u64 = 1_784_116_800;
    const MONDAY_BEFORE: i64 = 1_783_900_800;

    fn case(opened_at: i64, took: i64, state: &str, cause: &str) -> Counted {
        Counted {
            opened_at,
            last_at: opened_at + took,
            state: state.to_owned(),
            cause: cause.to_owned(),
            device: "iphone".to_owned(),
            service: "icloud".to_owned(),
            steps: 3,
        }
    }

    #[test]
    fn weeks_begin_on_mondays() {
        let mut count = Count::new(WEDNESDAY);
        assert_eq!(count.figures.weeks.last(), Some(&MONDAY_BEFORE));
        count.take(case(MONDAY_BEFORE - 1, 1, "open", "full"));
        count.take(case(MONDAY_BEFORE, 1, "open", "full"));
        count.take(case(count.from() - 1, 1, "open", "full"));
        let figures = count.figures();
        assert_eq!(figures.cases, 2);
        assert_eq!(figures.causes["full"][WEEKS - 2..], [1, 1]);
    }

    #[test]
    fn half_and_nine_of_ten_took_no_longer() {
        let mut count = Count::new(WEDNESDAY);
        for took in 1..=10 {
            count.take(case(MONDAY_BEFORE, took * 60, "resolved", "full"));
        }
        count.take(case(MONDAY_BEFORE, 99_999, "unresolved", "full"));
        let figures = count.figures();
        assert_eq!(figures.fixed, Spread { count: 10, median: 300, p90: 540 });
        assert_eq!(figures.fixed_by_cause["full"], figures.fixed);
        assert_eq!(figures.steps[3], 11);
        assert_eq!(spread(&mut []), Spread::default());
    }
}
