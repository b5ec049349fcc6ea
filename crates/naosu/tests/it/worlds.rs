//! `naosu check` in every world that can be played inside this process: the verdict is the expected one, the report
//! follows its schema, no secret gets out, and nobody signs in where it is not safe or not allowed again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use naosu_lab::catalogue;
use naosu_lab::scenario::{Scenario, Verdict};
use naosu_lab::world::{Heard, SignIn, World};
use serde_json::Value;

use crate::run::{Ran, naosu};
use crate::schema;

/// Worlds that are played side by side; each mostly waits.
const SIDE_BY_SIDE: usize = 4;

#[test]
fn every_world_is_diagnosed_as_expected_and_no_secret_gets_out() {
    let names = catalogue::in_process();
    assert!(!names.is_empty(), "there are worlds to play");
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(what) = play(name) {
                        wrong.lock().expect("no thread panics with the lock").push(format!("{name}: {what}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no thread panicked");
    assert!(wrong.is_empty(), "{} of {} worlds:\n{}", wrong.len(), names.len(), wrong.join("\n"));
}

/// Plays one world and tells the first thing that is wrong.
fn play(name: &str) -> Result<(), String> {
    let scenario = catalogue::load(name).expect("it is listed").expect("it was loaded before");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    let (ran, evidence, sign_ins, heard) = runtime.block_on(async {
        let world = World::start(&scenario).await.expect("the world starts");
        let saved = world.directory().join("evidence-out.json");
        let arguments: Vec<String> =
            ["check"].iter().map(ToString::to_string).chain(world.arguments.clone()).collect();
        let target = saved.clone();
        let ran = tokio::task::spawn_blocking(move || {
            let more = ["--json", "--lang", "en", "--evidence-out", target.to_str().expect("it is UTF-8")];
            naosu(arguments.iter().map(String::as_str).chain(more))
        });
        let ran = ran.await.expect("the call does not panic");
        let evidence = std::fs::read_to_string(&saved).unwrap_or_default();
        (ran, evidence, world.sign_ins(), world.heard())
    });
    if let Some(password) = &scenario.check.password {
        quiet_about(password, &scenario.check.address, &ran, &evidence)?;
        nothing_in_the_clear(password, &scenario.check.address, &heard)?;
    }
    careful(&sign_ins, &evidence)?;
    expected(&scenario, &ran)?;
    repeated(&ran, &evidence)
}

/// The verdict, the first cause, the exit status, the schema.
fn expected(scenario: &Scenario, ran: &Ran) -> Result<(), String> {
    let report: Value = serde_json::from_str(&ran.stdout)
        .map_err(|error| format!("no report: {error}: {}{}", ran.stdout, ran.stderr))?;
    schema::report(&report);
    let (word, status) = match scenario.expect.verdict {
        Verdict::Healthy => ("healthy", 0),
        Verdict::CauseFound => ("cause_found", 1),
        Verdict::Inconclusive => ("inconclusive", 3),
    };
    let said = &report["diagnosis"];
    let first = said["causes"][0]["id"].as_str().unwrap_or("nothing");
    if said["verdict"] != word {
        return Err(format!("expected {word}, got {} with {first} first", said["verdict"]));
    }
    let right = scenario.expect.cause.iter().chain(&scenario.expect.also).any(|cause| cause == first);
    if scenario.expect.cause.is_some() && !right {
        return Err(format!("expected {:?}, got {first}", scenario.expect.cause));
    }
    if ran.status != Some(status) {
        return Err(format!("exit status {:?} instead of {status}", ran.status));
    }
    Ok(())
}

/// The saved evidence gives the same report again, and its text can be printed in both languages.
fn repeated(ran: &Ran, evidence: &str) -> Result<(), String> {
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(file.path(), evidence).expect("it can be written");
    let again = diagnose(file.path(), &["--json", "--lang", "en"]);
    if again.stdout != ran.stdout {
        return Err("the saved evidence gives another report".to_owned());
    }
    for lang in ["en", "ja"] {
        let text = diagnose(file.path(), &["--verbose", "--lang", lang]).stdout;
        if text.contains(['{', '}']) {
            return Err(format!("a placeholder was not filled in:\n{text}"));
        }
    }
    Ok(())
}

fn diagnose(path: &Path, more: &[&str]) -> Ran {
    naosu(["diagnose", path.to_str().expect("temporary paths are UTF-8")].iter().chain(more))
}

/// Neither the password nor what a sign-in makes of it is in any output.
pub(crate) fn quiet_about(password: &str, address: &str, ran: &Ran, evidence: &str) -> Result<(), String> {
    let forms = forms(password, address);
    for (place, text) in [("stdout", ran.stdout.as_str()), ("stderr", &ran.stderr), ("evidence", evidence)] {
        if let Some(form) = forms.iter().find(|form| text.contains(form.as_str())) {
            return Err(format!("{form} is in {place}"));
        }
    }
    Ok(())
}

/// No server heard the password, or what a sign-in makes of it, over a line that is not encrypted.
fn nothing_in_the_clear(password: &str, address: &str, heard: &[Heard]) -> Result<(), String> {
    let forms = forms(password, address);
    let tells = |line: &&Heard| !line.encrypted && forms.iter().any(|form| line.text.contains(form.as_str()));
    match heard.iter().find(tells) {
        Some(line) => Err(format!("{} heard {} in the clear", line.server, line.text)),
        None => Ok(()),
    }
}

/// A password as it goes over the line: itself, and in Base64 alone and with the user's name (RFC 4616).
fn forms(password: &str, address: &str) -> [String; 4] {
    let user = address.split('@').next().unwrap_or_default();
    [
        password.to_owned(),
        STANDARD.encode(password),
        STANDARD.encode(format!("\0{address}\0{password}")),
        STANDARD.encode(format!("\0{user}\0{password}")),
    ]
}

/// One sign-in per protocol at most, none over a line that is not encrypted, and none after the password was refused.
pub(crate) fn careful(sign_ins: &[SignIn], evidence: &str) -> Result<(), String> {
    let protocol =
        |server: &str| ["imap", "pop", "smtp"].into_iter().find(|protocol| server.starts_with(protocol));
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for sign_in in sign_ins {
        if !sign_in.encrypted {
            return Err(format!("signed in to {} without encryption", sign_in.server));
        }
        *times.entry(protocol(&sign_in.server).unwrap_or(&sign_in.server)).or_default() += 1;
    }
    if let Some((server, times)) = times.into_iter().find(|(_, times)| *times > 1) {
        return Err(format!("signed in to {server} {times} times"));
    }
    // a server that cannot check passwords now has not refused this one
    if evidence.contains("\"sign_in_unavailable\"") {
        return Ok(());
    }
    let mut refused = sign_ins.iter().skip_while(|sign_in| sign_in.accepted);
    match (refused.next(), refused.next()) {
        (Some(first), Some(again)) => {
            Err(format!("signed in to {} after {} had refused it", again.server, first.server))
        }
        _ => Ok(()),
    }
}

#[test]
fn try_shows_a_world_and_keeps_its_password() {
    let list = naosu(["try", "--list"]);
    assert_eq!(list.status, Some(0), "{}", list.stderr);
    let names = catalogue::in_process();
    for name in &names {
        assert!(list.stdout.contains(name), "{name} is not listed");
    }
    let name = names.iter().find(|name| **name != "healthy").unwrap_or(&"healthy");
    let scenario = catalogue::load(name).unwrap().unwrap();
    for more in [&["--json"][..], &["--verbose", "--lang", "en"], &["--verbose", "--lang", "ja"]] {
        let ran = naosu(["try", name].iter().chain(more));
        if let Some(password) = &scenario.check.password {
            quiet_about(password, &scenario.check.address, &ran, "").unwrap();
        }
        assert!(!ran.stdout.is_empty(), "{more:?}: {}", ran.stderr);
    }
}
