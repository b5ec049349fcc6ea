//! Web servers: connectivity tests, status feeds, autoconfig.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Reach, Tls};

/// A web server.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Its host name.
    pub host: Option<String>,
    /// Where it listens.
    pub address: Option<IpAddr>,
    /// How it can be reached.
    pub reach: Option<Reach>,
    /// Present for https.
    pub tls: Option<Tls>,
    /// What every path answers that `pages` does not mention.
    pub answer: HttpAnswer,
    /// Pages by path.
    pub pages: BTreeMap<String, Page>,
    /// Held back before each answer, in milliseconds.
    pub delay_ms: u64,
}

/// What a web server answers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpAnswer {
    /// 200 with Apple's "Success" page, as captive.apple.com.
    #[default]
    AppleSuccess,
    /// 200 with another page than asked for, without a sign-in form.
    Altered,
    /// 200, in chunks without end.
    ChunksWithoutEnd,
    /// Hangs up without an answer.
    Close,
    /// 200, a body without end.
    EndlessBody,
    /// 200, headers without end.
    EndlessHeaders,
    /// Random bytes.
    Garbage,
    /// 200, announces a body of 2^62 bytes and sends nothing of it.
    HugeLength,
    /// Takes the request, says nothing.
    Mute,
    /// 204, as the connectivity tests of Android and Chrome.
    NoContent,
    /// 404.
    NotFound,
    /// 200 with a sign-in page.
    PortalPage,
    /// 302 to a sign-in page.
    PortalRedirect,
    /// 503.
    ServerError,
    /// 200 with an XML document whose entities grow without bound.
    XmlBomb,
}

/// One page of a web server.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Page {
    /// The status code.
    pub status: u16,
    /// The type of the body.
    pub content_type: String,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
    /// The body; placeholders of the world's endpoints are filled in.
    pub body: String,
    /// The body is a provider's status feed.
    pub feed: Option<Feed>,
    /// The body is an autoconfig document for the world's servers.
    pub autoconfig: bool,
    /// One of the ready answers in place of all this.
    pub answer: Option<HttpAnswer>,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            status: 200,
            content_type: "text/html; charset=utf-8".to_owned(),
            headers: BTreeMap::new(),
            body: String::new(),
            feed: None,
            autoconfig: false,
            answer: None,
        }
    }
}

/// A provider's status feed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// Whose format.
    pub format: FeedFormat,
    /// The service's name in the feed.
    pub service: String,
    /// What the feed says of it.
    pub state: FeedState,
}

/// Whose format a status feed has.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedFormat {
    /// `system_status_*.js` of www.apple.com.
    Apple,
    /// `incidents.json` of Google Workspace.
    Google,
    /// Posts of status.cloud.microsoft.
    Microsoft,
    /// `summary.json` of an Atlassian Statuspage.
    Statuspage,
}

/// What a status feed says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedState {
    /// Slow or partly out of order.
    Degraded,
    /// In maintenance.
    Maintenance,
    /// Nothing is wrong.
    Operational,
    /// Out of order.
    Outage,
    /// An outage that is over.
    Resolved,
}
