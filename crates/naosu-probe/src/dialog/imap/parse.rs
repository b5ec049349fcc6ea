//! The parts of IMAP responses that we read.

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::json;

use crate::recorder::Detail;

/// A line by its beginning.
#[derive(Debug, Eq, PartialEq)]
pub enum Line<'a> {
    /// `+ …`
    Continue(&'a [u8]),
    /// Neither of the others.
    Odd,
    /// `a7 OK [CODE] text`
    Tagged {
        /// The number after our `a`.
        tag: u32,
        /// How the command ended.
        status: Status,
        /// What stood in brackets.
        code: Option<&'a str>,
        /// The rest.
        text: &'a str,
    },
    /// `* …`
    Untagged {
        /// `OK`, `NO`, `BAD`, `BYE`, `PREAUTH`, where it begins so.
        status: Option<Status>,
        /// What stood in brackets after a status.
        code: Option<&'a str>,
        /// The rest.
        text: &'a str,
    },
}

/// How a status response begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// Done.
    Ok,
    /// Not done.
    No,
    /// Not understood.
    Bad,
    /// Goodbye.
    Bye,
    /// Signed in already.
    Preauth,
}

impl Status {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::No => "NO",
            Self::Bad => "BAD",
            Self::Bye => "BYE",
            Self::Preauth => "PREAUTH",
        }
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Ok, Self::No, Self::Bad, Self::Bye, Self::Preauth]
            .into_iter()
            .find(|status| status.name().eq_ignore_ascii_case(word))
    }
}

/// Reads the beginning of a line.
pub fn line(line: &[u8]) -> Line<'_> {
    if let Some(rest) = line.strip_prefix(b"+") {
        return Line::Continue(rest.trim_ascii());
    }
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        // A text in an old charset: what comes before it is enough.
        Err(error) => std::str::from_utf8(&line[..error.valid_up_to()]).unwrap_or_default(),
    };
    let Some((tag, rest)) = text.split_once(' ') else { return Line::Odd };
    let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = Status::read(word);
    if tag == "*" {
        let (code, text) = if status.is_some() { code(after) } else { (None, rest) };
        return Line::Untagged { status, code, text };
    }
    match (tag.strip_prefix('a').and_then(|number| number.parse().ok()), status) {
        (Some(tag), Some(status)) => {
            let (code, text) = code(after);
            Line::Tagged { tag, status, code, text }
        }
        _ => Line::Odd,
    }
}

/// Parts `[CODE more] text`.
pub fn code(text: &str) -> (Option<&str>, &str) {
    let text = text.trim_start();
    match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((code, rest)) => (Some(code), rest.trim_start()),
        None => (None, text),
    }
}

/// What follows a word at the beginning, in any case.
pub fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = text.split_once(' ')?;
    first.eq_ignore_ascii_case(word).then_some(rest)
}

/// `12 EXISTS` as 12 and `EXISTS`.
pub fn numbered(text: &str) -> Option<(u64, &str)> {
    let (number, what) = text.split_once(' ')?;
    Some((number.parse().ok()?, what))
}

/// The number after a name in `STATUS "x" (MESSAGES 3 UNSEEN 1)`.
pub fn item(text: &str, name: &str) -> Option<u64> {
    let (_, list) = text.rsplit_once('(')?;
    let mut words = list.trim_end_matches(')').split(' ');
    words.find(|word| *word == name)?;
    words.next()?.parse().ok()
}

/// The name and version in an `ID` response (RFC 2971).
pub fn id_name(text: &str) -> String {
    let parts: Vec<&str> = text.split('"').skip(1).step_by(2).take(40).collect();
    let value = |key: &str| {
        parts.chunks(2).find(|pair| pair.len() == 2 && pair[0].eq_ignore_ascii_case(key)).map(|pair| pair[1])
    };
    match (value("name"), value("version")) {
        (Some(name), Some(version)) => format!("{name} {version}"),
        (Some(name), None) => name.to_owned(),
        _ => String::new(),
    }
}

/// One limit of a mailbox and what is used of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Quota {
    /// `STORAGE` (units of 1024 bytes) or `MESSAGE`.
    pub resource: String,
    /// How much is used.
    pub used: u64,
    /// How much may be used.
    pub limit: u64,
}

