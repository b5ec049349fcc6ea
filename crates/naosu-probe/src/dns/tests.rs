use std::net::Ipv4Addr;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::Record;
use hickory_proto::rr::rdata::{A, AAAA, CNAME, SOA};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use super::*;
use crate::local::{self, closed_port, soon};

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn record(owner: &Name, data: RData) -> Record {
    Record::from_rdata(owner.clone(), 60, data)
}

fn a(last: u8) -> RData {
    RData::A(A(Ipv4Addr::new(203, 0, 113, last)))
}

/// The answer to a question, with whatever `fill` adds.
fn reply(question: &[u8], fill: impl Fn(&mut Message, &Name, RecordType)) -> Vec<u8> {
    let mut message = Message::from_vec(question).unwrap();
    message.metadata.message_type = MessageType::Response;
    message.metadata.recursion_available = true;
    message.edns = None;
    let query = message.queries[0].clone();
    fill(&mut message, query.name(), query.query_type());
    message.to_vec().unwrap()
}

async fn resolver(fill: impl Fn(&mut Message, &Name, RecordType) + Send + 'static) -> SocketAddr {
    local::udp(move |question| vec![reply(question, &fill)]).await
}

async fn with_code(code: ResponseCode) -> SocketAddr {
    resolver(move |message, _, _| message.metadata.response_code = code).await
}

async fn answering(last: u8) -> SocketAddr {
    resolver(move |message, name, kind| {
        if kind == RecordType::A {
            message.add_answer(record(name, a(last)));
        }
    })
    .await
}

async fn silent() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

async fn outcome(server: SocketAddr, deadline: Deadline) -> &'static str {
    let names = Names::Servers(vec![server]);
    names.records("mail.example.jp", RecordType::A, &Recorder::default(), deadline, &[]).await.outcome
}

fn short() -> Deadline {
    Deadline::after(Duration::from_millis(300))
}

#[tokio::test]
async fn each_way_of_failing_is_its_own_outcome() {
    assert_eq!(outcome(answering(7).await, soon()).await, "answer");
    assert_eq!(outcome(with_code(ResponseCode::NXDomain).await, soon()).await, "nxdomain");
    assert_eq!(outcome(with_code(ResponseCode::NoError).await, soon()).await, "no_data");
    assert_eq!(outcome(with_code(ResponseCode::ServFail).await, soon()).await, "servfail");
    assert_eq!(outcome(with_code(ResponseCode::Refused).await, soon()).await, "refused");
    assert_eq!(outcome(closed_port().await, soon()).await, "port_refused");
    let (_held, address) = silent().await;
    assert_eq!(outcome(address, short()).await, "silent");
    let garbage = local::udp(|question| vec![[&question[..2], b"\xff\xff\xff"].concat()]).await;
    assert_eq!(outcome(garbage, soon()).await, "malformed");
    // another id: not an answer to us, and nothing else comes
    let forged = local::udp(|question| {
        let mut answer = reply(question, |message, name, _| {
            message.add_answer(record(name, a(66)));
        });
        answer[0] ^= 1;
        vec![answer]
    })
    .await;
    assert_eq!(outcome(forged, short()).await, "malformed");
}

#[tokio::test]
async fn a_forged_answer_does_not_displace_the_true_one() {
    let server = local::udp(|question| {
        let good = reply(question, |message, name, _| {
            message.add_answer(record(name, a(7)));
        });
        let mut forged = good.clone();
        forged[1] ^= 1;
        vec![forged, good]
    })
    .await;
    assert_eq!(outcome(server, soon()).await, "answer");
}

#[tokio::test]
async fn a_lost_packet_is_asked_again() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = local::udp(move |question| {
        if count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
            return vec![];
        }
        vec![reply(question, |message, name, _| {
            message.add_answer(record(name, a(7)));
        })]
    })
    .await;
    assert_eq!(outcome(server, soon()).await, "answer");
}

