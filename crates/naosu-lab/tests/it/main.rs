//! The lab's servers, spoken to by a client of its own.

mod client;
mod mail;
mod plain;
mod scenarios;
mod tls;
