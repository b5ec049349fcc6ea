//! Waves: many cases of one cause, or with one service, in a short time, against their own past.
//!
//! Cases that come independently of each other are Poisson distributed, with a rate that is known by the past only. Whether
//! the rate has risen is then an exact question: of all cases in both times, how probable is it that so many fall into the
//! short one? That is the tail of a binomial distribution (Przyborowski and Wilenski, Homogeneity of results in testing
//! samples from Poisson series, Biometrika 31, 1940, pages 313 to 323); a short past makes it careful by itself.

use std::collections::BTreeMap;

use super::as_number;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The short times that are looked at, in days.
const TIMES: [i64; 2] = [1, 7];

/// How far back the past goes before the short time, in days: eight weeks.
const PAST: i64 = 56;

/// Fewer cases than this in the short time are no wave.
const FEWEST: usize = 5;

/// How seldom anything at all may look like a wave by accident. Each of the questions that are asked at once gets its
/// part of it (Bonferroni).
const ACCIDENTS: f64 = 0.01;

/// What a wave is of.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Of {
    /// A cause.
    Cause,
    /// A service.
    Service,
}

/// More cases in a short time than the past explains.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wave {
    pub(crate) of: Of,
    /// The cause or service.
    pub(crate) id: String,
    /// The length of the short time, which ends now.
    pub(crate) days: i64,
    /// Cases in it.
    pub(crate) count: usize,
    /// How many the past lets expect.
    pub(crate) expected: f64,
    /// How probable so many are by accident.
    pub(crate) chance: f64,
}

/// Counts for waves.
#[derive(Clone, Debug, Default)]
pub(super) struct Tides {
    /// Days before now of the cases of each.
    ages: BTreeMap<(Of, String), Vec<i64>>,
    /// Days since the first case of all.
    known: i64,
}

impl Tides {
    /// Counts a case that was opened so many seconds ago.
    pub(super) fn take(&mut self, age: i64, cause: &str, service: &str) {
        let day = age.max(0) / DAY;
        self.known = self.known.max(day);
        if day >= PAST + TIMES[TIMES.len() - 1] {
            return;
        }
        for (of, id) in [(Of::Cause, cause), (Of::Service, service)] {
            if id != "unknown" {
                self.ages.entry((of, id.to_owned())).or_default().push(day);
            }
        }
    }

    /// The waves, the least accidental first; of one cause or service only the clearest.
    pub(super) fn waves(&self) -> Vec<Wave> {
        let bound = ACCIDENTS / as_number(self.ages.len() * TIMES.len()).max(1.0);
        let clearest = |((of, id), days): (&(Of, String), &Vec<i64>)| {
            let waves = TIMES.iter().filter_map(|time| self.wave(*of, id, days, *time));
            waves.filter(|wave| wave.chance <= bound).min_by(|a, b| a.chance.total_cmp(&b.chance))
        };
        let mut waves: Vec<Wave> = self.ages.iter().filter_map(clearest).collect();
        waves.sort_by(|a, b| a.chance.total_cmp(&b.chance));
        waves
    }

    /// The last days against those before; nothing where the past is shorter than they are.
    fn wave(&self, of: Of, id: &str, ages: &[i64], days: i64) -> Option<Wave> {
        let past = PAST.min(self.known + 1 - days);
        let count = ages.iter().filter(|day| **day < days).count();
        if past < days || count < FEWEST {
            return None;
        }
        let before = ages.iter().filter(|day| (days..days + past).contains(*day)).count();
        #[expect(clippy::cast_precision_loss, reason = "some days")]
        let (days_long, past_long) = (days as f64, past as f64);
        let chance = binomial_tail(count + before, count, days_long / (days_long + past_long));
        let expected = as_number(before) * days_long / past_long;
        Some(Wave { of, id: id.to_owned(), days, count, expected, chance })
    }
}

/// How probable at least `least` successes in `all` trials are.
fn binomial_tail(all: usize, least: usize, p: f64) -> f64 {
    if as_number(least) <= as_number(all) * p {
        // at or below what is expected: no question
        return 1.0;
    }
    // the first term by its logarithm, the others by their ratio to the one before; beyond the mean they only fall
    let choose: f64 = (1..=least).map(|place| (as_number(all - least + place) / as_number(place)).ln()).sum();
    let first = choose + as_number(least) * p.ln() + as_number(all - least) * (1.0 - p).ln();
    let mut term = first.exp();
    let mut sum = term;
    for successes in least..all {
        term *= as_number(all - successes) / as_number(successes + 1) * p / (1.0 - p);
        sum += term;
        if term < sum * 1e-12 {
            break;
        }
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_binomial_distribution() {
        // by hand: P(X >= 2) of 3 coins, of 9 tails of 10; and one from a table
        for (all, least, p, expected) in
            [(3, 2, 0.5, 0.5), (10, 9, 0.5, 11.0 / 1024.0), (20, 8, 0.1, 0.000_416_0), (5, 5, 0.2, 0.000_32)]
        {
            let tail = binomial_tail(all, least, p);
            assert!((tail - expected).abs() < 1e-6, "{all} {least} {p}: {tail}");
        }
        assert!((binomial_tail(10, 1, 0.5) - 1.0).abs() < 1e-9);
        assert!(binomial_tail(100_000, 60_000, 0.1) < 1e-100, "large counts neither overflow nor stay long");
    }

    /// So many cases on each of the 63 days, and so many more today.
    fn tides(each: i64, today: i64) -> Tides {
        let mut tides = Tides::default();
        for day in 0..PAST + 7 {
            for _ in 0..each + if day == 0 { today } else { 0 } {
                tides.take(day * DAY + 60, "provider_outage", "docomo");
            }
        }
        tides.take((PAST + 8) * DAY, "unknown", "unknown");
        tides
    }

    #[test]
    fn many_in_a_day_are_a_wave_and_the_usual_ones_are_none() {
        assert_eq!(tides(3, 2).waves(), []);
        let waves = tides(3, 12).waves();
        assert_eq!(waves.iter().map(|wave| wave.of).collect::<Vec<_>>(), [Of::Cause, Of::Service]);
        let wave = &waves[0];
        assert_eq!((wave.id.as_str(), wave.days, wave.count), ("provider_outage", 1, 15));
        assert!((wave.expected - 3.0).abs() < 1e-9 && wave.chance < 1e-4, "{wave:?}");
    }

    #[test]
    fn a_slow_rise_shows_over_the_week() {
        let mut tides = tides(1, 0);
        for day in 0..7 {
            for _ in 0..2 {
                tides.take(day * DAY + 60, "provider_outage", "docomo");
            }
        }
        let waves = tides.waves();
        assert_eq!((waves[0].days, waves[0].count), (7, 21), "{waves:?}");
    }

    #[test]
    fn without_a_past_nothing_is_a_wave() {
        let mut tides = Tides::default();
        for _ in 0..50 {
            tides.take(60, "provider_outage", "docomo");
        }
        assert_eq!(tides.waves(), []);
        // a past without such a case says something all the same
        tides.take(10 * DAY, "full", "gmail");
        assert_eq!(tides.waves().len(), 2);
    }
}
