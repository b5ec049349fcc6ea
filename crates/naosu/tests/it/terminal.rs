//! `naosu` on a terminal, as a person meets it.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use naosu_lab::scenario::Scenario;
use naosu_lab::world::{SignIn, World};
use nix::sys::wait::WaitStatus;
use rexpect::process::PtyProcess;
use unicode_width::UnicodeWidthStr;

/// How long something is waited for on the screen.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program that a shell starts in the background ignores SIGINT, and so do those that it starts: Ctrl-C would do nothing.
/// No shell can undo that for itself; GNU `env` can.
const WITH_SIGINT: &str =
    "if env --default-signal=INT true 2> /dev/null; then exec env --default-signal=INT \"$0\" \"$@\"; fi;";

/// A terminal with `naosu` in it.
struct Terminal {
    process: PtyProcess,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
    columns: usize,
    /// So much of the screen was read already.
    read: usize,
}

impl Terminal {
    /// Starts `naosu` in a terminal that wide, with its data and its current folder there.
    fn start(data: &Path, columns: usize, lang: &str, arguments: &[String]) -> Self {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("stty cols {columns} rows 50; {WITH_SIGINT} exec \"$0\" \"$@\""))
            .arg(env!("CARGO_BIN_EXE_naosu"))
            .args(arguments)
            .current_dir(data)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", data)
            .env("XDG_DATA_HOME", data)
            .env("TERM", "xterm")
            .env("TZ", "UTC")
            .env("NO_COLOR", "1")
            .env("LANG", if lang == "ja" { "ja_JP.UTF-8" } else { "C.UTF-8" });
        let process = PtyProcess::new(command).expect("a terminal can be had");
        let keyboard = process.get_file_handle().expect("its other end");
        let mut output = process.get_file_handle().expect("its other end");
        let screen = Arc::new(Mutex::new(Vec::new()));
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // ends with an error when the program has
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                shown.lock().expect("nobody panics with it").extend_from_slice(&bytes[..read]);
            }
        });
        Self { process, keyboard, screen, columns, read: 0 }
    }

    /// All that was shown, without what steers a terminal.
    fn text(&self) -> String {
        let bytes = self.screen.lock().expect("nobody panics with it").clone();
        plain(&String::from_utf8_lossy(&bytes))
    }

    /// What of the text came after the last answer.
    fn since_then<'a>(&self, text: &'a str) -> &'a str {
        // what was written over what stood there can have shortened it
        &text[text.floor_char_boundary(self.read)..]
    }

    /// What was shown since the last answer, as soon as that is in it.
    fn wait_for(&mut self, wanted: &str) -> String {
        let begun = Instant::now();
        loop {
            let text = self.text();
            let new = self.since_then(&text);
            if flat(new).contains(&flat(wanted)) {
                return new.to_owned();
            }
            assert!(begun.elapsed() < PATIENCE, "{wanted:?} was not shown:\n{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What was shown since the last answer, as soon as an answer is waited for.
    fn prompt(&mut self) -> String {
        let begun = Instant::now();
        loop {
            let text = self.text();
            if text.len() > self.read && text.ends_with("\n> ") {
                return self.since_then(&text).to_owned();
            }
            assert!(begun.elapsed() < PATIENCE, "nothing is asked:\n{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn say(&mut self, answer: &str) {
        self.read = self.text().len();
        self.keyboard.write_all(format!("{answer}\n").as_bytes()).expect("somebody reads");
    }

    /// Chooses the answer with that text; false where it is not among them.
    fn choose(&mut self, wanted: &str) -> bool {
        let text = flat(&self.prompt());
        // each answer is its number and its text
        let Some(place) = text.find(wanted) else { return false };
        let number: String =
            text[..place].chars().rev().skip_while(|c| *c == ' ').take_while(char::is_ascii_digit).collect();
        assert!(!number.is_empty(), "no number before {wanted}: {text}");
        self.say(&number.chars().rev().collect::<String>());
        true
    }

    /// What is shown next; where a refused password is to be sent again, something was changed, and it may.
    fn answered_password(&mut self, lang: &str) -> String {
        let begun = Instant::now();
        loop {
            let text = self.text();
            let new = self.since_then(&text).to_owned();
            if new.ends_with("[y/N] ") {
                self.say(if lang == "ja" { "はい" } else { "y" });
            } else if new.ends_with("\n> ") || new.contains("naosu case resume") {
                return new;
            }
            assert!(begun.elapsed() < PATIENCE, "nothing is shown:\n{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the end; every line stayed within the terminal, and nothing was coloured.
    fn end(self) -> (String, WaitStatus) {
        let begun = Instant::now();
        let status = loop {
            match self.process.status() {
                Some(WaitStatus::StillAlive) => {}
                Some(status) => break status,
                None => panic!("the program is gone:\n{}", self.text()),
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        };
        std::thread::sleep(Duration::from_millis(50));
        let text = self.text();
        for line in text.lines().filter(|line| !line.starts_with("> ") && !line.contains("[y/N]")) {
            assert!(line.width() <= self.columns, "{} columns of {}: {line}", line.width(), self.columns);
        }
        let raw = self.screen.lock().expect("nobody panics with it").clone();
        let raw = String::from_utf8_lossy(&raw).into_owned();
        for escape in raw.split('\u{1b}').skip(1) {
            let code =
                escape.trim_start_matches('[').trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
            assert!(!code.starts_with('m'), "coloured though NO_COLOR says not: {escape:?}");
        }
        (text, status)
    }
}

/// Without escape sequences, with the last of what was written over each other.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\u{1b}' => {
                if characters.next_if_eq(&'[').is_some() {
                    while characters.next_if(|c| !c.is_ascii_alphabetic()).is_some() {}
                }
                characters.next();
            }
            '\u{7}' => {}
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' => {
                let keep = out.rfind('\n').map_or(0, |place| place + 1);
                out.truncate(keep);
            }
            c => out.push(c),
        }
    }
    out
}

/// In one line, without the spaces of wrapping.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn exited(status: WaitStatus) -> Option<i32> {
    match status {
        WaitStatus::Exited(_, code) => Some(code),
        _ => None,
    }
}

/// Worlds one after the other behind the same ports: what was broken is mended between two measurements.
struct Stages {
    arguments: Vec<String>,
    at: Arc<AtomicUsize>,
    sign_ins: Vec<Box<dyn Fn() -> Vec<SignIn>>>,
    _end: Vec<mpsc::Sender<()>>,
    _files: tempfile::TempDir,
}

impl Stages {
    /// Worlds of these scenarios; the first one's names, addresses and password hold for all.
    fn start(scenarios: &[&str]) -> Self {
        let mut worlds = Vec::new();
        let (mut ends, mut sign_ins) = (Vec::new(), Vec::<Box<dyn Fn() -> Vec<SignIn>>>::new());
        for text in scenarios {
            let scenario = Scenario::load(text).expect("a scenario");
            let (ready, started) = mpsc::channel();
            let (end, ended) = mpsc::channel::<()>();
            let (ask, asked) = mpsc::channel::<mpsc::Sender<Vec<SignIn>>>();
            std::thread::spawn(move || {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(async {
                    let world = World::start(&scenario).await.expect("the world starts");
                    ready
                        .send((world.arguments.clone(), world.endpoints.clone(), world.ca_pem.clone()))
                        .expect("it is waited for");
                    while ended.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
                        if let Ok(answer) = asked.try_recv() {
                            drop(answer.send(world.sign_ins()));
                        }
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                });
            });
            worlds.push(started.recv().expect("the world starts"));
            ends.push(end);
            sign_ins.push(Box::new(move || {
                let (answer, answered) = mpsc::channel();
                ask.send(answer).expect("the world goes on");
                answered.recv().expect("the world answers")
            }));
        }
        let at = Arc::new(AtomicUsize::new(0));
        let mut arguments = worlds[0].0.clone();
        for (name, first) in &worlds[0].1 {
            let targets: Vec<SocketAddr> =
                worlds.iter().filter_map(|world| world.1.get(name).copied()).collect();
            let mails = ["imap", "smtp", "pop", "status"].contains(&name.as_str());
            if !mails || targets.len() < worlds.len() {
                continue;
            }
            let port = forward(*first, targets, Arc::clone(&at)).port();
            for argument in &mut arguments {
                *argument = argument.replace(&format!(":{}/", first.port()), &format!(":{port}/"));
            }
        }
        let files = tempfile::tempdir().expect("a folder");
        let trusted = files.path().join("ca.pem");
        std::fs::write(&trusted, worlds.iter().fold(String::new(), |all, world| all + &world.2))
            .expect("a file");
        let place =
            arguments.iter().position(|argument| argument == "--ca-file").expect("a world has its own roots");
        arguments[place + 1] = trusted.display().to_string();
        Self { arguments, at, sign_ins, _end: ends, _files: files }
    }

    /// `check` in the first of them.
    fn check(&self) -> Vec<String> {
        ["check".to_owned()].into_iter().chain(self.arguments.iter().cloned()).collect()
    }

    /// Goes on to that world.
    fn go(&self, stage: usize) {
        self.at.store(stage, Ordering::SeqCst);
    }

    fn sign_ins(&self, stage: usize) -> usize {
        (self.sign_ins[stage])().len()
    }
}

/// Passes connections on to the target whose turn it is.
#[expect(
    clippy::disallowed_methods,
    reason = "it is the test's own wire between worlds; naosu opens no socket here"
)]
fn forward(like: SocketAddr, targets: Vec<SocketAddr>, at: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind((like.ip(), 0)).expect("a port");
    let address = listener.local_addr().expect("it has one");
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let Ok(far) = TcpStream::connect(targets[at.load(Ordering::SeqCst)]) else { continue };
            let copies = [(near.try_clone(), far.try_clone()), (far.try_clone(), near.try_clone())];
            for (from, to) in copies {
                let (Ok(mut from), Ok(mut to)) = (from, to) else { continue };
                std::thread::spawn(move || {
                    drop(std::io::copy(&mut from, &mut to));
                    drop(to.shutdown(std::net::Shutdown::Write));
                });
            }
        }
    });
    address
}

