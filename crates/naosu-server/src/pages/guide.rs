//! The guide: pages that hold nothing of any person, made when they are first asked for and kept.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_papers::guide::{Guide, Home, LANGUAGES, Topic};
use serde::Deserialize;

use super::{PageFailure, assets, failed, go_to};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::secret_link;
use crate::wording::{Wording, of_tag};

/// How long a browser may show a page without asking whether it is still so.
const KEEP: HeaderValue = HeaderValue::from_static("public, max-age=3600");

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/guide", get(front)).route("/guide/{*path}", get(page))
}

/// The pages of the guide by their paths.
pub(crate) struct Shelf {
    guide: Guide<'static>,
    pages: OnceLock<BTreeMap<String, Place>>,
}

/// A page, there once it was asked for.
struct Place {
    topic: Topic<'static>,
    lang: Lang,
    kept: OnceLock<Kept>,
}

/// A page with its tag (RFC 9110 section 8.8.3).
struct Kept {
    tag: HeaderValue,
    html: Bytes,
}

impl Shelf {
    /// The guide to the knowledge, found under that address.
    pub(crate) fn new(knowledge: &'static Knowledge, public_url: &str) -> Self {
        let home =
            Home::Server { base_url: format!("{public_url}/guide/"), style: assets::style().to_owned() };
        Self { guide: Guide::new(knowledge, home), pages: OnceLock::new() }
    }

    fn place(&self, path: &str) -> Option<&Place> {
        let pages = self.pages.get_or_init(|| {
            let topics = self.guide.topics();
            let each = LANGUAGES.into_iter().flat_map(|lang| topics.iter().map(move |topic| (lang, *topic)));
            each.map(|(lang, topic)| {
                let place = Place { topic, lang, kept: OnceLock::new() };
                (format!("{}/{}", lang.tag(), topic.path()), place)
            })
            .collect()
        });
        pages.get(path)
    }

    fn kept<'a>(&self, place: &'a Place) -> anyhow::Result<&'a Kept> {
        if let Some(kept) = place.kept.get() {
            return Ok(kept);
        }
        let html = self.guide.page(place.topic, place.lang)?;
        // weak: it is compressed on its way or not
        let tag = HeaderValue::from_str(&format!("W/\"{}\"", &secret_link::digest(&html)[..16]))?;
        Ok(place.kept.get_or_init(|| Kept { tag, html: html.into() }))
    }
}

/// The way to a cause's page.
pub(super) fn cause(id: &str, w: Wording) -> String {
    format!("/guide/{}/{}", w.tag(), Topic::Cause(id).path())
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    lang: String,
}

/// What the guide has about somebody's words; without words its first page.
async fn front(
    State(desk): State<Desk>,
    w: Wording,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    let lang = of_tag(&asked.lang).unwrap_or(w.0);
    if asked.q.trim().is_empty() {
        return Ok(go_to(&format!("/guide/{}/{}", lang.tag(), Topic::Front.path())));
    }
    let html =
        Guide::search(&desk.guide.guide, &asked.q, lang).map_err(anyhow::Error::new).map_err(failed(w))?;
    Ok(Html(html).into_response())
}

async fn page(
    State(desk): State<Desk>,
    w: Wording,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, PageFailure> {
    if LANGUAGES.iter().any(|lang| path.trim_end_matches('/') == lang.tag()) {
        return Ok(go_to(&format!("/guide/{}/{}", path.trim_end_matches('/'), Topic::Front.path())));
    }
    let place = desk.guide.place(&path).ok_or(Failure::NoSuchCase).map_err(failed(w))?;
    let kept = desk.guide.kept(place).map_err(failed(w))?;
    let asked = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let cache = [(header::ETAG, kept.tag.clone()), (header::CACHE_CONTROL, KEEP)];
    if asked.split(',').any(|tag| tag.trim().as_bytes() == kept.tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, cache).into_response());
    }
    Ok((cache, Html(kept.html.clone())).into_response())
}
