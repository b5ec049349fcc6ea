//! What is handed out of a case: the package for support, and calendar files.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use naosu_papers::package::{self, Given};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cases::CasePath;
use super::problem::{Cause, Problem};
use super::reached::Reached;
use super::shape::Language;
use super::take::{Asked, failed};
use crate::casework::CaseFile;
use crate::desk::Desk;
use crate::papers;
use crate::wording::Wording;

/// The longest name of a system, and the longest serial number, in characters.
const LINE_LIMIT: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(data))
        .routes(routes!(page))
        .routes(routes!(archive))
        .routes(routes!(wait))
        .routes(routes!(care))
}

/// How a package is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PackageAsked {
    /// Whether addresses, telephone numbers and names stay readable; secrets never do.
    #[serde(default)]
    #[param(inline)]
    keep_addresses: bool,
    /// The language of the page; else that of the case.
    #[param(nullable = false)]
    lang: Option<Language>,
    /// The system on the device with the trouble, as in `iOS 26.1`.
    #[param(min_length = 1, max_length = 100, pattern = r"^[^\u0000-\u001f\u007f]+$", nullable = false)]
    os: Option<String>,
    /// The device's serial number, where support asks for it; it stays readable, and is not kept.
    #[param(min_length = 1, max_length = 100, pattern = r"^[^\u0000-\u001f\u007f]+$", nullable = false)]
    serial: Option<String>,
}

impl PackageAsked {
    fn made(self, file: &CaseFile, w: Wording) -> Result<package::Package, Problem> {
        let is_line = |text: &String| {
            let plain = !text.contains(|c: char| c < ' ' || c == '\u{7f}');
            plain && (1..=LINE_LIMIT).contains(&text.chars().count())
        };
        if !self.os.iter().chain(&self.serial).all(is_line) {
            return Err(Problem::of(
                Cause::Parameter("os, serial: 1 to 100 characters in one line".to_owned()),
                w,
            ));
        }
        let lang = self.lang.map_or_else(|| file.case.lang(), Into::into);
        let given = Given {
            os: self.os,
            serial: self.serial,
            keep_addresses: self.keep_addresses,
            ..Given::default()
        };
        papers::package(file, given, lang).map_err(failed(w))
    }
}

/// A case to be given to support: everything that happened.
#[derive(Debug, Serialize, ToSchema)]
struct Package {
    /// `naosu.package/1`.
    schema: String,
    /// The case's number.
    case: i64,
    /// Whether addresses and names are readable.
    addresses_kept: bool,
    /// The system on the device with the trouble, where it was given.
    os: Option<String>,
    /// The device's serial number, where it was given.
    serial: Option<String>,
    events: Vec<PackedEvent>,
}

/// An event in a package.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
struct PackedEvent {
    /// When, in seconds since 1970 UTC.
    at: u64,
    /// What (`naosu.case/1`).
    what: Value,
}

/// The package for support as data, as `naosu case export` makes it; addresses, telephone numbers and sign-in names are masked, and what looks like a secret.
#[utoipa::path(
    get, path = "/api/v1/cases/{case}/package", tag = "cases", operation_id = "exportCase",
    params(CasePath, PackageAsked), responses((status = 200, body = Package))
)]
async fn data(
    w: Wording,
    Reached(file): Reached,
    Asked(asked): Asked<PackageAsked>,
) -> Result<Json<Package>, Problem> {
    let package = asked.made(&file, w)?;
    Ok(Json(Package {
        schema: package::SCHEMA.to_owned(),
        case: package.id,
        addresses_kept: package.kept,
        os: package.os,
        serial: package.serial,
        events: serde_json::from_value(package.json).map_err(|error| failed(w)(anyhow::Error::new(error)))?,
    }))
}

/// The package for support as a page to read and print.
#[utoipa::path(
    get, path = "/api/v1/cases/{case}/package.html", tag = "cases", operation_id = "exportCaseAsPage",
    params(CasePath, PackageAsked), responses((status = 200, body = String, content_type = "text/html"))
)]
async fn page(
    State(desk): State<Desk>,
    w: Wording,
    Reached(file): Reached,
    Asked(asked): Asked<PackageAsked>,
) -> Result<Response, Problem> {
    Ok(papers::page(desk.knowledge, &asked.made(&file, w)?))
}

/// The package for support as a ZIP: the page, letters in both languages, and the data.
#[utoipa::path(
    get, path = "/api/v1/cases/{case}/package.zip", tag = "cases", operation_id = "exportCaseAsArchive",
    params(CasePath, PackageAsked), responses((status = 200, body = Vec<u8>, content_type = "application/zip"))
)]
async fn archive(
    State(desk): State<Desk>,
    w: Wording,
    Reached(file): Reached,
    Asked(asked): Asked<PackageAsked>,
) -> Result<Response, Problem> {
    papers::archive(desk.knowledge, &asked.made(&file, w)?).map_err(failed(w))
}

/// The end of the wait as a calendar file.
///
/// Not there (409) when the case does not wait.
#[utoipa::path(
    get, path = "/api/v1/cases/{case}/wait.ics", tag = "cases", operation_id = "readWait", params(CasePath),
    responses((status = 200, body = String, content_type = "text/calendar"), (status = 409, description = "No wait"))
)]
async fn wait(State(desk): State<Desk>, w: Wording, Reached(file): Reached) -> Result<Response, Problem> {
    // the secret of the link is known by its digest only
    desk.wait_reminder(&file, &desk.config.public_url).map_err(failed(w))
}

/// What to look after from now on as a calendar file.
#[utoipa::path(
    get, path = "/api/v1/cases/{case}/care.ics", tag = "cases", operation_id = "readCare", params(CasePath),
    responses((status = 200, body = String, content_type = "text/calendar"))
)]
async fn care(State(desk): State<Desk>, Reached(file): Reached) -> Response {
    desk.care_reminders(&file, file.case.lang())
}