#[tokio::test]
async fn a_resolver_without_edns_is_asked_without() {
    let server = local::udp(|question| {
        let offered = Message::from_vec(question).unwrap().edns.is_some();
        vec![reply(question, |message, name, _| {
            if offered {
                message.metadata.response_code = ResponseCode::FormErr;
            } else {
                message.add_answer(record(name, a(7)));
            }
        })]
    })
    .await;
    assert_eq!(outcome(server, soon()).await, "answer");
}

#[tokio::test]
async fn what_does_not_fit_is_asked_over_tcp() {
    // the same port for both
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let socket = UdpSocket::bind(address).await.unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
        let cut = reply(&buffer[..length], |message, _, _| message.metadata.truncation = true);
        socket.send_to(&cut, from).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let length = stream.read_u16().await.unwrap();
        let mut question = vec![0; usize::from(length)];
        stream.read_exact(&mut question).await.unwrap();
        let answer = reply(&question, |message, name, _| {
            message.add_answers((1..=100).map(|last| record(name, a(last))));
        });
        stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
        stream.write_all(&answer).await.unwrap();
    });
    let recorder = Recorder::default();
    let names = Names::Servers(vec![address]);
    let records = names.records("big.example", RecordType::A, &recorder, soon(), &[]).await;
    assert_eq!((records.outcome, records.answers.len()), ("answer", 64));
    assert_eq!(recorder.observations()[0].text("transport"), Some("tcp"));
}

#[tokio::test]
async fn an_answer_that_stops_at_a_cname_is_followed_by_another_question() {
    let server = resolver(|message, asked, _| {
        if *asked == name("mail.example.jp.") {
            message.add_answer(record(asked, RData::CNAME(CNAME(name("box.example.net.")))));
        } else {
            message.add_answer(record(asked, a(9)));
        }
    })
    .await;
    let recorder = Recorder::default();
    let names = Names::Servers(vec![server]);
    let records = names.records("mail.example.jp", RecordType::A, &recorder, soon(), &[]).await;
    assert_eq!(records.answers, [a(9)]);
    assert_eq!(recorder.observations()[0].text("cname"), Some("box.example.net"));
    // a resolver that leads on for ever
    let count = std::sync::atomic::AtomicUsize::new(0);
    let endless = resolver(move |message, asked, _| {
        let next = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        message.add_answer(record(asked, RData::CNAME(CNAME(name(&format!("n{next}.example."))))));
    })
    .await;
    assert_eq!(outcome(endless, soon()).await, "no_data");
}

#[tokio::test]
async fn both_families_are_returned_ipv6_first() {
    let server = resolver(|message, asked, kind| {
        let data =
            if kind == RecordType::A { a(7) } else { RData::AAAA(AAAA("2001:db8::7".parse().unwrap())) };
        message.add_answer(record(asked, data));
    })
    .await;
    let recorder = Recorder::default();
    let looked = Names::Servers(vec![server]).addresses("Imap.例え.jp", &recorder, soon(), &[]).await;
    // both came, or the second one later than the delay under load
    assert!(looked.addresses.contains(&"203.0.113.7".parse().unwrap()));
    assert_eq!(looked.problem, None);
    looked.others.ended(soon()).await;
    let seen = recorder.observations();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().any(|seen| seen.subject == "imap.xn--r8jz45g.jp A"), "{seen:?}");
    assert!(seen.iter().all(|seen| seen.text("rcode") == Some("NOERROR")));
}

#[tokio::test]
async fn a_silent_aaaa_does_not_hold_up_the_a() {
    let server = local::udp(|question| {
        let kind = Message::from_vec(question).unwrap().queries[0].query_type();
        if kind == RecordType::AAAA {
            return vec![];
        }
        vec![reply(question, |message, name, _| {
            message.add_answer(record(name, a(7)));
        })]
    })
    .await;
    // where the device has no IPv4 route the other family is awaited longer
    if vantage::source_towards("203.0.113.7".parse().unwrap()).is_err() {
        return;
    }
    let recorder = Recorder::default();
    let started = std::time::Instant::now();
    let deadline = Deadline::after(Duration::from_secs(3));
    let looked = Names::Servers(vec![server]).addresses("mail.example.jp", &recorder, deadline, &[]).await;
    assert!(started.elapsed() < Duration::from_millis(600));
    assert_eq!(looked.addresses.len(), 1);
    assert_eq!(looked.after.len(), 1);
    looked.others.ended(soon()).await;
    let late = recorder.observations().into_iter().find(|seen| seen.subject == "mail.example.jp AAAA");
    assert_eq!(late.unwrap().outcome, "silent");
}

