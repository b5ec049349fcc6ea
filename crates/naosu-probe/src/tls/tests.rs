use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;

use super::*;

const HOST: &str = "imap.example.jp";

type Authority = CertifiedIssuer<'static, KeyPair>;

/// From the first of January of one year to that of another.
#[derive(Clone, Copy)]
struct Years(i32, i32);

const VALID: Years = Years(2020, 2090);

fn authority(name: &str, years: Years, above: Option<&Authority>) -> Authority {
    let mut params = named(name, years);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().unwrap();
    match above {
        None => CertifiedIssuer::self_signed(params, key).unwrap(),
        Some(above) => CertifiedIssuer::signed_by(params, key, above).unwrap(),
    }
}

fn named(name: &str, years: Years) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    let organization = name.split(' ').next().unwrap();
    params.distinguished_name.push(DnType::OrganizationName, format!("{organization} Ltd"));
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    params
}

fn server_params(host: &str, years: Years) -> CertificateParams {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    let named = named(host, years);
    params.distinguished_name = named.distinguished_name;
    params.not_before = named.not_before;
    params.not_after = named.not_after;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

fn identity(params: &CertificateParams, above: &Authority, sent: &[&Authority]) -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut chain = vec![params.signed_by(&key, above).unwrap().der().clone()];
    chain.extend(sent.iter().map(|authority| authority.der().clone()));
    Identity { chain, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() }
}

fn trust(root: &Authority) -> Trust {
    Trust::only(root.pem().as_bytes()).unwrap()
}

async fn against(identity: Identity, host: &str, trust: &Trust) -> (Secured<DuplexStream>, Recorder) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .unwrap();
    let (ours, theirs) = duplex(64 * 1024);
    let server = tokio::spawn(async move {
        let mut stream = TlsAcceptor::from(Arc::new(config)).accept(theirs).await.unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
    });
    let recorder = Recorder::default();
    let deadline = Deadline::after(Duration::from_secs(20));
    let secured = secure(ours, host, 993, trust, &recorder, deadline, &[]).await;
    assert!(secured.stream.is_some(), "the handshake goes on past certificate faults");
    server.abort();
    (secured, recorder)
}

fn problems(detail: &Detail) -> Vec<&str> {
    detail.get("problems").map_or(Vec::new(), |list| {
        list.as_array().unwrap().iter().map(|problem| problem.as_str().unwrap()).collect()
    })
}

#[tokio::test]
async fn sound_chain_is_verified_and_described() {
    let root = authority("Root", VALID, None);
    let middle = authority("Middle", VALID, Some(&root));
    let leaf = identity(&server_params(HOST, VALID), &middle, &[&middle]);
    let (secured, recorder) = against(leaf, HOST, &trust(&root)).await;
    assert_eq!(secured.outcome, "ok");
    assert!(secured.verified);
    assert_eq!(secured.detail["version"], "TLS 1.3");
    assert_eq!(secured.detail["issuer"], "Middle");
    assert_eq!(secured.detail["issuer_organization"], "Middle Ltd");
    assert_eq!(secured.detail["root"], "Root");
    assert_eq!(secured.detail["names"], HOST);
    assert_eq!(secured.detail["not_after"], "2090-01-01T00:00:00Z");
    assert_eq!(secured.detail["key"], "EC 256");
    assert_eq!(secured.detail["chain"].as_array().unwrap().len(), 2);
    let observations = recorder.observations();
    assert_eq!(observations.len(), 1);
    assert_eq!(
        (observations[0].variable.as_str(), observations[0].subject.as_str()),
        ("tls", "imap.example.jp:993")
    );
    assert_eq!(observations[0].id, secured.observation);
}

#[tokio::test]
async fn dates_are_told_from_trust() {
    let root = authority("Root", VALID, None);
    for (years, outcome) in [(Years(2020, 2021), "cert_expired"), (Years(2080, 2081), "cert_not_yet_valid")] {
        let leaf = identity(&server_params(HOST, years), &root, &[]);
        let (secured, _) = against(leaf, HOST, &trust(&root)).await;
        assert_eq!(secured.outcome, outcome);
        assert!(!secured.verified);
        assert_eq!(problems(&secured.detail), [outcome]);
        assert_eq!(secured.detail["valid_otherwise"], true);
        assert_eq!(secured.detail["not_before"], format!("{}-01-01T00:00:00Z", years.0));
        assert_eq!(secured.detail["not_after"], format!("{}-01-01T00:00:00Z", years.1));
    }
}

