//! Many people in guided cases at once, through the real server over loopback.
//!
//! ```text
//! cargo build --release -p naosu
//! cargo run --release --example many_people -p naosu-server -- target/release/naosu DIR|postgres://… 200 3
//! ```
//!
//! Starts the program as a server of its own, lets so many people go through a case from the first words to its end, each so
//! many times, and prints how many requests were made, how many failed, how long the answers took, and what memory the
//! server used. It ends with an error when a single request failed.
#![allow(clippy::print_stdout, reason = "it prints figures")]

use std::net::SocketAddr;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use self::client::{Client, told_times};
use self::server::Server;

#[path = "measuring/client.rs"]
mod client;
#[path = "measuring/server.rs"]
mod server;

/// Where a case has not ended after so many steps, somebody stops it.
const STEPS: usize = 60;

const SAID: [&str; 8] = [
    "iPhoneでメールを取得できません。サーバへの接続に失敗しました",
    "Cannot Get Mail. The connection to the server failed.",
    "ドコモメールが昨日から届かない",
    "Outlook 0x800CCC0E on Windows 11",
    "Apple IDサーバへの接続中にエラーが発生しました",
    "Gmail asks for the password again and again on my Mac",
    "証明書が無効ですと出ます 会社のメール",
    "iCloud mail not working on iPad since update",
];

/// What a person saw.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    ended: usize,
    failures: Vec<String>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [program, place, people, rounds] = arguments.as_slice() else {
        bail!("PROGRAM DIR|URL PEOPLE ROUNDS")
    };
    let (people, rounds): (usize, usize) = (people.parse()?, rounds.parse()?);
    let server = Server::start(program, place)?;
    println!("memory at rest: {}", server.memory());
    let began = Instant::now();
    let together = Barrier::new(people);
    let seen = std::thread::scope(|scope| {
        let walks: Vec<_> = (0..people)
            .map(|number| {
                let (together, address) = (&together, server.address);
                scope.spawn(move || {
                    let mut seen = Seen::default();
                    let mut random = StdRng::seed_from_u64(u64::try_from(number).unwrap_or(0));
                    together.wait();
                    for _ in 0..rounds {
                        if let Err(error) = walk(address, &mut random, &mut seen) {
                            seen.failures.push(format!("{error:#}"));
                        }
                    }
                    seen
                })
            })
            .collect();
        walks.into_iter().filter_map(|walk| walk.join().ok()).collect::<Vec<_>>()
    });
    let took = began.elapsed();
    let mut times: Vec<Duration> = seen.iter().flat_map(|one| one.times.iter().copied()).collect();
    let ended: usize = seen.iter().map(|one| one.ended).sum();
    let failures: Vec<&String> = seen.iter().flat_map(|one| &one.failures).collect();
    println!("{people} people, {ended} cases gone through in {took:.1?}: {}", told_times(&mut times));
    println!("memory: {}", server.memory());
    println!("failures: {}", failures.len());
    for failure in failures.iter().take(5) {
        println!("  {failure}");
    }
    ensure!(failures.is_empty() && ended == people * rounds, "not everybody got to the end");
    Ok(())
}

/// One person with one case, from the first words to its end.
fn walk(address: SocketAddr, random: &mut StdRng, seen: &mut Seen) -> Result<()> {
    let mut browser = Client::new(address)?;
    let mut timed = |browser: &mut Client, path: &str, form: Option<&[(&str, &str)]>| {
        let began = Instant::now();
        let answer = match form {
            None => browser.get(path),
            Some(form) => browser.post(path, form),
        };
        seen.times.push(began.elapsed());
        answer
    };
    timed(&mut browser, "/", None)?;
    let words = SAID[random.random_range(0..SAID.len())];
    let opened = timed(&mut browser, "/cases", Some(&[("words", words)]))?;
    let case = opened.location.with_context(|| format!("opening: {}", opened.status))?;
    for step in 0..STEPS {
        let page = timed(&mut browser, &case, None)?.body;
        let Some(at) = value_of(&page, "name=\"at\" value=\"") else {
            // over: what it was, and the package
            timed(&mut browser, &format!("{case}/package"), None)?;
            seen.ended += 1;
            return Ok(());
        };
        if step == 2 {
            timed(&mut browser, &format!("{case}/move"), None)?;
        }
        let answers: Vec<&str> = page.split("name=\"answer\" value=\"").skip(1).collect();
        let answers: Vec<&str> = answers.iter().filter_map(|rest| rest.split('"').next()).collect();
        ensure!(!answers.is_empty(), "a card without answers");
        // mostly it does not help: cases are to be long
        let helped = random.random_bool(0.15);
        let wanted = if helped { "fixed" } else { "not_fixed" };
        let any = answers[random.random_range(0..answers.len())];
        let answer = if answers.contains(&wanted) { wanted } else { any };
        let form = [("at", at.as_str()), ("answer", answer)];
        let went = timed(&mut browser, &format!("{case}/answer"), Some(&form))?;
        ensure!(went.status == 303, "{case}: {answer}: {}", went.status);
    }
    let stopped = timed(&mut browser, &format!("{case}/stop"), Some(&[]))?;
    ensure!(stopped.status == 303, "stopping: {}", stopped.status);
    seen.ended += 1;
    Ok(())
}

fn value_of(page: &str, before: &str) -> Option<String> {
    Some(page.split_once(before)?.1.split('"').next()?.to_owned())
}
