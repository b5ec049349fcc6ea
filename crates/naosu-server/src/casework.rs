//! Cases at the desk: opened, found by their link, carried on. Pages and API go through here, and nothing else writes cases.

use naosu_core::case::{Case, Driver, Event, Next, What};
use naosu_core::evidence::{Evidence, Request};
use naosu_core::intake::recognise;
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_papers::mask;

use crate::desk::{Desk, now};
use crate::failure::Failure;
use crate::secret_link;
use crate::store::cases::{CaseRow, Summary};

/// A case with what is kept beside it.
#[derive(Clone, Debug)]
pub(crate) struct CaseFile {
    /// Its row as it was read; the summary in it is not changed by [`Desk::take`].
    pub(crate) row: CaseRow,
    /// The case.
    pub(crate) case: Case,
    /// The helper who enters what is taken from here on; nobody where it is the person.
    pub(crate) entered_by: Option<String>,
}

impl CaseFile {
    /// What to do now.
    pub(crate) fn next(&self, knowledge: &Knowledge) -> Next {
        self.case.next(knowledge, driver(&self.case))
    }
}

/// Only a case with an address can be measured, or one that was.
pub(crate) fn driver(case: &Case) -> Driver {
    let known = case.opening().request.address.is_some() || latest_evidence(case).is_some();
    if known { Driver::Measures } else { Driver::Talks }
}

/// What was measured last.
pub(crate) fn latest_evidence(case: &Case) -> Option<&Evidence> {
    case.events().iter().rev().find_map(|event| match &event.what {
        What::Measured(evidence) => Some(evidence.as_ref()),
        _ => None,
    })
}

impl Desk {
    /// Opens a case; its file and the secret of its link, which nobody can find out later.
    pub(crate) async fn open(&self, mut request: Request, lang: Lang) -> Result<(CaseFile, String), Failure> {
        mask::request(&mut request);
        let case = Case::new(now(), request, lang);
        let secret = secret_link::fresh();
        let summary = summary(self.knowledge, &case);
        let id = self.store.begin_case(&secret_link::digest(&secret), case.events(), &summary).await?;
        let row = self.store.case_by_id(id).await?.ok_or(Failure::NoSuchCase)?;
        Ok((CaseFile { row, case, entered_by: None }, secret))
    }

    /// The case that a link opens.
    pub(crate) async fn by_link(&self, secret: &str) -> Result<CaseFile, Failure> {
        let row = self.store.case_by_link(&secret_link::digest(secret)).await?;
        self.file(row).await
    }

    /// The case with that number; for helpers only.
    pub(crate) async fn by_id(&self, id: i64) -> Result<CaseFile, Failure> {
        let row = self.store.case_by_id(id).await?;
        self.file(row).await
    }

    async fn file(&self, row: Option<CaseRow>) -> Result<CaseFile, Failure> {
        let row = row.ok_or(Failure::NoSuchCase)?;
        let events = self.store.events(row.id).await?;
        // deleted between the two looks
        if events.is_empty() {
            return Err(Failure::NoSuchCase);
        }
        let case = Case::replay(events)
            .map_err(|(place, refused)| anyhow::anyhow!("case {}, event {place}: {refused}", row.id))?;
        Ok(CaseFile { row, case, entered_by: None })
    }

