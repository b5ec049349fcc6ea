#![no_main]

use std::str::FromStr;

use hickory_proto::rr::{Name, RecordType};
use libfuzzer_sys::fuzz_target;
use naosu_probe::dns::message::Question;

fuzz_target!(|data: &[u8]| {
    let [first, second, bytes @ ..] = data else { return };
    let id = u16::from_be_bytes([*first, *second]);
    for kind in [RecordType::A, RecordType::TXT, RecordType::MX, RecordType::SRV] {
        let name = Name::from_str("mail.example.jp.").expect("a plain name");
        let question = Question { name, kind, id, edns: true };
        let _ = question.read(data);
        // an answer to the very question is read furthest
        let mut answer = question.bytes();
        answer.truncate(12);
        answer[2] |= 0x80;
        answer.extend_from_slice(bytes);
        let _ = question.read(&answer);
    }
});
