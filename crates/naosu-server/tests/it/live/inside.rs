//! The page measures nothing of the machine that serves it, however its address is written, named or hidden.

use std::net::Ipv6Addr;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, UdpSocket};

use super::*;

/// The one port of those in reach that needs no rights.
const PORT: u16 = 2525;

const SPELLINGS: [&str; 16] = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "0.0.0.0",
    "0",
    "localhost",
    "LOCALHOST.",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1%lo]",
];

/// A resolver that gives a public address first and one inside from then on, over and over; and how often it was asked.
async fn changing() -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let (address, asked) = (socket.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut packet = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut packet).await {
            let Some(end) = packet[12..length].iter().position(|byte| *byte == 0).map(|at| 12 + at + 5)
            else {
                continue;
            };
            let is_a = packet[end - 4..end - 2] == [0, 1];
            let mut answer = packet[..2].to_vec();
            answer.extend([0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
            answer.extend(&packet[12..end]);
            if is_a {
                let inside = [[198, 51, 100, 7], [127, 0, 0, 1]][count.fetch_add(1, Ordering::SeqCst) % 2];
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
                answer.extend(inside);
            }
            let _ = socket.send_to(&answer, from).await;
        }
    });
    (address, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_this_machine_is_measured_for_strangers() {
    let Ok(four) = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).await else {
        eprintln!("skipped: port {PORT} is taken");
        return;
    };
    let reached = Arc::new(AtomicUsize::new(0));
    // where there is no IPv6 there is nothing to reach by it
    let six = TcpListener::bind((Ipv6Addr::LOCALHOST, PORT)).await.ok();
    for listener in std::iter::once(four).chain(six) {
        let count = Arc::clone(&reached);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    let (resolver, asked) = changing().await;
    let outside = Outside { resolvers: vec![resolver], ..Outside::default() };
    let folder = TempDir::new().unwrap();
    let server = Serving::keeping(Keeping::Folder(folder.path().to_owned()), Policy::Public, outside).await;
    let mut measured = 0;
    let names: Vec<String> = (0..6).map(|number| format!("mail{number}.example.jp")).collect();
    for (number, host) in SPELLINGS.iter().copied().chain(names.iter().map(String::as_str)).enumerate() {
        let case = server.open(&[("words", "mail")]).await;
        let from = format!("X-Forwarded-For: 203.0.113.{number}\r\n");
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("incoming", format!("{host}:{PORT}")), ("outgoing", String::new())])
            .finish();
        let begun = server.say_with(&format!("POST {case}/measure"), &from, form.as_bytes()).await;
        assert!(matches!(begun.status, 303 | 422), "{host}: {begun:?}");
        if begun.status == 303 {
            measured += 1;
            server.to_the_end(&case).await;
        }
        assert_eq!(reached.load(Ordering::SeqCst), 0, "{host}");
    }
    assert!(measured > names.len(), "{measured}");
    assert!(asked.load(Ordering::SeqCst) >= names.len(), "names were looked up, inside and outside in turn");
}
