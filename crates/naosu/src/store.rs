//! What is kept on this computer: the events of cases, what they taught, the states of accounts before an update, and the
//! name of the place itself.
//!
//! One database file. A case is a list of events that only grows; the tables refuse changes. A write is on the disk
//! (write-ahead log, `synchronous=FULL`) before the call returns, so whoever is killed has lost nothing confirmed.
//! A case teaches at most one lesson, written together with the event that it follows from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use naosu_core::evidence::Evidence;
use naosu_core::outcome::{Lesson, Outcomes};
use naosu_papers::calendar;
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::private;
use crate::usage::Mistake;

pub(crate) mod folder;

/// The version of the tables below.
const VERSION: i64 = 3;

/// How long another window is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
CREATE TABLE event (
    case_id  INTEGER NOT NULL CHECK (case_id > 0),
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    at       INTEGER NOT NULL,
    event    TEXT    NOT NULL CHECK (json_valid(event)),
    PRIMARY KEY (case_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER event_stays   BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_remains BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are never taken out'); END;
CREATE TABLE snapshot (
    id       INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    address  TEXT    NOT NULL,
    evidence TEXT    NOT NULL CHECK (json_valid(evidence))
) STRICT;
CREATE INDEX snapshot_of_address ON snapshot (address, id);
";

/// Since version 2.
const LESSONS: &str = "
CREATE TABLE lesson (
    case_id INTEGER PRIMARY KEY CHECK (case_id > 0),
    lesson  TEXT    NOT NULL CHECK (json_valid(lesson))
) STRICT;
";

/// Since version 3.
const PLACE: &str = "
CREATE TABLE place (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    name TEXT    NOT NULL
) STRICT;
";

/// The file, opened.
pub(crate) struct Store {
    connection: Connection,
    path: PathBuf,
}

/// A case as a list of cases shows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Kept {
    /// Its number.
    pub(crate) id: i64,
    /// When its first event happened, in seconds since 1970 UTC.
    pub(crate) began: i64,
    /// When its last event happened.
    pub(crate) last: i64,
}

/// The state of an account as it was once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Snapshot {
    /// When, in seconds since 1970 UTC.
    pub(crate) at: i64,
    /// The account.
    pub(crate) address: String,
    /// What was seen.
    pub(crate) evidence: Evidence,
}

impl Store {
    /// Opens the user's own file, and makes it when it is not there.
    pub(crate) fn open() -> Result<Self> {
        Self::at(&folder::data()?.join("cases.sqlite3"))
    }

    /// Opens the file at that place, and makes it when it is not there.
    pub(crate) fn at(path: &Path) -> Result<Self> {
        let name = path.display();
        // what SQLite puts beside the file has the mode of the file; what cannot be made or closed, opening tells
        drop(private::make(path));
        for beside in ["-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(beside);
            drop(private::close(Path::new(&name)));
        }
        let opened = Connection::open(path).and_then(Self::prepared);
        match opened {
            Ok((connection, version)) if version <= VERSION => Ok(Self { connection, path: path.to_owned() }),
            Ok(_) => Err(Mistake::error(
                format!("{name}: written by a newer Naosu: update this one"),
                format!("{name}: 新しい版のNaosuで書かれています: この版を更新してください"),
            )),
            Err(error) => Err(Mistake::error(
                format!("{name}: cannot be opened ({error}): move it aside to begin anew"),
                format!("{name}: 開けません({error}): 別の場所に移すと、新しく始められます"),
            )),
        }
    }

    fn prepared(mut connection: Connection) -> rusqlite::Result<(Connection, i64)> {
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let work = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut version: i64 = work.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version < VERSION {
            if version < 1 {
                work.execute_batch(TABLES)?;
            }
            if version < 2 {
                work.execute_batch(LESSONS)?;
            }
            work.execute_batch(PLACE)?;
            work.execute("INSERT INTO place VALUES (1, ?1)", [calendar::place(rand::random())])?;
            work.pragma_update(None, "user_version", VERSION)?;
            version = VERSION;
        }
        work.commit()?;
        Ok((connection, version))
    }

    /// Begins a case with its first event; its number.
    pub(crate) fn begin(&mut self, at: u64, event: &impl Serialize) -> Result<i64> {
        let json = serde_json::to_string(event).context("write an event as JSON")?;
        let work = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let id: i64 =
            work.query_row("SELECT coalesce(max(case_id), 0) + 1 FROM event", [], |row| row.get(0))?;
        work.execute("INSERT INTO event VALUES (?1, 0, ?2, ?3)", params![id, seconds(at), json])?;
        work.commit()?;
        Ok(id)
    }

