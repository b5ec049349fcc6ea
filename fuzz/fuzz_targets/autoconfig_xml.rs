#![no_main]

use libfuzzer_sys::fuzz_target;
use naosu_probe::discovery::autoconfig::parse_autoconfig;

fuzz_target!(|data: &[u8]| {
    let _ = parse_autoconfig(data);
});
