//! Settings that a domain publishes in an XML file, as Thunderbird reads it.

mod xml;

use naosu_core::evidence::ObservationId;
use naosu_core::knowledge::UserName;
use url::Url;

pub use self::xml::{Autoconfig, AutoconfigError, AutoconfigServer, parse_autoconfig};
use super::{Candidate, Source, is_host, race};
use crate::deadline::Deadline;
use crate::dns::Names;
use crate::http::{self, Answered, Fetched};
use crate::reach::Reach;
use crate::recorder::Recorder;
use crate::tls::Trust;

/// The longest file that is read, in bytes.
pub const SIZE_LIMIT: usize = 64 * 1024;

/// How many redirects are followed.
const REDIRECT_LIMIT: usize = 2;

/// What a source names.
#[derive(Debug, Default)]
pub(super) struct Published {
    pub(super) candidates: Vec<Candidate>,
    pub(super) after: Vec<ObservationId>,
}

struct Found {
    published: Published,
    /// Whether it came over TLS with nothing wrong.
    authentic: bool,
}

/// Asks the domain's own places, encrypted and not; one `autoconfig` observation each. The address itself is told only
/// over TLS.
pub(super) async fn ask(
    address: &str,
    domain: &str,
    names: &Names,
    trust: &Trust,
    reach: &Reach,
    recorder: &Recorder,
    deadline: Deadline,
) -> Published {
    let places = places(address, domain);
    let asked = places.into_iter().map(|url| {
        let place = Place { url, domain, address: Some(address), source: Source::Autoconfig };
        place.ask(names, trust, reach, recorder, deadline)
    });
    let enough = |found: &Found| found.authentic && !found.published.candidates.is_empty();
    let mut found: Vec<Found> = race::until(asked.collect(), enough).await.into_iter().flatten().collect();
    let after = found.iter().flat_map(|found| found.published.after.clone()).collect();
    // The authentic ones first; where there is one, what came unprotected is not needed.
    found.sort_by_key(|found| !found.authentic);
    let candidates = found.into_iter().map(|found| found.published.candidates).find(|c| !c.is_empty());
    Published { candidates: candidates.unwrap_or_default(), after }
}

/// Asks Thunderbird's data base, which is told the domain and nothing else.
pub(super) async fn ask_ispdb(
    domain: &str,
    names: &Names,
    trust: &Trust,
    reach: &Reach,
    recorder: &Recorder,
    deadline: Deadline,
) -> Published {
    let Ok(url) = Url::parse(&format!("https://autoconfig.thunderbird.net/v1.1/{domain}")) else {
        return Published::default();
    };
    let place = Place { url, domain, address: None, source: Source::Ispdb };
    place.ask(names, trust, reach, recorder, deadline).await.published
}

fn places(address: &str, domain: &str) -> Vec<Url> {
    let mut places: Vec<Url> = [
        format!("https://autoconfig.{domain}/mail/config-v1.1.xml"),
        format!("https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml"),
        format!("http://autoconfig.{domain}/mail/config-v1.1.xml"),
        format!("http://{domain}/.well-known/autoconfig/mail/config-v1.1.xml"),
    ]
    .iter()
    .filter_map(|url| Url::parse(url).ok())
    .collect();
    if let Some(first) = places.first_mut() {
        first.query_pairs_mut().append_pair("emailaddress", address);
    }
    places
}

struct Place<'a> {
    url: Url,
    domain: &'a str,
    address: Option<&'a str>,
    source: Source,
}

impl Place<'_> {
    async fn ask(
        self,
        names: &Names,
        trust: &Trust,
        reach: &Reach,
        recorder: &Recorder,
        deadline: Deadline,
    ) -> Found {
        let shown = {
            let mut shown = self.url.clone();
            shown.set_query(None);
            shown.to_string()
        };
        let mut pending = recorder.start("autoconfig", shown, &[]);
        let mut url = self.url.clone();
        let mut authentic = url.scheme() == "https";
        let mut outcome = "failed";
        let mut candidates = Vec::new();
        for _ in 0..=REDIRECT_LIMIT {
            let quiet = Recorder::default();
            let fetched = http::get(&url, names, trust, reach, None, SIZE_LIMIT, &quiet, deadline, &[]).await;
            let answer = match fetched {
                Fetched::Answered(answer) => answer,
                Fetched::Failed(failed) => {
                    pending.detail("problem", failed.tls.unwrap_or(failed.outcome));
                    // no such host: nothing is published there
                    outcome = if failed.outcome == "name_unresolved" { "not_found" } else { "failed" };
                    break;
                }
            };
            authentic &= answer.verified;
            pending.detail("status", answer.status);
            if let Some(next) = redirect(&url, &answer) {
                pending.detail("redirected", next.as_str());
                url = next;
                outcome = "not_found";
                continue;
            }
            outcome = match self.read(&answer, authentic) {
                Ok(read) => {
                    candidates = read;
                    if candidates.is_empty() { "not_found" } else { "found" }
                }
                Err(problem) => {
                    pending.detail("problem", problem);
                    "invalid"
                }
            };
            break;
        }
        if !candidates.is_empty() {
            let written: Vec<String> = candidates.iter().map(Candidate::written).collect();
            pending.detail("servers", written).detail("authentic", authentic);
        }
        let after = vec![pending.finish(outcome)];
        Found { published: Published { candidates, after }, authentic }
    }

    /// The servers in an answer; none in one that says that there is nothing.
    fn read(&self, answer: &Answered, authentic: bool) -> Result<Vec<Candidate>, String> {
        if answer.status != 200 {
            return Ok(Vec::new());
        }
        if !answer.complete {
            return Err("longer than is read".to_owned());
        }
        match parse_autoconfig(&answer.body) {
            Ok(config) => Ok(self.candidates(&config, authentic)),
            // A web server that answers every path with a page of its own publishes nothing.
            Err(AutoconfigError::OtherDocument) => Ok(Vec::new()),
            Err(problem) => Err(problem.to_string()),
        }
    }

    fn candidates(&self, config: &Autoconfig, authentic: bool) -> Vec<Candidate> {
        let candidate = |server: &AutoconfigServer| {
            let host = self.fill(&server.host).to_ascii_lowercase();
            is_host(&host).then(|| Candidate {
                protocol: server.protocol,
                host,
                port: server.port,
                security: server.security,
                user_name: server.user_name.as_deref().and_then(|form| self.form(form)),
                source: self.source,
                authentic,
            })
        };
        config.servers.iter().filter_map(candidate).collect()
    }

    fn fill(&self, template: &str) -> String {
        let local = self.address.and_then(|address| address.rsplit_once('@')).map_or("", |(local, _)| local);
        template
            .replace("%EMAILDOMAIN%", self.domain)
            .replace("%EMAILLOCALPART%", local)
            .replace("%EMAILADDRESS%", self.address.unwrap_or_default())
    }

    /// The form of the user name: a placeholder, or the very name of this address.
    fn form(&self, template: &str) -> Option<UserName> {
        match template.trim() {
            "%EMAILADDRESS%" | "%EMAILLOCALPART%@%EMAILDOMAIN%" => Some(UserName::Address),
            "%EMAILLOCALPART%" => Some(UserName::LocalPart),
            "" => None,
            name if name.contains('%') => None,
            name => {
                let address = self.address?;
                let of =
                    |form: UserName| form.fill(address).is_some_and(|own| own.eq_ignore_ascii_case(name));
                [UserName::Address, UserName::LocalPart]
                    .into_iter()
                    .find(|form| of(*form))
                    .or(Some(UserName::SeparateId))
            }
        }
    }
}

