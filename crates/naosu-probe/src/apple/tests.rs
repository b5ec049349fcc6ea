use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use naosu_core::knowledge::embedded;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::local;

async fn outcomes(names: Names, service: &str) -> Vec<(String, String, String)> {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let (trust, recorder) = (Trust::load(None).unwrap(), Recorder::default());
    let apple = Apple {
        knowledge: &knowledge,
        names: &names,
        trust: &trust,
        reach: &Reach::Everything,
        time: false,
        recorder: &recorder,
        deadline: local::soon(),
        after: &[],
    };
    apple.check(service).await.ended(local::soon()).await;
    let of_apple = recorder.observations().into_iter().filter(|o| o.variable.starts_with("apple_"));
    of_apple.map(|o| (o.variable, o.subject, o.outcome)).collect()
}

#[tokio::test]
async fn every_host_and_port_of_a_service_is_recorded_where_no_name_resolves() {
    let nobody = local::closed_port().await;
    let seen = outcomes(Names::Servers(vec![nobody]), "imessage").await;
    let variables: BTreeSet<&str> = seen.iter().map(|(variable, ..)| variable.as_str()).collect();
    let all = BTreeSet::from(["apple_activation", "apple_identity", "apple_push", "apple_sign_in"]);
    assert_eq!(variables, all);
    assert!(seen.iter().all(|(.., outcome)| outcome.starts_with("name_")), "{seen:?}");
    let subjects: BTreeSet<&str> = seen.iter().map(|(_, subject, _)| subject.as_str()).collect();
    assert!(subjects.contains("1-courier.push.apple.com:5223"));
    assert!(subjects.contains("1-courier.push.apple.com:443"));
    assert!(subjects.contains("gsa.apple.com:443"));
}

#[tokio::test]
async fn a_service_of_somebody_else_is_not_measured() {
    let nobody = local::closed_port().await;
    assert!(outcomes(Names::Servers(vec![nobody]), "gmail").await.is_empty());
}

#[test]
fn every_purpose_has_its_variable() {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    for purpose in knowledge.apple().values() {
        assert_eq!(purpose.variable.is_some(), purpose.variable.as_deref().and_then(variable).is_some());
    }
}

const HOST: &str = "1-courier.push.apple.com";

/// A TLS server whose certificate for [`HOST`] was issued by an authority of that name.
async fn issued_by(authority: &str) -> SocketAddr {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, authority);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![HOST.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let chain = vec![leaf.der().clone(), issuer.der().clone()];
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    local::tcp(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let _ = acceptor.accept(stream).await;
        }
    })
    .await
}

async fn reached(server: SocketAddr) -> (String, Option<String>) {
    let knowledge = Knowledge::load(&embedded()).unwrap();
    let (names, trust) = (Names::Servers(vec![]), Trust::load(None).unwrap());
    let recorder = Recorder::default();
    let (deadline, after) = (local::soon(), &[]);
    let apple = Apple {
        knowledge: &knowledge,
        names: &names,
        trust: &trust,
        reach: &Reach::Everything,
        time: false,
        recorder: &recorder,
        deadline,
        after,
    };
    let host = &knowledge.apple()["push"].host[0];
    let looked =
        Looked { addresses: vec![server.ip()], problem: None, after: vec![], others: Others::none() };
    let pending = recorder.start("apple_push", HOST, &[]);
    apple.reach(host, HOST, server.port(), &looked, pending).await.ended(local::soon()).await;
    let seen = recorder.observations().into_iter().find(|o| o.variable == "apple_push").unwrap();
    (seen.outcome.clone(), seen.text("issuer").map(str::to_owned))
}

#[tokio::test]
async fn apples_own_authority_is_taken_and_any_other_named() {
    let (outcome, _) = reached(issued_by("Apple Server Authentication CA").await).await;
    assert_eq!(outcome, "ok");
    let (outcome, issuer) = reached(issued_by("Zscaler Root CA").await).await;
    assert!(outcome.starts_with("cert_"), "{outcome}");
    assert!(issuer.unwrap().contains("Zscaler Root CA"));
}

#[tokio::test]
async fn a_closed_port_and_a_server_without_tls_are_told_apart() {
    assert_eq!(reached(local::closed_port().await).await.0, "tcp_refused");
    let plain = local::tcp(|mut stream| async move {
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"* OK hello\r\n").await;
        let mut rest = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await;
    })
    .await;
    assert_eq!(reached(plain).await.0, "tls_plaintext");
}
