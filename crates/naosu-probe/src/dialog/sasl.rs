//! Sign-in mechanisms (RFC 4422): PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-256, OAUTHBEARER, XOAUTH2.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use md5::Md5;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Aim;
use crate::secret::Credential;

/// More rounds than any server asks for in earnest.
const ROUNDS_LIMIT: u32 = 600_000;

/// What servers offer that we can use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// The unregistered one of old servers: name and password asked for one by one.
    Login,
    /// RFC 2195; all that some old servers offer.
    CramMd5,
    /// RFC 7677.
    ScramSha256,
    /// RFC 7628.
    OauthBearer,
    /// Google's forerunner of it.
    Xoauth2,
}

/// What can be done with what a server offers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Choice {
    /// This mechanism fits.
    Use(Mechanism),
    /// Only OAuth is offered, and we have a password.
    OauthOnly,
    /// There are mechanisms, but none that we speak.
    Unsupported,
    /// Nothing is offered, or nothing for what we have.
    Nothing,
}

impl Mechanism {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::CramMd5 => "CRAM-MD5",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::OauthBearer => "OAUTHBEARER",
            Self::Xoauth2 => "XOAUTH2",
        }
    }

    /// Whether the client speaks first.
    pub fn speaks_first(self) -> bool {
        !matches!(self, Self::Login | Self::CramMd5)
    }
}

/// Chooses among the mechanisms a server offers (names in capitals). With a password PLAIN comes first although SCRAM
/// would hide the password from the server: it is what mail programs do over TLS, and servers that offer SCRAM over
/// passwords stored in another form refuse it to everyone, which would look like a wrong password.
pub fn choose(offered: &[&str], credential: &Credential) -> Choice {
    let wanted: &[Mechanism] = match credential {
        Credential::Password(_) => {
            &[Mechanism::Plain, Mechanism::ScramSha256, Mechanism::Login, Mechanism::CramMd5]
        }
        Credential::Token(_) => &[Mechanism::OauthBearer, Mechanism::Xoauth2],
    };
    for mechanism in wanted {
        if offered.contains(&mechanism.name()) {
            return Choice::Use(*mechanism);
        }
    }
    let token = |name: &&str| {
        matches!(*name, "OAUTHBEARER" | "XOAUTH2" | "XOAUTH" | "EXTERNAL" | "ANONYMOUS" | "PLAIN-CLIENTTOKEN")
    };
    let oauth = offered.iter().any(|name| matches!(*name, "OAUTHBEARER" | "XOAUTH2"));
    match credential {
        _ if oauth && offered.iter().all(token) => Choice::OauthOnly,
        Credential::Password(_) if !offered.is_empty() => Choice::Unsupported,
        _ => Choice::Nothing,
    }
}

/// One sign-in under way.
pub struct Exchange {
    mechanism: Mechanism,
    user: String,
    secret: Zeroizing<String>,
    server: (String, u16),
    state: State,
    failure: Option<String>,
}

enum State {
    Start,
    LoginPassword,
    ScramFirst { nonce: String },
    ScramFinal { signature: Vec<u8> },
    Finished,
    Failed,
}

/// The server's challenge does not follow the mechanism.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Misstep;

impl Exchange {
    /// Begins a sign-in.
    pub fn new(mechanism: Mechanism, aim: &Aim<'_>, credential: &Credential) -> Self {
        let (Credential::Password(secret) | Credential::Token(secret)) = credential;
        Self {
            mechanism,
            user: aim.user.to_owned(),
            secret: Zeroizing::new(secret.expose().to_owned()),
            server: (aim.host.to_owned(), aim.port),
            state: State::Start,
            failure: None,
        }
    }

    /// Which mechanism it is.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// What the client says first, before base64; empty where the server speaks first.
    pub fn first(&mut self) -> Zeroizing<Vec<u8>> {
        let nonce = match self.mechanism {
            Mechanism::ScramSha256 => STANDARD.encode(rand::random::<[u8; 18]>()),
            _ => String::new(),
        };
        self.first_with(nonce)
    }

    fn first_with(&mut self, nonce: String) -> Zeroizing<Vec<u8>> {
        let secret = self.secret.as_str();
        let (text, state) = match self.mechanism {
            Mechanism::Plain => (format!("\0{}\0{secret}", self.user), State::Finished),
            Mechanism::Login | Mechanism::CramMd5 => (String::new(), State::Start),
            Mechanism::ScramSha256 => {
                (format!("n,,n={},r={nonce}", scram_name(&self.user)), State::ScramFirst { nonce })
            }
            Mechanism::OauthBearer => {
                let (user, (host, port)) = (scram_name(&self.user), &self.server);
                let text =
                    format!("n,a={user},\x01host={host}\x01port={port}\x01auth=Bearer {secret}\x01\x01");
                (text, State::Finished)
            }
            Mechanism::Xoauth2 => {
                (format!("user={}\x01auth=Bearer {secret}\x01\x01", self.user), State::Finished)
            }
        };
        self.state = state;
        Zeroizing::new(text.into_bytes())
    }

