//! Prints how well the recogniser does on the public corpus and on the project's own complaints.
//!
//! `cargo run --release -p naosu-core --example score [-- --misses] [FILE.jsonl…]`
#![allow(clippy::print_stdout, reason = "it prints figures")]
#![allow(clippy::disallowed_methods, reason = "an example reads files")]

use std::collections::BTreeMap;
use std::time::Instant;

use naosu_core::intake::{Scored, recognise};
use naosu_core::knowledge::{Knowledge, embedded};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let misses = arguments.iter().any(|argument| argument == "--misses");
    let mut files: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with("--")).collect();
    if files.is_empty() {
        files = vec![
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../knowledge/corpus/complaints-public.jsonl"),
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/complaints-own.jsonl"),
        ];
    }
    let start = Instant::now();
    let knowledge = Knowledge::load(&embedded()).expect("the embedded knowledge is sound");
    let loaded = start.elapsed();
    recognise(&knowledge, "x");
    println!("load {loaded:?}, with the patterns {:?}", start.elapsed());
    for problem in naosu_core::intake::problems(&knowledge) {
        println!("{problem}");
    }
    for file in files {
        let text = std::fs::read_to_string(file).expect("the file is there");
        report(&knowledge, file, &text, misses);
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

fn report(knowledge: &Knowledge, file: &str, text: &str, misses: bool) {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let start = Instant::now();
    let mut rows = 0_u32;
    for line in text.lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("a line is a JSON object");
        let field = |name: &str| row[name].as_str().unwrap_or_default();
        let found = recognise(knowledge, field("text"));
        rows += 1;
        let half = row["half"].as_str().map_or(String::new(), |half| format!(" {half}"));
        for part in ["all".to_owned() + &half, field("lang").to_owned() + &half] {
            let tally = tallies.entry(part).or_default();
            tally.symptom.count(&found.symptom, field("symptom"));
            tally.calibrate("symptom", &found.symptom, field("symptom"));
            if field("cause") != "unknown" {
                tally.cause.count(&found.cause, field("cause"));
                tally.calibrate("cause", &found.cause, field("cause"));
            }
            for (name, value) in
                [("service", &found.service), ("device", &found.device), ("client", &found.client)]
            {
                let said = tally.said.entry(name).or_default();
                said.1 += 1;
                said.0 += usize::from(value == field(name));
            }
        }
        let wrong = found.symptom[0].id != field("symptom");
        let far =
            field("cause") != "unknown" && !found.cause[..3].iter().any(|cause| cause.id == field("cause"));
        let other = found.service != field("service")
            || found.device != field("device")
            || found.client != field("client");
        if misses && row["half"].as_str() != Some("held") && (wrong || far || other) {
            println!("{} {}", field("id"), field("text"));
            if wrong {
                println!("    symptom {} but {}", field("symptom"), list(&found.symptom));
            }
            if field("cause") != "unknown" && found.cause[0].id != field("cause") {
                println!("    cause {} but {}", field("cause"), list(&found.cause));
            }
            if other {
                println!(
                    "    {} {} {} but {} {} {}",
                    field("service"),
                    field("device"),
                    field("client"),
                    found.service,
                    found.device,
                    found.client
                );
            }
            for said in &found.phrases {
                println!("      {} {:?}", said.id, said.words);
            }
            for message in found.messages.iter().take(3) {
                println!("    message {}.{} {:.2}", message.client, message.id, message.strength);
            }
        }
    }
    println!("{file}: {rows} rows, {:?} each", start.elapsed() / rows.max(1));
    for (part, tally) in &tallies {
        println!("  {part:9} symptom {}   cause {}", tally.symptom.show(), tally.cause.show());
        let said: Vec<String> =
            tally.said.iter().map(|(name, (right, all))| format!("{name} {right}/{all}")).collect();
        println!("            {}", said.join("   "));
        if part.starts_with("all") {
            for ((kind, bin), (rows, right, sum)) in &tally.calibration {
                #[expect(clippy::cast_precision_loss, reason = "small counts")]
                let (rows, right) = (*rows as f64, *right as f64);
                println!(
                    "            {kind} said {:.2} in {rows} rows, right {:.2} (bin {bin})",
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
