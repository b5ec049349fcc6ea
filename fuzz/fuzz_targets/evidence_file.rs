#![no_main]

use libfuzzer_sys::fuzz_target;
use naosu_core::evidence::Evidence;

fuzz_target!(|data: &[u8]| {
    if let Ok(evidence) = serde_json::from_slice::<Evidence>(data) {
        let text = serde_json::to_string(&evidence).expect("what was read can be written");
        let again: Evidence = serde_json::from_str(&text).expect("what was written can be read");
        assert_eq!(serde_json::to_string(&again).expect("and written"), text);
    }
});
