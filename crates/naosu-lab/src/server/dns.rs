//! A resolver with a zone of its own (RFC 1035), written by hand so that it can also answer what no library would.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fault::{Dns, DnsBehaviour};
use crate::gate::{Gate, UdpGate};
use crate::server::hostile::garbage;
use crate::world::WorldError;

/// What a resolver knows: name in lower case without the last dot → type number → contents.
#[derive(Clone, Debug, Default)]
pub(crate) struct Zone {
    records: BTreeMap<String, BTreeMap<u16, Vec<Vec<u8>>>>,
}

impl Zone {
    /// Adds one record in zone-file form.
    pub(crate) fn add(&mut self, name: &str, kind: &str, value: &str) -> Result<(), WorldError> {
        let wrong =
            || WorldError::Record { name: name.to_owned(), kind: kind.to_owned(), value: value.to_owned() };
        let number = kind_number(kind).ok_or_else(wrong)?;
        let content = content(number, value).ok_or_else(wrong)?;
        self.records.entry(name.to_lowercase()).or_default().entry(number).or_default().push(content);
        Ok(())
    }

    /// Adds the address of a host, once.
    pub(crate) fn add_host(&mut self, name: &str, ip: IpAddr) {
        let (kind, content) = match ip {
            IpAddr::V4(ip) => (A, ip.octets().to_vec()),
            IpAddr::V6(ip) => (AAAA, ip.octets().to_vec()),
        };
        let known = self.records.entry(name.to_lowercase()).or_default().entry(kind).or_default();
        if !known.contains(&content) {
            known.push(content);
        }
    }

    /// Forgets all records of a name and type.
    pub(crate) fn clear(&mut self, name: &str, kind: &str) {
        if let (Some(kinds), Some(number)) = (self.records.get_mut(&name.to_lowercase()), kind_number(kind)) {
            kinds.remove(&number);
        }
    }

    fn exists(&self, name: &str) -> bool {
        let below = format!(".{name}");
        self.records.contains_key(name) || self.records.keys().any(|known| known.ends_with(&below))
    }

    fn contents(&self, name: &str, kind: u16) -> &[Vec<u8>] {
        self.records.get(name).and_then(|kinds| kinds.get(&kind)).map_or(&[], Vec::as_slice)
    }
}

/// Serves over UDP and TCP until dropped.
pub(crate) async fn run(udp: UdpGate, tcp: Gate, dns: Dns, zone: Zone) {
    let resolver = Arc::new((dns, zone));
    let over_tcp = Arc::clone(&resolver);
    tokio::join!(
        udp.run(move |question| {
            let resolver = Arc::clone(&resolver);
            async move { reply(&question, &resolver.0, &resolver.1, false).await }
        }),
        tcp.run(move |stream| {
            let resolver = Arc::clone(&over_tcp);
            async move {
                // A client that hangs up is the usual end.
                let _ = converse(stream, &resolver.0, &resolver.1).await;
            }
        }),
    );
}

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;
const NOERROR: u8 = 0;
const SERVFAIL: u8 = 2;
const NXDOMAIN: u8 = 3;
const REFUSED: u8 = 5;
/// A name that stands for the question's.
const QUESTION: [u8; 2] = [0xc0, 12];

async fn converse(mut stream: TcpStream, dns: &Dns, zone: &Zone) -> io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut question = vec![0; usize::from(length)];
        stream.read_exact(&mut question).await?;
        let Some(answer) = reply(&question, dns, zone, true).await else {
            return std::future::pending().await;
        };
        let mut message = u16::try_from(answer.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
        message.extend_from_slice(&answer);
        stream.write_all(&message).await?;
    }
}

async fn reply(question: &[u8], dns: &Dns, zone: &Zone, tcp: bool) -> Option<Vec<u8>> {
    if dns.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(dns.delay_ms)).await;
    }
    answer(question, dns, zone, tcp)
}

