//! Plays cases with simulated people and prints how many steps they took to the fix.
//!
//! `cargo run --release -p naosu-core --example steps [-- -v] [--knowledge FOLDER] [--least P] [ONLY…]`
#![allow(clippy::print_stdout, reason = "it prints figures")]
#![allow(clippy::disallowed_methods, reason = "an example reads files")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use naosu_core::case::rehearsal::{LEADS, Role, by_the_articles, play, symptoms_alone};
use naosu_core::case::{Case, Event, What};
use naosu_core::evidence::{Evidence, Request};
use naosu_core::knowledge::{Knowledge, Lang, embedded};

struct Start {
    name: String,
    request: Request,
    evidence: Option<Evidence>,
    cause: String,
}

fn main() {
    let mut verbose = false;
    let mut least = LEADS;
    let mut only: Vec<String> = Vec::new();
    let mut files = embedded();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-v" => verbose = true,
            "--least" => least = arguments.next().and_then(|p| p.parse().ok()).expect("a probability"),
            "--knowledge" => {
                let folder = arguments.next().expect("a folder");
                files.clear();
                read(Path::new(&folder), Path::new(&folder), &mut files);
                files.sort();
            }
            _ => only.push(argument),
        }
    }
    let knowledge = match Knowledge::load(&files) {
        Ok(knowledge) => knowledge,
        Err(problems) => panic!("{problems:?}"),
    };
    let alone = symptoms_alone(&knowledge)
        .into_iter()
        .map(|(request, cause)| Start { name: "symptom".to_owned(), request, evidence: None, cause })
        .collect();
    let sets = [("a", alone), ("b", complaints(&knowledge, &files)), ("c", worlds())];
    for (name, starts) in sets {
        if only.is_empty() || only.iter().any(|only| only == name) {
            tally(name, &knowledge, &starts, least, verbose);
        }
    }
}

fn tally(name: &str, knowledge: &Knowledge, starts: &[Start], least: f64, verbose: bool) {
    for answers in [true, false] {
        let clock = Instant::now();
        let (mut steps, mut minutes, mut article) = (Vec::new(), 0.0, 0.0);
        let (mut unresolved, mut reckless, mut decisions) = (0, 0, 0_usize);
        let mut told: BTreeMap<String, String> = BTreeMap::new();
        let mut by_cause: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for start in starts {
            let role = Role { cause: &start.cause, answers, least };
            let mut case = Case::new(0, start.request.clone(), Lang::En);
            if let Some(evidence) = &start.evidence {
                let what = What::Measured(Box::new(evidence.clone()));
                case.apply(Event { at: 0, what }).expect("it is open");
            }
            let played = play(knowledge, &mut case, role);
            decisions += played.steps.len();
            steps.push(played.steps.len());
            minutes += played.minutes;
            article += by_the_articles(knowledge, &start.request, role).1;
            unresolved += usize::from(!played.resolved);
            reckless += usize::from(played.reckless.is_some());
            by_cause.entry(&start.cause).or_default().push(played.steps.len());
            if played.steps.len() > 4 || !played.resolved || played.reckless.is_some() {
                let words: String = start.request.words.as_deref().unwrap_or("").chars().take(40).collect();
                told.insert(
                    format!(
                        "{} {} {:?} {:?} {words}",
                        start.cause, start.name, start.request.device, start.request.service
                    ),
                    format!(
                        "{} {} {:?} {}",
                        played.steps.len(),
                        played.resolved,
                        played.reckless,
                        played.steps.join(" ")
                    ),
                );
            }
        }
        if verbose && answers {
            for (what, how) in &told {
                println!("   {what}: {how}");
            }
        }
        steps.sort_unstable();
        let count = steps.len().max(1);
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let (n, sum) = (count as f64, steps.iter().sum::<usize>() as f64);
        println!(
            "{name} answers={answers}: n={} median {} mean {:.2} max {} over six {} unresolved {unresolved} reckless {reckless} | {:.1} min, articles {:.1} | {:.2} ms a step",
            steps.len(),
            steps.get(steps.len() / 2).unwrap_or(&0),
            sum / n,
            steps.last().unwrap_or(&0),
            steps.iter().filter(|steps| **steps > 6).count(),
            minutes / n,
            article / n,
            clock.elapsed().as_secs_f64() * 1e3 / f64::from(u32::try_from(decisions).unwrap_or(1)),
        );
        if answers {
            let mut causes: Vec<(usize, &str)> = by_cause
                .iter_mut()
                .map(|(cause, steps)| {
                    steps.sort_unstable();
                    (steps[steps.len() / 2], *cause)
                })
                .collect();
            causes.sort_unstable();
            let median = causes.get(causes.len() / 2).map_or(0, |(steps, _)| *steps);
            let worst: Vec<String> =
                causes.iter().rev().take(8).map(|(steps, cause)| format!("{cause} {steps}")).collect();
            println!("   by cause: median of medians {median}; {}", worst.join(", "));
        }
    }
}

fn complaints(knowledge: &Knowledge, files: &[(String, String)]) -> Vec<Start> {
    let held = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/complaints-held.jsonl");
    let held = ("held".to_owned(), std::fs::read_to_string(held).expect("the file is there"));
    let mut all = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| path.contains("complaints-")).chain([&held]) {
        for line in text.lines() {
            let value: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
            let field = |name: &str| value[name].as_str().filter(|id| *id != "unknown").map(str::to_owned);
            let Some(cause) = field("cause").filter(|cause| knowledge.causes.contains_key(cause)) else {
                continue;
            };
            let request = Request {
                words: field("text"),
                device: field("device"),
                service: field("service"),
                client: field("client"),
                ..Request::default()
            };
            all.push(Start { name: path.clone(), request, evidence: None, cause });
        }
    }
    all
}

fn worlds() -> Vec<Start> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the worlds are there") {
        let world = entry.expect("it can be read").path();
        let (Ok(evidence), Ok(fault)) = (
            std::fs::read_to_string(world.join("evidence.json")),
            std::fs::read_to_string(world.join("fault.toml")),
        ) else {
            continue;
        };
        let fault: toml::Table = toml::from_str(&fault).expect("it is TOML");
        let Some(cause) =
            fault.get("expect").and_then(|expect| expect.get("cause")).and_then(|id| id.as_str())
        else {
            continue;
        };
        let evidence: Evidence = serde_json::from_str(&evidence).expect("it is evidence");
        all.push(Start {
            name: world.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            request: evidence.request.clone(),
            evidence: Some(evidence),
            cause: cause.to_owned(),
        });
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn read(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            read(root, &path, files);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let name = path.strip_prefix(root).expect("inside").to_string_lossy().into_owned();
            files.push((name, text));
        }
    }
}
