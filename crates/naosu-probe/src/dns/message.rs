//! Questions and answers of the domain name system as bytes (RFC 1035, EDNS of RFC 6891); no sockets here.

use std::fmt;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

/// The largest answer asked for over UDP, in bytes (the DNS flag day 2020 value).
pub const PAYLOAD: u16 = 1232;

/// How many CNAME records are followed.
pub const CHAIN_LIMIT: usize = 8;

/// How many records of one answer are kept.
const RECORD_LIMIT: usize = 64;

/// One question to one resolver.
#[derive(Clone, Debug)]
pub struct Question {
    /// The name, fully qualified.
    pub name: Name,
    /// The kind of record asked for.
    pub kind: RecordType,
    /// The message id, random.
    pub id: u16,
    /// Whether EDNS is offered; some old resolvers refuse it with FORMERR.
    pub edns: bool,
}

/// What bytes from a resolver are to a question.
#[derive(Clone, Debug)]
pub enum Reading {
    /// Not the answer to this question: another id, another question.
    Stranger,
    /// Meant as the answer, but not a DNS message.
    Broken,
    /// The answer did not fit: ask over TCP.
    Truncated,
    /// An answer.
    Answer(Answer),
}

/// A well-formed answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The response code.
    pub code: ResponseCode,
    /// The records of the kind asked for, at the end of the CNAME chain.
    pub records: Vec<RData>,
    /// The names the CNAME records led through, in order, without the name asked for.
    pub chain: Vec<Name>,
    /// Whether the answer says itself that there is no such record (RFC 2308: SOA in the authority section).
    pub negative: bool,
    /// Whether the resolver only names other servers and does not recurse.
    pub referral: bool,
}

impl Question {
    /// The question as a message.
    pub fn bytes(&self) -> Vec<u8> {
        let mut message = Message::new(self.id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        let mut query = Query::new();
        query.set_name(self.name.clone()).set_query_type(self.kind).set_query_class(DNSClass::IN);
        message.add_query(query);
        if self.edns {
            let mut edns = Edns::new();
            edns.set_max_payload(PAYLOAD).set_version(0);
            message.set_edns(edns);
        }
        message.to_vec().unwrap_or_default()
    }

    /// Reads what came back.
    pub fn read(&self, bytes: &[u8]) -> Reading {
        if bytes.len() < 2 || bytes[..2] != self.id.to_be_bytes() {
            return Reading::Stranger;
        }
        let Ok(message) = Message::from_vec(bytes) else { return Reading::Broken };
        if message.metadata.message_type != MessageType::Response || message.metadata.op_code != OpCode::Query
        {
            return Reading::Broken;
        }
        let code = message.metadata.response_code;
        match message.queries.as_slice() {
            // a refusal may leave the question out
            [] if code != ResponseCode::NoError => {}
            [query] if self.asked(query) => {}
            _ => return Reading::Stranger,
        }
        if message.metadata.truncation {
            return Reading::Truncated;
        }
        let (records, chain) = follow(&self.name, self.kind, &message.answers);
        let has = |kind| message.authorities.iter().any(|record| record.record_type() == kind);
        let negative = has(RecordType::SOA);
        let referral = code == ResponseCode::NoError
            && message.answers.is_empty()
            && !message.metadata.recursion_available
            && !message.metadata.authoritative
            && has(RecordType::NS)
            && !negative;
        Reading::Answer(Answer { code, records, chain, negative, referral })
    }

    fn asked(&self, query: &Query) -> bool {
        query.name().eq_ignore_root(&self.name)
            && query.query_type() == self.kind
            && query.query_class() == DNSClass::IN
    }
}

/// A record's data as a person reads it: an address, `10 mx.example.jp`, the text of a TXT record.
pub struct Readable<'a>(pub &'a RData);

impl fmt::Display for Readable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RData::A(a) => write!(f, "{}", a.0),
            RData::AAAA(aaaa) => write!(f, "{}", aaaa.0),
            RData::CNAME(name) => f.write_str(&bare(&name.0)),
            RData::PTR(name) => f.write_str(&bare(&name.0)),
            RData::NS(name) => f.write_str(&bare(&name.0)),
            RData::MX(mx) => write!(f, "{} {}", mx.preference, bare(&mx.exchange)),
            RData::SRV(srv) => {
                write!(f, "{} {} {} {}", srv.priority, srv.weight, srv.port, bare(&srv.target))
            }
            RData::TXT(txt) => {
                let joined: Vec<u8> = txt.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
                f.write_str(&String::from_utf8_lossy(&joined))
            }
            other => write!(f, "{other}"),
        }
    }
}