/// Where an answer sends us, unless it is from TLS to plain text or to something that is not HTTP.
fn redirect(from: &Url, answer: &Answered) -> Option<Url> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let next = from.join(answer.header("location")?).ok()?;
    let allowed = next.scheme() == "https" || (next.scheme() == "http" && from.scheme() == "http");
    (allowed && next.username().is_empty() && next.password().is_none()).then_some(next)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use naosu_core::knowledge::{Protocol, Security};

    use super::*;
    use crate::local;

    const FILE: &str = r#"<clientConfig version="1.1"><emailProvider id="example.jp">
        <incomingServer type="imap"><hostname>Mail.%EMAILDOMAIN%</hostname><port>143</port>
        <socketType>STARTTLS</socketType><username>%EMAILLOCALPART%</username></incomingServer>
        <incomingServer type="pop3"><hostname>evil host/</hostname><port>995</port>
        <socketType>SSL</socketType></incomingServer></emailProvider></clientConfig>"#;

    fn answer(status: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    async fn asked(server: SocketAddr) -> (Published, String) {
        let url = Url::parse(&format!("http://{server}/mail/config-v1.1.xml")).unwrap();
        let (address, domain) = (Some("hanako@example.jp"), "example.jp");
        let place = Place { url, domain, address, source: Source::Autoconfig };
        let (names, trust) = (Names::Servers(vec![]), Trust::load(None).unwrap());
        let recorder = Recorder::default();
        let found = place.ask(&names, &trust, &Reach::Everything, &recorder, local::soon()).await;
        assert!(!found.authentic || found.published.candidates.is_empty());
        (found.published, recorder.observations().remove(0).outcome)
    }

    #[tokio::test]
    async fn published_servers_become_candidates_that_are_not_authentic_over_plain_http() {
        let (published, outcome) = asked(local::saying(answer("200 OK", FILE)).await).await;
        assert_eq!(outcome, "found");
        let [imap] = published.candidates.as_slice() else { panic!("{published:?}") };
        assert_eq!((imap.protocol, imap.host.as_str(), imap.port), (Protocol::Imap, "mail.example.jp", 143));
        assert_eq!((imap.security, imap.user_name), (Security::Starttls, Some(UserName::LocalPart)));
        assert!(!imap.authentic);
    }

    #[tokio::test]
    async fn redirects_are_followed_a_little() {
        let server = local::saying(answer("200 OK", FILE)).await;
        let moved = format!("HTTP/1.1 301 Moved\r\nLocation: http://{server}/x.xml\r\n\r\n");
        let (published, outcome) = asked(local::saying(moved).await).await;
        assert_eq!((outcome.as_str(), published.candidates.len()), ("found", 1));
        let (_, outcome) = asked(local::saying("HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n").await).await;
        assert_eq!(outcome, "not_found");
        let (_, outcome) =
            asked(local::saying("HTTP/1.1 302 Found\r\nLocation: file:///etc\r\n\r\n").await).await;
        assert_eq!(outcome, "not_found");
    }

    #[tokio::test]
    async fn what_is_not_there_or_not_readable_is_told() {
        assert_eq!(asked(local::saying(answer("404 Not Found", "")).await).await.1, "not_found");
        assert_eq!(asked(local::saying(answer("200 OK", "<html></html>")).await).await.1, "not_found");
        assert_eq!(asked(local::saying(answer("200 OK", "<clientConfig><a")).await).await.1, "invalid");
        let long = format!("<clientConfig>{}", " ".repeat(SIZE_LIMIT));
        assert_eq!(asked(local::saying(answer("200 OK", &long)).await).await.1, "invalid");
        assert_eq!(asked(local::closed_port().await).await.1, "failed");
    }
}
