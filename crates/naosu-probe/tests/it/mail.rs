use std::time::{Duration, Instant};

use naosu_core::evidence::Observation;
use naosu_core::knowledge::{Protocol, Security};
use naosu_lab::scenario::Scenario;
use naosu_lab::world::{Running, World};
use naosu_probe::deadline::Deadline;
use naosu_probe::dns::Names;
use naosu_probe::mail::{Endpoint, check_mail};
use naosu_probe::reach::Reach;
use naosu_probe::recorder::Recorder;
use naosu_probe::secret::{Credential, Secret};
use naosu_probe::send_test::TestMessage;
use naosu_probe::sign_in::SignIns;
use naosu_probe::tls::Trust;

const PASSWORD: &str = "sakura-no-hana-7";

struct Seen {
    outcome: &'static str,
    observations: Vec<Observation>,
    world: Running,
}

impl Seen {
    fn of(&self, variable: &str) -> &Observation {
        self.observations.iter().find(|observation| observation.variable == variable).unwrap()
    }
}

/// Checks one server of a world with this in its `[process]` section.
async fn check(process: &str, protocol: Protocol, security: Security, password: Option<&str>) -> Seen {
    check_named(process, protocol, security, password, true).await
}

/// The same for a server that was named by somebody who can, or cannot, be trusted.
async fn check_named(
    process: &str,
    protocol: Protocol,
    security: Security,
    password: Option<&str>,
    authentic: bool,
) -> Seen {
    let text = format!(
        "title = {{ en = \"x\", ja = \"x\" }}\n[expect]\nverdict = \"healthy\"\n[process]\n{process}\n"
    );
    let world = World::start(&Scenario::load(&text).unwrap()).await.unwrap();
    let name = match protocol {
        Protocol::Imap => "imap",
        Protocol::Pop => "pop",
        Protocol::Smtp => "smtp",
    };
    let names = Names::Servers(vec![world.endpoints["dns"]]);
    let trust = Trust::only(world.ca_pem.as_bytes()).unwrap();
    let sign_ins = SignIns::default();
    let credential = password.map(|text| Credential::Password(Secret::new(text.to_owned())));
    let host = format!("{name}.example.jp");
    let endpoint = Endpoint {
        protocol,
        host: &host,
        port: world.endpoints[name].port(),
        security,
        address: Some("hanako@example.jp"),
        user: "hanako@example.jp",
        credential: credential.as_ref(),
        authentic,
        sign_ins: &sign_ins,
        test: None,
        reach: &Reach::Everything,
    };
    let recorder = Recorder::default();
    let deadline = Deadline::after(Duration::from_secs(12));
    let started = Instant::now();
    let result = check_mail(&endpoint, &names, &trust, &recorder, deadline, &[]).await;
    assert!(started.elapsed() < Duration::from_secs(13), "{process}: over the deadline");
    let observations = recorder.observations();
    let record = serde_json::to_string(&observations).unwrap();
    assert!(!record.contains(PASSWORD), "{process}: the password is in the record");
    let sign_ins = world.sign_ins();
    assert!(sign_ins.len() <= 1, "{process}: {sign_ins:?}");
    assert!(sign_ins.iter().all(|sign_in| sign_in.encrypted));
    if !result.sign_in_tried {
        assert!(world.heard().iter().all(|line| !line.text.contains(PASSWORD)));
        assert_eq!(sign_ins, []);
    }
    Seen { outcome: result.outcome, observations, world }
}

