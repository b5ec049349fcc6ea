//! Helpers and their sessions.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::Store;

/// A helper as kept.
#[derive(Clone, Debug)]
pub(crate) struct HelperRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// `helper` or `administrator`.
    pub(crate) role: String,
    pub(crate) made_at: i64,
}

/// A session as kept, with whose it is.
#[derive(Clone, Debug)]
pub(crate) struct SessionRow {
    pub(crate) helper: HelperRow,
    pub(crate) began_at: i64,
    pub(crate) seen_at: i64,
}

impl Store {
    /// Keeps a new helper; whether the name was free.
    pub(crate) async fn add_helper(
        &self,
        name: &str,
        role: &str,
        password: &str,
        at: i64,
    ) -> sqlx::Result<bool> {
        let written =
            sqlx::query("INSERT INTO helper (name, role, password, made_at) VALUES ($1, $2, $3, $4)")
                .bind(name)
                .bind(role)
                .bind(password)
                .bind(at)
                .execute(&self.pool)
                .await;
        match written {
            Ok(_) => Ok(true),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// All helpers by name.
    pub(crate) async fn helpers(&self) -> sqlx::Result<Vec<HelperRow>> {
        let rows = sqlx::query("SELECT id, name, role, made_at FROM helper ORDER BY name")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(helper).collect()
    }

    /// The helper of that name with what is kept of the password.
    pub(crate) async fn helper_to_sign_in(&self, name: &str) -> sqlx::Result<Option<(HelperRow, String)>> {
        let row = sqlx::query("SELECT id, name, role, made_at, password FROM helper WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| Ok((helper(&row)?, row.try_get("password")?))).transpose()
    }

    /// Gives a helper another password, and ends all their sessions; whether there is one of that name.
    pub(crate) async fn change_password(&self, name: &str, password: &str) -> sqlx::Result<bool> {
        let mut work = self.writing().await?;
        let changed = sqlx::query("UPDATE helper SET password = $1 WHERE name = $2")
            .bind(password)
            .bind(name)
            .execute(&mut *work)
            .await?;
        sqlx::query("DELETE FROM session WHERE helper IN (SELECT id FROM helper WHERE name = $1)")
            .bind(name)
            .execute(&mut *work)
            .await?;
        work.commit().await?;
        Ok(changed.rows_affected() > 0)
    }

    /// Removes a helper with all their sessions and gives back the cases they hold; whether there was one of that name.
    pub(crate) async fn remove_helper(&self, name: &str) -> sqlx::Result<bool> {
        let mut work = self.writing().await?;
        for text in [
            "DELETE FROM session WHERE helper IN (SELECT id FROM helper WHERE name = $1)",
            "UPDATE case_file SET holder = NULL WHERE holder IN (SELECT id FROM helper WHERE name = $1)",
        ] {
            sqlx::query(text).bind(name).execute(&mut *work).await?;
        }
        let removed =
            sqlx::query("DELETE FROM helper WHERE name = $1").bind(name).execute(&mut *work).await?;
        work.commit().await?;
        Ok(removed.rows_affected() > 0)
    }

    /// Keeps a new session, and forgets those that began before `stale` or were last seen before `idle`.
    pub(crate) async fn begin_session(
        &self,
        secret: &str,
        helper: i64,
        at: i64,
        stale: i64,
        idle: i64,
    ) -> sqlx::Result<()> {
        let mut work = self.writing().await?;
        sqlx::query("DELETE FROM session WHERE began_at < $1 OR seen_at < $2")
            .bind(stale)
            .bind(idle)
            .execute(&mut *work)
            .await?;
        sqlx::query("INSERT INTO session (secret, helper, began_at, seen_at) VALUES ($1, $2, $3, $4)")
            .bind(secret)
            .bind(helper)
            .bind(at)
            .bind(at)
            .execute(&mut *work)
            .await?;
        work.commit().await
    }

    /// The session of that secret, by its digest.
    pub(crate) async fn session(&self, secret: &str) -> sqlx::Result<Option<SessionRow>> {
        let row = sqlx::query(
            "SELECT helper.id AS id, name, role, made_at, began_at, seen_at FROM session
             JOIN helper ON helper.id = session.helper WHERE secret = $1",
        )
        .bind(secret)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(SessionRow {
                helper: helper(&row)?,
                began_at: row.try_get("began_at")?,
                seen_at: row.try_get("seen_at")?,
            })
        })
        .transpose()
    }

    /// The session is in use.
    pub(crate) async fn saw_session(&self, secret: &str, at: i64) -> sqlx::Result<()> {
        sqlx::query("UPDATE session SET seen_at = $1 WHERE secret = $2")
            .bind(at)
            .bind(secret)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Ends the session.
    pub(crate) async fn end_session(&self, secret: &str) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM session WHERE secret = $1").bind(secret).execute(&self.pool).await?;
        Ok(())
    }

    /// The name of whoever holds a case, a helper or a program; nothing where they are gone.
    pub(crate) async fn holder_name(&self, holder: i64) -> sqlx::Result<Option<String>> {
        let text = if holder < 0 {
            "SELECT name FROM api_token WHERE id = $1"
        } else {
            "SELECT name FROM helper WHERE id = $1"
        };
        sqlx::query_scalar(text).bind(holder.abs()).fetch_optional(&self.pool).await
    }

    /// The name of the helper with that number.
    pub(crate) async fn helper_name(&self, id: i64) -> sqlx::Result<Option<String>> {
        if id > 0 { self.holder_name(id).await } else { Ok(None) }
    }
}

fn helper(row: &AnyRow) -> sqlx::Result<HelperRow> {
    Ok(HelperRow {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        role: row.try_get("role")?,
        made_at: row.try_get("made_at")?,
    })
}
