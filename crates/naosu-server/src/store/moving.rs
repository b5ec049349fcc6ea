//! Further links to a case, and the codes that make them.

use super::Store;

impl Store {
    /// Keeps the digest of a code for a case until then, in place of an older one; throws away what is past.
    pub(crate) async fn keep_code(&self, case: i64, code: &str, until: u64) -> sqlx::Result<()> {
        let until = i64::try_from(until).unwrap_or(i64::MAX);
        let Some(mut work) = self.writing_beside(case).await? else { return Ok(()) };
        sqlx::query("DELETE FROM move_code WHERE case_id = $1 OR until < $2")
            .bind(case)
            .bind(until - i64::try_from(crate::moving::VALID).unwrap_or(0))
            .execute(&mut *work)
            .await?;
        sqlx::query("INSERT INTO move_code (code, case_id, until) VALUES ($1, $2, $3)")
            .bind(code)
            .bind(case)
            .bind(until)
            .execute(&mut *work)
            .await?;
        work.commit().await
    }

    /// Uses a code up and keeps another link to its case; `false` where there is no such code any more.
    pub(crate) async fn use_code(&self, code: &str, at: u64, link: &str) -> sqlx::Result<bool> {
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        let mut work = self.writing().await?;
        let case: Option<i64> =
            sqlx::query_scalar("DELETE FROM move_code WHERE code = $1 AND until >= $2 RETURNING case_id")
                .bind(code)
                .bind(at)
                .fetch_optional(&mut *work)
                .await?;
        let Some(case) = case else { return Ok(false) };
        sqlx::query("INSERT INTO further_link (link, case_id) VALUES ($1, $2)")
            .bind(link)
            .bind(case)
            .execute(&mut *work)
            .await?;
        work.commit().await?;
        Ok(true)
    }

    /// The case that a further link opens, by the digest of its secret.
    pub(super) async fn case_of_further_link(&self, link: &str) -> sqlx::Result<Option<i64>> {
        sqlx::query_scalar("SELECT case_id FROM further_link WHERE link = $1")
            .bind(link)
            .fetch_optional(&self.pool)
            .await
    }
}
