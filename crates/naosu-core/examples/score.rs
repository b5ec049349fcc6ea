//! Prints how well the recogniser does on the public corpus and on the project's own complaints.
//!
//! `cargo run --release -p naosu-core --example score [-- --misses] [FILE.jsonl…]`
#![allow(clippy::print_stdout, reason = "it prints figures")]
#![allow(clippy::disallowed_methods, reason = "an example reads files")]

use std::collections::BTreeMap;
use std::time::Instant;

use naosu_core::intake::{Recognised, Scored, recognise};
use naosu_core::knowledge::{Knowledge, embedded};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let misses = arguments.iter().any(|argument| argument == "--misses");
    let files: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let start = Instant::now();
    let embedded = embedded();
    let knowledge = Knowledge::load(&embedded).expect("the embedded knowledge is sound");
    let loaded = start.elapsed();
    knowledge.words();
    let words = start.elapsed();
    recognise(&knowledge, "x");
    println!("load {loaded:?}, with the words {words:?}, compiled {:?}", start.elapsed());
    for file in &files {
        let text = std::fs::read_to_string(file).expect("the file is there");
        let mut tallies = BTreeMap::new();
        let start = Instant::now();
        for line in text.lines() {
            count(&knowledge, line, misses, &mut tallies);
        }
        println!("{file}: {:?}", start.elapsed());
        show(&tallies);
    }
    if files.is_empty() {
        let held = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/complaints-held.jsonl");
        let mut tallies = BTreeMap::new();
        for line in std::fs::read_to_string(held).expect("the file is there").lines() {
            count(&knowledge, line, false, &mut tallies);
        }
        println!("{held}: never in view");
        show(&tallies);
        for (path, text) in embedded.iter().filter(|(path, _)| path.contains("complaints-")) {
            let mut tallies = BTreeMap::new();
            for line in text.lines() {
                count(&knowledge, line, misses, &mut tallies);
            }
            println!("{path}: in view when the phrases were written");
            show(&tallies);
        }
    }
}

#[derive(Default)]
struct Tally {
    symptom: Rank,
    cause: Rank,
    said: BTreeMap<&'static str, (usize, usize)>,
    calibration: BTreeMap<(&'static str, usize), (usize, usize, f64)>,
}

#[derive(Default)]
struct Rank {
    rows: usize,
    first: usize,
    second: usize,
    third: usize,
}

/// Recognises one complaint and counts what was right.
fn count(knowledge: &Knowledge, line: &str, misses: bool, tallies: &mut BTreeMap<String, Tally>) {
    let row: serde_json::Value = serde_json::from_str(line).expect("a line is a JSON object");
    let field = |name: &str| row[name].as_str().unwrap_or_default();
    let found = recognise(knowledge, field("text"));
    let said = [("service", &found.service), ("device", &found.device), ("client", &found.client)];
    for part in ["all", field("lang")] {
        let tally = tallies.entry(part.to_owned()).or_default();
        tally.symptom.count(&found.symptom, field("symptom"));
        tally.calibrate("symptom", &found.symptom, field("symptom"));
        if field("cause") != "unknown" {
            tally.cause.count(&found.cause, field("cause"));
            tally.calibrate("cause", &found.cause, field("cause"));
        }
        for (name, value) in said {
            let counts = tally.said.entry(name).or_default();
            *counts = (counts.0 + usize::from(value == field(name)), counts.1 + 1);
        }
    }
    if misses {
        explain(&row, &found);
    }
}

/// Why a complaint was taken for something else.
fn explain(row: &serde_json::Value, found: &Recognised) {
    let field = |name: &str| row[name].as_str().unwrap_or_default();
    let symptom = found.symptom[0].id != field("symptom");
    let cause = field("cause") != "unknown" && found.cause[0].id != field("cause");
    if !symptom && !cause {
        return;
    }
    println!("{} {}", field("id"), field("text"));
    if symptom {
        println!("    symptom {} but {}", field("symptom"), list(&found.symptom));
    }
    if cause {
        println!("    cause {} but {}", field("cause"), list(&found.cause));
    }
    for said in &found.phrases {
        println!("      {} {:?}", said.id, said.words);
    }
    for message in found.messages.iter().take(3) {
        println!("      message {}.{} {:.2}", message.client, message.id, message.strength);
    }
}

fn show(tallies: &BTreeMap<String, Tally>) {
    for (part, tally) in tallies {
        println!("  {part:4} symptom {}   cause {}", tally.symptom.show(), tally.cause.show());
        let said: Vec<String> =
            tally.said.iter().map(|(name, (right, all))| format!("{name} {right}/{all}")).collect();
        println!("       {}", said.join("   "));
        if part == "all" {
            for ((kind, bin), (rows, right, sum)) in &tally.calibration {
                #[expect(clippy::cast_precision_loss, reason = "small counts")]
                let (rows, right) = (*rows as f64, *right as f64);
                println!(
                    "       {kind} said {:.2} in {rows} rows, right {:.2} (bin {bin})",
                    sum / rows,
                    right / rows
                );
            }
        }
    }
}

fn list(scored: &[Scored]) -> String {
    scored[..3].iter().map(|Scored { id, p }| format!("{id} {p:.2}")).collect::<Vec<_>>().join(", ")
}

impl Tally {
    fn calibrate(&mut self, kind: &'static str, scored: &[Scored], truth: &str) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 4")]
        let bin = (scored[0].p * 5.0).min(4.0) as usize;
        let entry = self.calibration.entry((kind, bin)).or_default();
        entry.0 += 1;
        entry.1 += usize::from(scored[0].id == truth);
        entry.2 += scored[0].p;
    }
}

impl Rank {
    fn count(&mut self, scored: &[Scored], truth: &str) {
        self.rows += 1;
        let place = scored.iter().position(|one| one.id == truth).unwrap_or(usize::MAX);
        self.first += usize::from(place < 1);
        self.second += usize::from(place < 2);
        self.third += usize::from(place < 3);
    }

    fn show(&self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let percent = |count: usize| 100.0 * count as f64 / self.rows.max(1) as f64;
        format!(
            "{:3.0} % first {:3.0} % in 2 {:3.0} % in 3 (of {})",
            percent(self.first),
            percent(self.second),
            percent(self.third),
            self.rows
        )
    }
}
