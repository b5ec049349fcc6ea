//! Where a program keeps what belongs to its user.

use std::env;
use std::fs::DirBuilder;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::usage::Mistake;

/// The folder for this user's data, made when it is not there and closed to other users: `$XDG_DATA_HOME/naosu` (XDG
/// Base Directory Specification), `~/Library/Application Support/naosu` on macOS, `%LOCALAPPDATA%\naosu` on Windows.
pub(crate) fn data() -> Result<PathBuf> {
    let Some(folder) = place(env::consts::OS, |name| env::var_os(name).map(PathBuf::from)) else {
        return Err(Mistake::error(
            "there is no folder for your data: set HOME, or XDG_DATA_HOME to an absolute path",
            "データ用のフォルダがありません: HOME か、XDG_DATA_HOME(絶対パス)を設定してください",
        ));
    };
    make(&folder).map_err(|error| {
        let name = folder.display();
        Mistake::error(
            format!("{name}: cannot be made ({error}): set XDG_DATA_HOME to a folder that can be written"),
            format!("{name}: 作れません({error}): XDG_DATA_HOME に書き込めるフォルダを指定してください"),
        )
    })?;
    Ok(folder)
}

fn place(system: &str, variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name| variable(name).filter(|path| path.is_absolute());
    let data = match system {
        "windows" => absolute("LOCALAPPDATA")?,
        "macos" => absolute("HOME")?.join("Library").join("Application Support"),
        _ => match absolute("XDG_DATA_HOME") {
            Some(folder) => folder,
            None => absolute("HOME")?.join(".local").join("share"),
        },
    };
    Some(data.join("naosu"))
}

#[cfg(unix)]
fn make(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(system: &str, set: &[(&str, &str)]) -> Option<PathBuf> {
        place(system, |name| {
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value))
        })
    }

    #[cfg(unix)]
    #[test]
    fn each_system_has_its_place() {
        let home = ("HOME", "/home/hanako");
        assert_eq!(with("linux", &[home]), Some("/home/hanako/.local/share/naosu".into()));
        assert_eq!(with("linux", &[home, ("XDG_DATA_HOME", "/data")]), Some("/data/naosu".into()));
        // the specification: a relative path is not taken
        assert_eq!(
            with("linux", &[home, ("XDG_DATA_HOME", "data")]),
            Some("/home/hanako/.local/share/naosu".into())
        );
        assert_eq!(with("macos", &[home]), Some("/home/hanako/Library/Application Support/naosu".into()));
        assert_eq!(with("linux", &[]), None);
    }
}
