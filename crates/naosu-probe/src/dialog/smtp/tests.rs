use super::super::harness::{SECRET, aim, password, play, play_all, token};
use super::*;

const GREETING: &str = "220-mail.example.jp ESMTP\r\n220 Postfix\r\n";
const EHLO: &str = "250-mail.example.jp\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-AUTH PLAIN LOGIN\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n";

fn plain() -> String {
    sasl::encode(format!("\0hanako@example.jp\0{SECRET}").as_bytes()).to_string()
}

#[test]
fn postfix_gives_leave_to_send_to_oneself() {
    let credential = password();
    let (written, transcript) = play_all(
        || Smtp::new(aim(Security::Tls, Some(&credential))),
        &[GREETING, EHLO, "235 2.7.0 Authentication successful\r\n", "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n"],
    );
    assert_eq!(
        written,
        format!(
            "EHLO [127.0.0.1]\r\nAUTH PLAIN {}\r\nMAIL FROM:<hanako@example.jp> SIZE=20000\r\n\
             RCPT TO:<hanako@example.jp>\r\nRSET\r\nQUIT\r\n",
            plain()
        )
    );
    assert_eq!((transcript.outcome, transcript.round_trips), ("ok", 4));
    assert_eq!(
        (transcript.extras[0].outcome, &transcript.extras[0].detail["limit_mb"]),
        ("ample", &json!(10))
    );
}

#[test]
fn starttls_comes_first() {
    let credential = password();
    let start = || Smtp::new(aim(Security::Starttls, Some(&credential)));
    let before = "250-mail.example.jp\r\n250 STARTTLS\r\n";
    let (written, transcript) = play(
        start(),
        &[
            GREETING,
            before,
            "220 2.0.0 Ready\r\n250 injected\r\n",
            EHLO,
            "535 5.7.8 Error: authentication failed\r\n",
        ],
    );
    let expected = format!(
        "EHLO [127.0.0.1]\r\nSTARTTLS\r\n<TLS>EHLO [127.0.0.1]\r\nAUTH PLAIN {}\r\nQUIT\r\n",
        plain()
    );
    assert_eq!(written, expected);
    assert_eq!(transcript.outcome, "sign_in_refused");
    assert_eq!(transcript.detail["injected_bytes"], 14);
    let reply = transcript.reply.unwrap();
    assert_eq!(
        (reply.phase, reply.code_value(), reply.enhanced.as_deref()),
        ("auth", json!(535), Some("5.7.8"))
    );
    assert_eq!(reply.text, "5.7.8 Error: authentication failed");
    for (server, outcome, phase) in [
        (vec![GREETING, EHLO], "starttls_missing", None),
        (
            vec![GREETING, before, "454 4.7.0 TLS not available due to local problem\r\n"],
            "starttls_refused",
            Some("starttls"),
        ),
        (vec!["554 5.7.1 blocked using zen.example\r\n"], "greeting_refused", Some("greeting")),
        (vec!["421 too many connections\r\n"], "greeting_refused", Some("greeting")),
        (vec![GREETING, "550 go away\r\n"], "greeting_refused", Some("ehlo")),
        (vec!["* OK IMAP\r\n"], "greeting_other_protocol", None),
        (vec!["220 ftp.example.jp FTP server\r\n"], "greeting_other_protocol", None),
        (vec!["2200 x\r\n"], "greeting_garbage", None),
        (vec![""], "greeting_closed", None),
        (vec![GREETING, before], "conversation_closed", None),
    ] {
        let (written, transcript) = play_all(start, &server);
        assert_eq!(transcript.outcome, outcome, "{server:?}");
        assert_eq!(transcript.reply.map(|reply| reply.phase), phase);
        assert!(!written.contains("AUTH"));
    }
}

#[test]
fn refusals_after_the_sign_in_name_their_stage() {
    let credential = password();
    let start = || Smtp::new(aim(Security::Tls, Some(&credential)));
    let slow = "250-mail.example.jp\r\n250 AUTH=LOGIN\r\n";
    for (server, outcome, phase) in [
        (
            vec![EHLO, "235 ok\r\n", "553 5.7.1 not owned by user\r\n554 5.5.1 no valid sender\r\n"],
            "sender_refused",
            "mail",
        ),
        (vec![EHLO, "235 ok\r\n", "250 ok\r\n550 5.1.1 unknown\r\n"], "recipient_refused", "rcpt"),
        (vec![EHLO, "235 ok\r\n", "552 5.3.4 too big\r\n503 x\r\n"], "message_refused", "mail"),
        (vec![EHLO, "454 4.7.0 Temporary authentication failure\r\n"], "sign_in_unavailable", "auth"),
        (vec![EHLO, "534 5.7.9 Application-specific password required\r\n"], "sign_in_refused", "auth"),
        (
            vec![
                slow,
                "334 VXNlcm5hbWU6\r\n",
                "334 UGFzc3dvcmQ6\r\n",
                "235 ok\r\n",
                "250 ok\r\n",
                "452 4.2.2 full\r\n",
            ],
            "recipient_refused",
            "rcpt",
        ),
    ] {
        let server = [vec![GREETING], server].concat();
        let (_, transcript) = play_all(start, &server);
        assert_eq!((transcript.outcome, transcript.reply.unwrap().phase), (outcome, phase), "{server:?}");
    }
}