#[tokio::test]
async fn expired_intermediate_is_expired_even_before_the_leaf_begins() {
    let root = authority("Root", VALID, None);
    for (middle_years, leaf_years) in
        [(Years(2020, 2022), Years(2021, 2090)), (Years(2018, 2019), Years(2021, 2090))]
    {
        let middle = authority("Middle", middle_years, Some(&root));
        let leaf = identity(&server_params(HOST, leaf_years), &middle, &[&middle]);
        let (secured, _) = against(leaf, HOST, &trust(&root)).await;
        assert_eq!(secured.outcome, "cert_expired");
        assert_eq!(secured.detail["expired"], "Middle");
        assert_eq!(secured.detail["not_after"], format!("{}-01-01T00:00:00Z", middle_years.1));
        assert_eq!(secured.detail["leaf_not_after"], "2090-01-01T00:00:00Z");
        let overlap = middle_years.1 > leaf_years.0;
        assert_eq!(secured.detail["valid_otherwise"], overlap);
    }
}

#[tokio::test]
async fn expired_root_is_expired() {
    let root = authority("Old Root", Years(2000, 2021), None);
    let leaf = identity(&server_params(HOST, VALID), &root, &[]);
    let (secured, _) = against(leaf, HOST, &trust(&root)).await;
    assert_eq!(secured.outcome, "cert_expired");
    assert_eq!(secured.detail["expired"], "Old Root");
}

#[tokio::test]
async fn other_name_is_a_mismatch_and_not_a_matter_of_dates() {
    let root = authority("Root", VALID, None);
    let leaf = identity(&server_params("mail.hosting.example", Years(2020, 2021)), &root, &[]);
    let (secured, _) = against(leaf, HOST, &trust(&root)).await;
    assert_eq!(secured.outcome, "cert_expired");
    assert_eq!(problems(&secured.detail), ["cert_expired", "cert_name_mismatch"]);
    assert_eq!(secured.detail["valid_otherwise"], false);
    let leaf = identity(&server_params("mail.hosting.example", VALID), &root, &[]);
    let (secured, _) = against(leaf, HOST, &trust(&root)).await;
    assert_eq!(secured.outcome, "cert_name_mismatch");
    assert_eq!(secured.detail["names"], "mail.hosting.example");
}

#[tokio::test]
async fn wildcards_and_addresses_are_names() {
    let root = authority("Root", VALID, None);
    let leaf = identity(&server_params("*.example.jp", VALID), &root, &[]);
    assert_eq!(against(leaf, HOST, &trust(&root)).await.0.outcome, "ok");
    let leaf = identity(&server_params("192.0.2.7", VALID), &root, &[]);
    assert_eq!(against(leaf, "192.0.2.7", &trust(&root)).await.0.outcome, "ok");
    let leaf = identity(&server_params(HOST, VALID), &root, &[]);
    let (secured, _) = against(leaf, "under_score..example", &trust(&root)).await;
    assert_eq!(secured.outcome, "cert_name_mismatch");
}

#[tokio::test]
async fn self_signed_is_told_from_a_private_authority() {
    let root = authority("Root", VALID, None);
    let key = KeyPair::generate().unwrap();
    let own = server_params(HOST, VALID).self_signed(&key).unwrap();
    let alone = || Identity {
        chain: vec![own.der().clone()],
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    };
    let (secured, _) = against(alone(), HOST, &trust(&root)).await;
    assert_eq!(secured.outcome, "cert_self_signed");
    assert_eq!(against(alone(), HOST, &Trust::only(own.pem().as_bytes()).unwrap()).await.0.outcome, "ok");

    // as `openssl req -x509` makes them
    let as_authority = authority(HOST, VALID, None);
    let alone = chain::judge(&[as_authority.der().clone()], HOST, &trust(&root), chain::now());
    assert_eq!(alone.outcome(), "cert_self_signed");
    assert_eq!(alone.detail["problem"], "ca_as_server");

    let private = authority("Private Root", VALID, None);
    let middle = authority("Private Middle", VALID, Some(&private));
    let leaf = || server_params(HOST, VALID);
    for sent in [vec![&middle, &private], vec![&middle]] {
        let (secured, _) = against(identity(&leaf(), &middle, &sent), HOST, &trust(&root)).await;
        assert_eq!(secured.outcome, "cert_untrusted_root");
        assert_eq!(secured.detail["root"], "Private Root");
    }
}

