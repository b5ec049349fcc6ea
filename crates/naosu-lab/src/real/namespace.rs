//! Network namespaces: made, wired and taken away again with everything that runs in them.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, thread, time::Duration};

use anyhow::{Context, Result, bail};

/// The beginning of every namespace's name; the process id follows.
const PREFIX: &str = "naosulab";

/// One namespace; dropping it ends what runs inside and deletes it.
pub(crate) struct Namespace {
    pub(crate) name: String,
}

impl Namespace {
    /// `etc` are files that programs inside see under `/etc`.
    pub(crate) fn new(world: usize, role: &str, etc: &[(&str, &str)]) -> Result<Namespace> {
        let name = format!("{PREFIX}{}w{world}{role}", std::process::id());
        run(Command::new("ip").args(["netns", "add", &name]), "")?;
        let namespace = Namespace { name };
        let directory = namespace.etc();
        fs::create_dir_all(&directory).with_context(|| format!("create {directory}"))?;
        for (file, text) in etc {
            fs::write(format!("{directory}/{file}"), text)?;
        }
        // duplicate address detection would keep IPv6 waiting for a second
        namespace.sysctl(&["net/ipv6/conf/all/accept_dad 0", "net/ipv6/conf/default/accept_dad 0"])?;
        namespace.ip("link set lo up\n")?;
        Ok(namespace)
    }

    /// A command that will run inside.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]).args(arguments);
        command
    }

    /// Runs lines of `ip -batch`.
    pub(crate) fn ip(&self, lines: &str) -> Result<()> {
        run(Command::new("ip").args(["-n", &self.name, "-batch", "-"]), lines)
    }

    /// Sets kernel variables: `net/ipv4/ip_forward 1`.
    pub(crate) fn sysctl(&self, lines: &[&str]) -> Result<()> {
        let commands: Vec<String> = lines
            .iter()
            .filter_map(|line| line.split_once(' '))
            .map(|(key, value)| format!("echo {value} > /proc/sys/{key}"))
            .collect();
        run(&mut self.command("sh", &["-e"]), &commands.join("\n"))
    }

    /// Loads an nftables ruleset.
    pub(crate) fn nft(&self, rules: &str) -> Result<()> {
        run(&mut self.command("nft", &["-f", "-"]), rules)
    }

    fn etc(&self) -> String {
        format!("/etc/netns/{}", self.name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        remove(&self.name);
        let _ = fs::remove_dir_all(self.etc());
    }
}

/// Removes what a killed run left behind: namespaces whose maker is gone.
pub(crate) fn sweep() {
    let Ok(entries) = fs::read_dir("/run/netns") else { return };
    for name in entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
        let maker = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('w'));
        if let Some((maker, _)) = maker
            && !Path::new("/proc").join(maker).exists()
        {
            remove(&name);
            let _ = fs::remove_dir_all(format!("/etc/netns/{name}"));
        }
    }
}

/// Runs a command to its end; what it says on stderr becomes the error.
pub(crate) fn run(command: &mut Command, input: &str) -> Result<()> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("start {}", command.get_program().display()))?;
    child.stdin.take().expect("stdin was piped").write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{command:?}: {} (input: {input})", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn remove(name: &str) {
    for signal in ["-TERM", "-KILL"] {
        for _ in 0..10 {
            let pids = pids(name);
            if pids.is_empty() {
                break;
            }
            let _ = run(Command::new("kill").arg(signal).args(&pids), "");
            thread::sleep(Duration::from_millis(20));
        }
    }
    let _ = run(Command::new("ip").args(["netns", "delete", name]), "");
}

fn pids(name: &str) -> Vec<String> {
    let output = Command::new("ip").args(["netns", "pids", name]).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).split_whitespace().map(str::to_owned).collect()
}
