//! `real`: every scenario with a `[real]` section is built out of network namespaces and real servers, `naosu check` is
//! run in it as a process of its own, and what it says is compared with what the scenario expects.

use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail};

use judge::{Outcome, judge};
use scenario::Scenario;
use world::World;

pub(crate) use play::{PlayOptions, play};

mod certificate;
mod daemon;
mod dns;
mod dovecot;
mod hosts;
mod judge;
mod namespace;
mod play;
mod postfix;
mod scenario;
mod time;
mod world;

/// The Debian packages without which no world can be built.
const PACKAGES: &[(&str, &str)] = &[
    ("iproute2", "/usr/sbin/ip"),
    ("nftables", "/usr/sbin/nft"),
    ("unbound", "/usr/sbin/unbound"),
    ("chrony", "/usr/sbin/chronyd"),
    ("dovecot-imapd", "/usr/lib/dovecot/imap"),
    ("dovecot-pop3d", "/usr/lib/dovecot/pop3"),
    ("postfix", "/usr/lib/postfix/sbin/master"),
    ("faketime", "/usr/bin/faketime"),
];

/// Set by Ctrl-C; everything that waits looks at it.
static STOP: AtomicBool = AtomicBool::new(false);

/// What to run.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Options {
    /// Only these scenarios; a name or a part of one
    scenarios: Vec<String>,
    /// The executable under test (the one beside this executable by default)
    #[arg(long, value_name = "PATH")]
    naosu: Option<PathBuf>,
    /// The directory of the scenarios
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"))]
    directory: PathBuf,
    /// Write evidence.json and diagnosis.json of the scenarios that come out as expected
    #[arg(long)]
    bless: bool,
    /// Save every report as DIR/NAME.json
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Only list the scenarios
    #[arg(long)]
    list: bool,
    /// Only list the Debian packages that the worlds need
    #[arg(long)]
    packages: bool,
    /// How many worlds at a time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Leave each world standing after the run until Ctrl-C
    #[arg(long)]
    keep: bool,
}

/// Runs what the options say. Failure when a scenario came out otherwise than expected.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.packages {
        let names: Vec<&str> = PACKAGES.iter().map(|(package, _)| *package).collect();
        say(&names.join(" "));
        return Ok(ExitCode::SUCCESS);
    }
    let mut scenarios = scenario::load(&options.directory)?;
    if !options.scenarios.is_empty() {
        scenarios.retain(|scenario| chosen(&scenario.name, &options.scenarios));
    }
    if options.list {
        for scenario in &scenarios {
            let cause = scenario.expect.cause.as_deref().unwrap_or("-");
            say(&format!("{:44} {:13} {cause}", scenario.name, judge::word(scenario.expect.verdict)));
        }
        return Ok(ExitCode::SUCCESS);
    }
    if fs::metadata("/proc/self")?.uid() != 0 {
        say(&format!("skipped: {} scenarios need root", scenarios.len()));
        return Ok(ExitCode::SUCCESS);
    }
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|(_, file)| !is_there(file)).map(|(package, _)| *package).collect();
    if !missing.is_empty() {
        bail!("these Debian packages are missing: {}", missing.join(" "));
    }
    if scenarios.is_empty() {
        bail!("no scenario has such a name");
    }
    let naosu = match &options.naosu {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("naosu"),
    };
    let naosu = naosu
        .canonicalize()
        .with_context(|| format!("there is no {}; build it with `cargo build -p naosu`", naosu.display()))?;
    ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed))?;
    namespace::sweep();
    Ok(all(&scenarios, &naosu, options))
}

fn all(scenarios: &[Scenario], naosu: &Path, options: &Options) -> ExitCode {
    let start = Instant::now();
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..options.jobs.clamp(1, scenarios.len()) {
            scope.spawn(|| {
                while !stopped()
                    && let number = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(scenario) = scenarios.get(number)
                {
                    let begun = Instant::now();
                    let line = match one(scenario, number, naosu, options) {
                        Ok(outcome) if outcome.right => {
                            format!("ok    {:44} {}", scenario.name, outcome.said)
                        }
                        Ok(outcome) => {
                            failed
                                .lock()
                                .expect("no thread panics with the lock")
                                .push(scenario.name.as_str());
                            let expected = scenario
                                .expect
                                .cause
                                .as_deref()
                                .unwrap_or(judge::word(scenario.expect.verdict));
                            format!("WRONG {:44} expected {expected}, got {}", scenario.name, outcome.said)
                        }
                        Err(problem) => {
                            failed
                                .lock()
                                .expect("no thread panics with the lock")
                                .push(scenario.name.as_str());
                            format!("ERROR {:44} {problem:#}", scenario.name)
                        }
                    };
                    say(&format!("{line} [{:.1} s]", begun.elapsed().as_secs_f64()));
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no thread panics with the lock");
    let done = next.load(Ordering::Relaxed).min(scenarios.len());
    let right = done - failed.len();
    say(&format!("{right} of {} as expected in {:.0} s", scenarios.len(), start.elapsed().as_secs_f64()));
    if !failed.is_empty() {
        say(&format!("not as expected: {}", failed.join(" ")));
    }
    if right == scenarios.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn one(scenario: &Scenario, number: usize, naosu: &Path, options: &Options) -> Result<Outcome> {
    let world = World::build(scenario, number)?;
    let outcome = judge(scenario, &world, naosu)?;
    if options.bless && outcome.right && !scenario.shared {
        fs::copy(world.directory().join("evidence.json"), scenario.directory.join("evidence.json"))?;
        fs::write(scenario.directory.join("diagnosis.json"), &outcome.diagnosis)?;
    }
    if let Some(directory) = &options.save {
        fs::create_dir_all(directory)?;
        fs::copy(world.directory().join("report.json"), directory.join(format!("{}.json", scenario.name)))?;
    }
    if options.keep {
        say(&format!("{}: {}\n{:?}", scenario.name, outcome.said, world.check(naosu, scenario)));
        say(&format!("the world stands in {}; Ctrl-C ends it", world.directory().display()));
        while !stopped() {
            thread::sleep(Duration::from_millis(100));
        }
    }
    Ok(outcome)
}

/// Whether a package's file is there, or a program of that name elsewhere on the path.
fn is_there(file: &str) -> bool {
    let name = Path::new(file).file_name().unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    Path::new(file).exists() || std::env::split_paths(&path).any(|folder| folder.join(name).exists())
}

/// A full name fits only itself; a part fits every name that holds it.
fn chosen(name: &str, wanted: &[String]) -> bool {
    wanted.iter().any(|wanted| name.contains(wanted.as_str()))
}

fn stopped() -> bool {
    STOP.load(Ordering::Relaxed)
}

fn say(line: &str) {
    // a reader that has gone away is no fault of the lab
    let _ = writeln!(io::stdout().lock(), "{line}");
}
