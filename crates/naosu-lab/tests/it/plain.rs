//! Resolvers, time servers, web servers, ports and relays.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use naosu_lab::delay::Relay;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Client, datagram, get, world};

fn question(name: &str, kind: u8) -> Vec<u8> {
    let mut message = vec![7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend_from_slice(label.as_bytes());
    }
    message.extend_from_slice(&[0, 0, kind, 0, 1]);
    message
}

async fn ask(address: SocketAddr, name: &str, kind: u8) -> (u8, u8, Vec<u8>) {
    let answer = datagram(address, &question(name, kind)).await.unwrap();
    (answer[3] & 15, answer[7], answer)
}

#[tokio::test]
async fn the_zone_holds_the_worlds_names() {
    let world = world("").await;
    let dns = world.endpoints["dns"];
    let (code, count, answer) = ask(dns, "imap.example.jp", 1).await;
    assert_eq!((code, count), (0, 1));
    let std::net::IpAddr::V4(ip) = world.endpoints["imap"].ip() else { panic!("IPv6") };
    assert!(answer.ends_with(&ip.octets()));
    let (code, count, answer) = ask(dns, "_imaps._tcp.example.jp", 33).await;
    assert_eq!((code, count), (0, 1));
    let port = world.endpoints["imap"].port().to_be_bytes();
    assert!(answer.windows(2).any(|two| two == port));
    assert_eq!(ask(dns, "example.jp", 15).await.1, 1);
    assert_eq!(ask(dns, "no-such-name.test", 1).await.0, 3);
}

#[tokio::test]
async fn a_resolver_answers_over_tcp_too() {
    let world = world("dns.behaviour = \"truncated\"").await;
    let dns = world.endpoints["dns"];
    let (_, count, answer) = ask(dns, "imap.example.jp", 1).await;
    assert_eq!((count, answer[2] & 2), (0, 2));
    let mut stream = TcpStream::connect(dns).await.unwrap();
    let question = question("imap.example.jp", 1);
    stream.write_u16(u16::try_from(question.len()).unwrap()).await.unwrap();
    stream.write_all(&question).await.unwrap();
    let mut answer = vec![0; usize::from(stream.read_u16().await.unwrap())];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer[7], 1);
}

#[tokio::test]
async fn resolvers_fail_as_told_and_differ() {
    let world = world(
        "dns.behaviour = \"servfail\"\nmore.second = { kind = \"dns\", behaviour = \"hijack\" }\n\
         more.third = { kind = \"dns\", reach = \"silent\" }\nmore.fourth = { kind = \"dns\", reach = \"refused\" }",
    )
    .await;
    assert_eq!(ask(world.endpoints["dns"], "imap.example.jp", 1).await.0, 2);
    assert!(ask(world.endpoints["second"], "no-such-name.test", 1).await.2.ends_with(&[127, 0, 0, 99]));
    let silent = datagram(world.endpoints["third"], &question("example.jp", 1)).await.unwrap_err();
    assert_eq!(silent.kind(), ErrorKind::TimedOut);
    let refused = datagram(world.endpoints["fourth"], &question("example.jp", 1)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let given = world.arguments.iter().filter(|argument| *argument == "--resolver").count();
    assert_eq!(given, 4);
}

#[tokio::test]
async fn a_time_server_follows_the_world() {
    let world = world("clock_ahead_seconds = 86400").await;
    let mut request = vec![0; 48];
    request[0] = 0x23;
    request[40] = 9;
    let answer = datagram(world.endpoints["ntp"], &request).await.unwrap();
    let said = u64::from(u32::from_be_bytes(answer[40..44].try_into().unwrap())) - 2_208_988_800;
    let here = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!((86_390..86_500).contains(&(here - said)), "{here} {said}");
    assert_eq!(answer[31 - 7], 9);
}

#[tokio::test]
async fn the_connectivity_test_tells_portals_apart() {
    let healthy = world("").await;
    let answer = get(healthy.endpoints["connectivity"], "/hotspot-detect.html").await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\nDate: ") && answer.contains("<BODY>Success</BODY>"),
        "{answer}"
    );
    let portal = world("connectivity.answer = \"portal_redirect\"").await;
    let answer = get(portal.endpoints["connectivity"], "/hotspot-detect.html").await;
    assert!(
        answer.starts_with("HTTP/1.1 302 Found\r\n") && answer.contains("\r\nLocation: http://portal"),
        "{answer}"
    );
}

