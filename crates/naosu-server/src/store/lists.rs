//! Lists of cases: found by words and filters, page by page, and what statistics count.

use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::Store;
use super::cases::{CaseRow, read};

/// Rows on a page of a list.
pub(crate) const PAGE: usize = 50;

/// Words that are together in at most that many cases lead to them; those that meet more often are looked up in each case
/// of the list in turn, which ends early because they are found often.
const FEW: i64 = 4_000;

/// Which cases a list shows; what is not given is not asked for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Wanted {
    /// Terms that all must be in the person's words.
    pub(crate) terms: BTreeSet<String>,
    pub(crate) state: Option<String>,
    pub(crate) cause: Option<String>,
    pub(crate) device: Option<String>,
    pub(crate) service: Option<String>,
    /// The helper who holds it.
    pub(crate) holder: Option<i64>,
    /// Opened at this time or later, in seconds since 1970 UTC.
    pub(crate) from: Option<i64>,
    /// Opened before this time.
    pub(crate) until: Option<i64>,
    pub(crate) order: Order,
    /// The last case of the page before: its time in that order, and its number.
    pub(crate) after: Option<(i64, i64)>,
}

/// How a list is ordered.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Order {
    /// What happened last, first.
    #[default]
    Latest,
    /// What waits longest, first.
    Waiting,
    /// Opened last, first.
    Newest,
    /// Opened first, first.
    Oldest,
}

impl Order {
    /// The column it goes by, its direction, and what comes after a place in it.
    fn sql(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Latest => ("last_at", "DESC", "<"),
            Self::Waiting => ("last_at", "ASC", ">"),
            Self::Newest => ("opened_at", "DESC", "<"),
            Self::Oldest => ("opened_at", "ASC", ">"),
        }
    }

    /// The time of a case that it goes by.
    pub(crate) fn time(self, row: &CaseRow) -> i64 {
        match self {
            Self::Latest | Self::Waiting => row.last_at,
            Self::Newest | Self::Oldest => row.opened_at,
        }
    }
}

/// What statistics need of a case.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    pub(crate) opened_at: i64,
    pub(crate) last_at: i64,
    pub(crate) state: String,
    pub(crate) cause: String,
    pub(crate) device: String,
    pub(crate) service: String,
    pub(crate) steps: i64,
}

/// A value that is bound to a query.
enum Value {
    Number(i64),
    Text(String),
}

