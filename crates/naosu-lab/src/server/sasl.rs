//! The server's side of SASL: PLAIN (RFC 4616), LOGIN, SCRAM-SHA-256 (RFC 5802, RFC 7677), XOAUTH2 and OAUTHBEARER (RFC 7628).

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::server::talk::{Claim, Talk};

/// Plays one mechanism up to, but without, the last reply. None when it is not offered or the client breaks off; nothing
/// has been answered then.
pub(crate) async fn authenticate(
    talk: &mut Talk,
    mechanism: &str,
    initial: Option<&str>,
) -> io::Result<Option<Claim>> {
    let mechanism = mechanism.to_uppercase();
    if !talk.mechanisms().contains(&mechanism) {
        return Ok(None);
    }
    // A lone "=" stands for an empty initial response.
    let initial = match initial {
        None => None,
        Some("=") => Some(Vec::new()),
        Some(encoded) => match STANDARD.decode(encoded) {
            Ok(decoded) => Some(decoded),
            Err(_) => return Ok(None),
        },
    };
    match mechanism.as_str() {
        "PLAIN" => plain(talk, initial).await,
        "LOGIN" => login(talk, initial).await,
        "SCRAM-SHA-256" => scram(talk, initial).await,
        "XOAUTH2" | "OAUTHBEARER" => bearer(talk, &mechanism, initial).await,
        _ => Ok(None),
    }
}

async fn plain(talk: &mut Talk, initial: Option<Vec<u8>>) -> io::Result<Option<Claim>> {
    let Some(response) = first(talk, initial).await? else { return Ok(None) };
    let text = String::from_utf8_lossy(&response).into_owned();
    let mut parts = text.split('\0').skip(1);
    let (Some(user), Some(password)) = (parts.next(), parts.next()) else { return Ok(None) };
    Ok(Some(Claim {
        mechanism: "PLAIN".to_owned(),
        proven: talk.server.account.admits(user, password),
        user: user.to_owned(),
        password: Some(password.to_owned()),
    }))
}

async fn login(talk: &mut Talk, initial: Option<Vec<u8>>) -> io::Result<Option<Claim>> {
    let user = match initial {
        Some(user) => Some(user),
        None => talk.challenge(b"Username:").await?,
    };
    let Some(user) = user else { return Ok(None) };
    let Some(password) = talk.challenge(b"Password:").await? else { return Ok(None) };
    let user = String::from_utf8_lossy(&user).into_owned();
    let password = String::from_utf8_lossy(&password).into_owned();
    let proven = talk.server.account.admits(&user, &password);
    Ok(Some(Claim { mechanism: "LOGIN".to_owned(), user, password: Some(password), proven }))
}

async fn bearer(talk: &mut Talk, mechanism: &str, initial: Option<Vec<u8>>) -> io::Result<Option<Claim>> {
    let Some(response) = first(talk, initial).await? else { return Ok(None) };
    let text = String::from_utf8_lossy(&response).into_owned();
    let part = |start: &str| {
        text.split(['\u{1}', ',']).find_map(|part| part.strip_prefix(start)).unwrap_or_default()
    };
    let user = part(if mechanism == "XOAUTH2" { "user=" } else { "a=" }).to_owned();
    let token = part("auth=Bearer ").to_owned();
    let proven = talk.server.account.admits(&user, &token);
    if !proven {
        talk.challenge(br#"{"status":"401","schemes":"bearer","scope":"https://mail.example.com/"}"#).await?;
    }
    Ok(Some(Claim { mechanism: mechanism.to_owned(), user, password: Some(token), proven }))
}

async fn scram(talk: &mut Talk, initial: Option<Vec<u8>>) -> io::Result<Option<Claim>> {
    const ITERATIONS: u32 = 4_096;
    const SALT: &[u8] = b"salt of the lab!";
    let Some(client_first) = first(talk, initial).await? else { return Ok(None) };
    let client_first = String::from_utf8_lossy(&client_first).into_owned();
    let Some(bare) =
        client_first.strip_prefix("n,").and_then(|rest| rest.split_once(',')).map(|(_, bare)| bare)
    else {
        return Ok(None);
    };
    let attribute =
        |text: &str, name: &str| text.split(',').find_map(|part| part.strip_prefix(name).map(str::to_owned));
    let (Some(user), Some(client_nonce)) = (attribute(bare, "n="), attribute(bare, "r=")) else {
        return Ok(None);
    };
    let user = user.replace("=2C", ",").replace("=3D", "=");
    // Enough for a lab: different for each client nonce, the same in each run.
    let nonce = format!("{client_nonce}{}", &STANDARD.encode(Sha256::digest(&client_nonce))[..18]);
    let server_first = format!("r={nonce},s={},i={ITERATIONS}", STANDARD.encode(SALT));
    let Some(client_final) = talk.challenge(server_first.as_bytes()).await? else { return Ok(None) };
    let client_final = String::from_utf8_lossy(&client_final).into_owned();
    let Some((without_proof, proof)) = client_final.rsplit_once(",p=") else { return Ok(None) };
    let Ok(proof) = STANDARD.decode(proof) else { return Ok(None) };

    let account = &talk.server.account;
    let salted = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(account.password.as_bytes(), SALT, ITERATIONS);
    let message = format!("{bare},{server_first},{without_proof}");
    let client_key = keyed(&salted, b"Client Key");
    let signature = keyed(&Sha256::digest(client_key), message.as_bytes());
    let expected: Vec<u8> = client_key.iter().zip(signature).map(|(key, sign)| key ^ sign).collect();
    let proven = proof == expected
        && user.eq_ignore_ascii_case(&account.user)
        && attribute(without_proof, "r=").as_deref() == Some(&nonce);
    if proven {
        let signature = keyed(&keyed(&salted, b"Server Key"), message.as_bytes());
        talk.challenge(format!("v={}", STANDARD.encode(signature)).as_bytes()).await?;
    }
    Ok(Some(Claim { mechanism: "SCRAM-SHA-256".to_owned(), user, password: None, proven }))
}

/// The initial response, asked for when the client did not send it along.
async fn first(talk: &mut Talk, initial: Option<Vec<u8>>) -> io::Result<Option<Vec<u8>>> {
    match initial {
        Some(response) => Ok(Some(response)),
        None => talk.challenge(b"").await,
    }
}

fn keyed(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}
