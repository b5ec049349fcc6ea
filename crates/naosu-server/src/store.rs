//! What the server keeps: SQLite in a folder, or PostgreSQL by URL; the same SQL for both.
//!
//! A case is a list of events that only grows, and a row that lists and searches need. Both change in one transaction,
//! which is on the disk before the answer is confirmed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use naosu_papers::calendar;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyConnection, AnyPool, Executor, Transaction};

use crate::config::Keeping;

pub(crate) mod budget;
pub(crate) mod cases;
pub(crate) mod helpers;
pub(crate) mod lists;
mod moving;
pub(crate) mod notes;
mod private;
mod removal;
pub(crate) mod tokens;
pub(crate) mod webhooks;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

const SQLITE_TERMS: &str = "INSERT INTO term (term, case_id) SELECT value, $2 FROM json_each($1)";
const POSTGRES_TERMS: &str = "INSERT INTO term (term, case_id) SELECT value, $2 FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS value";

/// How many connections are open at once.
const CONNECTIONS: u32 = 8;

/// How long a request waits for a connection, and a writer for another one.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is kept.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pool: AnyPool,
    /// How a transaction that writes begins.
    begin: &'static str,
    /// Keeps a JSON list of terms, `$1`, for the case `$2`: one statement however many there are.
    split_terms: &'static str,
    /// The name of this server in the world's calendars.
    pub(crate) place: Arc<str>,
}

impl Store {
    /// Opens what is kept there, makes it where there is nothing, and brings older tables up to date.
    pub(crate) async fn open(keeping: &Keeping) -> Result<Self> {
        install_default_drivers();
        match keeping {
            Keeping::Folder(folder) => Self::sqlite(folder).await,
            Keeping::Postgres(url) => Self::postgres(url).await,
        }
    }

    async fn sqlite(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        let file = folder.join("naosu.sqlite3");
        private::close(&file).with_context(|| format!("close {} to others", file.display()))?;
        let name = file.to_str().with_context(|| format!("{}: not a name in UTF-8", file.display()))?;
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .after_connect(|connection, _| Box::pin(prepare(connection)))
            .connect(&format!("sqlite://{name}?mode=rwc"))
            .await
            .with_context(|| format!("open {name}"))?;
        SQLITE.run(&pool).await.with_context(|| format!("bring {name} up to date"))?;
        let place = place(&pool).await.with_context(|| format!("write {name}"))?;
        Ok(Self { pool, begin: "BEGIN IMMEDIATE", split_terms: SQLITE_TERMS, place })
    }

    async fn postgres(url: &str) -> Result<Self> {
        // the URL may hold a password: it is not named in errors
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect(url)
            .await
            .context("connect to PostgreSQL")?;
        POSTGRES.run(&pool).await.context("bring the tables in PostgreSQL up to date")?;
        let place = place(&pool).await.context("write to PostgreSQL")?;
        Ok(Self { pool, begin: "BEGIN", split_terms: POSTGRES_TERMS, place })
    }

    /// Whether the database answers.
    pub(crate) async fn answers(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.pool).await.is_ok()
    }

    /// A transaction that writes beside that case, which is there and stays until it ends; nothing where it is gone.
    async fn writing_beside(&self, case: i64) -> sqlx::Result<Option<Transaction<'static, Any>>> {
        let mut work = self.writing().await?;
        let held = sqlx::query("UPDATE case_file SET lang = lang WHERE id = $1")
            .bind(case)
            .execute(&mut *work)
            .await?;
        Ok((held.rows_affected() > 0).then_some(work))
    }

    /// A transaction that writes.
    async fn writing(&self) -> sqlx::Result<Transaction<'static, Any>> {
        self.pool.begin_with(self.begin).await
    }
}

/// The name of the place; a new one where there is none yet.
async fn place(pool: &AnyPool) -> sqlx::Result<Arc<str>> {
    sqlx::query("INSERT INTO place (one, name) VALUES (1, $1) ON CONFLICT (one) DO NOTHING")
        .bind(calendar::place(rand::random()))
        .execute(pool)
        .await?;
    let name: String = sqlx::query_scalar("SELECT name FROM place").fetch_one(pool).await?;
    Ok(name.into())
}

/// SQLite: written is on the disk, readers do not wait for writers.
async fn prepare(connection: &mut AnyConnection) -> sqlx::Result<()> {
    for pragma in [
        "PRAGMA busy_timeout = 10000",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
    ] {
        connection.execute(pragma).await?;
    }
    Ok(())
}