#[tokio::test]
async fn missing_intermediate_is_incomplete() {
    let root = authority("Root", VALID, None);
    let middle = authority("Root Middle", VALID, Some(&root));
    let stray = authority("Stray", VALID, None);
    for sent in [vec![], vec![&root], vec![&stray]] {
        let leaf = identity(&server_params(HOST, VALID), &middle, &sent);
        let (secured, _) = against(leaf, HOST, &trust(&root)).await;
        assert_eq!(secured.outcome, "cert_incomplete");
        assert_eq!(secured.detail["issuer"], "Root Middle");
    }
}

#[tokio::test]
async fn a_lone_certificate_that_says_where_its_issuer_is_lacks_an_intermediate() {
    let root = authority("Root", VALID, None);
    let other = authority("Somebody", VALID, None);
    let mut params = server_params(HOST, VALID);
    let alone = identity(&params, &other, &[]);
    let (secured, _) = against(alone, HOST, &trust(&root)).await;
    assert_eq!(secured.outcome, "cert_untrusted_root");
    // id-ad-caIssuers, http://ca.example/
    let place = b"\x30\x20\x30\x1e\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x12http://ca.example/";
    let access = rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], place.to_vec());
    params.custom_extensions.push(access);
    let alone = identity(&params, &other, &[]);
    let (secured, _) = against(alone, HOST, &trust(&root)).await;
    assert_eq!(secured.outcome, "cert_incomplete");
}

#[tokio::test]
async fn other_faults_are_named() {
    let root = authority("Root", VALID, None);
    let mut params = server_params(HOST, VALID);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let (secured, _) = against(identity(&params, &root, &[]), HOST, &trust(&root)).await;
    assert_eq!((secured.outcome, &secured.detail["problem"]), ("cert_invalid", &json!("wrong_purpose")));
    let mut params = server_params(HOST, VALID);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let (secured, _) = against(identity(&params, &root, &[]), HOST, &trust(&root)).await;
    assert_eq!((secured.outcome, &secured.detail["problem"]), ("cert_invalid", &json!("ca_as_server")));
}

/// A server that waits for a hello and then says this; it keeps the line open when `stay`.
async fn saying(answer: &'static [u8], stay: bool) -> Secured<DuplexStream> {
    let (ours, mut theirs) = duplex(64 * 1024);
    let server = tokio::spawn(async move {
        let mut hello = [0; 4096];
        let _ = theirs.read(&mut hello).await;
        let _ = theirs.write_all(answer).await;
        if stay {
            std::future::pending::<()>().await;
        }
    });
    let recorder = Recorder::default();
    let root = authority("Root", VALID, None);
    let deadline = Deadline::after(Duration::from_millis(400));
    let secured = secure(ours, HOST, 993, &trust(&root), &recorder, deadline, &[]).await;
    server.abort();
    assert!(!secured.verified && secured.stream.is_none());
    secured
}

