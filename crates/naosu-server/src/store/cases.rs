//! Cases: their events, and the row that lists and searches read.

use naosu_core::case::Event;
use naosu_core::intake::terms::terms;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::Store;
use super::webhooks::tell;

/// What lists and searches need of a case; ids are those of the taxonomy, `unknown` where nothing is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Summary {
    /// `open`, `waiting`, `resolved`, `unresolved`.
    pub(crate) state: String,
    /// `en` or `ja`.
    pub(crate) lang: String,
    pub(crate) symptom: String,
    /// The cause it was, or the most probable one.
    pub(crate) cause: String,
    pub(crate) device: String,
    pub(crate) client: String,
    pub(crate) service: String,
    /// Steps that the person took.
    pub(crate) steps: i64,
    /// When a wait ends, in seconds since 1970 UTC.
    pub(crate) due_at: Option<i64>,
    /// The person's words.
    pub(crate) words: String,
}

/// A case as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct CaseRow {
    pub(crate) id: i64,
    pub(crate) opened_at: i64,
    pub(crate) last_at: i64,
    /// The helper who took it over.
    pub(crate) holder: Option<i64>,
    pub(crate) summary: Summary,
}

/// Why an event was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotKept {
    /// The case went on elsewhere in the meantime: on another device, or by a helper.
    #[error("the case went on elsewhere")]
    WentOn,
    /// The case was deleted in the meantime.
    #[error("there is no such case any more")]
    Gone,
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

const BY_LINK: &str = "SELECT id, opened_at, last_at, state, lang, symptom, cause, device, client, service, steps, due_at, holder, words FROM case_file WHERE link = $1";
const BY_ID: &str = "SELECT id, opened_at, last_at, state, lang, symptom, cause, device, client, service, steps, due_at, holder, words FROM case_file WHERE id = $1";

