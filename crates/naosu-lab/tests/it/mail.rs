//! IMAP, POP and SMTP: sign-in, mailbox, sending, and what a script changes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::client::{Client, PASSWORD, USER, world};

fn plain(user: &str, password: &str) -> String {
    STANDARD.encode(format!("\0{user}\0{password}"))
}

#[tokio::test]
async fn an_imap_mailbox_can_be_read() {
    let world = world("mailbox.junk = 2").await;
    let mut client = Client::tls(&world, "imap", "imap.example.jp").await;
    assert!(client.line().await.contains("AUTH=PLAIN"));
    assert!(client.imap(&format!("LOGIN {USER} {PASSWORD}")).await.starts_with("t1 OK [CAPABILITY"));
    assert!(client.imap("LIST \"\" \"*\"").await.contains("(\\HasNoChildren \\Junk) \"/\" \"Junk\""));
    assert!(client.imap("STATUS Junk (MESSAGES)").await.contains("MESSAGES 2"));
    assert!(client.imap("GETQUOTAROOT INBOX").await.contains("(STORAGE 1200 1048576)"));
    assert!(client.imap("SELECT INBOX").await.contains("* 3 EXISTS"));
    assert!(client.imap("FETCH 1 (RFC822.SIZE BODY.PEEK[HEADER])").await.contains("Subject: Lunch 0"));
    assert!(client.imap("IDLE").await.starts_with('+'));
    assert!(client.ask("DONE", |line| line.starts_with("t1 ")).await.starts_with("t1 OK"));
    assert!(client.imap("LOGOUT").await.contains("* BYE"));
    let sign_ins = world.sign_ins();
    assert_eq!(sign_ins.len(), 1);
    assert!(sign_ins[0].accepted && sign_ins[0].encrypted);
    assert_eq!(sign_ins[0].password.as_deref(), Some(PASSWORD));
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_counted() {
    let world = world("mailbox.password = \"another one\"").await;
    let mut client = Client::tls(&world, "imap", "imap.example.jp").await;
    client.line().await;
    let answer = client.imap(&format!("AUTHENTICATE PLAIN {}", plain(USER, PASSWORD))).await;
    assert_eq!(answer, "t1 NO [AUTHENTICATIONFAILED] Authentication failed.");
    assert!(client.imap("SELECT INBOX").await.starts_with("t1 BAD"));
    let mut client = Client::tls(&world, "pop", "pop.example.jp").await;
    client.line().await;
    client.ask(&format!("USER {USER}"), |_| true).await;
    assert_eq!(client.ask(&format!("PASS {PASSWORD}"), |_| true).await, "-ERR [AUTH] Authentication failed.");
    assert_eq!(world.sign_ins().iter().filter(|sign_in| sign_in.accepted).count(), 0);
    assert_eq!(world.sign_ins().len(), 2);
}

#[tokio::test]
async fn passwords_in_literals_and_quotes_arrive() {
    let world = world("mailbox.password = 'a \"b\\ {3}'").await;
    let mut client = Client::tls(&world, "imap", "imap.example.jp").await;
    client.line().await;
    client.send(&format!("t1 LOGIN {USER} {{9+}}\r\na \"b\\ {{3}}")).await;
    assert!(client.line().await.starts_with("t1 OK"));
}

#[tokio::test]
async fn scram_proves_both_sides() {
    let world = world("imap.mechanisms = [\"SCRAM-SHA-256\"]").await;
    for (password, taken) in [(PASSWORD, true), ("wrong", false)] {
        let mut client = Client::tls(&world, "imap", "imap.example.jp").await;
        assert!(client.line().await.contains("LOGINDISABLED AUTH=SCRAM-SHA-256"));
        let bare = format!("n={USER},r=abcdefgh");
        let challenge = client
            .imap(&format!("AUTHENTICATE SCRAM-SHA-256 {}", STANDARD.encode(format!("n,,{bare}"))))
            .await;
        let first = String::from_utf8(STANDARD.decode(&challenge[2..]).unwrap()).unwrap();
        let part = |name: &str| first.split(',').find_map(|part| part.strip_prefix(name)).unwrap().to_owned();
        let salt = STANDARD.decode(part("s=")).unwrap();
        let salted =
            pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password.as_bytes(), &salt, part("i=").parse().unwrap());
        let last = format!("c=biws,r={}", part("r="));
        let message = format!("{bare},{first},{last}");
        let key = keyed(&salted, b"Client Key");
        let signature = keyed(&Sha256::digest(key), message.as_bytes());
        let proof: Vec<u8> = key.iter().zip(signature).map(|(key, sign)| key ^ sign).collect();
        client.send(&STANDARD.encode(format!("{last},p={}", STANDARD.encode(proof)))).await;
        let answer = client.line().await;
        if taken {
            let server = keyed(&keyed(&salted, b"Server Key"), message.as_bytes());
            assert_eq!(answer, format!("+ {}", STANDARD.encode(format!("v={}", STANDARD.encode(server)))));
            client.send("").await;
            assert!(client.line().await.starts_with("t1 OK"));
        } else {
            assert!(answer.starts_with("t1 NO"), "{answer}");
        }
    }
    assert!(world.sign_ins().iter().all(|sign_in| sign_in.password.is_none()));
}

