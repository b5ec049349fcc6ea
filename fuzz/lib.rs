//! What the dialog targets share: a server made of arbitrary bytes.

use naosu_core::knowledge::Security;
use naosu_probe::dialog::{Aim, Dialog, Want};
use naosu_probe::secret::{Credential, Secret};

/// No transcript may hold it, nor anything written before TLS.
const SECRET: &str = "xyzzy-secret";

/// The base64 of `SECRET` at each of the three places it can have in a longer text, without its edges.
const ENCODED: [&str; 3] = ["eHl6enktc2Vjcm", "h5enp5LXNlY3Jld", "4eXp6eS1zZWNyZX"];

/// Plays the bytes to a dialog. The first two say how the connection is made and how the rest is cut.
///
/// # Panics
/// When the dialog breaks a promise: it does not end, ends without an outcome, signs in twice, or shows the secret.
pub fn play<D: Dialog>(data: &[u8], begin: impl Fn(Aim<'static>) -> D) {
    let [how, cut, bytes @ ..] = data else { return };
    let credential: &'static Credential = match how & 3 {
        0 => Box::leak(Box::new(Credential::Token(Secret::new(SECRET.to_owned())))),
        _ => Box::leak(Box::new(Credential::Password(Secret::new(SECRET.to_owned())))),
    };
    let security = match how >> 2 & 3 {
        0 => Security::Starttls,
        1 => Security::Plain,
        _ => Security::Tls,
    };
    let aim = Aim {
        security,
        host: "mail.example.jp",
        port: 993,
        user: "hanako@example.jp",
        credential: (how & 16 == 0).then_some(credential),
        address: Some("hanako@example.jp"),
        local: None,
    };
    let mut dialog = begin(aim);
    let mut secure = security == Security::Tls;
    let mut chunks = bytes.chunks(usize::from(*cut) + 1);
    let mut signed_in = 0;
    for _ in 0..bytes.len() + 200 {
        match dialog.next() {
            Want::Write(written) => {
                let text = String::from_utf8_lossy(&written);
                let secret = text.contains(SECRET) || ENCODED.iter().any(|part| text.contains(part));
                assert!(secure || !secret, "the secret before TLS");
                let attempt = |line: &&str| {
                    let line = line.trim_start_matches(|c: char| c == 'a' || c.is_ascii_digit());
                    ["AUTH", " AUTHENTICATE ", " LOGIN ", "PASS "].iter().any(|word| line.starts_with(word))
                };
                signed_in += text.lines().filter(attempt).count();
                assert!(signed_in <= 1, "a second sign-in");
            }
            Want::Pause(_) => {}
            Want::StartTls => {
                secure = true;
                dialog.secured();
            }
            Want::Read => match chunks.next() {
                Some(chunk) => dialog.received(chunk),
                None if how & 32 == 0 => dialog.closed(),
                None => dialog.silent(),
            },
            Want::Done => {
                let transcript = dialog.transcript();
                assert!(!transcript.outcome.is_empty() && !transcript.stage.is_empty());
                assert!(signed_in == 0 || transcript.sign_in_tried);
                let shown = aim.credential.is_some() && format!("{transcript:?}").contains(SECRET);
                assert!(!shown, "the secret in the transcript");
                return;
            }
        }
    }
    panic!("the dialog does not end");
}