struct Question<'a> {
    id: [u8; 2],
    flags: u8,
    name: String,
    kind: u16,
    /// The question section as it came.
    section: &'a [u8],
    /// The longest UDP answer the client takes.
    room: usize,
}

fn parse(message: &[u8]) -> Option<Question<'_>> {
    let header = message.get(..12)?;
    if header[2] & 0x80 != 0 || header[4..6] != [0, 1] {
        return None;
    }
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        if length > 63 {
            return None;
        }
        labels.push(String::from_utf8_lossy(message.get(at..at + length)?).to_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]);
    let section = message.get(12..at + 4)?;
    // An OPT record (RFC 6891) after the question: root name, type 41, then the size.
    let room = match message.get(at + 4..at + 9) {
        Some([0, 0, 41, high, low]) => usize::from(u16::from_be_bytes([*high, *low])).clamp(512, 1_232),
        _ => 512,
    };
    Some(Question {
        id: [header[0], header[1]],
        flags: header[2],
        name: labels.join("."),
        kind,
        section,
        room,
    })
}

fn answer(message: &[u8], dns: &Dns, zone: &Zone, tcp: bool) -> Option<Vec<u8>> {
    let question = parse(message)?;
    match behaviour(dns, &question.name) {
        DnsBehaviour::Silent => None,
        DnsBehaviour::Refused => Some(finished(&question, REFUSED, &[], &[])),
        DnsBehaviour::Servfail => Some(finished(&question, SERVFAIL, &[], &[])),
        DnsBehaviour::Nxdomain => Some(finished(&question, NXDOMAIN, &[], &[soa()])),
        DnsBehaviour::Empty => Some(finished(&question, NOERROR, &[], &[soa()])),
        DnsBehaviour::Malformed => {
            let mut bytes = question.id.to_vec();
            bytes.push(0x80 | question.flags);
            bytes.extend_from_slice(&garbage(53, 60));
            Some(bytes)
        }
        DnsBehaviour::WrongId => {
            let mut bytes = from_zone(&question, zone, tcp);
            bytes[0] ^= 0xff;
            Some(bytes)
        }
        DnsBehaviour::CountsTooLarge => {
            let mut bytes = from_zone(&question, zone, true);
            bytes[6..8].copy_from_slice(&[0xff, 0xff]);
            Some(bytes)
        }
        DnsBehaviour::Loop => {
            let own = u8::try_from(12 + question.section.len()).unwrap_or(u8::MAX);
            let mut record = vec![0xc0, own];
            record.extend_from_slice(&record_tail(question.kind, &[0xc0, own]));
            Some(finished(&question, NOERROR, &[record], &[]))
        }
        DnsBehaviour::Truncated if !tcp => {
            let mut bytes = finished(&question, NOERROR, &[], &[]);
            bytes[2] |= 2;
            Some(bytes)
        }
        DnsBehaviour::Hijack => {
            let mut hijacked = Zone::default();
            hijacked.add_host(&question.name, dns.hijack_to);
            Some(from_zone(&question, &hijacked, tcp))
        }
        DnsBehaviour::Answer | DnsBehaviour::Truncated => Some(from_zone(&question, zone, tcp)),
    }
}

/// The behaviour of the longest of `names` that is this name or above it.
fn behaviour(dns: &Dns, name: &str) -> DnsBehaviour {
    let mut part = name;
    loop {
        if let Some(behaviour) = dns.names.get(part) {
            return *behaviour;
        }
        match part.split_once('.') {
            Some((_, above)) => part = above,
            None => return dns.behaviour,
        }
    }
}

