//! A case that is being gone through: what happens is kept before anything follows from it.

use anyhow::{Context, Result};
use naosu_core::case::{Case, Closing, Driver, Event, Next, What};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::outcome::Outcomes;
use naosu_papers::mask;

use crate::cmd::now;
use crate::store::Store;
use crate::usage::Mistake;

/// The events of a kept case; none when there is no such case. Earlier versions kept words as they came.
pub(super) fn events(store: &Store, id: i64) -> Result<Vec<Event>> {
    let mut events: Vec<Event> = store.events(id)?;
    for event in &mut events {
        mask::event(&mut event.what);
    }
    Ok(events)
}

/// A case, and where it is kept.
pub(super) struct Session<'a> {
    knowledge: &'a Knowledge,
    /// What earlier cases taught.
    outcomes: Outcomes,
    case: Case,
    kept: Option<(Store, i64)>,
}

impl<'a> Session<'a> {
    /// A case that is forgotten when the program ends; it neither learns from other cases nor teaches them.
    pub(super) fn passing(knowledge: &'a Knowledge, case: Case) -> Self {
        Self { knowledge, outcomes: Outcomes::default(), case, kept: None }
    }

    /// A new case that is kept from its first event on.
    pub(super) fn kept(knowledge: &'a Knowledge, case: Case) -> Result<Self> {
        let mut store = Store::open()?;
        let mut events = case.events().iter().enumerate();
        let (_, first) = events.next().context("a case has a first event")?;
        let id = store.begin(first.at, first)?;
        for (sequence, event) in events {
            store.append(id, sequence, event.at, event, None)?;
        }
        Ok(Self { knowledge, outcomes: store.outcomes()?, case, kept: Some((store, id)) })
    }

    /// A case that was kept earlier.
    pub(super) fn resume(knowledge: &'a Knowledge, id: i64) -> Result<Self> {
        let store = Store::open()?;
        let events = events(&store, id)?;
        if events.is_empty() {
            return Err(Mistake::error(
                format!("case {id}: there is none: see naosu case list"),
                format!("ケース{id}はありません: naosu case list で一覧を見られます"),
            ));
        }
        let case = Case::replay(events);
        let case = case.map_err(|(place, refused)| anyhow::anyhow!("case {id}, event {place}: {refused}"))?;
        Ok(Self { knowledge, outcomes: store.outcomes()?, case, kept: Some((store, id)) })
    }

    /// The case.
    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    /// What to do now.
    pub(super) fn next(&self, driver: Driver) -> Next {
        self.next_of(&self.case, driver)
    }

    /// What to do now in a case like this one.
    pub(super) fn next_of(&self, case: &Case, driver: Driver) -> Next {
        case.next_with(self.knowledge, &self.outcomes, driver)
    }

    /// The name of the place where it is kept, for calendars; a passing one where it is not.
    pub(super) fn place(&self) -> Result<String> {
        match &self.kept {
            Some((store, _)) => store.place(),
            None => Ok(naosu_papers::calendar::place(rand::random())),
        }
    }

    /// Its number, where it is kept.
    pub(super) fn id(&self) -> Option<i64> {
        self.kept.as_ref().map(|(_, id)| *id)
    }

    /// Takes what happened; it is on the disk when this returns, with what the case teaches by it.
    pub(super) fn take(&mut self, what: What) -> Result<()> {
        let event = Event { at: now(), what };
        let place = self.case.events().len();
        self.case.apply(event.clone()).context("take what happened")?;
        if let Some((store, id)) = &mut self.kept {
            let lesson = self.case.lesson(self.knowledge);
            store.append(*id, place, event.at, &event, lesson.as_ref())?;
        }
        Ok(())
    }

    /// Lets the person read that language from here on, where the call names one that is not the case's; a case that is
    /// over says nothing more.
    pub(super) fn speak(&mut self, asked: Option<Lang>) -> Result<()> {
        match asked {
            Some(lang) if lang != self.case.lang() && self.case.closed().is_none() => {
                self.take(What::Language { lang })
            }
            _ => Ok(()),
        }
    }

    /// Writes down that the case is over, where it is not written yet.
    pub(super) fn end(&mut self, closing: &Closing) -> Result<()> {
        if self.case.closed().is_none() {
            self.take(What::Closed(closing.clone()))?;
        }
        Ok(())
    }
}
