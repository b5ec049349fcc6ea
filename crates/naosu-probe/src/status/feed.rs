//! The forms in which status pages answer.

use jiff::Timestamp;
use serde::Deserialize;

/// How many entries of a feed are looked at.
const ENTRY_LIMIT: usize = 20_000;

/// What a status page says, entry by entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Feed {
    /// Services it names, healthy ones included where it names those.
    pub reports: Vec<Report>,
    /// Whether it names all its services, so that one that is missing is not on this page.
    pub complete: bool,
}

/// What a status page says of one service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// The service, as the page names it; empty for the page as a whole.
    pub service: String,
    /// How it is.
    pub health: Health,
    /// What is the matter, in the page's words.
    pub title: String,
    /// Since when, RFC 3339 where the page says it so that it can be read.
    pub since: Option<String>,
}

/// How a service is, the best first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Health {
    /// Nothing is reported.
    Operational,
    /// Work is being done.
    Maintenance,
    /// It works badly, or not for everyone.
    Degraded,
    /// It does not work.
    Outage,
}

impl Health {
    /// The outcome of variable `status`.
    pub fn outcome(self) -> &'static str {
        match self {
            Self::Operational => "operational",
            Self::Maintenance => "maintenance",
            Self::Degraded => "degraded",
            Self::Outage => "outage",
        }
    }
}

impl Feed {
    /// The worst that is said of the wanted services (of all where none is named); `None` where the page names all its
    /// services and none of these is among them. What is said of the page as a whole counts when none is named on it.
    pub fn report(self, wanted: &[String]) -> Option<Report> {
        let named = |report: &Report| {
            wanted.is_empty() || wanted.iter().any(|name| report.service.eq_ignore_ascii_case(name))
        };
        let whole = |report: &Report| report.service.is_empty();
        let any = self.reports.iter().any(named);
        let healthy = Report {
            service: wanted.first().cloned().unwrap_or_default(),
            health: Health::Operational,
            title: String::new(),
            since: None,
        };
        let worst = self.reports.into_iter().filter(|report| if any { named(report) } else { whole(report) });
        match worst.max_by_key(|report| report.health) {
            Some(report) => Some(report),
            None if self.complete => None,
            None => Some(healthy),
        }
    }
}

/// Reads what a status page answers, in whichever form it is: Apple's (also wrapped in a call), incidents of Google
/// Workspace, posts of Microsoft, Statuspage, Instatus. `None` where it is none of these.
pub fn parse_feed(bytes: &[u8]) -> Option<Feed> {
    let bytes = unwrapped(bytes);
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace())?;
    match first {
        b'{' => serde_json::from_slice::<Page>(bytes).ok()?.feed(),
        b'[' => feed_of_rows(bytes),
        _ => None,
    }
}

/// Without a byte order mark and the call around it (`jsonCallback({…});`).
fn unwrapped(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    let name = bytes.iter().take(64).position(|byte| *byte == b'(');
    let is_call =
        |end: usize| end > 0 && bytes[..end].iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    match name.filter(|end| is_call(*end)) {
        Some(end) => {
            let inside = bytes[end + 1..].trim_ascii_end();
            let inside = inside.strip_suffix(b";").unwrap_or(inside).trim_ascii_end();
            inside.strip_suffix(b")").unwrap_or(inside)
        }
        None => bytes,
    }
}

