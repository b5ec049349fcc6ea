//! What is handed out of a case as a file: the package for support, and calendar files. Pages and API give the same.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Span;
use naosu_core::case::Next;
use naosu_core::knowledge::{Item, Knowledge, Lang, Occasion, Situation};
use naosu_papers::package::{Given, Package};

use crate::calendar::{self, Reminder, When};
use crate::casework::CaseFile;
use crate::desk::{Desk, now};
use crate::failure::Failure;

/// The page stands alone: its style is in it, and nothing else is.
const ALONE: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

/// A case's package.
pub(crate) fn package(file: &CaseFile, given: Given, lang: Lang) -> Result<Package, Failure> {
    Ok(Package::new(file.row.id, file.case.events(), given, lang)?)
}

/// A package as a page to read and print.
pub(crate) fn page(knowledge: &Knowledge, package: &Package) -> Response {
    let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    ([kind, (header::CONTENT_SECURITY_POLICY, ALONE)], package.page(knowledge)).into_response()
}

/// The same with the letters and the data, as a ZIP to keep.
pub(crate) fn archive(knowledge: &Knowledge, package: &Package) -> Result<Response, Failure> {
    let bytes = package.zip(knowledge)?;
    let name = format!("attachment; filename=\"naosu-case-{}.zip\"", package.id);
    let headers = [(header::CONTENT_TYPE, "application/zip".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, bytes).into_response())
}

impl Desk {
    /// The end of the wait as a calendar file; `link` is where the case goes on.
    pub(crate) fn wait_reminder(&self, file: &CaseFile, link: &str) -> Result<Response, Failure> {
        let Next::Step(step) = file.next(self.knowledge) else { return Err(Failure::WentOn) };
        let due = step.due.ok_or(Failure::WentOn)?;
        let reminder = Reminder {
            uid: format!("case-{}-{}", file.row.id, step.id),
            on: When::Moment(calendar::moment(due)),
            again: None,
            summary: format!("Naosu: {}", step.title),
            description: format!("{}\n{link}", step.instructions.join("\n")),
        };
        Ok(calendar::answer(&[reminder], &self.store.place, now(), "naosu-wait"))
    }

    /// What to look after from now on as a calendar file.
    pub(crate) fn care_reminders(&self, file: &CaseFile, lang: Lang) -> Response {
        let today = calendar::day(now());
        let reminders: Vec<Reminder> = care(self.knowledge, file)
            .into_iter()
            .filter_map(|(uid, item)| {
                // the first of them in a period's time, never later than in a month
                let days = i64::from(item.every.days()?.min(30));
                Some(Reminder {
                    uid,
                    on: When::Day(today.checked_add(Span::new().days(days)).ok()?),
                    again: Some(calendar::again(item.every)?),
                    summary: item.text.get(lang).to_owned(),
                    description: item.why.get(lang).to_owned(),
                })
            })
            .collect();
        calendar::answer(&reminders, &self.store.place, now(), "naosu-care")
    }
}

/// What is to be looked at again and again with that device and service; each with a name that stays.
pub(crate) fn care<'a>(knowledge: &'a Knowledge, file: &CaseFile) -> Vec<(String, &'a Item)> {
    let summary = &file.row.summary;
    let here = Situation { device: &summary.device, client: &summary.client, service: &summary.service };
    let lists = knowledge.care().checklists.iter().filter(|(_, list)| list.occasion == Occasion::Routine);
    lists
        .flat_map(|(id, list)| list.items.iter().map(move |item| (id, item)))
        .filter(|(_, item)| item.only.admits(here))
        .map(|(id, item)| (format!("routine-{id}-{}", item.id), item))
        .collect()
}
