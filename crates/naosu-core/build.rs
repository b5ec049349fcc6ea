//! Writes the knowledge in a notation that is read quickly, again whenever one of its files changes, appears or goes.
#![expect(clippy::disallowed_methods, reason = "the core reads and writes no files, its building does")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=../../knowledge");
    println!("cargo::rerun-if-changed=build.rs");
    let root = Path::new("../../knowledge");
    let mut files = Vec::new();
    toml_files(root, &mut files);
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(root).expect("it was found there").with_extension("json");
        let name = name.to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        // a file with a mistake is told where the knowledge is checked, which reads the TOML
        let Ok(value) = toml::from_str::<serde_json::Value>(&text) else { continue };
        writeln!(table, "({name:?}, {:?}),", value.to_string()).expect("a string takes everything");
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    fs::write(out.join("knowledge.rs"), table).expect("cargo's folder can be written");
}

fn toml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            toml_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
}
