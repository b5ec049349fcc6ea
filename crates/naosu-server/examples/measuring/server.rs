//! The program as a server of its own process. Shared by the examples that measure.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// The program as a server; it ends with this.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(program: &str, place: &str) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0"]).env("NAOSU_LOG", "error").stderr(Stdio::piped());
        if place.starts_with("postgres:") {
            command.env("NAOSU_DATABASE_URL", place);
        } else {
            command.args(["--data", place]);
        }
        let mut process = command.spawn().with_context(|| format!("start {program}"))?;
        let mut told = BufReader::new(process.stderr.take().context("its messages")?);
        let mut line = String::new();
        told.read_line(&mut line)?;
        // what it says later is read too, so that it never waits for a reader
        std::thread::spawn(move || told.lines().map_while(Result::ok).for_each(|line| println!("{line}")));
        let address = line.trim().rsplit_once("http://").with_context(|| format!("it says: {line}"))?.1;
        Ok(Self { address: address.parse()?, process })
    }
}

impl Server {
    /// What it uses and used at most, as Linux counts it.
    pub(crate) fn memory(&self) -> String {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let lines = status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
        lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