    /// Keeps the event with that place in the case, and what the case teaches with it, which replaces what it taught
    /// before: both or neither. They are on the disk when this returns.
    pub(crate) fn append(
        &mut self,
        case: i64,
        sequence: usize,
        at: u64,
        event: &impl Serialize,
        lesson: Option<&Lesson>,
    ) -> Result<()> {
        let json = serde_json::to_string(event).context("write an event as JSON")?;
        let lesson = lesson.map(serde_json::to_string).transpose().context("write a lesson as JSON")?;
        let place = i64::try_from(sequence).context("the place of an event")?;
        let mut write = || -> rusqlite::Result<()> {
            let work = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            work.execute(
                "INSERT INTO event VALUES (?1, ?2, ?3, ?4)",
                params![case, place, seconds(at), json],
            )?;
            work.execute("DELETE FROM lesson WHERE case_id = ?1", [case])?;
            if let Some(lesson) = &lesson {
                work.execute("INSERT INTO lesson VALUES (?1, ?2)", params![case, lesson])?;
            }
            work.commit()
        };
        match write() {
            Ok(()) => Ok(()),
            Err(rusqlite::Error::SqliteFailure(error, _)) if error.code == ErrorCode::ConstraintViolation => {
                Err(Mistake::error(
                    format!(
                        "case {case} went on in another window: go on there, or naosu case resume {case}"
                    ),
                    format!(
                        "ケース{case}は別の画面で進んでいます: そちらで続けるか、naosu case resume {case} を実行してください"
                    ),
                ))
            }
            Err(error) => {
                let name = self.path.display();
                Err(anyhow::Error::new(error).context(format!("write {name}")))
            }
        }
    }

    /// The events of a case in their order; none when there is no such case.
    pub(crate) fn events<E: DeserializeOwned>(&self, case: i64) -> Result<Vec<E>> {
        let mut query =
            self.connection.prepare("SELECT event FROM event WHERE case_id = ?1 ORDER BY sequence")?;
        let rows = query.query_map([case], |row| row.get::<_, String>(0))?;
        let mut events = Vec::new();
        for json in rows {
            let event = serde_json::from_str(&json?);
            events.push(event.with_context(|| format!("case {case}, event {}", events.len()))?);
        }
        Ok(events)
    }

