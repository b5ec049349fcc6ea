//! The measurements of Naosu, and the only code that opens probe sockets.
//!
//! A probe records and never judges: it turns what a network or a server did into observations
//! (`naosu_core::evidence`), whose variables and outcomes are those of `knowledge/variables/`. `Err` means that
//! we failed. No probe knows a cause.
//!
//! Every probe is given the [`recorder::Recorder`] it writes to, the [`deadline::Deadline`] it must keep, and the
//! observations it had to wait for.

pub mod apple;
pub mod clock;
pub mod connectivity;
pub mod deadline;
pub mod dialog;
pub mod discovery;
pub mod dns;
pub mod domain;
pub mod family;
pub mod http;
#[cfg(test)]
mod local;
pub mod mail;
pub mod others;
pub mod path;
pub mod plan;
pub mod reach;
pub mod recorder;
pub mod secret;
pub mod send_test;
pub mod sign_in;
pub mod status;
pub mod tcp;
pub mod tls;
pub mod vantage;
