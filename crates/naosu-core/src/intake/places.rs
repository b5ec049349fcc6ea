//! Where the rows of a table begin, each of which is a piece, a tab and what is known of it: a hash table with open addressing
//! (linear probing), which is made when building.

use std::borrow::Cow;

/// A slot without a row.
const EMPTY: u32 = u32::MAX;
/// Bytes of a slot.
const WIDTH: usize = size_of::<u32>();

/// The hash table: for each slot where a row begins, or [`EMPTY`], as four bytes, the least first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Cow<'static, [u8]>);

impl Places {
    /// Those of the rows, half of the slots or more left empty.
    pub(crate) fn of(rows: &[u8]) -> Self {
        let many = rows.split(|byte| *byte == b'\n').count();
        let mut places = Self(vec![u8::MAX; WIDTH * (2 * many).next_power_of_two()].into());
        let mut start = 0;
        for row in rows.split_inclusive(|byte| *byte == b'\n') {
            let piece = row.split(|byte| *byte == b'\t').next().unwrap_or_default();
            let free = places.slots(piece).find(|slot| places.at(*slot) == EMPTY);
            // there are fewer than four gigabytes of rows
            if let (Some(free), Ok(place)) = (free, u32::try_from(start)) {
                places.0.to_mut()[free * WIDTH..][..WIDTH].copy_from_slice(&place.to_le_bytes());
            }
            start += row.len();
        }
        places
    }

    /// Reads what [`Self::bytes`] gave.
    pub(crate) fn read(bytes: &'static [u8]) -> Self {
        Self(bytes.into())
    }

    /// The table as it is written.
    #[allow(dead_code, reason = "build.rs writes it")]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What stands behind a piece in the rows that this is of.
    pub(crate) fn find<'r>(&self, rows: &'r [u8], piece: &str) -> Option<&'r [u8]> {
        let taken =
            self.slots(piece.as_bytes()).map(|slot| self.at(slot)).take_while(|place| *place != EMPTY);
        let mut found = taken.filter_map(|place| {
            let row = rows.get(place as usize..)?.strip_prefix(piece.as_bytes())?.strip_prefix(b"\t")?;
            row.split(|byte| *byte == b'\n').next()
        });
        found.next()
    }

    /// The slots where a piece may be, in the order they are looked at.
    fn slots(&self, piece: &[u8]) -> impl Iterator<Item = usize> + use<> {
        let slots = self.0.len() / WIDTH;
        let hash = fnv_1a(piece.iter().copied());
        #[expect(clippy::cast_possible_truncation, reason = "any part of the hash does")]
        let first = (hash ^ (hash >> 32)) as usize;
        (0..slots).map(move |step| first.wrapping_add(step) & (slots - 1))
    }

    fn at(&self, slot: usize) -> u32 {
        let bytes = self.0.get(slot * WIDTH..).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(EMPTY, |bytes| u32::from_le_bytes(*bytes))
    }
}

/// The hash of Fowler, Noll and Vo in its form 1a with 64 bits (RFC 9923, section 2).
pub(crate) fn fnv_1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_again_and_nothing_else() {
        let rows: Vec<String> = (0..500).map(|number| format!("piece {number}\t{}\n", number * 7)).collect();
        let rows = rows.concat();
        let made = Places::of(rows.as_bytes());
        for places in [Places::read(made.bytes().to_vec().leak()), made] {
            for number in 0..500 {
                let row = places.find(rows.as_bytes(), &format!("piece {number}"));
                assert_eq!(row, Some((number * 7).to_string().as_bytes()));
            }
            for other in ["", "piece", "piece 500", "piece 7\t", "iece 7"] {
                assert_eq!(places.find(rows.as_bytes(), other), None, "{other:?}");
            }
        }
        assert_eq!(Places::default().find(b"", "x"), None);
        // a table of other rows finds nothing wrong
        assert_eq!(Places::of(rows.as_bytes()).find(b"short\t1\n", "piece 3"), None);
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // from the vectors of its authors
        let of = |text: &str| fnv_1a(text.bytes());
        assert_eq!(of(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(of("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(of("foobar"), 0x8594_4171_f739_67e8);
    }
}