    /// Answers a challenge, both before base64.
    pub fn answer(&mut self, challenge: &[u8]) -> Result<Zeroizing<Vec<u8>>, Misstep> {
        match (self.mechanism, std::mem::replace(&mut self.state, State::Failed)) {
            (Mechanism::Login, State::Start) => {
                self.state = State::LoginPassword;
                Ok(Zeroizing::new(self.user.clone().into_bytes()))
            }
            (Mechanism::Login, State::LoginPassword) => {
                self.state = State::Finished;
                Ok(Zeroizing::new(self.secret.as_bytes().to_vec()))
            }
            (Mechanism::CramMd5, State::Start) => {
                self.state = State::Finished;
                let mut mac = <Hmac<Md5> as Mac>::new_from_slice(self.secret.as_bytes())
                    .expect("HMAC takes keys of any length");
                mac.update(challenge);
                let mut answer = Zeroizing::new(self.user.clone().into_bytes());
                answer.extend(format!(" {:x}", mac.finalize().into_bytes()).bytes());
                Ok(answer)
            }
            (Mechanism::ScramSha256, State::ScramFirst { nonce }) => {
                let (answer, signature) = self.scram(&nonce, challenge).ok_or(Misstep)?;
                self.state = State::ScramFinal { signature };
                Ok(answer)
            }
            (Mechanism::ScramSha256, State::ScramFinal { signature }) => {
                self.verify(&signature, challenge)?;
                Ok(Zeroizing::new(Vec::new()))
            }
            (Mechanism::OauthBearer | Mechanism::Xoauth2, State::Finished) => {
                // RFC 7628 section 3.2.2: the reason as JSON; a dummy answer makes the server refuse.
                self.failure = Some(String::from_utf8_lossy(challenge).chars().take(300).collect());
                Ok(Zeroizing::new(vec![1]))
            }
            _ => Err(Misstep),
        }
    }

    /// The server took the sign-in, perhaps with last data. `Err` where it did not prove that it knows the password
    /// although the mechanism demands it.
    pub fn taken(&mut self, data: Option<&[u8]>) -> Result<(), Misstep> {
        match (&self.state, data) {
            (State::ScramFinal { signature }, Some(data)) => {
                let signature = signature.clone();
                self.verify(&signature, data)
            }
            (State::Finished, _) => Ok(()),
            _ => Err(Misstep),
        }
    }

    /// What the server gave as the reason of an OAuth refusal.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    fn verify(&mut self, signature: &[u8], data: &[u8]) -> Result<(), Misstep> {
        let data = std::str::from_utf8(data).map_err(|_| Misstep)?;
        let sent = data.split(',').find_map(|part| part.strip_prefix("v=")).ok_or(Misstep)?;
        if STANDARD.decode(sent).is_ok_and(|sent| sent == signature) {
            self.state = State::Finished;
            Ok(())
        } else {
            self.state = State::Failed;
            Err(Misstep)
        }
    }

    /// The final message of the client, and the signature that the server must answer with (RFC 5802 section 3).
    fn scram(&self, nonce: &str, challenge: &[u8]) -> Option<(Zeroizing<Vec<u8>>, Vec<u8>)> {
        let first = std::str::from_utf8(challenge).ok()?;
        let field = |name: &str| first.split(',').find_map(|part| part.strip_prefix(name));
        let (joint, salt) = (field("r=")?, STANDARD.decode(field("s=")?).ok()?);
        let rounds: u32 = field("i=")?.parse().ok()?;
        if !joint.starts_with(nonce) || joint.len() <= nonce.len() || !(1..=ROUNDS_LIMIT).contains(&rounds) {
            return None;
        }
        let mut salted = Zeroizing::new([0_u8; 32]);
        pbkdf2::pbkdf2_hmac::<Sha256>(self.secret.as_bytes(), &salt, rounds, salted.as_mut());
        let client_key = Zeroizing::new(keyed(salted.as_ref(), b"Client Key"));
        let stored_key = Sha256::digest(*client_key);
        let unproven = format!("c=biws,r={joint}");
        let message = format!("n={},r={nonce},{first},{unproven}", scram_name(&self.user));
        let client_signature = keyed(&stored_key, message.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(client_signature).map(|(key, sign)| key ^ sign).collect();
        let server_key = Zeroizing::new(keyed(salted.as_ref(), b"Server Key"));
        let signature = keyed(&*server_key, message.as_bytes()).to_vec();
        let answer = format!("{unproven},p={}", STANDARD.encode(proof));
        Some((Zeroizing::new(answer.into_bytes()), signature))
    }
}

/// Base64 of a message, to be wiped like it.
pub fn encode(message: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(message))
}

/// A challenge out of base64. Servers that send LOGIN's prompts in the clear are forgiven.
pub fn decode(challenge: &[u8]) -> Vec<u8> {
    STANDARD.decode(challenge.trim_ascii()).unwrap_or_else(|_| challenge.to_vec())
}

