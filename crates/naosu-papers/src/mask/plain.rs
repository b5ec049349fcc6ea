//! A text as it is looked through: its characters, and beside each what it is in small half-width letters.

/// The characters of a text and their plain forms; both have the same places.
pub(super) struct Plain {
    /// As they were written.
    pub(super) chars: Vec<char>,
    /// Full-width letters, digits and signs as ASCII, large letters small, all dashes and quotation marks alike.
    pub(super) plain: Vec<char>,
}

impl Plain {
    pub(super) fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let plain = chars.iter().map(|c| plain(*c)).collect();
        Self { chars, plain }
    }

    /// The plain character at that place; nothing before the text and behind it.
    pub(super) fn at(&self, place: usize) -> Option<char> {
        self.plain.get(place).copied()
    }

    /// The plain character before that place.
    pub(super) fn before(&self, place: usize) -> Option<char> {
        self.plain.get(place.checked_sub(1)?).copied()
    }

    /// Whether these characters stand there.
    pub(super) fn starts(&self, place: usize, word: &str) -> bool {
        let mut rest = self.plain[place.min(self.plain.len())..].iter();
        word.chars().all(|c| rest.next() == Some(&c))
    }

    /// Whether these characters end there.
    pub(super) fn ends(&self, place: usize, word: &str) -> bool {
        place.checked_sub(word.chars().count()).is_some_and(|from| self.starts(from, word))
    }

    /// The place behind the run of characters that begins there.
    pub(super) fn run(&self, from: usize, of: impl Fn(char) -> bool) -> usize {
        let rest = self.plain.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|c| of(**c)).count()
    }

    /// The place at which the run of characters begins that ends there.
    pub(super) fn run_back(&self, to: usize, of: impl Fn(char) -> bool) -> usize {
        to - self.plain[..to].iter().rev().take_while(|c| of(**c)).count()
    }

    /// The plain text of a part.
    pub(super) fn text(&self, from: usize, to: usize) -> String {
        self.plain[from..to].iter().collect()
    }

    /// The text with something else in the place of each part; parts that touch are one.
    pub(super) fn with(&self, mut parts: Vec<(usize, usize)>, instead: impl Fn(&[char]) -> String) -> String {
        parts.sort_unstable();
        let mut whole: Vec<(usize, usize)> = Vec::with_capacity(parts.len());
        for (from, to) in parts {
            match whole.last_mut() {
                Some((_, end)) if from <= *end => *end = to.max(*end),
                _ => whole.push((from, to)),
            }
        }
        let mut out = String::with_capacity(self.chars.len());
        let mut done = 0;
        for (from, to) in whole {
            out.extend(&self.chars[done..from]);
            out.push_str(&instead(&self.chars[from..to]));
            done = to;
        }
        out.extend(&self.chars[done..]);
        out
    }
}

fn plain(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xfee0).map_or(c, |ascii| ascii.to_ascii_lowercase())
        }
        '\u{a0}' | '\u{3000}' | '\t' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => '"',
        '\u{2018}'..='\u{201b}' => '\'',
        c => c.to_ascii_lowercase(),
    }
}

/// Whether it is part of an ASCII word.
pub(super) fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
}
