#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use naosu_probe::dialog::imap::Imap;

fuzz_target!(|data: &[u8]| {
    let finding = data.first().is_some_and(|how| how & 64 != 0);
    naosu_fuzz::play(data, |aim| {
        let imap = Imap::new(aim);
        if finding { imap.finding("<x@example.jp>", Duration::from_secs(3)) } else { imap }
    });
});