/// The limits in `"root" (STORAGE 10 512 MESSAGE 3 100)` (RFC 9208 section 4.2.1).
pub fn quotas(text: &str) -> Vec<Quota> {
    let Some((_, list)) = text.rsplit_once('(') else { return Vec::new() };
    let words: Vec<&str> = list.trim_end().trim_end_matches(')').split_ascii_whitespace().take(24).collect();
    words
        .chunks_exact(3)
        .filter_map(|triple| {
            let resource = triple[0].to_ascii_uppercase();
            Some(Quota { resource, used: triple[1].parse().ok()?, limit: triple[2].parse().ok()? })
        })
        .filter(|quota| quota.limit > 0 && matches!(quota.resource.as_str(), "STORAGE" | "MESSAGE"))
        .collect()
}

/// The atoms and strings of a text up to the first list, at most sixteen.
pub fn words(text: &str) -> Vec<Vec<u8>> {
    let mut rest = text.as_bytes().trim_ascii();
    let mut words = Vec::new();
    while !rest.is_empty() && !rest.starts_with(b"(") && words.len() < 16 {
        let Some(word) = token(&mut rest) else { break };
        words.push(word);
        rest = rest.trim_ascii_start();
    }
    words
}

/// The outcome of the variable `imap_quota` for the limit that is closest to being reached.
pub fn fullest(quotas: &[Quota]) -> Option<(&'static str, Detail)> {
    let share = |quota: &Quota| u128::from(quota.used) * 1000 / u128::from(quota.limit.max(1));
    let quota = quotas.iter().max_by_key(|quota| share(quota))?;
    let left = quota.limit.saturating_sub(quota.used);
    // The last 64 KB hold no ordinary message any more.
    let outcome = if left == 0 || (share(quota) >= 950 && quota.resource == "STORAGE" && left <= 64) {
        "full"
    } else if share(quota) >= 900 {
        "nearly_full"
    } else {
        "under"
    };
    let amount = |number: u64| match quota.resource.as_str() {
        "STORAGE" => kilobytes_text(number),
        _ => format!("{number}"),
    };
    let detail = Detail::from([
        ("percent".to_owned(), json!(u64::try_from(share(quota) / 10).unwrap_or(u64::MAX))),
        ("resource".to_owned(), json!(quota.resource.to_ascii_lowercase())),
        ("used".to_owned(), json!(amount(quota.used))),
        ("limit".to_owned(), json!(amount(quota.limit))),
        ("used_raw".to_owned(), json!(quota.used)),
        ("limit_raw".to_owned(), json!(quota.limit)),
    ]);
    Some((outcome, detail))
}

/// `512 KB`, `9.8 MB`, `15 GB`.
fn kilobytes_text(kilobytes: u64) -> String {
    let (unit, size) = match kilobytes {
        0..1024 => return format!("{kilobytes} KB"),
        1024..1_048_576 => ("MB", 1024),
        _ => ("GB", 1_048_576),
    };
    let tenths = (u128::from(kilobytes) * 10 + size / 2) / size;
    if tenths % 10 == 0 || tenths >= 1000 {
        format!("{} {unit}", tenths / 10)
    } else {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    }
}

/// A folder as `LIST` shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Folder {
    /// Its flags with their backslashes, in capitals.
    pub flags: Vec<String>,
    /// What parts the levels of its name.
    pub delimiter: Option<char>,
    /// Its name as the server writes it.
    pub raw: Vec<u8>,
}

impl Folder {
    /// Its name as people read it.
    pub fn name(&self) -> String {
        utf7(&self.raw)
    }

    /// Whether it can be opened.
    pub fn selectable(&self) -> bool {
        !self.flags.iter().any(|flag| matches!(flag.as_str(), "\\NOSELECT" | "\\NONEXISTENT"))
    }
}

