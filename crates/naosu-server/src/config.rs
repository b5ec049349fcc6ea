//! How a server is set up.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

/// After how many days without news a case is deleted, unless another number is named.
pub const KEEP_DAYS: u32 = 180;

/// How a server is set up; made by the command line.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where cases are kept.
    pub keeping: Keeping,
    /// The address that people open, without a slash at its end; from it links and QR codes are made.
    pub public_url: String,
    /// The certificate of this server; without one it speaks plain HTTP, as behind a proxy or at home.
    pub certificate: Option<Certificate>,
    /// How far probes may go.
    pub reach: Policy,
    /// Whether a proxy beside this server says who calls (`X-Forwarded-For`).
    pub trust_proxy: bool,
    /// After how many days without news a case is deleted; 0: never.
    pub keep_days: u32,
    /// What stands for the outside world in measurements.
    pub outside: Outside,
}

/// What stands for the outside world in measurements; what is not named is the real one.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// The resolvers that are asked instead of the system's.
    pub resolvers: Vec<SocketAddr>,
    /// The time servers that replace the built-in ones: name and port.
    pub ntp: Vec<(String, u16)>,
    /// The pages that replace the built-in ones for testing the way out.
    pub connectivity: Vec<Url>,
    /// Status pages that replace the built-in ones, by service.
    pub status: BTreeMap<String, Url>,
    /// Certificates that are trusted beside the system's, PEM.
    pub ca_pem: Option<Vec<u8>>,
}

impl Outside {
    /// Whether something was named: then nobody else is asked.
    pub(crate) fn is_closed(&self) -> bool {
        !self.resolvers.is_empty() || !self.ntp.is_empty() || !self.connectivity.is_empty()
    }
}

/// A certificate and its key, as PEM files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificate {
    /// The certificate and those that lead to a trusted one, the server's own first.
    pub chain: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// How far probes may go.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Policy {
    /// To the ports of mail, web, DNS and NTP on public addresses and in the caller's own network.
    #[default]
    Public,
    /// Wherever callers want: for laboratories, and where every caller is trusted.
    Open,
}

/// Where cases are kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Keeping {
    /// In an SQLite file in this folder.
    Folder(PathBuf),
    /// In the PostgreSQL database at this URL.
    Postgres(String),
}
