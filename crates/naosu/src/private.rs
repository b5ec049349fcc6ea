//! Files that only their owner can read.

use std::fs::OpenOptions;
use std::io::Result;
use std::path::Path;

/// How a file is opened that others shall not read, where it is made.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    own(&mut options);
    options
}

/// Makes such a file where there is none; one that is there is closed to others.
pub(crate) fn make(path: &Path) -> Result<()> {
    options().append(true).create(true).open(path)?;
    close(path)
}

/// Closes a file to others, where it is there.
#[cfg(unix)]
pub(crate) fn close(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

/// Closes a file to others; the folder does that on this system.
#[cfg(not(unix))]
pub(crate) fn close(_path: &Path) -> Result<()> {
    Ok(())
}

#[cfg(unix)]
fn own(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn own(_options: &mut OpenOptions) {}
