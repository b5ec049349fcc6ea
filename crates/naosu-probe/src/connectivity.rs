//! Whether the internet answers, for each address family by itself: one `connectivity` observation for `ipv4` and one
//! for `ipv6`.

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use naosu_core::evidence::ObservationId;
use tokio::sync::{OnceCell, watch};
use url::Url;

use crate::clock::Dated;
use crate::deadline::Deadline;
use crate::dns::{Looked, NameProblem, Names};
use crate::family::Family;
use crate::http::{Answered, Failed, Fetched, get_at, host_of};
use crate::others::Others;
use crate::reach::Reach;
use crate::recorder::{Pending, Recorder, tame_text};
use crate::tcp::AFTERMATH;
use crate::tls::Trust;

/// What the tests of both families gave.
#[derive(Debug, Default)]
pub struct Connectivity {
    /// The outcome over IPv4.
    pub ipv4: &'static str,
    /// The outcome over IPv6.
    pub ipv6: &'static str,
    /// The observations, IPv4 first.
    pub observations: Vec<ObservationId>,
    /// The time according to the servers that answered.
    pub dates: Vec<Dated>,
    /// Name look-ups that were not waited for.
    pub others: Others,
}

/// The pages that are fetched when none is named.
const BUILT_IN: [&str; 2] =
    ["http://connectivitycheck.gstatic.com/generate_204", "http://captive.apple.com/hotspot-detect.html"];

/// The longest that the test of one family takes.
const LIMIT: Duration = Duration::from_secs(4);

/// How much of a page is read, in bytes.
const BODY_LIMIT: usize = 16 * 1024;

/// The pages that are fetched when none is named: Google's, which is empty, and Apple's, which says "Success".
pub fn built_in() -> Vec<Url> {
    BUILT_IN.iter().map(|url| Url::parse(url).expect("a constant URL")).collect()
}

/// Fetches the pages (the first two are used) over each family. One page that answers as it must is enough. Once one
/// family is online the other has a short time left: a dead family does not hold anything up.
pub async fn measure(
    pages: &[Url],
    names: &Names,
    trust: &Trust,
    reach: &Reach,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Connectivity {
    let deadline = deadline.within(LIMIT);
    let pages: Vec<Page> =
        pages.iter().take(2).map(|url| Page { url: url.clone(), looked: OnceCell::new() }).collect();
    let (online, seen_online) = watch::channel(false);
    let run = Run { pages: &pages, names, trust, reach, recorder, deadline, after };
    let (four, six) = tokio::join!(
        run.family(Family::V4, &online, seen_online.clone()),
        run.family(Family::V6, &online, seen_online.clone())
    );
    let observations = vec![four.observation, six.observation];
    let dates = four.dates.into_iter().chain(six.dates).collect();
    let mut others = Others::none();
    for page in pages {
        if let Some(looked) = page.looked.into_inner() {
            others.join(looked.others);
        }
    }
    Connectivity { ipv4: four.outcome, ipv6: six.outcome, observations, dates, others }
}

struct Page {
    url: Url,
    looked: OnceCell<Looked>,
}

struct Run<'a> {
    pages: &'a [Page],
    names: &'a Names,
    trust: &'a Trust,
    reach: &'a Reach,
    recorder: &'a Recorder,
    deadline: Deadline,
    after: &'a [ObservationId],
}

struct Tested {
    outcome: &'static str,
    observation: ObservationId,
    dates: Vec<Dated>,
}

/// What one page gave over one family.
struct Verdict {
    outcome: &'static str,
    /// What the sentences of the outcome need.
    detail: Option<(&'static str, String)>,
    url: Url,
    address: Option<String>,
    round_trip: Option<Duration>,
    date: Option<Dated>,
    after: Vec<ObservationId>,
}

impl Run<'_> {
    async fn family(
        &self,
        family: Family,
        online: &watch::Sender<bool>,
        mut seen_online: watch::Receiver<bool>,
    ) -> Tested {
        let subject = match family {
            Family::V4 => "ipv4",
            Family::V6 => "ipv6",
        };
        let pending = self.recorder.start("connectivity", subject, self.after);
        let other_online = async {
            let _ = seen_online.wait_for(|online| *online).await;
            tokio::time::sleep(AFTERMATH).await;
        };
        let verdict = tokio::select! {
            verdict = self.pages(family) => verdict,
            () = other_online => None,
        };
        let Some(verdict) = verdict else {
            let observation = pending.finish("silent");
            return Tested { outcome: "silent", observation, dates: Vec::new() };
        };
        if verdict.outcome == "online" {
            let _ = online.send(true);
        }
        finish(pending, verdict)
    }

    /// The better of what both pages give; the first that is online ends it.
    async fn pages(&self, family: Family) -> Option<Verdict> {
        let (first, second) = (self.pages.first()?, self.pages.get(1));
        let mut first = std::pin::pin!(self.page(first, family));
        let mut second = std::pin::pin!(async {
            match second {
                Some(page) => Some(self.page(page, family).await),
                None => None,
            }
        });
        let (one, other) = tokio::select! {
            biased;
            one = &mut first => {
                if one.outcome == "online" {
                    return Some(one);
                }
                (one, second.await)
            }
            other = &mut second, if self.pages.len() > 1 => {
                if let Some(other) = other {
                    if other.outcome == "online" {
                        return Some(other);
                    }
                    (first.await, Some(other))
                } else {
                    (first.await, None)
                }
            }
        };
        match other {
            Some(other) if rank(other.outcome) < rank(one.outcome) => Some(other),
            _ => Some(one),
        }
    }

