//! What needs no case: words recognised, evidence diagnosed, the knowledge read.

use axum::Json;
use axum::extract::State;
use naosu_core::case::{Case, Driver, Next};
use naosu_core::evidence::Request;
use naosu_core::intake::{recognise, rounded};
use naosu_core::knowledge::{Action, ActionKind, Lang, Situation, Who};
use naosu_core::report::report;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Cause, Problem};
use super::shape::{Both, Client, Device, Language, RiskView, Service, StepKind, StepView, WORDS_LIMIT};
use super::take::{Asked, Body, Place, failed};
use super::{evidence, known};
use crate::desk::{Desk, now};
use crate::limit::Kind;
use crate::reach::Caller;
use crate::wording::Wording;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(ask))
        .routes(routes!(diagnose))
        .routes(routes!(causes))
        .routes(routes!(cause))
        .routes(routes!(symptoms))
        .routes(routes!(symptom))
        .routes(routes!(actions))
        .routes(routes!(action))
}

/// Words to be recognised.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WordsGiven {
    /// What the screen says, or what is wrong, in somebody's own words.
    #[schema(min_length = 1, max_length = 4000)]
    words: String,
    /// The language of the step; else that of `Accept-Language`.
    lang: Option<Language>,
}

/// What words say.
#[derive(Debug, Serialize, ToSchema)]
struct Understood {
    /// Symptoms, best first; the probabilities add up to one.
    symptom: Vec<Probable>,
    /// Causes that the words speak for, best first.
    cause: Vec<Probable>,
    service: Service,
    device: Device,
    client: Client,
    /// The first step of a case with these words; nothing where they say that all is well.
    next: Option<StepView>,
}

/// An id with its probability.
#[derive(Debug, Serialize, ToSchema)]
struct Probable {
    /// An id of the taxonomy.
    id: String,
    #[schema(minimum = 0, maximum = 1)]
    p: f64,
}

/// What words say; nothing is kept.
#[utoipa::path(
    post, path = "/api/v1/ask", tag = "words", operation_id = "ask", request_body = WordsGiven,
    responses((status = 200, body = Understood))
)]
async fn ask(
    State(desk): State<Desk>,
    caller: Caller,
    w: Wording,
    Body(given): Body<WordsGiven>,
) -> Result<Json<Understood>, Problem> {
    if !(1..=WORDS_LIMIT).contains(&given.words.chars().count()) {
        return Err(Problem::of(Cause::Invalid("words: 1 to 4000 characters".to_owned()), w));
    }
    desk.may(Kind::Case, caller).map_err(failed(w))?;
    let found = recognise(desk.knowledge, &given.words);
    let request = Request { words: Some(given.words), ..Request::default() };
    let case = Case::new(now(), request, given.lang.map_or(w.0, Into::into));
    let next = match case.next(desk.knowledge, Driver::Talks) {
        Next::Step(step) => Some((*step).into()),
        Next::Closed(_) => None,
    };
    let probable = |scored: &[_]| {
        rounded(scored).into_iter().map(|scored| Probable { id: scored.id, p: scored.p }).collect()
    };
    Ok(Json(Understood {
        symptom: probable(&found.symptom),
        cause: probable(&found.cause),
        service: Service(found.service),
        device: Device(found.device),
        client: Client(found.client),
        next,
    }))
}

/// In which language texts are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LanguageAsked {
    /// The language of the texts; else that of `Accept-Language`.
    #[param(nullable = false)]
    lang: Option<Language>,
}

/// Diagnose an evidence file; nothing is kept.
#[utoipa::path(
    post, path = "/api/v1/diagnose", tag = "evidence", operation_id = "diagnose", params(LanguageAsked),
    request_body = evidence::Evidence, responses((status = 200, body = evidence::Report))
)]
async fn diagnose(
    State(desk): State<Desk>,
    caller: Caller,
    w: Wording,
    Asked(asked): Asked<LanguageAsked>,
    Body(given): Body<Value>,
) -> Result<Json<naosu_core::report::Report>, Problem> {
    let evidence = evidence::taken(given, w)?;
    desk.may(Kind::Case, caller).map_err(failed(w))?;
    Ok(Json(report(desk.knowledge, evidence, asked.lang.map_or(w.0, Into::into))))
}

/// A cause, in short.
#[derive(Debug, Serialize, ToSchema)]
struct CauseShort {
    id: String,
    /// The group it belongs to.
    group: String,
    name: Both,
}