impl Store {
    /// Keeps a new case with its first events; its number.
    pub(crate) async fn begin_case(
        &self,
        link: &str,
        events: &[Event],
        summary: &Summary,
    ) -> Result<i64, NotKept> {
        let at = events.first().map_or(0, |event| seconds(event.at));
        let last = events.last().map_or(0, |event| seconds(event.at));
        let mut work = self.writing().await?;
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO case_file (link, opened_at, last_at, state, lang, symptom, cause, device, client, service, steps, due_at, words)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id",
        )
        .bind(link)
        .bind(at)
        .bind(last)
        .bind(&summary.state)
        .bind(&summary.lang)
        .bind(&summary.symptom)
        .bind(&summary.cause)
        .bind(&summary.device)
        .bind(&summary.client)
        .bind(&summary.service)
        .bind(summary.steps)
        .bind(summary.due_at)
        .bind(&summary.words)
        .fetch_one(&mut *work)
        .await?;
        for (sequence, event) in events.iter().enumerate() {
            insert(&mut work, id, sequence, event).await?;
        }
        let found_by = serde_json::to_string(&terms(&summary.words)).expect("texts are plain data");
        sqlx::query(self.split_terms).bind(found_by).bind(id).execute(&mut *work).await?;
        tell(&mut work, id, at, "case.opened", summary).await?;
        if let Some(news) = news("open", &summary.state) {
            tell(&mut work, id, last, news, summary).await?;
        }
        work.commit().await?;
        Ok(id)
    }

    /// Keeps the events that come after the first `known` ones of a case, with what lists are to show of it now; `by` is the
    /// helper who entered the first of them.
    pub(crate) async fn append(
        &self,
        case: i64,
        known: usize,
        events: &[Event],
        by: Option<&str>,
        summary: &Summary,
    ) -> Result<(), NotKept> {
        let last = events.last().map_or(0, |event| seconds(event.at));
        let mut work = self.writing().await?;
        for (place, event) in events.iter().enumerate() {
            insert(&mut work, case, known + place, event).await?;
        }
        if let Some(name) = by {
            sqlx::query("INSERT INTO by_helper (case_id, sequence, name) VALUES ($1, $2, $3)")
                .bind(case)
                .bind(i64::try_from(known).expect("a case has few events"))
                .bind(name)
                .execute(&mut *work)
                .await?;
        }
        let before: Option<String> = sqlx::query_scalar("SELECT state FROM case_file WHERE id = $1")
            .bind(case)
            .fetch_optional(&mut *work)
            .await?;
        if let Some(news) = before.and_then(|before| news(&before, &summary.state)) {
            tell(&mut work, case, last, news, summary).await?;
        }
        let kept = sqlx::query(
            "UPDATE case_file SET last_at = $1, state = $2, lang = $3, symptom = $4, cause = $5, device = $6, client = $7,
             service = $8, steps = $9, due_at = $10 WHERE id = $11",
        )
        .bind(last)
        .bind(&summary.state)
        .bind(&summary.lang)
        .bind(&summary.symptom)
        .bind(&summary.cause)
        .bind(&summary.device)
        .bind(&summary.client)
        .bind(&summary.service)
        .bind(summary.steps)
        .bind(summary.due_at)
        .bind(case)
        .execute(&mut *work)
        .await?;
        // deleted meanwhile: nothing of it may come back
        if kept.rows_affected() == 0 {
            return Err(NotKept::Gone);
        }
        work.commit().await?;
        Ok(())
    }

    /// The case that a link opens, by the digest of its secret.
    pub(crate) async fn case_by_link(&self, link: &str) -> sqlx::Result<Option<CaseRow>> {
        let row = sqlx::query(BY_LINK).bind(link).fetch_optional(&self.pool).await?;
        if row.is_none()
            && let Some(id) = self.case_of_further_link(link).await?
        {
            return self.case_by_id(id).await;
        }
        row.as_ref().map(read).transpose()
    }

    /// The case with that number.
    pub(crate) async fn case_by_id(&self, id: i64) -> sqlx::Result<Option<CaseRow>> {
        let row = sqlx::query(BY_ID).bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// The events of a case in their order.
    pub(crate) async fn events(&self, case: i64) -> anyhow::Result<Vec<Event>> {
        let texts: Vec<String> =
            sqlx::query_scalar("SELECT event FROM event WHERE case_id = $1 ORDER BY sequence")
                .bind(case)
                .fetch_all(&self.pool)
                .await?;
        Ok(texts.iter().map(|text| serde_json::from_str(text)).collect::<Result<_, _>>()?)
    }
}

/// The event that a change of state is for those who are told of it.
fn news(before: &str, after: &str) -> Option<&'static str> {
    match after {
        _ if before == after => None,
        "waiting" => Some("case.waiting"),
        "resolved" => Some("case.resolved"),
        _ => None,
    }
}

async fn insert(
    work: &mut sqlx::Transaction<'static, sqlx::Any>,
    case: i64,
    sequence: usize,
    event: &Event,
) -> Result<(), NotKept> {
    let json = serde_json::to_string(event).expect("an event is plain data");
    let place = i64::try_from(sequence).expect("a case has few events");
    let written = sqlx::query("INSERT INTO event (case_id, sequence, at, event) VALUES ($1, $2, $3, $4)")
        .bind(case)
        .bind(place)
        .bind(seconds(event.at))
        .bind(json)
        .execute(&mut **work)
        .await;
    match written {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(NotKept::WentOn),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn read(row: &AnyRow) -> sqlx::Result<CaseRow> {
    Ok(CaseRow {
        id: row.try_get("id")?,
        opened_at: row.try_get("opened_at")?,
        last_at: row.try_get("last_at")?,
        holder: row.try_get("holder")?,
        summary: Summary {
            state: row.try_get("state")?,
            lang: row.try_get("lang")?,
            symptom: row.try_get("symptom")?,
            cause: row.try_get("cause")?,
            device: row.try_get("device")?,
            client: row.try_get("client")?,
            service: row.try_get("service")?,
            steps: row.try_get("steps")?,
            due_at: row.try_get("due_at")?,
            words: row.try_get("words")?,
        },
    })
}

fn seconds(at: u64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}
