//! How often one address may do what costs us or others something; in memory, of bounded size.
//!
//! The rate is kept as in the generic cell rate algorithm: one time for each rule, so that nothing grows with traffic.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::reach::Caller;

/// What is limited.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Kind {
    /// Opening a case.
    Case,
    /// Guessing a short code.
    Code,
    /// A run of probes.
    Run,
    /// Any request.
    Request,
    /// Sending a picture.
    Upload,
}

/// At most so many in so many seconds.
#[derive(Clone, Copy, Debug)]
struct Rule {
    most: u64,
    seconds: u64,
}

const fn most(most: u64, seconds: u64) -> Rule {
    Rule { most, seconds }
}

/// What holds for a kind: for one address, and for all together.
struct Rules {
    each: [Rule; 2],
    all: Rule,
    /// Whether it holds also for this machine itself, which may be a proxy that speaks for everybody.
    also_here: bool,
}

/// How long to wait, in seconds; at least one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Wait(pub(crate) u64);

/// How many addresses are remembered; beyond that strangers share one allowance until some are forgotten.
const REMEMBERED: usize = 50_000;

/// The allowances of all addresses.
#[derive(Debug)]
pub(crate) struct Limits {
    began: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// For each rule the time, in milliseconds since the beginning, at which the allowance is whole again.
    each: HashMap<(Kind, Key), [u64; 2]>,
    all: HashMap<Kind, [u64; 1]>,
}

/// Whose allowance it is: an IPv4 address, an IPv6 network of one customer (/64), or whoever there is no room for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Key {
    Four(u32),
    Six(u64),
    Rest,
}

impl Kind {
    fn rules(self) -> Rules {
        let (each, all) = match self {
            Self::Case => ([most(60, 60), most(300, 3600)], most(3000, 60)),
            Self::Code => ([most(20, 60), most(60, 3600)], most(600, 3600)),
            Self::Run => ([most(10, 600), most(40, 3600)], most(120, 60)),
            Self::Request => ([most(300, 10), most(6000, 600)], most(20_000, 10)),
            Self::Upload => ([most(10, 60), most(60, 3600)], most(300, 60)),
        };
        let also_here = matches!(self, Self::Code);
        Rules { each, all, also_here }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { began: Instant::now(), state: Mutex::default() }
    }
}

impl Limits {
    /// Takes one from a caller's allowance, or says how long to wait.
    pub(crate) fn take(&self, kind: Kind, caller: Caller) -> Result<(), Wait> {
        self.take_at(kind, caller, u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX / 2))
    }

    fn take_at(&self, kind: Kind, caller: Caller, now: u64) -> Result<(), Wait> {
        let rules = kind.rules();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { each, all } = &mut *state;
        let counts = rules.also_here || !caller.is_here();
        let key = if counts { Some((kind, room(each, kind, Key::of(caller.address()), now))) } else { None };
        let own = match key {
            Some(key) => Some(after(&rules.each, each.get(&key).copied().unwrap_or_default(), now)?),
            None => None,
        };
        // what one address may not do does not count for the others
        let total = after(&[rules.all], all.get(&kind).copied().unwrap_or_default(), now)?;
        all.insert(kind, total);
        if let (Some(key), Some(own)) = (key, own) {
            each.insert(key, own);
        }
        Ok(())
    }
}

/// The key under which an address is remembered: its own, where there is room.
fn room(each: &mut HashMap<(Kind, Key), [u64; 2]>, kind: Kind, key: Key, now: u64) -> Key {
    if each.contains_key(&(kind, key)) || each.len() < REMEMBERED {
        return key;
    }
    // whoever has a whole allowance needs not be remembered; looked through at most now and then, for the rest is in use
    if now.is_multiple_of(16) {
        each.retain(|_, whole| whole.iter().any(|whole| *whole > now));
    }
    if each.len() < REMEMBERED { key } else { Key::Rest }
}

/// The times once one more was taken.
fn after<const N: usize>(rules: &[Rule; N], whole: [u64; N], now: u64) -> Result<[u64; N], Wait> {
    let mut next = whole;
    let mut wait = 0;
    for (rule, whole) in rules.iter().zip(&mut next) {
        let (span, each) = (rule.seconds * 1000, rule.seconds * 1000 / rule.most);
        *whole = (*whole).max(now) + each;
        wait = wait.max((*whole - now).saturating_sub(span));
    }
    if wait > 0 { Err(Wait(wait.div_ceil(1000))) } else { Ok(next) }
}

impl Key {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(four) => Self::Four(four.to_bits()),
            IpAddr::V6(six) => Self::Six((six.to_bits() >> 64) as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(text: &str) -> Caller {
        Caller::at(text.parse().unwrap())
    }

    fn taken(limits: &Limits, kind: Kind, from: &str, now: u64) -> Result<(), Wait> {
        limits.take_at(kind, caller(from), now)
    }

    #[test]
    fn an_allowance_is_spent_and_comes_back() {
        let limits = Limits::default();
        for _ in 0..10 {
            taken(&limits, Kind::Upload, "203.0.113.7", 0).unwrap();
        }
        assert_eq!(taken(&limits, Kind::Upload, "203.0.113.7", 0), Err(Wait(6)));
        taken(&limits, Kind::Upload, "203.0.113.8", 0).unwrap();
        taken(&limits, Kind::Case, "203.0.113.7", 0).unwrap();
        taken(&limits, Kind::Upload, "203.0.113.7", 6000).unwrap();
        assert_eq!(taken(&limits, Kind::Upload, "203.0.113.7", 6000), Err(Wait(6)));
    }

    #[test]
    fn a_whole_ipv6_network_is_one_caller() {
        let limits = Limits::default();
        for host in 0..20 {
            taken(&limits, Kind::Code, &format!("2001:db8:1:1::{host}"), 0).unwrap();
        }
        assert!(taken(&limits, Kind::Code, "2001:db8:1:1:ffff::1", 0).is_err());
        taken(&limits, Kind::Code, "2001:db8:1:2::1", 0).unwrap();
    }

    #[test]
    fn all_together_have_a_limit_too() {
        let limits = Limits::default();
        let refused = (0..200_u32).filter(|host| {
            let address = IpAddr::from(host.to_be_bytes());
            limits.take_at(Kind::Run, Caller::at(address), 0).is_err()
        });
        assert_eq!(refused.count(), 80);
    }

    #[test]
    fn this_machine_is_held_only_to_what_can_be_guessed() {
        let limits = Limits::default();
        assert!((0..1000).all(|_| taken(&limits, Kind::Case, "127.0.0.1", 0).is_ok()));
        assert!((0..1000).any(|_| taken(&limits, Kind::Code, "::1", 0).is_err()));
    }

    #[test]
    fn memory_is_bounded_and_strangers_then_share() {
        let limits = Limits::default();
        let mut refused = 0;
        for host in 0..120_000_u32 {
            // spread out in time, so that the limit of all is not what refuses
            let now = u64::from(host) * 25 + 1;
            let address = IpAddr::from((0x0b00_0000 + host).to_be_bytes());
            refused += usize::from(limits.take_at(Kind::Case, Caller::at(address), now).is_err());
            assert!(limits.state.lock().unwrap().each.len() <= REMEMBERED + 1);
        }
        // the first of them have their allowance back long before
        assert!(refused < 60_000, "{refused}");
    }
}