fn from_zone(question: &Question<'_>, zone: &Zone, tcp: bool) -> Vec<u8> {
    let mut records = Vec::new();
    let mut owner = QUESTION.to_vec();
    let mut name = question.name.clone();
    // A chain of aliases is followed as resolvers do, not without end.
    for _ in 0..8 {
        let alias = if question.kind == CNAME { None } else { zone.contents(&name, CNAME).first() };
        let Some(target) = alias else { break };
        records.push([owner.clone(), record_tail(CNAME, target)].concat());
        owner.clone_from(target);
        name = text(target);
    }
    for content in zone.contents(&name, question.kind) {
        records.push([owner.clone(), record_tail(question.kind, content)].concat());
    }
    if !zone.exists(&name) {
        return finished(question, NXDOMAIN, &records, &[soa()]);
    }
    if records.is_empty() {
        return finished(question, NOERROR, &[], &[soa()]);
    }
    let whole = finished(question, NOERROR, &records, &[]);
    if tcp || whole.len() <= question.room {
        return whole;
    }
    let mut cut = finished(question, NOERROR, &[], &[]);
    cut[2] |= 2;
    cut
}

/// A whole message: a recursive resolver's answer with these records.
fn finished(question: &Question<'_>, code: u8, answers: &[Vec<u8>], authority: &[Vec<u8>]) -> Vec<u8> {
    let mut message = question.id.to_vec();
    // QR, the question's opcode and RD, then RA.
    message.extend_from_slice(&[0x80 | (question.flags & 0x79), 0x80 | code, 0, 1]);
    for section in [answers, authority, &[]] {
        message.extend_from_slice(&u16::try_from(section.len()).unwrap_or(u16::MAX).to_be_bytes());
    }
    message.extend_from_slice(question.section);
    for record in answers.iter().chain(authority) {
        message.extend_from_slice(record);
    }
    message
}

/// Type, class, time to live and contents of a record, all but the owner's name.
fn record_tail(kind: u16, content: &[u8]) -> Vec<u8> {
    let mut tail = kind.to_be_bytes().to_vec();
    tail.extend_from_slice(&[0, 1, 0, 0, 0, 60]);
    tail.extend_from_slice(&u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes());
    tail.extend_from_slice(content);
    tail
}

/// The start of authority that says how long a negative answer holds.
fn soa() -> Vec<u8> {
    let mut content = name_bytes("ns.test").expect("a short name");
    content.extend_from_slice(&name_bytes("hostmaster.test").expect("a short name"));
    for number in [1_u32, 3_600, 600, 86_400, 60] {
        content.extend_from_slice(&number.to_be_bytes());
    }
    [vec![0], record_tail(6, &content)].concat()
}

fn kind_number(kind: &str) -> Option<u16> {
    Some(match kind {
        "A" => A,
        "NS" => 2,
        "CNAME" => CNAME,
        "PTR" => 12,
        "MX" => 15,
        "TXT" => 16,
        "AAAA" => AAAA,
        "SRV" => 33,
        _ => return None,
    })
}

fn content(kind: u16, value: &str) -> Option<Vec<u8>> {
    match kind {
        A => value.parse::<Ipv4Addr>().ok().map(|ip| ip.octets().to_vec()),
        AAAA => value.parse::<Ipv6Addr>().ok().map(|ip| ip.octets().to_vec()),
        15 | 33 => {
            let mut words: Vec<&str> = value.split_whitespace().collect();
            let name = words.pop()?;
            if words.len() != if kind == 15 { 1 } else { 3 } {
                return None;
            }
            let mut content = Vec::new();
            for word in words {
                content.extend_from_slice(&word.parse::<u16>().ok()?.to_be_bytes());
            }
            content.extend_from_slice(&name_bytes(name)?);
            Some(content)
        }
        16 => {
            let mut content = Vec::new();
            for piece in value.as_bytes().chunks(255) {
                content.push(u8::try_from(piece.len()).ok()?);
                content.extend_from_slice(piece);
            }
            Some(content)
        }
        _ => name_bytes(value),
    }
}

fn name_bytes(name: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for label in name.trim_end_matches('.').split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).ok().filter(|length| *length < 64)?);
        bytes.extend_from_slice(label.to_lowercase().as_bytes());
    }
    bytes.push(0);
    Some(bytes)
}

