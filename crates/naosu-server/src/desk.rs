//! What every request shares.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use metrics_exporter_prometheus::PrometheusHandle;
use naosu_core::knowledge::Knowledge;

use crate::budget::Budget;
use crate::config::Config;
use crate::helpers::Door;
use crate::measuring::Measuring;
use crate::moving::WrongCodes;
use crate::news::News;
use crate::pages::guide::Shelf;
use crate::statistics::Latest;
use crate::store::Store;

/// What every request shares; cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    /// What is known of causes, questions and actions.
    pub(crate) knowledge: &'static Knowledge,
    /// What is kept.
    pub(crate) store: Store,
    /// Wrong codes of those who want to move a case to their device.
    pub(crate) wrong_codes: Arc<WrongCodes>,
    /// What keeps strangers out of the helpers' pages.
    pub(crate) door: Door,
    /// What the statistics showed last.
    pub(crate) counted: Arc<Latest>,
    /// How the server is set up.
    pub(crate) config: Arc<Config>,
    /// The figures of the process; none where another server of the same process gathers them.
    pub(crate) figures: Option<PrometheusHandle>,
    /// What keeps callers in bounds.
    pub(crate) budget: Arc<Budget>,
    /// The pages of the guide.
    pub(crate) guide: Arc<Shelf>,
    /// The runs of probes that go on.
    pub(crate) measuring: Arc<Measuring>,
    /// What tells pages that their case went on.
    pub(crate) news: Arc<News>,
}

/// Now, in seconds since 1970 UTC.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