impl Store {
    /// A page of a list, and whether more follow.
    pub(crate) async fn list(&self, wanted: &Wanted) -> sqlx::Result<(Vec<CaseRow>, bool)> {
        let terms = self.rarest_first(&wanted.terms).await?;
        let lead = match terms.as_slice() {
            [(count, _), ..] if *count <= FEW => true,
            [] | [_] => false,
            several => self.meetings(several).await? <= FEW,
        };
        let (text, values) = statement(wanted, &terms, lead);
        // only our own words are in the text: everything from outside is bound
        let mut query = sqlx::query(AssertSqlSafe(text));
        for value in values {
            query = match value {
                Value::Number(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
            };
        }
        let rows = query.fetch_all(&self.pool).await?;
        let mut rows: Vec<CaseRow> = rows.iter().map(read).collect::<sqlx::Result<_>>()?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        Ok((rows, more))
    }

    /// The terms with in how many cases they are, counted up to [`FEW`] and one more.
    async fn rarest_first(&self, terms: &BTreeSet<String>) -> sqlx::Result<Vec<(i64, String)>> {
        let mut counted = Vec::new();
        for term in terms {
            let count: i64 = sqlx::query_scalar(
                "SELECT COUNT(*) FROM (SELECT 1 AS one FROM term WHERE term = $1 LIMIT $2) AS found",
            )
            .bind(term)
            .bind(FEW + 1)
            .fetch_one(&self.pool)
            .await?;
            counted.push((count, term.clone()));
        }
        counted.sort();
        Ok(counted)
    }

    /// In how many cases the terms are together, counted up to [`FEW`] and one more.
    async fn meetings(&self, terms: &[(i64, String)]) -> sqlx::Result<i64> {
        let (together, number) = together(terms, 1);
        let text = format!("SELECT COUNT(*) FROM ({together} LIMIT ${number}) AS found");
        let query = sqlx::query_scalar(AssertSqlSafe(text));
        let query = terms.iter().fold(query, |query, (_, term)| query.bind(term));
        query.bind(FEW + 1).fetch_one(&self.pool).await
    }

    /// Every case that was opened since then is handed to `count`.
    pub(crate) async fn count_since(&self, from: i64, mut count: impl FnMut(Counted)) -> sqlx::Result<()> {
        let mut rows = sqlx::query(
            "SELECT opened_at, last_at, state, cause, device, service, steps FROM case_file WHERE opened_at >= $1",
        )
        .bind(from)
        .fetch(&self.pool);
        while let Some(row) = rows.try_next().await? {
            count(counted(&row)?);
        }
        Ok(())
    }
}

/// The cases that have all terms, found by walking those of the first one; its places begin with `$number`, and the number
/// after the last one.
fn together(terms: &[(i64, String)], number: usize) -> (String, usize) {
    let mut text = format!("SELECT a.case_id FROM term a WHERE a.term = ${number}");
    for place in number + 1..number + terms.len() {
        text.push_str(&format!(
            " AND EXISTS (SELECT 1 FROM term b WHERE b.term = ${place} AND b.case_id = a.case_id)"
        ));
    }
    (text, number + terms.len())
}

fn statement(wanted: &Wanted, terms: &[(i64, String)], lead: bool) -> (String, Vec<Value>) {
    let (column, direction, after) = wanted.order.sql();
    let mut values = Vec::new();
    let mut conditions = Vec::new();
    let place = |value: Value, values: &mut Vec<Value>| {
        values.push(value);
        format!("${}", values.len())
    };
    for (name, value) in [
        ("state", &wanted.state),
        ("cause", &wanted.cause),
        ("device", &wanted.device),
        ("service", &wanted.service),
    ] {
        if let Some(value) = value {
            conditions.push(format!("c.{name} = {}", place(Value::Text(value.clone()), &mut values)));
        }
    }
    for (name, sign, value) in
        [("holder", "=", wanted.holder), ("opened_at", ">=", wanted.from), ("opened_at", "<", wanted.until)]
    {
        if let Some(value) = value {
            conditions.push(format!("c.{name} {sign} {}", place(Value::Number(value), &mut values)));
        }
    }
    if let Some((time, id)) = wanted.after {
        let time = place(Value::Number(time), &mut values);
        let id = place(Value::Number(id), &mut values);
        conditions.push(format!("(c.{column}, c.id) {after} ({time}, {id})"));
    }
    if lead {
        conditions.push(format!("c.id IN ({})", together(terms, values.len() + 1).0));
        values.extend(terms.iter().map(|(_, term)| Value::Text(term.clone())));
    } else {
        for (_, term) in terms {
            let term = place(Value::Text(term.clone()), &mut values);
            // with an offset PostgreSQL looks up each case in turn, as it is meant, and does not sort all that have the word
            conditions.push(format!(
                "EXISTS (SELECT 1 FROM term t WHERE t.term = {term} AND t.case_id = c.id LIMIT 1 OFFSET 0)"
            ));
        }
    }
    let filter =
        if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    // the inner query needs nothing but an index
    let text = format!(
        "SELECT id, opened_at, last_at, state, lang, symptom, cause, device, client, service, steps, due_at, holder, words
         FROM case_file WHERE id IN (SELECT id FROM (SELECT c.id AS id FROM case_file c{filter}
         ORDER BY c.{column} {direction}, c.id {direction} LIMIT {}) AS chosen)
         ORDER BY {column} {direction}, id {direction}",
        PAGE + 1
    );
    (text, values)
}

fn counted(row: &AnyRow) -> sqlx::Result<Counted> {
    Ok(Counted {
        opened_at: row.try_get("opened_at")?,
        last_at: row.try_get("last_at")?,
        state: row.try_get("state")?,
        cause: row.try_get("cause")?,
        device: row.try_get("device")?,
        service: row.try_get("service")?,
        steps: row.try_get("steps")?,
    })
}
