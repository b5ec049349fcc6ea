use super::*;
use crate::local::{self, closed_port, soon};

async fn seen(url: &str) -> (Connectivity, Vec<naosu_core::evidence::Observation>) {
    let recorder = Recorder::default();
    let pages = [Url::parse(url).unwrap()];
    let trust = Trust::load(None).unwrap();
    let names = Names::Servers(vec![closed_port().await]);
    let result = measure(&pages, &names, &trust, &Reach::Everything, &recorder, soon(), &[]).await;
    (result, recorder.observations())
}

async fn outcome(answer: &'static str) -> (&'static str, Option<String>) {
    let server = local::saying(answer).await;
    let (result, observations) = seen(&format!("http://{server}/")).await;
    let four = observations.iter().find(|seen| seen.subject == "ipv4").unwrap();
    let detail = four.text("location").or(four.text("status")).map(str::to_owned);
    (result.ipv4, detail)
}

#[tokio::test]
async fn the_expected_pages_are_online() {
    assert_eq!(outcome("HTTP/1.1 204 No Content\r\n\r\n").await.0, "online");
    let apple = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<HTML><HEAD><TITLE>Success</TITLE></HEAD>\
                 <BODY>Success</BODY></HTML>\n";
    assert_eq!(outcome(apple).await.0, "online");
    assert_eq!(outcome("HTTP/1.1 200 OK\r\n\r\nsuccess\n").await.0, "online");
}

#[tokio::test]
async fn a_sign_in_page_is_a_portal() {
    let portal = |text: &str| ("portal", Some(text.to_owned()));
    let redirect = "HTTP/1.1 302 Found\r\nLocation: http://wifi.example/login\r\n\r\n";
    assert_eq!(outcome(redirect).await, portal("http://wifi.example/login"));
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><title lang=en>Hotel\nWi-Fi</title>";
    assert_eq!(outcome(page).await, portal("Hotel Wi-Fi"));
    assert_eq!(outcome("HTTP/1.1 511 X\r\n\r\n<html>").await, portal("511"));
    // a letter whose lower case is longer: the offsets must not move
    let odd = "HTTP/1.1 200 OK\r\n\r\n<!DOCTYPE html>\u{130}\u{130}<title>\u{130}</title>";
    assert_eq!(outcome(odd).await, portal("\u{130}"));
}

#[tokio::test]
async fn anything_else_is_altered() {
    let altered = |text: &str| ("altered", Some(text.to_owned()));
    assert_eq!(outcome("HTTP/1.1 404 Not Found\r\n\r\n").await, altered("404"));
    assert_eq!(outcome("HTTP/1.1 200 OK\r\n\r\n").await, altered("200"));
    assert_eq!(outcome("* OK IMAP4rev1 ready\r\n").await, altered("not HTTP"));
}

#[tokio::test]
async fn failures_are_told_apart_and_a_literal_pins_the_family() {
    let (result, observations) = seen(&format!("http://{}/", closed_port().await)).await;
    assert_eq!((result.ipv4, result.ipv6), ("refused", "no_address"));
    assert_eq!(observations.len(), 2, "{observations:?}");
    let (result, _) = seen(&format!("http://{}/", local::saying("").await)).await;
    assert_eq!(result.ipv4, "reset");
    let (result, observations) = seen("http://test.example/").await;
    assert_eq!((result.ipv4, result.ipv6), ("name_unresolved", "name_unresolved"));
    let names = observations.iter().filter(|seen| seen.variable == "dns").count();
    assert_eq!(names, 2, "the name is looked up once for both families");
}

#[tokio::test]
async fn dates_are_handed_on() {
    let server =
        local::saying("HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n").await;
    let (result, _) = seen(&format!("http://{server}/")).await;
    assert_eq!(result.dates.len(), 1);
    assert_eq!(result.dates[0].source, "127.0.0.1");
}
