//! The scripted servers. Each plays what its part of the world's `[process]` section says.

pub(crate) mod dns;
pub(crate) mod hostile;
pub(crate) mod http;
pub(crate) mod imap;
pub(crate) mod ntp;
pub(crate) mod pop;
pub(crate) mod sasl;
pub(crate) mod smtp;
pub(crate) mod talk;
pub(crate) mod tls;