/// A world of an account with a password, with these faults.
fn world(faults: &str) -> String {
    format!(
        r#"
title = {{ en = "x", ja = "x" }}
[expect]
verdict = "healthy"
[check]
password = "yuri-no-hana-5"
arguments = ["--imap", "{{imap}}/tls", "--smtp", "{{smtp}}/starttls"]
[process]
{faults}
"#
    )
}

fn words(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|argument| (*argument).to_owned()).collect()
}

/// Answers questions with the last answer, which is that it is not known, until something is to be done; its screen.
fn until_a_step(terminal: &mut Terminal, unit: &str) -> String {
    for _ in 0..30 {
        let text = terminal.prompt();
        let title = flat(text.rsplit('▶').next().expect("a step"));
        let head = title.split(" 1 ").next().unwrap_or_default();
        let short = if unit == "min)" { "(under a minute)" } else { "(1分以内)" };
        if head.contains(unit) || head.contains(short) {
            return text;
        }
        let last =
            text.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u32>().ok()).next_back();
        terminal.say(&last.expect("a question has answers").to_string());
    }
    panic!("nothing is to be done:\n{}", terminal.text());
}

#[test]
fn words_alone_lead_to_an_end_in_both_languages_and_widths() {
    let runs = [
        (
            40,
            "ja",
            "iPhoneで「サーバの識別情報を検証できません」と出ます",
            "分)",
            "やってみて、直った",
            "解決しました",
        ),
        (
            100,
            "en",
            "Cannot Verify Server Identity on my iPhone",
            "min)",
            "done, and it works now",
            "Solved.",
        ),
    ];
    for (columns, lang, said, unit, fixed, solved) in runs {
        let data = tempfile::tempdir().expect("a folder");
        let mut terminal = Terminal::start(data.path(), columns, lang, &[]);
        terminal.prompt();
        terminal.say(said);
        // the device is in the words: the address comes next
        assert!(terminal.prompt().contains(if lang == "ja" {
            "メールアドレス"
        } else {
            "mail address"
        }));
        terminal.say("no address");
        let again = terminal.prompt();
        assert!(flat(&again).contains("hanako@example.jp"), "{again}");
        terminal.say("");
        until_a_step(&mut terminal, unit);
        assert!(terminal.choose(fixed));
        terminal.wait_for(solved);
        let (text, status) = terminal.end();
        assert_eq!(exited(status), Some(0), "{text}");
    }
}

