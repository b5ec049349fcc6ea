//! What evidence leads to: one small evidence per class of trouble.
//!
//! The notation is a line per observation: `variable outcome subject key=value …`; `^` before the variable makes it
//! wait for the line before.

use naosu_core::diagnosis::{Diagnosis, Verdict, diagnose};
use naosu_core::evidence::{Evidence, Observation, ObservationId, Request, SCHEMA, SignIn};
use naosu_core::knowledge::{Knowledge, Lang, embedded};
use naosu_core::step::next_step;
use serde_json::Value;

fn evidence(text: &str) -> Evidence {
    let mut observations: Vec<Observation> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let variable = words.next().unwrap();
        let after: Vec<ObservationId> = match variable.strip_prefix('^') {
            Some(_) => observations
                .iter()
                .rev()
                .find(|o| !matches!(o.variable.as_str(), "neighbour" | "alternative"))
                .map(|o| o.id.clone())
                .into_iter()
                .collect(),
            None => Vec::new(),
        };
        let variable = variable.trim_start_matches('^').to_owned();
        let (outcome, subject) = (words.next().unwrap().to_owned(), words.next().unwrap().replace('_', " "));
        let detail = words
            .map(|word| {
                let (key, value) = word.split_once('=').unwrap();
                let value = value.replace('_', " ");
                let value = value.parse::<f64>().map_or(Value::from(value), Value::from);
                (key.to_owned(), value)
            })
            .collect();
        let id = ObservationId(format!("o{}", observations.len() + 1));
        observations.push(Observation {
            id,
            variable,
            outcome,
            subject,
            detail,
            started_ms: 0,
            elapsed_ms: 1,
            after,
        });
    }
    let request = Request {
        address: Some("hanako@example.jp".to_owned()),
        sign_in: SignIn::Password,
        ..Request::default()
    };
    Evidence {
        schema: SCHEMA.to_owned(),
        request,
        started: "2026-11-22T10:00:00Z".to_owned(),
        elapsed_ms: 100,
        observations,
    }
}

fn diagnosed(text: &str) -> Diagnosis {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    diagnose(&knowledge, &evidence(text))
}

#[track_caller]
fn found(cause: &str, text: &str) -> Diagnosis {
    let diagnosis = diagnosed(text);
    let first = diagnosis.causes.first().map(|first| first.id.as_str());
    assert_eq!((diagnosis.verdict, first), (Verdict::CauseFound, Some(cause)), "{diagnosis:#?}");
    diagnosis
}

const ONLINE: &str = "
    route_ipv4 default device
    connectivity online ipv4 rtt_ms=12
    connectivity no_route ipv6
    clock accurate device offset_s=0.02
    dns answer imap.example.jp_A answers=192.0.2.1
    dns_canary honest system
    disk enough home
    vpn none device
    proxy none device
";

fn online(rest: &str) -> String {
    format!("{ONLINE}{rest}")
}

#[test]
fn everything_works() {
    let diagnosis = diagnosed(&online("imap ok imap.example.jp:993\nsmtp ok smtp.example.jp:587"));
    assert_eq!(diagnosis.verdict, Verdict::Healthy, "{diagnosis:#?}");
    assert!(diagnosis.causes.is_empty());
}

#[test]
fn nothing_measured_is_inconclusive() {
    assert_eq!(diagnosed("system recorded device").verdict, Verdict::Inconclusive);
}

#[test]
fn a_failing_endpoint_is_never_healthy() {
    let diagnosis = diagnosed(&online("imap conversation_garbage imap.example.jp:993"));
    assert_ne!(diagnosis.verdict, Verdict::Healthy);
}

#[test]
fn certificates() {
    let window = "not_before=2025-01-01T00:00:00Z not_after=2026-11-20T00:00:00Z";
    let diagnosis = found(
        "cert_expired",
        &online(&format!("imap cert_expired imap.example.jp:993 {window}\nsmtp ok smtp.example.jp:587")),
    );
    assert_eq!(diagnosis.causes[0].evidence_for.last().unwrap().0, "o10");
    found("cert_name_mismatch", &online("imap cert_name_mismatch imap.example.jp:993"));
    found("cert_untrusted", &online("imap cert_self_signed imap.example.jp:993"));
    found("cert_untrusted", &online("imap cert_incomplete imap.example.jp:993 issuer=CA"));
    found(
        "cert_untrusted",
        &online(
            "imap cert_untrusted_root imap.example.jp:993 issuer=House_CA\nsmtp cert_untrusted_root smtp.example.jp:587 issuer=House_CA",
        ),
    );
    found("tls_version_too_old", &online("imap tls_too_old imap.example.jp:993 version=TLS_1.0"));
}

