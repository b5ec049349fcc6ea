//! What requests and answers of the API look like; the document is made from these types.

use std::collections::BTreeMap;

use naosu_core::case::{Case, Closing, Next};
use naosu_core::knowledge::{Knowledge, Lang, Risk, Text};
use naosu_core::step::NextStep;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::casework::CaseFile;
use crate::desk::Desk;

/// The longest words that are taken, in characters.
pub(super) const WORDS_LIMIT: usize = 4000;

/// A language that Naosu speaks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::En,
            Lang::Ja => Self::Ja,
        }
    }
}

impl From<Language> for Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::Ja => Self::Ja,
        }
    }
}

/// A device, an id of the taxonomy.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(super) struct Device(pub(super) String);

/// A mail program, an id of the taxonomy.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(super) struct Client(pub(super) String);

/// A service, an id of the taxonomy.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(super) struct Service(pub(super) String);

/// What is written in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Both {
    en: String,
    ja: String,
}

impl From<&Text> for Both {
    fn from(text: &Text) -> Self {
        Self { en: text.en.clone(), ja: text.ja.clone() }
    }
}

impl Both {
    /// From a text in each.
    pub(super) fn new(en: &str, ja: &str) -> Self {
        Self { en: en.to_owned(), ja: ja.to_owned() }
    }
}

/// What somebody says when they open a case; all of it may be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseOpening {
    /// What the screen says, or what is wrong, in their own words.
    #[schema(max_length = 4000)]
    pub(super) words: Option<String>,
    /// The mail address with the trouble.
    #[schema(
        max_length = 254,
        pattern = r"^[^\u0000-\u0020\u007f-\u00a0@]{1,64}@[^\u0000-\u0020\u007f-\u00a0@]{1,189}$"
    )]
    pub(super) address: Option<String>,
    pub(super) device: Option<Device>,
    pub(super) client: Option<Client>,
    pub(super) service: Option<Service>,
    /// The language the person reads; else that of `Accept-Language`.
    pub(super) lang: Option<Language>,
}

/// A case that was opened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseOpened {
    /// The secret of the case's link: whoever has it has the case. It cannot be found out later.
    #[schema(pattern = "^[A-Za-z0-9_-]{22}$")]
    pub(super) secret: String,
    /// The page of the case.
    pub(super) link: String,
    pub(super) case: CaseView,
}

/// How a case stands.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CaseState {
    /// There is something to do.
    Open,
    /// Time must pass.
    Waiting,
    /// It works again.
    Resolved,
    /// It is over, and does not work.
    Unresolved,
}

impl CaseState {
    /// Its name, as it is kept and sent.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Resolved => "resolved",
            Self::Unresolved => "unresolved",
        }
    }
}

/// A case.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseView {
    /// Its number, by which helpers find it.
    #[schema(minimum = 1)]
    id: i64,
    /// How many events it has: what is sent to it names this number, and is not taken if the case went on meanwhile.
    at: usize,
    state: CaseState,
    lang: Language,
    /// In seconds since 1970 UTC.
    opened_at: i64,
    /// In seconds since 1970 UTC.
    last_at: u64,
    /// When a wait ends, in seconds since 1970 UTC.
    due_at: Option<u64>,
    words: Option<String>,
    address: Option<String>,
    device: Option<String>,
    client: Option<String>,
    service: Option<String>,
    /// The cause it was, or the most probable one; an id of the taxonomy.
    cause: Option<String>,
    /// The number of the helper who took it over; of a program, the number of its token with a minus sign.
    holder: Option<i64>,
    /// When it is deleted if nothing more happens, in seconds since 1970 UTC; nothing where it is kept for ever.
    kept_until: Option<u64>,
}

impl CaseView {
    /// A case as it stands.
    pub(super) fn of(desk: &Desk, file: &CaseFile) -> Self {
        let request = &file.case.opening().request;
        let events = file.case.events();
        let (state, due_at, cause) = match file.next(desk.knowledge) {
            Next::Closed(Closing { resolved: true, cause }) => (CaseState::Resolved, None, cause),
            Next::Closed(Closing { resolved: false, cause }) => (CaseState::Unresolved, None, cause),
            Next::Step(step) if step.kind == "wait" => {
                (CaseState::Waiting, step.due, step.addresses.first().cloned())
            }
            Next::Step(step) => (CaseState::Open, None, step.addresses.first().cloned()),
        };
        Self {
            id: file.row.id,
            at: events.len(),
            state,
            lang: file.case.lang().into(),
            opened_at: file.row.opened_at,
            last_at: events.last().map_or(0, |event| event.at),
            due_at,
            words: request.words.clone(),
            address: request.address.clone(),
            device: request.device.clone(),
            client: request.client.clone(),
            service: request.service.clone(),
            cause,
            holder: file.row.holder,
            kept_until: desk.kept_until(file),
        }
    }
}

