//! Tokens of programs: made, looked up, never kept.

use anyhow::{Context, Result};

use crate::config::Keeping;
use crate::desk::{Desk, now};
use crate::helpers::Role;
use crate::secret_link;
use crate::store::Store;
use crate::store::tokens::TokenRow;

/// What a token begins with, so that one that got lost is recognised.
const PREFIX: &str = "naosu_";

/// The longest time that a token holds, in days.
pub(crate) const DAYS_LIMIT: u32 = 366;

/// Seconds in a day.
const DAY: i64 = 24 * 60 * 60;

/// Makes a token in what is kept there, and gives it back: it cannot be found out later. It holds `days` (1 to 366).
///
/// # Errors
/// When what is kept cannot be opened or written.
pub async fn make_token(keeping: &Keeping, name: &str, role: Role, days: u32) -> Result<String> {
    let store = Store::open(keeping).await?;
    let (token, _) = made(&store, name, role, days).await.context("keep the token")?;
    Ok(token)
}

/// A new token and its row.
pub(crate) async fn made(
    store: &Store,
    name: &str,
    role: Role,
    days: u32,
) -> sqlx::Result<(String, TokenRow)> {
    let token = format!("{PREFIX}{}", secret_link::fresh());
    let at = i64::try_from(now()).unwrap_or(i64::MAX / 2);
    let expires_at = at + i64::from(days.clamp(1, DAYS_LIMIT)) * DAY;
    let row = store.add_token(name, role.id(), &secret_link::digest(&token), at, expires_at).await?;
    Ok((token, row))
}

/// Whoever has a token.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The token's number.
    pub(crate) id: i64,
    /// The token's name.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: Role,
}

impl Program {
    /// The number under which it holds cases: that of its token with a minus sign, so that it is no helper's.
    pub(crate) fn holder(&self) -> i64 {
        -self.id
    }
}

impl Desk {
    /// Who has that token; nobody where it is unknown, revoked or has ended.
    pub(crate) async fn program(&self, token: &str) -> sqlx::Result<Option<Program>> {
        if !token.starts_with(PREFIX) {
            return Ok(None);
        }
        let at = i64::try_from(now()).unwrap_or(i64::MAX);
        let row = self.store.token(&secret_link::digest(token), at).await?;
        Ok(row.and_then(|row| Some(Program { id: row.id, role: Role::of(&row.role)?, name: row.name })))
    }
}
