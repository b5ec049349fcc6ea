//! What a mail domain says of itself in DNS: where its mail goes (MX), who may send in its name (SPF), and what is to
//! become of mail that fails (DMARC).

pub mod dmarc;
pub mod spf;

use std::net::IpAddr;

use hickory_proto::rr::{RData, RecordType};
use naosu_core::evidence::ObservationId;

use self::spf::{Answer, Answers, Evaluation, Query, QueryKind, Verdict};
use crate::deadline::Deadline;
use crate::dns::Names;
use crate::dns::message::bare;
use crate::recorder::Recorder;

/// How many mail exchangers are kept.
const EXCHANGER_LIMIT: usize = 16;

/// How many sending addresses are tried against SPF.
const SENDER_LIMIT: usize = 8;

/// How many rounds of questions SPF may take; each answers all that are open.
const ROUND_LIMIT: usize = 24;

/// The mail exchangers of a domain.
#[derive(Clone, Debug)]
pub struct Exchangers {
    /// Their names, the one to try first at the beginning; empty unless the outcome is `found`.
    pub hosts: Vec<String>,
    /// The outcome of variable `mx`.
    pub outcome: &'static str,
    /// The observation.
    pub observation: ObservationId,
}

/// Looks the mail exchangers up (RFC 5321 section 5.1, RFC 7505); one `mx` observation, subject the domain.
pub async fn exchangers(
    domain: &str,
    names: &Names,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Exchangers {
    let mut pending = recorder.start("mx", domain, after);
    let records = names.records(domain, RecordType::MX, recorder, deadline, after).await;
    pending.wait_for(records.observation);
    let (outcome, hosts) = exchangers_of(records.outcome, &records.answers);
    if !hosts.is_empty() {
        pending.detail("targets", hosts.join(", "));
    }
    let observation = pending.finish(outcome);
    Exchangers { hosts, outcome, observation }
}

/// Reads SPF and DMARC of a domain; one `spf` and one `dmarc` observation, subject the domain. `senders` are the
/// addresses that its mail leaves from, as far as they are known: those of its submission and mail exchangers.
pub async fn policies(
    domain: &str,
    senders: &[IpAddr],
    names: &Names,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) {
    tokio::join!(
        sender_policy(domain, senders, names, recorder, deadline, after),
        message_policy(domain, names, recorder, deadline, after),
    );
}

async fn sender_policy(
    domain: &str,
    senders: &[IpAddr],
    names: &Names,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) {
    let mut pending = recorder.start("spf", domain, after);
    let mut answers = Answers::new();
    let nobody = [IpAddr::from([0, 0, 0, 0])];
    let tried = if senders.is_empty() { &nobody[..] } else { &senders[..senders.len().min(SENDER_LIMIT)] };
    let mut verdicts = Vec::new();
    for sender in tried {
        let verdict = evaluated(*sender, domain, &mut answers, names, deadline).await;
        let passed = verdict.is_pass();
        verdicts.push((*sender, verdict));
        if passed {
            break;
        }
    }
    if let Some(record) = spf::record_of(&answers, domain) {
        pending.detail("record", record);
    }
    pending.detail("asked", answers.iter().map(asked_text).collect::<Vec<_>>());
    let (sender, verdict) = decisive(&verdicts);
    let known = !senders.is_empty();
    if known {
        pending.detail("sender", sender.to_string());
        pending.detail("senders", tried.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    let outcome = match verdict {
        Verdict::PermError(problem) => {
            pending.detail("problem", problem.as_str());
            "permerror"
        }
        Verdict::None => "none",
        Verdict::TempError => "temperror",
        _ if !known => "neutral",
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::SoftFail => "softfail",
        Verdict::Neutral => "neutral",
    };
    pending.finish(outcome);
}

/// Evaluates for one sender, asking what the evaluation wants to know until it knows enough.
async fn evaluated(
    sender: IpAddr,
    domain: &str,
    answers: &mut Answers,
    names: &Names,
    deadline: Deadline,
) -> Verdict {
    for _ in 0..ROUND_LIMIT {
        match spf::evaluate(sender, domain, answers) {
            Evaluation::Done(verdict) => return verdict,
            Evaluation::Wants(queries) => {
                let asked = queries.iter().map(|query| ask(query, names, deadline)).collect();
                let came = crate::discovery::race::all(asked).await;
                answers.extend(queries.into_iter().zip(came));
            }
        }
    }
    Verdict::TempError
}

async fn ask(query: &Query, names: &Names, deadline: Deadline) -> Answer {
    // what SPF asks on its way stands in the details of the one observation it ends in
    let records =
        names.records(&query.name, record_type(query.kind), &Recorder::default(), deadline, &[]).await;
    match records.outcome {
        "answer" => Answer::Found(records.answers.iter().filter_map(read).collect()),
        "nxdomain" | "no_data" => Answer::Void,
        _ => Answer::Failed,
    }
}

/// A question with its answer: `MX example.jp: mx.example.jp`.
fn asked_text((query, answer): (&Query, &Answer)) -> String {
    let answer = match answer {
        Answer::Failed => "?".to_owned(),
        Answer::Found(records) => records.join(", "),
        Answer::Void => "-".to_owned(),
    };
    format!("{} {}: {answer}", record_type(query.kind), query.name)
}

fn record_type(kind: QueryKind) -> RecordType {
    match kind {
        QueryKind::A => RecordType::A,
        QueryKind::Aaaa => RecordType::AAAA,
        QueryKind::Mx => RecordType::MX,
        QueryKind::Ptr => RecordType::PTR,
        QueryKind::Txt => RecordType::TXT,
    }
}

/// A record as SPF needs it: an address, a name or a text.
fn read(record: &RData) -> Option<String> {
    match record {
        RData::A(a) => Some(a.0.to_string()),
        RData::AAAA(aaaa) => Some(aaaa.0.to_string()),
        RData::MX(mx) => Some(bare(&mx.exchange)),
        RData::PTR(name) => Some(bare(&name.0)),
        RData::TXT(_) => Some(text_of(record)),
        _ => None,
    }
}

/// The strings of a TXT record joined without spaces (RFC 7208 section 3.3).
fn text_of(record: &RData) -> String {
    let RData::TXT(txt) = record else { return String::new() };
    let joined: Vec<u8> = txt.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
    String::from_utf8_lossy(&joined).into_owned()
}

/// The verdict that counts: a fault of the record before all, then a sender that passes, then the mildest.
fn decisive(verdicts: &[(IpAddr, Verdict)]) -> (IpAddr, Verdict) {
    let weight = |verdict: &Verdict| match verdict {
        Verdict::Pass => 0,
        Verdict::PermError(_) => 1,
        Verdict::None => 2,
        Verdict::Neutral => 3,
        Verdict::SoftFail => 4,
        Verdict::Fail => 5,
        Verdict::TempError => 6,
    };
    let best = verdicts.iter().min_by_key(|(_, verdict)| weight(verdict)).cloned();
    best.unwrap_or((IpAddr::from([0, 0, 0, 0]), Verdict::TempError))
}

async fn message_policy(
    domain: &str,
    names: &Names,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) {
    let mut pending = recorder.start("dmarc", domain, after);
    let mut outcome = "none";
    for place in dmarc::places(domain) {
        let name = format!("_dmarc.{place}");
        let records = names.records(&name, RecordType::TXT, &Recorder::default(), deadline, &[]).await;
        if !matches!(records.outcome, "answer" | "nxdomain" | "no_data") {
            outcome = "failed";
            break;
        }
        let texts: Vec<String> = records.answers.iter().map(text_of).collect();
        let policy = dmarc::read(&texts, place != domain);
        if policy == dmarc::Policy::Absent {
            continue;
        }
        pending.detail("name", name).detail("record", texts);
        if let dmarc::Policy::Invalid(problem) = &policy {
            pending.detail("problem", problem.as_str());
        }
        outcome = policy.outcome();
        break;
    }
    pending.finish(outcome);
}

/// The outcome of variable `mx`, and the exchangers in their order.
fn exchangers_of(outcome: &str, answers: &[RData]) -> (&'static str, Vec<String>) {
    let mut records: Vec<(u16, String)> = answers
        .iter()
        .filter_map(|answer| match answer {
            RData::MX(mx) => Some((mx.preference, bare(&mx.exchange).to_ascii_lowercase())),
            _ => None,
        })
        .collect();
    records.sort();
    let null = !records.is_empty() && records.iter().all(|(_, host)| host == ".");
    let hosts: Vec<String> =
        records.into_iter().map(|(_, host)| host).filter(|host| host != ".").take(EXCHANGER_LIMIT).collect();
    let outcome = match outcome {
        _ if !hosts.is_empty() => "found",
        "answer" if null => "null_mx",
        "answer" | "no_data" => "none",
        "nxdomain" => "nxdomain",
        _ => "failed",
    };
    (outcome, hosts)
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use hickory_proto::rr::Name;
    use hickory_proto::rr::rdata::MX;

    use super::*;

    fn mx(preference: u16, host: &str) -> RData {
        RData::MX(MX::new(preference, Name::from_str(host).unwrap()))
    }

    #[test]
    fn exchangers_are_ordered_and_a_null_mx_is_told_from_none() {
        let (outcome, hosts) = exchangers_of("answer", &[mx(20, "b.example.jp."), mx(10, "A.example.jp.")]);
        assert_eq!((outcome, hosts), ("found", vec!["a.example.jp".to_owned(), "b.example.jp".to_owned()]));
        assert_eq!(exchangers_of("answer", &[mx(0, ".")]), ("null_mx", vec![]));
        assert_eq!(exchangers_of("no_data", &[]), ("none", vec![]));
        assert_eq!(exchangers_of("nxdomain", &[]), ("nxdomain", vec![]));
        assert_eq!(exchangers_of("silent", &[]), ("failed", vec![]));
    }

    #[test]
    fn a_sender_that_passes_decides() {
        let (a, b) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let decided = |list: &[(IpAddr, Verdict)]| decisive(list);
        assert_eq!(decided(&[(a, Verdict::Fail), (b, Verdict::Pass)]), (b, Verdict::Pass));
        assert_eq!(decided(&[(a, Verdict::Fail), (b, Verdict::SoftFail)]), (b, Verdict::SoftFail));
        assert_eq!(decided(&[]).1, Verdict::TempError);
    }
}
