//! What browsers tell of their devices before a run, and that people do not want it.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, header};
use naosu_core::sentence::sentence;

use crate::browser::{Seen, Strange, Told, is_of_browser};
use crate::casework::{CaseFile, latest_evidence};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::reach::Caller;
use crate::wording::Wording;

/// What a request shows without asking anything.
pub(crate) fn of_request(headers: &HeaderMap, caller: Caller) -> Seen {
    Seen::of_request(user_agent(headers), caller)
}

fn user_agent(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok())
}

/// Our time in milliseconds since 1970 UTC, for a device's clock.
pub(crate) fn milliseconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1000.0)
}

/// What came of what a browser told.
pub(crate) enum Telling {
    /// It was taken; the sentences that follow of it.
    Taken(Vec<String>),
    /// The person does not want it.
    Refused,
    /// It is not what our page sends.
    Strange(Strange),
}

impl Desk {
    /// Whether the person does not want it to be used what the browser says: said now, or in what was measured last.
    pub(crate) fn refuses_browser(&self, file: &CaseFile) -> bool {
        self.measuring.browser(file.row.id).is_some_and(|seen| seen.is_refused())
            || latest_evidence(&file.case).is_some_and(|evidence| {
                evidence.observations.iter().any(|seen| is_of_browser(seen) && seen.outcome == "refused")
            })
    }

    /// Takes what a browser tells, until the case is measured.
    pub(crate) fn browser_tells(
        &self,
        file: &CaseFile,
        caller: Caller,
        headers: &HeaderMap,
        body: &[u8],
        w: Wording,
    ) -> Telling {
        if self.refuses_browser(file) {
            return Telling::Refused;
        }
        let told = match Told::read(body, milliseconds()) {
            Ok(told) => told,
            Err(strange) => return Telling::Strange(strange),
        };
        let seen = of_request(headers, caller).with(user_agent(headers), told);
        let evidence = latest_evidence(&file.case);
        let request = evidence.map_or(&file.case.opening().request, |evidence| &evidence.request);
        let observations = seen.observations(&self.tried(request.address.as_deref()), 0.0);
        let said = observations.iter().map(|one| sentence(self.knowledge, one, w.0, None)).collect();
        self.measuring.browser_says(file.row.id, seen);
        Telling::Taken(said)
    }

    /// What is known of the browser when a run begins; `refuses` says that the person does not want it to be used.
    pub(crate) fn browser_before(
        &self,
        file: &CaseFile,
        caller: Caller,
        headers: &HeaderMap,
        refuses: bool,
    ) -> Seen {
        if refuses || self.refuses_browser(file) {
            self.measuring.browser_says(file.row.id, Seen::refused());
            return Seen::refused();
        }
        self.measuring.browser(file.row.id).unwrap_or_else(|| of_request(headers, caller))
    }

    /// Takes what the browser said out of what was measured; it is not asked again in this case.
    pub(crate) async fn refuse_browser(&self, file: &CaseFile) -> Result<(), Failure> {
        let tried = self.tried(None);
        self.measuring.browser_says(file.row.id, Seen::refused());
        let evidence = latest_evidence(&file.case).filter(|_| file.case.closed().is_none());
        let Some(evidence) = evidence else { return Ok(()) };
        let mut evidence = evidence.clone();
        Seen::refused().join(&mut evidence, &tried);
        // the browser named the device, unless the person had
        evidence.request.device.clone_from(&file.case.opening().request.device);
        self.keep(file.row.id, evidence).await
    }
}
