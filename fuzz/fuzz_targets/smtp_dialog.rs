#![no_main]

use libfuzzer_sys::fuzz_target;
use naosu_probe::dialog::smtp::Smtp;

fuzz_target!(|data: &[u8]| naosu_fuzz::play(data, Smtp::new));