/// Apple's page, Statuspage and Instatus: objects, told apart by their fields.
#[derive(Deserialize)]
struct Page {
    services: Option<Vec<AppleService>>,
    status: Option<PageStatus>,
    page: Option<PageInfo>,
    #[serde(default)]
    components: Vec<Component>,
    #[serde(default)]
    incidents: Vec<Incident>,
    #[serde(default)]
    scheduled_maintenances: Vec<Incident>,
    #[serde(default, rename = "activeIncidents")]
    active_incidents: Vec<Incident>,
    #[serde(default, rename = "activeMaintenances")]
    active_maintenances: Vec<Incident>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppleService {
    service_name: String,
    #[serde(default)]
    events: Vec<AppleEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppleEvent {
    #[serde(default)]
    status_type: String,
    #[serde(default)]
    event_status: String,
    message: Option<String>,
    epoch_start_date: Option<i64>,
    epoch_end_date: Option<i64>,
}

#[derive(Deserialize)]
struct PageStatus {
    indicator: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
struct PageInfo {
    status: Option<String>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: String,
}

#[derive(Deserialize)]
struct Incident {
    name: Option<String>,
    impact: Option<String>,
    status: Option<String>,
    started_at: Option<String>,
    started: Option<String>,
    created_at: Option<String>,
}

impl Incident {
    /// Since when: Statuspage says when it began and when it was entered, both at once.
    fn since(&self) -> Option<String> {
        self.started_at.clone().or_else(|| self.started.clone()).or_else(|| self.created_at.clone())
    }
}

impl Page {
    fn feed(self) -> Option<Feed> {
        if let Some(services) = self.services {
            return Some(apple(services));
        }
        if let Some(indicator) = self.status.as_ref().and_then(|status| status.indicator.as_deref()) {
            let health = indicated(indicator)?;
            return Some(self.statuspage(health));
        }
        let health = match self.page.as_ref()?.status.as_deref()? {
            "UP" => Health::Operational,
            "HASISSUES" => Health::Degraded,
            "UNDERMAINTENANCE" => Health::Maintenance,
            _ => return None,
        };
        Some(self.instatus(health))
    }

    fn statuspage(self, health: Health) -> Feed {
        let going_on = |incident: &&Incident| {
            !matches!(incident.status.as_deref(), Some("resolved" | "postmortem" | "scheduled" | "completed"))
        };
        let maintenance = self
            .scheduled_maintenances
            .iter()
            .find(|m| matches!(m.status.as_deref(), Some("in_progress" | "verifying")));
        let incident = self.incidents.iter().find(going_on);
        let described = self.status.and_then(|status| status.description).unwrap_or_default();
        let (title, since) = match incident.or(maintenance) {
            Some(incident) if health > Health::Operational || maintenance.is_some() => {
                (incident.name.clone().unwrap_or_default(), incident.since())
            }
            _ => (described, None),
        };
        let worse = if maintenance.is_some() { Health::Maintenance } else { Health::Operational };
        let whole = Report {
            service: String::new(),
            health: health.max(worse),
            title: title.clone(),
            since: since.clone(),
        };
        let parts = self.components.into_iter().take(ENTRY_LIMIT).map(|component| {
            let health = match component.status.as_str() {
                "operational" => Health::Operational,
                "under_maintenance" => Health::Maintenance,
                "major_outage" => Health::Outage,
                _ => Health::Degraded,
            };
            let title = if title.is_empty() { component.name.clone() } else { title.clone() };
            let since = since.clone().filter(|_| health > Health::Operational);
            Report { service: component.name, health, title, since }
        });
        Feed { reports: std::iter::once(whole).chain(parts).collect(), complete: false }
    }

    fn instatus(self, health: Health) -> Feed {
        let incident = self.active_incidents.first().or(self.active_maintenances.first());
        let grave = incident.and_then(|i| i.impact.as_deref()) == Some("MAJOROUTAGE");
        let health = if grave && health == Health::Degraded { Health::Outage } else { health };
        let title = incident.and_then(|i| i.name.clone()).unwrap_or_default();
        let since = incident.and_then(Incident::since);
        Feed { reports: vec![Report { service: String::new(), health, title, since }], complete: false }
    }
}

fn indicated(indicator: &str) -> Option<Health> {
    match indicator {
        "none" => Some(Health::Operational),
        "maintenance" => Some(Health::Maintenance),
        "minor" => Some(Health::Degraded),
        "major" | "critical" => Some(Health::Outage),
        _ => None,
    }
}

fn apple(services: Vec<AppleService>) -> Feed {
    let report = |service: AppleService| {
        let name = decoded(&service.service_name);
        let ongoing = |event: &&AppleEvent| match event.event_status.as_str() {
            "ongoing" => true,
            "resolved" | "completed" | "upcoming" => false,
            _ => event.epoch_end_date.is_none() && event.epoch_start_date.is_some(),
        };
        let rated = |event: &AppleEvent| match event.status_type.as_str() {
            "Available" => Health::Operational,
            "Maintenance" => Health::Maintenance,
            "Outage" => Health::Outage,
            _ => Health::Degraded,
        };
        match service.events.iter().take(ENTRY_LIMIT).filter(ongoing).max_by_key(|event| rated(event)) {
            None => Report { service: name, health: Health::Operational, title: String::new(), since: None },
            Some(event) => {
                let message = event.message.as_deref().map(decoded).unwrap_or_default();
                let title = if message.is_empty() { name.clone() } else { format!("{name}: {message}") };
                let since = event.epoch_start_date.and_then(|ms| Timestamp::from_millisecond(ms).ok());
                let since = since.map(|time| time.to_string());
                Report { service: name, health: rated(event), title, since }
            }
        }
    };
    Feed { reports: services.into_iter().take(ENTRY_LIMIT).map(report).collect(), complete: true }
}

/// One row of a list: an incident of Google Workspace, or a service of Microsoft's page.
#[derive(Deserialize)]
struct Row {
    begin: Option<String>,
    end: Option<String>,
    external_desc: Option<String>,
    status_impact: Option<String>,
    service_name: Option<String>,
    #[serde(default)]
    affected_products: Vec<Product>,
    #[serde(rename = "ServiceDisplayName")]
    display_name: Option<String>,
    #[serde(rename = "Status")]
    status: Option<String>,
    #[serde(rename = "Title")]
    title: Option<String>,
    #[serde(rename = "Message")]
    message: Option<String>,
    #[serde(rename = "LastUpdatedTime")]
    updated: Option<String>,
}

#[derive(Deserialize)]
struct Product {
    #[serde(default)]
    title: String,
}

fn feed_of_rows(bytes: &[u8]) -> Option<Feed> {
    let rows: Vec<Row> = serde_json::from_slice(bytes).ok()?;
    let of_microsoft = rows.iter().any(|row| row.display_name.is_some());
    let of_google = rows.iter().any(|row| row.service_name.is_some() || !row.affected_products.is_empty());
    if !of_microsoft && !of_google && !rows.is_empty() {
        return None;
    }
    let mut reports = Vec::new();
    for row in rows.into_iter().take(ENTRY_LIMIT) {
        if row.display_name.is_some() {
            reports.extend(row.of_microsoft());
        } else if row.end.is_none() {
            reports.extend(row.of_google());
        }
    }
    Some(Feed { reports, complete: of_microsoft })
}

impl Row {
    fn of_microsoft(self) -> Option<Report> {
        let status = self.status?.to_lowercase();
        let has = |word: &str| status.contains(word);
        let health = if has("degrad") || has("advisory") || has("investigat") {
            Health::Degraded
        } else if has("interruption") || has("outage") || has("unavailable") {
            Health::Outage
        } else if has("maintenance") {
            Health::Maintenance
        } else if has("operational") || has("available") || has("healthy") {
            Health::Operational
        } else {
            Health::Degraded
        };
        let title = self.title.filter(|title| !title.is_empty()).or(self.message).unwrap_or_default();
        let since = self.updated.filter(|_| health > Health::Operational);
        Some(Report { service: self.display_name?, health, title, since })
    }

    /// An open incident, once for each product it names.
    fn of_google(self) -> Vec<Report> {
        let health = match self.status_impact.as_deref() {
            Some("SERVICE_OUTAGE") => Health::Outage,
            Some("SERVICE_DISRUPTION") => Health::Degraded,
            _ => Health::Operational,
        };
        let described = self.external_desc.unwrap_or_default();
        let title = described.lines().map(|l| l.trim_matches(['#', '*', ' '])).find(|l| !l.is_empty());
        let title = title.unwrap_or_default().to_owned();
        let since = self.begin;
        let products = self.affected_products.into_iter().take(100).map(|product| product.title);
        let names = self.service_name.into_iter().chain(products);
        names.map(|service| Report { service, health, title: title.clone(), since: since.clone() }).collect()
    }
}

/// Without the entities that old answers of Apple carry.
fn decoded(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#39;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str, wanted: &[&str]) -> Option<Report> {
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        parse_feed(text.as_bytes())?.report(&wanted)
    }

    fn health(text: &str, wanted: &[&str]) -> Option<Health> {
        report(text, wanted).map(|report| report.health)
    }

    const APPLE: &str = r#"{"drpost":false,"drMessage":null,"services":[
        {"redirectUrl":null,"serviceName":"iCloud Keychain","events":[{"epochStartDate":1619291760000,
         "epochEndDate":1619304900000,"messageId":"1","statusType":"Issue","eventStatus":"resolved","message":"x"}]},
        {"redirectUrl":null,"serviceName":"iCloud Mail","events":[{"usersAffected":"Some users are affected",
         "epochStartDate":1619435580000,"epochEndDate":null,"messageId":"2","statusType":"Outage",
         "eventStatus":"ongoing","affectedServices":null,"message":"Users may be experiencing issues."}]},
        {"serviceName":"iCloud Account &amp; Sign In","events":[{"statusType":"Performance","eventStatus":"ongoing"}]},
        {"serviceName":"iMessage","events":[]}]}"#;

