//! Proxy settings, of the environment and of the desktop.

use std::env;
use std::time::Duration;

use naosu_core::evidence::ObservationId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use url::Url;

use super::platform;
use crate::deadline::Deadline;
use crate::dns::Names;
use crate::reach::Reach;
use crate::recorder::Recorder;
use crate::tcp::dial_any;

/// How long a proxy's answer is awaited.
const ANSWER: Duration = Duration::from_millis(2500);

/// The variables that programs read, each in lower and upper case.
const VARIABLES: [&str; 3] = ["https_proxy", "http_proxy", "all_proxy"];

/// A proxy that is set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proxy {
    /// Its URL without user name and password.
    pub url: String,
    /// Who says so: the environment variables, or the desktop.
    pub source: String,
    /// Host and port, except for a configuration script, which may name any proxy.
    pub endpoint: Option<(String, u16)>,
}

/// A setting as it was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Setting {
    pub(super) source: String,
    pub(super) url: String,
    /// The URL of a script that chooses the proxy.
    pub(super) script: bool,
}

/// Records one `proxy` observation for each proxy that is set, or `none`.
pub(super) async fn record(recorder: &Recorder) -> Vec<Proxy> {
    let mut settings = environment(|name| env::var(name).ok());
    settings.extend(desktop().await);
    let proxies = merged(settings);
    if proxies.is_empty() {
        recorder.start("proxy", "device", &[]).finish("none");
    }
    let excepted = ["no_proxy", "NO_PROXY"].into_iter().find_map(|name| env::var(name).ok());
    for proxy in &proxies {
        let mut pending = recorder.start("proxy", proxy.url.as_str(), &[]);
        pending.detail("url", proxy.url.as_str()).detail("source", proxy.source.as_str());
        if let Some(excepted) = excepted.as_deref().filter(|text| !text.is_empty()) {
            pending.detail("except", excepted);
        }
        pending.finish("set");
    }
    proxies
}

/// Connects to a proxy and records `proxy_reach` (subject `host:port`); nothing for a configuration script. An HTTP
/// proxy is asked for that page, where one is given: `denied` when it answers with an error status of its own.
pub async fn record_proxy_reach(
    proxy: &Proxy,
    page: Option<&Url>,
    names: &Names,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Option<ObservationId> {
    let (host, port) = proxy.endpoint.as_ref()?;
    let mut pending = recorder.start("proxy_reach", format!("{host}:{port}"), after);
    let looked = names.addresses(host, recorder, deadline, after).await;
    looked.after.into_iter().for_each(|id| pending.wait_for(id));
    if looked.problem.is_some() {
        return Some(pending.finish("name_unresolved"));
    }
    // the connection is part of this observation, not one of its own
    let quiet = Recorder::default();
    // whoever runs this has set the proxy up
    let reach = Reach::Everything;
    let race = dial_any(host, *port, &looked.addresses, &reach, &quiet, deadline, &[]).await;
    if let Some(winner) = race.winner {
        pending.detail("address", winner.to.address().ip().to_string());
        let page = page.filter(|page| page.scheme() == "http" && proxy.url.starts_with("http://"));
        if let (Some(page), Some(stream)) = (page, winner.stream)
            && let Some(status) = deadline.within(ANSWER).run(status_of(stream, page)).await.flatten()
            && (status == 403 || status == 407 || status >= 500)
        {
            pending.detail("status", status);
            return Some(pending.finish("denied"));
        }
    }
    Some(pending.finish(match race.outcome {
        "open" => "open",
        "refused" | "reset" => "refused",
        "silent" => "silent",
        _ => "unreachable",
    }))
}

/// The status that a proxy gives for a page (RFC 9112 section 3.2.2); `None` for anything that is not HTTP.
async fn status_of(mut stream: TcpStream, page: &Url) -> Option<u16> {
    let host = page.host_str()?;
    let request = format!("GET {page} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut start = Vec::new();
    let mut buffer = [0; 64];
    while start.len() < 12 {
        match stream.read(&mut buffer).await.ok()? {
            0 => return None,
            length => start.extend_from_slice(&buffer[..length]),
        }
    }
    let start = start.strip_prefix(b"HTTP/1.")?;
    std::str::from_utf8(start.get(2..5)?).ok()?.parse().ok()
}

async fn desktop() -> Vec<Setting> {
    // commands are awaited on a thread of their own
    let (done, settings) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = done.send(platform::desktop_proxies());
    });
    settings.await.unwrap_or_default()
}

fn environment(variable: impl Fn(&str) -> Option<String>) -> Vec<Setting> {
    let both = VARIABLES.into_iter().flat_map(|name| [name.to_owned(), name.to_ascii_uppercase()]);
    both.filter_map(|name| {
        let url = variable(&name)?;
        (!url.trim().is_empty()).then_some(Setting { source: name, url, script: false })
    })
    .collect()
}

