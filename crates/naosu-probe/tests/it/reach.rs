//! A run whose reach is public connects to nothing in the machine's own network, whatever leads it there.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use naosu_core::evidence::{Evidence, Observation, Request};
use naosu_core::knowledge::{Knowledge, Protocol, Security, embedded};
use naosu_probe::discovery::Endpoint;
use naosu_probe::dns::Names;
use naosu_probe::plan::{Order, measure};
use naosu_probe::reach::Reach;
use naosu_probe::recorder::Recorder;
use naosu_probe::secret::{Credential, Secret};
use naosu_probe::tls::Trust;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use url::Url;

/// A server inside, and how many connections or packets it got.
struct Inside {
    address: SocketAddr,
    heard: Arc<AtomicUsize>,
}

impl Inside {
    async fn tcp() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, heard) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        Self { address, heard }
    }

    async fn udp() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, heard) = (socket.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&heard);
        tokio::spawn(async move {
            while socket.recv(&mut [0; 64]).await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { address, heard }
    }

    fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

/// A resolver that gives each question for an address of `example.jp` or of Apple's the next of these, over and over.
async fn resolver(answers: &[Ipv4Addr]) -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let (address, answers) = (socket.local_addr().unwrap(), answers.to_vec());
    tokio::spawn(async move {
        let mut turn = answers.iter().cycle();
        let mut packet = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut packet).await {
            let Some(end) = packet[12..length].iter().position(|byte| *byte == 0).map(|at| 12 + at + 5)
            else {
                continue;
            };
            let known = [&b"\x07example"[..], b"\x05apple", b"\x06icloud"]
                .iter()
                .any(|label| packet[..end].windows(label.len()).any(|part| part == *label));
            let asks_address = known && packet[end - 4..end - 2] == [0, 1];
            let code = if known { 0x80 } else { 0x83 };
            let mut answer = packet[..2].to_vec();
            answer.extend([0x81, code, 0, 1, 0, u8::from(asks_address), 0, 0, 0, 0]);
            answer.extend(&packet[12..end]);
            if asks_address {
                let next = turn.next().expect("a cycle does not end").octets();
                // the name once more, A, IN, no time to live, four bytes
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
                answer.extend(next);
            }
            let _ = socket.send_to(&answer, from).await;
        }
    });
    address
}

/// An order of somebody who is not at home anywhere near this machine.
fn order(servers: Vec<Endpoint>, names: Names) -> Order {
    Order {
        request: Request { address: Some("hanako@example.jp".to_owned()), ..Request::default() },
        servers,
        confirmed: vec![],
        credential: Some(Credential::Password(Secret::new("never sent".to_owned()))),
        names,
        trust: Trust::load(None).unwrap(),
        reach: Reach::Public { own: vec![] },
        own_device: false,
        gate: None,
        ntp: vec![],
        connectivity: vec![],
        status: BTreeMap::new(),
        send_test: false,
        deadline: Duration::from_secs(5),
    }
}

fn imap(host: &str, port: u16) -> Endpoint {
    Endpoint { protocol: Protocol::Imap, host: host.to_owned(), port, security: Security::Tls }
}

async fn seen(order: &Order) -> Evidence {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    measure(order, &knowledge, Recorder::default()).await
}

fn of<'a>(evidence: &'a Evidence, variable: &str) -> Vec<&'a Observation> {
    evidence.observations.iter().filter(|seen| seen.variable == variable).collect()
}

fn outcomes(evidence: &Evidence, variable: &str) -> Vec<String> {
    of(evidence, variable).iter().map(|seen| seen.outcome.clone()).collect()
}

#[tokio::test]
async fn an_address_inside_is_not_connected_to_however_it_is_written() {
    let inside = Inside::tcp().await;
    let port = inside.address.port();
    let hosts = [
        "127.0.0.1",
        "[::ffff:127.0.0.1]",
        "::ffff:7f00:1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0.0.0.0",
        "localhost",
        "nobody@127.0.0.1",
        "imap.example.jp@127.0.0.1",
        "127.0.0.1#.example.jp",
        "127.0.0.1\r\nx",
    ];
    // the system's resolution reads all of these forms
    let mut asked = order(hosts.map(|host| imap(host, port)).to_vec(), Names::System);
    // closed: nothing outside is asked
    asked.connectivity = vec![Url::parse("http://127.0.0.1/").unwrap()];
    asked.request.address = None;
    let evidence = seen(&asked).await;
    assert_eq!(inside.heard(), 0, "{evidence:?}");
    let results = of(&evidence, "imap");
    assert_eq!(results.len(), hosts.len());
    for seen in results {
        assert!(seen.outcome == "not_allowed" || seen.outcome.starts_with("name_"), "{seen:?}");
        assert!(seen.detail.get("sign_in_tried").is_none_or(|tried| tried == false), "{seen:?}");
    }
    // the first of them is one by any reading
    assert_eq!(outcomes(&evidence, "imap")[0], "not_allowed");
}

