//! What helpers leave with a case: notes, which events they entered, and who holds it.

use sqlx::Row;

use super::Store;

/// A note as kept.
#[derive(Clone, Debug)]
pub(crate) struct NoteRow {
    /// Who wrote it.
    pub(crate) name: String,
    pub(crate) at: i64,
    pub(crate) text: String,
}

impl Store {
    /// Keeps a note.
    pub(crate) async fn add_note(
        &self,
        case: i64,
        helper: i64,
        name: &str,
        at: i64,
        text: &str,
    ) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO note (case_id, helper, name, at, text) VALUES ($1, $2, $3, $4, $5)")
            .bind(case)
            .bind(helper)
            .bind(name)
            .bind(at)
            .bind(text)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The notes of a case, the oldest first.
    pub(crate) async fn notes(&self, case: i64) -> sqlx::Result<Vec<NoteRow>> {
        let rows = sqlx::query("SELECT name, at, text FROM note WHERE case_id = $1 ORDER BY id")
            .bind(case)
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(NoteRow { name: row.try_get("name")?, at: row.try_get("at")?, text: row.try_get("text")? })
            })
            .collect()
    }

    /// Keeps that a helper entered the event.
    pub(crate) async fn entered_by(&self, case: i64, sequence: i64, name: &str) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO by_helper (case_id, sequence, name) VALUES ($1, $2, $3)")
            .bind(case)
            .bind(sequence)
            .bind(name)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Which events of a case a helper entered, and who.
    pub(crate) async fn entered(&self, case: i64) -> sqlx::Result<Vec<(i64, String)>> {
        let rows = sqlx::query("SELECT sequence, name FROM by_helper WHERE case_id = $1 ORDER BY sequence")
            .bind(case)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok((row.try_get("sequence")?, row.try_get("name")?))).collect()
    }

    /// Gives the case to a helper.
    pub(crate) async fn take_over(&self, case: i64, helper: i64) -> sqlx::Result<()> {
        sqlx::query("UPDATE case_file SET holder = $1 WHERE id = $2")
            .bind(helper)
            .bind(case)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Gives the case back to the person, if that helper holds it.
    pub(crate) async fn hand_back(&self, case: i64, helper: i64) -> sqlx::Result<()> {
        sqlx::query("UPDATE case_file SET holder = NULL WHERE id = $1 AND holder = $2")
            .bind(case)
            .bind(helper)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