/// Each proxy once, with all who name it.
fn merged(settings: Vec<Setting>) -> Vec<Proxy> {
    let mut proxies: Vec<Proxy> = Vec::new();
    for Setting { source, url, script } in settings {
        let (url, endpoint) = clean(&url);
        match proxies.iter_mut().find(|proxy| proxy.url == url) {
            Some(proxy) => {
                proxy.source.push_str(", ");
                proxy.source.push_str(&source);
            }
            None => proxies.push(Proxy { url, source, endpoint: endpoint.filter(|_| !script) }),
        }
    }
    proxies
}

/// The URL without user name and password, and what it leads to. Without a scheme it is an HTTP proxy.
fn clean(text: &str) -> (String, Option<(String, u16)>) {
    let text = text.trim();
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    // nobody but us may see what stands before the "@", also where the rest is no URL
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", &text));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let bare = format!("{scheme}://{authority}{path}");
    let Ok(mut url) = Url::parse(&bare) else {
        return (format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or_default()), None);
    };
    // left where the password itself has a "/" in it
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    if url.path().contains('@') {
        url.set_path("");
    }
    let port = url.port_or_known_default().or(match url.scheme() {
        "socks" | "socks4" | "socks4a" | "socks5" | "socks5h" => Some(1080),
        _ => None,
    });
    let endpoint = url.host_str().map(str::to_owned).zip(port);
    (url.as_str().trim_end_matches('/').to_owned(), endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::{closed_port, saying, soon, tcp};

    #[test]
    fn user_names_and_passwords_are_left_out() {
        for (text, expected) in [
            ("http://user:secret@proxy.example:8080/", "http://proxy.example:8080"),
            ("user:secret@proxy.example:8080", "http://proxy.example:8080"),
            ("proxy.example:8080", "http://proxy.example:8080"),
            ("socks5://user@proxy.example", "socks5://proxy.example"),
            ("http://user:sec@ret@proxy.example:1", "http://proxy.example:1"),
        ] {
            assert_eq!(clean(text).0, expected);
        }
        for odd in
            ["http://user:secret@", "secret@:::", "http://u:secret@ho st:99999/x", "http://u:secret/@host:1"]
        {
            assert!(!clean(odd).0.contains("secret@"), "{odd}");
        }
        assert!(!clean("http://u:se/cret@host:1").0.contains("cret@"));
        assert_eq!(clean("socks5://proxy.example").1, Some(("proxy.example".to_owned(), 1080)));
    }

    #[test]
    fn one_proxy_named_twice_is_one_proxy() {
        let settings = environment(|name| match name {
            "http_proxy" | "HTTPS_PROXY" => Some("http://a:b@proxy.example:8080".to_owned()),
            "ALL_PROXY" => Some(" ".to_owned()),
            _ => None,
        });
        let proxies = merged(settings);
        assert_eq!(proxies.len(), 1);
        assert_eq!(proxies[0].source, "HTTPS_PROXY, http_proxy");
        assert_eq!(proxies[0].endpoint, Some(("proxy.example".to_owned(), 8080)));
    }

    #[tokio::test]
    async fn a_proxy_is_reached_or_not() {
        let open = tcp(|stream| async move { drop(stream) }).await;
        let closed = closed_port().await;
        let recorder = Recorder::default();
        let names = Names::Servers(vec![closed_port().await]);
        for text in [open.to_string(), closed.to_string(), "proxy.example:8080".to_owned()] {
            let (url, endpoint) = clean(&text);
            let proxy = Proxy { url, source: String::new(), endpoint };
            record_proxy_reach(&proxy, None, &names, &recorder, soon(), &[]).await.unwrap();
        }
        let outcomes: Vec<String> = recorder
            .observations()
            .into_iter()
            .filter(|seen| seen.variable == "proxy_reach")
            .map(|seen| seen.outcome)
            .collect();
        assert_eq!(outcomes, ["open", "refused", "name_unresolved"]);
    }

    #[tokio::test]
    async fn a_proxy_that_lets_nothing_through_is_told_from_one_that_does() {
        let names = Names::Servers(vec![closed_port().await]);
        let page = Url::parse("http://test.example/generate_204").unwrap();
        for (answer, expected) in [
            ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "denied"),
            ("HTTP/1.0 503 Service Unavailable\r\n\r\n", "denied"),
            ("HTTP/1.1 204 No Content\r\n\r\n", "open"),
            ("220 mail.example ESMTP\r\n", "open"),
        ] {
            let (url, endpoint) = clean(&saying(answer).await.to_string());
            let proxy = Proxy { url, source: String::new(), endpoint };
            let recorder = Recorder::default();
            record_proxy_reach(&proxy, Some(&page), &names, &recorder, soon(), &[]).await.unwrap();
            assert_eq!(recorder.observations()[0].outcome, expected, "{answer}");
        }
    }
}
