#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use naosu_probe::tls::{Trust, chain, hello};

/// Mozilla's roots.
static TRUST: LazyLock<Trust> = LazyLock::new(|| Trust::load(None).expect("no file is read"));

fuzz_target!(|data: &[u8]| {
    let _ = hello::read(data);
    let [cut, bytes @ ..] = data else { return };
    let chain: Vec<_> = bytes.chunks(usize::from(*cut) * 8 + 1).map(|der| der.to_vec().into()).take(20).collect();
    let judgement = chain::judge(&chain, "mail.example.jp", &TRUST, chain::now());
    assert_ne!(judgement.outcome(), "ok");
});