/// All causes.
#[utoipa::path(
    get, path = "/api/v1/knowledge/causes", tag = "knowledge", operation_id = "listCauses",
    responses((status = 200, body = Vec<CauseShort>))
)]
async fn causes(State(desk): State<Desk>) -> Json<Vec<CauseShort>> {
    let all = desk.knowledge.taxonomy.cause.iter().map(|(id, entry)| CauseShort {
        id: id.clone(),
        group: entry.group.clone(),
        name: Both::new(&entry.en, &entry.ja),
    });
    Json(all.collect())
}

/// What is known of a cause.
#[derive(Debug, Serialize, ToSchema)]
struct CauseWhole {
    id: String,
    /// The group it belongs to.
    group: String,
    name: Both,
    /// What it is, whether it is the person's fault, and what heals it.
    explanation: Both,
    /// What would show that it is not this.
    not_this: Vec<Both>,
    /// Whether it usually heals without anybody doing anything.
    heals_by_waiting: bool,
    /// What fixes it.
    fixes: Vec<FixView>,
    /// Where the facts come from.
    sources: Vec<String>,
    /// When they were last looked at, `YYYY-MM`.
    checked: String,
}

/// That an action fixes a cause.
#[derive(Debug, Serialize, ToSchema)]
struct FixView {
    /// The action.
    action: String,
    #[schema(minimum = 0, maximum = 1)]
    probability: f64,
}

/// A cause.
#[utoipa::path(
    get, path = "/api/v1/knowledge/causes/{id}", tag = "knowledge", operation_id = "readCause",
    params(("id" = String, Path, pattern = "^[a-z0-9_]{1,64}$")), responses((status = 200, body = CauseWhole))
)]
async fn cause(
    State(desk): State<Desk>,
    w: Wording,
    Place(id): Place<String>,
) -> Result<Json<CauseWhole>, Problem> {
    let entry = desk.knowledge.taxonomy.cause.get(&id);
    let (Some(entry), Some(cause)) = (entry, desk.knowledge.causes.get(&id)) else {
        return Err(Problem::of(Cause::Nothing, w));
    };
    Ok(Json(CauseWhole {
        group: entry.group.clone(),
        name: Both::new(&entry.en, &entry.ja),
        explanation: (&cause.explanation).into(),
        not_this: cause.not_this.iter().map(Into::into).collect(),
        heals_by_waiting: cause.heals_by_waiting,
        fixes: cause
            .fixes
            .iter()
            .map(|fix| FixView { action: fix.action.clone(), probability: fix.probability })
            .collect(),
        sources: cause.sources.clone(),
        checked: cause.checked.clone(),
        id,
    }))
}

/// A symptom, in short.
#[derive(Debug, Serialize, ToSchema)]
struct SymptomShort {
    id: String,
    name: Both,
}

/// All symptoms.
#[utoipa::path(
    get, path = "/api/v1/knowledge/symptoms", tag = "knowledge", operation_id = "listSymptoms",
    responses((status = 200, body = Vec<SymptomShort>))
)]
async fn symptoms(State(desk): State<Desk>) -> Json<Vec<SymptomShort>> {
    let all = desk.knowledge.words().symptoms.iter();
    Json(all.map(|(id, symptom)| SymptomShort { id: id.clone(), name: (&symptom.name).into() }).collect())
}

/// What is known of a symptom.
#[derive(Debug, Serialize, ToSchema)]
struct SymptomWhole {
    id: String,
    name: Both,
    /// The causes that are often behind it, the most frequent first; an id of the taxonomy and its share.
    causes: Vec<Probable>,
}

/// A symptom.
#[utoipa::path(
    get, path = "/api/v1/knowledge/symptoms/{id}", tag = "knowledge", operation_id = "readSymptom",
    params(("id" = String, Path, pattern = "^[a-z0-9_]{1,64}$")), responses((status = 200, body = SymptomWhole))
)]
async fn symptom(
    State(desk): State<Desk>,
    w: Wording,
    Place(id): Place<String>,
) -> Result<Json<SymptomWhole>, Problem> {
    let Some(symptom) = desk.knowledge.words().symptoms.get(&id) else {
        return Err(Problem::of(Cause::Nothing, w));
    };
    let sum: f64 = symptom.causes.values().sum();
    let share = |weight: f64| if sum > 0.0 { (weight / sum * 1e4).round() / 1e4 } else { 0.0 };
    let mut causes: Vec<Probable> =
        symptom.causes.iter().map(|(id, weight)| Probable { id: id.clone(), p: share(*weight) }).collect();
    causes.sort_by(|a, b| b.p.total_cmp(&a.p));
    Ok(Json(SymptomWhole { name: (&symptom.name).into(), causes, id }))
}

