//! Certificates and handshakes.

use serde::{Deserialize, Serialize};

/// The TLS side of a server.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// What its certificate is like.
    pub certificate: Certificate,
    /// The names in the certificate; the server's host name when empty.
    pub names: Vec<String>,
    /// The common name of the issuer, for `untrusted_root` and `interceptor`.
    pub issuer: Option<String>,
    /// Whether that issuer is in the trust store all the same (an interceptor that put itself there).
    pub issuer_trusted: bool,
    /// Certificates sent beside the chain, to no purpose.
    pub extra_certificates: u16,
    /// Nothing newer than TLS 1.2.
    pub tls12_only: bool,
    /// What it does when a handshake begins.
    pub behaviour: TlsBehaviour,
}

/// What a server's certificate is like.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certificate {
    /// Its validity ended two days ago.
    Expired,
    /// The intermediate certificate is not sent.
    Incomplete,
    /// Issued on the fly by security software or a company proxy.
    Interceptor,
    /// Its validity begins in three days.
    NotYetValid,
    /// Signed with its own key.
    SelfSigned,
    /// From a root nobody trusts.
    UntrustedRoot,
    /// Leaf, intermediate, trusted root.
    #[default]
    Valid,
    /// For `names`, or for the provider's general name.
    WrongName,
}

/// What a server does when a handshake begins.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsBehaviour {
    /// The fatal alert `handshake_failure`.
    Alert,
    /// Hangs up on the `ClientHello`.
    Close,
    /// Random bytes.
    Garbage,
    /// TLS records with random content.
    GarbageRecords,
    /// The handshake.
    #[default]
    Normal,
    /// Chooses TLS 1.0 whatever is offered, as a server that knows nothing newer.
    OldOnly,
    /// The fatal alert `protocol_version`.
    OldOnlyAlert,
    /// Goes on as if there were no TLS.
    Plaintext,
    /// Reads the `ClientHello` and says nothing more.
    Stall,
}
