//! A case on another device: a short code that is typed there, good for a quarter of an hour and for one use.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use rand::Rng;

use crate::casework::CaseFile;
use crate::desk::{Desk, now};
use crate::failure::Failure;
use crate::secret_link;

/// How long a code is good for, in seconds.
pub(crate) const VALID: u64 = 15 * 60;

/// Letters and digits that are not mistaken for each other: no 0 O, 1 I L, 2 Z, 5 S, 8 B, U V.
const LETTERS: &[u8] = b"ACDEFGHJKMNPQRTWXY34679";
/// Letters in a code: 23^8 are 78 thousand million.
const LENGTH: usize = 8;

/// How many wrong codes an address may send in [`VALID`] seconds, and all together.
const TRIES: u32 = 10;
const TRIES_IN_ALL: u32 = 1000;
/// The most addresses that are remembered.
const ADDRESSES: usize = 10_000;

/// Wrong codes of late, by address.
#[derive(Debug, Default)]
pub(crate) struct WrongCodes {
    since: Mutex<(u64, u32, BTreeMap<IpAddr, u32>)>,
}

impl WrongCodes {
    /// Whether that address may try a code.
    fn may_try(&self, from: IpAddr, at: u64) -> bool {
        let mut known = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        if at.saturating_sub(known.0) >= VALID {
            *known = (at, 0, BTreeMap::new());
        }
        known.1 < TRIES_IN_ALL && known.2.get(&network(from)).is_none_or(|count| *count < TRIES)
    }

    fn add(&self, from: IpAddr) {
        let mut known = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        known.1 = known.1.saturating_add(1);
        if known.2.len() < ADDRESSES {
            *known.2.entry(network(from)).or_default() += 1;
        }
    }
}

/// One home has one IPv4 address, or one IPv6 network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let mut parts = address.segments();
            parts[4..].fill(0);
            IpAddr::V6(parts.into())
        }
    }
}

/// What came of a code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Moved {
    /// The secret of a new link to the case.
    To(String),
    /// No such code, or not any more.
    Unknown,
    /// Too many wrong codes: later again.
    TooMany,
}

impl Desk {
    /// A new code for that case; it replaces an older one.
    pub(crate) async fn code(&self, file: &CaseFile) -> Result<String, Failure> {
        let code = fresh();
        self.store.keep_code(file.row.id, &digest(&code), now() + VALID).await?;
        Ok(format!("{}-{}", &code[..LENGTH / 2], &code[LENGTH / 2..]))
    }

    /// Opens the case of a code on another device: it gets a link of its own, the code is used up.
    pub(crate) async fn move_by(&self, typed: &str, from: IpAddr) -> Result<Moved, Failure> {
        if !self.wrong_codes.may_try(from, now()) {
            return Ok(Moved::TooMany);
        }
        if let Some(code) = meant(typed) {
            let secret = secret_link::fresh();
            if self.store.use_code(&digest(&code), now(), &secret_link::digest(&secret)).await? {
                return Ok(Moved::To(secret));
            }
        }
        self.wrong_codes.add(from);
        Ok(Moved::Unknown)
    }
}

fn fresh() -> String {
    let mut random = rand::rng();
    (0..LENGTH).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
}

/// The code that somebody meant, however they typed it; nothing where it is none.
fn meant(typed: &str) -> Option<String> {
    let mut code = String::new();
    for c in typed.chars().filter(|c| c.is_alphanumeric()) {
        // Japanese keyboards type wide letters
        let narrow = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0)?,
            c => c,
        };
        let letter =
            u8::try_from(narrow.to_ascii_uppercase()).ok().filter(|letter| LETTERS.contains(letter))?;
        code.push(char::from(letter));
        if code.len() > LENGTH {
            return None;
        }
    }
    (code.len() == LENGTH).then_some(code)
}

fn digest(code: &str) -> String {
    secret_link::digest(&format!("naosu move {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_understood_however_it_is_typed() {
        assert_eq!(meant("acde-fghj"), Some("ACDEFGHJ".to_owned()));
        assert_eq!(meant(" ACDE FGHJ "), Some("ACDEFGHJ".to_owned()));
        assert_eq!(meant("acde-FGHJ"), Some("ACDEFGHJ".to_owned()));
        for wrong in ["", "ACDEFGH", "ACDEFGHJK", "ACDEFGH0", "ACDEFGHé"] {
            assert_eq!(meant(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn wrong_codes_are_counted_by_network_and_forgotten() {
        let wrong = WrongCodes::default();
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let same: IpAddr = "2001:db8::ffff".parse().unwrap();
        let other: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        for _ in 0..TRIES {
            assert!(wrong.may_try(one, 1000));
            wrong.add(one);
        }
        assert!(!wrong.may_try(same, 1000));
        assert!(wrong.may_try(other, 1000));
        assert!(wrong.may_try(one, 1000 + VALID));
    }
}
