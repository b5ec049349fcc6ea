//! What is wrong with a chain of certificates, each part judged by itself.

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use webpki::{EndEntityCert, KeyUsage};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

use super::Trust;
use crate::recorder::Detail;

/// The longest chain that is looked at.
const CHAIN_LIMIT: usize = 16;

/// Key sizes below this are not taken for RSA.
const RSA_BITS: usize = 2048;

/// What is wrong with a chain, and its facts.
pub struct Judgement {
    /// Everything that is wrong, the most telling first; empty when nothing is.
    pub problems: Vec<Problem>,
    /// The details of a `tls` observation that speak of certificates.
    pub detail: Detail,
}

/// One thing wrong with a chain. The order is that in which they are told: without trust, dates and names prove little.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Problem {
    /// Signed by itself and not trusted.
    SelfSigned,
    /// The server does not send the certificates between its own and a root.
    Incomplete,
    /// The chain ends in an authority that is not trusted.
    UntrustedRoot,
    /// Not usable for another reason, which is named.
    Invalid(&'static str),
    /// One of the certificates is past its validity.
    Expired,
    /// One of the certificates is not valid yet.
    NotYetValid,
    /// Made out for other names.
    NameMismatch,
}

impl Problem {
    /// The outcome of the variable `tls`.
    pub fn outcome(self) -> &'static str {
        match self {
            Self::SelfSigned => "cert_self_signed",
            Self::Incomplete => "cert_incomplete",
            Self::UntrustedRoot => "cert_untrusted_root",
            Self::Invalid(_) => "cert_invalid",
            Self::Expired => "cert_expired",
            Self::NotYetValid => "cert_not_yet_valid",
            Self::NameMismatch => "cert_name_mismatch",
        }
    }
}

impl Judgement {
    /// The outcome of the variable `tls`: that of the first problem, or `ok`.
    pub fn outcome(&self) -> &'static str {
        self.problems.first().map_or("ok", |problem| problem.outcome())
    }

    fn malformed() -> Self {
        let problem = Problem::Invalid("malformed");
        let detail = Detail::from([
            ("problem".to_owned(), json!("malformed")),
            ("problems".to_owned(), json!([problem.outcome()])),
        ]);
        Self { problems: vec![problem], detail }
    }
}

/// Judges the chain a server presented (its own certificate first) for a host name at a moment.
pub fn judge(presented: &[CertificateDer<'_>], host: &str, trust: &Trust, now: UnixTime) -> Judgement {
    let presented = &presented[..presented.len().min(CHAIN_LIMIT)];
    let Some(leaf) = presented.first().and_then(|der| Certificate::read(der)) else {
        return Judgement::malformed();
    };
    let others: Vec<Certificate<'_>> =
        presented[1..].iter().filter_map(|der| Certificate::read(der)).collect();
    let linked = link(&leaf, &others);
    let mut problems = Vec::new();

    let found = anchored(&presented[0], &presented[1..], trust, &moments(&leaf, &others, now));
    let mut path = linked.clone();
    let mut root = None;
    match found {
        Ok(found) => {
            path = std::iter::once(&leaf)
                .chain(others.iter().filter(|other| found.intermediates.iter().any(|der| der == other.der)))
                .collect();
            root = found.root.and_then(Certificate::read);
        }
        Err(Unanchored::Time) if leads_to_anchor(&linked, trust) => {}
        Err(Unanchored::Unusable(why)) => {
            problems.push(Problem::Invalid(why));
            if !leads_to_anchor(&linked, trust) {
                problems.push(untrusted(&linked, others.len(), trust));
            }
        }
        Err(Unanchored::Time | Unanchored::NoIssuer) => {
            problems.push(untrusted(&linked, others.len(), trust));
        }
    }

    path.extend(root.as_ref());
    let not_before = path.iter().map(|certificate| certificate.not_before()).max().unwrap_or(0);
    let not_after = path.iter().map(|certificate| certificate.not_after()).min().unwrap_or(0);
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now > not_after {
        problems.push(Problem::Expired);
    }
    if now < not_before {
        problems.push(Problem::NotYetValid);
    }
    if !leaf.is_for(host) {
        problems.push(Problem::NameMismatch);
    }
    let weak = path.iter().any(|certificate| certificate.is_weak());
    if weak && !problems.iter().any(|problem| matches!(problem, Problem::Invalid(_))) {
        problems.push(Problem::Invalid("weak_key"));
    }
    problems.sort_unstable();

    let last = path.last().copied().unwrap_or(&leaf);
    let mut detail = Detail::new();
    let mut put = |name: &str, value: Value| detail.insert(name.to_owned(), value);
    put("names", json!(leaf.names().join(", ")));
    put("certificate", json!(name_text(leaf.parsed.subject())));
    put("issuer", json!(name_text(leaf.parsed.issuer())));
    if let Some(organization) = organization(leaf.parsed.issuer()) {
        put("issuer_organization", json!(organization));
    }
    put("root", json!(name_text(last.parsed.issuer())));
    put("not_before", json!(moment_text(not_before)));
    put("not_after", json!(moment_text(not_after)));
    if (not_before, not_after) != (leaf.not_before(), leaf.not_after()) {
        put("leaf_not_before", json!(moment_text(leaf.not_before())));
        put("leaf_not_after", json!(moment_text(leaf.not_after())));
    }
    if let Some(late) = path.iter().find(|certificate| certificate.not_after() < now) {
        put("expired", json!(name_text(late.parsed.subject())));
    }
    put("key", json!(leaf.key_text()));
    put("chain", json!(std::iter::once(&leaf).chain(&others).map(Certificate::summary).collect::<Vec<_>>()));
    if !problems.is_empty() {
        put("problems", json!(problems.iter().map(|problem| problem.outcome()).collect::<Vec<_>>()));
        let only_dates = |problem: &Problem| matches!(problem, Problem::Expired | Problem::NotYetValid);
        put("valid_otherwise", json!(problems.iter().all(only_dates) && not_before <= not_after));
    }
    if let Some(Problem::Invalid(why)) =
        problems.iter().find(|problem| matches!(problem, Problem::Invalid(_)))
    {
        put("problem", json!(why));
    }
    Judgement { problems, detail }
}

/// This device's own clock, by which chains are judged.
pub fn now() -> UnixTime {
    UnixTime::now()
}

/// A certificate, read.
struct Certificate<'a> {
    der: &'a [u8],
    parsed: X509Certificate<'a>,
}

