//! The bars of a whole `naosu check`, from starting the process to its end, in worlds inside this process: quick and
//! small on loopback, no slower than its round trips on a long path, and within its deadline where nothing answers.
//!
//! Prints a line for each bar and ends with a failure when one does not hold.

#![expect(clippy::print_stdout, reason = "the bars are its result")]

use std::fs::File;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use naosu_lab::catalogue;
use naosu_lab::fault::{Process, Reach};
use naosu_lab::scenario::Scenario;
use naosu_lab::world::World;
use serde_json::Value;

/// The whole run on loopback.
const WALL_MS: f64 = 200.0;
/// The most memory it may hold.
const MEMORY_MB: f64 = 50.0;
/// The long path's round trip.
const ROUND_TRIP_MS: u64 = 50;
/// The whole run over the long path, in critical paths of round trips.
const PATHS: f64 = 1.3;
/// The deadline where nothing answers.
const DEADLINE_S: u64 = 4;

fn main() -> ExitCode {
    // `cargo test --benches` asks whether it can be called at all
    if std::env::args().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let mut held = true;
    let mut bar = |name: &str, figure: f64, limit: f64, unit: &str| {
        let word = if figure <= limit { "ok" } else { "FAIL" };
        println!("{word:4}  {name}: {figure:.2} {unit}, at most {limit:.2} {unit}");
        held &= figure <= limit;
    };

    let runs = play(&healthy(Process::default()), &[], 11, "healthy");
    bar("healthy on loopback, the whole process", median(runs.iter().map(|run| run.wall_ms)), WALL_MS, "ms");
    bar("its peak memory", runs.iter().map(|run| run.peak_mb).fold(0.0, f64::max), MEMORY_MB, "MB");

    let far = Process { round_trip_ms: ROUND_TRIP_MS, ..Process::default() };
    let runs = play(&healthy(far), &[], 5, "healthy");
    let path = median(runs.iter().map(|run| path_ms(&run.report)));
    let name = format!("healthy over {ROUND_TRIP_MS} ms, against its path of {path:.0} ms");
    bar(&name, median(runs.iter().map(|run| run.wall_ms / path_ms(&run.report))), PATHS, "paths");

    let silent = Process { reach: Reach::Silent, ..Process::default() };
    let arguments = ["--deadline".to_owned(), DEADLINE_S.to_string()];
    let runs = play(&healthy(silent), &arguments, 2, "cause_found");
    let longest = runs.iter().map(|run| run.wall_ms).fold(0.0, f64::max);
    bar("everything silent", longest / 1000.0, Duration::from_secs(DEADLINE_S).as_secs_f64(), "s");

    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How one run went.
struct Run {
    wall_ms: f64,
    /// Zero where the system does not say.
    peak_mb: f64,
    report: Value,
}

/// The healthy scenario, in another world.
fn healthy(process: Process) -> Scenario {
    let scenario = catalogue::load("healthy").expect("there is one").expect("it can be read");
    Scenario { process: Some(process), ..scenario }
}

/// So many runs one after the other in one world. They must all come to that verdict.
fn play(scenario: &Scenario, more: &[String], times: usize, verdict: &str) -> Vec<Run> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let world = World::start(scenario).await.expect("the world starts");
        let mut runs = Vec::new();
        for _ in 0..times {
            let out = world.directory().join("report.json");
            let mut command = Command::new(env!("CARGO_BIN_EXE_naosu"));
            command
                .env_clear()
                .arg("check")
                .args(&world.arguments)
                .args(more)
                .args(["--json", "--lang", "en"]);
            command.stdin(Stdio::null()).stderr(Stdio::inherit()).stdout(File::create(&out).expect("a file"));
            let (wall_ms, peak_mb) =
                tokio::task::spawn_blocking(move || timed(command)).await.expect("it ran");
            let text = std::fs::read_to_string(out).expect("it was written");
            let report: Value = serde_json::from_str(&text).expect("a report");
            assert_eq!(report["diagnosis"]["verdict"], verdict, "{}", report["diagnosis"]);
            runs.push(Run { wall_ms, peak_mb, report });
        }
        runs
    })
}

/// Runs it and looks at its memory now and then.
fn timed(mut command: Command) -> (f64, f64) {
    let begun = Instant::now();
    let mut child = command.spawn().expect("the executable was built");
    let mut peak_kb: f64 = 0.0;
    while child.try_wait().expect("it is our child").is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        peak_kb = peak_kb.max(line.trim().trim_end_matches(" kB").parse().unwrap_or_default());
        std::thread::sleep(Duration::from_millis(2));
    }
    (begun.elapsed().as_secs_f64() * 1000.0, peak_kb / 1024.0)
}

/// The longest chain of round trips of a run, in milliseconds: for each server its name, the handshake of TLS 1.3, the
/// greeting, and the turns of the conversation.
///
/// A relay cannot delay TCP's handshake. A greeting in the clear comes by itself after half a round trip; one inside TLS
/// answers the end of the handshake.
fn path_ms(report: &Value) -> f64 {
    let seen = report["evidence"]["observations"].as_array().expect("a list");
    let servers = seen.iter().filter(|seen| seen["variable"] == "imap" || seen["variable"] == "smtp");
    let paths = servers.map(|server| {
        let turns = server["detail"]["round_trips"].as_f64().expect("every conversation counts its turns");
        let greeting = if server["detail"]["security"] == "tls" { 1.0 } else { 0.5 };
        2.0 + greeting + turns
    });
    paths.fold(0.0, f64::max) * Duration::from_millis(ROUND_TRIP_MS).as_secs_f64() * 1000.0
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
