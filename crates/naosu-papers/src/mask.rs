//! Takes out of texts what tells who somebody is (mail and IP addresses, telephone numbers, names to sign in with), and
//! secrets that somebody wrote into them.

use std::net::{Ipv4Addr, Ipv6Addr};

use naosu_core::case::What;
use naosu_core::evidence::Request;
use serde_json::Value;

mod plain;
mod secret;
mod telephone;

/// Fields whose values are ids of the knowledge, never texts of a person.
const IDS: [&str; 18] = [
    "schema", "lang", "sign_in", "variable", "outcome", "id", "question", "option", "action", "flow",
    "state", "way", "cause", "device", "service", "client", "named", "started",
];

/// Takes the secrets out of the words that an event of a case brings.
pub fn event(what: &mut What) {
    match what {
        What::Opened(opening) => request(&mut opening.request),
        What::Measured(evidence) => request(&mut evidence.request),
        _ => {}
    }
}

/// Masks every text in a value; `names` are further words that must not be read in it. In how many texts something was
/// masked.
pub fn value(value: &mut Value, names: &[String]) -> usize {
    each(value, &|text| self::text(text, names))
}

/// Takes only the secrets out of every text in a value; in how many texts there were some.
pub fn secrets(value: &mut Value) -> usize {
    each(value, &secret::masked)
}