#[test]
fn push_may_go_over_443() {
    let push = |first: &str, second: &str| {
        format!(
            "connectivity online ipv4
             dns answer init.push.apple.com_A answers=192.0.2.1
             apple_identity ok identity.ess.apple.com:443
             apple_push {first} 1-courier.push.apple.com:5223
             apple_push {second} 1-courier.push.apple.com:443"
        )
    };
    assert_eq!(diagnosed(&push("tcp_silent", "ok")).verdict, Verdict::Healthy);
    found("firewall_or_port_block", &push("tcp_silent", "tcp_silent"));
}

#[test]
fn a_filter_leads_names_nowhere() {
    found("dns_failure", &online("imap name_sinkhole imap.example.jp:993"));
    let apple = "
        connectivity online ipv4
        clock accurate device offset_s=0.02
        apple_sign_in name_not_found gsa.apple.com:443
        apple_sign_in name_not_found idmsa.apple.com:443
        apple_push ok 1-courier.push.apple.com:5223
        apple_push ok 1-courier.push.apple.com:443";
    found("dns_failure", apple);
}

#[test]
fn what_a_server_points_out_counts() {
    let ok = "smtp ok smtp.example.jp:587\nimap ok imap.example.jp:993";
    let mut told = evidence(&online(ok));
    let alert = serde_json::json!(["Mailbox is over STORAGE quota"]);
    told.observations.last_mut().unwrap().detail.insert("alerts".to_owned(), alert);
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let diagnosis = diagnose(&knowledge, &told);
    assert_eq!(diagnosis.causes[0].id, "mailbox_full", "{diagnosis:#?}");
}

#[test]
fn what_is_put_off_is_not_refused() {
    let put_off = "smtp recipient_refused smtp.example.jp:587 reply=Try_again_in_a_while reply_code=450";
    let diagnosis = diagnosed(&online(put_off));
    assert_ne!(diagnosis.causes[0].id, "recipient_unknown", "{diagnosis:#?}");
}

#[test]
fn certificates_give_the_time_where_nothing_else_does() {
    let run_out = "
        clock unmeasured device
        connectivity online ipv4
        dns answer imap.example.jp_A answers=192.0.2.1
        imap cert_expired imap.example.jp:993 not_before=2025-01-01T00:00:00Z not_after=2026-11-20T00:00:00Z
        smtp cert_expired smtp.example.com:587 not_before=2025-02-01T00:00:00Z not_after=2026-10-20T00:00:00Z
    ";
    let unrelated = "clock_certificates ahead device certificates=2 outside=2";
    found("clock_skew", &format!("{run_out}{unrelated}"));
    let shared = "clock_certificates inconsistent device certificates=1 outside=1";
    found("cert_expired", &format!("{run_out}{shared}"));
    // nobody serves a certificate for half a year after it ran out
    let long_ago = run_out.replace("2026-11-20", "2026-05-20").replace("2026-10-20", "2026-05-20");
    found("clock_skew", &format!("{long_ago}{shared}"));
}

#[test]
fn one_issuer_over_unrelated_hosts_is_an_interceptor() {
    found(
        "tls_interception_or_antivirus",
        &online(
            "imap cert_untrusted_root imap.example.jp:993 issuer=Gate_CA
             smtp cert_untrusted_root smtp.example.com:587 issuer=Gate_CA",
        ),
    );
}

