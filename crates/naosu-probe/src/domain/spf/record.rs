//! The record itself: its grammar (RFC 7208 section 12) and its macros (section 7).

use std::net::IpAddr;

/// The longest record that is read, in bytes.
const LENGTH_LIMIT: usize = 4096;

/// A record that is well-formed as a whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Record {
    pub(super) directives: Vec<Directive>,
    /// Where to go on when nothing matches; left out where an `all` makes it useless.
    pub(super) redirect: Option<String>,
}

/// A mechanism and what it means when it matches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Directive {
    pub(super) qualifier: Qualifier,
    pub(super) mechanism: Mechanism,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Qualifier {
    Fail,
    Neutral,
    Pass,
    SoftFail,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Mechanism {
    A { target: Option<String>, bits4: u8, bits6: u8 },
    All,
    Exists(String),
    Include(String),
    Ip { network: IpAddr, bits: u8 },
    Mx { target: Option<String>, bits4: u8, bits6: u8 },
    Ptr(Option<String>),
}

/// Whether a text is an SPF record (section 4.5).
pub(super) fn is_record(text: &str) -> bool {
    let start = text.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("v=spf1"));
    start && text[6..].chars().next().is_none_or(|next| next == ' ')
}

impl Record {
    /// Reads a record; the error is the term that is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LENGTH_LIMIT {
            return Err(format!("{} > {LENGTH_LIMIT} bytes", text.len()));
        }
        let (mut directives, mut redirect, mut explained) = (Vec::new(), None, false);
        for term in text.split(' ').skip(1).filter(|term| !term.is_empty()) {
            let wrong = || term.to_owned();
            match modifier(term) {
                Some((name, value)) if name.eq_ignore_ascii_case("redirect") => {
                    let given = redirect.replace(value.to_owned()).is_some();
                    if given || value.is_empty() || !is_domain_spec(value) {
                        return Err(wrong());
                    }
                }
                Some((name, value)) if name.eq_ignore_ascii_case("exp") => {
                    if explained || !is_domain_spec(value) {
                        return Err(wrong());
                    }
                    explained = true;
                }
                Some(_) => {}
                None => directives.push(directive(term).ok_or_else(wrong)?),
            }
        }
        if directives.iter().any(|directive| directive.mechanism == Mechanism::All) {
            redirect = None;
        }
        Ok(Self { directives, redirect })
    }
}

/// Expands macros; the error is the macro that is wrong. `origin` is the sender's domain, `domain` the one at hand.
pub(super) fn expand(text: &str, sender: IpAddr, origin: &str, domain: &str) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        expanded.push_str(before);
        let wrong = || format!("%{}", after.chars().take(8).collect::<String>());
        let next = after.chars().next().ok_or_else(wrong)?;
        rest = &after[next.len_utf8()..];
        match next {
            '%' => expanded.push('%'),
            '_' => expanded.push(' '),
            '-' => expanded.push_str("%20"),
            '{' => {
                let (body, after) = rest.split_once('}').ok_or_else(wrong)?;
                expanded.push_str(&substitute(body, sender, origin, domain).ok_or_else(wrong)?);
                rest = after;
            }
            _ => return Err(wrong()),
        }
        if expanded.len() > LENGTH_LIMIT {
            return Err(wrong());
        }
    }
    expanded.push_str(rest);
    // Of a name that is too long the labels on the left are left out (section 7.3).
    let mut name = expanded.as_str();
    while name.len() > 253 {
        match name.split_once('.') {
            Some((_, shorter)) => name = shorter,
            None => break,
        }
    }
    Ok(name.to_owned())
}

fn substitute(body: &str, sender: IpAddr, origin: &str, domain: &str) -> Option<String> {
    let letter = body.chars().next()?;
    let value = match letter.to_ascii_lowercase() {
        's' => format!("postmaster@{origin}"),
        'l' => "postmaster".to_owned(),
        'o' | 'h' => origin.to_owned(),
        'd' => domain.to_owned(),
        'i' => dotted(sender),
        'v' => if sender.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
        'p' => "unknown".to_owned(),
        _ => return None,
    };
    let rest = &body[letter.len_utf8()..];
    let digits = rest.chars().take_while(char::is_ascii_digit).count();
    let keep: Option<usize> = if digits == 0 { None } else { Some(rest[..digits].parse().ok()?) };
    if keep == Some(0) {
        return None;
    }
    let rest = &rest[digits..];
    let (reverse, delimiters) = match rest.strip_prefix(['r', 'R']) {
        Some(delimiters) => (true, delimiters),
        None => (false, rest),
    };
    if !delimiters.chars().all(|c| ".-+,/_=".contains(c)) {
        return None;
    }
    if keep.is_none() && !reverse && delimiters.is_empty() {
        return Some(value);
    }
    let delimiters = if delimiters.is_empty() { "." } else { delimiters };
    let mut parts: Vec<&str> = value.split(|c| delimiters.contains(c)).collect();
    if reverse {
        parts.reverse();
    }
    let from = keep.map_or(0, |keep| parts.len().saturating_sub(keep));
    Some(parts[from..].join("."))
}

