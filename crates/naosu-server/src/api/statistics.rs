//! What many cases add up to: the figures of the desk's page.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::take::{Helper, failed};
use crate::desk::Desk;
use crate::statistics::{Figures, Of, Spread, Wave};
use crate::wording::Wording;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(statistics))
}

/// What the cases of half a year add up to.
#[derive(Debug, Serialize, ToSchema)]
struct StatisticsView {
    /// When they were counted, in seconds since 1970 UTC; at most a minute ago.
    at: u64,
    /// The Mondays with which the weeks begin, in seconds since 1970 UTC; the last one is this week's.
    weeks: Vec<i64>,
    /// Cases of all weeks.
    cases: usize,
    /// Those that ended with the trouble solved.
    resolved: usize,
    /// Cases of each week, by cause.
    causes: BTreeMap<String, Vec<usize>>,
    /// Cases by device.
    devices: BTreeMap<String, usize>,
    /// Cases by service, and so by provider.
    services: BTreeMap<String, usize>,
    /// How long the solved ones took.
    time_to_fix: SpreadView,
    /// How long the solved ones took, by cause.
    time_to_fix_by_cause: BTreeMap<String, SpreadView>,
    /// Closed cases by the steps that they took: 0, 1, …; the last number is for ten or more.
    steps: Vec<usize>,
    /// What comes more often than its past explains, the clearest first.
    waves: Vec<WaveView>,
}

/// How long something took, of many times.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
struct SpreadView {
    /// How many.
    count: usize,
    /// Half took no longer, in seconds.
    median: i64,
    /// Nine of ten took no longer, in seconds.
    p90: i64,
}

/// More cases of one cause or service in a short time than the eight weeks before let expect.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct WaveView {
    of: OfView,
    /// The cause or service, an id of the taxonomy.
    id: String,
    /// The length of the short time, which ends now.
    days: i64,
    /// Cases in it.
    count: usize,
    /// How many the past lets expect.
    expected: f64,
    /// How probable so many are by accident: the exact test of two Poisson rates (Przyborowski and Wilenski 1940).
    #[schema(minimum = 0, maximum = 1)]
    chance: f64,
}

/// What a wave is of.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OfView {
    /// A cause.
    Cause,
    /// A service.
    Service,
}

impl From<Spread> for SpreadView {
    fn from(Spread { count, median, p90 }: Spread) -> Self {
        Self { count, median, p90 }
    }
}

impl From<&Wave> for WaveView {
    fn from(wave: &Wave) -> Self {
        Self {
            of: match wave.of {
                Of::Cause => OfView::Cause,
                Of::Service => OfView::Service,
            },
            id: wave.id.clone(),
            days: wave.days,
            count: wave.count,
            expected: wave.expected,
            chance: wave.chance,
        }
    }
}

impl From<&Figures> for StatisticsView {
    fn from(figures: &Figures) -> Self {
        let by_cause = figures.fixed_by_cause.iter();
        Self {
            at: figures.at,
            weeks: figures.weeks.clone(),
            cases: figures.cases,
            resolved: figures.resolved,
            causes: figures.causes.clone(),
            devices: figures.devices.clone(),
            services: figures.services.clone(),
            time_to_fix: figures.fixed.into(),
            time_to_fix_by_cause: by_cause.map(|(cause, spread)| (cause.clone(), (*spread).into())).collect(),
            steps: figures.steps.clone(),
            waves: figures.waves.iter().map(Into::into).collect(),
        }
    }
}

/// What the cases of the last 26 weeks add up to.
#[utoipa::path(
    get, path = "/api/v1/statistics", tag = "helping", operation_id = "readStatistics", security(("token" = [])),
    responses((status = 200, body = StatisticsView))
)]
async fn statistics(
    State(desk): State<Desk>,
    w: Wording,
    _: Helper,
) -> Result<Json<StatisticsView>, Problem> {
    let figures = desk.figures_of_cases().await.map_err(failed(w))?;
    Ok(Json(figures.as_ref().into()))
}
