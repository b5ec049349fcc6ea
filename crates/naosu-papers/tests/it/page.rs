//! A page as it is parsed, and what must hold for each.

use std::collections::BTreeSet;

use scraper::{ElementRef, Html, Selector};

/// A page.
pub(crate) struct Page {
    pub(crate) html: Html,
    pub(crate) ids: BTreeSet<String>,
}

impl Page {
    pub(crate) fn parse(text: &str) -> Self {
        let html = Html::parse_document(text);
        let ids = all(&html, "[id]").map(|one| one.attr("id").unwrap().to_owned()).collect();
        Self { html, ids }
    }

    /// The texts of what the selector finds.
    pub(crate) fn texts(&self, selector: &str) -> Vec<String> {
        all(&self.html, selector).map(|one| one.text().collect::<String>()).collect()
    }

    /// The attribute of the only element that the selector finds.
    pub(crate) fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let mut found = all(&self.html, selector);
        let one = found.next()?.attr(name)?.to_owned();
        assert!(found.next().is_none(), "{selector} more than once");
        Some(one)
    }
}

pub(crate) fn all<'a>(html: &'a Html, selector: &str) -> impl Iterator<Item = ElementRef<'a>> {
    let selector = Selector::parse(selector).unwrap();
    html.select(&selector).collect::<Vec<_>>().into_iter()
}

/// The path that a relative link on a page leads to, and its anchor.
pub(crate) fn target(from: &str, href: &str) -> (String, Option<String>) {
    let (path, anchor) = href.split_once('#').map_or((href, None), |(path, anchor)| (path, Some(anchor)));
    let anchor = anchor.map(percent_decoded);
    if path.is_empty() {
        return (from.to_owned(), anchor);
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            ".." => assert!(parts.pop().is_some(), "{from}: {href} leads out"),
            part => parts.push(part),
        }
    }
    (parts.join("/"), anchor)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Nothing runs, nothing is fetched from elsewhere, and what leads elsewhere is a plain link.
pub(crate) fn is_harmless(path: &str, page: &Page) {
    let fetched = "script, style, img, iframe, object, embed, svg, math, video, audio, base, source, meta[http-equiv], template";
    assert_eq!(page.texts(fetched), [""; 0], "{path}");
    for element in all(&page.html, "*") {
        for (name, value) in element.value().attrs() {
            assert!(!name.starts_with("on") && name != "style" && name != "srcdoc", "{path}: {name}={value}");
        }
    }
    for link in all(&page.html, "link") {
        let (rel, href) = (link.attr("rel").unwrap(), link.attr("href").unwrap());
        match rel {
            "canonical" | "alternate" => {
                assert!(href.starts_with("https://guide.example/"), "{path}: {href}");
            }
            "icon" => assert_eq!(href, "data:,"),
            "stylesheet" => assert!(!href.contains(':') && !href.starts_with("//"), "{path}: {href}"),
            other => panic!("{path}: {other}"),
        }
    }
    for link in all(&page.html, "a") {
        let href = link.attr("href").unwrap();
        if href.starts_with("https://") || href.starts_with("http://") {
            assert_eq!(link.attr("rel"), Some("noreferrer"), "{path}: {href}");
        } else {
            assert!(
                !href.split('#').next().unwrap().contains(':') && !href.starts_with("//"),
                "{path}: {href}"
            );
        }
    }
}

/// What a screen reader goes by.
pub(crate) fn is_readable(path: &str, page: &Page) {
    let lang = page.attribute("html", "lang").unwrap();
    assert!(path.starts_with(&lang) || !path.contains('/'), "{path} is in {lang}");
    assert_eq!(page.texts("h1").len(), 1, "{path}");
    assert_eq!(page.texts("main").len(), 1, "{path}");
    assert!(page.texts("title")[0].trim().len() > 4, "{path}");
    assert!(page.attribute("meta[name=description]", "content").unwrap().len() > 8, "{path}");
    let mut level = 0;
    for heading in all(&page.html, "h1, h2, h3, h4, h5, h6") {
        let next: u32 = heading.value().name()[1..].parse().unwrap();
        assert!(next <= level + 1, "{path}: {} after h{level}", heading.html());
        assert!(heading.text().any(|text| !text.trim().is_empty()), "{path}: an empty heading");
        level = next;
    }
    let count = all(&page.html, "[id]").count();
    assert_eq!(count, page.ids.len(), "{path}: an id stands twice");
    for link in all(&page.html, "a, button, summary") {
        assert!(link.text().any(|text| !text.trim().is_empty()), "{path}: {} says nothing", link.html());
    }
    for field in all(&page.html, "input:not([type=hidden]), textarea, select") {
        let id = field.attr("id").unwrap();
        assert_eq!(page.texts(&format!("label[for=\"{id}\"]")).len(), 1, "{path}: {id} has no label");
    }
    for region in all(&page.html, "nav") {
        assert!(region.attr("aria-label").is_some_and(|label| !label.is_empty()), "{path}");
    }
    for named in all(&page.html, "[aria-labelledby]") {
        assert!(page.ids.contains(named.attr("aria-labelledby").unwrap()), "{path}");
    }
    for head in all(&page.html, "th") {
        assert_eq!(head.attr("scope"), Some("col"), "{path}");
    }
    for item in all(&page.html, "li") {
        let parent = item.parent().and_then(ElementRef::wrap).unwrap();
        assert!(matches!(parent.value().name(), "ul" | "ol"), "{path}");
    }
}