    /// Takes what happened; it is on the disk when this returns. A case that is over thereby is closed with it.
    pub(crate) async fn take(&self, file: &mut CaseFile, mut what: What) -> Result<(), Failure> {
        mask::event(&mut what);
        let known = file.case.events().len();
        let mut case = file.case.clone();
        let at = now();
        case.apply(Event { at, what })?;
        if case.closed().is_none()
            && let Next::Closed(closing) = case.next(self.knowledge, driver(&case))
        {
            case.apply(Event { at, what: What::Closed(closing) })?;
        }
        let summary = summary(self.knowledge, &case);
        match self
            .store
            .append(file.row.id, known, &case.events()[known..], file.entered_by.as_deref(), &summary)
            .await
        {
            Ok(()) => {
                file.case = case;
                self.news.tell(file.row.id);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the last answer back; whether there was one.
    pub(crate) async fn take_back(&self, file: &mut CaseFile) -> Result<bool, Failure> {
        let Some(index) = file.case.last_retractable() else { return Ok(false) };
        self.take(file, What::Retracted { index }).await?;
        Ok(true)
    }

    /// Lets a case that is over go on; whether it was over.
    pub(crate) async fn reopen(&self, file: &mut CaseFile) -> Result<bool, Failure> {
        let back =
            if file.case.closed().is_some() { file.case.reopening(self.knowledge) } else { Vec::new() };
        // what led to the end first: a case that only lost its end would end again at once
        for index in back.iter().rev() {
            self.take(file, What::Retracted { index: *index }).await?;
        }
        Ok(!back.is_empty())
    }

    /// Gives a case to a helper, whoever held it before.
    pub(crate) async fn take_over(&self, file: &mut CaseFile, helper: i64) -> Result<(), Failure> {
        self.store.take_over(file.row.id, helper).await?;
        file.row.holder = Some(helper);
        self.news.tell(file.row.id);
        Ok(())
    }

    /// Gives a case back to the person, if that helper holds it; whether they did.
    pub(crate) async fn hand_back(&self, file: &mut CaseFile, helper: i64) -> Result<bool, Failure> {
        let held = self.store.hand_back(file.row.id, helper).await?;
        if held {
            file.row.holder = None;
            self.news.tell(file.row.id);
        }
        Ok(held)
    }

    /// Keeps a note of a helper.
    pub(crate) async fn note(
        &self,
        file: &CaseFile,
        helper: i64,
        name: &str,
        text: &str,
    ) -> Result<(), Failure> {
        let at = i64::try_from(now()).unwrap_or(i64::MAX);
        self.store.add_note(file.row.id, helper, name, at, &mask::words(text)).await?;
        self.news.tell(file.row.id);
        Ok(())
    }

    /// Deletes a case with all that is kept of it.
    pub(crate) async fn forget(&self, case: i64) -> Result<(), Failure> {
        self.store.delete_case(case).await?;
        self.measuring.forget_all(case);
        self.news.tell(case);
        Ok(())
    }
}

/// What lists and searches need of a case.
fn summary(knowledge: &Knowledge, case: &Case) -> Summary {
    let request = &case.opening().request;
    // PostgreSQL keeps no NUL
    let words = request.words.as_deref().unwrap_or_default().replace('\0', " ");
    let said = recognise(knowledge, &words);
    let first = |scored: &[naosu_core::intake::Scored]| {
        scored.first().map_or_else(|| "unknown".to_owned(), |one| one.id.clone())
    };
    let told = |field: &Option<String>, said: &str| field.clone().unwrap_or_else(|| said.to_owned());
    let (state, ends, likeliest) = match case.next(knowledge, driver(case)) {
        Next::Closed(closing) => {
            (if closing.resolved { "resolved" } else { "unresolved" }, None, closing.cause)
        }
        Next::Step(step) => {
            let waits = step.kind == "wait";
            let due = step.due.and_then(|due| i64::try_from(due).ok());
            (if waits { "waiting" } else { "open" }, due.filter(|_| waits), step.addresses.first().cloned())
        }
    };
    let steps = case.events().iter().filter(|event| {
        matches!(
            event.what,
            What::Answered { .. }
                | What::Done { .. }
                | What::Fixed { .. }
                | What::NotFixed { .. }
                | What::CouldNot { .. }
                | What::Went { .. }
        )
    });
    Summary {
        state: state.to_owned(),
        lang: case.lang().tag().to_owned(),
        symptom: first(&said.symptom),
        cause: likeliest.unwrap_or_else(|| first(&said.cause)),
        device: told(&request.device, &said.device),
        client: told(&request.client, &said.client),
        service: told(&request.service, &said.service),
        steps: i64::try_from(steps.count()).unwrap_or(i64::MAX),
        due_at: ends,
        words,
    }
}