/// A name without its final dot; the root stays `.`.
pub fn bare(name: &Name) -> String {
    let text = name.to_ascii();
    match text.strip_suffix('.') {
        Some("") | None => text,
        Some(without) => without.to_owned(),
    }
}

/// The records of that kind at the end of the CNAME chain that begins at `name`, and the chain.
fn follow(name: &Name, kind: RecordType, answers: &[Record]) -> (Vec<RData>, Vec<Name>) {
    let mut chain: Vec<Name> = Vec::new();
    loop {
        let end = chain.last().unwrap_or(name);
        let records: Vec<RData> = answers
            .iter()
            .filter(|record| record.record_type() == kind && record.name.eq_ignore_root(end))
            .take(RECORD_LIMIT)
            .map(|record| record.data.clone())
            .collect();
        if !records.is_empty() || chain.len() == CHAIN_LIMIT {
            return (records, chain);
        }
        let next = answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name.eq_ignore_root(end) => Some(target.0.clone()),
            _ => None,
        });
        match next {
            Some(target) if !target.eq_ignore_root(name) && !chain.contains(&target) => chain.push(target),
            _ => return (records, chain),
        }
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::rdata::{A, CNAME};
    use rand::Rng;

    use super::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn question(text: &str) -> Question {
        Question { name: name(text), kind: RecordType::A, id: 7, edns: true }
    }

    fn answer(question: &Question, records: Vec<Record>) -> Vec<u8> {
        let mut message = Message::from_vec(&question.bytes()).unwrap();
        message.metadata.message_type = MessageType::Response;
        message.metadata.recursion_available = true;
        message.add_answers(records);
        message.to_vec().unwrap()
    }

    fn cname(from: &str, to: &str) -> Record {
        Record::from_rdata(name(from), 60, RData::CNAME(CNAME(name(to))))
    }

    fn a(from: &str) -> Record {
        Record::from_rdata(name(from), 60, RData::A(A([203, 0, 113, 7].into())))
    }

    #[test]
    fn a_chain_is_followed_to_its_records() {
        let asked = question("a.example.");
        let bytes = answer(
            &asked,
            vec![a("c.example."), cname("b.example.", "C.example."), cname("A.example.", "b.example.")],
        );
        let Reading::Answer(read) = asked.read(&bytes) else { panic!() };
        assert_eq!(read.records.len(), 1);
        assert_eq!(read.chain.len(), 2);
    }

    #[test]
    fn a_loop_of_names_ends() {
        let asked = question("a.example.");
        let loops = vec![cname("a.example.", "b.example."), cname("b.example.", "a.example.")];
        let Reading::Answer(read) = asked.read(&answer(&asked, loops)) else { panic!() };
        assert!(read.records.is_empty());
        let long =
            (0..30).map(|n| cname(&format!("n{n}.example."), &format!("n{}.example.", n + 1))).collect();
        let asked = question("n0.example.");
        let Reading::Answer(read) = asked.read(&answer(&asked, long)) else { panic!() };
        assert_eq!(read.chain.len(), CHAIN_LIMIT);
    }

    #[test]
    fn an_answer_to_another_question_is_a_stranger() {
        let asked = question("a.example.");
        let other = Question { id: 8, ..asked.clone() };
        assert!(matches!(asked.read(&answer(&other, vec![])), Reading::Stranger));
        let other = Question { name: name("b.example."), ..asked.clone() };
        assert!(matches!(asked.read(&answer(&other, vec![])), Reading::Stranger));
        let other = Question { kind: RecordType::AAAA, ..asked.clone() };
        assert!(matches!(asked.read(&answer(&other, vec![])), Reading::Stranger));
        assert!(matches!(asked.read(&asked.bytes()), Reading::Broken), "a question sent back is no answer");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let asked = question("mail.example.jp.");
        let good = answer(&asked, vec![cname("mail.example.jp.", "b.example."), a("b.example.")]);
        let mut random = rand::rng();
        for round in 0..20_000 {
            let mut bytes = good.clone();
            if round % 2 == 0 {
                bytes = (0..random.random_range(0..300)).map(|_| random.random()).collect();
                if bytes.len() > 1 {
                    bytes[..2].copy_from_slice(&7_u16.to_be_bytes());
                }
            } else {
                for _ in 0..random.random_range(1..8) {
                    let at = random.random_range(2..bytes.len());
                    bytes[at] = random.random();
                }
                bytes.truncate(random.random_range(0..=bytes.len()));
            }
            let _ = asked.read(&bytes);
        }
    }
}
