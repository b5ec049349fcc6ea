//! A hand-made hello (RFC 5246 section 7.4.1) for servers that rustls cannot speak to: it offers TLS 1.0 to 1.2 and
//! every cipher that was ever common, and reads which of them the server picks. Nothing is ever sent over it.

use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::deadline::Deadline;
use crate::recorder::Detail;

/// The longest answer that is read.
const ANSWER_LIMIT: usize = 16 * 1024;

/// What a server answered to an old hello.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum OldHello {
    /// It picked a version and a cipher.
    Server {
        /// The version on the wire: 0x0301 is TLS 1.0.
        version: u16,
        /// The cipher suite on the wire.
        cipher: u16,
    },
    /// It answered with an alert.
    Alert(u8),
    /// It hung up.
    Closed,
    /// It said nothing, or not enough.
    Silent,
    /// It answered something else.
    NotTls,
}

impl OldHello {
    /// The outcome of the variable `tls` that this answer alone proves, with its details; `None` where it proves none.
    pub fn named(&self) -> Option<(&'static str, Detail)> {
        let Self::Server { version, cipher } = *self else { return None };
        let mut detail = Detail::from([("version".to_owned(), json!(version_text(version)))]);
        let name = cipher_text(cipher);
        detail.insert("cipher".to_owned(), json!(name));
        if version < 0x0303 {
            Some(("too_old", detail))
        } else if modern(cipher) {
            None
        } else {
            Some(("no_common_cipher", detail))
        }
    }
}

/// Sends an old hello and reads what the server picks.
pub async fn old_hello<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    host: &str,
    deadline: Deadline,
) -> OldHello {
    let exchange = async {
        if stream.write_all(&hello(host)).await.is_err() || stream.flush().await.is_err() {
            return OldHello::Closed;
        }
        let mut answer = Vec::new();
        loop {
            let mut part = [0; 2048];
            match stream.read(&mut part).await {
                Ok(0) | Err(_) => return OldHello::Closed,
                Ok(count) => answer.extend_from_slice(&part[..count]),
            }
            if let Some(read) = read(&answer) {
                return read;
            }
            if answer.len() > ANSWER_LIMIT {
                return OldHello::NotTls;
            }
        }
    };
    deadline.run(exchange).await.unwrap_or(OldHello::Silent)
}

/// Reads the first record of a server; `None` while it is not whole enough.
pub fn read(answer: &[u8]) -> Option<OldHello> {
    match (answer.first()?, answer.get(1)) {
        (21 | 22, None | Some(3)) => {}
        _ => return Some(OldHello::NotTls),
    }
    let body = answer.get(5..)?;
    if answer[0] == 21 {
        return body.get(1).map(|description| OldHello::Alert(*description));
    }
    if *body.first()? != 2 {
        return Some(OldHello::NotTls);
    }
    // type, three bytes of length, version, 32 bytes of random, the session id by its length, the cipher
    let version = u16::from_be_bytes([*body.get(4)?, *body.get(5)?]);
    let session = usize::from(*body.get(38)?);
    let cipher = u16::from_be_bytes([*body.get(39 + session)?, *body.get(40 + session)?]);
    Some(OldHello::Server { version, cipher })
}

