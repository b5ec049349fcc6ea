//! What holds for every request: where it may come from, and what a browser may do with the answer.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::{Origin, Url};

use crate::api::problem::{Cause, Problem};
use crate::desk::Desk;
use crate::limit::Kind;
use crate::pages;
use crate::reach::Caller;
use crate::wording;

/// Nothing from elsewhere, no script but our own file, nobody frames us, forms go to us alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The same for a page that tries whether its device reaches these pages; only their origins are let in.
pub(crate) fn policy_that_reaches(pages: &[Url]) -> HeaderValue {
    let mut sources = "connect-src 'self'".to_owned();
    for page in pages.iter().map(url::Url::origin).filter(Origin::is_tuple) {
        sources.push(' ');
        sources.push_str(&page.ascii_serialization());
    }
    HeaderValue::from_str(&POLICY.replace("connect-src 'self'", &sources))
        .unwrap_or(HeaderValue::from_static(POLICY))
}

/// Refuses what another site sends in a person's name, and says to the browser what it may do with the answer.
pub(crate) async fn fence(
    State(desk): State<Desk>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let is_api = request.uri().path().starts_with("/api/");
    if !reads && is_foreign(request.headers(), &desk.config.public_url) {
        if is_api {
            return Problem::of(Cause::Foreign, wording::of(request.headers())).into_response();
        }
        return (StatusCode::FORBIDDEN, "sent by another site\n").into_response();
    }
    let allowed = desk.may(Kind::Request, caller);
    let mut response = match allowed {
        Ok(()) => next.run(request).await,
        Err(refusal) if is_api => {
            Problem::of(Cause::Failure(refusal.into()), wording::of(request.headers())).into_response()
        }
        Err(refusal) => pages::not_now(refusal, wording::of(request.headers())),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // to us alone: with "no-referrer" browsers send our own forms with "Origin: null", and where there is no TLS
        // nothing else says whose they are
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // a case is for the person's eyes: nothing of it stays in a shared cache
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whether a browser says that another site's page sent this. A program that is no browser says neither and is let through:
/// it has no cookies of a person to misuse.
fn is_foreign(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return !matches!(site, "same-origin" | "none");
    }
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => false,
        (Some(origin), host) => {
            let own = host.is_some_and(|host| origin.split_once("://").is_some_and(|(_, name)| name == host));
            !own && origin != public_url
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_our_own_pages_may_send() {
        let url = "https://mail.example.jp";
        let foreign = |pairs: &[(&'static str, &'static str)]| is_foreign(&headers(pairs), url);
        assert!(foreign(&[("sec-fetch-site", "cross-site"), ("origin", url)]));
        assert!(foreign(&[("sec-fetch-site", "same-site")]));
        assert!(!foreign(&[("sec-fetch-site", "same-origin")]));
        assert!(foreign(&[("origin", "https://evil.example"), ("host", "mail.example.jp")]));
        assert!(foreign(&[("origin", "null"), ("host", "mail.example.jp")]));
        assert!(!foreign(&[("origin", "http://192.0.2.1:8080"), ("host", "192.0.2.1:8080")]));
        assert!(!foreign(&[("origin", url), ("host", "127.0.0.1:8080")]));
        assert!(!foreign(&[]));
    }
}
