//! The lab's servers, spoken to by a client of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop, wherever it is")]

mod client;
mod mail;
mod plain;
mod scenarios;
mod tls;
