//! The package for support: the same that `naosu case export` makes, with addresses masked.

use axum::extract::{Path, State};
use axum::response::Response;
use naosu_papers::package::Given;

use super::super::{PageFailure, failed};
use super::spoken;
use crate::desk::Desk;
use crate::papers;
use crate::wording::Wording;

/// The page to read and print.
pub(super) async fn page(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let package = papers::package(&file, Given::default(), spoken(&file, w).0).map_err(failed(w))?;
    Ok(papers::page(desk.knowledge, &package))
}

/// The same with the letters and the data, as a ZIP.
pub(super) async fn archive(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let package = papers::package(&file, Given::default(), spoken(&file, w).0).map_err(failed(w))?;
    papers::archive(desk.knowledge, &package).map_err(failed(w))
}
