//! Plays servers to dialogs in tests.

use super::*;
use crate::secret::Secret;

/// The secret of every test: no transcript may hold it.
pub(super) const SECRET: &str = "sesame-\"open\\";

pub(super) fn aim(security: Security, credential: Option<&Credential>) -> Aim<'_> {
    Aim {
        security,
        host: "mail.example.jp",
        port: 993,
        user: "hanako@example.jp",
        credential,
        address: Some("hanako@example.jp"),
        local: Some("127.0.0.1".parse().unwrap()),
    }
}

pub(super) fn password() -> Credential {
    Credential::Password(Secret::new(SECRET.to_owned()))
}

pub(super) fn token() -> Credential {
    Credential::Token(Secret::new(SECRET.to_owned()))
}

/// Plays one chunk of `server` each time the dialog waits, then hangs up. Returns what was written, `<TLS>` where TLS
/// was started, and the transcript.
pub(super) fn play<D: Dialog>(dialog: D, server: &[&str]) -> (String, Transcript) {
    play_cut(dialog, server, usize::MAX)
}

/// The same for every way of cutting each chunk in two; all must come to the same.
pub(super) fn play_all<D: Dialog>(start: impl Fn() -> D, server: &[&str]) -> (String, Transcript) {
    let whole = play(start(), server);
    let longest = server.iter().map(|chunk| chunk.len()).max().unwrap_or(0);
    for cut in 1..longest {
        let (written, transcript) = play_cut(start(), server, cut);
        assert_eq!(written, whole.0, "cut at {cut}");
        assert_eq!(format!("{transcript:?}"), format!("{:?}", whole.1), "cut at {cut}");
    }
    whole
}

fn play_cut<D: Dialog>(mut dialog: D, server: &[&str], cut: usize) -> (String, Transcript) {
    let mut written = String::new();
    let mut chunks = server.iter();
    for _ in 0..1000 {
        match dialog.next() {
            Want::Write(bytes) => written.push_str(std::str::from_utf8(&bytes).unwrap()),
            Want::Pause(_) => written.push_str("<pause>"),
            Want::StartTls => {
                written.push_str("<TLS>");
                dialog.secured();
            }
            Want::Read => match chunks.next() {
                Some(chunk) => {
                    let bytes = chunk.as_bytes();
                    let (first, second) = bytes.split_at(cut.min(bytes.len()));
                    for part in [first, second] {
                        if !part.is_empty() {
                            dialog.received(part);
                        }
                    }
                }
                None => dialog.closed(),
            },
            Want::Done => {
                let transcript = dialog.transcript();
                let shown = format!("{transcript:?}");
                assert!(!shown.contains("sesame"), "the secret is in {shown}");
                return (written, transcript);
            }
        }
    }
    panic!("the dialog does not end");
}
