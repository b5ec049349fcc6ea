//! The server from outside: as a browser meets it, as a program does, and as somebody who means harm.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its server has failed")]
#![expect(clippy::disallowed_methods, reason = "what a stranger sends is written byte by byte")]

mod api;
mod attack;
mod browser;
mod client;
mod desk;
mod live;
mod person;
mod pictures;
mod postgres;
mod server;
mod serving;