async fn outcomes(protocol: Protocol, security: Security, cases: &[(&'static str, &'static str)]) {
    let checks: Vec<_> = cases
        .iter()
        .map(|(process, wanted)| {
            let process = *process;
            (
                process,
                *wanted,
                tokio::spawn(async move { check(process, protocol, security, Some(PASSWORD)).await.outcome }),
            )
        })
        .collect();
    let mut wrong = Vec::new();
    for (process, wanted, check) in checks {
        let outcome = check.await.unwrap();
        if outcome != wanted {
            wrong.push(format!("{process}: {outcome} in place of {wanted}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn a_server_that_anybody_may_have_named_gets_no_password() {
    for (protocol, variable, security) in [
        (Protocol::Imap, "imap", Security::Tls),
        (Protocol::Pop, "pop", Security::Tls),
        (Protocol::Smtp, "smtp", Security::Starttls),
    ] {
        let seen = check_named("", protocol, security, Some(PASSWORD), false).await;
        assert_eq!(seen.outcome, "reachable", "{variable}");
        let staged = seen.of(variable);
        assert_eq!(staged.text("sign_in_withheld"), Some("unauthenticated_settings"));
        assert!(!staged.detail["sign_in_tried"].as_bool().unwrap());
        assert_eq!(seen.world.sign_ins(), []);
        assert!(seen.world.heard().iter().all(|line| !line.text.to_ascii_uppercase().contains("AUTH PLAIN")));
    }
}

#[tokio::test]
async fn healthy_servers_are_checked_to_the_end() {
    let seen = check("mailbox.junk = 4", Protocol::Imap, Security::Tls, Some(PASSWORD)).await;
    assert_eq!(seen.outcome, "ok");
    let imap = seen.of("imap");
    assert_eq!(imap.text("stage"), Some("message"));
    assert_eq!(imap.text("version"), Some("TLS 1.3"));
    assert!(imap.after.contains(&seen.of("tls").id) && imap.after.contains(&seen.of("tcp").id));
    assert_eq!(seen.of("imap_folders").number("inbox"), Some(3.0));
    assert_eq!(seen.of("imap_folders").number("junk"), Some(4.0));
    assert_eq!(seen.of("imap_quota").outcome, "under");
    assert_eq!(seen.world.sign_ins().len(), 1);

    let seen = check("", Protocol::Smtp, Security::Starttls, Some(PASSWORD)).await;
    assert_eq!(seen.outcome, "ok");
    assert_eq!(seen.of("smtp_size").outcome, "ample");
    let seen = check("", Protocol::Pop, Security::Tls, Some(PASSWORD)).await;
    assert_eq!(seen.outcome, "ok");
    assert_eq!(seen.of("pop_mailbox").number("messages"), Some(3.0));
    for (protocol, security) in [
        (Protocol::Imap, Security::Tls),
        (Protocol::Pop, Security::Tls),
        (Protocol::Smtp, Security::Starttls),
    ] {
        assert_eq!(check("", protocol, security, None).await.outcome, "reachable");
    }
}

#[tokio::test]
async fn a_rejected_password_is_sent_once_and_its_reply_is_kept() {
    for (protocol, security, code) in [
        (Protocol::Imap, Security::Tls, "AUTHENTICATIONFAILED"),
        (Protocol::Pop, Security::Tls, "AUTH"),
        (Protocol::Smtp, Security::Starttls, ""),
    ] {
        let seen = check("", protocol, security, Some("falsch")).await;
        assert_eq!(seen.outcome, "sign_in_refused");
        assert_eq!(seen.world.sign_ins().len(), 1);
        let staged = seen.observations.iter().find(|o| o.detail.contains_key("reply")).unwrap();
        assert_eq!(staged.text("reply_phase"), Some("auth"));
        if code.is_empty() {
            assert_eq!(staged.number("reply_code"), Some(535.0));
        } else {
            assert_eq!(staged.text("reply_code"), Some(code));
        }
    }
}

#[tokio::test]
async fn every_certificate_fault_has_its_outcome_and_stops_the_sign_in() {
    outcomes(
        Protocol::Imap,
        Security::Tls,
        &[
            ("imap.tls.certificate = \"expired\"", "cert_expired"),
            ("imap.tls.certificate = \"not_yet_valid\"", "cert_not_yet_valid"),
            ("imap.tls.certificate = \"self_signed\"", "cert_self_signed"),
            ("imap.tls.certificate = \"incomplete\"", "cert_incomplete"),
            ("imap.tls.certificate = \"untrusted_root\"", "cert_untrusted_root"),
            ("imap.tls.certificate = \"interceptor\"", "cert_untrusted_root"),
            ("imap.tls.certificate = \"wrong_name\"", "cert_name_mismatch"),
            ("imap.tls.extra_certificates = 40", "ok"),
            ("imap.tls.tls12_only = true", "ok"),
        ],
    )
    .await;
    outcomes(
        Protocol::Smtp,
        Security::Starttls,
        &[
            ("smtp.tls.certificate = \"expired\"", "cert_expired"),
            ("smtp.tls.certificate = \"self_signed\"", "cert_self_signed"),
        ],
    )
    .await;
}

#[tokio::test]
async fn every_failed_handshake_has_its_outcome() {
    outcomes(
        Protocol::Imap,
        Security::Tls,
        &[
            ("imap.tls.behaviour = \"alert\"", "tls_alert"),
            ("imap.tls.behaviour = \"close\"", "tls_closed"),
            ("imap.tls.behaviour = \"garbage\"", "tls_garbage"),
            ("imap.tls.behaviour = \"garbage_records\"", "tls_garbage"),
            ("imap.tls.behaviour = \"old_only\"", "tls_too_old"),
            ("imap.tls.behaviour = \"stall\"", "tls_stalled"),
            ("imap.security = \"plain\"", "tls_plaintext"),
            ("imap.security = \"starttls\"", "tls_plaintext"),
            ("imap.reach = \"refused\"", "tcp_refused"),
            ("imap.reach = \"mute\"", "tls_stalled"),
        ],
    )
    .await;
    outcomes(
        Protocol::Smtp,
        Security::Starttls,
        &[
            ("smtp.security = \"plain\"", "starttls_missing"),
            ("smtp.security = \"tls\"", "tls_wanted"),
            ("smtp.reach = \"mute\"", "greeting_silent"),
            ("smtp.tls.behaviour = \"stall\"", "tls_stalled"),
            ("smtp.tls.behaviour = \"close\"", "tls_closed"),
            ("smtp.tls.behaviour = \"old_only\"", "tls_too_old"),
            ("smtp.replies.starttls = \"454 4.7.0 TLS not available\"", "starttls_refused"),
            ("smtp.greeting = \"* OK IMAP4rev1 ready\"", "greeting_other_protocol"),
            ("smtp.greeting = \"554 5.7.1 no\"", "greeting_refused"),
        ],
    )
    .await;
    outcomes(Protocol::Smtp, Security::Plain, &[("", "sign_in_withheld")]).await;
}

#[tokio::test]
async fn every_reply_after_tls_has_its_outcome() {
    outcomes(
        Protocol::Imap,
        Security::Tls,
        &[
            ("imap.mechanisms = [\"XOAUTH2\", \"OAUTHBEARER\"]", "sign_in_oauth_only"),
            ("imap.mechanisms = [\"SCRAM-SHA-256\"]", "ok"),
            ("imap.mechanisms = [\"LOGIN\"]", "ok"),
            ("imap.without = [\"SASL-IR\"]", "ok"),
            ("imap.replies.sign_in = \"NO [UNAVAILABLE] Temporary failure\"", "sign_in_unavailable"),
            ("imap.replies.select = \"NO [SERVERBUG] Internal error\"", "mailbox_refused"),
            ("imap.replies.fetch = \"NO [SERVERBUG] Internal error\"", "message_unreadable"),
            ("imap.hostile.fetch = \"close\"", "message_unreadable"),
            ("imap.greeting = \"* BYE too many connections\"", "greeting_refused"),
        ],
    )
    .await;
    outcomes(
        Protocol::Smtp,
        Security::Starttls,
        &[
            ("smtp.mechanisms = [\"XOAUTH2\"]", "sign_in_oauth_only"),
            ("smtp.mechanisms = [\"SCRAM-SHA-256\"]", "ok"),
            ("smtp.mechanisms = [\"LOGIN\"]", "ok"),
            ("smtp.replies.mail = \"553 5.7.1 not yours\"", "sender_refused"),
            ("smtp.replies.rcpt = \"550 5.1.1 unknown\"", "recipient_refused"),
            ("smtp.without = [\"PIPELINING\"]", "ok"),
        ],
    )
    .await;
    outcomes(
        Protocol::Pop,
        Security::Tls,
        &[
            ("pop.mechanisms = [\"SCRAM-SHA-256\"]", "ok"),
            ("pop.replies.stat = \"-ERR broken\"", "mailbox_refused"),
            ("pop.replies.top = \"-ERR corrupted\"", "message_unreadable"),
        ],
    )
    .await;
}

/// Every hostile act at every stage of every protocol ends within the deadline in an outcome of the vocabulary.
#[tokio::test]
async fn hostile_servers_end_in_an_outcome() {
    let acts = [
        "close",
        "drip",
        "endless_line",
        "endless_lines",
        "garbage",
        "half",
        "huge_literal",
        "mute",
        "nul_bytes",
        "ok_then_no",
        "reset",
        "wrong_tag",
    ];
    let stages = [
        ("imap", Protocol::Imap, Security::Tls, &["greeting", "sign_in", "list", "select", "fetch"][..]),
        ("pop", Protocol::Pop, Security::Tls, &["greeting", "capa", "sign_in", "stat", "uidl", "top"]),
        (
            "smtp",
            Protocol::Smtp,
            Security::Starttls,
            &["greeting", "ehlo", "starttls", "sign_in", "mail", "rcpt"],
        ),
    ];
    let mut checks = Vec::new();
    for (name, protocol, security, stages) in stages {
        for stage in stages {
            for act in acts {
                let process = format!("{name}.hostile.{stage} = \"{act}\"");
                checks.push(tokio::spawn(async move {
                    let outcome = check(&process, protocol, security, Some(PASSWORD)).await.outcome;
                    (process, outcome)
                }));
            }
        }
    }
    let variables: toml::Table =
        toml::from_str(include_str!("../../../../knowledge/variables/imap.toml")).unwrap();
    let smtp: toml::Table =
        toml::from_str(include_str!("../../../../knowledge/variables/smtp.toml")).unwrap();
    for check in checks {
        let (process, outcome) = check.await.unwrap();
        let known = [&variables, &smtp].iter().any(|table| table["outcomes"].get(outcome).is_some());
        assert!(known, "{process}: {outcome}");
        let harmless = ["ok_then_no", "nul_bytes", "wrong_tag", "drip", "huge_literal"];
        assert!(outcome != "ok" || harmless.iter().any(|act| process.contains(act)), "{process}: {outcome}");
    }
}

#[tokio::test]
async fn a_test_message_is_found_where_it_lands() {
    for (process, wanted, folder) in [
        ("", "arrived_inbox", Some("INBOX")),
        ("mailbox.delivery = \"junk\"\nmailbox.delivery_ms = 700", "arrived_junk", Some("Junk")),
        ("mailbox.delivery = \"elsewhere\"", "arrived_elsewhere", Some("Archive")),
        ("mailbox.delivery = \"lost\"", "not_arrived", None),
        ("smtp.replies.message = \"550 5.7.1 looks like spam\"", "refused", None),
    ] {
        let text = format!(
            "title = {{ en = \"x\", ja = \"x\" }}\n[expect]\nverdict = \"healthy\"\n[process]\n{process}\n"
        );
        let world = World::start(&Scenario::load(&text).unwrap()).await.unwrap();
        let names = Names::Servers(vec![world.endpoints["dns"]]);
        let trust = Trust::only(world.ca_pem.as_bytes()).unwrap();
        let credential = Credential::Password(Secret::new(PASSWORD.to_owned()));
        let sign_ins = SignIns::default();
        let deadline = Deadline::after(Duration::from_secs(5));
        let letter = TestMessage::to("hanako@example.jp", deadline);
        let endpoint = |protocol, host, name: &str, security| Endpoint {
            protocol,
            host,
            port: world.endpoints[name].port(),
            security,
            address: Some("hanako@example.jp"),
            user: "hanako@example.jp",
            credential: Some(&credential),
            authentic: true,
            sign_ins: &sign_ins,
            test: Some(&letter),
            reach: &Reach::Everything,
        };
        let smtp = endpoint(Protocol::Smtp, "smtp.example.jp", "smtp", Security::Starttls);
        let imap = endpoint(Protocol::Imap, "imap.example.jp", "imap", Security::Tls);
        let recorder = Recorder::default();
        let sent = check_mail(&smtp, &names, &trust, &recorder, deadline, &[]).await;
        let seen = check_mail(&imap, &names, &trust, &recorder, deadline, &[]).await;
        letter.record(&sent, Some(&seen), &recorder).unwrap();
        let observations = recorder.observations();
        let tested = observations.iter().find(|seen| seen.variable == "send_test").unwrap();
        assert_eq!(tested.outcome, wanted, "{process}");
        assert_eq!(tested.text("folder"), folder);
        assert_eq!(world.sign_ins().len(), 2, "one sign-in for each protocol");
        assert!(!serde_json::to_string(&observations).unwrap().contains(PASSWORD));
    }
}
