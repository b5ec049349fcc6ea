use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::*;
use crate::local;

async fn fetch(server: SocketAddr, limit: usize, deadline: Deadline) -> Fetched {
    let url = Url::parse(&format!("http://{server}/generate_204?a=b")).unwrap();
    let names = Names::Servers(vec![]);
    let trust = Trust::load(None).unwrap();
    get(&url, &names, &trust, &Reach::Everything, None, limit, &Recorder::default(), deadline, &[]).await
}

fn answered(fetched: Fetched) -> Answered {
    match fetched {
        Fetched::Answered(answered) => answered,
        Fetched::Failed(failed) => panic!("{failed:?}"),
    }
}

fn failure(fetched: Fetched) -> &'static str {
    match fetched {
        Fetched::Failed(failed) => failed.outcome,
        Fetched::Answered(answered) => panic!("{answered:?}"),
    }
}

#[tokio::test]
async fn status_headers_body_and_date_are_data() {
    let server = local::saying(
        "HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
         Content-Length: 5\r\n\r\nhello",
    )
    .await;
    let answer = answered(fetch(server, 100, local::soon()).await);
    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("location"), Some("http://portal.example/"));
    assert_eq!(answer.date().unwrap().to_string(), "1994-11-06T08:49:37Z");
    assert_eq!(answer.body, b"hello");
    assert!(answer.complete);
    assert!(!answer.verified);
}

#[tokio::test]
async fn the_request_names_host_and_agent_and_closes() {
    let (seen, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let server = local::tcp(move |mut stream| {
        let seen = seen.clone();
        async move {
            let mut buffer = vec![0; 4096];
            let length = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer).await.unwrap();
            buffer.truncate(length);
            seen.send(String::from_utf8(buffer).unwrap()).unwrap();
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        }
    })
    .await;
    assert_eq!(answered(fetch(server, 100, local::soon()).await).status, 204);
    let request = heard.recv().await.unwrap();
    assert!(request.starts_with("GET /generate_204?a=b HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: {server}\r\n")), "{request}");
    assert!(request.contains("user-agent: naosu\r\n"), "{request}");
    assert!(request.contains("connection: close\r\n"), "{request}");
}

#[tokio::test]
async fn a_body_is_cut_to_the_limit() {
    let body = "x".repeat(100_000);
    let server = local::saying(format!("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{body}")).await;
    let answer = answered(fetch(server, 1000, local::soon()).await);
    assert_eq!((answer.body.len(), answer.complete), (1000, false));
}

#[tokio::test]
async fn an_endless_header_is_malformed() {
    let header = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    assert_eq!(failure(fetch(local::saying(header).await, 1000, local::soon()).await), "malformed");
    let fields = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(1000));
    assert_eq!(failure(fetch(local::saying(fields).await, 1000, local::soon()).await), "malformed");
}

#[tokio::test]
async fn what_is_not_http_is_malformed_and_a_hangup_a_reset() {
    assert_eq!(
        failure(fetch(local::saying("* OK IMAP4rev1\r\n").await, 9, local::soon()).await),
        "malformed"
    );
    assert_eq!(failure(fetch(local::saying("").await, 9, local::soon()).await), "reset");
    let greeting = local::tcp(|mut stream| async move {
        stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_secs(30)).await;
    })
    .await;
    assert_eq!(failure(fetch(greeting, 9, local::soon()).await), "malformed");
    let curt = local::tcp(|stream| async move { drop(stream) }).await;
    assert_eq!(failure(fetch(curt, 9, local::soon()).await), "reset");
    assert_eq!(failure(fetch(local::closed_port().await, 9, local::soon()).await), "refused");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_silent_at_the_deadline() {
    let server = local::tcp(|stream| async move {
        let _held = stream;
        tokio::time::sleep(Duration::from_secs(30)).await;
    })
    .await;
    let deadline = Deadline::after(Duration::from_millis(200));
    assert_eq!(failure(fetch(server, 9, deadline).await), "silent");
}

#[tokio::test]
async fn what_came_of_a_body_before_the_deadline_is_kept() {
    let server = local::tcp(|mut stream| async move {
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1000]).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf").await.unwrap();
        tokio::time::sleep(Duration::from_secs(30)).await;
    })
    .await;
    let answer = answered(fetch(server, 99, Deadline::after(Duration::from_millis(400))).await);
    assert_eq!((answer.body.as_slice(), answer.complete), (&b"half"[..], false));
}

#[tokio::test]
async fn a_family_without_address_is_said() {
    let url = Url::parse("http://127.0.0.1:1/").unwrap();
    let trust = Trust::load(None).unwrap();
    let fetched = get(
        &url,
        &Names::System,
        &trust,
        &Reach::Everything,
        Some(Family::V6),
        9,
        &Recorder::default(),
        local::soon(),
        &[],
    )
    .await;
    assert_eq!(failure(fetched), "no_address");
}
