//! Measuring: what is asked for it.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use naosu_core::evidence::Evidence;
use naosu_core::knowledge::{Protocol, Security};
use naosu_core::sentence::sentence;
use naosu_probe::discovery::Endpoint;
use naosu_probe::secret::Secret;
use serde::Deserialize;
use url::Url;

use super::{PageFailure, failed, go_to, show};
use crate::browser::{Seen, is_of_browser};
use crate::casework::{CaseFile, latest_evidence};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::fence;
use crate::measuring::Wish;
use crate::reach::Caller;
use crate::wording::Wording;

/// The longest password that is taken, in bytes.
const PASSWORD_LIMIT: usize = 1024;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/c/{secret}/measure", get(form).post(start))
}

#[derive(Template)]
#[template(path = "measure.html")]
struct FormPage<'a> {
    w: Wording,
    secret: &'a str,
    address: Option<&'a str>,
    /// What the fields hold.
    typed: Typed,
    /// What the browser shows without being asked; nothing where it is not to be used.
    seen: Vec<String>,
    refused: bool,
    outside: Option<Url>,
    web: Option<Url>,
    /// Whether a password of this account was refused before.
    password_refused: bool,
}

/// What stands in the form besides the password, which is typed again.
#[derive(Default)]
struct Typed {
    address: String,
    incoming: String,
    outgoing: String,
    /// The field that cannot be read.
    wrong: &'static str,
}

async fn form(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, PageFailure> {
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let named = |variable: &str| latest_evidence(&file.case).and_then(|seen| named_before(seen, variable));
    let typed = Typed {
        incoming: named("imap").unwrap_or_default(),
        outgoing: named("smtp").unwrap_or_default(),
        ..Typed::default()
    };
    Ok(form_page(&desk, &file, &secret, &of_request(&headers, caller), typed))
}

fn form_page(desk: &Desk, file: &CaseFile, secret: &str, seen: &Seen, typed: Typed) -> Response {
    let w = Wording(file.case.lang());
    let evidence = latest_evidence(&file.case);
    let address = file
        .case
        .opening()
        .request
        .address
        .as_deref()
        .or_else(|| evidence.and_then(|evidence| evidence.request.address.as_deref()));
    let refused = is_refused(desk, file);
    let seen = if refused { &Seen::refused() } else { seen };
    let seen = seen.observations(&desk.tried(address), 0.0);
    let pages = if refused { (None, None) } else { (desk.outside_page(), desk.provider_page(address)) };
    let refused_before = evidence.is_some_and(|evidence| {
        evidence.observations.iter().any(|seen| {
            matches!(seen.variable.as_str(), "imap" | "pop" | "smtp") && seen.outcome == "sign_in_refused"
        })
    });
    let page = FormPage {
        w,
        secret,
        address,
        seen: seen.iter().map(|seen| sentence(desk.knowledge, seen, w.0, None)).collect(),
        refused,
        outside: pages.0.clone(),
        web: pages.1.clone(),
        password_refused: refused_before,
        typed,
    };
    let status = if page.typed.wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut response = show(status, &page);
    let reached: Vec<Url> = pages.0.into_iter().chain(pages.1).collect();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, fence::policy_that_reaches(&reached));
    response
}

/// What the form sends. Without `Debug`: it holds a password.
#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    address: String,
    /// Without the field the server is the one of before.
    incoming: Option<String>,
    outgoing: Option<String>,
    #[serde(default)]
    password: String,
    #[serde(default)]
    other_password: Option<String>,
    #[serde(default)]
    no_browser: Option<String>,
}

async fn start(
    State(desk): State<Desk>,
    w: Wording,
    Path(secret): Path<String>,
    caller: Caller,
    headers: HeaderMap,
    Form(wanted): Form<Wanted>,
) -> Result<Response, PageFailure> {
    // wiped when it is dropped, whatever happens
    let password = Secret::new(wanted.password);
    let file = desk.by_link(&secret).await.map_err(failed(w))?;
    let w = Wording(file.case.lang());
    if file.case.closed().is_some() {
        return Ok(go_to(&format!("/c/{secret}")));
    }
    if password.expose().len() > PASSWORD_LIMIT {
        return Err(failed(w)(Failure::Mistaken("the password is too long".to_owned())));
    }
    let named = |variable: &str| latest_evidence(&file.case).and_then(|seen| named_before(seen, variable));
    let typed = Typed {
        address: wanted.address.trim().to_owned(),
        incoming: wanted.incoming.or_else(|| named("imap")).unwrap_or_default().trim().to_owned(),
        outgoing: wanted.outgoing.or_else(|| named("smtp")).unwrap_or_default().trim().to_owned(),
        wrong: "",
    };
    let servers = match typed.servers() {
        Ok(servers) => servers,
        Err(wrong) => {
            let typed = Typed { wrong, ..typed };
            return Ok(form_page(&desk, &file, &secret, &of_request(&headers, caller), typed));
        }
    };
    let address = Some(typed.address).filter(|address| !address.is_empty());
    let seen = if wanted.no_browser.is_some() || is_refused(&desk, &file) {
        desk.measuring.browser_says(file.row.id, Seen::refused());
        Seen::refused()
    } else {
        desk.measuring.browser(file.row.id).unwrap_or_else(|| of_request(&headers, caller))
    };
    let wish = Wish {
        address,
        servers,
        password: Some(password).filter(|password| !password.expose().is_empty()),
        other_password: wanted.other_password.is_some(),
    };
    desk.measure(&file, caller, wish, seen).await.map_err(failed(w))?;
    Ok(go_to(&format!("/c/{secret}/progress")))
}