    /// All cases, the latest first.
    pub(crate) fn cases(&self) -> Result<Vec<Kept>> {
        let mut query = self.connection.prepare(
            "SELECT case_id, min(at), max(at) FROM event GROUP BY case_id ORDER BY max(at) DESC, case_id DESC",
        )?;
        let rows =
            query.query_map([], |row| Ok(Kept { id: row.get(0)?, began: row.get(1)?, last: row.get(2)? }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What all cases together taught.
    pub(crate) fn outcomes(&self) -> Result<Outcomes> {
        let mut query = self.connection.prepare("SELECT case_id, lesson FROM lesson ORDER BY case_id")?;
        let rows = query.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        let mut outcomes = Outcomes::default();
        for row in rows {
            let (case, json) = row?;
            let lesson: Lesson =
                serde_json::from_str(&json).with_context(|| format!("what case {case} taught"))?;
            outcomes.learn(&lesson);
        }
        Ok(outcomes)
    }

    /// Forgets what the cases taught; the cases stay.
    pub(crate) fn forget(&self) -> Result<()> {
        self.connection.execute("DELETE FROM lesson", [])?;
        Ok(())
    }

    /// The name of this place in the world's calendars; it was made once and stays with what is kept here.
    pub(crate) fn place(&self) -> Result<String> {
        Ok(self.connection.query_row("SELECT name FROM place", [], |row| row.get(0))?)
    }

    /// Keeps the state of an account.
    pub(crate) fn keep(&self, at: u64, address: &str, evidence: &Evidence) -> Result<()> {
        let json = serde_json::to_string(evidence).context("write the evidence as JSON")?;
        self.connection.execute(
            "INSERT INTO snapshot (at, address, evidence) VALUES (?1, ?2, ?3)",
            params![seconds(at), address, json],
        )?;
        Ok(())
    }

    /// The state of that account that was kept last.
    pub(crate) fn kept(&self, address: &str) -> Result<Option<Snapshot>> {
        let row = self
            .connection
            .query_row(
                "SELECT at, address, evidence FROM snapshot WHERE address = ?1 ORDER BY id DESC LIMIT 1",
                [address],
                |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)),
            )
            .optional()?;
        let Some((at, address, json)) = row else { return Ok(None) };
        let evidence = serde_json::from_str(&json).context("read the kept evidence")?;
        Ok(Some(Snapshot { at, address, evidence }))
    }

    /// The accounts of which a state was kept, by name.
    pub(crate) fn accounts(&self) -> Result<Vec<String>> {
        let mut query = self.connection.prepare("SELECT DISTINCT address FROM snapshot ORDER BY address")?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn seconds(at: u64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use naosu_core::outcome::{Context, Counts};

    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(&folder.path().join("cases.sqlite3")).unwrap();
        (folder, store)
    }

    #[test]
    fn a_case_is_read_as_it_was_written() {
        let (folder, mut store) = store();
        let one = store.begin(100, &"opened").unwrap();
        let two = store.begin(200, &"other").unwrap();
        store.append(one, 1, 300, &"answered", None).unwrap();
        drop(store);
        let store = Store::at(&folder.path().join("cases.sqlite3")).unwrap();
        assert_eq!(store.events::<String>(one).unwrap(), ["opened", "answered"]);
        assert_eq!(
            store.cases().unwrap(),
            [Kept { id: one, began: 100, last: 300 }, Kept { id: two, began: 200, last: 200 }]
        );
        assert!(store.events::<String>(99).unwrap().is_empty());
    }

    #[test]
    fn two_windows_cannot_write_the_same_place() {
        let (_folder, mut store) = store();
        let case = store.begin(100, &"opened").unwrap();
        store.append(case, 1, 100, &"here", None).unwrap();
        let told = store.append(case, 1, 100, &"there", None).unwrap_err().to_string();
        assert!(told.contains("another window"), "{told}");
        assert_eq!(store.events::<String>(case).unwrap(), ["opened", "here"]);
    }

    #[test]
    fn events_are_neither_changed_nor_taken_out() {
        let (_folder, mut store) = store();
        store.begin(100, &"opened").unwrap();
        for statement in ["UPDATE event SET at = 0", "DELETE FROM event"] {
            assert!(store.connection.execute(statement, []).is_err(), "{statement}");
        }
    }

    fn lesson() -> Lesson {
        let counts = Counts { by_itself: 1.0, ..Counts::default() };
        let context = Context { device: "mac".to_owned(), service: "icloud".to_owned() };
        Lesson { at: 86_400, context, counts }
    }

    #[test]
    fn a_case_teaches_once_and_reopened_nothing() {
        let (_folder, mut store) = store();
        let case = store.begin(100, &"opened").unwrap();
        store.append(case, 1, 100, &"closed", Some(&lesson())).unwrap();
        assert_eq!(store.outcomes().unwrap().cases, 1);
        store.append(case, 2, 100, &"retracted", None).unwrap();
        assert_eq!(store.outcomes().unwrap(), Outcomes::default());
        store.append(case, 3, 100, &"closed", Some(&lesson())).unwrap();
        store.append(case, 4, 100, &"retracted something else", Some(&lesson())).unwrap();
        assert_eq!(store.outcomes().unwrap().cases, 1);
        store.forget().unwrap();
        assert_eq!(store.outcomes().unwrap(), Outcomes::default());
        assert_eq!(store.events::<String>(case).unwrap().len(), 5);
    }

    #[test]
    fn an_event_and_its_lesson_are_written_together_or_not_at_all() {
        let (_folder, mut store) = store();
        let case = store.begin(100, &"opened").unwrap();
        store.append(case, 1, 100, &"closed", Some(&lesson())).unwrap();
        // the event's place is taken: the lesson does not change either
        store.append(case, 1, 100, &"retracted", None).unwrap_err();
        assert_eq!(store.outcomes().unwrap().cases, 1);
        // the lesson cannot be written: neither is the event
        let break_it = "CREATE TRIGGER full BEFORE INSERT ON lesson BEGIN SELECT RAISE(ABORT, 'full'); END;";
        store.connection.execute_batch(break_it).unwrap();
        store.append(case, 2, 100, &"closed", Some(&lesson())).unwrap_err();
        assert_eq!(store.events::<String>(case).unwrap(), ["opened", "closed"]);
        assert_eq!(store.outcomes().unwrap().cases, 1);
    }

    #[test]
    fn a_file_without_lessons_gets_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cases.sqlite3");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(TABLES).unwrap();
        old.execute("INSERT INTO event VALUES (1, 0, 100, '\"opened\"')", []).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        drop(old);
        let mut store = Store::at(&path).unwrap();
        store.append(1, 1, 100, &"closed", Some(&lesson())).unwrap();
        let place = store.place().unwrap();
        drop(store);
        let store = Store::at(&path).unwrap();
        assert_eq!(store.events::<String>(1).unwrap(), ["opened", "closed"]);
        assert_eq!(store.outcomes().unwrap().cases, 1);
        assert_eq!(store.place().unwrap(), place);
    }

    #[test]
    fn each_place_has_its_own_name() {
        let ((_folder, one), (_other_folder, other)) = (store(), store());
        assert_ne!(one.place().unwrap(), other.place().unwrap());
        assert_eq!(one.place().unwrap().len(), 36);
    }

    #[test]
    fn every_write_waits_for_the_disk() {
        let (_folder, store) = store();
        let ask = |name: &str| -> String {
            let value = store
                .connection
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
            format!("{:?}", value.unwrap())
        };
        assert_eq!(ask("journal_mode"), r#"Text("wal")"#);
        assert_eq!(ask("synchronous"), "Integer(2)");
    }

    #[test]
    fn a_file_that_is_no_store_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cases.sqlite3");
        std::fs::write(&path, "x".repeat(4096)).unwrap();
        let told = Store::at(&path).err().unwrap().to_string();
        assert!(told.contains("cannot be opened"), "{told}");
    }
}
