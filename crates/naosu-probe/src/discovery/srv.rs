//! Servers named by SRV records (RFC 2782, RFC 6186, RFC 8314 section 5.1).

use hickory_proto::rr::{RData, RecordType};
use naosu_core::knowledge::{Protocol, Security};

use super::autoconfig::Published;
use super::{Candidate, Source, is_host, is_of, race};
use crate::deadline::Deadline;
use crate::dns::Names;
use crate::dns::message::bare;
use crate::recorder::Recorder;

/// The services, the one to prefer first.
const SERVICES: [(&str, Protocol, Security); 6] = [
    ("_imaps._tcp", Protocol::Imap, Security::Tls),
    ("_imap._tcp", Protocol::Imap, Security::Starttls),
    ("_pop3s._tcp", Protocol::Pop, Security::Tls),
    ("_pop3._tcp", Protocol::Pop, Security::Starttls),
    ("_submissions._tcp", Protocol::Smtp, Security::Tls),
    ("_submission._tcp", Protocol::Smtp, Security::Starttls),
];

/// How many servers of one service are kept.
const TARGET_LIMIT: usize = 8;

/// Asks for all services; one `srv` observation each.
pub(super) async fn ask(domain: &str, names: &Names, recorder: &Recorder, deadline: Deadline) -> Published {
    let asked = SERVICES.map(|(service, protocol, security)| async move {
        let name = format!("{service}.{domain}");
        let mut pending = recorder.start("srv", &name, &[]);
        let records = names.records(&name, RecordType::SRV, &Recorder::default(), deadline, &[]).await;
        let (outcome, targets) = targets(records.outcome, &records.answers);
        if !targets.is_empty() {
            let written: Vec<String> = targets.iter().map(|(host, port)| format!("{host}:{port}")).collect();
            pending.detail("targets", written.join(", "));
        }
        pending.detail("dns", records.outcome);
        let candidates = targets.into_iter().map(|(host, port)| Candidate {
            protocol,
            authentic: is_of(&host, domain),
            host,
            port,
            // the old port of implicit TLS is sometimes named under the other service
            security: if port == 465 { Security::Tls } else { security },
            user_name: None,
            source: Source::Srv,
        });
        Published { candidates: candidates.collect(), after: vec![pending.finish(outcome)] }
    });
    let mut published = Published::default();
    for one in race::all(asked.into_iter().collect()).await {
        published.candidates.extend(one.candidates);
        published.after.extend(one.after);
    }
    published
}

/// The outcome of variable `srv`, and the servers in the order in which they are to be tried.
fn targets(outcome: &str, answers: &[RData]) -> (&'static str, Vec<(String, u16)>) {
    let mut records: Vec<(u16, std::cmp::Reverse<u16>, String, u16)> = answers
        .iter()
        .filter_map(|answer| match answer {
            RData::SRV(srv) => {
                let target = bare(&srv.target).to_ascii_lowercase();
                Some((srv.priority, std::cmp::Reverse(srv.weight), target, srv.port))
            }
            _ => None,
        })
        .collect();
    records.sort();
    let offered = |(.., target, port): &(_, _, String, u16)| is_host(target) && *port != 0;
    let targets: Vec<(String, u16)> = records
        .iter()
        .filter(|record| offered(record))
        .take(TARGET_LIMIT)
        .map(|(.., target, port)| (target.clone(), *port))
        .collect();
    let outcome = match outcome {
        _ if !targets.is_empty() => "found",
        "answer" if records.iter().any(|(.., target, _)| target == ".") => "not_offered",
        "answer" | "nxdomain" | "no_data" => "not_found",
        _ => "failed",
    };
    (outcome, targets)
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use hickory_proto::rr::Name;
    use hickory_proto::rr::rdata::SRV;

    use super::*;

    fn srv(priority: u16, weight: u16, port: u16, target: &str) -> RData {
        RData::SRV(SRV::new(priority, weight, port, Name::from_str(target).unwrap()))
    }

    #[test]
    fn targets_are_ordered_by_priority_and_weight() {
        let answers = [
            srv(20, 0, 993, "b.example.jp."),
            srv(10, 1, 993, "c.example.jp."),
            srv(10, 9, 993, "A.Example.jp."),
        ];
        let (outcome, targets) = targets("answer", &answers);
        assert_eq!(outcome, "found");
        let hosts: Vec<&str> = targets.iter().map(|(host, _)| host.as_str()).collect();
        assert_eq!(hosts, ["a.example.jp", "c.example.jp", "b.example.jp"]);
    }

    #[test]
    fn a_root_target_says_that_the_service_is_not_offered() {
        assert_eq!(targets("answer", &[srv(0, 0, 0, ".")]), ("not_offered", vec![]));
        assert_eq!(targets("nxdomain", &[]), ("not_found", vec![]));
        assert_eq!(targets("no_data", &[]), ("not_found", vec![]));
        assert_eq!(targets("silent", &[]), ("failed", vec![]));
        assert_eq!(targets("servfail", &[]), ("failed", vec![]));
    }
}