    #[test]
    fn apples_page_is_read() {
        let mail = report(APPLE, &["iCloud Mail"]).unwrap();
        assert_eq!(mail.health, Health::Outage);
        assert_eq!(mail.title, "iCloud Mail: Users may be experiencing issues.");
        assert_eq!(mail.since.as_deref(), Some("2021-04-26T11:13:00Z"));
        assert_eq!(health(APPLE, &["imessage"]), Some(Health::Operational));
        assert_eq!(health(APPLE, &["iCloud Keychain"]), Some(Health::Operational));
        assert_eq!(health(APPLE, &["iCloud Account & Sign In"]), Some(Health::Degraded));
        assert_eq!(health(APPLE, &["Nothing of it"]), None);
        assert_eq!(health(&format!("jsonCallback({APPLE});\n"), &["iCloud Mail"]), Some(Health::Outage));
    }

    #[test]
    fn open_incidents_of_google_are_read() {
        let feed = r##"[{"id":"a","begin":"2026-11-22T01:00:00+00:00","end":"2026-11-22T02:00:00+00:00",
            "external_desc":"old","status_impact":"SERVICE_OUTAGE","service_name":"Gmail"},
            {"id":"b","begin":"2026-11-22T03:00:00+00:00","external_desc":"# Title\nMail is **delayed**",
            "status_impact":"SERVICE_DISRUPTION","service_name":"Multiple Products","severity":"medium",
            "affected_products":[{"title":"Gmail","id":"x"},{"title":"Google Chat","id":"y"}],"updates":[]}]"##;
        let gmail = report(feed, &["Gmail"]).unwrap();
        assert_eq!((gmail.health, gmail.title.as_str()), (Health::Degraded, "Title"));
        assert_eq!(gmail.since.as_deref(), Some("2026-11-22T03:00:00+00:00"));
        assert_eq!(health(feed, &["Google Drive"]), Some(Health::Operational));
        assert_eq!(health("[]", &["Gmail"]), Some(Health::Operational));
    }

    #[test]
    fn posts_of_microsoft_are_read() {
        let of = |status: &str| {
            let feed = format!(
                r#"[{{"ServiceDisplayName":"Outlook.com","Status":"{status}","Title":"T","Message":"M",
                "LastUpdatedTime":"2026-11-22T03:00:00Z"}},{{"ServiceDisplayName":"OneDrive","Status":"Operational"}}]"#
            );
            health(&feed, &["Outlook.com"])
        };
        assert_eq!(of("Operational"), Some(Health::Operational));
        assert_eq!(of("Service degraded"), Some(Health::Degraded));
        assert_eq!(of("Service interruption"), Some(Health::Outage));
        assert_eq!(of("Investigating"), Some(Health::Degraded));
        assert_eq!(of("Something new"), Some(Health::Degraded));
    }

    #[test]
    fn statuspage_is_read_by_part_or_as_a_whole() {
        let feed = r#"{"page":{"name":"X","url":"https://status.example"},
            "status":{"indicator":"major","description":"Partial System Outage"},
            "components":[{"name":"IMAP","status":"major_outage","group":false},{"name":"Web","status":"operational"}],
            "incidents":[{"name":"IMAP is down","impact":"major","status":"investigating",
            "created_at":"2026-11-22T03:01:00.000Z","resolved_at":null,"incident_updates":[{"body":"We look"}],
            "started_at":"2026-11-22T03:00:00Z"}],"scheduled_maintenances":[]}"#;
        assert_eq!(health(feed, &["IMAP"]), Some(Health::Outage));
        assert_eq!(health(feed, &["Web"]), Some(Health::Operational));
        let whole = report(feed, &["not there"]).unwrap();
        assert_eq!((whole.health, whole.title.as_str()), (Health::Outage, "IMAP is down"));
        let fine = r#"{"status":{"indicator":"none","description":"All Systems Operational"}}"#;
        assert_eq!(health(fine, &[]), Some(Health::Operational));
        let work = r#"{"status":{"indicator":"maintenance","description":"Service Under Maintenance"}}"#;
        assert_eq!(health(work, &[]), Some(Health::Maintenance));
    }

    #[test]
    fn instatus_is_read() {
        let fine = r#"{"page":{"name":"X","url":"https://x","status":"UP"}}"#;
        assert_eq!(health(fine, &[]), Some(Health::Operational));
        let bad = r#"{"page":{"name":"X","status":"HASISSUES"},
            "activeIncidents":[{"name":"Mail is slow","started":"2026-11-22T03:00:00Z","impact":"MAJOROUTAGE"}]}"#;
        assert_eq!(health(bad, &[]), Some(Health::Outage));
    }

    #[test]
    fn what_is_no_feed_is_told_and_hostile_answers_are_harmless() {
        for text in
            ["", "x", "<html></html>", "{}", "[1]", "[{}]", "{\"services\":1}", "()", "f(", "f();", "null"]
        {
            assert_eq!(parse_feed(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_feed("[".repeat(100_000).as_bytes()), None);
        assert_eq!(parse_feed("{\"a\":".repeat(100_000).as_bytes()), None);
        for cut in 0..APPLE.len() {
            let _ = parse_feed(&APPLE.as_bytes()[..cut]);
        }
    }
}
