//! The file of the database: only its owner can read it.

use std::fs::OpenOptions;
use std::path::Path;

/// Makes the file where there is none, and closes it to others; what SQLite puts beside it has its mode.
#[cfg(unix)]
pub(super) fn close(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    for beside in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        let name = Path::new(&name);
        if name.exists() {
            std::fs::set_permissions(name, std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

/// Makes the file where there is none; the folder closes it to others on this system.
#[cfg(not(unix))]
pub(super) fn close(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path).map(drop)
}