/// Reads `* LIST (\Junk) "/" name`.
pub fn folder(line: &[u8], literals: &[Vec<u8>]) -> Option<Folder> {
    let open = line.iter().position(|byte| *byte == b'(')?;
    let close = open + line[open..].iter().position(|byte| *byte == b')')?;
    let flags = String::from_utf8_lossy(&line[open + 1..close]).to_ascii_uppercase();
    let flags = flags.split(' ').filter(|flag| !flag.is_empty()).take(16).map(str::to_owned).collect();
    let mut rest = line[close + 1..].trim_ascii_start();
    let delimiter = token(&mut rest)?;
    let delimiter = (delimiter != b"NIL").then(|| delimiter.first().map(|byte| char::from(*byte))).flatten();
    rest = rest.trim_ascii_start();
    let raw = match (rest.starts_with(b"{"), literals.first()) {
        (true, Some(literal)) => literal.clone(),
        _ => token(&mut rest)?,
    };
    Some(Folder { flags, delimiter, raw })
}

/// Takes one atom or quoted string off the front.
fn token(rest: &mut &[u8]) -> Option<Vec<u8>> {
    if let Some(inner) = rest.strip_prefix(b"\"") {
        let mut token = Vec::new();
        let mut index = 0;
        loop {
            match inner.get(index)? {
                b'"' => break,
                b'\\' => {
                    index += 1;
                    token.push(*inner.get(index)?);
                }
                byte => token.push(*byte),
            }
            index += 1;
        }
        *rest = &inner[index + 1..];
        return Some(token);
    }
    let end = rest.iter().position(|byte| matches!(byte, b' ' | b')')).unwrap_or(rest.len());
    let (token, left) = rest.split_at(end);
    *rest = left;
    (!token.is_empty()).then(|| token.to_vec())
}

/// The folder that takes unwanted mail: by its flag (RFC 6154), else by a name that mail programs and providers use.
pub fn junk(folders: &[Folder]) -> Option<&Folder> {
    let usable = || folders.iter().filter(|folder| folder.selectable());
    usable().find(|folder| folder.flags.iter().any(|flag| flag == "\\JUNK")).or_else(|| {
        usable().find(|folder| {
            let name = folder.name().to_lowercase();
            let last = folder.delimiter.and_then(|part| name.rsplit(part).next()).unwrap_or(&name);
            matches!(
                last,
                "junk"
                    | "spam"
                    | "junk mail"
                    | "junk email"
                    | "junk e-mail"
                    | "bulk"
                    | "bulk mail"
                    | "迷惑メール"
            ) || last.starts_with("迷惑")
        })
    })
}

/// A name as a string in a command: quoted, freed of what would end the line.
pub fn string(raw: &[u8]) -> Vec<u8> {
    let mut string = vec![b'"'];
    for byte in raw.iter().filter(|byte| !matches!(byte, b'\r' | b'\n' | 0)) {
        if matches!(byte, b'"' | b'\\') {
            string.push(b'\\');
        }
        string.push(*byte);
    }
    string.push(b'"');
    string
}

