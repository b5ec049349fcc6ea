//! The probes against the worlds of `naosu-lab`.
#![expect(clippy::print_stderr, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod mail;
mod old_tls;
mod reach;
