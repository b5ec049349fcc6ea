use std::future::ready;

use super::*;
use crate::local::{self, closed_port, soon};

/// The answer of a server whose clock is that much ahead of this device's.
fn answer(question: &[u8], ahead: f64) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() + ahead;
    let seconds = now + 2_208_988_800.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a test of this century")]
    let stamp = ((seconds.floor() as u64) << 32) | ((seconds.fract() * 4_294_967_296.0) as u64);
    let mut packet = [0; sntp::LENGTH];
    packet[0] = 0x24;
    packet[1] = 2;
    packet[24..32].copy_from_slice(&question[40..48]);
    packet[32..40].copy_from_slice(&stamp.to_be_bytes());
    packet[40..48].copy_from_slice(&stamp.to_be_bytes());
    packet.to_vec()
}

async fn server(ahead: f64) -> TimeServer {
    at(local::udp(move |question| vec![answer(question, ahead)]).await)
}

fn at(address: SocketAddr) -> TimeServer {
    TimeServer { host: address.ip().to_string(), port: address.port() }
}

async fn measured(servers: &[TimeServer], dates: Vec<Dated>, recorder: &Recorder) -> Clock {
    measure(servers, &Names::Servers(vec![]), &Reach::Everything, ready(dates), recorder, soon(), &[]).await
}

async fn outcome(ahead: f64) -> (&'static str, f64) {
    let clock = measured(&[server(ahead).await], vec![], &Recorder::default()).await;
    (clock.outcome, clock.offset.unwrap())
}

#[tokio::test]
async fn the_offset_decides_the_outcome() {
    for (ahead, expected) in
        [(0.0, "accurate"), (-25.0, "accurate"), (120.0, "slightly_off"), (-90_000.0, "off"), (4e7, "off")]
    {
        let (outcome, offset) = outcome(ahead).await;
        assert_eq!(outcome, expected);
        assert!((offset - ahead).abs() < 1.0, "{offset} for {ahead}");
    }
}

#[tokio::test]
async fn each_server_is_its_own_observation() {
    let kiss = local::udp(|question| {
        let mut packet = answer(question, 0.0);
        packet[1] = 0;
        packet[12..16].copy_from_slice(b"DENY");
        vec![packet]
    })
    .await;
    let bad = local::udp(|question| {
        let mut packet = answer(question, 0.0);
        packet[0] |= 0xc0;
        vec![packet]
    })
    .await;
    let unnamed = TimeServer { host: "a..b".to_owned(), port: PORT };
    let servers = [at(kiss), at(bad), at(closed_port().await), unnamed];
    let recorder = Recorder::default();
    let clock = measured(&servers, vec![], &recorder).await;
    assert_eq!(clock.outcome, "unmeasured");
    let seen = recorder.observations();
    let of = |server: &TimeServer| {
        let subject = format!("{}:{}", server.host, server.port);
        seen.iter().find(|seen| seen.subject == subject).unwrap()
    };
    assert_eq!(of(&servers[0]).outcome, "kiss_of_death");
    assert_eq!(of(&servers[0]).text("code"), Some("DENY"));
    assert_eq!(of(&servers[1]).outcome, "bad_answer");
    assert_eq!(of(&servers[2]).outcome, "refused");
    assert!(seen.iter().any(|seen| seen.subject == "a..b" && seen.outcome == "name_unresolved"));
}

#[tokio::test]
async fn a_kiss_is_not_asked_again() {
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let asked = count.clone();
    let kiss = local::udp(move |question| {
        asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut packet = answer(question, 0.0);
        packet[1] = 0;
        packet[12..16].copy_from_slice(b"RATE");
        vec![packet]
    })
    .await;
    measured(&[at(kiss)], vec![], &Recorder::default()).await;
    assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test]
async fn one_wrong_server_does_not_outvote_two() {
    let servers = [server(7200.0).await, server(0.0).await, server(0.1).await];
    let clock = measured(&servers, vec![], &Recorder::default()).await;
    assert_eq!(clock.outcome, "accurate");
}

#[tokio::test]
async fn silence_ends_and_web_servers_stand_in() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let servers = [at(silent.local_addr().unwrap())];
    let date = Dated {
        source: "www.example".to_owned(),
        time: Timestamp::now() + Duration::from_hours(1),
        received: SystemTime::now(),
        round_trip: Duration::from_millis(20),
    };
    let recorder = Recorder::default();
    let started = std::time::Instant::now();
    let clock = measured(&servers, vec![date], &recorder).await;
    assert!(started.elapsed() < Duration::from_secs(4));
    assert_eq!(clock.outcome, "off");
    let seen = recorder.observations();
    assert_eq!((seen[0].variable.as_str(), seen[0].outcome.as_str()), ("ntp", "silent"));
    assert_eq!(seen[1].text("source"), Some("www.example"));
    assert_eq!(seen[1].text("direction"), Some("behind"));
    assert!((seen[1].number("offset_s").unwrap() - 3600.0).abs() < 2.0);
}

#[tokio::test]
async fn a_silent_server_does_not_hold_up_two_that_agree() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let servers = [at(silent.local_addr().unwrap()), server(0.0).await, server(0.0).await];
    let recorder = Recorder::default();
    let clock = measured(&servers, vec![], &recorder).await;
    assert_eq!(clock.outcome, "accurate");
    assert!(recorder.observations().iter().all(|seen| seen.outcome != "silent"));
    clock.others.ended(soon()).await;
    assert!(recorder.observations().iter().any(|seen| seen.outcome == "silent"));
}

#[test]
fn there_is_no_minus_zero() {
    assert_eq!(hundredths(-0.001).to_string(), "0");
}

#[tokio::test]
async fn one_time_server_against_the_web_proves_nothing() {
    let dated = |source: &str| Dated {
        source: source.to_owned(),
        time: Timestamp::now(),
        received: SystemTime::now(),
        round_trip: Duration::from_millis(10),
    };
    let liar = server(3.2e7).await;
    let recorder = Recorder::default();
    let clock = measured(std::slice::from_ref(&liar), vec![dated("web.example")], &recorder).await;
    assert_eq!((clock.outcome, clock.offset), ("disputed", None));
    let seen = recorder.observations().pop().unwrap();
    assert!(seen.number("said_s").is_some_and(|said| (said - 3.2e7).abs() < 1.0), "{seen:?}");
    assert_eq!(seen.text("other"), Some("web.example"));
    // two against one decide, whoever they are
    let two = vec![dated("web.example"), dated("other.example")];
    assert_eq!(measured(&[liar], two, &Recorder::default()).await.outcome, "accurate");
    let both = [server(3.2e7).await, server(3.2e7).await];
    assert_eq!(measured(&both, vec![dated("web.example")], &Recorder::default()).await.outcome, "off");
}