#[tokio::test]
async fn pages_are_filled_in() {
    let world = world(
        "[process.more.web]\nkind = \"http\"\n[process.more.web.pages.\"/autoconfig.xml\"]\nautoconfig = true\n\
         [process.more.web.pages.\"/status.json\"]\nfeed = { format = \"apple\", service = \"iCloud Mail\", state = \"outage\" }",
    )
    .await;
    let web = world.endpoints["web"];
    let document = get(web, "/autoconfig.xml?emailaddress=hanako@example.jp").await;
    let port = format!("<port>{}</port><socketType>SSL</socketType>", world.endpoints["imap"].port());
    assert!(document.contains(&port) && document.contains("<domain>example.jp</domain>"), "{document}");
    assert!(get(web, "/status.json").await.contains("\"eventStatus\":\"ongoing\""));
}

#[tokio::test]
async fn ports_are_refused_reset_mute_or_silent() {
    let world = world(
        "imap.reach = \"refused\"\npop.reach = \"reset\"\nsmtp.reach = \"mute\"\nconnectivity.reach = \"silent\"",
    )
    .await;
    let refused = TcpStream::connect(world.endpoints["imap"]).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let mut reset = TcpStream::connect(world.endpoints["pop"]).await.unwrap();
    assert_eq!(reset.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(Client::plain(world.endpoints["smtp"]).await.is_mute().await);
    let silent = TcpStream::connect(world.endpoints["connectivity"]);
    assert!(tokio::time::timeout(Duration::from_millis(200), silent).await.is_err());
}

#[tokio::test]
async fn a_relay_holds_back_half_a_round_trip_each_way() {
    let world = world("smtp.security = \"plain\"").await;
    let relay = Relay::tcp(world.endpoints["smtp"], Duration::from_millis(60)).await.unwrap();
    let mut client = Client::plain(relay.address()).await;
    client.line().await;
    let begun = Instant::now();
    client.smtp("NOOP").await;
    assert!(begun.elapsed() >= Duration::from_millis(60));
    let relay = Relay::udp(world.endpoints["dns"], Duration::from_millis(60)).await.unwrap();
    let begun = Instant::now();
    assert_eq!(ask(relay.address(), "imap.example.jp", 1).await.1, 1);
    assert!(begun.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_long_path_is_long_for_every_server() {
    let world = world("round_trip_ms = 40").await;
    let begun = Instant::now();
    assert_eq!(ask(world.endpoints["dns"], "imap.example.jp", 1).await.1, 1);
    assert!(begun.elapsed() >= Duration::from_millis(40));
    let begun = Instant::now();
    get(world.endpoints["connectivity"], "/").await;
    assert!(begun.elapsed() >= Duration::from_millis(40));
}

#[tokio::test]
async fn hostile_web_servers_go_on_and_on() {
    for answer in ["endless_headers", "endless_body", "chunks_without_end"] {
        let world = world(&format!("connectivity.answer = \"{answer}\"")).await;
        let mut client = Client::plain(world.endpoints["connectivity"]).await;
        client.send("GET / HTTP/1.1\r\n").await;
        assert!(client.drain(1_000_000).await >= 1_000_000, "{answer}");
    }
    let bomb = world("connectivity.answer = \"xml_bomb\"").await;
    let document = get(bomb.endpoints["connectivity"], "/").await;
    assert!(document.contains("<!ENTITY e9 ") && document.len() < 4_096, "{document}");
}

#[tokio::test]
async fn a_host_may_have_a_dead_ipv6_address() {
    let world = world("imap.ipv6 = \"silent\"").await;
    let (_, count, answer) = ask(world.endpoints["dns"], "imap.example.jp", 28).await;
    assert_eq!((count, answer.last()), (1, Some(&1)));
    let dead = TcpStream::connect(("::1", world.endpoints["imap"].port()));
    assert!(!matches!(tokio::time::timeout(Duration::from_millis(200), dead).await, Ok(Ok(_))));
    TcpStream::connect(world.endpoints["imap"]).await.unwrap();
}
