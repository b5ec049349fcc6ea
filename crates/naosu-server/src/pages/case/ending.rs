//! How a case ended: what it was, what fixed it, how to keep it from coming back.

use naosu_core::case::{Closing, What};
use naosu_core::knowledge::{Importance, Item, Knowledge};
use naosu_papers::said::{self, cause_name};

use super::found::explanation;
use crate::casework::CaseFile;
use crate::pages::guide;
use crate::papers::care;
use crate::wording::Wording;

/// So many things to look after are shown; the calendar file has the others too.
const SHOWN: usize = 4;

/// How a case ended.
pub(super) struct Ending {
    pub(super) resolved: bool,
    /// The person stopped it.
    pub(super) stopped: bool,
    pub(super) cause: Option<String>,
    pub(super) explanation: Option<String>,
    /// The page of the cause in the guide.
    pub(super) guide: Option<String>,
    /// The title of the repair that helped.
    pub(super) repair: Option<String>,
    /// What to look after from now on, the most important first.
    pub(super) care: Vec<Cared>,
}

/// One thing to look after.
pub(super) struct Cared {
    pub(super) text: String,
    pub(super) why: String,
    pub(super) every: &'static str,
}

impl Ending {
    pub(super) fn of(knowledge: &Knowledge, file: &CaseFile, closing: &Closing, w: Wording) -> Self {
        let id = closing.cause.as_deref();
        let repair = file.case.events().iter().rev().find_map(|event| match &event.what {
            What::Fixed { action } | What::Done { action } => knowledge.care().actions.get(action),
            _ => None,
        });
        let mut items = care(knowledge, file);
        items.sort_by_key(|(_, item)| item.importance != Importance::High);
        Self {
            resolved: closing.resolved,
            stopped: file.case.events().iter().rev().any(|event| event.what == What::Stopped),
            cause: id.map(|id| cause_name(knowledge, id, w.0)),
            explanation: id.and_then(|id| explanation(knowledge, id, w)),
            guide: id.map(|id| guide::cause(id, w)),
            repair: repair.filter(|_| closing.resolved).map(|action| action.title.get(w.0).to_owned()),
            care: items.into_iter().take(SHOWN).map(|(_, item)| cared(item, w)).collect(),
        }
    }
}

fn cared(item: &Item, w: Wording) -> Cared {
    Cared {
        text: item.text.get(w.0).to_owned(),
        why: item.why.get(w.0).to_owned(),
        every: said::every(item.every, w.0),
    }
}