#[test]
fn where_no_sign_in_is_offered_leave_is_asked_without() {
    let credential = password();
    let ehlo = "250-mx.example.jp\r\n250 SIZE 500000\r\n";
    let (written, transcript) = play_all(
        || Smtp::new(aim(Security::Tls, Some(&credential))),
        &[GREETING, ehlo, "250 ok\r\n", "554 5.7.1 Relay access denied\r\n"],
    );
    assert_eq!(transcript.outcome, "recipient_refused");
    assert!(!written.contains("AUTH"));
    assert_eq!(
        (transcript.extras[0].outcome, &transcript.extras[0].detail["limit_kb"]),
        ("small", &json!(500))
    );
    let (_, transcript) = play(Smtp::new(aim(Security::Tls, None)), &[GREETING, EHLO]);
    assert_eq!((transcript.outcome, transcript.round_trips), ("reachable", 2));
    let (_, transcript) =
        play(Smtp::new(aim(Security::Tls, None)), &[GREETING, ehlo, "530 5.7.0 Authentication required\r\n"]);
    assert_eq!((transcript.outcome, transcript.reply.unwrap().code), ("sender_refused", "530".to_owned()));
}

#[test]
fn no_secret_where_it_is_not_wanted() {
    let (password, token) = (password(), token());
    for (security, ehlo, credential, outcome) in [
        (Security::Plain, EHLO, &password, "sign_in_withheld"),
        (Security::Tls, "250-x\r\n250 AUTH XOAUTH2\r\n", &password, "sign_in_oauth_only"),
        (Security::Tls, "250-x\r\n250 AUTH GSSAPI\r\n", &password, "sign_in_unsupported"),
        (Security::Tls, EHLO, &token, "sign_in_not_offered"),
    ] {
        let (written, transcript) =
            play_all(|| Smtp::new(aim(security, Some(credential))), &[GREETING, ehlo]);
        assert_eq!((transcript.outcome, written.as_str()), (outcome, "EHLO [127.0.0.1]\r\nQUIT\r\n"));
    }
}

#[test]
fn long_tokens_wait_for_their_turn() {
    let credential = crate::secret::Credential::Token(crate::secret::Secret::new("t".repeat(2000)));
    let (written, transcript) = play(
        Smtp::new(aim(Security::Tls, Some(&credential))),
        &[GREETING, "250-x\r\n250 AUTH XOAUTH2\r\n", "334 \r\n", "334 e30=\r\n", "535 5.7.8 no\r\n"],
    );
    assert!(written.contains("AUTH XOAUTH2\r\n") && written.contains("\r\nAQ==\r\n"));
    assert_eq!((transcript.outcome, &transcript.detail["oauth_failure"]), ("sign_in_refused", &json!("{}")));
}

#[test]
fn a_message_is_sent_only_when_given_and_its_dots_are_kept() {
    let credential = password();
    let message = b"Subject: x\r\n\r\n.dot\r\n".to_vec();
    let (written, transcript) = play(
        Smtp::new(aim(Security::Tls, Some(&credential))).with_message(message),
        &[
            GREETING,
            EHLO,
            "235 ok\r\n",
            "250 ok\r\n",
            "250 ok\r\n",
            "354 go\r\n",
            "250 2.0.0 queued as 1\r\n",
        ],
    );
    assert!(written.ends_with("DATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n"));
    assert_eq!((transcript.outcome, &transcript.detail["accepted"]), ("ok", &json!("2.0.0 queued as 1")));
}

#[test]
fn hostile_servers_end_in_a_named_outcome() {
    let endless = "220-hi\r\n".repeat(1000);
    let (_, transcript) = play(Smtp::new(aim(Security::Tls, None)), &[&endless]);
    assert_eq!(transcript.outcome, "greeting_other_protocol");
    let long = format!("{GREETING}250-{}", "a".repeat(9000));
    let (_, transcript) = play(Smtp::new(aim(Security::Tls, None)), &[&long]);
    assert_eq!(transcript.outcome, "conversation_garbage");
    let credential = password();
    let scram = ["334 cj1ldmls\r\n", "235 fine\r\n"];
    for answer in scram {
        let server = [GREETING, "250-x\r\n250 AUTH SCRAM-SHA-256\r\n", answer];
        let (_, transcript) = play(Smtp::new(aim(Security::Tls, Some(&credential))), &server);
        assert_eq!((transcript.outcome, transcript.signed_in), ("conversation_garbage", false));
    }
}

#[test]
fn a_reply_that_is_taken_back_is_garbage() {
    let credential = password();
    let contrary = "554 5.3.0 I have changed my mind\r\n";
    let mut server = [
        GREETING.to_owned(),
        EHLO.to_owned(),
        "235 2.7.0 Authentication successful\r\n".to_owned(),
        "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n".to_owned(),
    ];
    for turn in 0..server.len() {
        let before = server[turn].clone();
        server[turn].push_str(contrary);
        let chunks: Vec<&str> = server.iter().map(String::as_str).collect();
        let (_, transcript) = play(Smtp::new(aim(Security::Tls, Some(&credential))), &chunks);
        assert_eq!(transcript.outcome, "conversation_garbage", "turn {turn}");
        server[turn] = before;
    }
}
