//! Worlds in which one server is broken on purpose or means harm, one for each way and stage.
//!
//! What Naosu must do in them is not to find a cause but to end: within its deadline, without a panic, in little memory,
//! with at most one sign-in, and without calling healthy what is not.

use std::collections::BTreeMap;

use crate::fault::{
    Certificate, Dns, DnsBehaviour, Hostile, Http, HttpAnswer, Mail, Ntp, NtpBehaviour, Page, Process,
    Security, Server, Tls, TlsBehaviour,
};
use crate::scenario::{Check, Expect, Scenario, Title, Verdict};

/// All hostile worlds by name, such as `imap fetch huge_literal`. They are many: a suite may run them side by side.
///
/// The expectation they carry is a place-holder (`inconclusive`).
pub fn scenarios() -> Vec<(String, Scenario)> {
    let mut worlds = Vec::new();
    mail_stages(&mut worlds);
    tls(&mut worlds);
    for behaviour in [
        DnsBehaviour::CountsTooLarge,
        DnsBehaviour::Loop,
        DnsBehaviour::Malformed,
        DnsBehaviour::Truncated,
        DnsBehaviour::WrongId,
    ] {
        let dns = Dns { behaviour, ..Dns::default() };
        worlds.push(world(&["dns", &name(behaviour)], Process { dns, ..Process::default() }, USUAL));
    }
    for behaviour in
        [NtpBehaviour::Garbage, NtpBehaviour::Short, NtpBehaviour::Unsynchronised, NtpBehaviour::WrongOrigin]
    {
        let ntp = Ntp { behaviour, ..Ntp::default() };
        worlds.push(world(&["ntp", &name(behaviour)], Process { ntp, ..Process::default() }, USUAL));
    }
    for answer in WEB {
        let connectivity = Http { answer, ..Http::default() };
        let process = Process { connectivity, ..Process::default() };
        worlds.push(world(&["connectivity", &name(answer)], process, USUAL));
        let page = Page { answer: Some(answer), ..Page::default() };
        let pages = BTreeMap::from([("/status.json".to_owned(), page)]);
        let more = BTreeMap::from([("status".to_owned(), Server::Http(Http { pages, ..Http::default() }))]);
        let arguments = [USUAL, &["--status-url", "icloud={status.url}/status.json"]].concat();
        let process = Process { more, ..Process::default() };
        worlds.push(world(&["status", &name(answer)], process, &arguments));
    }
    worlds
}

const USUAL: &[&str] = &["--imap", "{imap}/tls", "--smtp", "{smtp}/starttls"];

const WEB: [HttpAnswer; 8] = [
    HttpAnswer::ChunksWithoutEnd,
    HttpAnswer::Close,
    HttpAnswer::EndlessBody,
    HttpAnswer::EndlessHeaders,
    HttpAnswer::Garbage,
    HttpAnswer::HugeLength,
    HttpAnswer::Mute,
    HttpAnswer::XmlBomb,
];

const MAIL: [Hostile; 12] = [
    Hostile::Close,
    Hostile::Drip,
    Hostile::EndlessLine,
    Hostile::EndlessLines,
    Hostile::Garbage,
    Hostile::Half,
    Hostile::HugeLiteral,
    Hostile::Mute,
    Hostile::NulBytes,
    Hostile::OkThenNo,
    Hostile::Reset,
    Hostile::WrongTag,
];

/// Every way at every stage that a check without a test message comes through.
fn mail_stages(worlds: &mut Vec<(String, Scenario)>) {
    let imap = [
        "greeting",
        "capability",
        "starttls",
        "sign_in",
        "list",
        "select",
        "fetch",
        "getquotaroot",
        "logout",
    ];
    let pop = ["greeting", "capa", "starttls", "sign_in", "stat", "uidl", "quit"];
    let smtp = ["greeting", "ehlo", "starttls", "sign_in", "mail", "rcpt", "quit"];
    for (server, stages) in [("imap", &imap[..]), ("pop", &pop), ("smtp", &smtp)] {
        for stage in stages {
            // STARTTLS on all servers: their plaintext part is the one that anybody on the way can forge.
            let arguments = [format!("--{server}"), format!("{{{server}}}/starttls")];
            for hostile in MAIL {
                let mail = Mail {
                    security: Some(Security::Starttls),
                    hostile: BTreeMap::from([((*stage).to_owned(), hostile)]),
                    ..Mail::default()
                };
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                worlds.push(world(&[server, stage, &name(hostile)], with(server, mail), &arguments));
            }
        }
    }
}

fn tls(worlds: &mut Vec<(String, Scenario)>) {
    let behaviours = [
        TlsBehaviour::Alert,
        TlsBehaviour::Close,
        TlsBehaviour::Garbage,
        TlsBehaviour::GarbageRecords,
        TlsBehaviour::OldOnly,
        TlsBehaviour::Plaintext,
        TlsBehaviour::Stall,
    ];
    for server in ["imap", "smtp"] {
        for behaviour in behaviours {
            let mail = Mail { tls: Tls { behaviour, ..Tls::default() }, ..Mail::default() };
            worlds.push(world(&[server, "tls", &name(behaviour)], with(server, mail), USUAL));
        }
    }
    let chain = Tls { extra_certificates: 2_000, certificate: Certificate::Valid, ..Tls::default() };
    let mail = Mail { tls: chain, ..Mail::default() };
    worlds.push(world(&["imap", "tls", "gigantic_chain"], with("imap", mail), USUAL));
    // A host name cannot hold most of these, a certificate can.
    let names = (0..1_500).map(|number| format!("host-{number}.example.com")).collect();
    let many = Tls { names, certificate: Certificate::WrongName, ..Tls::default() };
    let mail = Mail { tls: many, ..Mail::default() };
    worlds.push(world(&["imap", "tls", "many_names"], with("imap", mail), USUAL));
}

fn with(server: &str, mail: Mail) -> Process {
    let mut process = Process::default();
    match server {
        "imap" => process.imap = mail,
        "pop" => process.pop = mail,
        _ => process.smtp = mail,
    }
    process
}

fn world(parts: &[&str], process: Process, arguments: &[&str]) -> (String, Scenario) {
    let name = parts.join(" ");
    let title = Title { en: format!("Hostile server: {name}"), ja: format!("悪意あるサーバ: {name}") };
    let check =
        Check { arguments: arguments.iter().map(|word| (*word).to_owned()).collect(), ..Check::default() };
    let expect = Expect { verdict: Verdict::Inconclusive, cause: None, also: Vec::new() };
    (name, Scenario { title, expect, check, process: Some(process), real: None })
}

/// A word as the file format writes it.
fn name(word: impl serde::Serialize) -> String {
    serde_json::to_value(word).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_hostile_world_has_a_name_of_its_own() {
        let worlds = scenarios();
        let names: BTreeSet<&String> = worlds.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), worlds.len());
        assert!(names.iter().any(|name| *name == "imap fetch huge_literal"));
        assert!(worlds.len() > 300, "{}", worlds.len());
    }
}