fn keyed(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[tokio::test]
async fn tokens_are_taken_where_offered() {
    let world = world("imap.mechanisms = [\"XOAUTH2\", \"OAUTHBEARER\"]").await;
    let mut client = Client::tls(&world, "imap", "imap.example.jp").await;
    client.line().await;
    let wrong = STANDARD.encode(format!("user={USER}\u{1}auth=Bearer old\u{1}\u{1}"));
    assert!(client.imap(&format!("AUTHENTICATE XOAUTH2 {wrong}")).await.starts_with("+ ey"));
    client.send("").await;
    assert!(client.line().await.starts_with("t1 NO"));
    let right = STANDARD.encode(format!("n,a={USER},\u{1}auth=Bearer {PASSWORD}\u{1}\u{1}"));
    assert!(client.imap(&format!("AUTHENTICATE OAUTHBEARER {right}")).await.starts_with("t1 OK"));
}

#[tokio::test]
async fn starttls_is_offered_missing_or_refused() {
    let healthy = world("imap.security = \"starttls\"").await;
    let mut client = Client::plain(healthy.endpoints["imap"]).await;
    let greeting = client.line().await;
    assert!(greeting.contains("STARTTLS LOGINDISABLED") && !greeting.contains("AUTH="), "{greeting}");
    assert!(client.imap("STARTTLS").await.starts_with("t1 OK"));
    let mut client = client.secured(&healthy, "imap.example.jp").await.unwrap();
    assert!(client.imap("CAPABILITY").await.contains("AUTH=PLAIN"));
    assert!(client.imap(&format!("LOGIN {USER} {PASSWORD}")).await.starts_with("t1 OK"));

    let stripped = world("smtp.without = [\"STARTTLS\"]").await;
    let mut client = Client::plain(stripped.endpoints["smtp"]).await;
    client.line().await;
    let extensions = client.smtp("EHLO naosu.test").await;
    assert!(!extensions.contains("STARTTLS") && !extensions.contains("AUTH"), "{extensions}");

    let refusing =
        world("smtp.replies.starttls = \"454 4.7.0 TLS not available due to local problem\"").await;
    let mut client = Client::plain(refusing.endpoints["smtp"]).await;
    client.line().await;
    assert!(client.smtp("STARTTLS").await.starts_with("454"));
}

#[tokio::test]
async fn a_password_over_plaintext_is_written_down() {
    let world = world("imap.security = \"plain\"").await;
    let mut client = Client::plain(world.endpoints["imap"]).await;
    client.line().await;
    assert!(client.imap(&format!("LOGIN {USER} {PASSWORD}")).await.starts_with("t1 NO [PRIVACYREQUIRED]"));
    let sign_ins = world.sign_ins();
    assert!(!sign_ins[0].encrypted && !sign_ins[0].accepted);
    assert!(world.heard().iter().any(|heard| !heard.encrypted && heard.text.contains(PASSWORD)));
}

/// Sends a message to oneself and gives the last reply.
async fn send(client: &mut Client) -> String {
    client.line().await;
    client.smtp("EHLO naosu.test").await;
    client.smtp(&format!("AUTH PLAIN {}", plain(USER, PASSWORD))).await;
    for command in [format!("MAIL FROM:<{USER}> SIZE=200"), format!("RCPT TO:<{USER}>"), "DATA".to_owned()] {
        let reply = client.smtp(&command).await;
        if !reply.starts_with(['2', '3']) {
            return reply;
        }
    }
    client.smtp("Subject: test\r\nMessage-ID: <probe-1@naosu.test>\r\n\r\n..dots\r\n.").await
}

#[tokio::test]
async fn a_sent_message_appears_in_the_mailbox() {
    for (delivery, inbox, junk) in [("inbox", 4, 0), ("junk", 3, 1), ("lost", 3, 0)] {
        let world = world(&format!("smtp.security = \"tls\"\nmailbox.delivery = \"{delivery}\"")).await;
        let mut client = Client::tls(&world, "smtp", "smtp.example.jp").await;
        assert!(send(&mut client).await.starts_with("250 2.0.0"));
        assert_eq!((world.messages("INBOX"), world.messages("Junk")), (inbox, junk), "{delivery}");
    }
}

#[tokio::test]
async fn a_sent_message_can_be_searched_for() {
    let world = world("smtp.security = \"tls\"").await;
    send(&mut Client::tls(&world, "smtp", "smtp.example.jp").await).await;
    let mut client = Client::tls(&world, "imap", "imap.example.jp").await;
    client.line().await;
    client.imap(&format!("LOGIN {USER} {PASSWORD}")).await;
    client.imap("SELECT INBOX").await;
    assert!(
        client.imap("SEARCH HEADER Message-ID \"<probe-1@naosu.test>\"").await.starts_with("* SEARCH 4\n")
    );
    assert!(client.imap("FETCH 4 BODY[]").await.contains("\n.dots\n"));
}

#[tokio::test]
async fn smtp_refuses_as_told() {
    for (process, start) in [
        ("smtp.size_limit = 100", "552 5.3.4"),
        ("smtp.replies.mail = \"553 5.7.1 Sender address rejected\"", "553 5.7.1"),
        ("smtp.replies.rcpt = \"550 5.1.1 User unknown\"", "550 5.1.1"),
        (
            "smtp.replies.message = \"550-5.7.26 first line\\n550 5.7.26 last line\"",
            "550-5.7.26 first line\n550 5.7.26",
        ),
        ("mailbox.password = \"another\"", "530 5.7.0"),
    ] {
        let world = world(&format!("smtp.security = \"tls\"\n{process}")).await;
        let reply = send(&mut Client::tls(&world, "smtp", "smtp.example.jp").await).await;
        assert!(reply.starts_with(start), "{process}: {reply}");
        assert_eq!(world.messages("INBOX"), 3);
    }
}

#[tokio::test]
async fn pop_hands_out_messages() {
    let world = world("").await;
    let mut client = Client::tls(&world, "pop", "pop.example.jp").await;
    assert!(client.line().await.starts_with("+OK"));
    let end = |line: &str| line == "." || line.starts_with('-');
    assert!(client.ask("CAPA", end).await.contains("\nSASL PLAIN LOGIN\n"));
    assert!(client.ask(&format!("AUTH PLAIN {}", plain(USER, PASSWORD)), |_| true).await.starts_with("+OK"));
    assert!(client.ask("STAT", |_| true).await.starts_with("+OK 3 "));
    assert!(client.ask("UIDL", end).await.contains("\n1 uid00000001\n"));
    assert!(client.ask("TOP 1 0", end).await.contains("Subject: Lunch 0"));
    assert!(client.ask("RETR 9", end).await.starts_with("-ERR"));
    assert!(client.ask("QUIT", |_| true).await.starts_with("+OK"));
}

#[tokio::test]
async fn stages_can_be_scripted() {
    let world = world(
        "imap.greeting = \"* BYE Too many connections\"\n\
         pop.replies.sign_in = \"+OK Logged in, but initialization failed.\"\npop.replies.stat = \"-ERR [SYS/TEMP] broken\"\n\
         smtp.greeting = \"554 5.7.1 You are listed\"",
    )
    .await;
    let mut client = Client::tls(&world, "imap", "imap.example.jp").await;
    assert_eq!(
        (client.line().await.as_str(), client.line().await.as_str()),
        ("* BYE Too many connections", "")
    );
    let mut client = Client::plain(world.endpoints["smtp"]).await;
    assert_eq!(
        (client.line().await.as_str(), client.line().await.as_str()),
        ("554 5.7.1 You are listed", "")
    );
    let mut client = Client::tls(&world, "pop", "pop.example.jp").await;
    client.line().await;
    assert!(
        client
            .ask(&format!("AUTH PLAIN {}", plain(USER, "x")), |_| true)
            .await
            .contains("initialization failed")
    );
    assert!(client.ask("STAT", |_| true).await.starts_with("-ERR [SYS/TEMP]"));
}

#[tokio::test]
async fn hostile_stages_do_what_they_say() {
    let greeting =
        |hostile: &str| format!("imap.security = \"plain\"\nimap.hostile.greeting = \"{hostile}\"");
    for hostile in ["endless_line", "endless_lines", "huge_literal"] {
        let world = world(&greeting(hostile)).await;
        assert!(
            Client::plain(world.endpoints["imap"]).await.drain(2_000_000).await >= 2_000_000,
            "{hostile}"
        );
    }
    for (hostile, least, most) in [("close", 0, 0), ("reset", 0, 0), ("half", 20, 200)] {
        let world = world(&greeting(hostile)).await;
        let length = Client::plain(world.endpoints["imap"]).await.drain(1_000).await;
        assert!((least..=most).contains(&length), "{hostile}: {length}");
    }
    let mute = world(&greeting("mute")).await;
    assert!(Client::plain(mute.endpoints["imap"]).await.is_mute().await);
    let nul = world(&greeting("nul_bytes")).await;
    assert!(Client::plain(nul.endpoints["imap"]).await.line().await.contains('\0'));
    let wrong = world(&greeting("wrong_tag")).await;
    assert!(Client::plain(wrong.endpoints["imap"]).await.line().await.starts_with("zz99 OK"));
    let both = world("imap.hostile.sign_in = \"ok_then_no\"").await;
    let mut client = Client::tls(&both, "imap", "imap.example.jp").await;
    client.line().await;
    assert!(client.imap(&format!("LOGIN {USER} {PASSWORD}")).await.starts_with("t1 OK"));
    assert!(client.line().await.starts_with("t1 NO"));
}