#[tokio::test]
async fn what_is_not_tls_is_told_apart() {
    for (answer, protocol) in [
        (&b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n"[..], "IMAP"),
        (b"220 mail.example.jp ESMTP Postfix\r\n", "SMTP"),
        (b"+OK ready\r\n", "POP"),
        (b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
        (b"220 ProFTPD FTP server\r\n", "FTP"),
    ] {
        for stay in [true, false] {
            let secured = saying(answer, stay).await;
            assert_eq!((secured.outcome, &secured.detail["protocol"]), ("plaintext", &json!(protocol)));
        }
    }
    assert_eq!(saying(b"\x00\x01\x02\x03\x04\x05\x06\x07", false).await.outcome, "garbage");
    assert_eq!(saying(b"", false).await.outcome, "closed");
    assert_eq!(saying(b"", true).await.outcome, "stalled");
    assert_eq!(saying(b"\x16\x03\x03\x40\x00\x02\x00", true).await.outcome, "stalled");
    let secured = saying(b"\x15\x03\x01\x00\x02\x02\x70", false).await;
    assert_eq!((secured.outcome, &secured.detail["alert"]), ("alert", &json!("unrecognised_name")));
}

/// A `ServerHello` record.
fn server_hello(version: u16, cipher: u16) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([7; 32]);
    body.push(0);
    body.extend(cipher.to_be_bytes());
    body.push(0);
    let mut record = vec![22, 3, 1, 0, u8::try_from(body.len() + 4).unwrap(), 2, 0, 0];
    record.push(u8::try_from(body.len()).unwrap());
    record.extend(body);
    record
}

#[tokio::test]
async fn second_hello_tells_why_the_first_was_turned_away() {
    let protocol_version = b"\x15\x03\x01\x00\x02\x02\x46".to_vec();
    let handshake_failure = b"\x15\x03\x03\x00\x02\x02\x28".to_vec();
    for (first, second, outcome, version) in [
        (protocol_version.clone(), server_hello(0x0301, 0x002f), "too_old", "TLS 1.0"),
        (handshake_failure.clone(), server_hello(0x0303, 0xc014), "no_common_cipher", "TLS 1.2"),
        (Vec::new(), server_hello(0x0302, 0xc014), "too_old", "TLS 1.1"),
        (server_hello(0x0301, 0x0035), Vec::new(), "too_old", "TLS 1.0"),
        (handshake_failure, server_hello(0x0303, 0xc02f), "alert", ""),
        (protocol_version, Vec::new(), "alert", ""),
    ] {
        let line = |answer: Vec<u8>| {
            let (ours, mut theirs) = duplex(64 * 1024);
            tokio::spawn(async move {
                let mut hello = [0; 4096];
                let _ = theirs.read(&mut hello).await;
                let _ = theirs.write_all(&answer).await;
            });
            ours
        };
        let root = authority("Root", VALID, None);
        let (recorder, trust) = (Recorder::default(), trust(&root));
        let deadline = Deadline::after(Duration::from_secs(20));
        let shake =
            Handshake { host: HOST, port: 993, trust: &trust, recorder: &recorder, deadline, after: &[] };
        let secured = shake.run(line(first), async || Some(line(second))).await;
        assert_eq!(secured.outcome, outcome);
        if !version.is_empty() {
            assert_eq!(secured.detail["version"], version);
        }
    }
}

#[test]
fn old_hello_is_read_only_when_whole_and_never_panics() {
    let whole = server_hello(0x0301, 0x000a);
    for end in 1..whole.len() - 1 {
        assert_eq!(hello::read(&whole[..end]), None, "{end} bytes");
    }
    assert_eq!(hello::read(&whole), Some(OldHello::Server { version: 0x0301, cipher: 0x000a }));
    for byte in 0..=255_u8 {
        for length in 0..64 {
            let _ = hello::read(&vec![byte; length]);
        }
    }
}

#[test]
fn certificate_files_are_refused_with_a_reason() {
    assert!(matches!(Trust::only(b"hello"), Err(TrustError::Empty)));
    assert!(matches!(
        Trust::only(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        Err(TrustError::Certificate { number: 1, .. })
    ));
    assert!(matches!(
        Trust::only(b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"),
        Err(TrustError::Pem(_))
    ));
}

#[test]
fn malformed_certificates_are_invalid_and_never_panic() {
    let root = authority("Root", VALID, None);
    let trust = trust(&root);
    let whole = root.der().as_ref();
    for end in 0..whole.len() {
        let cut = CertificateDer::from(whole[..end].to_vec());
        assert_eq!(chain::judge(&[cut], HOST, &trust, chain::now()).outcome(), "cert_invalid");
        let mut changed = whole.to_vec();
        changed[end] ^= 0xff;
        let changed = CertificateDer::from(changed);
        assert_ne!(chain::judge(&[changed], HOST, &trust, chain::now()).outcome(), "ok");
    }
}
