//! Tokens of programs: only digests are kept.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::Store;

/// A token as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TokenRow {
    pub(crate) id: i64,
    /// What it is for, in the words of whoever made it.
    pub(crate) name: String,
    /// `helper` or `administrator`.
    pub(crate) role: String,
    pub(crate) made_at: i64,
    /// From then on it opens nothing.
    pub(crate) expires_at: i64,
}

const ALL: &str = "SELECT id, name, role, made_at, expires_at FROM api_token ORDER BY id LIMIT $1";
const BY_DIGEST: &str =
    "SELECT id, name, role, made_at, expires_at FROM api_token WHERE digest = $1 AND expires_at > $2";

impl Store {
    /// Keeps a new token; its row.
    pub(crate) async fn add_token(
        &self,
        name: &str,
        role: &str,
        digest: &str,
        at: i64,
        expires_at: i64,
    ) -> sqlx::Result<TokenRow> {
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO api_token (name, role, digest, made_at, expires_at) VALUES ($1, $2, $3, $4, $5) RETURNING id",
        )
        .bind(name)
        .bind(role)
        .bind(digest)
        .bind(at)
        .bind(expires_at)
        .fetch_one(&self.pool)
        .await?;
        Ok(TokenRow { id, name: name.to_owned(), role: role.to_owned(), made_at: at, expires_at })
    }

    /// The token with that digest, if it has not ended.
    pub(crate) async fn token(&self, digest: &str, at: i64) -> sqlx::Result<Option<TokenRow>> {
        let row = sqlx::query(BY_DIGEST).bind(digest).bind(at).fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// The tokens, the oldest first; ended ones too.
    pub(crate) async fn tokens(&self, limit: i64) -> sqlx::Result<Vec<TokenRow>> {
        sqlx::query(ALL).bind(limit).fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Forgets a token and gives back the cases that it holds; whether there was one.
    pub(crate) async fn remove_token(&self, id: i64) -> sqlx::Result<bool> {
        let mut work = self.writing().await?;
        sqlx::query("UPDATE case_file SET holder = NULL WHERE holder = $1")
            .bind(-id)
            .execute(&mut *work)
            .await?;
        let removed = sqlx::query("DELETE FROM api_token WHERE id = $1").bind(id).execute(&mut *work).await?;
        work.commit().await?;
        Ok(removed.rows_affected() > 0)
    }
}

fn read(row: &AnyRow) -> sqlx::Result<TokenRow> {
    Ok(TokenRow {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        role: row.try_get("role")?,
        made_at: row.try_get("made_at")?,
        expires_at: row.try_get("expires_at")?,
    })
}
