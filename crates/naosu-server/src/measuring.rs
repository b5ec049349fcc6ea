//! Runs of probes for cases: one at a time for each, in memory, with progress that can be watched.
//!
//! A run is lost with the process; the case is not: what a run saw becomes an event when it is over. The password lives in
//! the run's order alone and is wiped with it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use naosu_core::case::What;
use naosu_core::evidence::{Evidence, Observation, Request, SignIn};
use naosu_core::intake::recognise;
use naosu_core::knowledge::Protocol;
use naosu_probe::dns::Names;
use naosu_probe::plan::{Order, measure};
use naosu_probe::reach::Reach;
use naosu_probe::recorder::{Event, Recorder};
use naosu_probe::secret::Credential;
use naosu_probe::tls::Trust;
use tokio::sync::watch;

use crate::browser::{Seen, Tried};
use crate::budget::{Account, SignInWish};
use crate::casework::{CaseFile, latest_evidence};
use crate::desk::{Desk, now};
use crate::failure::Failure;
use crate::reach::Caller;

pub(crate) use self::telling::{Telling, milliseconds, of_request};
pub(crate) use self::wish::{Unread, Wish, Written, is_address, named_before};

mod telling;
mod wish;

/// How long a run takes at the most.
const DEADLINE: Duration = Duration::from_secs(15);

/// How many runs, and how many browsers' words, are remembered.
const REMEMBERED: usize = 500;

/// How long what a browser said is of use, in seconds: clocks are mended.
const FRESH: u64 = 30 * 60;

/// The most observations of a run that are shown.
const SHOWN: usize = 400;

/// How often what a run saw is taken again to a case that goes on elsewhere meanwhile.
const TRIES: usize = 5;

/// The runs, and what browsers said before theirs.
#[derive(Debug, Default)]
pub(crate) struct Measuring(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    jobs: BTreeMap<i64, Arc<Job>>,
    browsers: BTreeMap<i64, (u64, Seen)>,
}

/// A run.
#[derive(Debug)]
pub(crate) struct Job {
    begun: u64,
    progress: Mutex<Progress>,
    changed: watch::Sender<u64>,
}

/// How far a run is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// What is being measured: variable and subject.
    pub(crate) running: Vec<(String, String)>,
    /// What came out, in the order in which it did.
    pub(crate) seen: Vec<Observation>,
    /// How it ended.
    pub(crate) end: Option<End>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// What it saw is in the case.
    Kept,
    /// It broke off, or the case is over.
    Lost,
}

impl Measuring {
    /// The run of a case that goes on, or that has ended last.
    pub(crate) fn job(&self, case: i64) -> Option<Arc<Job>> {
        self.memory().jobs.get(&case).cloned()
    }

    /// Keeps what a browser said until the case is measured.
    pub(crate) fn browser_says(&self, case: i64, seen: Seen) {
        let mut memory = self.memory();
        if memory.browsers.len() >= REMEMBERED {
            let oldest = memory.browsers.iter().min_by_key(|(_, (at, _))| *at).map(|(case, _)| *case);
            oldest.map(|oldest| memory.browsers.remove(&oldest));
        }
        memory.browsers.insert(case, (now(), seen));
    }

    /// What a browser said, where that is not long ago.
    pub(crate) fn browser(&self, case: i64) -> Option<Seen> {
        let memory = self.memory();
        let (at, seen) = memory.browsers.get(&case)?;
        (now().saturating_sub(*at) <= FRESH || seen.is_refused()).then(|| seen.clone())
    }

    /// A new run of a case; nothing where one goes on.
    fn begin(&self, case: i64) -> Option<Arc<Job>> {
        let mut memory = self.memory();
        if memory.jobs.get(&case).is_some_and(|job| !job.has_ended()) {
            return None;
        }
        if memory.jobs.len() >= REMEMBERED {
            let ended = memory.jobs.iter().filter(|(_, job)| job.has_ended());
            let oldest = ended.min_by_key(|(_, job)| job.begun).map(|(case, _)| *case);
            oldest.map(|oldest| memory.jobs.remove(&oldest));
        }
        let job =
            Arc::new(Job { begun: now(), progress: Mutex::default(), changed: watch::Sender::default() });
        memory.jobs.insert(case, Arc::clone(&job));
        Some(job)
    }

    fn forget(&self, case: i64) {
        self.memory().jobs.remove(&case);
    }

