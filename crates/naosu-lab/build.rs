//! Collects the scenarios' `fault.toml` files for embedding, again whenever one of them changes, appears or goes. What
//! else a scenario's folder holds (saved evidence) stays out of the executable.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=../../scenarios");
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("scenarios");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    fs::create_dir_all(&target)?;
    for folder in fs::read_dir(Path::new("../../scenarios"))? {
        let folder = folder?;
        let fault = folder.path().join("fault.toml");
        if fault.exists() {
            let copy = target.join(folder.file_name());
            fs::create_dir_all(&copy)?;
            fs::write(copy.join("fault.toml"), fs::read(fault)?)?;
        }
    }
    Ok(())
}
