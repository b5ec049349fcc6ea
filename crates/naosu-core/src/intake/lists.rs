//! Flat lists of numbers and texts: written one after the other when building, read back at the start by copying.
//!
//! A list is its length in four bytes and then its members: numbers of four or eight bytes, or the bytes of a text.
//! Every number is written with its lowest byte first.

/// Rows of numbers, one behind the other.
#[derive(Default)]
pub(super) struct Rows {
    /// Where each row ends in `values`.
    ends: Vec<u32>,
    values: Vec<u32>,
}

/// Texts, one behind the other.
#[derive(Default)]
pub(super) struct Texts {
    /// Where each text ends in `all`.
    ends: Vec<u32>,
    all: String,
}

/// Lists as they are written.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

/// What is left of written lists.
pub(super) struct Reader<'b>(&'b [u8]);

impl Rows {
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = u32>) {
        self.values.extend(row);
        self.ends.push(number(self.values.len()));
    }

    pub(super) fn row(&self, at: usize) -> &[u32] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.values[start as usize..self.ends[at] as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.numbers(&self.ends);
        writer.numbers(&self.values);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self { ends: reader.numbers(), values: reader.numbers() }
    }
}

impl FromIterator<Vec<u32>> for Rows {
    fn from_iter<I: IntoIterator<Item = Vec<u32>>>(rows: I) -> Self {
        let mut all = Self::default();
        for row in rows {
            all.push(row);
        }
        all
    }
}

impl<'t> FromIterator<&'t str> for Texts {
    fn from_iter<I: IntoIterator<Item = &'t str>>(texts: I) -> Self {
        let mut all = Self::default();
        for text in texts {
            all.push(text);
        }
        all
    }
}

impl Texts {
    pub(super) fn push(&mut self, text: &str) {
        self.all.push_str(text);
        self.ends.push(number(self.all.len()));
    }

    pub(super) fn get(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[start as usize..self.ends[at] as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Where the text is, in a list that is sorted.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        let at = first(0, self.len(), |at| self.get(at) >= text);
        (at < self.len() && self.get(at) == text).then_some(at)
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.numbers(&self.ends);
        writer.bytes(self.all.len(), self.all.bytes());
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let ends = reader.numbers();
        let all = String::from_utf8(reader.bytes(1).to_vec()).expect("it was written from a text");
        Self { ends, all }
    }
}

impl Writer {
    pub(super) fn numbers(&mut self, list: &[u32]) {
        self.bytes(list.len(), list.iter().flat_map(|value| value.to_le_bytes()));
    }

    pub(super) fn long_numbers(&mut self, list: &[u64]) {
        self.bytes(list.len(), list.iter().flat_map(|value| value.to_le_bytes()));
    }

    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }

    fn bytes(&mut self, members: usize, bytes: impl Iterator<Item = u8>) {
        self.0.extend(number(members).to_le_bytes());
        self.0.extend(bytes);
    }
}

impl<'b> Reader<'b> {
    /// Reads what [`Writer::done`] gave.
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn numbers(&mut self) -> Vec<u32> {
        let (members, _) = self.bytes(4).as_chunks();
        members.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()
    }

    pub(super) fn long_numbers(&mut self) -> Vec<u64> {
        let (members, _) = self.bytes(8).as_chunks();
        members.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect()
    }

    /// The bytes of the next list, whose members are of that size.
    fn bytes(&mut self, size: usize) -> &'b [u8] {
        let (length, rest) = self.0.split_first_chunk().expect("as many lists are read as were written");
        let (list, rest) = rest.split_at(u32::from_le_bytes(*length) as usize * size);
        self.0 = rest;
        list
    }
}

/// The first of the places for which it holds, where it holds for all behind one for which it does; else the end.
pub(super) fn first(mut from: usize, mut to: usize, holds: impl Fn(usize) -> bool) -> usize {
    while from < to {
        let middle = usize::midpoint(from, to);
        if holds(middle) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    from
}

/// A length or a place as it is kept.
pub(super) fn number(length: usize) -> u32 {
    u32::try_from(length).expect("the knowledge is far smaller than four gigabytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let rows: Rows = [vec![1, 2], vec![], vec![u32::MAX]].into_iter().collect();
        let texts: Texts = ["送信", "", "send"].into_iter().collect();
        let mut writer = Writer::default();
        rows.write(&mut writer);
        writer.long_numbers(&[u64::MAX, 7]);
        texts.write(&mut writer);
        let bytes = writer.done();
        let mut reader = Reader::new(&bytes);
        let rows = Rows::read(&mut reader);
        assert_eq!([rows.row(0), rows.row(1), rows.row(2)], [&[1, 2][..], &[], &[u32::MAX]]);
        assert_eq!(reader.long_numbers(), [u64::MAX, 7]);
        let texts = Texts::read(&mut reader);
        assert_eq!([texts.get(0), texts.get(1), texts.get(2)], ["送信", "", "send"]);
        assert!(reader.0.is_empty());
    }
}
