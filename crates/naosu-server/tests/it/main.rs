//! The server from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its server has failed")]

mod attack;
mod serving;
