//! Commands of the system that tell its settings.

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The longest that a command is awaited.
const LIMIT: Duration = Duration::from_millis(500);

/// The most that is read of what it prints, in bytes.
const OUTPUT_LIMIT: u64 = 256 * 1024;

/// What a command prints; `None` when it is not there, fails, or takes too long (it is then ended).
pub(super) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let stdout = child.stdout.take()?;
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        stdout.take(OUTPUT_LIMIT).read_to_end(&mut text).ok()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    });
    let started = Instant::now();
    while !reader.is_finished() {
        if started.elapsed() > LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    let _ = child.wait();
    reader.join().ok()?
}
