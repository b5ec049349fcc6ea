//! The servers themselves: configuration written into the world's directory, then the program started inside a
//! namespace, then waited for until it listens.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(10);

/// A started server; its namespace ends it.
pub(crate) struct Daemon {
    name: String,
    child: Child,
}

impl Daemon {
    /// Starts the program; what it prints goes to `NAME.out` in the directory.
    pub(crate) fn start(name: &str, directory: &Path, mut command: Command) -> Result<Daemon> {
        let out = File::create(directory.join(format!("{name}.out")))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        Ok(Daemon { name: name.to_owned(), child })
    }

    /// Waits until something in the daemon's namespace listens on each of the ports.
    pub(crate) fn listens(&mut self, directory: &Path, tcp: &[u16], udp: &[u16]) -> Result<()> {
        let start = Instant::now();
        loop {
            let missing = [("tcp", tcp), ("udp", udp)].into_iter().any(|(kind, ports)| {
                let open = open(self.child.id(), kind);
                !ports.iter().all(|port| open.contains(port))
            });
            if !missing {
                return Ok(());
            }
            let ended = self.child.try_wait()?;
            if ended.is_some() || start.elapsed() > START {
                let out =
                    fs::read_to_string(directory.join(format!("{}.out", self.name))).unwrap_or_default();
                bail!("{} does not listen on {tcp:?}/tcp {udp:?}/udp ({ended:?}): {}", self.name, out.trim());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the daemon has printed the word.
    pub(crate) fn says(&mut self, directory: &Path, word: &str) -> Result<()> {
        let start = Instant::now();
        loop {
            let out = fs::read_to_string(directory.join(format!("{}.out", self.name))).unwrap_or_default();
            if out.contains(word) {
                return Ok(());
            }
            let ended = self.child.try_wait()?;
            if ended.is_some() || start.elapsed() > START {
                bail!("{} is not ready ({ended:?}): {}", self.name, out.trim());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The ports on which the network namespace of the process listens (TCP) or is bound (UDP).
fn open(pid: u32, kind: &str) -> BTreeSet<u16> {
    let wanted = if kind == "tcp" { "0A" } else { "07" };
    [kind.to_owned(), format!("{kind}6")]
        .iter()
        .filter_map(|table| fs::read_to_string(format!("/proc/{pid}/net/{table}")).ok())
        .flat_map(|text| {
            text.lines()
                .skip(1)
                .filter_map(|line| {
                    let mut fields = line.split_whitespace().skip(1);
                    let local = fields.next()?;
                    let state = fields.nth(1)?;
                    (state == wanted).then_some(local.rsplit(':').next()?.to_owned())
                })
                .filter_map(|port| u16::from_str_radix(&port, 16).ok())
                .collect::<Vec<_>>()
        })
        .collect()
}
