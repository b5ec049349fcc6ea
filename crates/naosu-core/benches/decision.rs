//! What one decision costs on the shipped knowledge: at most a millisecond.
#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use naosu_core::case::{Case, Driver};
use naosu_core::evidence::Request;
use naosu_core::knowledge::{Knowledge, Lang, embedded};
use naosu_core::step::belief::{Belief, Known};
use naosu_core::step::plan::{Course, next};

fn decision(criterion: &mut Criterion) {
    let knowledge = Knowledge::load(&embedded()).expect("the embedded knowledge is sound");
    let request =
        Request { words: Some("メールを取得できません".to_owned()), ..Request::default() };
    let known = Known { request: Some(&request), ..Known::default() };
    let belief = Belief::new(&knowledge, &known);
    criterion.bench_function("decision", |bencher| {
        bencher.iter(|| next(&knowledge, black_box(&belief), &Course::default(), Lang::Ja));
    });
    criterion.bench_function("belief", |bencher| bencher.iter(|| Belief::new(&knowledge, black_box(&known))));
    let case = Case::new(0, request.clone(), Lang::Ja);
    criterion.bench_function("turn", |bencher| {
        bencher.iter(|| black_box(&case).next(&knowledge, Driver::Talks));
    });
}

criterion_group!(benches, decision);
criterion_main!(benches);