fn hello(host: &str) -> Vec<u8> {
    let mut extensions = Vec::new();
    let mut extension = |kind: u16, body: &[u8]| {
        extensions.extend(kind.to_be_bytes());
        extensions.extend(length(body));
        extensions.extend(body);
    };
    if host.parse::<std::net::IpAddr>().is_err() && host.len() < 256 {
        let mut name = vec![0];
        name.extend(length(host.as_bytes()));
        name.extend(host.as_bytes());
        let mut list = length(&name).to_vec();
        list.extend(&name);
        extension(0, &list);
    }
    // groups: x25519, secp256r1, secp384r1, secp521r1, and what came before them
    extension(10, &[0, 12, 0, 0x1d, 0, 0x17, 0, 0x18, 0, 0x19, 0, 0x15, 0, 0x13]);
    extension(11, &[1, 0]);
    // signatures: RSA and ECDSA with SHA-256, SHA-384, SHA-512, SHA-1, RSA-PSS, and DSA
    extension(13, &[0, 22, 4, 1, 4, 3, 5, 1, 5, 3, 6, 1, 6, 3, 8, 4, 8, 5, 8, 6, 2, 1, 2, 3]);
    extension(0xff01, &[0]);

    let mut body = vec![3, 3];
    body.extend(rand::random::<[u8; 32]>());
    body.push(0);
    let ciphers: Vec<u8> = CIPHERS.iter().flat_map(|(id, _)| id.to_be_bytes()).collect();
    body.extend(length(&ciphers));
    body.extend(&ciphers);
    body.extend([1, 0]);
    body.extend(length(&extensions));
    body.extend(&extensions);

    let mut message = vec![1, 0];
    message.extend(length(&body));
    message.extend(&body);
    let mut record = vec![22, 3, 1];
    record.extend(length(&message));
    record.extend(&message);
    record
}

fn length(part: &[u8]) -> [u8; 2] {
    u16::try_from(part.len()).expect("every part of a hello is short").to_be_bytes()
}

fn version_text(version: u16) -> String {
    match version {
        0x0300 => "SSL 3.0".to_owned(),
        0x0301 => "TLS 1.0".to_owned(),
        0x0302 => "TLS 1.1".to_owned(),
        0x0303 => "TLS 1.2".to_owned(),
        other => format!("{other:#06x}"),
    }
}

fn cipher_text(cipher: u16) -> String {
    let known = CIPHERS.iter().find(|(id, _)| *id == cipher);
    known.map_or_else(|| format!("{cipher:#06x}"), |(_, name)| (*name).to_owned())
}

/// Whether rustls has it too.
fn modern(cipher: u16) -> bool {
    matches!(cipher, 0xc02b | 0xc02c | 0xc02f | 0xc030 | 0xcca8 | 0xcca9)
}

/// Ciphers by their numbers, with the names of the IANA registry less the leading `TLS_`; the best first.
const CIPHERS: &[(u16, &str)] = &[
    (0xc02c, "ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xc02b, "ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xc030, "ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xc02f, "ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xcca9, "ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xcca8, "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0x009f, "DHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0x009e, "DHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xccaa, "DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xc024, "ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xc023, "ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xc028, "ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    (0xc027, "ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0xc00a, "ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xc009, "ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xc014, "ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0xc013, "ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x006b, "DHE_RSA_WITH_AES_256_CBC_SHA256"),
    (0x0067, "DHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x0039, "DHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x0033, "DHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x009d, "RSA_WITH_AES_256_GCM_SHA384"),
    (0x009c, "RSA_WITH_AES_128_GCM_SHA256"),
    (0x003d, "RSA_WITH_AES_256_CBC_SHA256"),
    (0x003c, "RSA_WITH_AES_128_CBC_SHA256"),
    (0x0035, "RSA_WITH_AES_256_CBC_SHA"),
    (0x002f, "RSA_WITH_AES_128_CBC_SHA"),
    (0x0084, "RSA_WITH_CAMELLIA_256_CBC_SHA"),
    (0x0041, "RSA_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0088, "DHE_RSA_WITH_CAMELLIA_256_CBC_SHA"),
    (0x0045, "DHE_RSA_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0096, "RSA_WITH_SEED_CBC_SHA"),
    (0x0007, "RSA_WITH_IDEA_CBC_SHA"),
    (0xc008, "ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"),
    (0xc012, "ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0016, "DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x000a, "RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0038, "DHE_DSS_WITH_AES_256_CBC_SHA"),
    (0x0032, "DHE_DSS_WITH_AES_128_CBC_SHA"),
    (0xc007, "ECDHE_ECDSA_WITH_RC4_128_SHA"),
    (0xc011, "ECDHE_RSA_WITH_RC4_128_SHA"),
    (0x0005, "RSA_WITH_RC4_128_SHA"),
    (0x0004, "RSA_WITH_RC4_128_MD5"),
    (0x0009, "RSA_WITH_DES_CBC_SHA"),
];
