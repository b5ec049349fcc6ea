//! Files that a person is handed: only their owner reads them, and what is there already is not written over unasked.

use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::Result;

use crate::private;
use crate::usage::Mistake;

/// That nothing is in the way at that place.
pub(super) fn is_free(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_ok() { Err(there_already(path)) } else { Ok(()) }
}

/// Writes the file.
pub(super) fn write(path: &Path, bytes: &[u8], overwrite: bool) -> Result<()> {
    let mut options = private::options();
    options.write(true);
    if overwrite {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options.open(path).and_then(|mut file| file.write_all(bytes)).map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            return there_already(path);
        }
        let name = path.display();
        Mistake::error(
            format!("{name}: {error}: name a place that can be written with --out"),
            format!("{name}: 書き込めません({error}): --out で書き込める場所を指定してください"),
        )
    })
}

fn there_already(path: &Path) -> anyhow::Error {
    let name = path.display();
    Mistake::error(
        format!("{name}: there already: add --overwrite, or name another place with --out"),
        format!("{name}: すでにあります: --overwrite を付けるか、--out で別の場所を指定してください"),
    )
}