impl<'a> Certificate<'a> {
    fn read(der: &'a CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        Some(Self { der, parsed })
    }

    /// Unix seconds.
    fn not_before(&self) -> i64 {
        self.parsed.validity().not_before.timestamp()
    }

    /// Unix seconds.
    fn not_after(&self) -> i64 {
        self.parsed.validity().not_after.timestamp()
    }

    fn names_its_issuer_as_itself(&self) -> bool {
        self.parsed.subject().as_raw() == self.parsed.issuer().as_raw()
    }

    fn is_self_signed(&self) -> bool {
        self.names_its_issuer_as_itself() && self.is_signed_by(self).unwrap_or(true)
    }

    /// Whether the other's key made this signature; `None` where we cannot tell (old version, unknown algorithm).
    fn is_signed_by(&self, other: &Certificate<'_>) -> Option<bool> {
        if OLD_SIGNATURES.contains(&self.parsed.signature_algorithm.algorithm.to_id_string().as_str()) {
            return None;
        }
        let der = CertificateDer::from(other.der);
        let issuer = EndEntityCert::try_from(&der).ok()?;
        let message = self.parsed.tbs_certificate.as_ref();
        let mut known = false;
        for algorithm in rustls::crypto::ring::default_provider().signature_verification_algorithms.all {
            match issuer.verify_signature(*algorithm, message, &self.parsed.signature_value.data) {
                Ok(()) => return Some(true),
                Err(webpki::Error::InvalidSignatureForPublicKey) => known = true,
                Err(_) => {}
            }
        }
        known.then_some(false)
    }

    fn is_for(&self, host: &str) -> bool {
        let der = CertificateDer::from(self.der);
        let (Ok(name), Ok(end_entity)) = (ServerName::try_from(host), EndEntityCert::try_from(&der)) else {
            return false;
        };
        end_entity.verify_is_valid_for_subject_name(&name).is_ok()
    }