fn each(value: &mut Value, change: &impl Fn(&str) -> String) -> usize {
    match value {
        Value::String(text) => {
            let changed = change(text);
            let differs = changed != *text;
            *text = changed;
            usize::from(differs)
        }
        Value::Array(items) => items.iter_mut().map(|item| each(item, change)).sum(),
        Value::Object(map) => {
            let texts = map.iter_mut().filter(|(key, _)| !IDS.contains(&key.as_str()));
            texts.map(|(_, item)| each(item, change)).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// Takes only the secrets out of a text that a person wrote; what it says of the trouble stays. For the moment at which
/// words come in, before they are kept anywhere.
pub fn words(text: &str) -> String {
    secret::masked(text)
}

/// Takes the secrets out of the words of a request, in the same way as [`words`].
pub fn request(request: &mut Request) {
    if let Some(text) = &mut request.words {
        *text = words(text);
    }
}

/// `hanako@example.jp` becomes `h***@example.jp`, `203.0.113.7` becomes `203.0.*.*`, `2001:db8::1` becomes `2001:*`.
/// Masked again it stays as it is.
pub fn text(text: &str, names: &[String]) -> String {
    let mut text = text.to_owned();
    loop {
        let next = once(&text, names);
        if next == text {
            return text;
        }
        text = next;
    }
}

fn once(text: &str, names: &[String]) -> String {
    let text = secret::masked(text);
    let text = telephone::masked(&text);
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(first) = rest.chars().next() {
        let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
        if word.is_empty() {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.push_str(&self::word(word));
            rest = &rest[word.len()..];
        }
    }
    // the name alone says who it is, as in "user hanako"
    for name in names.iter().filter(|name| name.chars().count() >= 3) {
        out = without(&out, name);
    }
    out
}

/// The text with that name starred wherever it stands as a word, in large or small letters.
fn without(text: &str, name: &str) -> String {
    let (small, name) = (text.to_ascii_lowercase(), name.to_ascii_lowercase());
    let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in small.match_indices(&name) {
        let end = at + name.len();
        if part(small[..at].chars().next_back()) || part(small[end..].chars().next()) {
            continue;
        }
        out.push_str(&text[done..at]);
        out.push_str(&starred(&text[at..end]));
        done = end;
    }
    out.push_str(&text[done..]);
    out
}

/// What can be part of a mail or IP address.
fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(
            c,
            '.' | '-' | '_' | '+' | '@' | ':' | '%' | '~' | '\'' | '=' | '/' | '#' | '!' | '&' | '*'
                // as they are on a Japanese keyboard
                | '＠' | '．' | '－' | '＿' | '＋'
        )
}

fn word(word: &str) -> String {
    // `%@` stands for a name in a message
    if let Some(sign) = word.rfind(['@', '＠']).filter(|sign| !word[..*sign].ends_with('%')) {
        let (local, domain) = word.split_at(sign);
        // in key=address or smtp:address the key is kept
        let key = local.rfind([':', '=', '/', '\'']).map_or(0, |at| at + 1);
        // and so is what is written before an address without a space, as is usual in Japanese
        let own = local.chars().next_back().is_some_and(is_latin);
        let other = local.char_indices().rev().find(|(_, c)| is_latin(*c) != own);
        let start = key.max(other.map_or(0, |(at, c)| at + c.len_utf8()));
        let (before, local) = local.split_at(start);
        let before = match before.strip_suffix(':').and_then(|before| before.rsplit_once("://")) {
            // https://user:password@host
            Some((scheme, user)) => format!("{scheme}://{}:", starred(user)),
            None if before.is_empty() => String::new(),
            None => self::word(before),
        };
        return format!("{before}{}{domain}", starred(local));
    }
    let mut out = String::new();
    for piece in word.split_inclusive(['/', '=', '%', '\'']) {
        let end = piece.trim_end_matches(['/', '=', '%', '\'']);
        out.push_str(&address(end));
        out.push_str(&piece[end.len()..]);
    }
    out
}

/// An IP address, perhaps with a port or a full stop behind it.
fn address(piece: &str) -> String {
    let plain = piece.trim_end_matches(['.', ':']);
    let tail = &piece[plain.len()..];
    let (host, port) = match plain.rsplit_once(':') {
        Some((host, port)) if host.parse::<Ipv4Addr>().is_ok() => (host, format!(":{port}")),
        _ => (plain, String::new()),
    };
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        let [a, b, ..] = ip.octets();
        return if ip.is_loopback() || ip.is_unspecified() {
            piece.to_owned()
        } else {
            format!("{a}.{b}.*.*{port}{tail}")
        };
    }
    match plain.parse::<Ipv6Addr>() {
        Ok(ip) if !ip.is_loopback() && !ip.is_unspecified() => format!("{:x}:*{tail}", ip.segments()[0]),
        _ => piece.to_owned(),
    }
}

/// Whether it is of ASCII, or its full-width form.
fn is_latin(c: char) -> bool {
    c.is_ascii() || ('\u{ff01}'..='\u{ff5e}').contains(&c)
}

/// The first character and three stars.
fn starred(name: &str) -> String {
    if name.ends_with("***") && name.chars().count() <= 4 {
        return name.to_owned();
    }
    name.chars().next().map_or_else(String::new, |first| format!("{first}***"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_masked_wherever_they_stand() {
        for (given, masked) in [
            ("hanako@example.jp", "h***@example.jp"),
            ("<hanako.yamada+x@example.jp>: refused", "<h***@example.jp>: refused"),
            ("花子@例え.jp", "花***@例え.jp"),
            ("mailto:hanako@example.jp", "mailto:h***@example.jp"),
            ("from 203.0.113.7:993, 192.168.1.5.", "from 203.0.*.*:993, 192.168.*.*."),
            ("[2001:db8::25]:587 to fe80::1%eth0", "[2001:*]:587 to fe80:*%eth0"),
            ("198.51.100.0/24", "198.51.*.*/24"),
            ("call 090-1234-5678 or +819012345678", "call 090*** or +81***"),
            ("call +81 90 1234 5678 or 090 1234 5678", "call +81*** or 090***"),
            ("hanako＠example.jp", "h***＠example.jp"),
            ("ｈａｎａｋｏ．ｙ＠ｅｘａｍｐｌｅ．ｊｐ", "ｈ***＠ｅｘａｍｐｌｅ．ｊｐ"),
            ("アドレスはhanako@example.jpです", "アドレスはh***@example.jpです"),
            ("a.b@example.jp/c.d@example.jp", "a***@example.jp/c***@example.jp"),
            ("https://hanako:pw@host.example/", "https://h***:***@host.example/"),
            ("127.0.0.1 and ::1", "127.0.0.1 and ::1"),
            ("imap.example.jp:993 at 12:30:45", "imap.example.jp:993 at 12:30:45"),
        ] {
            assert_eq!(text(given, &[]), masked);
        }
    }

    #[test]
    fn names_are_masked_too() {
        let mut given = serde_json::json!({"detail": {"said": "no user hanako here", "list": ["hanako"]}});
        value(&mut given, &["hanako".to_owned()]);
        assert_eq!(given, serde_json::json!({"detail": {"said": "no user h*** here", "list": ["h***"]}}));
    }

    #[test]
    fn a_name_is_a_word_and_no_id() {
        let mut given = serde_json::json!({"variable": "imap", "said": "Info for imap: more information", "password": "none"});
        value(&mut given, &["imap".to_owned(), "info".to_owned()]);
        let masked = serde_json::json!({"variable": "imap", "said": "I*** for i***: more information", "password": "none"});
        assert_eq!(given, masked);
    }
}
