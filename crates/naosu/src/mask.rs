//! Takes out of texts what tells who somebody is: mail addresses, IP addresses, names to sign in with.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

/// Masks every text in a value; `names` are further words that must not be read in it.
pub(crate) fn value(value: &mut Value, names: &[String]) {
    match value {
        Value::String(text) => *text = self::text(text, names),
        Value::Array(items) => items.iter_mut().for_each(|item| self::value(item, names)),
        Value::Object(map) => map.values_mut().for_each(|item| self::value(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `hanako@example.jp` becomes `h***@example.jp`, `203.0.113.7` becomes `203.0.*.*`, `2001:db8::1` becomes `2001:*`.
pub(crate) fn text(text: &str, names: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
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
        out = out.replace(name.as_str(), &starred(name));
    }
    out
}

/// What can be part of a mail or IP address.
fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(
            c,
            '.' | '-' | '_' | '+' | '@' | ':' | '%' | '~' | '\'' | '=' | '/' | '#' | '!' | '&' | '*'
        )
}

fn word(word: &str) -> String {
    if let Some((local, domain)) = word.rsplit_once('@') {
        // in key=address or smtp:address the key is kept
        let start = local.rfind([':', '=', '/', '\'']).map_or(0, |at| at + 1);
        let (before, local) = local.split_at(start);
        return format!("{before}{}@{domain}", starred(local));
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

/// The first character and three stars.
fn starred(name: &str) -> String {
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
}
