use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};

use super::*;
use crate::local::{anywhere, closed_port, soon};

async fn listening() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[tokio::test]
async fn an_open_and_a_closed_port_are_told_apart() {
    let recorder = Recorder::default();
    let (_listener, address) = listening().await;
    let dialled = dial(anywhere(address), "tcp", None, &recorder, soon(), &[]).await;
    assert_eq!(dialled.outcome, "open");
    assert!(dialled.stream.is_some());
    let dialled = dial(anywhere(closed_port().await), "tcp", None, &recorder, soon(), &[]).await;
    assert_eq!(dialled.outcome, "refused");
    let seen = recorder.observations();
    assert_eq!(seen[0].subject, address.to_string());
    assert!(seen[0].number("rtt_ms").is_some());
    assert_eq!(seen[1].outcome, "refused");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn small_segments_are_agreed_on() {
    let (listener, address) = listening().await;
    let dialled = dial(anywhere(address), "tcp", Some(536), &Recorder::default(), soon(), &[]).await;
    let stream = dialled.stream.unwrap();
    let (other, _) = listener.accept().await.unwrap();
    assert!(socket2::SockRef::from(&stream).tcp_mss().unwrap() <= 536);
    assert!(socket2::SockRef::from(&other).tcp_mss().unwrap() <= 536);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_accept_queue_that_is_full_is_silence() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(timeout(Duration::from_millis(100), TcpStream::connect(address)).await);
    }
    let deadline = Deadline::after(Duration::from_millis(200));
    let dialled = dial(anywhere(address), "tcp", None, &Recorder::default(), deadline, &[]).await;
    assert_eq!(dialled.outcome, "silent");
}

#[tokio::test]
async fn a_dead_family_does_not_stop_the_race_and_is_recorded() {
    let recorder = Recorder::default();
    let (_listener, address) = listening().await;
    // nothing listens at the same port of the other loopback address
    let addresses = ["::1".parse().unwrap(), address.ip()];
    let race =
        dial_any("mail.example", address.port(), &addresses, &Reach::Everything, &recorder, soon(), &[])
            .await;
    assert_eq!(race.outcome, "open");
    assert_eq!(race.winner.unwrap().to.address(), address);
    race.others.ended(soon()).await;
    let seen = recorder.observations();
    assert_eq!(seen.len(), 2);
    assert_ne!(seen[0].outcome, "open");
    let port = address.port();
    assert_eq!(seen[0].subject, format!("[::1]:{port}"));
    assert_eq!(seen[1].subject, format!("127.0.0.1:{port}"));
    assert_eq!(seen[1].text("host"), Some("mail.example"));
}

#[tokio::test]
async fn every_address_is_recorded_although_the_first_wins() {
    let recorder = Recorder::default();
    let (_listener, address) = listening().await;
    let addresses = [address.ip(), "127.0.0.2".parse().unwrap(), "127.0.0.3".parse().unwrap()];
    let race =
        dial_any("mail.example", address.port(), &addresses, &Reach::Everything, &recorder, soon(), &[])
            .await;
    assert_eq!(race.after.len(), 1);
    race.others.ended(soon()).await;
    let outcomes: Vec<String> = recorder.observations().into_iter().map(|seen| seen.outcome).collect();
    assert_eq!(outcomes, ["open", "refused", "refused"]);
}

#[tokio::test]
async fn without_a_winner_the_failures_are_what_follows() {
    let recorder = Recorder::default();
    let address = closed_port().await;
    let addresses = [address.ip(), "127.0.0.2".parse().unwrap()];
    let race =
        dial_any("mail.example", address.port(), &addresses, &Reach::Everything, &recorder, soon(), &[])
            .await;
    assert_eq!((race.outcome, race.after.len()), ("refused", 2));
    assert!(race.winner.is_none());
    assert_eq!(
        dial_any("mail.example", 1, &[], &Reach::Everything, &recorder, soon(), &[]).await.outcome,
        "no_route"
    );
}

#[test]
fn the_families_take_turns() {
    let addresses: Vec<IpAddr> =
        ["10.0.0.1", "10.0.0.2", "::1", "::2", "::3"].iter().map(|text| text.parse().unwrap()).collect();
    let ordered: Vec<String> = interleaved(&addresses).iter().map(ToString::to_string).collect();
    assert_eq!(ordered, ["::1", "10.0.0.1", "::2", "10.0.0.2", "::3"]);
}

#[test]
fn errors_are_told_apart() {
    let nowhere: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let kind = |kind: io::ErrorKind| explain(&kind.into(), nowhere);
    assert_eq!(kind(io::ErrorKind::ConnectionRefused), "refused");
    assert_eq!(kind(io::ErrorKind::ConnectionReset), "reset");
    assert_eq!(kind(io::ErrorKind::TimedOut), "silent");
    assert_eq!(kind(io::ErrorKind::HostUnreachable), "unreachable");
    assert_eq!(kind(io::ErrorKind::PermissionDenied), "prohibited");
    // there is a route to loopback: somebody else said so
    assert_eq!(kind(io::ErrorKind::NetworkUnreachable), "unreachable");
    assert_eq!(explain(&io::Error::from_raw_os_error(connect::FAMILY_MISSING[0]), nowhere), "no_route");
}
