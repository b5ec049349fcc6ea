//! The case on another device: a QR code of its link, or a short code to type there.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use serde::Deserialize;

use super::{PageFailure, case, failed, go_to, show};
use crate::casework::CaseFile;
use crate::desk::Desk;
use crate::limit::Kind;
use crate::moving::Moved;
use crate::reach::Caller;
use crate::wording::Wording;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/c/{secret}/move", get(move_page))
        .route("/c/{secret}/code", post(code))
        .route("/go", get(type_code).post(go))
}

#[derive(Template)]
#[template(path = "move.html")]
struct MovePage<'a> {
    w: Wording,
    secret: &'a str,
    link: String,
    /// The link's QR code as an `svg` element; its text is only digits and path commands of our own making.
    picture: Option<String>,
    /// A code that was just made.
    code: Option<String>,
    public_url: &'a str,
    /// The day until which the case is kept.
    kept: Option<String>,
}

#[derive(Template)]
#[template(path = "go.html")]
struct GoPage {
    w: Wording,
    problem: Option<&'static str>,
}

async fn move_page(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    Ok(page(&desk, &file, case::spoken(&file, w), &secret, None))
}

async fn code(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let code = desk.code(&file).await.map_err(failed(w))?;
    Ok(page(&desk, &file, case::spoken(&file, w), &secret, Some(code)))
}

fn page(desk: &Desk, file: &CaseFile, w: Wording, secret: &str, code: Option<String>) -> Response {
    let link = format!("{}/c/{secret}", desk.config.public_url);
    let picture = picture(&link);
    let kept = desk.kept_until(file).map(|until| case::day(until, w));
    let public_url = &desk.config.public_url;
    show(StatusCode::OK, &MovePage { w, secret, link, picture, code, public_url, kept })
}

/// The link as a QR code: dark on white in the dark too, since not every camera reads the reverse.
fn picture(link: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(link, EcLevel::M).ok()?;
    let drawn = code
        .render::<svg::Color<'_>>()
        .min_dimensions(240, 240)
        .dark_color(svg::Color("#000"))
        .light_color(svg::Color("#fff"))
        .build();
    // the element alone: the page is no XML document
    drawn.find("<svg").map(|start| drawn[start..].to_owned())
}

async fn type_code(w: Wording) -> Response {
    show(StatusCode::OK, &GoPage { w, problem: None })
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    code: String,
}

async fn go(
    State(desk): State<Desk>,
    w: Wording,
    caller: Caller,
    Form(form): Form<Typed>,
) -> Result<Response, PageFailure> {
    desk.may(Kind::Code, caller).map_err(failed(w))?;
    let (status, problem) = match desk.move_by(&form.code, caller.address()).await.map_err(failed(w))? {
        Moved::To(secret) => return Ok(go_to(&format!("/c/{secret}"))),
        Moved::Unknown => (
            StatusCode::UNPROCESSABLE_ENTITY,
            w.pick(
                "This code opens nothing. It is good for 15 minutes and for one use: make a new one on the other device.",
                "このコードでは開けません。コードは15分間、1回だけ使えます。もう一方の端末で作り直してください。",
            ),
        ),
        Moved::TooMany => (
            StatusCode::TOO_MANY_REQUESTS,
            w.pick("Too many wrong codes. Try again in 15 minutes.", "間違ったコードが続きました。15分後にもう一度お試しください。"),
        ),
    };
    Ok(show(status, &GoPage { w, problem: Some(problem) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_becomes_a_picture_without_scripts_or_styles() {
        let svg = picture("http://192.0.2.1:8080/c/AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(!svg.contains("style=") && !svg.contains("<script"));
        assert!(svg.len() < 20_000, "{} bytes", svg.len());
    }
}
