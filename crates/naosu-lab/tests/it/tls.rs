//! Certificates and handshakes of every kind.

use crate::client::{Client, world};

/// What a client that trusts the world's roots says to a server with this TLS side; the greeting when it is content.
async fn handshake(tls: &str) -> Result<String, String> {
    let world = world(&format!("imap.tls = {{ {tls} }}")).await;
    let client = Client::plain(world.endpoints["imap"]).await;
    match client.secured(&world, "imap.example.jp").await {
        Ok(mut client) => Ok(client.line().await),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn valid_certificates_are_trusted() {
    for tls in [
        "",
        "tls12_only = true",
        "extra_certificates = 20",
        "certificate = \"interceptor\", issuer_trusted = true",
    ] {
        let greeting = handshake(tls).await.unwrap_or_else(|error| panic!("{tls}: {error}"));
        assert!(greeting.starts_with("* OK [CAPABILITY IMAP4rev1"), "{tls}: {greeting}");
    }
}

#[tokio::test]
async fn faulty_certificates_are_refused_for_their_fault() {
    for (certificate, words) in [
        ("expired", "certificate expired"),
        ("not_yet_valid", "certificate not valid yet"),
        ("wrong_name", "not valid for name"),
        ("self_signed", "invalid peer certificate"),
        ("incomplete", "UnknownIssuer"),
        ("untrusted_root", "UnknownIssuer"),
        ("interceptor", "UnknownIssuer"),
    ] {
        let error = handshake(&format!("certificate = \"{certificate}\"")).await.err().unwrap();
        assert!(error.contains(words), "{certificate}: {error}");
    }
}

#[tokio::test]
async fn a_clock_that_is_ahead_makes_good_certificates_expired() {
    let world = world("clock_ahead_seconds = 12960000").await;
    let client = Client::plain(world.endpoints["imap"]).await;
    let error = client.secured(&world, "imap.example.jp").await.err().unwrap().to_string();
    assert!(error.contains("certificate expired"), "{error}");
}

#[tokio::test]
async fn handshakes_fail_as_told() {
    for (behaviour, words) in [
        ("alert", "HandshakeFailure"),
        ("close", "eof"),
        ("garbage", "corrupt message"),
        ("garbage_records", "corrupt message"),
        ("old_only", "ServerDoesNotSupportTls12Or13"),
        ("old_only_alert", "ProtocolVersion"),
        ("plaintext", "corrupt message"),
    ] {
        let error = handshake(&format!("behaviour = \"{behaviour}\"")).await.err().unwrap();
        assert!(error.contains(words), "{behaviour}: {error}");
    }
}

#[tokio::test]
async fn a_stalled_handshake_says_nothing() {
    let world = world("imap.tls.behaviour = \"stall\"").await;
    let client = Client::plain(world.endpoints["imap"]).await;
    let handshake = client.secured(&world, "imap.example.jp");
    assert!(tokio::time::timeout(std::time::Duration::from_millis(150), handshake).await.is_err());
}

#[tokio::test]
async fn a_gigantic_chain_is_sent() {
    let error = handshake("extra_certificates = 400").await.err();
    assert!(error.is_some_and(|error| !error.is_empty()), "rustls takes 64 KiB of handshake at most");
}