#[test]
fn a_wrong_clock_is_told_from_an_expired_certificate() {
    let clock = "connectivity online ipv4 rtt_ms=9\nclock off device offset_s=-94608000";
    let window = "not_before=2023-01-01T00:00:00Z not_after=2024-06-01T00:00:00Z";
    found("clock_skew", &format!("{clock}\nimap cert_expired imap.example.jp:993 {window}"));
    found(
        "clock_skew",
        "connectivity online ipv4 rtt_ms=9\nclock off device offset_s=1200\nimap ok imap.example.jp:993",
    );
}

#[test]
fn the_way_out() {
    found(
        "no_internet",
        "route_ipv4 none device
         connectivity no_route ipv4
         connectivity no_route ipv6
         dns unreachable imap.example.jp_A
         imap name_silent imap.example.jp:993
         smtp name_silent smtp.example.jp:587",
    );
    found(
        "no_internet",
        "route_ipv4 default device
         connectivity silent ipv4
         clock unmeasured device
         dns answer imap.example.jp_A answers=192.0.2.1
         tcp silent imap.example.jp:993 host=imap.example.jp port=993 address=192.0.2.1
         imap tcp_silent imap.example.jp:993",
    );
    found(
        "captive_portal",
        "connectivity portal ipv4\ndns_canary hijacked system\nimap cert_name_mismatch imap.example.jp:993",
    );
    found(
        "dns_failure",
        "connectivity online ipv4 rtt_ms=9
         dns servfail imap.example.jp_A
         imap name_servfail imap.example.jp:993
         smtp name_servfail smtp.example.jp:587",
    );
    found(
        "dns_failure",
        "connectivity name_unresolved ipv4
         dns port_refused imap.example.jp_A
         ntp name_unresolved ntp.example.jp
         imap name_silent imap.example.jp:993",
    );
    found(
        "dns_failure",
        "connectivity online ipv4 rtt_ms=9
         dns silent imap.example.jp_A
         imap name_silent imap.example.jp:993",
    );
}

#[test]
fn a_vpn_that_swallows_everything() {
    found(
        "vpn_or_proxy",
        "route_ipv4 default device
         vpn default_route tun0
         connectivity silent ipv4
         dns silent imap.example.jp_A
         imap name_silent imap.example.jp:993",
    );
    found(
        "vpn_or_proxy",
        &online("vpn target_route tun0\ntcp silent x port=993\nimap tcp_silent imap.example.jp:993"),
    );
}

#[test]
fn ports() {
    found(
        "firewall_or_port_block",
        &online(
            "imap tcp_silent imap.example.jp:993\n^neighbour open imap.example.jp:143\n^neighbour silent imap.example.jp:443",
        ),
    );
    found(
        "firewall_or_port_block",
        &online("smtp tcp_silent mail.example.jp:25\nimap ok mail.example.jp:993"),
    );
    found("firewall_or_port_block", &online("imap tcp_prohibited imap.example.jp:993"));
    found(
        "provider_outage",
        &online(
            "imap tcp_refused mail.example.jp:993
             ^neighbour refused mail.example.jp:143
             smtp tcp_refused mail.example.jp:587",
        ),
    );
    found(
        "wrong_port_or_security",
        &online(
            "imap tcp_refused imap.example.jp:1993\n^neighbour open imap.example.jp:993\nsmtp ok smtp.example.jp:587",
        ),
    );
    found(
        "wrong_port_or_security",
        &online("imap tls_plaintext imap.example.jp:143\nsmtp ok smtp.example.jp:587"),
    );
    found(
        "wrong_port_or_security",
        &online("imap sign_in_withheld imap.example.jp:143\nsmtp ok smtp.example.jp:587"),
    );
}

#[test]
fn a_name_that_does_not_exist_is_a_setting() {
    found(
        "wrong_server_settings",
        &online(
            "dns nxdomain imap.exmaple.jp_A\nimap name_not_found imap.exmaple.jp:993\nsmtp ok smtp.example.jp:587",
        ),
    );
}

#[test]
fn large_packets_vanish() {
    found(
        "path_mtu_or_packet_loss",
        &online(
            "imap tls_stalled imap.example.jp:993\n^path_mtu black_hole imap.example.jp:993\nsmtp tls_stalled smtp.example.jp:587",
        ),
    );
}