/// An address as macros write it: IPv6 as single hexadecimal digits.
fn dotted(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let digits: Vec<String> =
                format!("{:032x}", address.to_bits()).chars().map(String::from).collect();
            digits.join(".")
        }
    }
}

/// A term `name=value`, which no mechanism is.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    (first && rest).then_some((name, value))
}

fn directive(term: &str) -> Option<Directive> {
    let (qualifier, term) = match term.split_at_checked(1)? {
        ("+", rest) => (Qualifier::Pass, rest),
        ("-", rest) => (Qualifier::Fail, rest),
        ("~", rest) => (Qualifier::SoftFail, rest),
        ("?", rest) => (Qualifier::Neutral, rest),
        _ => (Qualifier::Pass, term),
    };
    let end = term.find([':', '/']).unwrap_or(term.len());
    let (name, rest) = term.split_at(end);
    let mechanism = match name.to_ascii_lowercase().as_str() {
        "all" if rest.is_empty() => Mechanism::All,
        "include" => Mechanism::Include(domain_spec(rest)?),
        "exists" => Mechanism::Exists(domain_spec(rest)?),
        "ptr" if rest.is_empty() => Mechanism::Ptr(None),
        "ptr" => Mechanism::Ptr(Some(domain_spec(rest)?)),
        "a" => {
            let (target, bits4, bits6) = with_bits(rest)?;
            Mechanism::A { target, bits4, bits6 }
        }
        "mx" => {
            let (target, bits4, bits6) = with_bits(rest)?;
            Mechanism::Mx { target, bits4, bits6 }
        }
        "ip4" => {
            let (network, bits) = network(rest, 32)?;
            network.is_ipv4().then_some(Mechanism::Ip { network, bits })?
        }
        "ip6" => {
            let (network, bits) = network(rest, 128)?;
            network.is_ipv6().then_some(Mechanism::Ip { network, bits })?
        }
        _ => return None,
    };
    Some(Directive { qualifier, mechanism })
}

fn network(rest: &str, widest: u8) -> Option<(IpAddr, u8)> {
    let rest = rest.strip_prefix(':')?;
    let (address, bits) = match rest.split_once('/') {
        Some((address, bits)) => (address, bits_of(bits, widest)?),
        None => (rest, widest),
    };
    Some((address.parse().ok()?, bits))
}

/// `[:domain][/bits][//bits]`.
fn with_bits(rest: &str) -> Option<(Option<String>, u8, u8)> {
    let end = rest.find('/').unwrap_or(rest.len());
    let (domain, bits) = rest.split_at(end);
    let target = if domain.is_empty() { None } else { Some(domain_spec(domain)?) };
    let (bits4, bits6) = match bits.split_once("//") {
        Some((bits4, bits6)) => (bits4, Some(bits6)),
        None => (bits, None),
    };
    let bits4 = match bits4.strip_prefix('/') {
        Some(bits) => bits_of(bits, 32)?,
        None if bits4.is_empty() => 32,
        None => return None,
    };
    let bits6 = bits6.map_or(Some(128), |bits| bits_of(bits, 128))?;
    Some((target, bits4, bits6))
}

fn bits_of(text: &str, widest: u8) -> Option<u8> {
    let plain = text == "0" || (!text.starts_with('0') && text.chars().all(|c| c.is_ascii_digit()));
    text.parse().ok().filter(|bits| plain && *bits <= widest)
}

fn domain_spec(rest: &str) -> Option<String> {
    let target = rest.strip_prefix(':')?;
    (!target.is_empty() && is_domain_spec(target)).then(|| target.to_owned())
}

/// Printable, its macros well-formed, and ending in a label that can be a top level, or in a macro.
fn is_domain_spec(text: &str) -> bool {
    let example = IpAddr::from([192, 0, 2, 1]);
    let printable = text.chars().all(|c| c.is_ascii_graphic());
    let end = text.trim_end_matches('.').rsplit('.').next().unwrap_or("");
    let top = end.ends_with('}')
        || (text.contains('.')
            && end.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && end.chars().any(|c| !c.is_ascii_digit()));
    printable && top && expand(text, example, "example.org", "example.org").is_ok()
}