#[test]
fn japanese_words_are_answered_in_japanese_wherever_they_are_said() {
    let data = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::start(data.path(), 60, "en", &[]);
    terminal.wait_for("What is wrong?");
    terminal.say("メールを取得できません");
    assert!(flat(&terminal.prompt()).contains("どの端末ですか"));
    terminal.say("");
    assert!(flat(&terminal.prompt()).contains("メールアドレス"));
    terminal.say("");
    assert!(terminal.prompt().contains("戻る"));
    terminal.say("p");
    terminal.end();

    let said = words(&["case", "--text", "メールを取得できません"]);
    let mut terminal = Terminal::start(data.path(), 60, "en", &said);
    assert!(terminal.prompt().contains("戻る"));
    terminal.say("p");
    terminal.end();
    // unless another language is asked for
    let mut terminal = Terminal::start(data.path(), 60, "en", &words(&["--lang", "en"]));
    terminal.prompt();
    terminal.say("メールを取得できません");
    assert!(flat(&terminal.prompt()).contains("On which device?"));
    terminal.say("");
    terminal.prompt();
    terminal.say("");
    assert!(terminal.prompt().contains("back"));
    terminal.say("p");
    terminal.end();
}

#[test]
fn what_is_kept_is_listed_within_the_terminal() {
    let data = tempfile::tempdir().expect("a folder");
    let long = format!(
        "{}。\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J",
        "証明書の期限が切れたと出て、受信できません".repeat(9)
    );
    let ran = crate::run::naosu_in(data.path(), &["case", "--stdio", "--keep", "--text", &long], "");
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    for columns in [40, 60] {
        for (arguments, last) in
            [(&["case", "list"][..], "…"), (&["case", "show", "1"], "naosu case resume 1")]
        {
            let mut terminal = Terminal::start(data.path(), columns, "ja", &words(arguments));
            terminal.wait_for(last);
            let raw = Arc::clone(&terminal.screen);
            // which looks at the width of each line
            let (text, status) = terminal.end();
            assert_eq!(exited(status), Some(0), "{text}");
            assert!(text.contains("証明書"), "{text}");
            let raw = String::from_utf8_lossy(&raw.lock().expect("nobody panics with it")).into_owned();
            assert!(!raw.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{raw:?}");
        }
    }
}

#[test]
fn back_history_language_pause_and_resume() {
    let data = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::start(data.path(), 60, "en", &[]);
    terminal.prompt();
    terminal.say("Mail does not arrive on my iPhone");
    terminal.prompt();
    terminal.say("");
    let first = terminal.prompt();
    terminal.say("b");
    assert!(terminal.prompt().contains("This is the first step."));
    terminal.say("nonsense");
    assert!(flat(&terminal.prompt()).contains("Choose one of the letters or numbers"));
    terminal.say("1");
    let second = terminal.prompt();
    let step = |text: &str| flat(text.rsplit('▶').next().expect("a step"));
    assert_ne!(step(&first), step(&second));
    terminal.say("b");
    assert_eq!(step(&terminal.prompt()), step(&first));
    terminal.say("2");
    terminal.prompt();
    terminal.say("h");
    assert!(flat(&terminal.prompt()).contains("A number takes that back"));
    terminal.say("1");
    assert_eq!(step(&terminal.prompt()), step(&first));
    terminal.say("１");
    assert_eq!(step(&terminal.prompt()), step(&second));
    terminal.say("l");
    assert!(terminal.prompt().contains("戻る"));
    terminal.say("p");
    terminal.wait_for("naosu case resume 1");
    let (text, status) = terminal.end();
    assert_eq!(exited(status), Some(0), "{text}");

    // it goes on in the language that was chosen
    let mut terminal = Terminal::start(data.path(), 60, "en", &words(&["case", "resume", "1"]));
    let again = terminal.prompt();
    assert!(again.contains("開始: ") && again.contains("戻る"), "{again}");
    terminal.say("l");
    assert_eq!(step(&terminal.prompt()), step(&second));
    terminal.say("q");
    terminal.wait_for("naosu case export 1");
    terminal.end();

    // over, and opened again
    let mut terminal = Terminal::start(data.path(), 60, "en", &words(&["case", "resume", "1"]));
    terminal.wait_for("[y/N]");
    terminal.say("y");
    assert_eq!(step(&terminal.prompt()), step(&second));
    // Ctrl-C leaves it as it is
    terminal.keyboard.write_all(&[3]).expect("somebody reads");
    let (text, status) = terminal.end();
    assert!(matches!(status, WaitStatus::Signaled(..)) || exited(status) == Some(130), "{status:?}\n{text}");
    let mut terminal =
        Terminal::start(data.path(), 60, "en", &words(&["case", "resume", "1", "--lang", "en"]));
    assert_eq!(step(&terminal.prompt()), step(&second));
    // so does the end of the input
    terminal.keyboard.write_all(&[4]).expect("somebody reads");
    terminal.wait_for("naosu case resume 1");
    assert_eq!(exited(terminal.end().1), Some(0));
}

#[test]
fn what_is_put_off_comes_back_later() {
    let data = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::start(data.path(), 100, "en", &[]);
    terminal.prompt();
    terminal.say("Cannot Verify Server Identity on my iPhone");
    terminal.prompt();
    terminal.say("");
    let text = until_a_step(&mut terminal, "min)");
    let title = |text: &str| {
        text.rsplit('▶').next().and_then(|text| text.lines().next()).unwrap_or_default().to_owned()
    };
    let put_off = title(&text);
    assert!(terminal.choose("later: something else first"));
    assert_ne!(title(&terminal.prompt()), put_off);
    terminal.say("p");
    terminal.end();
    shift(data.path(), 13 * 3600);
    let mut terminal = Terminal::start(data.path(), 100, "en", &words(&["case", "resume", "1"]));
    let text = terminal.prompt();
    assert_eq!(title(&text), put_off, "{text}");
    assert!(text.contains("You put this off earlier."), "{text}");
    terminal.say("p");
    terminal.end();
}

/// Makes all that was kept that much older.
fn shift(data: &Path, seconds: u64) {
    let file = rusqlite::Connection::open(data.join("naosu/cases.sqlite3")).expect("the store");
    let older = format!(
        "DROP TRIGGER event_stays; UPDATE event SET at = at - {seconds}, \
         event = json_set(event, '$.at', json_extract(event, '$.at') - {seconds});"
    );
    file.execute_batch(&older).expect("it can be made older");
}

#[test]
fn a_repair_is_verified_by_measuring_again_and_a_refused_password_is_not_sent_twice() {
    let refused = "imap.replies.sign_in = \"NO [AUTHENTICATIONFAILED] Authentication failed.\"\n\
                   smtp.replies.sign_in = \"535 5.7.8 Error: authentication failed\"";
    let stages = Stages::start(&[&world(refused), &world("")]);
    let data = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::start(data.path(), 100, "en", &stages.check());
    until_a_step(&mut terminal, "min)");
    let before = stages.sign_ins(0);
    assert!(terminal.choose("done; measure whether it works now"));
    terminal.wait_for("was refused before");
    terminal.say("n");
    // what is not measured is asked
    assert!(terminal.choose("No, it is as before."));
    until_a_step(&mut terminal, "min)");
    assert_eq!(stages.sign_ins(0), before, "the same password was not sent again");
    assert_eq!(before, 1, "one sign-in, after the refusal none");
    stages.go(1);
    let mut said = 0;
    while !terminal.choose("done; measure whether it works now") {
        assert!(said < 10, "a repair that can be measured comes:\n{}", terminal.text());
        assert!(terminal.choose("done, still the same"));
        until_a_step(&mut terminal, "min)");
        said += 1;
    }
    terminal.wait_for("was refused before");
    terminal.say("y");
    terminal.wait_for("Solved.");
    assert!(stages.sign_ins(1) >= 1);
    let (text, status) = terminal.end();
    assert_eq!(exited(status), Some(1), "{text}");
    assert!(!text.contains("yuri-no-hana-5"), "{text}");
}

#[test]
fn of_two_faults_the_second_is_named_when_the_first_is_mended() {
    let imap = "imap.replies.sign_in = \"NO [AUTHENTICATIONFAILED] Authentication failed.\"";
    let smtp = "smtp.tls.certificate = \"expired\"";
    let both = format!("{imap}\n{smtp}");
    let texts = [
        (
            "en",
            "min)",
            "done; measure whether it works now",
            "done, still the same",
            "expired",
            "Mended: ",
            "Solved.",
        ),
        (
            "ja",
            "分)",
            "やってみた(直ったかどうかを測る)",
            "やってみたが、直らない",
            "期限切れ",
            "は直りました",
            "解決しました",
        ),
    ];
    for (lang, unit, done, same, certificate, mended, solved) in texts {
        let stages = Stages::start(&[&world(&both), &world(imap), &world(smtp), &world("")]);
        let data = tempfile::tempdir().expect("a folder");
        let mut terminal = Terminal::start(data.path(), 80, lang, &stages.check());
        let first = until_a_step(&mut terminal, unit);
        let cause =
            first.split(if lang == "ja" { "原因" } else { "Cause" }).nth(1).expect("a cause is named");
        // what is named first is mended first
        stages.go(if flat(cause.split('▶').next().expect("a text")).contains(certificate) { 1 } else { 2 });
        for stage in [0, 3] {
            if stage > 0 {
                stages.go(stage);
            }
            let mut tried = 0;
            while !terminal.choose(done) {
                assert!(tried < 8, "a repair that can be measured comes:\n{}", terminal.text());
                assert!(terminal.choose(same));
                until_a_step(&mut terminal, unit);
                tried += 1;
            }
            if stage == 0 {
                let text = terminal.answered_password(lang);
                assert!(flat(&text).contains(mended), "{text}");
                until_a_step(&mut terminal, unit);
            }
        }
        terminal.answered_password(lang);
        terminal.wait_for(solved);
        terminal.end();
    }
}

/// A world whose provider has an outage, or has none any more.
fn outage(is_over: bool) -> String {
    let (replies, state) = if is_over {
        ("", "operational")
    } else {
        (
            "imap.replies.sign_in = \"NO [UNAVAILABLE] Temporary System Problem (Failure)\"\n\
             smtp.replies.sign_in = \"454 4.7.0 Cannot authenticate due to temporary system problem. Try again later\"",
            "outage",
        )
    };
    format!(
        r#"
title = {{ en = "x", ja = "x" }}
[expect]
verdict = "healthy"
[check]
address = "hanako@icloud.com"
password = "yuri-no-hana-5"
arguments = ["--imap", "{{imap}}/tls", "--smtp", "{{smtp}}/starttls", "--status-url", "icloud={{status.url}}/data/system_status_en_US.js"]
[process]
{replies}
[process.more.status]
kind = "http"
[process.more.status.pages."/data/system_status_en_US.js"]
feed = {{ format = "apple", service = "iCloud Mail", state = "{state}" }}
"#
    )
}

#[test]
fn an_outage_is_waited_for_and_told_to_be_over() {
    let stages = Stages::start(&[&outage(false), &outage(true)]);
    let data = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::start(data.path(), 100, "en", &stages.check());
    let text = until_a_step(&mut terminal, "min)");
    assert!(text.contains("until 20"), "a wait says when it is over:\n{text}");
    terminal.say("c");
    terminal.wait_for("naosu-case-1.ics");
    let calendar = std::fs::read_to_string(data.path().join("naosu-case-1.ics")).expect("the calendar file");
    let calendar = calendar.replace("\r\n ", "");
    assert!(calendar.contains("naosu case resume 1") && calendar.contains("DTSTART:20"), "{calendar}");
    let uid = |text: &str| text.lines().find(|line| line.starts_with("UID:")).map(str::to_owned);
    terminal.prompt();
    // somebody's own file is not written over unasked
    std::fs::write(data.path().join("naosu-case-1.ics"), "mine").expect("it can be written");
    terminal.say("c");
    terminal.wait_for("[y/N]");
    terminal.say("n");
    terminal.prompt();
    let kept = std::fs::read_to_string(data.path().join("naosu-case-1.ics")).expect("the file");
    assert_eq!(kept, "mine");
    terminal.say("c");
    terminal.wait_for("[y/N]");
    terminal.say("y");
    terminal.wait_for("Written:");
    let again = std::fs::read_to_string(data.path().join("naosu-case-1.ics")).expect("the calendar file");
    assert_eq!(uid(&again.replace("\r\n ", "")), uid(&calendar));
    terminal.prompt();
    assert!(terminal.choose("look now whether it works again"));
    let text = until_a_step(&mut terminal, "min)");
    assert!(text.contains("until 20"), "still out: the wait goes on:\n{text}");
    terminal.say("p");
    terminal.end();

    // the servers that were named are measured again, weeks later and in another run
    shift(data.path(), 20 * 24 * 3600);
    stages.go(1);
    let mut terminal = Terminal::start(data.path(), 100, "en", &words(&["case", "resume", "1"]));
    terminal.wait_for("it is measured again");
    terminal.wait_for("Password of hanako@icloud.com");
    terminal.say("yuri-no-hana-5");
    terminal.wait_for("Solved.");
    assert!(stages.sign_ins(1) >= 1, "the named servers were asked");
    let (text, status) = terminal.end();
    assert_eq!(exited(status), Some(0), "{text}");
    assert!(!text.contains("yuri-no-hana-5"), "{text}");
}
