//! The cases that are kept: list, show, close.

use std::process::ExitCode;

use anyhow::Result;
use naosu_core::case::history::told;
use naosu_core::case::{Case, Closing, Driver, Event, Next, What};
use naosu_core::knowledge::{Knowledge, Lang};

use super::session::{Session, events};
use crate::cli::Color;
use crate::cmd::now;
use crate::language::pick;
use crate::render::page::{Page, shortened, tame};
use crate::store::Store;
use crate::usage::Mistake;
use naosu_papers::moment::time;

/// So much of the words is told in the list, in columns; the case itself tells all of them.
const WORDS: usize = 160;

/// Prints each case: a line where there is no terminal that is narrower.
pub(super) fn list(knowledge: &Knowledge, lang: Lang, color: Color) -> Result<ExitCode> {
    let store = Store::open()?;
    let page = Page::of_list(color);
    let outcomes = store.outcomes()?;
    let mut out = String::new();
    for kept in store.cases()? {
        let events = events(&store, kept.id)?;
        let Ok(mut case) = Case::replay(events) else { continue };
        speak(&mut case, lang);
        let request = &case.opening().request;
        let words = request.words.as_deref().map(|words| shortened(&tame(words), WORDS));
        let about = [request.address.clone(), words];
        let about = about.into_iter().flatten().collect::<Vec<_>>().join("  ");
        let state = match case.closed() {
            Some(Closing { resolved: true, .. }) => pick(lang, "solved", "解決").to_owned(),
            Some(_) => pick(lang, "ended", "終了").to_owned(),
            None => match case.next_with(knowledge, &outcomes, Driver::Talks) {
                Next::Step(step) => match step.due.filter(|due| *due > now()).map(time) {
                    Some(due) => pick(
                        lang,
                        format!("waiting until {due}: {}", step.title),
                        format!("{due} まで待つ: {}", step.title),
                    ),
                    None => pick(lang, format!("next: {}", step.title), format!("次: {}", step.title)),
                },
                Next::Closed(_) => pick(lang, "open", "継続中").to_owned(),
            },
        };
        let last = time(u64::try_from(kept.last).unwrap_or_default());
        let head = format!("{:>4}  ", kept.id);
        out.push_str(&page.hanging(&head, head.len(), format!("{last}  {state}  {about}").trim_end()));
    }
    if out.is_empty() {
        out.push_str(pick(
            lang,
            "No case is kept. naosu check begins one.\n",
            "保存されたケースはありません。naosu check で始められます。\n",
        ));
    }
    super::super::print_on(page, &out)?;
    Ok(ExitCode::SUCCESS)
}

/// Lets what comes next be told in that language; what is kept stays as it is.
fn speak(case: &mut Case, lang: Lang) {
    let at = case.events().last().map_or(0, |event| event.at);
    // a case that is over tells nothing more
    let _ = case.apply(Event { at, what: What::Language { lang } });
}

/// Prints what happened, numbered, and the next step.
pub(super) fn show(knowledge: &Knowledge, id: i64, lang: Lang, color: Color) -> Result<ExitCode> {
    let page = Page::of_list(color);
    let session = Session::resume(knowledge, id)?;
    let case = session.case();
    let mut asked = case.clone();
    speak(&mut asked, lang);
    let mut out = String::new();
    for (index, event) in case.events().iter().enumerate() {
        let line = told(knowledge, &event.what, lang);
        let head = format!("{:>4}  ", index + 1);
        out.push_str(&page.hanging(&head, head.len(), &format!("{}  {line}", time(event.at))));
    }
    if let Next::Step(step) = session.next_of(&asked, Driver::Talks) {
        let label = pick(lang, "Next", "次");
        out.push('\n');
        let text = format!("{label}: {}  (naosu case resume {id})", step.title);
        out.push_str(&page.hanging("", 0, &text));
    }
    super::super::print_on(page, &out)?;
    Ok(ExitCode::SUCCESS)
}

/// Ends a case.
pub(super) fn close(knowledge: &Knowledge, id: i64, resolved: bool, lang: Lang) -> Result<ExitCode> {
    let mut session = Session::resume(knowledge, id)?;
    if session.case().closed().is_some() {
        return Err(Mistake::error(
            format!("case {id} is over already: see naosu case show {id}"),
            format!("ケース{id}は終了しています: naosu case show {id} で内容を見られます"),
        ));
    }
    session.take(What::Closed(Closing { resolved, cause: None }))?;
    super::super::print(&pick(
        lang,
        format!("Case {id} is closed.\n"),
        format!("ケース{id}を終了しました。\n"),
    ))?;
    Ok(ExitCode::SUCCESS)
}
