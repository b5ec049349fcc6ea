//! What providers say of their own health: late and coarse, and so only one observation among others.

mod feed;

use std::collections::BTreeMap;

use naosu_core::evidence::ObservationId;
use naosu_core::knowledge::{Knowledge, status_feeds};
use url::Url;

pub use self::feed::{Feed, Health, Report, parse_feed};
use crate::deadline::Deadline;
use crate::discovery::race;
use crate::dns::Names;
use crate::http::{self, Answered, Fetched};
use crate::reach::Reach;
use crate::recorder::Recorder;
use crate::tls::Trust;

/// The longest answer that is read, in bytes.
const SIZE_LIMIT: usize = 3 * 1024 * 1024;

/// How many redirects are followed.
const REDIRECT_LIMIT: usize = 2;

/// Whose status is asked for, and with what.
#[derive(Clone, Copy)]
pub struct StatusQuestion<'a> {
    /// A service of the taxonomy.
    pub service: &'a str,
    /// The provider, an id of `knowledge/providers/`, where it is known.
    pub provider: Option<&'a str>,
    /// Pages that replace the built-in ones, by service; their form is recognised by what they answer.
    pub named: &'a BTreeMap<String, Url>,
    /// How far it may go.
    pub reach: &'a Reach,
}

/// Fetches the status pages of a service and records one `status` observation each, subject the service. A service
/// without a page that can be read is not recorded.
pub async fn check(
    question: StatusQuestion<'_>,
    knowledge: &Knowledge,
    names: &Names,
    trust: &Trust,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) {
    let feeds = status_feeds(knowledge.status(), question.service, question.provider);
    let mut sources = Vec::new();
    match question.named.get(question.service) {
        Some(url) => {
            let known = feeds.iter().flat_map(|(.., covers)| covers.names.clone()).collect();
            sources.push((url.clone(), known, "named".to_owned()));
        }
        None => {
            for (id, feed, covers) in feeds {
                let Ok(url) = Url::parse(&feed.url) else { continue };
                sources.push((url, covers.names.clone(), id.to_owned()));
            }
        }
    }
    let asked = sources.into_iter().map(|(url, wanted, id)| async move {
        let mut pending = recorder.start("status", question.service, after);
        pending.detail("feed", id).detail("url", url.as_str()).detail("late", true);
        // Whether the status page itself is reached well is not the question: only what it says is recorded.
        let (outcome, report) = match fetch(url, names, trust, question.reach, deadline).await {
            Err(problem) => {
                pending.detail("problem", problem);
                ("unreachable", None)
            }
            Ok(answer) => match read(&answer, &wanted) {
                Some(report) => (report.health.outcome(), Some(report)),
                None => ("unreadable", None),
            },
        };
        if let Some(report) = report {
            pending.detail("title", report.title);
            if let Some(since) = report.since {
                pending.detail("since", since);
            }
            pending.detail("part", report.service);
        }
        pending.finish(outcome);
    });
    race::all(asked.collect()).await;
}

fn read(answer: &Answered, wanted: &[String]) -> Option<Report> {
    if answer.status != 200 || !answer.complete {
        return None;
    }
    parse_feed(&answer.body)?.report(wanted)
}

/// One page, over verified TLS where it is https.
async fn fetch(
    mut url: Url,
    names: &Names,
    trust: &Trust,
    reach: &Reach,
    deadline: Deadline,
) -> Result<Answered, &'static str> {
    for _ in 0..=REDIRECT_LIMIT {
        let quiet = Recorder::default();
        let answer = match http::get(&url, names, trust, reach, None, SIZE_LIMIT, &quiet, deadline, &[]).await
        {
            Fetched::Answered(answer) => answer,
            Fetched::Failed(failed) => return Err(failed.tls.unwrap_or(failed.outcome)),
        };
        if url.scheme() == "https" && !answer.verified {
            return Err(answer.tls.unwrap_or("tls"));
        }
        let moved = matches!(answer.status, 301 | 302 | 303 | 307 | 308);
        match answer.header("location").and_then(|to| url.join(to).ok()) {
            Some(next) if moved && (next.scheme() == "https" || url.scheme() == "http") => url = next,
            _ => return Ok(answer),
        }
    }
    Err("too_many_redirects")
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use naosu_core::knowledge::embedded;

    use super::*;
    use crate::local;

    async fn asked(server: SocketAddr, service: &str) -> (String, String, String) {
        let knowledge = Knowledge::load(&embedded()).unwrap();
        let url = Url::parse(&format!("http://{server}/status.json")).unwrap();
        let pages = BTreeMap::from([(service.to_owned(), url)]);
        let question = StatusQuestion { service, provider: None, named: &pages, reach: &Reach::Everything };
        let (names, trust) = (Names::Servers(vec![]), Trust::load(None).unwrap());
        let recorder = Recorder::default();
        check(question, &knowledge, &names, &trust, &recorder, local::soon(), &[]).await;
        let seen = recorder.observations();
        assert_eq!(seen.len(), 1, "{seen:?}");
        let title = seen[0].text("title").unwrap_or_default().to_owned();
        (seen[0].subject.clone(), seen[0].outcome.clone(), title)
    }

    fn answer(body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn a_named_page_is_read_whatever_its_form() {
        let body = r#"{"services":[{"serviceName":"iCloud Mail","events":[{"statusType":"Outage",
            "eventStatus":"ongoing","message":"Users may be unable to access Mail.","epochStartDate":1619435580000,
            "epochEndDate":null}]}]}"#;
        let (subject, outcome, title) = asked(local::saying(answer(body)).await, "icloud").await;
        assert_eq!((subject.as_str(), outcome.as_str()), ("icloud", "outage"));
        assert!(title.contains("iCloud Mail"), "{title}");
        let body =
            r#"{"page":{"name":"x"},"status":{"indicator":"none","description":"All Systems Operational"}}"#;
        let (_, outcome, _) = asked(local::saying(answer(body)).await, "isp").await;
        assert_eq!(outcome, "operational");
    }

    #[tokio::test]
    async fn a_page_that_is_no_feed_is_unreadable_and_a_dead_one_unreachable() {
        let (_, outcome, _) = asked(local::saying(answer("<html>")).await, "icloud").await;
        assert_eq!(outcome, "unreadable");
        let (_, outcome, _) = asked(local::saying("HTTP/1.1 503 Busy\r\n\r\n").await, "icloud").await;
        assert_eq!(outcome, "unreadable");
        let (_, outcome, _) = asked(local::closed_port().await, "icloud").await;
        assert_eq!(outcome, "unreachable");
    }
}
