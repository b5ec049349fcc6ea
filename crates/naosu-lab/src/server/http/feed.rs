//! Status feeds in the providers' own formats.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::fault::{Feed, FeedFormat, FeedState};

/// The feed's document at the world's time.
pub(crate) fn document(feed: &Feed, now: SystemTime) -> String {
    let began = now.checked_sub(Duration::from_mins(40)).unwrap_or(UNIX_EPOCH);
    let times = Times { began, ended: (feed.state == FeedState::Resolved).then_some(now) };
    match feed.format {
        FeedFormat::Apple => apple(feed, &times),
        FeedFormat::Google => google(feed, &times),
        FeedFormat::Microsoft => microsoft(feed, &times),
        FeedFormat::Statuspage => statuspage(feed, &times),
    }
    .to_string()
}

struct Times {
    began: SystemTime,
    ended: Option<SystemTime>,
}

fn apple(feed: &Feed, times: &Times) -> Value {
    let kind = match feed.state {
        FeedState::Operational => None,
        FeedState::Degraded => Some("Performance"),
        FeedState::Maintenance => Some("Maintenance"),
        FeedState::Outage | FeedState::Resolved => Some("Outage"),
    };
    let events: Vec<Value> = kind
        .map(|kind| {
            json!({
                "usersAffected": "Some users are affected", "messageId": "1000000310", "statusType": kind,
                "eventStatus": if times.ended.is_some() { "resolved" } else { "ongoing" },
                "message": "Users are experiencing a problem with this service.", "affectedServices": null,
                "datePosted": printed(times.began, "%m/%d/%Y %H:%M PDT"), "startDate": printed(times.began, "%m/%d/%Y %H:%M PDT"),
                "endDate": times.ended.map(|ended| printed(ended, "%m/%d/%Y %H:%M PDT")),
                "epochStartDate": milliseconds(times.began), "epochEndDate": times.ended.map(milliseconds),
            })
        })
        .into_iter()
        .collect();
    let mut services: Vec<Value> = ["Apple Account", "iCloud Account & Sign In", "iCloud Mail", "iMessage"]
        .into_iter()
        .filter(|name| *name != feed.service)
        .map(|name| json!({ "redirectUrl": null, "serviceName": name, "events": [] }))
        .collect();
    services.push(json!({ "redirectUrl": null, "serviceName": feed.service, "events": events }));
    json!({ "drpost": false, "drMessage": null, "services": services })
}

fn google(feed: &Feed, times: &Times) -> Value {
    let impact = match feed.state {
        FeedState::Operational => return json!([]),
        FeedState::Degraded => "SERVICE_DISRUPTION",
        FeedState::Maintenance => "SERVICE_INFORMATION",
        FeedState::Outage | FeedState::Resolved => "SERVICE_OUTAGE",
    };
    let began = printed(times.began, "%Y-%m-%dT%H:%M:%S+00:00");
    let text = "Users may be unable to receive mail.";
    let status = if times.ended.is_some() { "AVAILABLE" } else { impact };
    let update = json!({ "created": began, "when": began, "text": text, "status": status });
    let mut incident = json!({
        "id": "kx7pQd3eVwT2", "begin": began, "created": began, "modified": began, "external_desc": text,
        "severity": "high", "status_impact": impact, "service_key": "prPt2Yra2CbGsbEm9cpC", "service_name": feed.service,
        "affected_products": [{ "title": feed.service, "id": "prPt2Yra2CbGsbEm9cpC" }], "currently_affected_locations": [],
        "most_recent_update": update, "updates": [update], "uri": "incidents/kx7pQd3eVwT2",
    });
    if let Some(ended) = times.ended {
        incident["end"] = json!(printed(ended, "%Y-%m-%dT%H:%M:%S+00:00"));
    }
    json!([incident])
}

fn microsoft(feed: &Feed, times: &Times) -> Value {
    let status = match feed.state {
        FeedState::Operational | FeedState::Resolved => "Operational",
        FeedState::Degraded => "Service degraded",
        FeedState::Maintenance => "Service advisory",
        FeedState::Outage => "Service interruption",
    };
    json!([{
        "ServiceDisplayName": feed.service, "Status": status, "Title": "Users cannot reach their mailbox",
        "Message": "We are investigating.", "LastUpdatedTime": printed(times.began, "%Y-%m-%dT%H:%M:%SZ"),
    }])
}

fn statuspage(feed: &Feed, times: &Times) -> Value {
    let (indicator, description, component) = match feed.state {
        FeedState::Operational | FeedState::Resolved => ("none", "All Systems Operational", "operational"),
        FeedState::Degraded => ("minor", "Partially Degraded Service", "degraded_performance"),
        FeedState::Maintenance => ("maintenance", "Service Under Maintenance", "under_maintenance"),
        FeedState::Outage => ("major", "Major Service Outage", "major_outage"),
    };
    let began = printed(times.began, "%Y-%m-%dT%H:%M:%S.000Z");
    let maintenance = feed.state == FeedState::Maintenance;
    let incident = json!({
        "name": "Mail is out of order", "impact": indicator, "status": "investigating", "started_at": began,
        "created_at": began, "shortlink": "https://status.example.com/i/1", "incident_updates": [{ "body": "We are looking into it." }],
    });
    let incidents: Vec<Value> =
        (indicator != "none" && !maintenance).then_some(incident).into_iter().collect();
    let maintenances: Vec<Value> =
        maintenance.then(|| json!({ "name": "Planned work", "status": "in_progress" })).into_iter().collect();
    json!({
        "page": { "name": feed.service, "url": "https://status.example.com" },
        "status": { "indicator": indicator, "description": description },
        "components": [{ "name": feed.service, "status": component, "group": false }],
        "incidents": incidents, "scheduled_maintenances": maintenances,
    })
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn printed(time: SystemTime, format: &str) -> String {
    jiff::Timestamp::try_from(time).map(|time| time.strftime(format).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(format: FeedFormat, state: FeedState) -> Value {
        let feed = Feed { format, service: "iCloud Mail".to_owned(), state };
        serde_json::from_str(&document(&feed, SystemTime::now())).unwrap()
    }

    #[test]
    fn an_outage_shows_in_every_format() {
        let apple = feed(FeedFormat::Apple, FeedState::Outage);
        let service = apple["services"].as_array().unwrap().last().unwrap();
        assert_eq!(service["serviceName"], "iCloud Mail");
        assert_eq!(service["events"][0]["eventStatus"], "ongoing");
        assert!(service["events"][0]["epochEndDate"].is_null());
        assert!(feed(FeedFormat::Google, FeedState::Outage)[0].get("end").is_none());
        assert_eq!(feed(FeedFormat::Microsoft, FeedState::Outage)[0]["Status"], "Service interruption");
        assert_eq!(feed(FeedFormat::Statuspage, FeedState::Outage)["status"]["indicator"], "major");
    }

    #[test]
    fn what_is_over_does_not_show_as_ongoing() {
        let apple = feed(FeedFormat::Apple, FeedState::Resolved);
        assert_eq!(
            apple["services"].as_array().unwrap().last().unwrap()["events"][0]["eventStatus"],
            "resolved"
        );
        assert!(feed(FeedFormat::Google, FeedState::Resolved)[0]["end"].is_string());
        assert_eq!(feed(FeedFormat::Google, FeedState::Operational), json!([]));
        assert_eq!(feed(FeedFormat::Statuspage, FeedState::Resolved)["incidents"], json!([]));
    }
}
