use super::super::harness::{SECRET, aim, password, play, play_all, token};
use super::*;

const GREETING: &str = "+OK Dovecot (Debian) ready.\r\n";
const CAPA: &str = "+OK\r\nCAPA\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nPIPELINING\r\nAUTH-RESP-CODE\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n";

#[test]
fn dovecot_is_read_to_the_newest_headers() {
    let credential = password();
    let (written, transcript) = play_all(
        || Pop::new(aim(Security::Tls, Some(&credential))),
        &[
            GREETING,
            CAPA,
            "+OK Logged in.\r\n",
            "+OK 2 640\r\n",
            "+OK\r\n1 0001\r\n2 0002\r\n.\r\n",
            "+OK\r\nFrom: x\r\n..dots\r\n\r\n.\r\n+OK\r\n\r\n.\r\n",
        ],
    );
    let plain = sasl::encode(format!("\0hanako@example.jp\0{SECRET}").as_bytes());
    assert_eq!(
        written,
        format!("CAPA\r\nAUTH PLAIN {}\r\nSTAT\r\nUIDL\r\nTOP 2 0\r\nTOP 1 0\r\nQUIT\r\n", *plain)
    );
    assert_eq!((transcript.outcome, transcript.round_trips), ("ok", 6));
    assert_eq!(transcript.extras[0].detail["messages"], 2);
    assert_eq!(transcript.detail["unique_ids"], 2);
}

#[test]
fn old_servers_are_asked_with_user_and_pass() {
    let credential = password();
    let (written, transcript) = play_all(
        || Pop::new(aim(Security::Tls, Some(&credential))),
        &[
            "+OK hi\r\n",
            "-ERR unknown command\r\n",
            "+OK\r\n",
            "+OK\r\n",
            "+OK 1 20\r\n",
            "+OK\r\nx\r\n.\r\n",
        ],
    );
    let expected = format!("CAPA\r\nUSER hanako@example.jp\r\nPASS {SECRET}\r\nSTAT\r\nTOP 1 0\r\nQUIT\r\n");
    assert_eq!((transcript.outcome, written), ("ok", expected));
}

#[test]
fn stls_comes_first() {
    let credential = password();
    let start = || Pop::new(aim(Security::Starttls, Some(&credential)));
    let capa = "+OK\r\nSTLS\r\nSASL\r\n.\r\n";
    let (written, transcript) =
        play(start(), &[GREETING, capa, "+OK begin\r\n", CAPA, "-ERR [AUTH] Authentication failed.\r\n"]);
    assert!(written.starts_with("CAPA\r\nSTLS\r\n<TLS>CAPA\r\nAUTH PLAIN "));
    assert_eq!((transcript.outcome, transcript.reply.unwrap().code.as_str()), ("sign_in_refused", "AUTH"));
    for (server, outcome) in [
        (vec![GREETING, CAPA], "starttls_missing"),
        (vec![GREETING, capa, "-ERR not now\r\n"], "starttls_refused"),
        (vec!["-ERR [SYS/TEMP] busy\r\n"], "greeting_refused"),
        (vec!["* OK IMAP4rev1\r\n"], "greeting_other_protocol"),
        (vec!["what\r\n"], "greeting_garbage"),
        (vec![], "greeting_closed"),
        (vec![GREETING, "huh\r\n"], "conversation_garbage"),
        (vec![GREETING], "conversation_closed"),
    ] {
        let (written, transcript) = play_all(start, &server);
        assert_eq!(transcript.outcome, outcome, "{server:?}");
        assert!(!written.contains("AUTH") && !written.contains("PASS"));
    }
}

#[test]
fn refusals_are_told_apart() {
    let credential = password();
    for (server, outcome) in [
        (vec!["-ERR [IN-USE] locked by another session\r\n"], "mailbox_refused"),
        (vec!["-ERR [SYS/TEMP] later\r\n"], "sign_in_unavailable"),
        (vec!["-ERR Temporary authentication failure.\r\n"], "sign_in_unavailable"),
        (vec!["-ERR invalid password\r\n"], "sign_in_refused"),
        (vec!["+OK\r\n", "-ERR mailbox broken\r\n"], "mailbox_refused"),
        (vec!["+OK\r\n", "+OK many\r\n"], "conversation_garbage"),
        (vec!["+OK\r\n", "+OK 0 0\r\n"], "ok"),
        (vec!["+OK\r\n", "+OK 1 20\r\n", "-ERR\r\n", "-ERR Message is corrupted\r\n"], "message_unreadable"),
        (vec!["+OK\r\n", "+OK 1 20\r\n", "-ERR\r\n"], "message_unreadable"),
    ] {
        let server = [vec![GREETING, CAPA], server].concat();
        let (_, transcript) = play_all(|| Pop::new(aim(Security::Tls, Some(&credential))), &server);
        assert_eq!(transcript.outcome, outcome, "{server:?}");
    }
}

#[test]
fn no_secret_where_it_is_not_wanted() {
    let (password, token) = (password(), token());
    for (security, capa, credential, outcome) in [
        (Security::Plain, "+OK\r\nSTLS\r\nUSER\r\n.\r\n", &password, "sign_in_withheld"),
        (Security::Tls, "+OK\r\nSASL XOAUTH2\r\n.\r\n", &password, "sign_in_oauth_only"),
        (Security::Tls, "+OK\r\nSASL\r\n.\r\n", &password, "sign_in_not_offered"),
        (Security::Tls, "+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n", &token, "sign_in_not_offered"),
    ] {
        let (written, transcript) = play(Pop::new(aim(security, Some(credential))), &[GREETING, capa]);
        assert_eq!((transcript.outcome, written.as_str()), (outcome, "CAPA\r\nQUIT\r\n"));
    }
}

#[test]
fn a_reply_that_is_taken_back_is_garbage() {
    let credential = password();
    let contrary = "-ERR I have changed my mind\r\n";
    let mut server =
        [GREETING.to_owned(), CAPA.to_owned(), "+OK Logged in.\r\n".to_owned(), "+OK 2 640\r\n".to_owned()];
    for turn in 0..server.len() {
        let before = server[turn].clone();
        server[turn].push_str(contrary);
        let chunks: Vec<&str> = server.iter().map(String::as_str).collect();
        let (_, transcript) = play(Pop::new(aim(Security::Tls, Some(&credential))), &chunks);
        assert_eq!(transcript.outcome, "conversation_garbage", "turn {turn}");
        server[turn] = before;
    }
}
