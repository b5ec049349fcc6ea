//! That something happened to a case, told to the pages that show it: server-sent events, which end with the page, with the
//! case's change, or with the server.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};

use crate::budget::{Refusal, Why};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::store::notes::Stand;

/// How many pages follow their case at once; the others have a link to look again.
const FOLLOWERS: usize = 2000;

/// How often it is looked whether something happened that nobody here told of: another server with the same database.
const LOOK: Duration = Duration::from_secs(20);

/// Changes that a slow follower may be behind before it looks by itself.
const BEHIND: usize = 256;

/// What tells and who follows; one for the server.
#[derive(Debug)]
pub(crate) struct News {
    told: broadcast::Sender<i64>,
    places: Arc<Semaphore>,
    over: watch::Sender<bool>,
}

/// Who shows a case, and so what is news.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reader {
    /// The person: what happened, and whether a helper is there.
    Person,
    /// A helper: also who holds it, and notes.
    Helper,
}

impl Default for News {
    fn default() -> Self {
        Self {
            told: broadcast::Sender::new(BEHIND),
            places: Arc::new(Semaphore::new(FOLLOWERS)),
            over: watch::Sender::new(false),
        }
    }
}

impl News {
    /// Something happened to that case.
    pub(crate) fn tell(&self, case: i64) {
        // where nobody follows there is nobody to tell
        let _ = self.told.send(case);
    }

    /// The server stops: nobody waits for more.
    pub(crate) fn end(&self) {
        self.over.send_replace(true);
    }
}

impl Reader {
    /// What a page was made from; another text is news.
    pub(crate) fn mark(self, stand: Stand) -> String {
        match self {
            Self::Person => format!("{}.{}", stand.events, u8::from(stand.holder.is_some())),
            Self::Helper => format!("{}.{}.{}", stand.events, stand.holder.unwrap_or_default(), stand.notes),
        }
    }
}

impl Desk {
    /// Where a case stands for whoever shows it.
    pub(crate) async fn mark(&self, case: i64, reader: Reader) -> Result<String, Failure> {
        let stand = self.store.stand(case).await?.ok_or(Failure::NoSuchCase)?;
        Ok(reader.mark(stand))
    }

    /// Tells `changed` once the case stands elsewhere than where a page showed it; ends then.
    pub(crate) fn follow(&self, case: i64, reader: Reader, shown: String) -> Result<Response, Failure> {
        let place = Arc::clone(&self.news.places).try_acquire_owned();
        let place = place.map_err(|_| Refusal { why: Why::Busy, seconds: LOOK.as_secs() })?;
        let follower = Follower {
            told: self.news.told.subscribe(),
            over: self.news.over.subscribe(),
            desk: self.clone(),
            case,
            reader,
            shown,
            _place: place,
        };
        let changes = stream::unfold(Some(follower), async |follower| {
            let follower = follower?;
            let event = follower.news().await?;
            Some((Ok::<_, Infallible>(event), None))
        });
        Ok(Sse::new(changes).keep_alive(KeepAlive::default()).into_response())
    }
}

/// A page that follows its case.
struct Follower {
    told: broadcast::Receiver<i64>,
    over: watch::Receiver<bool>,
    desk: Desk,
    case: i64,
    reader: Reader,
    shown: String,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    /// The news; nothing when the server stops, or cannot tell.
    async fn news(mut self) -> Option<Event> {
        loop {
            let now = match self.desk.mark(self.case, self.reader).await {
                Ok(mark) => Some(mark),
                Err(Failure::NoSuchCase) => None,
                Err(_) => return None,
            };
            if now.as_deref() != Some(&self.shown) {
                return Some(Event::default().event("changed").data("{}"));
            }
            tokio::select! {
                _ = self.over.wait_for(|over| *over) => return None,
                () = about(&mut self.told, self.case) => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

/// Until something happened to that case, or may have.
async fn about(told: &mut broadcast::Receiver<i64>, case: i64) {
    loop {
        match told.recv().await {
            Ok(other) if other != case => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            // the server holds the sender as long as it runs
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