    /// The names it is made out for; the common name where it has no others.
    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for extension in self.parsed.extensions() {
            if let ParsedExtension::SubjectAlternativeName(alternatives) = extension.parsed_extension() {
                for name in alternatives.general_names.iter().take(32) {
                    match name {
                        GeneralName::DNSName(name) => names.push((*name).to_owned()),
                        GeneralName::IPAddress([a, b, c, d]) => names.push(format!("{a}.{b}.{c}.{d}")),
                        GeneralName::IPAddress(bytes) => {
                            if let Ok(bytes) = <[u8; 16]>::try_from(*bytes) {
                                names.push(std::net::Ipv6Addr::from(bytes).to_string());
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        if names.is_empty() {
            names.push(name_text(self.parsed.subject()));
        }
        names
    }

    /// Whether it names a place of its issuer's certificate (RFC 5280 section 4.2.2.1).
    fn says_where_its_issuer_is(&self) -> bool {
        self.parsed.extensions().iter().any(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityInfoAccess(access) => access
                .accessdescs
                .iter()
                .any(|one| one.access_method == OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS),
            _ => false,
        })
    }

    /// `RSA 2048`, `EC 256`, …
    fn key_text(&self) -> String {
        match self.parsed.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
            Ok(PublicKey::EC(point)) => format!("EC {}", point.key_size()),
            Ok(PublicKey::DSA(_)) => "DSA".to_owned(),
            _ if self.parsed.public_key().algorithm.algorithm.to_id_string() == "1.3.101.112" => {
                "Ed25519".to_owned()
            }
            _ => "unknown".to_owned(),
        }
    }

    fn is_weak(&self) -> bool {
        match self.parsed.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => key.key_size() < RSA_BITS,
            Ok(PublicKey::DSA(_)) => true,
            _ => false,
        }
    }

    fn summary(&self) -> Value {
        let digest: [u8; 32] = Sha256::digest(self.der).into();
        let short =
            format!("{:032x}", u128::from_be_bytes(*digest.first_chunk().expect("32 bytes begin with 16")));
        json!({
            "subject": name_text(self.parsed.subject()),
            "issuer": name_text(self.parsed.issuer()),
            "sha256": short,
        })
    }
}

/// Signatures with SHA-1 or MD5, which nobody checks any more: RSA and ECDSA (RFC 3279 section 2.2).
const OLD_SIGNATURES: [&str; 3] = ["1.2.840.113549.1.1.5", "1.2.840.113549.1.1.4", "1.2.840.10045.4.1"];

/// A path to a trusted root.
struct Anchored<'t> {
    intermediates: Vec<Vec<u8>>,
    root: Option<&'t CertificateDer<'static>>,
}

/// Why there is none.
enum Unanchored {
    /// At no moment are all certificates of the path valid together.
    Time,
    /// Nobody trusted signed it.
    NoIssuer,
    /// There would be one, but for this.
    Unusable(&'static str),
}

/// The way from the first certificate upwards through those presented, by names and signatures.
fn link<'c, 'd>(leaf: &'c Certificate<'d>, others: &'c [Certificate<'d>]) -> Vec<&'c Certificate<'d>> {
    let mut path = vec![leaf];
    while let Some(top) = path.last().copied() {
        if top.names_its_issuer_as_itself() && top.is_self_signed() {
            break;
        }
        let next = others.iter().find(|other| {
            other.parsed.subject().as_raw() == top.parsed.issuer().as_raw()
                && !path.iter().any(|used| used.der == other.der)
                && top.is_signed_by(other) != Some(false)
        });
        match next {
            Some(next) => path.push(next),
            None => break,
        }
    }
    path
}

/// The moments at which a path is tried: now, and where the server's own certificate is valid, so that an expiry does
/// not pass for missing trust.
fn moments(leaf: &Certificate<'_>, others: &[Certificate<'_>], now: UnixTime) -> Vec<UnixTime> {
    let (from, until) = (leaf.not_before(), leaf.not_after());
    let all_from = others.iter().map(Certificate::not_before).max().unwrap_or(from).max(from);
    let all_until = others.iter().map(Certificate::not_after).min().unwrap_or(until).min(until);
    let mut moments = vec![now];
    let middle = |a: i64, b: i64| a + (b - a) / 2;
    let mut candidates = vec![middle(all_from, all_until), middle(from, until)];
    for other in others {
        candidates.extend([other.not_before() + 1, other.not_after() - 1]);
    }
    candidates.retain(|moment| (from..=until).contains(moment));
    candidates.truncate(12);
    for seconds in candidates {
        if let Ok(seconds) = u64::try_from(seconds) {
            moments.push(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)));
        }
    }
    moments
}

/// Looks for a path to a trusted root at any of the moments.
fn anchored<'t>(
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    trust: &'t Trust,
    moments: &[UnixTime],
) -> Result<Anchored<'t>, Unanchored> {
    if let Some(root) = trust.roots.iter().find(|root| root.as_ref() == leaf.as_ref()) {
        return Ok(Anchored { intermediates: Vec::new(), root: Some(root) });
    }
    let provider = rustls::crypto::ring::default_provider();
    let algorithms = provider.signature_verification_algorithms.all;
    let end_entity = EndEntityCert::try_from(leaf).map_err(|error| Unanchored::Unusable(unusable(&error)))?;
    let mut worst = Unanchored::Time;
    for moment in moments {
        let usage = KeyUsage::server_auth();
        let found =
            end_entity.verify_for_usage(algorithms, &trust.anchors, others, *moment, usage, None, None);
        match found {
            Ok(path) => {
                let intermediates = path.intermediate_certificates().map(|c| c.der().to_vec()).collect();
                let root = root_of(path.anchor(), trust);
                return Ok(Anchored { intermediates, root });
            }
            Err(webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }) => {}
            Err(webpki::Error::UnknownIssuer) => worst = Unanchored::NoIssuer,
            Err(error) => worst = Unanchored::Unusable(unusable(&error)),
        }
    }
    Err(worst)
}

