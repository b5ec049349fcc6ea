//! What can go wrong with a request, as pages and API answer it.

use axum::http::StatusCode;
use naosu_core::case::Refused;

use crate::budget::Refusal;
use crate::store::cases::NotKept;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The link opens nothing, or there is no case with that number: both look the same from outside.
    #[error("there is no such case")]
    NoSuchCase,
    /// The case went on elsewhere in the meantime.
    #[error("the case went on elsewhere")]
    WentOn,
    /// Whoever asks may not do that.
    #[error("not allowed")]
    NotAllowed,
    /// The case does not take that.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What was sent cannot be understood.
    #[error("{0}")]
    Mistaken(String),
    /// Not now: too often, or too many at once.
    #[error("not now")]
    NotNow(Refusal),
    /// We failed.
    #[error(transparent)]
    Ours(#[from] anyhow::Error),
}

impl Failure {
    /// The status that says it.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchCase => StatusCode::NOT_FOUND,
            Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::WentOn | Self::Refused(_) => StatusCode::CONFLICT,
            Self::Mistaken(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotNow(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Ours(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::NotNow(refusal)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Ours(anyhow::Error::new(error).context("the database"))
    }
}

impl From<NotKept> for Failure {
    fn from(error: NotKept) -> Self {
        match error {
            NotKept::WentOn => Self::WentOn,
            NotKept::Gone => Self::NoSuchCase,
            NotKept::Database(error) => error.into(),
        }
    }
}
