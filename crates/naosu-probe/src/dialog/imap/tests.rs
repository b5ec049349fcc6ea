use super::super::harness::{SECRET, aim, password, play, play_all, token};
use super::*;

const DOVECOT: &str = "* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN AUTH=LOGIN] Dovecot (Debian) ready.\r\n";
const DOVECOT_IN: &str = "a1 OK [CAPABILITY IMAP4rev1 SASL-IR ID ENABLE IDLE SPECIAL-USE LIST-EXTENDED LIST-STATUS QUOTA] Logged in\r\n";
const DOVECOT_MAILBOX: &str = "* ID (\"name\" \"Dovecot\")\r\na2 OK ID completed.\r\n\
    * QUOTAROOT INBOX \"User quota\"\r\n* QUOTA \"User quota\" (STORAGE 470 512)\r\na3 OK Getquotaroot completed.\r\n\
    * LIST (\\HasNoChildren) \".\" INBOX\r\n* LIST (\\HasNoChildren \\Junk) \".\" Junk\r\na4 OK List completed.\r\n\
    * FLAGS (\\Answered \\Flagged)\r\n* 3 EXISTS\r\n* 0 RECENT\r\na5 OK [READ-ONLY] Examine completed.\r\n";
const DOVECOT_MESSAGES: &str = "* 1 FETCH (UID 1 RFC822.SIZE 40 BODY[]<0> {4}\r\nFrom)\r\n\
    * 2 FETCH (UID 2 RFC822.SIZE 40 BODY[]<0> {4}\r\na9 )\r\n* 3 FETCH (UID 3 RFC822.SIZE 2 BODY[]<0> \"xx\")\r\n\
    a6 OK Fetch completed.\r\n* STATUS Junk (MESSAGES 7 UNSEEN 5)\r\na7 OK Status completed.\r\n";

fn plain(secret: &str) -> String {
    sasl::encode(format!("\0hanako@example.jp\0{secret}").as_bytes()).to_string()
}

#[test]
fn dovecot_is_read_to_the_newest_messages() {
    let credential = password();
    let (written, transcript) = play_all(
        || Imap::new(aim(Security::Tls, Some(&credential))),
        &[DOVECOT, DOVECOT_IN, DOVECOT_MAILBOX, DOVECOT_MESSAGES],
    );
    assert_eq!(transcript.outcome, "ok");
    assert_eq!(transcript.round_trips, 4);
    assert!(transcript.signed_in);
    assert_eq!(
        written,
        format!(
            "a1 AUTHENTICATE PLAIN {}\r\na2 ID (\"name\" \"naosu\" \"version\" \"0.1.0\")\r\na3 GETQUOTAROOT INBOX\r\n\
             a4 LIST \"\" \"*\" RETURN (SPECIAL-USE)\r\na5 EXAMINE INBOX\r\n\
             a6 FETCH 1:3 (UID RFC822.SIZE BODY.PEEK[]<0.64>)\r\na7 STATUS \"Junk\" (MESSAGES UNSEEN)\r\na8 LOGOUT\r\n",
            plain(SECRET)
        )
    );
    let extra = |variable: &str| transcript.extras.iter().find(|extra| extra.variable == variable).unwrap();
    assert_eq!(extra("imap_idle").outcome, "offered");
    assert_eq!(extra("imap_quota").outcome, "nearly_full");
    assert_eq!(extra("imap_quota").detail["percent"], 91);
    assert_eq!(extra("imap_folders").detail["inbox"], 3);
    assert_eq!(extra("imap_folders").detail["junk"], 7);
    assert_eq!(transcript.detail["server"], "Dovecot");
    assert!(transcript.capabilities.contains(&"QUOTA".to_owned()));
}

#[test]
fn starttls_comes_first_and_what_was_injected_is_dropped() {
    let credential = password();
    let greeting = "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n";
    let (written, transcript) = play(
        Imap::new(aim(Security::Starttls, Some(&credential))),
        &[
            greeting,
            "a1 OK Begin TLS\r\n* CAPABILITY IMAP4rev1 AUTH=EVIL\r\n",
            "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na2 OK done\r\n",
            "+\r\n",
            "a3 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n",
        ],
    );
    let expected = format!(
        "a1 STARTTLS\r\n<TLS>a2 CAPABILITY\r\na3 AUTHENTICATE PLAIN\r\n{}\r\na4 LOGOUT\r\n",
        plain(SECRET)
    );
    assert_eq!(written, expected);
    assert_eq!(transcript.outcome, "sign_in_refused");
    let reply = transcript.reply.unwrap();
    assert_eq!((reply.phase, reply.code.as_str()), ("auth", "AUTHENTICATIONFAILED"));
    assert_eq!(reply.text, "[AUTHENTICATIONFAILED] Authentication failed.");
    assert_eq!(transcript.detail["injected_bytes"], 34);

    for (server, outcome) in [
        (vec!["* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n"], "starttls_missing"),
        (vec![greeting, "a1 BAD no TLS here\r\n"], "starttls_refused"),
        (vec!["* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n"], "starttls_missing"),
        (vec![greeting], "conversation_closed"),
    ] {
        let (written, transcript) =
            play_all(|| Imap::new(aim(Security::Starttls, Some(&credential))), &server);
        assert_eq!(transcript.outcome, outcome);
        assert!(!written.contains("AUTHENTICATE") && !written.contains("LOGIN "));
    }
}

