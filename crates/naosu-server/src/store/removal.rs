//! Deleting cases with all that is kept of them.

use sqlx::{Any, Transaction};

use super::Store;

/// What is kept of a case beside its row.
const PARTS: [&str; 7] = [
    "DELETE FROM event WHERE case_id = $1",
    "DELETE FROM note WHERE case_id = $1",
    "DELETE FROM by_helper WHERE case_id = $1",
    "DELETE FROM term WHERE case_id = $1",
    "DELETE FROM move_code WHERE case_id = $1",
    "DELETE FROM further_link WHERE case_id = $1",
    "DELETE FROM delivery WHERE case_id = $1",
];

/// In which nothing happened since `$1`, and that wait for nothing later.
const SILENT: &str = "last_at < $1 AND (due_at IS NULL OR due_at < $1)";

impl Store {
    /// Deletes a case; nothing of it is left that could be read.
    pub(crate) async fn delete_case(&self, case: i64) -> sqlx::Result<()> {
        let mut work = self.writing().await?;
        // the row first: whoever adds to the case meanwhile waits for it, and then finds that it is gone
        sqlx::query("DELETE FROM case_file WHERE id = $1").bind(case).execute(&mut *work).await?;
        delete_parts(&mut work, case).await?;
        work.commit().await
    }

    /// Some cases in which nothing happened since then, the oldest first.
    pub(crate) async fn silent_cases(&self, since: i64, limit: i64) -> sqlx::Result<Vec<i64>> {
        let text = format!("SELECT id FROM case_file WHERE {SILENT} ORDER BY last_at, id LIMIT $2");
        sqlx::query_scalar(sqlx::AssertSqlSafe(text)).bind(since).bind(limit).fetch_all(&self.pool).await
    }

    /// Deletes these cases, unless something has happened in them after all; how many are gone.
    pub(crate) async fn delete_silent_cases(&self, since: i64, cases: &[i64]) -> sqlx::Result<usize> {
        let text = format!("DELETE FROM case_file WHERE {SILENT} AND id = $2");
        let mut work = self.writing().await?;
        let mut gone = 0;
        for case in cases {
            let deleted = sqlx::query(sqlx::AssertSqlSafe(text.clone()));
            let deleted = deleted.bind(since).bind(*case).execute(&mut *work).await?;
            if deleted.rows_affected() > 0 {
                delete_parts(&mut work, *case).await?;
                gone += 1;
            }
        }
        work.commit().await?;
        Ok(gone)
    }
}

async fn delete_parts(work: &mut Transaction<'static, Any>, case: i64) -> sqlx::Result<()> {
    for part in PARTS {
        sqlx::query(part).bind(case).execute(&mut **work).await?;
    }
    Ok(())
}