fn keyed(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// `=` and `,` have a meaning in SCRAM messages (RFC 5802 section 5.1).
fn scram_name(user: &str) -> String {
    user.replace('=', "=3D").replace(',', "=2C")
}

#[cfg(test)]
mod tests {
    use naosu_core::knowledge::Security;

    use super::*;
    use crate::secret::Secret;

    fn exchange(mechanism: Mechanism, user: &str, secret: &str) -> Exchange {
        let aim = Aim {
            security: Security::Tls,
            host: "imap.example.jp",
            port: 993,
            user,
            credential: None,
            address: None,
            local: None,
        };
        Exchange::new(mechanism, &aim, &Credential::Password(Secret::new(secret.to_owned())))
    }

    /// RFC 7677 section 3.
    #[test]
    fn scram_follows_the_published_exchange() {
        let mut scram = exchange(Mechanism::ScramSha256, "user", "pencil");
        let first = scram.first_with("rOprNGfwEbeRWgbNEkqO".to_owned());
        assert_eq!(first.as_slice(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let challenge =
            b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let last = scram.answer(challenge).unwrap();
        assert_eq!(
            std::str::from_utf8(&last).unwrap(),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        assert_eq!(scram.answer(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").unwrap().as_slice(), b"");
        assert_eq!(scram.taken(None), Ok(()));
    }

    #[test]
    fn scram_does_not_believe_a_server_without_its_signature() {
        let challenge = |nonce: &str| format!("r={nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1");
        let mut scram = exchange(Mechanism::ScramSha256, "user", "pencil");
        scram.first_with("abc".to_owned());
        scram.answer(challenge("abc").as_bytes()).unwrap();
        assert_eq!(scram.taken(None), Err(Misstep));
        assert_eq!(scram.taken(Some(b"v=AAAA")), Err(Misstep));
        for bad in
            ["r=other,s=AAAA,i=1", "r=abc,s=AAAA,i=1", "r=abcx,s=AAAA,i=99999999", "r=abcx,s=AAAA,i=0", "e=x"]
        {
            let mut scram = exchange(Mechanism::ScramSha256, "user", "pencil");
            scram.first_with("abc".to_owned());
            assert_eq!(scram.answer(bad.as_bytes()), Err(Misstep), "{bad}");
        }
    }

    #[test]
    fn the_other_mechanisms_say_what_their_documents_say() {
        assert_eq!(exchange(Mechanism::Plain, "tim", "tanstaaf").first().as_slice(), b"\0tim\0tanstaaf");
        let mut login = exchange(Mechanism::Login, "tim", "tanstaaf");
        assert_eq!(login.answer(b"Username:").unwrap().as_slice(), b"tim");
        assert_eq!(login.answer(b"Password:").unwrap().as_slice(), b"tanstaaf");
        assert_eq!(login.answer(b"More:"), Err(Misstep));
        // RFC 2195 section 2
        let mut cram = exchange(Mechanism::CramMd5, "tim", "tanstaaftanstaaf");
        let challenge = b"<1896.697170952@postoffice.reston.mci.net>";
        assert_eq!(cram.answer(challenge).unwrap().as_slice(), b"tim b913a602c7eda7a495b4e6e7334d3890");
        assert_eq!(cram.answer(b"more"), Err(Misstep));
        let mut bearer = exchange(Mechanism::OauthBearer, "u=ser@example.jp", "tok");
        assert_eq!(
            bearer.first().as_slice(),
            b"n,a=u=3Dser@example.jp,\x01host=imap.example.jp\x01port=993\x01auth=Bearer tok\x01\x01"
        );
        assert_eq!(bearer.answer(br#"{"status":"invalid_token"}"#).unwrap().as_slice(), b"\x01");
        assert_eq!(bearer.failure(), Some(r#"{"status":"invalid_token"}"#));
        let first = exchange(Mechanism::Xoauth2, "user@example.jp", "tok").first();
        assert_eq!(first.as_slice(), b"user=user@example.jp\x01auth=Bearer tok\x01\x01");
    }

    #[test]
    fn the_choice_follows_the_offer_and_the_credential() {
        let password = Credential::Password(Secret::new("x".to_owned()));
        let token = Credential::Token(Secret::new("x".to_owned()));
        let choice = |offer: &[&str], credential| choose(offer, credential);
        assert_eq!(choice(&["SCRAM-SHA-256", "PLAIN"], &password), Choice::Use(Mechanism::Plain));
        assert_eq!(choice(&["SCRAM-SHA-256", "LOGIN"], &password), Choice::Use(Mechanism::ScramSha256));
        assert_eq!(choice(&["XOAUTH2", "OAUTHBEARER"], &password), Choice::OauthOnly);
        assert_eq!(choice(&["XOAUTH2", "CRAM-MD5"], &password), Choice::Use(Mechanism::CramMd5));
        assert_eq!(choice(&["XOAUTH2", "GSSAPI"], &password), Choice::Unsupported);
        assert_eq!(choice(&[], &password), Choice::Nothing);
        assert_eq!(choice(&["PLAIN", "XOAUTH2", "OAUTHBEARER"], &token), Choice::Use(Mechanism::OauthBearer));
        assert_eq!(choice(&["PLAIN", "XOAUTH2"], &token), Choice::Use(Mechanism::Xoauth2));
        assert_eq!(choice(&["PLAIN"], &token), Choice::Nothing);
    }
}
