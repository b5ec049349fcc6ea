//! Worlds of mail servers with a fault put in, in which Naosu is proven.
//!
//! A *scenario* (`scenarios/<name>/fault.toml`, [`scenario::Scenario`]) says what is broken, how `naosu check` is called
//! and what it must find. A scenario with a `[process]` section is played inside this process by [`world::World`]:
//! scripted DNS, NTP, HTTP, IMAP, POP and SMTP servers on loopback with ephemeral ports and real TLS; no root, no network.
//! A scenario with a `[real]` section is played by the binary of this crate with real servers in network namespaces.
//!
//! This crate depends on no other naosu crate, so that it cannot share a mistake with what it tests.
//! Start reading at [`scenario`], then [`fault`] (what a world can be told), then [`world`].

mod account;
pub mod catalogue;
mod clock;
pub mod delay;
pub mod fault;
mod gate;
pub mod hostile;
pub mod scenario;
mod server;
pub mod world;
