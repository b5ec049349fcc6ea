//! The server is killed while people answer: what was confirmed is there when it is started again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::run::command;

/// Servers that are killed, fewer where nothing is optimised; `NAOSU_KILLS` sets another number.
const KILLS: u64 = if cfg!(debug_assertions) { 6 } else { 30 };

/// People who answer at once.
const PEOPLE: usize = 4;

/// Answers after which a person rests: cases end before.
const ANSWERS: usize = 12;

/// A server of its own process; it is killed with this.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut process = command()
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("NAOSU_LOG", "off")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the executable was built");
        let mut line = String::new();
        let mut told = BufReader::new(process.stderr.take().expect("it was asked for"));
        told.read_line(&mut line).expect("messages are UTF-8");
        let address = line.trim().rsplit_once("http://").unwrap_or_else(|| panic!("it says: {line}")).1;
        Self { address: address.parse().expect("an address"), process }
    }

    /// SIGKILL: nothing can be finished.
    fn kill(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An answer of the server, whole and with a status of success; nothing where it was killed before that.
#[expect(clippy::disallowed_methods, reason = "this is the client")]
fn ask(address: SocketAddr, what: &str, body: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    let request = format!(
        "{what} HTTP/1.1\r\nHost: naosu\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status: u16 = head.split(' ').nth(1)?.parse().ok()?;
    assert!(status < 500, "{what}: {text}");
    if status >= 300 { None } else { serde_json::from_str(body).ok() }
}

/// What a person was told is kept: the secret of the case, and the step and answer at each place.
struct Confirmed {
    secret: String,
    answers: Vec<(usize, String)>,
}

/// Answers until the server is gone or it is enough.
fn answer(address: SocketAddr, count: &AtomicUsize) -> Option<Confirmed> {
    let opened = ask(address, "POST /api/v1/cases", &json!({ "words": "メールが受信できない" }).to_string())?;
    let secret = opened["secret"].as_str().expect("a secret").to_owned();
    let mut confirmed = Confirmed { secret, answers: Vec::new() };
    count.fetch_add(1, Ordering::SeqCst);
    let mut next = ask(address, &format!("GET /api/v1/cases/{}/step", confirmed.secret), "");
    while let Some(shown) = next.take().filter(|_| confirmed.answers.len() < ANSWERS) {
        let Some(step) = shown["step"]["id"].as_str() else { break };
        let at = shown["at"].as_u64().and_then(|at| usize::try_from(at).ok()).expect("a number");
        let given = json!({ "at": at, "answer": "unknown" }).to_string();
        next = ask(address, &format!("POST /api/v1/cases/{}/answers", confirmed.secret), &given);
        if next.is_some() {
            confirmed.answers.push((at, step.to_owned()));
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
    Some(confirmed)
}

#[test]
fn links_lead_to_the_port_that_the_system_chose() {
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::start(data.path());
    let words = json!({ "words": "メールが受信できない" }).to_string();
    let opened = ask(server.address, "POST /api/v1/cases", &words).expect("it is opened");
    let expected = format!("http://{}/c/{}", server.address, opened["secret"].as_str().expect("a secret"));
    assert_eq!(opened["link"], expected);
}

#[test]
fn whatever_the_server_confirmed_is_there_after_it_was_killed() {
    let kills = std::env::var("NAOSU_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let answers: usize = (0..kills).map(killed_once).sum();
    assert!(kills == 0 || answers > 0, "something was confirmed");
}

/// Kills a server once; how many answers it had confirmed.
fn killed_once(seed: u64) -> usize {
    let mut random = StdRng::seed_from_u64(seed);
    let data = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(data.path());
    let (address, count) = (server.address, AtomicUsize::new(0));
    let enough = random.random_range(1..PEOPLE * ANSWERS * 2 / 3);
    let people = std::thread::scope(|scope| {
        let people: Vec<_> = (0..PEOPLE).map(|_| scope.spawn(|| answer(address, &count))).collect();
        // until so much is confirmed and more is on its way, or everybody rests
        while count.load(Ordering::SeqCst) < enough && people.iter().any(|one| !one.is_finished()) {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_micros(random.random_range(0..3000)));
        server.kill();
        people.into_iter().filter_map(|one| one.join().expect("nobody panics")).collect::<Vec<_>>()
    });

    let again = Server::start(data.path());
    let mut kept = 0;
    for person in &people {
        let path = format!("GET /api/v1/cases/{}/events", person.secret);
        let history = ask(again.address, &path, "").unwrap_or_else(|| panic!("seed {seed}: a case is lost"));
        let events = history["events"].as_array().expect("a list");
        for (at, step) in &person.answers {
            let what = events.get(*at).map(|event| event["what"].to_string()).unwrap_or_default();
            let said = step.split('.').next_back().expect("a part");
            assert!(what.contains(said) || said == "did_it_help", "seed {seed}: {at} {said}: {what}");
            kept += 1;
        }
        // and it goes on from there
        let path = format!("GET /api/v1/cases/{}/step", person.secret);
        assert!(ask(again.address, &path, "").is_some(), "seed {seed}");
    }
    kept
}