#[test]
fn dead_ipv6_costs_only_a_delay() {
    found(
        "ipv6_broken",
        "route_ipv6 default device
         connectivity online ipv4 rtt_ms=9
         connectivity silent ipv6
         clock accurate device offset_s=0.1
         tcp silent imap.example.jp:993_@2001:db8::1 host=imap.example.jp port=993 address=2001:db8::1
         tcp open imap.example.jp:993_@192.0.2.1 host=imap.example.jp port=993 address=192.0.2.1
         imap ok imap.example.jp:993",
    );
}

#[test]
fn replies_name_the_cause() {
    let refused = |text: &str| {
        online(&format!("imap sign_in_refused imap.example.jp:993 reply={text} reply_phase=sign_in"))
    };
    found("wrong_password", &refused("NO_[AUTHENTICATIONFAILED]_Authentication_failed."));
    found("app_password_required", &refused("NO_[ALERT]_Application-specific_password_required"));
    found("basic_auth_disabled_oauth_required", &online("imap sign_in_oauth_only imap.example.jp:993"));
    found(
        "recipient_unknown",
        &online(
            "smtp recipient_refused smtp.example.jp:587 reply=550_5.1.1_User_unknown reply_code=550 reply_enhanced=5.1.1 reply_phase=rcpt_to",
        ),
    );
}

#[test]
fn two_faults_that_occur_together_are_both_named() {
    let diagnosis = diagnosed(
        "connectivity online ipv4 rtt_ms=9
         clock accurate device offset_s=0.1
         imap sign_in_refused imap.example.jp:993 reply=[AUTHENTICATIONFAILED]_Authentication_failed. reply_phase=auth
         smtp tls_plaintext smtp.example.jp:587",
    );
    let mut named: Vec<&str> = diagnosis.causes.iter().take(2).map(|cause| cause.id.as_str()).collect();
    named.sort_unstable();
    assert_eq!(named, ["wrong_password", "wrong_port_or_security"], "{diagnosis:#?}");
    assert!(diagnosis.causes[1].probability > 0.5, "{diagnosis:#?}");
}

#[test]
fn what_is_full() {
    found("mailbox_full", &online("imap_quota full INBOX\nimap ok imap.example.jp:993"));
    found("device_storage_full", &online("imap ok imap.example.jp:993").replace("disk enough", "disk full"));
}

#[test]
fn an_observation_told_twice_counts_once() {
    let once = diagnosed(&online("imap tls_stalled imap.example.jp:993"));
    let twice = diagnosed(&online(
        "imap tls_stalled imap.example.jp:993\ndns_canary honest system\nclock accurate device offset_s=0.02",
    ));
    assert_eq!(once.causes, twice.causes);
}

#[test]
fn the_order_of_the_evidence_does_not_matter() {
    let text = online("imap cert_expired imap.example.jp:993\nsmtp tcp_silent smtp.example.jp:587");
    let mut backwards = evidence(&text);
    backwards.observations.reverse();
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let (one, two) = (diagnose(&knowledge, &evidence(&text)), diagnose(&knowledge, &backwards));
    let ranks = |d: &Diagnosis| d.causes.iter().map(|c| (c.id.clone(), c.probability)).collect::<Vec<_>>();
    assert_eq!(ranks(&one), ranks(&two));
}

/// Observations as [`evidence`] reads them, each having taken that many milliseconds where it says `took=…`.
fn timed(text: &str) -> Diagnosis {
    let mut told = evidence(text);
    for observation in &mut told.observations {
        if let Some(took) = observation.detail.remove("took").and_then(|took| took.as_f64()) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
            let took = took as u64;
            observation.elapsed_ms = took;
        }
    }
    diagnose(&Knowledge::load(&embedded()).unwrap(), &told)
}

#[track_caller]
fn first(cause: &str, diagnosis: &Diagnosis) {
    let id = diagnosis.causes.first().map(|first| first.id.as_str());
    assert_eq!((diagnosis.verdict, id), (Verdict::CauseFound, Some(cause)), "{diagnosis:#?}");
}

