use std::net::SocketAddr;
use std::str::FromStr;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{A, MX, SRV, TXT};
use hickory_proto::rr::{Name, RData, Record};
use naosu_core::evidence::Observation;
use naosu_core::knowledge::embedded;

use super::*;
use crate::local::{self, soon};

type Zone = Vec<(&'static str, RData)>;

fn name(text: &str) -> Name {
    Name::from_str(text).unwrap()
}

fn mx(host: &str) -> RData {
    RData::MX(MX::new(10, name(host)))
}

fn srv(port: u16, host: &str) -> RData {
    RData::SRV(SRV::new(0, 1, port, name(host)))
}

fn txt(text: &str) -> RData {
    RData::TXT(TXT::new(vec![text.to_owned()]))
}

fn loopback() -> RData {
    RData::A(A([127, 0, 0, 1].into()))
}

/// A resolver that knows a zone; every other name does not exist.
async fn resolver(zone: Zone) -> SocketAddr {
    local::udp(move |question| {
        let mut message = Message::from_vec(question).unwrap();
        message.metadata.message_type = MessageType::Response;
        message.metadata.recursion_available = true;
        message.edns = None;
        let query = message.queries[0].clone();
        let owner = query.name().to_ascii().to_ascii_lowercase();
        let mut exists = false;
        for (host, data) in zone.iter().filter(|(host, _)| owner.trim_end_matches('.') == *host) {
            exists |= !host.is_empty();
            if data.record_type() == query.query_type() {
                message.add_answer(Record::from_rdata(query.name().clone(), 60, data.clone()));
            }
        }
        if !exists {
            message.metadata.response_code = ResponseCode::NXDomain;
        }
        vec![message.to_vec().unwrap()]
    })
    .await
}

async fn found(address: &str, zone: Zone, deadline: Deadline) -> (Discovered, Vec<Observation>) {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let names = Names::Servers(vec![resolver(zone).await]);
    let (trust, recorder) = (Trust::load(None).unwrap(), Recorder::default());
    let wanted = Wanted { address, ispdb: false };
    let found = discover(wanted, &knowledge, &names, &trust, &Reach::Everything, &recorder, deadline).await;
    (found, recorder.observations())
}

fn outcomes(seen: &[Observation], variable: &str) -> Vec<String> {
    seen.iter().filter(|o| o.variable == variable).map(|o| o.outcome.clone()).collect()
}

#[tokio::test]
async fn a_known_provider_is_not_asked_for() {
    let (found, seen) = found("hanako@icloud.com", vec![], soon()).await;
    assert_eq!(found.provider.as_deref(), Some("icloud"));
    let imap = found.best(Protocol::Imap).unwrap();
    assert_eq!((imap.written().as_str(), imap.source), ("imap.mail.me.com:993/tls", Source::Provider));
    assert_eq!(found.user_name(Protocol::Imap), Some(UserName::LocalPart));
    assert_eq!(found.best(Protocol::Smtp).unwrap().written(), "smtp.mail.me.com:587/starttls");
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].variable.as_str(), seen[0].outcome.as_str()), ("provider", "known"));
    assert_eq!(seen[0].text("sign_in"), Some("app_password"));
}

#[tokio::test]
async fn a_hosted_domain_is_recognised() {
    let zone =
        vec![("example.jp", mx("aspmx.l.google.com.")), ("example.jp", mx("alt1.aspmx.l.google.com."))];
    let (found, seen) = found("hanako@example.jp", zone, soon()).await;
    assert_eq!(found.provider.as_deref(), Some("google_workspace"));
    assert_eq!(found.best(Protocol::Imap).unwrap().written(), "imap.gmail.com:993/tls");
    assert_eq!(outcomes(&seen, "provider"), ["hosted"]);
    assert_eq!(outcomes(&seen, "mx"), ["found"]);
}

#[tokio::test]
async fn srv_records_win_before_the_mail_exchanger_and_the_conflict_is_told() {
    let zone = vec![
        ("example.jp", mx("mx01.mail.icloud.com.")),
        ("_imaps._tcp.example.jp", srv(993, "mail.example.jp.")),
        ("_submission._tcp.example.jp", srv(587, "mail.example.jp.")),
        ("_pop3s._tcp.example.jp", srv(0, ".")),
    ];
    let (found, seen) = found("hanako@Example.JP", zone, soon()).await;
    let imap = found.best(Protocol::Imap).unwrap();
    assert_eq!((imap.written().as_str(), imap.source), ("mail.example.jp:993/tls", Source::Srv));
    assert!(imap.authentic);
    assert_eq!(found.best(Protocol::Smtp).unwrap().written(), "mail.example.jp:587/starttls");
    assert!(found.best(Protocol::Pop).is_none());
    let conflict = found.conflicts.iter().find(|c| c.protocol == Protocol::Imap).unwrap();
    assert_eq!(conflict.other.host, "imap.mail.me.com");
    let mut services = outcomes(&seen, "srv");
    services.sort();
    assert_eq!(services.iter().filter(|outcome| *outcome == "found").count(), 2);
    assert_eq!(services.iter().filter(|outcome| *outcome == "not_offered").count(), 1);
}