/// The whole certificate of an anchor, where we have it.
fn root_of<'t>(anchor: &TrustAnchor<'_>, trust: &'t Trust) -> Option<&'t CertificateDer<'static>> {
    trust.roots.iter().find(|root| {
        webpki::anchor_from_trusted_cert(root).is_ok_and(|candidate| {
            candidate.subject == anchor.subject
                && candidate.subject_public_key_info == anchor.subject_public_key_info
        })
    })
}

fn leads_to_anchor(linked: &[&Certificate<'_>], trust: &Trust) -> bool {
    let Some(top) = linked.last() else { return false };
    let wanted = subject_of(top.parsed.issuer());
    trust.anchors.iter().any(|anchor| anchor.subject.as_ref() == wanted)
}

/// A name without its outermost header, as anchors keep it.
fn subject_of<'a>(name: &X509Name<'a>) -> &'a [u8] {
    let raw = name.as_raw();
    match raw.get(1) {
        Some(length) if *length < 0x80 => raw.get(2..),
        Some(length) => raw.get(2 + usize::from(length & 0x7f)..),
        None => None,
    }
    .unwrap_or_default()
}

/// Which problem a chain has that leads to nobody trusted.
fn untrusted(linked: &[&Certificate<'_>], others: usize, trust: &Trust) -> Problem {
    let Some((top, below)) = linked.split_last() else { return Problem::Incomplete };
    if top.is_self_signed() {
        return if below.is_empty() { Problem::SelfSigned } else { Problem::UntrustedRoot };
    }
    // The top certificate's issuer was not sent. A server leaves out its root but nothing else: the missing one is an
    // intermediate where certificates came that do not fit, where we trust another certificate of the same authority,
    // or where the only certificate that came says where its issuer's is to be had, as those of public authorities do.
    let unfit = others > below.len();
    let of_trusted = organization(top.parsed.issuer()).is_some_and(|name| trusts(trust, &name));
    if unfit || of_trusted || (below.is_empty() && top.says_where_its_issuer_is()) {
        Problem::Incomplete
    } else {
        Problem::UntrustedRoot
    }
}

fn trusts(trust: &Trust, organization_name: &str) -> bool {
    trust.anchors.iter().any(|anchor| {
        anchor
            .subject
            .windows(organization_name.len().max(1))
            .any(|part| part == organization_name.as_bytes())
    })
}

fn unusable(error: &webpki::Error) -> &'static str {
    use webpki::Error;
    match error {
        Error::CaUsedAsEndEntity => "ca_as_server",
        Error::EndEntityUsedAsCa => "server_as_ca",
        Error::CertRevoked => "revoked",
        Error::CertDistrusted => "distrusted",
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => "wrong_purpose",
        Error::NameConstraintViolation => "name_not_permitted",
        Error::PathLenConstraintViolated => "path_too_long",
        Error::InvalidSignatureForPublicKey | Error::SignatureAlgorithmMismatch => "bad_signature",
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => "weak_signature",
        Error::UnsupportedCriticalExtension => "unknown_critical_extension",
        Error::UnsupportedCertVersion => "old_version",
        Error::InvalidCertValidity => "impossible_validity",
        Error::BadDer | Error::BadDerTime | Error::TrailingData(_) | Error::MalformedExtensions => {
            "malformed"
        }
        _ => "unusable",
    }
}

/// How a certificate's holder or issuer is called: common name, else organisation, else unit.
fn name_text(name: &X509Name<'_>) -> String {
    name.iter_common_name()
        .next()
        .or_else(|| name.iter_organization().next())
        .or_else(|| name.iter_organizational_unit().next())
        .map_or_else(|| name.to_string(), attribute_text)
}

fn organization(name: &X509Name<'_>) -> Option<String> {
    name.iter_organization().next().map(attribute_text)
}

fn attribute_text(attribute: &x509_parser::x509::AttributeTypeAndValue<'_>) -> String {
    attribute
        .as_str()
        .map_or_else(|_| String::from_utf8_lossy(attribute.as_slice()).into_owned(), str::to_owned)
}

/// RFC 3339 in UTC.
fn moment_text(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |moment| moment.to_string())
}
