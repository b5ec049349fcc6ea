//! Writes the knowledge in a notation that is read quickly, its words compiled, and where the rows of what was learned begin,
//! again whenever one of its files changes, appears or goes.
#![expect(clippy::disallowed_methods, reason = "the core reads and writes no files, its building does")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::de::DeserializeOwned;
use serde_json::Value;

use self::intake::{Places, Recogniser};

#[allow(dead_code, unreachable_pub, reason = "the building makes what the library reads")]
#[path = "src/intake"]
mod intake {
    pub(crate) use self::places::Places;
    pub(crate) use self::recogniser::Recogniser;

    mod lists;
    mod message;
    mod normalize;
    mod pattern;
    mod places;
    mod recogniser;
}

#[allow(dead_code, unreachable_pub, unused_imports, reason = "the building reads only the words")]
#[path = "src/knowledge"]
mod knowledge {
    pub(crate) use self::client_error::ClientErrors;
    pub(crate) use self::phrase::{Forms, Phrase, Topic};
    pub(crate) use self::problem::Problem;
    pub(crate) use self::text::Text;

    mod client_error;
    mod phrase;
    mod problem;
    mod text;
}

fn main() {
    println!("cargo::rerun-if-changed=../../knowledge");
    println!("cargo::rerun-if-changed=build.rs");
    let root = Path::new("../../knowledge");
    let mut files = Vec::new();
    toml_files(root, &mut files);
    files.sort();
    let mut values = Vec::new();
    for file in files {
        let name = file.strip_prefix(root).expect("it was found there").with_extension("");
        let name = name.to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        // a file with a mistake is told where the knowledge is checked, which reads the TOML
        let Ok(value) = toml::from_str::<Value>(&text) else { continue };
        values.push((name, value));
    }
    let mut table = String::from("&[\n");
    for (name, value) in &values {
        writeln!(table, "(\"{name}.json\", {:?}),", value.to_string()).expect("a string takes everything");
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    fs::write(out.join("knowledge.rs"), table).expect("cargo's folder can be written");
    let (words, _) = Recogniser::new(&folder(&values, "phrases/"), &folder(&values, "client_errors/"));
    fs::write(out.join("words"), words.write()).expect("cargo's folder can be written");
    for name in ["learned", "learned_who"] {
        // without what was learned the words say less, and nothing is wrong with the rest
        let learned = fs::read(root.join("corpus").join(name).with_extension("tsv")).unwrap_or_default();
        let rows =
            learned.iter().position(|byte| *byte == b'\n').map_or(&[][..], |head| &learned[head + 1..]);
        let places = out.join(name).with_extension("places");
        fs::write(places, Places::of(rows).bytes()).expect("cargo's folder can be written");
    }
}

/// The files of one folder, by their stems, as the library reads them.
fn folder<T: DeserializeOwned>(values: &[(String, Value)], folder: &str) -> BTreeMap<String, T> {
    let inside = values.iter().filter_map(|(name, value)| Some((name.strip_prefix(folder)?, value)));
    inside.filter_map(|(stem, value)| Some((stem.to_owned(), T::deserialize(value).ok()?))).collect()
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