#[tokio::test]
async fn why_there_is_no_address_is_said() {
    let problem = async |server| {
        Names::Servers(vec![server]).addresses("x.example", &Recorder::default(), short(), &[]).await.problem
    };
    assert_eq!(problem(with_code(ResponseCode::NXDomain).await).await, Some(NameProblem::NotFound));
    assert_eq!(problem(with_code(ResponseCode::ServFail).await).await, Some(NameProblem::Servfail));
    assert_eq!(problem(with_code(ResponseCode::Refused).await).await, Some(NameProblem::Refused));
    assert_eq!(problem(closed_port().await).await, Some(NameProblem::Refused));
    let filter = resolver(|message, question, kind| {
        let nowhere = match kind {
            RecordType::A => RData::A(A::new(0, 0, 0, 0)),
            _ => RData::AAAA(AAAA(std::net::Ipv6Addr::UNSPECIFIED)),
        };
        message.add_answer(record(question, nowhere));
    });
    assert_eq!(problem(filter.await).await, Some(NameProblem::Sinkhole));
    let (_held, address) = silent().await;
    assert_eq!(problem(address).await, Some(NameProblem::Silent));
    let empty = resolver(|message, _, _| {
        let soa = SOA::new(name("ns.example."), name("root.example."), 1, 2, 3, 4, 5);
        message.add_authority(record(&name("example."), RData::SOA(soa)));
    })
    .await;
    assert_eq!(problem(empty).await, Some(NameProblem::NoAddress));
}

#[tokio::test]
async fn literals_and_impossible_names_ask_nobody() {
    let recorder = Recorder::default();
    let names = Names::Servers(vec![closed_port().await]);
    let looked = names.addresses("[2001:db8::1]", &recorder, soon(), &[]).await;
    assert_eq!(looked.addresses, ["2001:db8::1".parse::<IpAddr>().unwrap()]);
    assert!(recorder.observations().is_empty());
    for bad in ["", ".", "a..b", "exa mple.jp", &"x".repeat(300)] {
        let looked = names.addresses(bad, &recorder, soon(), &[]).await;
        assert_eq!(looked.problem, Some(NameProblem::NotFound), "{bad:?}");
    }
    assert!(domain("_imaps._tcp.example.jp").is_ok());
}

async fn views(servers: Vec<SocketAddr>) -> (Records, String) {
    let recorder = Recorder::default();
    let names = Names::Servers(servers);
    let mut records = names.records("mail.example.jp", RecordType::A, &recorder, short(), &[]).await;
    std::mem::take(&mut records.others).ended(soon()).await;
    let seen = recorder.observations();
    let view = seen.iter().find(|seen| seen.variable == "dns_views").unwrap();
    assert_eq!(view.subject, "mail.example.jp A");
    assert!(seen.iter().any(|seen| seen.subject.starts_with("mail.example.jp A @127.0.0.1:")));
    (records, view.outcome.clone())
}

