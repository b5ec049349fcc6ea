//! Who may send in a domain's name: the evaluation of RFC 7208, without a resolver inside.
//!
//! [`evaluate`] is given the answers known so far; what it still wants to know it says, all at once where it can.

mod record;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use self::record::{Directive, Mechanism, Qualifier, Record};

/// At most that many terms that ask DNS (section 4.6.4).
const LOOKUP_LIMIT: usize = 10;

/// At most that many of them whose names do not exist (section 4.6.4).
const VOID_LIMIT: usize = 2;

/// At most that many exchangers of one `mx` (section 4.6.4).
const EXCHANGER_LIMIT: usize = 10;

/// That many names of a sender are looked at, the rest is left out (section 4.6.4).
const NAME_LIMIT: usize = 10;

/// A question to DNS; the name is in lower case without a final dot.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Query {
    /// The name.
    pub name: String,
    /// The kind of record.
    pub kind: QueryKind,
}

/// The kinds of records that SPF asks for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum QueryKind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Mail exchangers.
    Mx,
    /// The names of an address.
    Ptr,
    /// Texts.
    Txt,
}

/// What DNS answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It could not be found out.
    Failed,
    /// Records: addresses, names or texts, as a person writes them.
    Found(Vec<String>),
    /// The name or the record does not exist.
    Void,
}

/// The answers known so far.
pub type Answers = BTreeMap<Query, Answer>;

/// How far an evaluation has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Evaluation {
    /// It is over.
    Done(Verdict),
    /// These answers are needed, at least one.
    Wants(Vec<Query>),
}

/// What SPF says of a sender (section 2.6).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It may not send.
    Fail,
    /// Nothing is said of it.
    Neutral,
    /// There is no record.
    None,
    /// It may send.
    Pass,
    /// The record cannot be used; with the part that is wrong.
    PermError(String),
    /// It probably may not send.
    SoftFail,
    /// An answer could not be had.
    TempError,
}

impl Verdict {
    /// Whether it is a pass.
    pub fn is_pass(&self) -> bool {
        *self == Self::Pass
    }
}

/// Evaluates the policy of a domain for a sender whose address ends in `@domain`.
pub fn evaluate(sender: IpAddr, domain: &str, answers: &Answers) -> Evaluation {
    let domain = canonical(domain);
    let mut run =
        Run { sender, origin: domain.clone(), answers, wanted: BTreeSet::new(), lookups: 0, voids: 0 };
    match run.check(&domain) {
        Ok(verdict) | Err(Stop::Verdict(verdict)) => Evaluation::Done(verdict),
        Err(Stop::Unknown) => Evaluation::Wants(run.wanted.into_iter().collect()),
    }
}

/// The record of a domain among the answers.
pub fn record_of<'a>(answers: &'a Answers, domain: &str) -> Option<&'a str> {
    let query = Query { name: canonical(domain), kind: QueryKind::Txt };
    match answers.get(&query)? {
        Answer::Found(texts) => texts.iter().map(String::as_str).find(|text| record::is_record(text)),
        Answer::Failed | Answer::Void => None,
    }
}

struct Run<'a> {
    sender: IpAddr,
    /// The domain that was asked about first.
    origin: String,
    answers: &'a Answers,
    wanted: BTreeSet<Query>,
    lookups: usize,
    voids: usize,
}

enum Stop {
    /// An answer is missing; it is among the wanted.
    Unknown,
    /// The whole evaluation ends so.
    Verdict(Verdict),
}