    async fn page(&self, page: &Page, family: Family) -> Verdict {
        let host = host_of(&page.url).unwrap_or_default();
        let look = || self.names.addresses(&host, self.recorder, self.deadline, self.after);
        let looked = page.looked.get_or_init(look).await;
        let verdict = |outcome| Verdict {
            outcome,
            detail: None,
            url: page.url.clone(),
            address: None,
            round_trip: None,
            date: None,
            after: looked.after.clone(),
        };
        match looked.problem {
            None => {}
            Some(NameProblem::NoAddress) => return verdict("no_address"),
            Some(_) => return verdict("name_unresolved"),
        }
        let addresses: Vec<IpAddr> =
            looked.addresses.iter().copied().filter(|address| Family::of(*address) == family).collect();
        // the outcome says what became of the connection: no observations of its own
        let quiet = Recorder::default();
        let get =
            get_at(&page.url, &addresses, self.trust, self.reach, BODY_LIMIT, &quiet, self.deadline, &[]);
        let fetched = Box::pin(get).await;
        match fetched {
            Fetched::Failed(failed) => {
                let (outcome, status) = failure(&failed);
                Verdict { detail: status.map(|text| ("status", text)), ..verdict(outcome) }
            }
            Fetched::Answered(answer) => {
                let (outcome, detail) = judge(&page.url, &answer);
                let date = answer.date().filter(|_| outcome == "online").map(|time| Dated {
                    source: host.clone(),
                    time,
                    received: answer.received,
                    round_trip: answer.round_trip,
                });
                let (address, round_trip) = (Some(answer.address.ip().to_string()), Some(answer.round_trip));
                Verdict { detail, address, round_trip, date, ..verdict(outcome) }
            }
        }
    }
}

fn finish(mut pending: Pending, verdict: Verdict) -> Tested {
    pending.detail("url", verdict.url.as_str());
    if let Some((name, text)) = verdict.detail {
        pending.detail(name, text);
    }
    if let Some(address) = verdict.address {
        pending.detail("address", address);
    }
    if let Some(round_trip) = verdict.round_trip {
        pending.detail("rtt_ms", u64::try_from(round_trip.as_millis()).unwrap_or(u64::MAX));
    }
    verdict.after.into_iter().for_each(|id| pending.wait_for(id));
    let dates = verdict.date.into_iter().collect();
    Tested { outcome: verdict.outcome, observation: pending.finish(verdict.outcome), dates }
}

/// Which outcome tells more when two pages differ; less is more.
fn rank(outcome: &str) -> usize {
    let order = [
        "online",
        "portal",
        "altered",
        "reset",
        "refused",
        "silent",
        "unreachable",
        "name_unresolved",
        "not_allowed",
        "no_route",
        "no_address",
    ];
    order.iter().position(|other| *other == outcome).unwrap_or(order.len())
}

fn failure(failed: &Failed) -> (&'static str, Option<String>) {
    match failed.outcome {
        "tls" => ("altered", failed.tls.map(|outcome| format!("TLS: {outcome}"))),
        "malformed" => ("altered", Some("not HTTP".to_owned())),
        "prohibited" => ("unreachable", None),
        outcome => (outcome, None),
    }
}

/// What an answer says about the way to the internet.
fn judge(url: &Url, answer: &Answered) -> (&'static str, Option<(&'static str, String)>) {
    let trusted = url.scheme() != "https" || answer.verified;
    let body = String::from_utf8_lossy(&answer.body);
    let is_page = is_html(answer, &body);
    match answer.status {
        204 if answer.body.is_empty() && trusted => ("online", None),
        200 if says_success(&body) && trusted => ("online", None),
        300..=399 => match answer.header("location") {
            Some(location) => ("portal", Some(("location", location.to_owned()))),
            None => ("altered", Some(("status", answer.status.to_string()))),
        },
        // RFC 6585 section 6: network authentication required
        511 => ("portal", Some(("location", title(&body).unwrap_or_else(|| "511".to_owned())))),
        200 if is_page => ("portal", Some(("location", title(&body).unwrap_or_else(|| "HTML".to_owned())))),
        status => ("altered", Some(("status", status.to_string()))),
    }
}

/// The test pages of Apple, of Microsoft and of Mozilla.
fn says_success(body: &str) -> bool {
    let squeezed: String = body.split_whitespace().collect::<String>().to_ascii_lowercase();
    squeezed.contains("<title>success</title>")
        || matches!(squeezed.as_str(), "success" | "microsoftconnecttest" | "microsoftncsi")
}

fn is_html(answer: &Answered, body: &str) -> bool {
    let kind = answer.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let start: String = body.trim_start().chars().take(15).collect::<String>().to_ascii_lowercase();
    kind.starts_with("text/html") && !body.trim().is_empty()
        || start.starts_with("<!doctype html")
        || start.starts_with("<html")
}

/// The title of a page, shortened.
fn title(body: &str) -> Option<String> {
    let lower = body.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let text: String = tame_text(&body[start..end]).chars().take(80).collect();
    (!text.is_empty()).then_some(text)
}