#[tokio::test]
async fn resolvers_are_compared() {
    let (records, view) = views(vec![answering(7).await, answering(7).await]).await;
    assert_eq!((records.answers, view.as_str()), (vec![a(7)], "agree"));
    let (records, view) = views(vec![answering(7).await, answering(8).await]).await;
    assert_eq!((records.answers, view.as_str()), (vec![a(7)], "differ"));
    let (records, view) = views(vec![with_code(ResponseCode::ServFail).await, answering(8).await]).await;
    assert_eq!((records.answers, view.as_str()), (vec![a(8)], "first_fails"));
    let (_held, dead) = silent().await;
    let (records, view) = views(vec![dead, answering(8).await]).await;
    assert_eq!((records.answers, view.as_str()), (vec![a(8)], "first_fails"));
    let (_records, view) = views(vec![answering(8).await, closed_port().await]).await;
    assert_eq!(view, "unmeasured");
    let nxdomain = || with_code(ResponseCode::NXDomain);
    let (records, view) = views(vec![nxdomain().await, answering(8).await]).await;
    assert_eq!((records.answers, view.as_str()), (vec![a(8)], "first_fails"));
    let (records, view) = views(vec![nxdomain().await, nxdomain().await]).await;
    assert_eq!((records.outcome, view.as_str()), ("nxdomain", "agree"));
}

#[tokio::test]
async fn a_resolver_that_invents_addresses_is_found_out() {
    let recorder = Recorder::default();
    let (_held, dead) = silent().await;
    let servers = vec![answering(99).await, with_code(ResponseCode::NXDomain).await, dead];
    Names::Servers(servers.clone()).canary(&recorder, short(), &[]).await;
    let seen = recorder.observations();
    let of = |server: SocketAddr| seen.iter().find(|seen| seen.subject == server.to_string()).unwrap();
    assert_eq!(of(servers[0]).outcome, "hijacked");
    assert_eq!(of(servers[0]).text("answers"), Some("203.0.113.99"));
    assert_eq!(of(servers[1]).outcome, "honest");
    assert_eq!(of(servers[2]).outcome, "unmeasured");
}

#[tokio::test]
async fn the_system_knows_localhost() {
    let recorder = Recorder::default();
    let looked = Names::System.addresses("localhost", &recorder, soon(), &[]).await;
    assert!(looked.addresses.iter().all(IpAddr::is_loopback), "{looked:?}");
    assert!(!looked.addresses.is_empty());
    let seen = recorder.observations();
    assert!(seen.iter().any(|seen| seen.outcome == "answer" && seen.text("server") == Some("system")));
}

#[test]
fn an_address_of_this_device_is_no_server_elsewhere() {
    let four = |one, two, three, four| RData::A(A(Ipv4Addr::new(one, two, three, four)));
    let here = [four(127, 0, 0, 1)];
    assert!(ask::leads_nowhere(&here, false));
    assert!(!ask::leads_nowhere(&here, true), "a resolver on this device speaks of this device");
    assert!(ask::leads_nowhere(&[four(169, 254, 3, 4)], false));
    assert!(ask::leads_nowhere(&[four(0, 0, 0, 0)], true));
    assert!(!ask::leads_nowhere(&[four(127, 0, 0, 1), a(1)], false), "one of them may be the server");
    assert!(!ask::leads_nowhere(&[four(10, 1, 2, 3)], false), "a house may have its own server");
    assert!(!ask::leads_nowhere(&[], false));
}

#[tokio::test]
async fn an_answer_after_all_patience_is_told() {
    let (socket, server) = silent().await;
    let recorder = Recorder::default();
    let names = Names::Servers(vec![server]);
    let deadline = Deadline::after(Duration::from_millis(60));
    let said = names.records("mail.example.jp", RecordType::A, &recorder, deadline, &[]).await;
    assert_eq!(said.outcome, "silent");
    let mut question = [0; 512];
    let (length, asker) = socket.recv_from(&mut question).await.unwrap();
    let answer = reply(&question[..length], |message, name, _| {
        message.add_answer(record(name, a(7)));
    });
    socket.send_to(&answer, asker).await.unwrap();
    for _ in 0..200 {
        if recorder.observations().len() > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let seen = recorder.observations();
    let late = seen.iter().find(|seen| seen.outcome == "late").expect("the late answer is recorded");
    assert_eq!((late.subject.as_str(), late.text("answers")), ("mail.example.jp A", Some("203.0.113.7")));
    assert_eq!(late.after, [said.observation]);
}