    /// Forgets the run of a case that is deleted, and what its browser said.
    pub(crate) fn forget_all(&self, case: i64) {
        let mut memory = self.memory();
        memory.jobs.remove(&case);
        memory.browsers.remove(&case);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    /// How far it is.
    pub(crate) fn progress(&self) -> Progress {
        self.lock().clone()
    }

    /// Tells of every change from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn has_ended(&self) -> bool {
        self.lock().end.is_some()
    }

    fn on(&self, event: &Event) {
        {
            let mut progress = self.lock();
            match event {
                Event::Started { variable, subject } => {
                    if progress.running.len() < SHOWN {
                        progress.running.push(((*variable).to_owned(), subject.clone()));
                    }
                }
                Event::Finished(done) => {
                    let begun = |(v, s): &(String, String)| *v == done.variable && *s == done.subject;
                    if let Some(place) = progress.running.iter().position(begun) {
                        progress.running.remove(place);
                    }
                    if progress.seen.len() < SHOWN {
                        progress.seen.push(done.clone());
                    }
                }
            }
        }
        self.changed.send_modify(|count| *count += 1);
    }

    fn end(&self, how: End) {
        {
            let mut progress = self.lock();
            progress.running.clear();
            progress.end.get_or_insert(how);
        }
        self.changed.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that has not ended otherwise is lost: nobody waits for it forever.
struct Ending(Arc<Job>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end(End::Lost);
    }
}

impl Desk {
    /// Begins to measure for a case. Where that goes on already there is nothing to do.
    pub(crate) async fn measure(
        &self,
        file: &CaseFile,
        caller: Caller,
        wish: Wish,
        seen: Seen,
    ) -> Result<(), Failure> {
        let case = file.row.id;
        let Some(job) = self.measuring.begin(case) else { return Ok(()) };
        let run = self.run(file, caller, wish, seen, Arc::clone(&job)).await;
        if run.is_err() {
            job.end(End::Lost);
            self.measuring.forget(case);
        }
        run
    }

    async fn run(
        &self,
        file: &CaseFile,
        caller: Caller,
        wish: Wish,
        seen: Seen,
        job: Arc<Job>,
    ) -> Result<(), Failure> {
        let case = file.row.id;
        let ending = Ending(Arc::clone(&job));
        let request = request(self, file, &wish, &seen);
        let hosts: Vec<&str> = wish.servers.iter().map(|server| server.host.as_str()).collect();
        let account =
            Account { address: request.address.as_deref(), user: request.user.as_deref(), hosts: &hosts };
        let sign_in = match (&wish.password, wish.other_password) {
            (None, _) => SignInWish::None,
            (Some(_), false) => SignInWish::Password,
            (Some(_), true) => SignInWish::OtherPassword,
        };
        let permit = self.may_measure(caller, &account, sign_in).await?;
        let tried = self.tried(request.address.as_deref());
        let mut order = order(self, request, wish)?;
        permit.guard(&mut order);
        let desk = self.clone();
        let watched = Arc::clone(&job);
        tokio::spawn(async move {
            let ending = ending;
            let recorder = Recorder::new(move |event| watched.on(event));
            let mut evidence = measure(&order, desk.knowledge, recorder).await;
            // and the password with it
            drop(order);
            if let Err(error) = permit.ended(&evidence).await {
                tracing::error!(error = format!("{error:#}"), "the end of a run");
            }
            seen.join(&mut evidence, &tried);
            match desk.keep(case, evidence).await {
                Ok(()) => ending.0.end(End::Kept),
                Err(failure) => tracing::warn!(%failure, "a run is lost"),
            }
        });
        Ok(())
    }

    /// The hosts that a page tries to reach for this address.
    pub(crate) fn tried(&self, address: Option<&str>) -> Tried {
        let host = |url: &url::Url| url.host_str().map(str::to_owned);
        Tried {
            outside: self.outside_page().as_ref().and_then(host),
            web: self.provider_page(address).as_ref().and_then(host),
        }
    }

    /// The page by which a browser finds out whether it reaches the outside.
    pub(crate) fn outside_page(&self) -> Option<url::Url> {
        /// An answer without a body, made for this.
        const PAGE: &str = "https://connectivitycheck.gstatic.com/generate_204";
        let outside = &self.config.outside;
        match outside.connectivity.first() {
            Some(named) => Some(named.clone()),
            None if outside.is_closed() => None,
            None => url::Url::parse(PAGE).ok(),
        }
    }

