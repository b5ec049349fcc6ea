//! Webhooks, and the deliveries that are still to be made.

use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};

use super::Store;
use super::cases::Summary;

/// A webhook as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct WebhookRow {
    pub(crate) id: i64,
    pub(crate) url: String,
    /// Names of events with a space between.
    pub(crate) events: String,
    pub(crate) made_at: i64,
    /// Whether it is delivered to.
    pub(crate) active: bool,
    /// Attempts that failed since the last that did not.
    pub(crate) failures: i64,
    /// When it was last delivered to, or tried.
    pub(crate) last_at: Option<i64>,
    /// How that ended: a status, or a word.
    pub(crate) last_end: Option<String>,
}

/// A delivery that is due.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) id: i64,
    pub(crate) webhook: i64,
    pub(crate) url: String,
    /// Base64 of the key.
    pub(crate) secret: String,
    /// The message's id; the same at each attempt.
    pub(crate) message: String,
    pub(crate) payload: String,
    pub(crate) attempts: i64,
}

/// How an attempt ended, and what follows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attempt<'a> {
    /// It was taken.
    Delivered,
    /// It was not; again at that time.
    Again {
        /// When.
        due_at: i64,
        /// How it ended.
        end: &'a str,
    },
    /// It was not, and this message is given up.
    GivenUp {
        /// How it ended.
        end: &'a str,
    },
}

/// After so many failed attempts in a row a webhook is no longer delivered to.
pub(crate) const PATIENCE: i64 = 50;

const ALL: &str =
    "SELECT id, url, events, made_at, active, failures, last_at, last_end FROM webhook ORDER BY id LIMIT $1";
const ONE: &str =
    "SELECT id, url, events, made_at, active, failures, last_at, last_end FROM webhook WHERE id = $1";

