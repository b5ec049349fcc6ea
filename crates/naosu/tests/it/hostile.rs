//! `naosu check` against servers that are broken on purpose or mean harm: it ends within its deadline, does not panic,
//! stays small, signs in at most once, and does not call healthy what cannot be used.
//!
//! Every third world is played, all of them with `NAOSU_HOSTILE=all`; a part of a name in its place plays those worlds.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use naosu_lab::hostile;
use naosu_lab::scenario::Scenario;
use naosu_lab::world::World;
use serde_json::Value;

use crate::run::command;
use crate::schema;
use crate::worlds::{careful, quiet_about};

/// Worlds that are played side by side; most wait for their deadline.
const SIDE_BY_SIDE: usize = 4;

/// The whole run may take this long, in seconds.
const DEADLINE: u64 = 4;

/// What starting the process may add to it, on a machine that is busy with other tests.
const GRACE: Duration = Duration::from_secs(2);

/// The most memory a run may hold, in KiB.
const MEMORY: u64 = 64 * 1024;

#[test]
fn no_hostile_server_breaks_a_run() {
    let wanted = std::env::var("NAOSU_HOSTILE").unwrap_or_default();
    let worlds: Vec<(String, Scenario)> = hostile::scenarios()
        .into_iter()
        .enumerate()
        .filter(|(number, (name, _))| match wanted.as_str() {
            "" => number % 3 == 0,
            "all" => true,
            part => name.contains(part),
        })
        .map(|(_, world)| world)
        .collect();
    assert!(!worlds.is_empty(), "no hostile world is called like {wanted}");
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some((name, scenario)) = worlds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(what) = play(name, scenario) {
                        wrong.lock().expect("no thread panics with the lock").push(format!("{name}: {what}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no thread panicked");
    assert!(wrong.is_empty(), "{} of {} worlds:\n{}", wrong.len(), worlds.len(), wrong.join("\n"));
}

/// How a run in a hostile world came out.
struct Run {
    status: Option<i32>,
    elapsed: Duration,
    /// The most memory that was seen, in KiB; none where the system does not say.
    memory: Option<u64>,
}

/// Plays one world and tells the first thing that is wrong.
fn play(name: &str, scenario: &Scenario) -> Result<(), String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    let (run, outputs, evidence, sign_ins) = runtime.block_on(async {
        let world = World::start(scenario).await.expect("the world starts");
        let run = run(&world.arguments, world.directory()).await;
        let read = |name: &str| {
            let bytes = std::fs::read(world.directory().join(name)).unwrap_or_default();
            String::from_utf8(bytes).expect("every output is UTF-8")
        };
        let outputs = crate::run::Ran { status: run.status, stdout: read("stdout"), stderr: read("stderr") };
        (run, outputs, read("evidence-out.json"), world.sign_ins())
    });
    if run.elapsed > Duration::from_secs(DEADLINE) + GRACE {
        return Err(format!("took {:.1} s", run.elapsed.as_secs_f64()));
    }
    if !matches!(run.status, Some(0 | 1 | 3)) || outputs.stderr.contains("panicked") {
        return Err(format!("ended with {:?}: {}", run.status, outputs.stderr));
    }
    if let Some(memory) = run.memory.filter(|memory| *memory > MEMORY) {
        return Err(format!("held {memory} KiB"));
    }
    let report: Value =
        serde_json::from_str(&outputs.stdout).map_err(|error| format!("no report: {error}"))?;
    schema::report(&report);
    if report["diagnosis"]["verdict"] == "healthy" && !harmless(name) {
        return Err("called healthy".to_owned());
    }
    if let Some(password) = &scenario.check.password {
        quiet_about(password, &scenario.check.address, &outputs, &evidence)?;
    }
    careful(&sign_ins, &evidence)
}

/// Whether an account can be used in spite of what its server does, so that calling it healthy is right.
fn harmless(name: &str) -> bool {
    const HARMLESS: [&str; 11] = [
        // the clock has other witnesses
        "ntp ",
        // the servers themselves show that there is a way out
        "connectivity ",
        // what the provider says of itself is beside the point where its servers work
        "status ",
        // the good-bye comes after everything
        "imap logout ",
        "pop quit ",
        "smtp quit ",
        // the same question over TCP is answered
        "dns truncated",
        // an untagged NO is a warning (RFC 9051 section 7.1.2)
        "imap greeting ok_then_no",
        // what comes in the clear after the answer to STARTTLS is thrown away (RFC 9051 section 6.2.1)
        "imap starttls ok_then_no",
        "pop starttls ok_then_no",
        "smtp starttls ok_then_no",
    ];
    HARMLESS.iter().any(|beginning| name.starts_with(beginning))
}

async fn run(arguments: &[String], directory: &Path) -> Run {
    let file = |name: &str| File::create(directory.join(name)).expect("the world's directory can be written");
    let mut command = command();
    command
        .arg("check")
        .args(arguments)
        .args(["--json", "--lang", "en", "--deadline", &DEADLINE.to_string(), "--evidence-out"])
        .arg(directory.join("evidence-out.json"))
        .stdin(Stdio::null())
        .stdout(file("stdout"))
        .stderr(file("stderr"));
    let begun = Instant::now();
    let mut child = command.spawn().expect("the executable was built");
    let mut memory = None;
    let status = loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            break status;
        }
        if begun.elapsed() > Duration::from_secs(DEADLINE) + 5 * GRACE {
            child.kill().expect("it is our child");
        }
        memory = memory.max(peak(child.id()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    Run { status: status.code(), elapsed: begun.elapsed(), memory }
}

/// The most memory that a process has held so far, in KiB, where the system says so (Linux).
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
