use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::local::{self, anywhere, closed_port, soon};

#[tokio::test]
async fn a_step_that_gets_through_with_small_segments_tells_a_black_hole() {
    let server = local::tcp(|mut stream| async move {
        let _ = stream.write_all(b"hello").await;
    })
    .await;
    let recorder = Recorder::default();
    let step = async |mut stream: TcpStream| {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.is_ok() && answer == "hello"
    };
    let (outcome, _) = path_mtu("mail.example", anywhere(server), step, &recorder, soon(), &[]).await;
    assert_eq!(outcome, "black_hole");
    let (outcome, _) =
        path_mtu("mail.example", anywhere(server), async |_| false, &recorder, soon(), &[]).await;
    assert_eq!(outcome, "unchanged");
    let never = async |_| std::future::pending().await;
    let short = Deadline::after(Duration::from_millis(100));
    assert_eq!(path_mtu("mail.example", anywhere(server), never, &recorder, short, &[]).await.0, "unchanged");
    let closed = closed_port().await;
    assert_eq!(path_mtu("mail.example", anywhere(closed), step, &recorder, soon(), &[]).await.0, "unchanged");
    let seen = recorder.observations();
    assert_eq!(seen[0].subject, format!("mail.example:{}", server.port()));
    assert!(seen.iter().all(|seen| seen.variable == "path_mtu"));
}

#[tokio::test]
async fn loopback_loses_nothing() {
    let server = local::tcp(|stream| async move { drop(stream) }).await;
    let recorder = Recorder::default();
    let (outcome, _) = Loss::begin().measure("mail.example", anywhere(server), &recorder, soon(), &[]).await;
    assert_eq!(outcome, "none");
    let seen = &recorder.observations()[0];
    assert_eq!((seen.number("sent"), seen.number("lost")), (Some(12.0), Some(0.0)));
}

#[test]
fn repetitions_are_read_from_the_time_a_connection_took() {
    let took = |ms: u64| {
        let waited = Duration::from_millis(ms);
        Attempt { waited, took: Some(waited) }
    };
    let lost = |ms: u64| Attempt { waited: Duration::from_millis(ms), took: None };
    assert_eq!(count(&[took(50), took(60)]), (2, 0));
    assert_eq!(count(&[took(50), took(1055), took(3060)]), (6, 3));
    // a way that takes more than a second by itself loses nothing
    assert_eq!(count(&[took(1200), took(1250)]), (2, 0));
    assert_eq!(count(&[took(50), lost(3200)]), (4, 3));
    assert_eq!(count(&[took(50), lost(200)]), (1, 0));
    assert_eq!(
        (judge(12, 0), judge(13, 1), judge(13, 2), judge(15, 3), judge(1, 1)),
        ("none", "some", "some", "heavy", "some")
    );
}