impl Store {
    /// Keeps a new webhook; its row.
    pub(crate) async fn add_webhook(
        &self,
        url: &str,
        secret: &str,
        events: &str,
        at: i64,
    ) -> sqlx::Result<Option<WebhookRow>> {
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO webhook (url, secret, events, made_at, active, failures) VALUES ($1, $2, $3, $4, 1, 0) RETURNING id",
        )
        .bind(url)
        .bind(secret)
        .bind(events)
        .bind(at)
        .fetch_one(&self.pool)
        .await?;
        self.webhook(id).await
    }

    /// The webhook with that number.
    pub(crate) async fn webhook(&self, id: i64) -> sqlx::Result<Option<WebhookRow>> {
        sqlx::query(ONE).bind(id).fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }

    /// The webhooks, the oldest first.
    pub(crate) async fn webhooks(&self, limit: i64) -> sqlx::Result<Vec<WebhookRow>> {
        sqlx::query(ALL).bind(limit).fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Forgets a webhook and what was to be delivered to it; whether there was one.
    pub(crate) async fn remove_webhook(&self, id: i64) -> sqlx::Result<bool> {
        let mut work = self.writing().await?;
        sqlx::query("DELETE FROM delivery WHERE webhook = $1").bind(id).execute(&mut *work).await?;
        let removed = sqlx::query("DELETE FROM webhook WHERE id = $1").bind(id).execute(&mut *work).await?;
        work.commit().await?;
        Ok(removed.rows_affected() > 0)
    }

    /// Delivers to a webhook again; whether there is one.
    pub(crate) async fn enable_webhook(&self, id: i64) -> sqlx::Result<bool> {
        let changed = sqlx::query("UPDATE webhook SET active = 1, failures = 0 WHERE id = $1")
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(changed.rows_affected() > 0)
    }

    /// The deliveries that are due, the oldest first.
    pub(crate) async fn due_deliveries(&self, at: i64, limit: i64) -> sqlx::Result<Vec<Due>> {
        let rows = sqlx::query(
            "SELECT delivery.id AS id, webhook, url, secret, message, payload, attempts FROM delivery
             JOIN webhook ON webhook.id = delivery.webhook
             WHERE delivery.due_at <= $1 AND webhook.active = 1 ORDER BY delivery.due_at, delivery.id LIMIT $2",
        )
        .bind(at)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let due = |row: &AnyRow| {
            Ok(Due {
                id: row.try_get("id")?,
                webhook: row.try_get("webhook")?,
                url: row.try_get("url")?,
                secret: row.try_get("secret")?,
                message: row.try_get("message")?,
                payload: row.try_get("payload")?,
                attempts: row.try_get("attempts")?,
            })
        };
        rows.iter().map(due).collect()
    }

    /// Puts off a delivery that is about to be tried, so that a killed server tries it again later and no other server
    /// tries it meanwhile; whether it was still to be tried.
    pub(crate) async fn claim_delivery(&self, due: &Due, until: i64) -> sqlx::Result<bool> {
        let claimed =
            sqlx::query("UPDATE delivery SET due_at = $1, attempts = $2 WHERE id = $3 AND attempts = $4")
                .bind(until)
                .bind(due.attempts + 1)
                .bind(due.id)
                .bind(due.attempts)
                .execute(&self.pool)
                .await?;
        Ok(claimed.rows_affected() > 0)
    }

    /// Keeps how an attempt ended.
    pub(crate) async fn attempted(&self, due: &Due, at: i64, attempt: Attempt<'_>) -> sqlx::Result<()> {
        let mut work = self.writing().await?;
        let end = match attempt {
            Attempt::Delivered => {
                sqlx::query("DELETE FROM delivery WHERE id = $1").bind(due.id).execute(&mut *work).await?;
                None
            }
            Attempt::GivenUp { end } => {
                sqlx::query("DELETE FROM delivery WHERE id = $1").bind(due.id).execute(&mut *work).await?;
                Some(end)
            }
            Attempt::Again { due_at, end } => {
                sqlx::query("UPDATE delivery SET due_at = $1 WHERE id = $2")
                    .bind(due_at)
                    .bind(due.id)
                    .execute(&mut *work)
                    .await?;
                Some(end)
            }
        };
        match end {
            None => {
                sqlx::query(
                    "UPDATE webhook SET failures = 0, last_at = $1, last_end = 'delivered' WHERE id = $2",
                )
                .bind(at)
                .bind(due.webhook)
                .execute(&mut *work)
                .await?;
            }
            Some(end) => {
                sqlx::query(
                    "UPDATE webhook SET failures = failures + 1, last_at = $1, last_end = $2,
                     active = CASE WHEN failures + 1 >= $3 THEN 0 ELSE active END WHERE id = $4",
                )
                .bind(at)
                .bind(end)
                .bind(PATIENCE)
                .bind(due.webhook)
                .execute(&mut *work)
                .await?;
            }
        }
        work.commit().await
    }
}

/// Writes down, in the transaction of the change, what is to be delivered about it.
pub(super) async fn tell(
    work: &mut Transaction<'static, Any>,
    case: i64,
    at: i64,
    event: &str,
    summary: &Summary,
) -> sqlx::Result<()> {
    let hooks = sqlx::query("SELECT id, events FROM webhook WHERE active = 1 ORDER BY id")
        .fetch_all(&mut **work)
        .await?;
    for hook in hooks {
        let events: String = hook.try_get("events")?;
        if !events.split(' ').any(|wanted| wanted == event) {
            continue;
        }
        let id: i64 = hook.try_get("id")?;
        sqlx::query(
            "INSERT INTO delivery (webhook, case_id, message, payload, attempts, due_at) VALUES ($1, $2, $3, $4, 0, $5)",
        )
        .bind(id)
        .bind(case)
        .bind(format!("msg_{}", crate::secret_link::fresh()))
        .bind(crate::webhooks::payload(event, case, at, summary))
        .bind(at)
        .execute(&mut **work)
        .await?;
    }
    Ok(())
}

fn read(row: &AnyRow) -> sqlx::Result<WebhookRow> {
    let active: i64 = row.try_get("active")?;
    Ok(WebhookRow {
        id: row.try_get("id")?,
        url: row.try_get("url")?,
        events: row.try_get("events")?,
        made_at: row.try_get("made_at")?,
        active: active != 0,
        failures: row.try_get("failures")?,
        last_at: row.try_get("last_at")?,
        last_end: row.try_get("last_end")?,
    })
}
