//! The device and its system, by the `User-Agent` and what a page can ask beside it.

use serde::Deserialize;

use super::is_name;

/// What a page can ask of its browser (User-Agent Client Hints; touch points).
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Hints {
    /// The system's version.
    pub(crate) version: Option<String>,
    /// Whether its screen takes more than one finger: an iPad says that it is a Mac.
    pub(crate) touch: bool,
}

/// A device by its browser.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Agent {
    /// Of the taxonomy.
    pub(crate) device: &'static str,
    /// The system's name.
    pub(crate) os: &'static str,
    /// Its version; empty where the browser hides it.
    pub(crate) version: String,
    /// The browser and its main version.
    pub(crate) browser: String,
}

impl Hints {
    pub(super) fn are_sound(&self) -> bool {
        self.version.iter().all(|version| version.is_empty() || is_name(version, 20, "."))
    }
}

impl Agent {
    /// Reads a `User-Agent`; nothing where it names no device that we know.
    pub(crate) fn read(text: &str, hints: &Hints) -> Option<Self> {
        let text: String = text.chars().take(512).collect();
        let hinted = hints.version.as_deref().filter(|version| !version.is_empty());
        let apple = |marker: &str| apple_version(&text, marker);
        let (device, os, version) = if text.contains("iPhone") {
            ("iphone", "iOS", apple("iPhone OS "))
        } else if text.contains("iPad") {
            ("ipad", "iPadOS", apple("CPU OS "))
        } else if text.contains("Macintosh") && hints.touch {
            ("ipad", "iPadOS", number(&text, "Version/"))
        } else if text.contains("Macintosh") {
            // what follows "Mac OS X" has been 10_15_7 for all since 2020
            ("mac", "macOS", hinted.unwrap_or_default().to_owned())
        } else if text.contains("Android") {
            let said = number(&text, "Android ");
            // "Android 10; K" is what Chrome says on all of them
            let said = if text.contains("Android 10; K") { String::new() } else { said };
            ("android", "Android", hinted.map_or(said, short))
        } else if text.contains("Windows NT") {
            ("windows", "Windows", windows_version(&text, hinted))
        } else if text.contains("Linux") || text.contains("X11") {
            ("linux", "Linux", String::new())
        } else {
            return None;
        };
        Some(Self { device, os, version, browser: browser(&text) })
    }
}

/// `18_1_1` as `18.1.1`. From 26 on Safari says 18 for the system still, and the truth for itself.
fn apple_version(text: &str, marker: &str) -> String {
    let said = after(text, marker).replace('_', ".");
    let own = number(text, "Version/");
    let main = |version: &str| version.split('.').next().and_then(|main| main.parse::<u32>().ok());
    if main(&own) >= Some(26) { own } else { said }
}

/// Client hints count on: 13 and above is Windows 11.
fn windows_version(text: &str, hinted: Option<&str>) -> String {
    let main = hinted.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    match (main, number(text, "Windows NT ").as_str()) {
        (Some(13..), _) => "11",
        (Some(1..), _) => "10",
        (_, "6.1") => "7",
        (_, "6.2" | "6.3") => "8",
        _ => "",
    }
    .to_owned()
}

fn browser(text: &str) -> String {
    let known = [
        ("EdgA/", "Edge"),
        ("EdgiOS/", "Edge"),
        ("Edg/", "Edge"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("FxiOS/", "Firefox"),
        ("Firefox/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Version/", "Safari"),
    ];
    let found = known.iter().find(|(marker, _)| text.contains(marker));
    found.map_or_else(
        || "?".to_owned(),
        |(marker, name)| format!("{name} {}", number(text, marker).split('.').next().unwrap_or_default()),
    )
}

/// Main version and the next, of a longer one.
fn short(version: &str) -> String {
    let mut parts: Vec<&str> = version.split('.').take(2).collect();
    if parts.last() == Some(&"0") {
        parts.pop();
    }
    parts.join(".")
}

fn number(text: &str, marker: &str) -> String {
    after(text, marker).trim_end_matches('.').to_owned()
}

/// The digits, dots and underscores after a marker; at most 16.
fn after(text: &str, marker: &str) -> String {
    let rest = text.split_once(marker).map_or("", |(_, rest)| rest);
    rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '_')).take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, version: Option<&str>, touch: bool) -> (&'static str, String, String) {
        let hints = Hints { version: version.map(str::to_owned), touch };
        let agent = Agent::read(text, &hints).unwrap();
        (agent.device, agent.version, agent.browser)
    }

    fn was(device: &'static str, version: &str, browser: &str) -> (&'static str, String, String) {
        (device, version.to_owned(), browser.to_owned())
    }

    #[test]
    fn devices_are_known_by_their_browsers() {
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
        assert_eq!(said(iphone, None, true), was("iphone", "17.5.1", "Safari 17"));
        let newer = iphone.replace("17_5_1", "18_6").replace("Version/17.5", "Version/26.1");
        assert_eq!(said(&newer, None, true), was("iphone", "26.1", "Safari 26"));
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15";
        assert_eq!(said(mac, None, false), was("mac", "", "Safari 18"));
        assert_eq!(said(mac, None, true), was("ipad", "18.1", "Safari 18"));
        let android = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36";
        assert_eq!(said(android, None, true), was("android", "", "Chrome 131"));
        assert_eq!(said(android, Some("15.0.0"), true), was("android", "15", "Chrome 131"));
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0";
        assert_eq!(said(windows, Some("15.0.0"), false), was("windows", "11", "Edge 131"));
        assert_eq!(said(windows, None, false), was("windows", "", "Edge 131"));
        assert_eq!(Agent::read("curl/8.5.0", &Hints::default()), None);
        assert_eq!(Agent::read("", &Hints::default()), None);
    }
}
