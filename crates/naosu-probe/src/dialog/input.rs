//! Lines and literals out of bytes, within limits.

/// The longest line that is taken, in bytes.
pub const LINE_LIMIT: usize = 8 * 1024;

/// How much of a literal is kept, in bytes; the rest is skipped.
pub const LITERAL_KEPT: usize = 64 * 1024;

/// How many bytes a whole conversation may bring.
pub const TOTAL_LIMIT: usize = 1024 * 1024;

/// How many lines a whole conversation may bring.
pub const COUNT_LIMIT: usize = 20_000;

/// Why the input cannot be read on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Excess {
    /// A line is longer than [`LINE_LIMIT`].
    Line,
    /// More than [`TOTAL_LIMIT`] bytes, or a literal that announces as much.
    Total,
    /// More than [`COUNT_LIMIT`] lines.
    Count,
    /// A zero byte in a line.
    Zero,
}

/// What came from a server and is not read yet.
#[derive(Default)]
pub struct Input {
    buffer: Vec<u8>,
    read: usize,
    total: usize,
    /// More came than may come.
    overflow: bool,
    lines: usize,
    /// A response that is not whole yet.
    response: Response,
    /// Bytes of a literal still to come.
    literal: usize,
}

/// A response of an IMAP server: text, in which `{n}` literals stand as an index, and the literals.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Response {
    /// The line; where a literal stood, its `{n}` is left in place.
    pub line: Vec<u8>,
    /// The literals in order, each cut to [`LITERAL_KEPT`].
    pub literals: Vec<Vec<u8>>,
}

impl Input {
    /// Takes bytes in. What is beyond the total limit is dropped; reading fails when it comes to that.
    pub fn push(&mut self, bytes: &[u8]) {
        let taken = bytes.len().min(TOTAL_LIMIT - self.total);
        self.overflow |= taken < bytes.len();
        self.total += taken;
        self.buffer.drain(..self.read);
        self.read = 0;
        self.buffer.extend_from_slice(&bytes[..taken]);
    }

    /// The next whole line without its end; `None` until there is one.
    pub fn line(&mut self) -> Option<Result<Vec<u8>, Excess>> {
        let unread = &self.buffer[self.read..];
        let Some(end) = unread.iter().take(LINE_LIMIT).position(|byte| *byte == b'\n') else {
            let excess = if unread.len() >= LINE_LIMIT { Excess::Line } else { Excess::Total };
            return (self.overflow || excess == Excess::Line).then_some(Err(excess));
        };
        let mut line = unread[..end].to_vec();
        self.read += end + 1;
        self.lines += 1;
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if self.lines > COUNT_LIMIT {
            return Some(Err(Excess::Count));
        }
        Some(if line.contains(&0) { Err(Excess::Zero) } else { Ok(line) })
    }

    /// The next whole IMAP response with its literals (RFC 9051 section 4.3); `None` until there is one.
    pub fn response(&mut self) -> Option<Result<Response, Excess>> {
        loop {
            if self.literal > 0 {
                let part = self.literal.min(self.buffer.len() - self.read);
                if part == 0 {
                    return self.overflow.then_some(Err(Excess::Total));
                }
                let bytes = &self.buffer[self.read..self.read + part];
                if let Some(kept) = self.response.literals.last_mut() {
                    let room = LITERAL_KEPT.saturating_sub(kept.len()).min(part);
                    kept.extend_from_slice(&bytes[..room]);
                }
                self.read += part;
                self.literal -= part;
                continue;
            }
            let line = match self.line()? {
                Ok(line) => line,
                Err(excess) => return Some(Err(excess)),
            };
            if self.response.line.len() + line.len() > LINE_LIMIT * 4 {
                return Some(Err(Excess::Line));
            }
            self.response.line.extend_from_slice(&line);
            match announced(&line) {
                None => return Some(Ok(std::mem::take(&mut self.response))),
                Some(size) if size > TOTAL_LIMIT => return Some(Err(Excess::Total)),
                Some(size) => {
                    self.response.literals.push(Vec::new());
                    self.literal = size;
                }
            }
        }
    }

    /// What is not read yet, for describing it.
    pub fn unread(&self) -> &[u8] {
        &self.buffer[self.read..]
    }

    /// Drops what is not read yet and says how much it was.
    pub fn discard(&mut self) -> usize {
        let dropped = self.buffer.len() - self.read;
        self.buffer.clear();
        self.read = 0;
        self.response = Response::default();
        dropped
    }
}

/// The size of the literal that a line announces at its end: `{12}`, `{12+}`, `~{12}`.
fn announced(line: &[u8]) -> Option<usize> {
    let inner = line.strip_suffix(b"}")?;
    let start = inner.iter().rposition(|byte| *byte == b'{')?;
    let digits = &inner[start + 1..];
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(std::str::from_utf8(digits).ok()?.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_the_same_however_they_are_cut() {
        let bytes = b"* OK hi\r\n* 1 FETCH (BODY[]<0> {5}\r\na\r\nb\0 UID 3)\r\na1 OK done\n";
        let whole: Vec<Response> = vec![
            Response { line: b"* OK hi".to_vec(), literals: vec![] },
            Response {
                line: b"* 1 FETCH (BODY[]<0> {5} UID 3)".to_vec(),
                literals: vec![b"a\r\nb\0".to_vec()],
            },
            Response { line: b"a1 OK done".to_vec(), literals: vec![] },
        ];
        for cut in 0..=bytes.len() {
            let mut input = Input::default();
            let mut read = Vec::new();
            for part in [&bytes[..cut], &bytes[cut..]] {
                input.push(part);
                while let Some(response) = input.response() {
                    read.push(response.unwrap());
                }
            }
            assert_eq!(read, whole, "cut at {cut}");
        }
    }

    #[test]
    fn excess_is_named() {
        let mut input = Input::default();
        input.push(&vec![b'a'; LINE_LIMIT]);
        assert_eq!(input.line(), Some(Err(Excess::Line)));
        let mut input = Input::default();
        input.push(b"a\0b\r\n");
        assert_eq!(input.line(), Some(Err(Excess::Zero)));
        let mut input = Input::default();
        input.push(b"* 1 FETCH (BODY[] {99999999999999999999999}\r\n");
        assert_eq!(input.response(), Some(Err(Excess::Total)));
        let mut input = Input::default();
        for _ in 0..=COUNT_LIMIT {
            input.push(b"\n");
        }
        assert_eq!(std::iter::from_fn(|| input.line()).find_map(Result::err), Some(Excess::Count));
        let mut input = Input::default();
        for _ in 0..=TOTAL_LIMIT / 1000 {
            input.push(&[[b'a'; 999].as_slice(), b"\n"].concat());
        }
        assert_eq!(std::iter::from_fn(|| input.line()).find_map(Result::err), Some(Excess::Total));
        assert!(input.unread().len() <= TOTAL_LIMIT);
    }

    #[test]
    fn long_literals_are_skipped_and_kept_in_part() {
        let mut input = Input::default();
        input.push(b"* 1 FETCH (BODY[] {200000}\r\n");
        input.push(&vec![b'x'; 200_000]);
        input.push(b")\r\n");
        let response = input.response().unwrap().unwrap();
        assert_eq!(response.line, b"* 1 FETCH (BODY[] {200000})");
        assert_eq!(response.literals[0].len(), LITERAL_KEPT);
    }
}