#[test]
fn silence_of_unrelated_hosts_is_not_the_providers() {
    let silent = "
        route_ipv4 default device
        connectivity silent ipv4
        connectivity no_address ipv6
        ntp answered 192.0.2.123 offset_s=0
        clock accurate device offset_s=0
        dns answer imap.example.jp_A answers=192.0.2.1
        dns_canary honest system
        vpn none device
        tcp silent 192.0.2.1:993 host=imap.example.jp port=993 address=192.0.2.1
        imap tcp_silent imap.example.jp:993
        ^neighbour silent 192.0.2.1:143 host=imap.example.jp port=143 address=192.0.2.1";
    found("firewall_or_port_block", silent);
    let denied = "proxy set http://192.168.1.1:3128\nproxy_reach denied 192.168.1.1:3128 status=407";
    found("vpn_or_proxy", &format!("{silent}\n{denied}"));
    // one other host that answers: then it is the server's side
    let online = silent.replace("connectivity silent ipv4", "connectivity online ipv4 rtt_ms=9");
    found("provider_outage", &online);
}

#[test]
fn web_pages_replaced_and_all_else_closed_is_a_walled_garden() {
    let walled = "
        connectivity altered ipv4 status=403
        ntp silent 192.0.2.123
        clock unmeasured device
        dns answer imap.example.jp_A answers=192.0.2.1
        tcp silent 192.0.2.1:993 host=imap.example.jp port=993 address=192.0.2.1
        imap tcp_silent imap.example.jp:993
        ^neighbour silent 192.0.2.1:443 host=imap.example.jp port=443 address=192.0.2.1
        ^neighbour open 192.0.2.1:80 host=imap.example.jp port=80 address=192.0.2.1 rtt_ms=1";
    found("captive_portal", walled);
}

#[test]
fn names_that_lead_to_no_server() {
    // every name without an address, that of the test of the way out too
    found(
        "dns_failure",
        "connectivity no_address ipv4
         connectivity no_address ipv6
         ntp answered 192.0.2.123 offset_s=0
         dns no_data test.example_A
         dns no_data imap.example.jp_A
         dns answer example.jp_MX answers=mx.example.jp
         imap name_no_address imap.example.jp:993",
    );
    // a private address while the rest of the world has public ones
    let inside = "
        dns answer test.example_A answers=17.253.40.4
        tcp silent 10.1.2.3:993 host=imap.example.jp port=993 address=10.1.2.3
        imap tcp_silent imap.example.jp:993";
    found("dns_failure", &online(inside));
    // one name alone is the name's matter
    let alone = "dns no_data imap.exmaple.jp_A\nimap name_no_address imap.exmaple.jp:993";
    found("wrong_server_settings", &online(alone));
}

#[test]
fn a_refusal_sooner_than_the_way_comes_from_near_by() {
    let refused = |took: u32| {
        timed(&online(&format!(
            "tcp refused 192.0.2.1:993 host=imap.example.jp port=993 address=192.0.2.1 took={took}
             imap tcp_refused imap.example.jp:993
             ^neighbour refused 192.0.2.1:995 host=imap.example.jp port=995 address=192.0.2.1 took=52
             ^neighbour open 192.0.2.1:143 host=imap.example.jp port=143 address=192.0.2.1 rtt_ms=51 took=51
             smtp ok smtp.example.jp:587"
        )))
    };
    first("firewall_or_port_block", &refused(2));
    first("wrong_port_or_security", &refused(50));
}

#[test]
fn a_weak_certificate_is_not_an_interceptor() {
    let weak = "
        smtp cert_invalid smtp.example.jp:587 issuer=Good_CA key=RSA_1024 problem=handshake_signature address=192.0.2.1
        imap tls_closed imap.example.jp:993 address=192.0.2.1";
    found("cert_untrusted", &online(weak));
    let old = "imap cert_invalid imap.example.jp:993 issuer=Good_CA key=RSA_2048";
    let mut told = evidence(&online(old));
    let problem = Value::from("weak_signature");
    told.observations.last_mut().unwrap().detail.insert("problem".to_owned(), problem);
    first("cert_untrusted", &diagnose(&Knowledge::load(&embedded()).unwrap(), &told));
}