#[tokio::test]
async fn srv_records_that_lead_outside_the_domain_are_not_trusted() {
    let zone = vec![
        ("example.jp", mx("mail.example.jp.")),
        ("_imaps._tcp.example.jp", srv(993, "mail.collector.example.")),
        ("_submission._tcp.example.jp", srv(587, "smtp.gmail.com.")),
    ];
    let (mut found, _) = found("hanako@example.jp", zone, soon()).await;
    let imap = found.best(Protocol::Imap).unwrap();
    assert_eq!((imap.host.as_str(), imap.authentic), ("mail.collector.example", false));
    assert!(!found.vouches_for(&imap.endpoint()));
    let smtp = found.best(Protocol::Smtp).unwrap();
    assert!(smtp.authentic, "a server of a provider that is known is that provider's");
    let recorder = Recorder::default();
    record_settings(&[], Some("hanako@example.jp"), None, &found, &recorder);
    let seen = recorder.observations();
    assert_eq!(outcomes(&seen, "settings"), ["unconfirmed"]);
    assert_eq!(seen[0].text("server"), Some("mail.collector.example:993/tls"));
    let given = Endpoint { host: "imap.example.jp".to_owned(), ..imap.endpoint() };
    assert_eq!(compare(&given, &found.candidates).outcome, "not_published");
    let server = imap.endpoint();
    found.confirm(&[Endpoint { port: 1993, ..server.clone() }]);
    assert!(!found.vouches_for(&server), "only the very server is confirmed");
    found.confirm(std::slice::from_ref(&server));
    assert!(found.vouches_for(&server));
}

#[tokio::test]
async fn a_mail_exchanger_that_anybody_can_rent_is_not_the_providers_server() {
    let host =
        |found: &Discovered| found.best(Protocol::Imap).map(|imap| (imap.host.clone(), imap.authentic));
    let rented = vec![("example.jp", mx("ik1-2.vs.sakura.ne.jp."))];
    let (of_rented, _) = found("hanako@example.jp", rented, soon()).await;
    assert_eq!(host(&of_rented), Some(("ik1-2.vs.sakura.ne.jp".to_owned(), false)));
    let theirs = RData::MX(MX::new(20, name("hanako.sakura.ne.jp.")));
    let mixed = vec![("example.jp", mx("mail.collector.example.")), ("example.jp", theirs)];
    let (of_mixed, _) = found("hanako@example.jp", mixed, soon()).await;
    assert_eq!(host(&of_mixed), Some(("hanako.sakura.ne.jp".to_owned(), true)));
}

#[test]
fn what_can_be_trusted_comes_before_what_cannot() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let candidate = |host: &str, source| Candidate {
        protocol: Protocol::Imap,
        host: host.to_owned(),
        port: 993,
        security: Security::Tls,
        user_name: None,
        source,
        authentic: false,
    };
    let candidates = vec![
        candidate("mail.collector.example", Source::Autoconfig),
        candidate("old.example.jp", Source::Srv),
        candidate("imap.example.jp", Source::Srv),
        candidate("guess.example.jp", Source::Guess),
    ];
    let domain = Domain { name: "example.jp".to_owned(), ..Domain::default() };
    let found = Discovered { candidates, domain, ..Discovered::default() }.conclude(&knowledge);
    assert_eq!(found.best(Protocol::Imap).unwrap().host, "old.example.jp");
    let turn: Vec<String> = found.in_turn(Protocol::Imap).into_iter().map(|server| server.host).collect();
    assert_eq!(turn, ["old.example.jp", "imap.example.jp", "mail.collector.example"]);
    let conflict = &found.conflicts[0];
    assert_eq!((conflict.better.source, conflict.other.source), (Source::Srv, Source::Autoconfig));
    for (host, trusted) in [
        ("example.jp", true),
        ("a.b.example.jp", true),
        ("notexample.jp", false),
        ("example.jp.collector.example", false),
        ("imap.gmail.com", true),
        ("x.imap.gmail.com", false),
    ] {
        assert_eq!(is_trusted(host, "example.jp", None, &knowledge), trusted, "{host}");
    }
}