/// The text of a name as [`name_bytes`] writes it.
fn text(name: &[u8]) -> String {
    let mut labels = Vec::new();
    let mut rest = name;
    while let Some((length, after)) = rest.split_first().filter(|(length, _)| **length > 0) {
        let (label, next) = after.split_at(usize::from(*length).min(after.len()));
        labels.push(String::from_utf8_lossy(label).into_owned());
        rest = next;
    }
    labels.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, kind: u16) -> Vec<u8> {
        let mut message = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        message.extend_from_slice(&name_bytes(name).unwrap());
        message.extend_from_slice(&kind.to_be_bytes());
        message.extend_from_slice(&[0, 1]);
        message
    }

    fn zone() -> Zone {
        let mut zone = Zone::default();
        zone.add("imap.example.jp", "A", "127.0.0.2").unwrap();
        zone.add("mail.example.jp", "CNAME", "imap.example.jp").unwrap();
        zone.add("example.jp", "MX", "10 mx.example.jp").unwrap();
        zone.add("long.example.jp", "TXT", &"x".repeat(900)).unwrap();
        zone
    }

    fn counts(message: &[u8]) -> (u8, u8, u8) {
        (message[3] & 15, message[7], message[9])
    }

    #[test]
    fn answers_from_its_zone() {
        let dns = Dns::default();
        let found = answer(&question("IMAP.example.jp", A), &dns, &zone(), false).unwrap();
        assert_eq!(&found[..2], &[0xab, 0xcd]);
        assert_eq!(counts(&found), (NOERROR, 1, 0));
        assert!(found.ends_with(&[0, 4, 127, 0, 0, 2]));
        let alias = answer(&question("mail.example.jp", A), &dns, &zone(), false).unwrap();
        assert_eq!(counts(&alias), (NOERROR, 2, 0));
        let none = answer(&question("imap.example.jp", AAAA), &dns, &zone(), false).unwrap();
        assert_eq!(counts(&none), (NOERROR, 0, 1));
        let unknown = answer(&question("pop.example.jp", A), &dns, &zone(), false).unwrap();
        assert_eq!(counts(&unknown), (NXDOMAIN, 0, 1));
    }

    #[test]
    fn long_answers_are_cut_over_udp_only() {
        let long = answer(&question("long.example.jp", 16), &Dns::default(), &zone(), false).unwrap();
        assert_eq!((long[2] & 2, long[7]), (2, 0));
        let whole = answer(&question("long.example.jp", 16), &Dns::default(), &zone(), true).unwrap();
        assert_eq!((whole[2] & 2, whole[7]), (0, 1));
    }

    #[test]
    fn a_fault_may_be_of_one_name() {
        let names = BTreeMap::from([("example.jp".to_owned(), DnsBehaviour::Servfail)]);
        let dns = Dns { names, ..Dns::default() };
        assert_eq!(
            counts(&answer(&question("imap.example.jp", A), &dns, &zone(), false).unwrap()),
            (SERVFAIL, 0, 0)
        );
        assert_eq!(counts(&answer(&question("example.com", A), &dns, &zone(), false).unwrap()).0, NXDOMAIN);
        let hijack = Dns { behaviour: DnsBehaviour::Hijack, ..Dns::default() };
        let hijacked = answer(&question("no-such-name.test", A), &hijack, &zone(), false).unwrap();
        assert!(hijacked.ends_with(&[127, 0, 0, 99]));
    }

    #[test]
    fn what_is_no_question_gets_no_answer() {
        for length in 0..20 {
            assert_eq!(answer(&garbage(9, length), &Dns::default(), &zone(), false), None);
        }
        assert_eq!(answer(&question("imap.example.jp", A)[..20], &Dns::default(), &zone(), false), None);
    }

    #[test]
    fn records_that_make_no_sense_are_refused() {
        for (kind, value) in
            [("A", "::1"), ("MX", "mx.example.jp"), ("SRV", "0 1 mx.example.jp"), ("LOC", "x")]
        {
            assert!(Zone::default().add("example.jp", kind, value).is_err(), "{kind} {value}");
        }
    }
}