#[test]
fn another_service_on_a_port_that_mail_does_not_use() {
    found(
        "wrong_port_or_security",
        &online(
            "imap greeting_silent imap.example.jp:443
             ^neighbour open 192.0.2.1:993 host=imap.example.jp port=993 address=192.0.2.1
             smtp ok smtp.example.jp:587",
        ),
    );
    found("wrong_port_or_security", &online("imap tls_garbage imap.example.jp:80"));
    found("provider_outage", &online("imap greeting_silent imap.example.jp:993"));
}

#[test]
fn the_usual_name_answers_where_the_named_server_does_not() {
    let refused = "
        imap tcp_refused smtp.example.jp:993
        ^neighbour open 192.0.2.2:465 host=smtp.example.jp port=465 address=192.0.2.2
        ^neighbour refused 192.0.2.2:143 host=smtp.example.jp port=143 address=192.0.2.2";
    let usual = "^alternative open imap.example.jp:993 host=imap.example.jp port=993 address=192.0.2.1";
    let smtp = "smtp ok smtp.example.jp:587";
    found("wrong_server_settings", &online(&format!("{refused}\n{usual}\n{smtp}")));
    found("provider_outage", &online(&format!("{refused}\n{smtp}")));
    let strange = "imap greeting_silent example.jp:993";
    found("wrong_server_settings", &online(&format!("{strange}\n{usual}\n{smtp}")));
}

#[test]
fn one_resolver_by_turns_is_loss_and_not_a_dead_resolver() {
    let names = "
        dns no_data imap.example.jp_AAAA server=192.0.2.53 rtt_ms=66
        dns silent imap.example.jp_A server=192.0.2.53
        imap name_silent imap.example.jp:993";
    let clean = "connectivity online ipv4 rtt_ms=60\nntp answered 192.0.2.123 rtt_ms=60 took=61";
    first("dns_failure", &timed(&format!("{clean}{names}")));
    let lossy = "connectivity online ipv4 rtt_ms=1230\nntp answered 192.0.2.123 rtt_ms=66 took=870";
    first("path_mtu_or_packet_loss", &timed(&format!("{lossy}{names}")));
    let measured = "smtp ok smtp.example.jp:587\n^packet_loss heavy smtp.example.jp:587 lost=7 sent=19";
    first("path_mtu_or_packet_loss", &timed(&format!("{clean}{names}\n{measured}")));
}

#[test]
fn late_answers_are_answers() {
    let slow = "
        connectivity name_unresolved ipv4
        connectivity name_unresolved ipv6
        ntp silent 192.0.2.123
        clock unmeasured device
        dns silent imap.example.jp_A server=192.0.2.53
        imap name_silent imap.example.jp:993";
    let diagnosis =
        found("path_mtu_or_packet_loss", &format!("{slow}\ndns late imap.example.jp_A rtt_ms=4011"));
    assert!(!diagnosis.causes.iter().any(|cause| cause.id == "no_internet"), "{diagnosis:#?}");
    // a resolver that is slow while everything else is quick
    let quick = "connectivity online ipv4 rtt_ms=9\ndns silent imap.example.jp_A server=192.0.2.53\nimap name_silent imap.example.jp:993";
    found("dns_failure", &format!("{quick}\ndns late imap.example.jp_A rtt_ms=4011"));
}

#[test]
fn a_missing_address_family_is_not_the_providers() {
    let diagnosis = diagnosed(
        "route_ipv4 none device
         route_ipv6 default device
         connectivity no_route ipv4
         connectivity online ipv6 rtt_ms=9
         clock accurate device offset_s=0
         dns answer imap.example.jp_A answers=192.0.2.1
         tcp no_route 192.0.2.1:993 host=imap.example.jp port=993 address=192.0.2.1
         imap tcp_unreachable imap.example.jp:993",
    );
    first("no_internet", &diagnosis);
    assert!(!diagnosis.causes.iter().any(|cause| cause.id == "provider_outage"), "{diagnosis:#?}");
}

