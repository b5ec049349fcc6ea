//! What the first words cost that a process is asked about, with the shipped knowledge, and what the later ones cost.
//! The first have a bar in loadings of the knowledge, on whatever machine this is; where it does not hold, this ends
//! with a failure.

#![expect(clippy::print_stdout, reason = "the bar is its result")]
#![expect(clippy::disallowed_methods, reason = "the bench reads the clock; the core does not")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion};
use naosu_core::intake::recognise;
use naosu_core::knowledge::Knowledge;

const WORDS: &str = "昨日からiPhoneで「メールを取得できません サーバへの接続に失敗しました」と出ます。";

/// What the first words may cost in loadings of the built-in knowledge. They read the phrases and messages, which are
/// two or three times what every command loads; compiling them would be some twenty more.
const RATIO: f64 = 6.0;

fn main() -> ExitCode {
    let knowledge = built_in();
    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    criterion.bench_function("first words", |bencher| {
        bencher.iter_batched_ref(built_in, |fresh| recognise(fresh, WORDS), BatchSize::PerIteration);
    });
    criterion
        .bench_function("later words", |bencher| bencher.iter(|| recognise(&knowledge, black_box(WORDS))));
    criterion.final_summary();

    let (mut loading, mut first) = (Duration::MAX, Duration::MAX);
    // the quickest of many, one of each in turn: what else the machine does only ever adds
    for _ in 0..100 {
        let begun = Instant::now();
        let fresh = black_box(built_in());
        loading = loading.min(begun.elapsed());
        let begun = Instant::now();
        black_box(recognise(&fresh, black_box(WORDS)));
        first = first.min(begun.elapsed());
    }
    let ratio = first.as_secs_f64() / loading.as_secs_f64();
    let word = if ratio <= RATIO { "ok" } else { "FAIL" };
    println!("{word}: first words {first:.2?}, {ratio:.2} loadings of the knowledge, at most {RATIO}");
    if ratio <= RATIO { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn built_in() -> Knowledge {
    Knowledge::built_in().expect("the shipped knowledge is sound")
}
