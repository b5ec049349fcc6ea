//! Learns the words of the complaints in `knowledge/corpus` again, after they or the phrases changed.
//!
//! `cargo run --release -p naosu-core --example learn`
#![allow(clippy::disallowed_methods, reason = "an example writes files")]

use std::path::Path;

use naosu_core::intake::{Complaint, Taught};
use naosu_core::knowledge::{Knowledge, embedded};

fn main() {
    let files = embedded();
    let knowledge = Knowledge::load(&files).expect("the knowledge in the repository is sound");
    let complaints: Vec<(&str, Vec<Complaint>)> = Complaint::files(&files)
        .map(|(path, text)| (path, Complaint::read(text).expect("the corpus is sound")))
        .collect();
    let all =
        complaints.iter().flat_map(|(path, those)| those.iter().map(|complaint| complaint.lesson(path)));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../knowledge");
    for (path, learned) in Taught::learn(&knowledge, &all.collect::<Vec<_>>()).show() {
        std::fs::write(root.join(path), learned).expect("the repository can be written");
    }
}