#[test]
fn what_works_by_another_address_is_healthy() {
    let ok = "imap ok imap.example.jp:993 address=192.0.2.2\nsmtp ok smtp.example.jp:587";
    let one_dead = "
        tcp silent 192.0.2.1:993 host=imap.example.jp port=993 address=192.0.2.1
        tcp open 192.0.2.2:993 host=imap.example.jp port=993 address=192.0.2.2 rtt_ms=9\n";
    assert_eq!(diagnosed(&online(&format!("{one_dead}{ok}"))).verdict, Verdict::Healthy);
    let four_dead = "
        connectivity silent ipv4
        connectivity online ipv6 rtt_ms=9
        clock accurate device offset_s=0
        dns answer imap.example.jp_A answers=192.0.2.1
        tcp silent 192.0.2.1:993 host=imap.example.jp port=993 address=192.0.2.1
        tcp open [2001:db8::1]:993 host=imap.example.jp port=993 address=2001:db8::1 rtt_ms=9\n";
    assert_eq!(diagnosed(&format!("{four_dead}{ok}")).verdict, Verdict::Healthy);
}

#[test]
fn one_time_server_against_the_web_does_not_accuse_the_clock() {
    let disputed = "clock disputed device source=ntp.example said_s=31536000 other=web.example";
    let all = online("imap ok imap.example.jp:993\nsmtp ok smtp.example.jp:587");
    let all = all.replace("clock accurate device offset_s=0.02", disputed);
    assert_eq!(diagnosed(&all).verdict, Verdict::Healthy);
}

#[test]
fn a_hosts_file_that_disagrees_with_dns_is_no_outage() {
    found(
        "dns_failure",
        &online(
            "tcp refused 192.0.2.9:993 host=imap.example.jp port=993 address=192.0.2.9
             imap tcp_refused imap.example.jp:993
             ^alternative open 192.0.2.1:993 host=192.0.2.1 port=993 address=192.0.2.1
             hosts_file overrides imap.example.jp addresses=192.0.2.9
             ^dns answer imap.example.jp_A answers=192.0.2.1
             smtp ok smtp.example.jp:587",
        ),
    );
}

#[test]
fn every_fact_a_signature_asks_for_can_be_observed() {
    const DERIVED: [&str; 40] = [
        "mail",
        "apple",
        "stage",
        "protocol",
        "security",
        "port",
        "peer",
        "peer_other_host",
        "same_host_peer_alive",
        "peer_alive",
        "neighbour_mail",
        "sibling",
        "web",
        "reply",
        "reply_means",
        "reply_first",
        "peer_stage",
        "true_clock",
        "expired_for",
        "refusal",
        "notice",
        "user",
        "account",
        "interceptor",
        "certificate",
        "refused",
        "family",
        "server",
        "loss",
        "tcp_anywhere",
        "open",
        "other_server",
        "internet",
        "outside",
        "resolver",
        "ipv6",
        "at",
        "spoken",
        "capabilities",
        "alert",
    ];
    const REQUEST: [&str; 8] =
        ["service", "device", "client", "sign_in", "provider_auth", "apple_peer", "push_fallback", "purpose"];
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let staged = &knowledge.variables["smtp"].outcomes;
    for fact in knowledge.model.fact_texts() {
        let (variable, outcome) = fact.split_once('=').unwrap();
        if matches!(variable, "mail" | "apple" | "peer" | "peer_other_host") {
            assert!(staged.contains_key(outcome), "{fact}: no such outcome");
        } else if let Some(known) = knowledge.variables.get(variable).filter(|_| fact != "hosts_file=stale") {
            assert!(known.outcomes.contains_key(outcome), "{fact}: no such outcome");
        } else {
            assert!(
                DERIVED.contains(&variable)
                    || REQUEST.contains(&variable)
                    || variable == "addresses"
                    || fact == "hosts_file=stale",
                "{fact}: no such variable"
            );
        }
    }
}

const REPLACED: &str = "
    imap name_not_found old.example.jp:993
    ^imap ok imap.example.jp:993
    settings next_used imap failed=old.example.jp:993 used=imap.example.jp:993
    settings sources_disagree imap
    smtp ok smtp.example.jp:587
";

#[test]
fn a_server_in_whose_place_another_answers_is_no_trouble() {
    let diagnosis = diagnosed(&online(REPLACED));
    assert_eq!(diagnosis.verdict, Verdict::Healthy, "{diagnosis:#?}");
    // the one that answers decides
    let refused = REPLACED.replace(
        "^imap ok imap.example.jp:993",
        "^imap cert_expired imap.example.jp:993 not_before=2025-01-01T00:00:00Z not_after=2026-11-20T00:00:00Z",
    );
    found("cert_expired", &online(&refused));
}

