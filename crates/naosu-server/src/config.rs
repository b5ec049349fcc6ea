//! How a server is set up.

use std::net::SocketAddr;
use std::path::PathBuf;

/// How a server is set up; made by the command line.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where cases are kept.
    pub keeping: Keeping,
    /// The address that people open, without a slash at its end; from it links and QR codes are made.
    pub public_url: String,
}

/// Where cases are kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Keeping {
    /// In an SQLite file in this folder.
    Folder(PathBuf),
    /// In the PostgreSQL database at this URL.
    Postgres(String),
}
