//! The probes against the worlds of `naosu-lab`.

mod mail;
