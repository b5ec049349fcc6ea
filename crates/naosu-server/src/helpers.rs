//! Those who help: who they are, how they sign in, and what a session may do.
//!
//! A password is kept as Argon2id makes it, a session as the SHA-256 of the secret in its cookie. Guessing is slowed down
//! per name and per address; whether a name exists is not told, neither in words nor in time.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::config::Keeping;
use crate::desk::{Desk, now};
use crate::failure::Failure;
use crate::pages::{PageFailure, go_to};
use crate::secret_link;
use crate::store::Store;
use crate::store::helpers::HelperRow;
use crate::wording::Wording;

pub(crate) use self::guesses::Guesses;

mod guesses;

/// Where one signs in.
pub(crate) const SIGN_IN: &str = "/desk/sign-in";

/// A session that nobody used for so long is over, in seconds.
const IDLE: u64 = 2 * 3600;

/// A session is over after so long in any case, in seconds: a shift.
const WHOLE: u64 = 12 * 3600;

/// A session in use is written down again after so long, in seconds.
const SEEN_EVERY: u64 = 60;

/// How many passwords are hashed at once; each takes 19 MiB.
const AT_ONCE: usize = 2;

/// The shortest password, in characters (NIST SP 800-63B-4 asks for 15 where it is the only factor, 8 at least).
const SHORTEST: usize = 12;

/// The longest password, in bytes.
const LONGEST: usize = 1024;

/// The longest name, in characters.
const LONGEST_NAME: usize = 64;

/// What a helper may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// See cases, take them over, write notes.
    Helper,
    /// Manage helpers too.
    Administrator,
}

impl Role {
    /// Its name where it is kept and sent.
    pub fn id(self) -> &'static str {
        match self {
            Self::Helper => "helper",
            Self::Administrator => "administrator",
        }
    }

    /// The role of that name.
    pub fn of(id: &str) -> Option<Self> {
        [Self::Helper, Self::Administrator].into_iter().find(|role| role.id() == id)
    }
}

/// Why a helper was not made or changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unfit {
    /// The name is empty, too long, or has letters that cannot be seen.
    #[error("the name must be 1 to 64 visible characters")]
    Name,
    /// Somebody has that name.
    #[error("there is a helper of that name already")]
    Taken,
    /// There is nobody of that name.
    #[error("there is no helper of that name")]
    Nobody,
    /// The password is too short or too long.
    #[error("the password must have 12 characters or more, and at most 1024 bytes")]
    Password,
}

impl Unfit {
    /// It, for whoever manages helpers.
    pub(crate) fn text(self, w: Wording) -> &'static str {
        match self {
            Self::Name => {
                w.pick("The name must have 1 to 64 letters.", "名前は1〜64文字で入力してください。")
            }
            Self::Taken => w.pick("Somebody has that name already.", "その名前はすでに使われています。"),
            Self::Nobody => w.pick("There is nobody of that name.", "その名前の人はいません。"),
            Self::Password => w.pick(
                "The password must have 12 characters or more; several words do well.",
                "パスワードは12文字以上にしてください。いくつかの言葉を並べると覚えやすくなります。",
            ),
        }
    }
}

/// A helper, as told to whoever manages them.
#[derive(Clone, Debug)]
pub struct Helper {
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// The helpers of a server, for the command line.
#[derive(Debug)]
pub struct Helpers {
    store: Store,
}

impl Helpers {
    /// Opens them where the server keeps them.
    ///
    /// # Errors
    /// When that cannot be opened.
    pub async fn open(keeping: &Keeping) -> Result<Self> {
        Ok(Self { store: Store::open(keeping).await? })
    }

    /// Makes a helper.
    ///
    /// # Errors
    /// [`Unfit`] where name or password will not do; others are the database's.
    pub async fn add(&self, name: &str, role: Role, password: &str) -> Result<()> {
        add(&self.store, name, role, password.to_owned()).await
    }

    /// All helpers by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self) -> Result<Vec<Helper>> {
        let rows = self.store.helpers().await.context("read the helpers")?;
        Ok(rows.into_iter().map(|row| Helper { role: role(&row), name: row.name }).collect())
    }

    /// Removes a helper and ends their sessions.
    ///
    /// # Errors
    /// [`Unfit::Nobody`]; others are the database's.
    pub async fn remove(&self, name: &str) -> Result<()> {
        let removed = self.store.remove_helper(&folded(name)).await.context("remove the helper")?;
        if removed { Ok(()) } else { Err(Unfit::Nobody.into()) }
    }

    /// Gives a helper another password and ends their sessions.
    ///
    /// # Errors
    /// [`Unfit`] where name or password will not do; others are the database's.
    pub async fn change_password(&self, name: &str, password: &str) -> Result<()> {
        change_password(&self.store, name, password.to_owned()).await
    }
}