#[tokio::test]
async fn an_address_that_changes_between_two_questions_gains_nothing() {
    let inside = Inside::tcp().await;
    let port = inside.address.port();
    let turns = [Ipv4Addr::new(198, 51, 100, 7), Ipv4Addr::LOCALHOST, Ipv4Addr::new(169, 254, 169, 254)];
    let names = Names::Servers(vec![resolver(&turns).await]);
    let servers =
        vec![imap("imap.example.jp", port), imap("mail.example.jp", 993), imap("a.example.jp", 993)];
    let evidence = seen(&order(servers, names)).await;
    assert_eq!(inside.heard(), 0, "{evidence:?}");
    assert_eq!(outcomes(&evidence, "imap"), ["not_allowed"; 3], "{evidence:?}");
    let tcp = of(&evidence, "tcp");
    assert!(!tcp.is_empty() && tcp.iter().all(|seen| seen.outcome == "not_allowed"), "{tcp:?}");
}

#[tokio::test]
async fn settings_status_connectivity_and_time_are_held_to_it_too() {
    let (inside, clock) = (Inside::tcp().await, Inside::udp().await);
    let port = inside.address.port();
    let names = Names::Servers(vec![resolver(&[Ipv4Addr::LOCALHOST]).await]);
    let mut asked = order(vec![], names);
    asked.ntp = vec![("time.example.jp".to_owned(), clock.address.port()), ("127.0.0.1".to_owned(), 123)];
    asked.connectivity = vec![Url::parse(&format!("http://test.example.jp:{port}/")).unwrap()];
    asked.request.service = Some("icloud".to_owned());
    asked.status.insert("icloud".to_owned(), Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap());
    let evidence = seen(&asked).await;
    assert_eq!((inside.heard(), clock.heard()), (0, 0), "{evidence:?}");
    assert_eq!(outcomes(&evidence, "ntp"), ["not_allowed"; 2]);
    assert_eq!(outcomes(&evidence, "clock"), ["unmeasured"]);
    assert!(outcomes(&evidence, "connectivity").contains(&"not_allowed".to_owned()), "{evidence:?}");
    assert_eq!(outcomes(&evidence, "status"), ["unreachable"]);
    assert!(!of(&evidence, "autoconfig").is_empty());
    for apple in evidence.observations.iter().filter(|seen| seen.variable.starts_with("apple_")) {
        assert_eq!(apple.outcome, "not_allowed", "{apple:?}");
    }
}

