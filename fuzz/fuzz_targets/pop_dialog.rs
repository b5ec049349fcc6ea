#![no_main]

use libfuzzer_sys::fuzz_target;
use naosu_probe::dialog::pop::Pop;

fuzz_target!(|data: &[u8]| naosu_fuzz::play(data, Pop::new));
