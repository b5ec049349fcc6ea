//! Real TLS with certificates of every kind, and the ways a handshake can go wrong.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use crate::clock::{WorldClock, shifted};
use crate::fault::{Certificate, Tls, TlsBehaviour};
use crate::server::hostile::garbage;
use crate::server::talk::Stream;
use crate::world::WorldError;

const DAY: i64 = 86_400;

/// The certificate authorities of a world.
#[derive(Debug)]
pub(crate) struct Authority {
    clock: WorldClock,
    root: Signer,
    intermediate: Signer,
    trusted: Vec<String>,
}

#[derive(Debug)]
struct Signer {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

/// The TLS side of one server.
#[derive(Clone)]
pub(crate) struct Acceptor {
    behaviour: TlsBehaviour,
    acceptor: TlsAcceptor,
}

/// What became of a handshake.
pub(crate) enum Accepted {
    /// The stream is encrypted.
    Secure(Box<dyn Stream>),
    /// The server goes on in plaintext as if nothing had been asked.
    Plain(Box<dyn Stream>),
}

impl Authority {
    /// Makes a root and an intermediate, both valid for ten years around the world's time.
    pub(crate) fn new(clock: WorldClock) -> Result<Self, WorldError> {
        let root = Signer::root("Naosu Lab Root", clock)?;
        let params = authority_params("Naosu Lab Root", "Naosu Lab Issuing CA 1", clock);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &root.issuer)?;
        let intermediate = Signer {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        };
        Ok(Self { clock, trusted: vec![root.pem.clone()], root, intermediate })
    }

    /// The roots to be trusted, PEM.
    pub(crate) fn trusted_pem(&self) -> String {
        self.trusted.concat()
    }