impl Typed {
    /// The servers that are named, or the field that cannot be read.
    fn servers(&self) -> Result<Vec<Endpoint>, &'static str> {
        if !self.address.is_empty() && !is_address(&self.address) {
            return Err("address");
        }
        let incoming =
            (!self.incoming.is_empty()).then(|| server(Protocol::Imap, &self.incoming).ok_or("incoming"));
        let outgoing =
            (!self.outgoing.is_empty()).then(|| server(Protocol::Smtp, &self.outgoing).ok_or("outgoing"));
        incoming.into_iter().chain(outgoing).collect()
    }
}

/// What a request shows without asking anything.
pub(super) fn of_request(headers: &HeaderMap, caller: Caller) -> Seen {
    Seen::of_request(headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()), caller)
}

/// Whether the person does not want it to be used what the browser says: said now, or in what was measured last.
pub(super) fn is_refused(desk: &Desk, file: &CaseFile) -> bool {
    desk.measuring.browser(file.row.id).is_some_and(|seen| seen.is_refused())
        || latest_evidence(&file.case).is_some_and(|evidence| {
            evidence.observations.iter().any(|seen| is_of_browser(seen) && seen.outcome == "refused")
        })
}

/// The server that was named for what was measured last, as the form takes it.
fn named_before(evidence: &Evidence, variable: &str) -> Option<String> {
    evidence.request.named.iter().find(|name| *name == variable)?;
    let server = evidence.observations.iter().find(|seen| seen.variable == variable)?;
    Some(format!("{}/{}", server.subject, server.text("security").unwrap_or("tls")))
}

/// A mail address, roughly: the probes take it apart themselves.
fn is_address(text: &str) -> bool {
    text.len() <= 320
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'))
}

/// `HOST[:PORT][/tls|/starttls|/plain]`; what is left out is usual for the protocol.
fn server(protocol: Protocol, text: &str) -> Option<Endpoint> {
    let (place, security) = match text.rsplit_once('/') {
        Some((place, "tls")) => (place, Some(Security::Tls)),
        Some((place, "starttls")) => (place, Some(Security::Starttls)),
        Some((place, "plain")) => (place, Some(Security::Plain)),
        Some(_) => return None,
        None => (text, None),
    };
    let usual = match protocol {
        Protocol::Imap => 993,
        Protocol::Pop => 995,
        Protocol::Smtp => 465,
    };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0)?),
        None => (place, usual),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if host.is_empty() || host.len() > 253 || !host.chars().all(plain) {
        return None;
    }
    let security = security.unwrap_or(match port {
        25 | 110 | 143 | 587 => Security::Starttls,
        _ => Security::Tls,
    });
    Some(Endpoint { protocol, host: host.to_owned(), port, security })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_as_people_write_them() {
        let read =
            |text| server(Protocol::Imap, text).map(|server| (server.host, server.port, server.security));
        let at = |port, security| Some(("imap.example.jp".to_owned(), port, security));
        assert_eq!(read("imap.example.jp"), at(993, Security::Tls));
        assert_eq!(read("imap.example.jp:143"), at(143, Security::Starttls));
        assert_eq!(read("imap.example.jp:1993/tls"), at(1993, Security::Tls));
        for wrong in [
            "",
            ":993",
            "imap.example.jp:0",
            "imap.example.jp:99999",
            "a b",
            "http://x/",
            "x/ssl",
            "[::1]:993",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn addresses_are_whole() {
        assert!(is_address("hanako@example.jp"));
        for wrong in ["hanako", "@example.jp", "a@b@example.jp", "a@localhost", "a b@example.jp"] {
            assert!(!is_address(wrong), "{wrong}");
        }
    }
}
