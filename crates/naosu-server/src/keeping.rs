//! How long cases are kept: one in which nothing happened for so many days is forgotten, with all that belongs to it.

use std::time::Duration;

use crate::casework::CaseFile;
use crate::desk::{Desk, now};

/// Seconds of a day.
const DAY: u64 = 86_400;

/// How often it is looked for such cases.
const LOOK: Duration = Duration::from_hours(1);

/// How many cases go in one transaction: others who write wait for it.
const BATCH: i64 = 20;

impl Desk {
    /// Until when a case is kept if nothing more happens, in seconds since 1970 UTC; nothing where it is kept for ever.
    pub(crate) fn kept_until(&self, file: &CaseFile) -> Option<u64> {
        let days = u64::from(self.config.keep_days);
        let last = file.case.events().last().map_or(0, |event| event.at);
        let waits = file.row.summary.due_at.and_then(|due| u64::try_from(due).ok()).unwrap_or(0);
        (days > 0).then(|| last.max(waits).saturating_add(days * DAY))
    }

    /// Forgets the cases in which nothing happened for too long before that time; how many those were.
    async fn forget_silent(&self, at: u64) -> sqlx::Result<usize> {
        let kept = u64::from(self.config.keep_days) * DAY;
        let since = i64::try_from(at.saturating_sub(kept)).unwrap_or(0);
        let mut forgotten = 0;
        loop {
            let cases = self.store.silent_cases(since, BATCH).await?;
            let gone = self.store.delete_silent_cases(since, &cases).await?;
            for case in cases {
                self.measuring.forget_all(case);
                self.news.tell(case);
            }
            forgotten += gone;
            if gone == 0 {
                return Ok(forgotten);
            }
        }
    }
}

/// Forgets what is past its time, for ever.
pub(crate) async fn forget(desk: Desk) {
    if desk.config.keep_days == 0 {
        return;
    }
    loop {
        match desk.forget_silent(now()).await {
            Ok(0) => {}
            Ok(cases) => tracing::info!(cases, "forgotten after their time"),
            Err(error) => tracing::error!(%error, "cases past their time cannot be forgotten"),
        }
        tokio::time::sleep(LOOK).await;
    }
}