/// Makes a helper.
pub(crate) async fn add(store: &Store, name: &str, role: Role, password: String) -> Result<()> {
    let name = folded(name);
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Unfit::Name.into());
    }
    let kept = hashed(password).await?;
    let at = i64::try_from(now()).context("the clock")?;
    let made = store.add_helper(&name, role.id(), &kept, at).await.context("keep the helper")?;
    if made { Ok(()) } else { Err(Unfit::Taken.into()) }
}

/// Gives a helper another password and ends their sessions.
pub(crate) async fn change_password(store: &Store, name: &str, password: String) -> Result<()> {
    let kept = hashed(password).await?;
    let changed = store.change_password(&folded(name), &kept).await.context("keep the password")?;
    if changed { Ok(()) } else { Err(Unfit::Nobody.into()) }
}

/// The one spelling of a name.
pub(crate) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// What slows guessing down; one for the server.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    guesses: Arc<Guesses>,
    hashing: Arc<Semaphore>,
    /// What an unknown name is compared with, so that it takes as long as a known one.
    nobody: Arc<str>,
}

/// How a sign-in came out.
#[derive(Debug)]
pub(crate) enum SignedIn {
    /// The secret of the new session.
    Yes(String),
    /// Name or password is wrong; which is not told.
    No,
    /// Too many wrong ones; how long to wait, in seconds.
    Wait(u64),
}

impl Door {
    /// Opens the door.
    pub(crate) async fn new() -> Result<Self> {
        let nobody = hashed(secret_link::fresh()).await?;
        Ok(Self {
            guesses: Arc::new(Guesses::default()),
            hashing: Arc::new(Semaphore::new(AT_ONCE)),
            nobody: nobody.into(),
        })
    }
}

impl Desk {
    /// Signs in; each time a new session, whatever the browser had before.
    pub(crate) async fn sign_in(
        &self,
        caller: IpAddr,
        name: &str,
        password: String,
    ) -> Result<SignedIn, Failure> {
        let name = folded(name);
        let at = now();
        if let Err(wait) = self.door.guesses.begin(caller, &name, at) {
            return Ok(SignedIn::Wait(wait));
        }
        let found = self.store.helper_to_sign_in(&name).await?;
        let kept = found.as_ref().map_or_else(|| self.door.nobody.to_string(), |(_, kept)| kept.clone());
        let place = self.door.hashing.acquire().await.context("the door is open while the server runs")?;
        let fits = tokio::task::spawn_blocking(move || fits(&password, &kept)).await.context("compare")?;
        drop(place);
        let (Some((helper, _)), true) = (found, fits) else {
            tracing::warn!("a sign-in failed");
            return Ok(SignedIn::No);
        };
        self.door.guesses.forgive(caller, &name);
        let secret = secret_link::fresh();
        let time = |at: u64| i64::try_from(at).unwrap_or(i64::MAX);
        let digest = secret_link::digest(&secret);
        let (stale, idle) = (at.saturating_sub(WHOLE), at.saturating_sub(IDLE));
        self.store.begin_session(&digest, helper.id, time(at), time(stale), time(idle)).await?;
        Ok(SignedIn::Yes(secret))
    }

    /// Ends a session.
    pub(crate) async fn sign_out(&self, session: &Session) -> Result<(), Failure> {
        Ok(self.store.end_session(&secret_link::digest(&session.secret)).await?)
    }

    /// The session that the cookie of a request opens.
    pub(crate) async fn session(&self, headers: &HeaderMap) -> Result<Option<Session>, Failure> {
        let Some(secret) = cookie_of(headers, self.cookie_name()) else { return Ok(None) };
        let digest = secret_link::digest(&secret);
        let Some(row) = self.store.session(&digest).await? else { return Ok(None) };
        let at = now();
        let age = |then: i64| at.saturating_sub(u64::try_from(then).unwrap_or(0));
        if age(row.began_at) >= WHOLE || age(row.seen_at) >= IDLE {
            self.store.end_session(&digest).await?;
            return Ok(None);
        }
        if age(row.seen_at) >= SEEN_EVERY {
            self.store.saw_session(&digest, i64::try_from(at).unwrap_or(i64::MAX)).await?;
        }
        Ok(Some(Session { id: row.helper.id, role: role(&row.helper), name: row.helper.name, secret }))
    }

    /// The header that keeps a session in the browser; none where the secret is empty.
    pub(crate) fn cookie(&self, secret: &str) -> String {
        let age = if secret.is_empty() { 0 } else { WHOLE };
        let secure = if self.is_https() { "; Secure" } else { "" };
        let name = self.cookie_name();
        format!("{name}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}")
    }

