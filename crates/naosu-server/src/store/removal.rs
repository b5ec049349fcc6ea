//! Deleting a case with all that is kept of it.

use super::Store;

/// What is kept of a case, the row itself last.
const PARTS: [&str; 7] = [
    "DELETE FROM event WHERE case_id = $1",
    "DELETE FROM note WHERE case_id = $1",
    "DELETE FROM by_helper WHERE case_id = $1",
    "DELETE FROM term WHERE case_id = $1",
    "DELETE FROM move_code WHERE case_id = $1",
    "DELETE FROM further_link WHERE case_id = $1",
    "DELETE FROM case_file WHERE id = $1",
];

impl Store {
    /// Deletes a case; nothing of it is left that could be read.
    pub(crate) async fn delete_case(&self, case: i64) -> sqlx::Result<()> {
        let mut work = self.writing().await?;
        for part in PARTS {
            sqlx::query(part).bind(case).execute(&mut *work).await?;
        }
        work.commit().await
    }
}