/// What comes next in a case: a step, or how it ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NextView {
    /// How many events the case has; goes into the answer.
    pub(super) at: usize,
    /// What to do now; nothing when the case is over.
    step: Option<StepView>,
    /// How it ended; nothing while it is open.
    closed: Option<ClosingView>,
}

impl NextView {
    /// What comes next.
    pub(super) fn of(knowledge: &Knowledge, file: &CaseFile) -> Self {
        let at = file.case.events().len();
        match file.next(knowledge) {
            Next::Step(step) => Self { at, step: Some((*step).into()), closed: None },
            Next::Closed(closing) => Self {
                at,
                step: None,
                closed: Some(ClosingView { resolved: closing.resolved, cause: closing.cause }),
            },
        }
    }
}

/// How a case ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClosingView {
    /// Whether it works again.
    resolved: bool,
    /// The cause it probably was; an id of the taxonomy.
    cause: Option<String>,
}

/// What kind of step it is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StepKind {
    /// Something to do.
    Action,
    /// Somebody else has to be asked.
    Escalation,
    /// To be measured.
    Probe,
    /// To be answered.
    Question,
    /// Time must pass.
    Wait,
}

/// What a step can cost besides time.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RiskView {
    /// Nothing.
    None,
    /// Something stops for a while.
    Interrupts,
    /// Settings or saved passwords are erased.
    LosesSettings,
    /// Mail or other data can be erased.
    LosesData,
    /// It cannot be taken back.
    Irreversible,
}

impl From<Risk> for RiskView {
    fn from(risk: Risk) -> Self {
        match risk {
            Risk::None => Self::None,
            Risk::Interrupts => Self::Interrupts,
            Risk::LosesSettings => Self::LosesSettings,
            Risk::LosesData => Self::LosesData,
            Risk::Irreversible => Self::Irreversible,
        }
    }
}

/// What to do now; texts are in the case's language.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StepView {
    kind: StepKind,
    id: String,
    /// The causes it helps against, the most probable first.
    addresses: Vec<String>,
    /// How long it takes the person, in minutes.
    minutes: f64,
    risk: RiskView,
    title: String,
    /// What to do, in order; a warning comes first. Of a question: its options, `id: text`.
    instructions: Vec<String>,
    /// What can be answered besides how an action came out.
    options: Vec<OptionView>,
    why: Option<String>,
    /// Of a wait: when it is over, in seconds since 1970 UTC.
    due: Option<u64>,
}

/// An answer that a step offers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OptionView {
    id: String,
    text: String,
}

impl From<NextStep> for StepView {
    fn from(step: NextStep) -> Self {
        Self {
            kind: match step.kind.as_str() {
                "escalation" => StepKind::Escalation,
                "probe" => StepKind::Probe,
                "question" => StepKind::Question,
                "wait" => StepKind::Wait,
                _ => StepKind::Action,
            },
            id: step.id,
            addresses: step.addresses,
            minutes: step.minutes,
            risk: step.risk.into(),
            title: step.title,
            instructions: step.instructions,
            options: step
                .options
                .into_iter()
                .map(|option| OptionView { id: option.id, text: option.text })
                .collect(),
            why: step.why,
            due: step.due,
        }
    }
}

/// Something that happened in a case.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventView {
    /// Its place, from 0.
    index: usize,
    /// When, in seconds since 1970 UTC.
    at: u64,
    /// What: a name, or an object with the name as its only field (`naosu.case/1`).
    what: Value,
    /// The helper or program that entered it for the person; for helpers only.
    by: Option<String>,
}

/// The events of a case from a place on, and who entered some of them.
pub(super) fn events(case: &Case, from: usize, limit: usize, entered: Vec<(i64, String)>) -> Vec<EventView> {
    let mut by: BTreeMap<usize, String> =
        entered.into_iter().filter_map(|(place, name)| Some((usize::try_from(place).ok()?, name))).collect();
    let what = |event: &naosu_core::case::Event| serde_json::to_value(&event.what).unwrap_or(Value::Null);
    let numbered = case.events().iter().enumerate().skip(from).take(limit);
    numbered
        .map(|(index, event)| EventView { index, at: event.at, what: what(event), by: by.remove(&index) })
        .collect()
}