impl Run<'_> {
    /// `check_host()` of section 4.
    fn check(&mut self, domain: &str) -> Result<Verdict, Stop> {
        if !is_domain(domain) {
            return Ok(Verdict::None);
        }
        let texts = match self.ask(domain, QueryKind::Txt)? {
            Answer::Failed => return Err(Stop::Verdict(Verdict::TempError)),
            Answer::Void => return Ok(Verdict::None),
            Answer::Found(texts) => texts,
        };
        let records: Vec<&String> = texts.iter().filter(|text| record::is_record(text)).collect();
        let text = match records.as_slice() {
            [] => return Ok(Verdict::None),
            [text] => *text,
            several => return Err(permanent(format!("v=spf1 × {}", several.len()))),
        };
        let record = Record::parse(text).map_err(permanent)?;
        self.foresee(&record, domain);
        for directive in &record.directives {
            if self.matches(directive, domain)? {
                return Ok(match directive.qualifier {
                    Qualifier::Fail => Verdict::Fail,
                    Qualifier::Neutral => Verdict::Neutral,
                    Qualifier::Pass => Verdict::Pass,
                    Qualifier::SoftFail => Verdict::SoftFail,
                });
            }
        }
        let Some(redirect) = &record.redirect else { return Ok(Verdict::Neutral) };
        self.count(|| format!("redirect={redirect}"))?;
        let target = self.expanded(redirect, domain)?;
        match self.check(&target)? {
            Verdict::None => Err(permanent(format!("redirect={target} → none"))),
            verdict => Ok(verdict),
        }
    }

    fn matches(&mut self, directive: &Directive, domain: &str) -> Result<bool, Stop> {
        match &directive.mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip { network, bits } => Ok(within(self.sender, *network, *bits)),
            Mechanism::Include(target) => {
                self.count(|| format!("include:{target}"))?;
                let target = self.expanded(target, domain)?;
                match self.check(&target)? {
                    Verdict::Pass => Ok(true),
                    Verdict::None => Err(permanent(format!("include:{target} → none"))),
                    _ => Ok(false),
                }
            }
            Mechanism::A { target, bits4, bits6 } => {
                self.count(|| "a".to_owned())?;
                let target = self.target(target.as_ref(), domain)?;
                let addresses = self.looked_up(&target, self.address_kind())?;
                Ok(self.any_within(&addresses, *bits4, *bits6))
            }
            Mechanism::Mx { target, bits4, bits6 } => {
                self.count(|| "mx".to_owned())?;
                let target = self.target(target.as_ref(), domain)?;
                let hosts = self.looked_up(&target, QueryKind::Mx)?;
                if hosts.len() > EXCHANGER_LIMIT {
                    return Err(permanent(format!("mx:{target} {} > {EXCHANGER_LIMIT}", hosts.len())));
                }
                let hosts: Vec<String> = hosts.iter().map(|host| canonical(host)).collect();
                for host in &hosts {
                    self.want(host, self.address_kind());
                }
                for host in hosts.iter().filter(|host| is_domain(host)) {
                    let addresses = match self.ask(host, self.address_kind())? {
                        Answer::Found(addresses) => addresses.clone(),
                        Answer::Void => Vec::new(),
                        Answer::Failed => return Err(Stop::Verdict(Verdict::TempError)),
                    };
                    if self.any_within(&addresses, *bits4, *bits6) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Mechanism::Ptr(target) => {
                self.count(|| "ptr".to_owned())?;
                let target = self.target(target.as_ref(), domain)?;
                self.is_named_under(&target)
            }
            Mechanism::Exists(target) => {
                self.count(|| format!("exists:{target}"))?;
                let target = self.expanded(target, domain)?;
                Ok(!self.looked_up(&target, QueryKind::A)?.is_empty())
            }
        }
    }

    /// Whether a name of the sender that leads back to it is the target or below it (section 5.5). What cannot be
    /// looked up counts as no name.
    fn is_named_under(&mut self, target: &str) -> Result<bool, Stop> {
        let names = match self.ask(&reverse_name(self.sender), QueryKind::Ptr)? {
            Answer::Found(names) => names.clone(),
            Answer::Failed | Answer::Void => return Ok(false),
        };
        let below = |name: &String| *name == target || name.ends_with(&format!(".{target}"));
        let names: Vec<String> = names.iter().map(|name| canonical(name)).take(NAME_LIMIT).collect();
        let names: Vec<&String> = names.iter().filter(|name| is_domain(name) && below(name)).collect();
        for name in &names {
            self.want(name, self.address_kind());
        }
        for name in names {
            if let Answer::Found(addresses) = self.ask(name, self.address_kind())? {
                let addresses = addresses.clone();
                if self.any_within(&addresses, 32, 128) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// What this record will ask for, so that all is asked at once; only where it does not depend on macros.
    fn foresee(&mut self, record: &Record, domain: &str) {
        let address = self.address_kind();
        let plain = |target: &String| !target.contains('%');
        let mut queries: Vec<(String, QueryKind)> = Vec::new();
        for directive in &record.directives {
            match &directive.mechanism {
                Mechanism::All => break,
                Mechanism::Ip { network, bits } if within(self.sender, *network, *bits) => break,
                Mechanism::Include(target) if plain(target) => queries.push((target.clone(), QueryKind::Txt)),
                Mechanism::A { target, .. } if target.as_ref().is_none_or(plain) => {
                    queries.push((target.clone().unwrap_or_else(|| domain.to_owned()), address));
                }
                Mechanism::Mx { target, .. } if target.as_ref().is_none_or(plain) => {
                    queries.push((target.clone().unwrap_or_else(|| domain.to_owned()), QueryKind::Mx));
                }
                _ => {}
            }
        }
        for (name, kind) in queries.into_iter().take(LOOKUP_LIMIT) {
            self.want(&canonical(&name), kind);
        }
    }

    fn want(&mut self, name: &str, kind: QueryKind) {
        let query = Query { name: name.to_owned(), kind };
        if is_domain(name) && !self.answers.contains_key(&query) {
            self.wanted.insert(query);
        }
    }

    fn ask(&mut self, name: &str, kind: QueryKind) -> Result<&Answer, Stop> {
        let query = Query { name: canonical(name), kind };
        let answer = self.answers.get(&query);
        if answer.is_none() {
            self.wanted.insert(query);
        }
        answer.ok_or(Stop::Unknown)
    }

    /// The records that a mechanism asks for; what does not exist counts against the limit.
    fn looked_up(&mut self, name: &str, kind: QueryKind) -> Result<Vec<String>, Stop> {
        if !is_domain(name) {
            return Ok(Vec::new());
        }
        let found = match self.ask(name, kind)? {
            Answer::Failed => return Err(Stop::Verdict(Verdict::TempError)),
            Answer::Found(records) => records.clone(),
            Answer::Void => Vec::new(),
        };
        if found.is_empty() {
            self.voids += 1;
            if self.voids > VOID_LIMIT {
                return Err(permanent(format!("void lookups {} > {VOID_LIMIT}", self.voids)));
            }
        }
        Ok(found)
    }

    fn count(&mut self, what: impl Fn() -> String) -> Result<(), Stop> {
        self.lookups += 1;
        if self.lookups > LOOKUP_LIMIT {
            return Err(permanent(format!("DNS lookups {} > {LOOKUP_LIMIT} ({})", self.lookups, what())));
        }
        Ok(())
    }

    fn address_kind(&self) -> QueryKind {
        if self.sender.is_ipv4() { QueryKind::A } else { QueryKind::Aaaa }
    }

    fn any_within(&self, addresses: &[String], bits4: u8, bits6: u8) -> bool {
        let bits = if self.sender.is_ipv4() { bits4 } else { bits6 };
        let network = |address: &String| address.parse().is_ok_and(|a| within(self.sender, a, bits));
        addresses.iter().any(network)
    }

    fn target(&self, target: Option<&String>, domain: &str) -> Result<String, Stop> {
        target.map_or_else(|| Ok(domain.to_owned()), |target| self.expanded(target, domain))
    }

    fn expanded(&self, text: &str, domain: &str) -> Result<String, Stop> {
        record::expand(text, self.sender, &self.origin, domain)
            .map(|name| canonical(&name))
            .map_err(permanent)
    }
}

fn permanent(problem: String) -> Stop {
    Stop::Verdict(Verdict::PermError(problem))
}

/// The name under which the names of an address are kept (RFC 1035 section 3.5, RFC 3596 section 2.5).
fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let digits: Vec<String> =
                format!("{:032x}", address.to_bits()).chars().rev().map(String::from).collect();
            format!("{}.ip6.arpa", digits.join("."))
        }
    }
}

fn canonical(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether a name can be asked for: at least two labels of the right length (section 4.3).
fn is_domain(name: &str) -> bool {
    let labels = || name.split('.');
    name.len() <= 253 && labels().count() >= 2 && labels().all(|label| !label.is_empty() && label.len() <= 63)
}

/// Whether an address is in a network.
fn within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}