#[test]
fn no_secret_goes_over_a_plain_line_or_where_only_tokens_are_taken() {
    let credential = password();
    for (security, greeting, outcome) in [
        (Security::Plain, "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] ready\r\n", "sign_in_withheld"),
        (
            Security::Tls,
            "* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 AUTH=OAUTHBEARER LOGINDISABLED] hi\r\n",
            "sign_in_oauth_only",
        ),
        (Security::Tls, "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi\r\n", "sign_in_not_offered"),
    ] {
        let (written, transcript) = play_all(|| Imap::new(aim(security, Some(&credential))), &[greeting]);
        assert_eq!(transcript.outcome, outcome);
        assert_eq!(written, "a1 LOGOUT\r\n");
        assert!(!transcript.sign_in_tried);
    }
    let (_, transcript) = play(Imap::new(aim(Security::Tls, None)), &[DOVECOT]);
    assert_eq!((transcript.outcome, transcript.round_trips), ("reachable", 1));
}

#[test]
fn login_command_is_quoted_where_nothing_else_is_offered() {
    let credential = password();
    let (written, transcript) = play_all(
        || Imap::new(aim(Security::Tls, Some(&credential))),
        &[
            "* OK IMAP4 ready\r\n",
            "* CAPABILITY IMAP4\r\na1 OK\r\n",
            "* BYE [ALERT] too many\r\na2 NO LOGIN failed\r\n",
        ],
    );
    assert!(written.contains("a2 LOGIN \"hanako@example.jp\" \"sesame-\\\"open\\\\\"\r\n"));
    assert_eq!(transcript.outcome, "sign_in_refused");
    assert_eq!(transcript.detail["alerts"], json!(["too many"]));
}

#[test]
fn tokens_are_sent_and_their_refusal_is_kept() {
    let credential = token();
    let (written, transcript) = play_all(
        || Imap::new(aim(Security::Tls, Some(&credential))),
        &[
            "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER] Gimap ready\r\n",
            "+ eyJzdGF0dXMiOiI0MDAifQ==\r\n",
            "a1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n",
        ],
    );
    assert!(written.starts_with("a1 AUTHENTICATE OAUTHBEARER "));
    assert!(written.contains("\r\nAQ==\r\n"));
    assert_eq!(transcript.outcome, "sign_in_refused");
    assert_eq!(transcript.detail["oauth_failure"], "{\"status\":\"400\"}");
}

#[test]
fn what_cannot_be_checked_now_is_not_refused() {
    let credential = password();
    for answer in [
        "a1 NO [UNAVAILABLE] Temporary authentication failure. [mail:2026-11-20]\r\n",
        "a1 NO Temporary System Problem\r\n",
        "* BYE [UNAVAILABLE] Disconnected\r\n",
        "a1 NO [SERVERBUG] Internal error occurred.\r\n",
    ] {
        let (_, transcript) =
            play_all(|| Imap::new(aim(Security::Tls, Some(&credential))), &[DOVECOT, answer]);
        assert_eq!(transcript.outcome, "sign_in_unavailable", "{answer}");
        assert_eq!(transcript.reply.unwrap().phase, "auth");
    }
}