#[test]
fn a_server_that_fails_beside_an_unrelated_one_is_still_a_trouble() {
    let apart = REPLACED.replace('^', "");
    assert_ne!(diagnosed(&online(&apart)).verdict, Verdict::Healthy);
}

#[test]
fn a_withheld_sign_in_is_neither_health_nor_a_cause() {
    let text = "
        settings unconfirmed imap server=mail.collector.example:993/tls domain=example.jp
        imap reachable mail.collector.example:993 sign_in_withheld=unauthenticated_settings
        smtp ok smtp.example.jp:587
    ";
    let evidence = evidence(&online(text));
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let diagnosis = diagnose(&knowledge, &evidence);
    assert_eq!(diagnosis.verdict, Verdict::Inconclusive, "{diagnosis:#?}");
    assert_eq!(diagnosis.would_settle, ["imap"]);
    assert_eq!(diagnosis.arguable(&evidence).count(), 0);
    let next = next_step(&knowledge, &evidence, &diagnosis, Lang::En).unwrap();
    assert_eq!(next.id, "confirm_mail_server");
}

#[test]
fn a_server_that_nobody_vouches_for_and_that_is_gone_is_a_question_of_settings() {
    let text = "
        settings unconfirmed smtp server=mail.collector.example:465/tls domain=example.jp
        smtp tcp_refused mail.collector.example:465
    ";
    let diagnosis = diagnosed(&online(text));
    assert_eq!(diagnosis.causes[0].id, "wrong_server_settings", "{diagnosis:#?}");
}

#[test]
fn a_domain_that_does_not_exist_is_to_be_spelt_again() {
    for outcome in ["domain_missing", "domain_misspelt"] {
        let text = online(&format!("mx nxdomain gmial.com\nsettings {outcome} gmial.com"));
        found("wrong_server_settings", &text);
        let (knowledge, evidence) = (Knowledge::load(&embedded()).unwrap(), evidence(&text));
        let next = next_step(&knowledge, &evidence, &diagnose(&knowledge, &evidence), Lang::Ja).unwrap();
        assert_eq!(next.id, "check_own_address");
    }
}

#[test]
fn where_nothing_was_measured_nothing_is_claimed() {
    let evidence = evidence("disk enough home\nsettings unknown imap\nsettings unknown smtp");
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let diagnosis = diagnose(&knowledge, &evidence);
    assert_eq!(diagnosis.verdict, Verdict::Inconclusive);
    assert_eq!(diagnosis.arguable(&evidence).count(), 0, "{diagnosis:#?}");
}

#[test]
fn what_was_measured_is_not_asked() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let next = |text: &str| {
        let evidence = evidence(&online(text));
        next_step(&knowledge, &evidence, &diagnose(&knowledge, &evidence), Lang::En).unwrap()
    };
    assert_eq!(next("imap cert_self_signed imap.example.jp:993").kind, "action");
    // nothing shows that security software stands between: it is not to be switched off
    let private = next("imap cert_untrusted_root imap.example.jp:993 issuer=House_CA");
    assert_ne!(private.id, "pause_mail_scan");
    let seen_through =
        next("imap cert_untrusted_root imap.example.jp:993 issuer=avast!_Web/Mail_Shield_Root");
    assert_eq!(seen_through.id, "pause_mail_scan");
}

#[test]
fn a_full_disk_beside_a_phone_is_not_the_phones() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let cause = |device: Option<&str>| {
        let mut evidence = evidence("disk full device");
        evidence.request.device = device.map(str::to_owned);
        diagnose(&knowledge, &evidence).causes.first().map(|cause| cause.id.clone())
    };
    for own in [None, Some("mac"), Some("linux")] {
        assert_eq!(cause(own).as_deref(), Some("device_storage_full"), "{own:?}");
    }
    for phone in ["iphone", "ipad", "android"] {
        assert_ne!(cause(Some(phone)).as_deref(), Some("device_storage_full"), "{phone}");
    }
}
