//! What a diagnosis costs with the shipped knowledge: the posterior alone, the whole diagnosis of a saved case, and
//! loading the knowledge. The posterior has a bar; where it does not hold, this ends with a failure.

#![expect(clippy::print_stdout, reason = "the bars are its result")]
#![expect(clippy::disallowed_methods, reason = "the bench reads a case and the clock; the core does neither")]

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use criterion::Criterion;
use naosu_core::diagnosis::{Signs, diagnose};
use naosu_core::evidence::Evidence;
use naosu_core::knowledge::{Knowledge, embedded};

/// The case with the most to weigh: two sign-ins, a test message, and a path that loses packets.
const CASE: &str = "packets_lost_30";

/// What one posterior may cost.
const BAR: Duration = Duration::from_micros(10);

/// What one posterior may cost in dense products of [`HYPOTHESES`] × [`SIGNATURES`], on whatever machine this is.
const RATIO: f64 = 4.0;

const HYPOTHESES: usize = 60;
const SIGNATURES: usize = 30;

fn main() -> ExitCode {
    let knowledge = Knowledge::load(&embedded()).expect("the shipped knowledge is sound");
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../scenarios/{CASE}/evidence.json"));
    let text = std::fs::read_to_string(case).expect("the case is in the repository");
    let evidence: Evidence = serde_json::from_str(&text).expect("its format is ours");
    let signs = Signs::of(&knowledge, &evidence);

    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    criterion.bench_function("posterior", |bencher| bencher.iter(|| black_box(&signs).posterior()));
    criterion.bench_function("diagnose", |bencher| {
        bencher.iter(|| diagnose(black_box(&knowledge), black_box(&evidence)));
    });
    criterion.bench_function("load the knowledge", |bencher| {
        bencher.iter(|| Knowledge::load(&embedded()).map_err(|problems| problems.len()));
    });
    criterion.final_summary();

    let weights = dense(0.1);
    let observed = [0.3; SIGNATURES];
    let posterior = quickest(|| {
        black_box(black_box(&signs).posterior());
    });
    let product = quickest(|| {
        black_box(multiply(black_box(&weights), black_box(&observed)));
    });
    let ratio = posterior.as_secs_f64() / product.as_secs_f64();
    let held = posterior <= BAR && ratio <= RATIO;
    let word = if held { "ok" } else { "FAIL" };
    println!(
        "{word}: posterior {posterior:.2?}, at most {BAR:?}; {ratio:.2} dense products, at most {RATIO}"
    );
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The mean of the quickest of many batches: what else the machine does only ever adds.
fn quickest(mut run: impl FnMut()) -> Duration {
    const RUNS: u32 = 200;
    let batch = |run: &mut dyn FnMut()| {
        let begun = Instant::now();
        (0..RUNS).for_each(|_| run());
        begun.elapsed() / RUNS
    };
    (0..500).map(|_| batch(&mut run)).min().unwrap_or_default()
}

fn dense(value: f64) -> Vec<[f64; SIGNATURES]> {
    vec![[value; SIGNATURES]; HYPOTHESES]
}

/// A likelihood of each signature for each hypothesis, summed by hypothesis: a posterior that is one dense table.
fn multiply(weights: &[[f64; SIGNATURES]], observed: &[f64; SIGNATURES]) -> [f64; HYPOTHESES] {
    let mut sums = [0.0; HYPOTHESES];
    for (sum, row) in sums.iter_mut().zip(weights) {
        *sum = row.iter().zip(observed).map(|(weight, seen)| weight * seen).sum();
    }
    sums
}