    /// A page of the provider of an address.
    pub(crate) fn provider_page(&self, address: Option<&str>) -> Option<url::Url> {
        if self.config.outside.is_closed() {
            return None;
        }
        let (_, domain) = address?.rsplit_once('@')?;
        let (_, provider) = self.knowledge.providers().by_domain(domain)?;
        url::Url::parse(provider.help.as_deref()?).ok().filter(|url| url.scheme() == "https")
    }

    /// What a run saw becomes part of its case, which may go on elsewhere meanwhile.
    pub(crate) async fn keep(&self, case: i64, evidence: Evidence) -> Result<(), Failure> {
        let evidence = Box::new(evidence);
        for _ in 1..TRIES {
            let mut file = self.by_id(case).await?;
            match self.take(&mut file, What::Measured(evidence.clone())).await {
                Err(Failure::WentOn) => {}
                other => return other,
            }
        }
        let mut file = self.by_id(case).await?;
        self.take(&mut file, What::Measured(evidence)).await
    }
}

/// What is asked for: as before, with what is new.
fn request(desk: &Desk, file: &CaseFile, wish: &Wish, seen: &Seen) -> Request {
    let opening = &file.case.opening().request;
    let before = latest_evidence(&file.case).map_or(opening, |evidence| &evidence.request);
    let words = opening.words.as_deref().unwrap_or_default();
    let said = recognise(desk.knowledge, words).device;
    let outside = &desk.config.outside;
    let of = |protocol| wish.servers.iter().any(|server| server.protocol == protocol);
    let named = [
        ("imap", of(Protocol::Imap)),
        ("pop", of(Protocol::Pop)),
        ("smtp", of(Protocol::Smtp)),
        ("resolver", !outside.resolvers.is_empty()),
        ("ntp", !outside.ntp.is_empty()),
        ("connectivity", !outside.connectivity.is_empty()),
        ("status", !outside.status.is_empty()),
    ];
    // a person who says which device it is may sit at another one
    let device =
        opening.device.clone().or_else(|| seen.device().filter(|_| said == "unknown").map(str::to_owned));
    Request {
        address: opening.address.clone().or_else(|| wish.address.clone()).or_else(|| before.address.clone()),
        device,
        sign_in: if wish.password.is_some() { SignIn::Password } else { SignIn::None },
        named: named.into_iter().filter(|(_, is)| *is).map(|(name, _)| name.to_owned()).collect(),
        ..opening.clone()
    }
}

fn order(desk: &Desk, request: Request, wish: Wish) -> Result<Order, Failure> {
    let outside = &desk.config.outside;
    let names = match outside.resolvers.as_slice() {
        [] => Names::System,
        resolvers => Names::Servers(resolvers.to_vec()),
    };
    let trust = Trust::load(outside.ca_pem.as_deref()).map_err(anyhow::Error::new)?;
    Ok(Order {
        request,
        servers: wish.servers,
        confirmed: Vec::new(),
        credential: wish.password.map(Credential::Password),
        names,
        trust,
        // the permit puts the caller's in their place
        reach: Reach::Public { own: Vec::new() },
        own_device: false,
        gate: None,
        ntp: outside.ntp.clone(),
        connectivity: outside.connectivity.clone(),
        status: outside.status.clone(),
        send_test: false,
        deadline: DEADLINE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_one_run_at_a_time() {
        let measuring = Measuring::default();
        let job = measuring.begin(1).unwrap();
        assert!(measuring.begin(1).is_none());
        assert!(measuring.begin(2).is_some());
        drop(Ending(Arc::clone(&job)));
        assert_eq!(job.progress().end, Some(End::Lost));
        assert!(measuring.begin(1).is_some());
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let measuring = Measuring::default();
        for case in 0..2000 {
            measuring.begin(case).unwrap().end(End::Kept);
            measuring.browser_says(case, Seen::refused());
        }
        let memory = measuring.memory();
        assert!(memory.jobs.len() <= REMEMBERED && memory.browsers.len() <= REMEMBERED);
        assert!(memory.jobs.contains_key(&1999) && memory.browsers.contains_key(&1999));
    }

    #[test]
    fn a_run_that_ended_well_is_not_lost_afterwards() {
        let measuring = Measuring::default();
        let job = measuring.begin(1).unwrap();
        let ending = Ending(Arc::clone(&job));
        ending.0.end(End::Kept);
        drop(ending);
        assert_eq!(job.progress().end, Some(End::Kept));
    }
}