#[tokio::test]
async fn usual_names_are_guessed_when_nothing_is_published() {
    let zone = vec![
        ("example.jp", mx("mail.example.jp.")),
        ("imap.example.jp", loopback()),
        ("smtp.example.jp", loopback()),
    ];
    let (found, seen) = found("hanako@example.jp", zone, soon()).await;
    let imap = found.best(Protocol::Imap).unwrap();
    assert_eq!((imap.host.as_str(), imap.source), ("imap.example.jp", Source::Guess));
    assert_eq!(found.best(Protocol::Smtp).unwrap().host, "smtp.example.jp");
    assert!(found.best(Protocol::Pop).is_none());
    assert_eq!(outcomes(&seen, "provider"), ["unknown"]);
    assert_eq!(outcomes(&seen, "autoconfig"), ["not_found"; 4]);
}

#[tokio::test]
async fn nothing_is_found_of_a_domain_that_does_not_exist() {
    let (found, seen) = found("hanako@nowhere.example", vec![], soon()).await;
    assert!(found.candidates.is_empty() && found.provider.is_none());
    assert_eq!(found.exchangers.unwrap().outcome, "nxdomain");
    assert_eq!(outcomes(&seen, "srv"), ["not_found"; 6]);
    assert_eq!(
        found.domain,
        Domain { name: "nowhere.example".to_owned(), missing: true, ..Domain::default() }
    );
}

#[tokio::test]
async fn a_misspelt_domain_is_said_once_with_the_address_that_was_meant() {
    let (found, _) = found("hanako@gmial.com", vec![], soon()).await;
    let recorder = Recorder::default();
    record_settings(&[], Some("hanako@gmial.com"), None, &found, &recorder);
    let seen = recorder.observations();
    assert_eq!(outcomes(&seen, "settings"), ["domain_misspelt"]);
    assert_eq!(
        (seen[0].subject.as_str(), seen[0].text("suggestion")),
        ("gmial.com", Some("hanako@gmail.com"))
    );
}

#[tokio::test]
async fn a_silent_resolver_costs_no_more_than_the_deadline() {
    let held = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let names = Names::Servers(vec![held.local_addr().unwrap()]);
    let (trust, recorder) = (Trust::load(None).unwrap(), Recorder::default());
    let wanted = Wanted { address: "hanako@example.jp", ispdb: true };
    let deadline = Deadline::after(Duration::from_millis(300));
    let search = discover(wanted, &knowledge, &names, &trust, &Reach::Everything, &recorder, deadline);
    let found = tokio::time::timeout(Duration::from_secs(4), search).await.unwrap();
    assert!(found.candidates.is_empty() && found.domain.unanswered && !found.domain.missing);
}

#[tokio::test]
async fn sender_and_message_policies_are_read() {
    let zone = vec![
        ("example.jp", txt("v=spf1 include:_spf.example.jp -all")),
        ("_spf.example.jp", txt("v=spf1 mx -all")),
        ("_spf.example.jp", mx("mail.example.jp.")),
        ("mail.example.jp", loopback()),
        ("_dmarc.example.jp", txt("v=DMARC1; p=reject")),
        ("two.example.jp", txt("v=spf1 -all")),
        ("two.example.jp", txt("v=spf1 mx -all")),
        ("_dmarc.two.example.jp", txt("v=DMARC1; p=rejct")),
    ];
    let names = Names::Servers(vec![resolver(zone).await]);
    let of = async |domain: &str, sender: &str| {
        let recorder = Recorder::default();
        let senders = [sender.parse().unwrap()];
        domain::policies(domain, &senders, &names, &recorder, soon(), &[]).await;
        let seen = recorder.observations();
        (outcomes(&seen, "spf").remove(0), outcomes(&seen, "dmarc").remove(0))
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(of("example.jp", "127.0.0.1").await, pair("pass", "reject"));
    assert_eq!(of("example.jp", "192.0.2.1").await, pair("fail", "reject"));
    assert_eq!(of("two.example.jp", "192.0.2.1").await, pair("permerror", "invalid"));
    assert_eq!(of("none.example.jp", "192.0.2.1").await, pair("none", "reject"));
}

#[test]
fn the_domain_of_an_address_is_what_dns_writes() {
    assert_eq!(domain_of("hanako@Example.JP").as_deref(), Some("example.jp"));
    assert_eq!(domain_of("花子@例え.jp").as_deref(), Some("xn--r8jz45g.jp"));
    assert_eq!(domain_of("\"a@b\"@example.jp").as_deref(), Some("example.jp"));
    for address in ["", "hanako", "@example.jp", "hanako@", "hanako@localhost", "hanako@a b.jp", "a@b/c.jp"] {
        assert_eq!(domain_of(address), None, "{address}");
    }
}