#[tokio::test]
async fn a_page_inside_reached_by_a_redirect_is_not_fetched() {
    let inside = Inside::tcp().await;
    let target = inside.address;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let page = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let answer =
                format!("HTTP/1.1 302 Found\r\nLocation: http://{target}/x\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let mut asked = order(vec![], Names::Servers(vec![resolver(&[Ipv4Addr::LOCALHOST]).await]));
    asked.reach = Reach::Everything;
    asked.request.address = None;
    asked.request.service = Some("icloud".to_owned());
    asked.status.insert("icloud".to_owned(), Url::parse(&format!("http://{page}/")).unwrap());
    // without a limit the redirect is followed: the test would see it
    seen(&asked).await;
    assert!(inside.heard() > 0);
    let before = inside.heard();
    asked.reach = Reach::Public { own: vec![] };
    let evidence = seen(&asked).await;
    assert_eq!(inside.heard(), before);
    let status = of(&evidence, "status")[0];
    assert_eq!(status.text("problem"), Some("not_allowed"), "{status:?}");
}

/// A page at an address of this machine that callers of its network may reach, which sends on to each of these in turn.
async fn page(at: SocketAddr, to: Vec<String>) -> Option<Arc<AtomicUsize>> {
    let listener = TcpListener::bind(at).await.ok()?;
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let next = &to[count.fetch_add(1, Ordering::SeqCst) % to.len()];
            let _ = stream.read(&mut [0; 1024]).await;
            let answer = format!("HTTP/1.1 302 Found\r\nLocation: {next}\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    Some(heard)
}

#[tokio::test]
async fn a_page_that_may_be_fetched_leads_nowhere_inside() {
    /// The one port of those in reach that needs no rights.
    const PORT: u16 = 2525;
    let (networks, _) = naosu_probe::vantage::networks();
    let own = networks.into_iter().find(|network| network.address().is_ipv4());
    let inside = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).await;
    let (Some(own), Ok(inside)) = (own, inside) else {
        eprintln!("skipped: no network but this machine, or port {PORT} is taken");
        return;
    };
    let reached = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reached);
    tokio::spawn(async move {
        while inside.accept().await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let home = own.address();
    let places = [
        format!("http://127.0.0.1:{PORT}/"),
        format!("http://2130706433:{PORT}/"),
        format!("http://0x7f.1:{PORT}/"),
        format!("http://0177.0.0.1:{PORT}/"),
        format!("http://[::ffff:127.0.0.1]:{PORT}/"),
        format!("http://[::ffff:7f00:1]:{PORT}/"),
        format!("http://[64:ff9b::7f00:1]:{PORT}/"),
        format!("http://inside.example.jp:{PORT}/"),
        format!("http://{home}@127.0.0.1:{PORT}/"),
        format!("//127.0.0.1:{PORT}/"),
    ];
    let Some(status) = page(SocketAddr::new(home, PORT), places.to_vec()).await else {
        eprintln!("skipped: port {PORT} of {home} is taken");
        return;
    };
    // settings are asked for at port 80, which only root may take
    let settings = page(SocketAddr::new(home, 80), places.to_vec()).await;
    let IpAddr::V4(four) = home else { unreachable!("it was looked for") };
    let reach = Reach::Public { own: vec![own] };
    for round in 0..places.len() {
        // names lead home; those in redirects lead inside
        let names = Names::Servers(vec![resolver(&[four]).await]);
        let mut asked = order(vec![], names);
        asked.reach = reach.clone();
        asked.request.service = Some("icloud".to_owned());
        asked.status.insert("icloud".to_owned(), Url::parse(&format!("http://{home}:{PORT}/")).unwrap());
        asked.connectivity = vec![Url::parse(&format!("http://{home}:{PORT}/")).unwrap()];
        // the address makes that settings are looked for; once is enough
        if round > 0 || settings.is_none() {
            asked.request.address = None;
        }
        let evidence = seen(&asked).await;
        assert_eq!(reached.load(Ordering::SeqCst), 0, "{evidence:?}");
        let status = of(&evidence, "status")[0];
        assert!(status.outcome != "ok" && !status.detail.is_empty(), "{status:?}");
    }
    assert!(status.load(Ordering::SeqCst) >= 2 * places.len(), "the first page was fetched");
    assert!(settings.is_none_or(|heard| heard.load(Ordering::SeqCst) > 0), "settings were asked for");
}

#[tokio::test]
async fn the_machine_that_measures_for_others_says_nothing_of_itself() {
    let names = Names::Servers(vec![resolver(&[Ipv4Addr::LOCALHOST]).await]);
    let evidence = seen(&order(vec![imap("imap.example.jp", 993)], names)).await;
    for variable in ["system", "disk", "route_ipv4", "route_ipv6", "proxy", "vpn", "hosts_file", "time_zone"]
    {
        assert!(of(&evidence, variable).is_empty(), "{variable}");
    }
}

#[tokio::test]
async fn what_was_not_allowed_is_no_fault_of_the_mail() {
    let names = Names::Servers(vec![resolver(&[Ipv4Addr::LOCALHOST]).await]);
    let evidence = seen(&order(vec![imap("imap.example.jp", 993)], names)).await;
    let knowledge = Knowledge::load(&embedded()).unwrap();
    for seen in evidence.observations.iter().filter(|seen| seen.outcome == "not_allowed") {
        let outcome = &knowledge.variables[&seen.variable].outcomes["not_allowed"];
        assert_eq!(outcome.state, naosu_core::knowledge::State::Unmeasured);
    }
    let diagnosis = naosu_core::diagnosis::diagnose(&knowledge, &evidence);
    assert_eq!(diagnosis.verdict, naosu_core::diagnosis::Verdict::Inconclusive, "{diagnosis:?}");
}
