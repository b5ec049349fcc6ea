//! The certificates of a world: a public root with an intermediate, and leaves that are right or wrong in one way.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

const DAY: Duration = Duration::from_hours(24);

/// The names that a right certificate bears.
const NAMES: &[&str] = &[
    "imap.example.jp",
    "smtp.example.jp",
    "pop.example.jp",
    "mail.example.jp",
    "www.example.jp",
    "example.jp",
    "autoconfig.example.jp",
    "connectivity.example.net",
    "status.example.net",
];

/// The domains of Apple that exist in a world with `apple = true`.
pub(crate) const APPLE_DOMAINS: &[&str] = &["apple.com", "icloud.com", "cdn-apple.com", "me.com"];

/// The names that Apple's certificate bears.
const APPLE: [&str; 9] = [
    "apple.com",
    "*.apple.com",
    "*.push.apple.com",
    "*.ess.apple.com",
    "*.ips.apple.com",
    "icloud.com",
    "*.icloud.com",
    "*.cdn-apple.com",
    "*.mail.me.com",
];

/// Writes what the world needs into `directory`: `root.pem` for `--ca-file`, `private.pem` (the root of `private_root`), `NAME.pem` (chain) and `NAME.key`.
///
/// Names: `valid`, `expired`, `not_yet_valid`, `wrong_name`, `self_signed`, `no_intermediate`, `private_root`,
/// `large` (a chain of about 6 kB), `apple` (for Apple's hosts).
pub(crate) fn write(directory: &Path, wanted: impl IntoIterator<Item = String>) -> Result<()> {
    fs::create_dir_all(directory)?;
    let root = Authority::root("Example Trust Services", "Example Public Root R1")?;
    let middle = root.intermediate("Example Trust Services", "Example Server CA 3")?;
    fs::write(directory.join("root.pem"), root.certificate.pem())?;
    let wanted: BTreeSet<String> = wanted.into_iter().collect();
    for name in wanted {
        let leaf = leaf(&name)?;
        let key = KeyPair::generate()?;
        let chain = match name.as_str() {
            "self_signed" => leaf.self_signed(&key)?.pem(),
            "no_intermediate" => leaf.signed_by(&key, &middle.issuer)?.pem(),
            "private_root" => {
                let own = Authority::root("Example Shoji K.K.", "Example Shoji Internal CA")?;
                fs::write(directory.join("private.pem"), own.certificate.pem())?;
                leaf.signed_by(&key, &own.issuer)?.pem() + &own.certificate.pem()
            }
            _ => leaf.signed_by(&key, &middle.issuer)?.pem() + &middle.certificate.pem(),
        };
        fs::write(directory.join(format!("{name}.pem")), &chain)?;
        fs::write(directory.join(format!("{name}.key")), key.serialize_pem())?;
        // Postfix wants the key first in one file
        fs::write(directory.join(format!("{name}.both.pem")), key.serialize_pem() + &chain)?;
    }
    Ok(())
}

/// A certificate authority that can sign for any name.
pub(crate) struct Authority {
    pub(crate) certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A self-signed root.
    pub(crate) fn root(organization: &str, name: &str) -> Result<Authority> {
        let key = KeyPair::generate()?;
        let params = authority(organization, name);
        let certificate = params.self_signed(&key)?;
        Ok(Authority { certificate, issuer: Issuer::new(params, key) })
    }

    fn intermediate(&self, organization: &str, name: &str) -> Result<Authority> {
        let key = KeyPair::generate()?;
        let params = authority(organization, name);
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Authority { certificate, issuer: Issuer::new(params, key) })
    }

    /// A leaf for one name, made on the spot: chain and key in DER.
    pub(crate) fn leaf(&self, name: &str) -> Result<(Vec<u8>, Vec<u8>)> {
        let key = KeyPair::generate()?;
        let certificate = server(&[name.to_owned()])?.signed_by(&key, &self.issuer)?;
        Ok((certificate.der().to_vec(), key.serialize_der()))
    }
}

fn authority(organization: &str, name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    let names = &mut params.distinguished_name;
    names.push(DnType::CommonName, name);
    if !organization.is_empty() {
        names.push(DnType::OrganizationName, organization);
    }
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // far enough on both sides that a client with a wrong clock meets the leaf's validity and not the root's
    params.not_before = (SystemTime::now() - DAY * 3650).into();
    params.not_after = (SystemTime::now() + DAY * 7300).into();
    params
}

fn server(names: &[String]) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(names)?;
    params
        .distinguished_name
        .push(DnType::CommonName, names.first().context("a leaf needs a name")?.as_str());
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = (SystemTime::now() - DAY * 30).into();
    params.not_after = (SystemTime::now() + DAY * 60).into();
    Ok(params)
}

fn leaf(name: &str) -> Result<CertificateParams> {
    let usual: Vec<String> = NAMES.iter().map(ToString::to_string).collect();
    let now = SystemTime::now();
    Ok(match name {
        "valid" | "self_signed" | "no_intermediate" | "private_root" => server(&usual)?,
        "expired" => {
            let mut params = server(&usual)?;
            params.not_before = (now - DAY * 95).into();
            params.not_after = (now - DAY * 2).into();
            params
        }
        "not_yet_valid" => {
            let mut params = server(&usual)?;
            params.not_before = (now + DAY * 10).into();
            params
        }
        "wrong_name" => {
            server(&["sv123.hosting.example.net".to_owned(), "*.hosting.example.net".to_owned()])?
        }
        "large" => {
            let many = (0..150).map(|n| format!("customer-{n:03}.shared-hosting.example.jp"));
            server(&usual.into_iter().chain(many).collect::<Vec<_>>())?
        }
        "apple" => server(&APPLE.map(str::to_owned))?,
        other => bail!("no certificate is called {other}"),
    })
}