/// An action, in short.
#[derive(Debug, Serialize, ToSchema)]
struct ActionShort {
    id: String,
    kind: StepKind,
    title: Both,
    /// How long it takes the person, in minutes.
    minutes: f64,
    risk: RiskView,
}

impl ActionShort {
    fn of(id: &str, action: &Action) -> Self {
        Self {
            id: id.to_owned(),
            kind: match action.kind {
                ActionKind::Action => StepKind::Action,
                ActionKind::Escalation => StepKind::Escalation,
                ActionKind::Wait => StepKind::Wait,
            },
            title: (&action.title).into(),
            minutes: action.minutes,
            risk: action.risk.into(),
        }
    }
}

/// All repairs, waits and escalations.
#[utoipa::path(
    get, path = "/api/v1/knowledge/actions", tag = "knowledge", operation_id = "listActions",
    responses((status = 200, body = Vec<ActionShort>))
)]
async fn actions(State(desk): State<Desk>) -> Json<Vec<ActionShort>> {
    let all = desk.knowledge.care().actions.iter();
    Json(all.map(|(id, action)| ActionShort::of(id, action)).collect())
}

/// For which situation instructions are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SituationAsked {
    #[param(nullable = false)]
    device: Option<Device>,
    #[param(nullable = false)]
    client: Option<Client>,
    #[param(nullable = false)]
    service: Option<Service>,
}

/// Who can do an action.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WhoView {
    /// The person with the trouble.
    Person,
    /// Somebody with experience who helps.
    Helper,
    /// Whoever runs the mail domain or its server.
    DomainAdmin,
    /// The mail provider.
    Provider,
}

/// What is known of an action.
#[derive(Debug, Serialize, ToSchema)]
struct ActionWhole {
    #[serde(flatten)]
    short: ActionShort,
    who: WhoView,
    /// Why it can help.
    why: Both,
    /// What to know before doing it.
    warning: Option<Both>,
    /// Where advice that is still going round is out of date.
    correction: Option<Both>,
    /// Actions that must be done before it.
    requires: Vec<String>,
    /// How to do it in the situation that was asked for, step by step.
    instructions: Instructions,
    /// Where the facts come from.
    sources: Vec<String>,
    /// When they were last looked at, `YYYY-MM`.
    checked: String,
}

/// Steps in both languages.
#[derive(Debug, Serialize, ToSchema)]
struct Instructions {
    en: Vec<String>,
    ja: Vec<String>,
}

/// An action with its instructions for a situation.
#[utoipa::path(
    get, path = "/api/v1/knowledge/actions/{id}", tag = "knowledge", operation_id = "readAction",
    params(("id" = String, Path, pattern = "^[a-z0-9_]{1,64}$"), SituationAsked),
    responses((status = 200, body = ActionWhole))
)]
async fn action(
    State(desk): State<Desk>,
    w: Wording,
    Place(id): Place<String>,
    Asked(asked): Asked<SituationAsked>,
) -> Result<Json<ActionWhole>, Problem> {
    let unknown = || "unknown".to_owned();
    let device = asked.device.map_or_else(unknown, |it| it.0);
    let client = asked.client.map_or_else(unknown, |it| it.0);
    let service = asked.service.map_or_else(unknown, |it| it.0);
    for (list, id) in [("device", &device), ("client", &client), ("service", &service)] {
        if !known(desk.knowledge, list, id) {
            return Err(Problem::of(Cause::Parameter(format!("{list}: not in the list")), w));
        }
    }
    let Some(action) = desk.knowledge.care().actions.get(&id) else {
        return Err(Problem::of(Cause::Nothing, w));
    };
    let situation = Situation { device: &device, client: &client, service: &service };
    Ok(Json(ActionWhole {
        short: ActionShort::of(&id, action),
        who: match action.who {
            Who::Person => WhoView::Person,
            Who::Helper => WhoView::Helper,
            Who::DomainAdmin => WhoView::DomainAdmin,
            Who::Provider => WhoView::Provider,
        },
        why: (&action.why).into(),
        warning: action.warning.as_ref().map(Into::into),
        correction: action.correction.as_ref().map(Into::into),
        requires: action.requires.clone(),
        instructions: Instructions {
            en: action.instructions(situation, Lang::En),
            ja: action.instructions(situation, Lang::Ja),
        },
        sources: action.sources.clone(),
        checked: action.checked.clone(),
    }))
}
