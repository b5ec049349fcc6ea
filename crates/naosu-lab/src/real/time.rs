//! chrony as the time server; it gives the machine's own time and never sets it.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::real::daemon::Daemon;
use crate::real::namespace::Namespace;

/// Starts it on port 123 of every address.
pub(crate) fn start(directory: &Path, inside: &Namespace) -> Result<Daemon> {
    let file = directory.join("chrony.conf");
    let pid = directory.join("chronyd.pid");
    fs::write(
        &file,
        format!(
            "local stratum 1\nallow all\nport 123\ncmdport 0\nbindcmdaddress /\npidfile {}\n",
            pid.display()
        ),
    )?;
    let command = inside.command("chronyd", &["-d", "-x", "-u", "root", "-f", &file.to_string_lossy()]);
    let mut daemon = Daemon::start("chrony", directory, command)?;
    daemon.listens(directory, &[], &[123])?;
    Ok(daemon)
}
