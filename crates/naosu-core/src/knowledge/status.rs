//! Machine-readable status pages of providers: `knowledge/status/`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A status page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusFeed {
    /// Whose it is, in English.
    pub en: String,
    /// Whose it is, in Japanese.
    pub ja: String,
    /// The form of what it answers.
    pub format: StatusFormat,
    /// Where it is fetched.
    pub url: String,
    /// Whether it is fetched at all; pages for people are kept as facts only.
    #[serde(default)]
    pub fetch: bool,
    /// The page for people.
    pub page: Option<String>,
    /// The form in words.
    pub described: String,
    /// Its fields.
    #[serde(default)]
    pub fields: Vec<String>,
    /// The values of its fields.
    #[serde(default)]
    pub values: Vec<String>,
    /// Services it names.
    #[serde(default)]
    pub services: Vec<String>,
    /// How it says that all is well.
    pub healthy_when: Option<String>,
    /// How it says that something is going on.
    pub ongoing_when: Option<String>,
    /// A remark.
    pub note: Option<String>,
    /// Where the entry comes from.
    pub source: String,
    /// Whether it was seen in that source.
    pub verified: bool,
    /// When it was last looked at, `YYYY-MM`.
    pub checked: Option<String>,
    /// Which of our services it tells of.
    #[serde(default)]
    pub covers: Vec<Covers>,
}

/// Which entries of a status page tell of one of our services.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Covers {
    /// A service of the taxonomy.
    pub service: String,
    /// Only these providers, ids of `knowledge/providers/`, where the service is not one provider.
    #[serde(default)]
    pub providers: Vec<String>,
    /// The names on the page, without regard to case; all where empty.
    pub names: Vec<String>,
}

/// The form of what a status page answers.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum StatusFormat {
    /// Apple's system status.
    Apple,
    /// Incidents of Google Workspace.
    GoogleWorkspace,
    /// Instatus.
    Instatus,
    /// Posts of Microsoft's status page.
    Microsoft,
    /// Nothing that is read.
    Other,
    /// Atlassian Statuspage.
    Statuspage,
}

/// The status pages to fetch for a service of the taxonomy, with what tells of it there.
pub fn status_feeds<'a>(
    feeds: &'a BTreeMap<String, StatusFeed>,
    service: &str,
    provider: Option<&str>,
) -> Vec<(&'a str, &'a StatusFeed, &'a Covers)> {
    let mut found = Vec::new();
    for (id, feed) in feeds.iter().filter(|(_, feed)| feed.fetch) {
        for covers in feed.covers.iter().filter(|covers| covers.service == service) {
            let meant = covers.providers.is_empty()
                || provider.is_some_and(|provider| covers.providers.iter().any(|p| p == provider));
            if meant {
                found.push((id.as_str(), feed, covers));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Knowledge, embedded};
    use super::*;

    #[test]
    fn each_service_has_the_feeds_that_tell_of_it() {
        let knowledge = Knowledge::load(&embedded()).unwrap();
        let of = |service: &str, provider: Option<&str>| -> Vec<String> {
            let feeds = status_feeds(knowledge.status(), service, provider);
            feeds.into_iter().map(|(id, ..)| id.to_owned()).collect()
        };
        assert_eq!(of("icloud", None), ["apple_en"]);
        assert_eq!(of("imessage", None), ["apple_en"]);
        assert_eq!(of("gmail", None), ["google_workspace"]);
        assert_eq!(of("outlook", None), ["microsoft_consumer"]);
        assert_eq!(of("other", Some("fastmail")), ["fastmail"]);
        assert!(of("other", Some("gmx")).is_empty() && of("docomo", None).is_empty());
        for (id, feed) in knowledge.status() {
            assert!(!feed.fetch || feed.format != StatusFormat::Other, "{id}");
            for covers in &feed.covers {
                assert!(knowledge.taxonomy.values["service"].contains(&covers.service), "{id}");
            }
        }
    }
}