    /// Issues what `tls` asks for, to a server called `host`.
    pub(crate) fn acceptor(&mut self, tls: &Tls, host: &str) -> Result<Acceptor, WorldError> {
        let key = KeyPair::generate()?;
        let params = self.leaf_params(tls, host)?;
        let mut chain = match tls.certificate {
            Certificate::SelfSigned => vec![params.self_signed(&key)?.der().clone()],
            Certificate::Incomplete => vec![params.signed_by(&key, &self.intermediate.issuer)?.der().clone()],
            Certificate::UntrustedRoot | Certificate::Interceptor => {
                let interceptor = tls.certificate == Certificate::Interceptor;
                let default =
                    if interceptor { "Avast Web/Mail Shield Root" } else { "Example Private Root CA" };
                let signer = Signer::root(tls.issuer.as_deref().unwrap_or(default), self.clock)?;
                if tls.issuer_trusted {
                    self.trusted.push(signer.pem.clone());
                }
                vec![params.signed_by(&key, &signer.issuer)?.der().clone(), signer.certificate]
            }
            Certificate::Expired | Certificate::NotYetValid | Certificate::Valid | Certificate::WrongName => {
                vec![
                    params.signed_by(&key, &self.intermediate.issuer)?.der().clone(),
                    self.intermediate.certificate.clone(),
                ]
            }
        };
        for _ in 0..tls.extra_certificates {
            chain.push(self.root.certificate.clone());
        }
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let versions: &[&rustls::SupportedProtocolVersion] = if tls.tls12_only {
            &[&rustls::version::TLS12]
        } else {
            &[&rustls::version::TLS13, &rustls::version::TLS12]
        };
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_protocol_versions(versions)?
                .with_no_client_auth()
                .with_single_cert(chain, key)?;
        Ok(Acceptor { behaviour: tls.behaviour, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    fn leaf_params(&self, tls: &Tls, host: &str) -> Result<CertificateParams, WorldError> {
        let names = match (&tls.names[..], tls.certificate) {
            ([], Certificate::WrongName) => vec!["server12.rental.example.com".to_owned()],
            ([], _) => vec![host.to_owned()],
            (names, _) => names.to_vec(),
        };
        let now = self.clock.now();
        let (from, until) = match tls.certificate {
            Certificate::Expired => (-92 * DAY, -2 * DAY),
            Certificate::NotYetValid => (3 * DAY, 93 * DAY),
            _ => (-30 * DAY, 60 * DAY),
        };
        let mut params = CertificateParams::new(names.clone())?;
        params.distinguished_name = named(&names[0]);
        params.not_before = shifted(now, from).into();
        params.not_after = shifted(now, until).into();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = tls.certificate != Certificate::SelfSigned;
        Ok(params)
    }
}

impl Signer {
    fn root(name: &str, clock: WorldClock) -> Result<Self, WorldError> {
        let params = authority_params(name, name, clock);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        })
    }
}

impl Acceptor {
    /// Plays the handshake. A handshake that ends the conversation is an error, like one that the client breaks off.
    pub(crate) async fn accept(&self, mut stream: Box<dyn Stream>) -> io::Result<Accepted> {
        match self.behaviour {
            TlsBehaviour::Normal => Ok(Accepted::Secure(Box::new(self.acceptor.accept(stream).await?))),
            TlsBehaviour::Plaintext => Ok(Accepted::Plain(stream)),
            TlsBehaviour::Close => {
                read_hello(&mut stream).await?;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            TlsBehaviour::Stall => {
                read_hello(&mut stream).await?;
                wait_for_end(stream).await
            }
            TlsBehaviour::Alert => last_words(stream, &[0x15, 3, 3, 0, 2, 2, 40]).await,
            TlsBehaviour::OldOnlyAlert => last_words(stream, &[0x15, 3, 1, 0, 2, 2, 70]).await,
            TlsBehaviour::OldOnly => last_words(stream, &old_server_hello()).await,
            TlsBehaviour::Garbage => last_words(stream, &garbage(1, 2_048)).await,
            TlsBehaviour::GarbageRecords => {
                let mut records = Vec::new();
                for seed in 0..16 {
                    records.extend_from_slice(&[0x16, 3, 3, 1, 0]);
                    records.extend_from_slice(&garbage(seed, 256));
                }
                last_words(stream, &records).await
            }
        }
    }
}

fn authority_params(organization: &str, name: &str, clock: WorldClock) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.distinguished_name.push(DnType::OrganizationName, organization);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = shifted(clock.now(), -5 * 365 * DAY).into();
    params.not_after = shifted(clock.now(), 5 * 365 * DAY).into();
    params.use_authority_key_identifier_extension = true;
    params
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// Reads one TLS record, or what comes in its place.
async fn read_hello(stream: &mut Box<dyn Stream>) -> io::Result<()> {
    let mut header = [0; 5];
    stream.read_exact(&mut header).await?;
    let mut body = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    stream.read_exact(&mut body).await?;
    Ok(())
}

/// Answers the `ClientHello` with these bytes, then waits for the client to hang up.
async fn last_words(mut stream: Box<dyn Stream>, bytes: &[u8]) -> io::Result<Accepted> {
    read_hello(&mut stream).await?;
    stream.write_all(bytes).await?;
    stream.flush().await?;
    wait_for_end(stream).await
}

/// Reads to nowhere until the client hangs up, a minute at most.
async fn wait_for_end(mut stream: Box<dyn Stream>) -> io::Result<Accepted> {
    let mut sink = [0; 1_024];
    let drained = async { while stream.read(&mut sink).await.is_ok_and(|length| length > 0) {} };
    // The client is gone or too slow: the conversation is over either way.
    let _ = tokio::time::timeout(Duration::from_mins(1), drained).await;
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// A `ServerHello` that chooses TLS 1.0 and `TLS_RSA_WITH_AES_128_CBC_SHA` (RFC 2246 7.4.1.3).
fn old_server_hello() -> Vec<u8> {
    let mut hello = vec![3, 1];
    hello.extend_from_slice(&garbage(10, 32));
    hello.extend_from_slice(&[0, 0, 0x2f, 0]);
    let length = u8::try_from(hello.len()).expect("a ServerHello without extensions is short");
    let mut record = vec![0x16, 3, 1, 0, length + 4, 2, 0, 0, length];
    record.extend_from_slice(&hello);
    record
}