    /// With the prefix no other host of the domain can set it (RFC 6265bis section 4.1.3.2); it needs `https`.
    fn cookie_name(&self) -> &'static str {
        if self.is_https() { "__Host-desk" } else { "desk" }
    }

    fn is_https(&self) -> bool {
        self.config.public_url.starts_with("https://")
    }
}

/// A helper who is signed in. As an argument of a page it sends everybody else to the sign-in.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The helper's number.
    pub(crate) id: i64,
    /// The helper's name.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: Role,
    secret: String,
}

impl Session {
    /// What every form of this session sends along; another site cannot know it.
    pub(crate) fn token(&self) -> String {
        let digest = Sha256::new().chain_update(b"form ").chain_update(&self.secret).finalize();
        secret_link::hexadecimal(&digest)
    }

    /// Refuses a form that is not of this session.
    pub(crate) fn sent(&self, token: &str) -> Result<(), Failure> {
        let own = self.token();
        let differs = own.len() != token.len()
            || own.bytes().zip(token.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) != 0;
        if differs { Err(Failure::NotAllowed) } else { Ok(()) }
    }

    /// Whether the helper manages helpers.
    pub(crate) fn is_administrator(&self) -> bool {
        self.role == Role::Administrator
    }

    /// Refuses whoever does not manage helpers.
    pub(crate) fn manages(&self) -> Result<(), Failure> {
        if self.is_administrator() { Ok(()) } else { Err(Failure::NotAllowed) }
    }
}

impl FromRequestParts<Desk> for Session {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Self::Rejection> {
        match desk.session(&parts.headers).await {
            Ok(Some(session)) => Ok(session),
            Ok(None) => Err(go_to(SIGN_IN)),
            Err(failure) => {
                let Ok(words) = Wording::from_request_parts(parts, desk).await;
                Err(PageFailure { failure, words }.into_response())
            }
        }
    }
}

fn cookie_of(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find(|(name, _)| *name == wanted)?.1;
    Some(value.to_owned()).filter(|value| !value.is_empty())
}

fn role(row: &HelperRow) -> Role {
    // a role that is not known may the least
    Role::of(&row.role).unwrap_or(Role::Helper)
}

/// Argon2id with 19 MiB, two passes and one lane (OWASP Password Storage Cheat Sheet).
fn argon2() -> Argon2<'static> {
    let parameters = Params::new(19 * 1024, 2, 1, None).expect("these are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
}

/// What is kept of a password.
async fn hashed(password: String) -> Result<String> {
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        return Err(Unfit::Password.into());
    }
    tokio::task::spawn_blocking(move || {
        let hash = argon2().hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|error| anyhow!("hash the password: {error}"))
    })
    .await
    .context("hash the password")?
}

fn fits(password: &str, kept: &str) -> bool {
    let cut = &password.as_bytes()[..password.len().min(LONGEST + 1)];
    PasswordHash::new(kept).is_ok_and(|kept| argon2().verify_password(cut, &kept).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_kept_so_that_only_it_fits() {
        let kept = hashed("correct horse battery".to_owned()).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(fits("correct horse battery", &kept));
        assert!(!fits("correct horse batterY", &kept));
        assert!(!fits("correct horse battery", "not a hash"));
        let again = hashed("correct horse battery".to_owned()).await.unwrap();
        assert_ne!(kept, again, "each has its own salt");
        assert!(hashed("short".to_owned()).await.is_err());
    }

    #[tokio::test]
    async fn nobody_is_compared_with_as_much_work_as_somebody() {
        let work = |kept: &str| kept.rsplitn(3, '$').nth(2).map(str::to_owned);
        let (nobody, somebody) =
            (Door::new().await.unwrap().nobody, hashed("a long password".to_owned()).await);
        assert_eq!(work(&nobody), work(&somebody.unwrap()));
        assert_eq!(work(&nobody).as_deref(), Some("$argon2id$v=19$m=19456,t=2,p=1"));
        assert!(!fits("", &nobody) && PasswordHash::new(&nobody).is_ok());
    }

    #[test]
    fn a_form_of_another_session_is_refused() {
        let session = |secret: &str| Session {
            id: 1,
            name: "a".to_owned(),
            role: Role::Helper,
            secret: secret.to_owned(),
        };
        let (one, other) = (session("one"), session("other"));
        assert!(one.sent(&one.token()).is_ok());
        assert!(one.sent(&other.token()).is_err());
        assert!(one.sent("").is_err());
        assert!(one.manages().is_err());
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "lang=ja; desk=abc; x=1".parse().unwrap());
        assert_eq!(cookie_of(&headers, "desk").as_deref(), Some("abc"));
        assert_eq!(cookie_of(&headers, "__Host-desk"), None);
    }
}
