//! The package for support: the same that `naosu case export` makes, with addresses masked.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use naosu_core::knowledge::Lang;
use naosu_papers::package::{Given, Package};

use super::super::{PageFailure, failed};
use super::spoken;
use crate::casework::CaseFile;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::wording::Wording;

/// The page stands alone: its style is in it, and nothing else is.
const ALONE: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

/// The page to read and print.
pub(super) async fn page(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let package = package(&file, spoken(&file, w).0).map_err(failed(w))?;
    let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    Ok(([kind, (header::CONTENT_SECURITY_POLICY, ALONE)], package.page(desk.knowledge)).into_response())
}

/// The same with the letters and the data, as a ZIP.
pub(super) async fn archive(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    zipped(&desk, &file, spoken(&file, w).0).map_err(failed(w))
}

/// A case's package as a file to keep.
pub(in crate::pages) fn zipped(desk: &Desk, file: &CaseFile, lang: Lang) -> Result<Response, Failure> {
    let bytes = package(file, lang)?.zip(desk.knowledge)?;
    let name = format!("attachment; filename=\"naosu-case-{}.zip\"", file.row.id);
    let headers = [(header::CONTENT_TYPE, "application/zip".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, bytes).into_response())
}

fn package(file: &CaseFile, lang: Lang) -> Result<Package, Failure> {
    Ok(Package::new(file.row.id, file.case.events(), Given::default(), lang)?)
}
