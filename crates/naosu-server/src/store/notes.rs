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

/// Where a case stands, in numbers that change when somebody does something with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stand {
    /// How many events it has.
    pub(crate) events: i64,
    /// Who took it over.
    pub(crate) holder: Option<i64>,
    /// How many notes it has.
    pub(crate) notes: i64,
}

impl Store {
    /// Keeps a note; nothing where the case is gone.
    pub(crate) async fn add_note(
        &self,
        case: i64,
        helper: i64,
        name: &str,
        at: i64,
        text: &str,
    ) -> sqlx::Result<()> {
        let Some(mut work) = self.writing_beside(case).await? else { return Ok(()) };
        sqlx::query("INSERT INTO note (case_id, helper, name, at, text) VALUES ($1, $2, $3, $4, $5)")
            .bind(case)
            .bind(helper)
            .bind(name)
            .bind(at)
            .bind(text)
            .execute(&mut *work)
            .await?;
        work.commit().await
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

    /// Which events of a case a helper entered, and who.
    pub(crate) async fn entered(&self, case: i64) -> sqlx::Result<Vec<(i64, String)>> {
        let rows = sqlx::query("SELECT sequence, name FROM by_helper WHERE case_id = $1 ORDER BY sequence")
            .bind(case)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok((row.try_get("sequence")?, row.try_get("name")?))).collect()
    }

    /// Where a case stands; nothing where there is none any more.
    pub(crate) async fn stand(&self, case: i64) -> sqlx::Result<Option<Stand>> {
        let row = sqlx::query(
            "SELECT holder, (SELECT COUNT(*) FROM event WHERE case_id = $1) AS events,
             (SELECT COUNT(*) FROM note WHERE case_id = $1) AS notes FROM case_file WHERE id = $1",
        )
        .bind(case)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(Stand {
                events: row.try_get("events")?,
                holder: row.try_get("holder")?,
                notes: row.try_get("notes")?,
            })
        })
        .transpose()
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

    /// Gives the case back to the person, if that helper holds it; whether they did.
    pub(crate) async fn hand_back(&self, case: i64, helper: i64) -> sqlx::Result<bool> {
        let given = sqlx::query("UPDATE case_file SET holder = NULL WHERE id = $1 AND holder = $2")
            .bind(case)
            .bind(helper)
            .execute(&self.pool)
            .await?;
        Ok(given.rows_affected() > 0)
    }
}