#[test]
fn broken_mailboxes_and_messages_are_told_from_refused_sign_ins() {
    let credential = password();
    let start = || Imap::new(aim(Security::Tls, Some(&credential)));
    let mailbox_no = DOVECOT_MAILBOX.replace(
        "a5 OK [READ-ONLY] Examine completed.",
        "a5 NO [SERVERBUG] Internal error occurred. Refer to server log for more information.",
    );
    let fetch_no = DOVECOT_MESSAGES.replace("a6 OK Fetch completed.", "a6 NO [SERVERBUG] Internal error");
    for (server, outcome, phase) in [
        (
            vec![
                DOVECOT,
                "a1 OK Logged in, but initialization failed.\r\n* BYE Internal error occurred.\r\n",
            ],
            "mailbox_refused",
            "select",
        ),
        (vec![DOVECOT, "a1 OK Logged in, but initialization failed.\r\n"], "mailbox_refused", "select"),
        (vec![DOVECOT, DOVECOT_IN, &mailbox_no], "mailbox_refused", "select"),
        (vec![DOVECOT, DOVECOT_IN, DOVECOT_MAILBOX, &fetch_no], "message_unreadable", "fetch"),
        (vec![DOVECOT, DOVECOT_IN, DOVECOT_MAILBOX, "* BYE Fetch failed\r\n"], "message_unreadable", "fetch"),
        (vec![DOVECOT, DOVECOT_IN, DOVECOT_MAILBOX], "message_unreadable", "fetch"),
        (
            vec![
                DOVECOT,
                DOVECOT_IN,
                DOVECOT_MAILBOX,
                "* 1 FETCH (UID 1 BODY[]<0> NIL)\r\na6 OK x\r\na7 OK x\r\n",
            ],
            "message_unreadable",
            "fetch",
        ),
    ] {
        let (_, transcript) = play_all(start, &server);
        assert_eq!(transcript.outcome, outcome, "{server:?}");
        assert_eq!(transcript.reply.unwrap().phase, phase);
        assert!(transcript.signed_in || server[1].contains("failed"));
    }
    let (_, transcript) = play(start(), &[DOVECOT, DOVECOT_IN]);
    assert_eq!((transcript.outcome, transcript.stage), ("conversation_closed", "mailbox"));
}

#[test]
fn greetings_of_all_kinds_have_a_name() {
    for (greeting, outcome) in [
        ("* BYE [UNAVAILABLE] Too many connections\r\n", "greeting_refused"),
        ("220 mail.example.jp ESMTP\r\n", "greeting_other_protocol"),
        ("HTTP/1.1 400 Bad Request\r\n", "greeting_other_protocol"),
        ("+OK POP3\r\n", "greeting_garbage"),
        ("\u{0}\u{1}\r\n", "greeting_garbage"),
        ("hello\r\n", "greeting_garbage"),
        ("", "greeting_closed"),
        ("* OK half", "greeting_closed"),
    ] {
        let (_, transcript) = play(Imap::new(aim(Security::Tls, None)), &[greeting]);
        let outcome = if greeting.starts_with("+OK") { "greeting_other_protocol" } else { outcome };
        assert_eq!(transcript.outcome, outcome, "{greeting:?}");
    }
    let mut dialog = Imap::new(aim(Security::Tls, None));
    dialog.silent();
    assert_eq!(dialog.next(), Want::Done);
    assert_eq!(dialog.transcript().outcome, "greeting_silent");
}

#[test]
fn hostile_servers_end_in_a_named_outcome() {
    let credential = password();
    let endless = "* OK hi\r\n".repeat(200_000);
    let long = format!("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] x\r\n{}", "a".repeat(20_000));
    let literal = format!("{DOVECOT}* 1 FETCH (BODY[] {{900000000}}\r\n");
    let odd = format!("{DOVECOT}{}", "what?\r\n".repeat(20));
    for server in [endless.as_str(), &long, &literal, &odd] {
        let (_, transcript) = play(Imap::new(aim(Security::Tls, Some(&credential))), &[server]);
        assert_eq!(transcript.outcome, "conversation_garbage", "{}", &server[..40]);
    }
    // Answers that contradict each other: a sign-in taken before it was asked for, and one answered twice.
    let (_, transcript) = play(
        Imap::new(aim(Security::Tls, Some(&credential))),
        &["* OK ready\r\na1 OK you are in\r\na1 NO you are not\r\n+ more\r\n"],
    );
    assert_eq!(transcript.outcome, "conversation_garbage");
    // A SCRAM server that takes the sign-in without its proof.
    let (_, transcript) = play(
        Imap::new(aim(Security::Tls, Some(&credential))),
        &["* OK [CAPABILITY IMAP4rev1 LOGINDISABLED SASL-IR AUTH=SCRAM-SHA-256] x\r\n", "a1 OK come in\r\n"],
    );
    assert_eq!((transcript.outcome, transcript.signed_in), ("conversation_garbage", false));
}

#[test]
fn a_server_that_repeats_the_password_does_not_get_it_into_the_record() {
    let credential = password();
    for echo in
        [SECRET.to_owned(), plain(SECRET), SECRET.to_uppercase(), sasl::encode(SECRET.as_bytes()).to_string()]
    {
        let answer = format!("a1 BAD unknown command: {echo}\r\n");
        let (_, transcript) =
            play_all(|| Imap::new(aim(Security::Tls, Some(&credential))), &[DOVECOT, &answer]);
        assert_eq!(transcript.reply.unwrap().text, "unknown command: ***");
    }
}
