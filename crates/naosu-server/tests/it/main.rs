//! The server from outside: as a browser meets it, as a program does, and as somebody who means harm.
#![allow(clippy::disallowed_methods, reason = "these are the clients")]
#![allow(clippy::print_stderr, reason = "what is skipped is said")]
#![allow(clippy::similar_names, clippy::format_collect, reason = "tests are read one by one")]
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its server has failed")]
#![expect(clippy::disallowed_methods, reason = "what a stranger sends is written byte by byte")]

mod api;
mod attack;
mod browser;
mod client;
mod desk;
mod following;
mod guide;
mod keeping;
mod live;
mod person;
mod pictures;
mod postgres;
mod server;
mod serving;