/// Modified UTF-7 (RFC 3501 section 5.1.3) as text; what is not that stays as it is.
pub fn utf7(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let engine = GeneralPurpose::new(
        &IMAP_MUTF7,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::RequireNone)
            .with_decode_allow_trailing_bits(true),
    );
    let mut name = String::new();
    let mut rest = text.as_ref();
    while let Some((before, after)) = rest.split_once('&') {
        name.push_str(before);
        let Some((shifted, after)) = after.split_once('-') else {
            name.push('&');
            name.push_str(after);
            return name;
        };
        if shifted.is_empty() {
            name.push('&');
        } else if let Ok(bytes) = engine.decode(shifted) {
            let units: Vec<u16> =
                bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            name.push_str(&String::from_utf16_lossy(&units));
        } else {
            name.push('&');
            name.push_str(shifted);
            name.push('-');
        }
        rest = after;
    }
    name.push_str(rest);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_and_junk_is_found() {
        let read = |line: &str| folder(line.as_bytes(), &[]).unwrap();
        let spam = read(r#"* LIST (\HasNoChildren \Junk) "/" "[Gmail]/&j,dg0TDhMPww6w-""#);
        assert_eq!(spam.name(), "[Gmail]/迷惑メール");
        let flagless = Folder { flags: vec![], ..spam.clone() };
        let inbox = read("* LIST () \".\" INBOX");
        assert_eq!((inbox.name().as_str(), inbox.delimiter), ("INBOX", Some('.')));
        assert_eq!(junk(&[inbox.clone(), flagless.clone()]), Some(&flagless));
        assert_eq!(junk(&[inbox.clone(), read("* LIST () NIL \"Bulk Mail\"")]).unwrap().name(), "Bulk Mail");
        assert_eq!(junk(&[inbox.clone(), read(r"* LIST (\Noselect) NIL Junk")]), None);
        assert_eq!(junk(&[inbox.clone(), read("* LIST () \".\" INBOX.Junk")]).unwrap().name(), "INBOX.Junk");
        assert_eq!(folder(b"* LIST () \"/\" {4}", &[b"A\"B ".to_vec()]).unwrap().raw, b"A\"B ");
        assert_eq!(folder(br#"* LIST () "\\" "a\"b""#, &[]).unwrap().raw, b"a\"b");
        for bad in
            ["* LIST", "* LIST (", "* LIST ()", "* LIST () \"", "* LIST () \"/\" \"x", "* LIST () NIL "]
        {
            assert_eq!(folder(bad.as_bytes(), &[]), None, "{bad}");
        }
    }

    #[test]
    fn utf7_is_decoded_or_left() {
        assert_eq!(utf7(b"Tom &- Jerry"), "Tom & Jerry");
        assert_eq!(utf7(b"&ZeVnLIqe-"), "日本語");
        assert_eq!(utf7(b"a&b"), "a&b");
        assert_eq!(utf7(b"a&!!-b"), "a&!!-b");
    }

    #[test]
    fn quotas_are_weighed() {
        let outcome = |text: &str| fullest(&quotas(text)).map(|(outcome, _)| outcome);
        assert_eq!(outcome("\"User quota\" (STORAGE 10 512)"), Some("under"));
        assert_eq!(outcome("\"\" (STORAGE 470 512 MESSAGE 1 10)"), Some("nearly_full"));
        assert_eq!(outcome("\"\" (STORAGE 1 512 MESSAGE 10 10)"), Some("full"));
        assert_eq!(outcome("\"\" (STORAGE 513 512)"), Some("full"));
        assert_eq!(outcome("\"\" (STORAGE 10200 10240)"), Some("full"));
        assert_eq!(outcome("\"\" (STORAGE 10 0)"), None);
        assert_eq!(outcome("\"\" ()"), None);
        let (_, detail) = fullest(&quotas("x (STORAGE 15728640 15728640)")).unwrap();
        assert_eq!((&detail["used"], &detail["percent"]), (&json!("15 GB"), &json!(100)));
        assert_eq!(kilobytes_text(10_035), "9.8 MB");
    }

    #[test]
    fn words_end_at_a_list() {
        let strings = |text: &str| -> Vec<String> {
            words(text).into_iter().map(|word| String::from_utf8(word).unwrap()).collect()
        };
        assert_eq!(strings(r#"INBOX "User quota" other"#), ["INBOX", "User quota", "other"]);
        assert_eq!(strings(r#""" (STORAGE 1 2)"#), [""]);
        assert_eq!(strings("\"open"), Vec::<String>::new());
    }

    #[test]
    fn lines_are_told_apart() {
        assert_eq!(
            line(b"* BYE [UNAVAILABLE] later"),
            Line::Untagged { status: Some(Status::Bye), code: Some("UNAVAILABLE"), text: "later" }
        );
        assert_eq!(
            line(b"a12 no nothing"),
            Line::Tagged { tag: 12, status: Status::No, code: None, text: "nothing" }
        );
        assert_eq!(line(b"+ UGFzc3dvcmQ6"), Line::Continue(b"UGFzc3dvcmQ6"));
        assert_eq!(line(b"220 mail ESMTP"), Line::Odd);
        assert_eq!(line(b"\xff\xfe"), Line::Odd);
        assert_eq!(id_name(r#"ID ("name" "Dovecot" "version" "2.3")"#), "Dovecot 2.3");
        assert_eq!(item("STATUS \"a (b)\" (MESSAGES 3 UNSEEN 1)", "MESSAGES"), Some(3));
    }
}
