//! How often a sign-in may be wrong: per name and per address, counted before the password is looked at, so that many at
//! once count too.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// For how long a wrong sign-in counts, in seconds.
const WINDOW: u64 = 15 * 60;

/// Wrong ones for a name, from wherever they come.
const PER_NAME: usize = 10;

/// Wrong ones from an address; a help desk shares one.
const PER_CALLER: usize = 20;

/// Names and addresses that are remembered; beyond that the oldest is forgotten.
const REMEMBERED: usize = 10_000;

/// The sign-ins that count now.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    made: Mutex<BTreeMap<String, Vec<u64>>>,
}

impl Guesses {
    /// Counts a sign-in as wrong until it is forgiven; `Err` with the seconds to wait where there were too many.
    pub(crate) fn begin(&self, caller: IpAddr, name: &str, at: u64) -> Result<(), u64> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let [caller, name] = keys(caller, name);
        for (key, limit) in [(&caller, PER_CALLER), (&name, PER_NAME)] {
            let Some(times) = made.get_mut(key) else { continue };
            times.retain(|time| time + WINDOW > at);
            if times.len() >= limit {
                return Err(times.first().map_or(WINDOW, |first| first + WINDOW - at));
            }
        }
        for key in [caller, name] {
            made.entry(key).or_default().push(at);
        }
        if made.len() > REMEMBERED {
            made.retain(|_, times| times.last().is_some_and(|last| last + WINDOW > at));
        }
        while made.len() > REMEMBERED {
            let oldest = made.iter().min_by_key(|(_, times)| times.last().copied());
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { break };
            made.remove(&key);
        }
        Ok(())
    }

    /// The sign-in was right: it counts no more, and the name starts anew. What the address guessed at others stays.
    pub(crate) fn forgive(&self, caller: IpAddr, name: &str) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let [caller, name] = keys(caller, name);
        made.remove(&name);
        if let Some(times) = made.get_mut(&caller) {
            times.pop();
        }
    }
}

/// Of IPv6 the network counts (RFC 6177: a site has many addresses), of a name its beginning.
fn keys(caller: IpAddr, name: &str) -> [String; 2] {
    let caller = match caller {
        IpAddr::V4(address) => format!("from {address}"),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("from {a:x}:{b:x}:{c:x}:{d:x}")
        }
    };
    [caller, format!("name {}", name.chars().take(64).collect::<String>())]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn there(last: u8) -> IpAddr {
        IpAddr::from([198, 51, 100, last])
    }

    #[test]
    fn a_name_is_guessed_ten_times_from_anywhere() {
        let guesses = Guesses::default();
        for last in 0..10 {
            guesses.begin(there(last), "hanako", 100).unwrap();
        }
        assert_eq!(guesses.begin(there(99), "hanako", 160), Err(840));
        assert_eq!(guesses.begin(there(99), "taro", 160), Ok(()));
        assert_eq!(guesses.begin(there(99), "hanako", 100 + WINDOW), Ok(()));
    }

    #[test]
    fn an_address_guesses_twenty_times_and_a_right_one_does_not_clear_it() {
        let guesses = Guesses::default();
        for at in 0..19 {
            guesses.begin(HERE, &format!("name{at}"), 100).unwrap();
        }
        guesses.begin(HERE, "own", 100).unwrap();
        guesses.forgive(HERE, "own");
        guesses.begin(HERE, "another", 100).unwrap();
        assert!(guesses.begin(HERE, "one more", 100).is_err());
    }

    #[test]
    fn addresses_of_one_network_count_as_one_and_memory_is_bounded() {
        let guesses = Guesses::default();
        for last in 0..20_u16 {
            let address = IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
            guesses.begin(address, &format!("name{last}"), 1).unwrap();
        }
        assert!(guesses.begin(IpAddr::from([0x2001, 0xdb8, 0, 1, 9, 9, 9, 9]), "x", 1).is_err());
        for at in 0..10_200_u32 {
            let _ = guesses.begin(IpAddr::from(at.to_be_bytes()), "x", 5000);
        }
        assert!(guesses.made.lock().unwrap().len() <= REMEMBERED);
    }
}
