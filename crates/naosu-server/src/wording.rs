//! The language of a page: the person's own choice, else what the browser asks for.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use naosu_core::knowledge::Lang;
use std::convert::Infallible;

/// The cookie that keeps the person's choice.
const COOKIE: &str = "lang";

/// The language a page is written in; templates ask it for one of two texts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Wording(pub(crate) Lang);

impl Wording {
    /// The text of that language.
    pub(crate) fn pick<'a>(self, en: &'a str, ja: &'a str) -> &'a str {
        match self.0 {
            Lang::En => en,
            Lang::Ja => ja,
        }
    }

    /// The language's tag (BCP 47).
    pub(crate) fn tag(self) -> &'static str {
        self.0.tag()
    }

    /// The tag of the other language, which a page offers.
    pub(crate) fn other_tag(self) -> &'static str {
        self.pick("ja", "en")
    }

    /// The other language's name in that language.
    pub(crate) fn other_name(self) -> &'static str {
        self.pick("日本語", "English")
    }
}

impl<S: Sync> FromRequestParts<S> for Wording {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(asked(&parts.headers)))
    }
}

/// The language for whoever sends these headers.
pub(crate) fn of(headers: &HeaderMap) -> Wording {
    Wording(asked(headers))
}

/// The value of the header that keeps a choice for a year.
pub(crate) fn cookie(lang: Lang) -> String {
    format!("{COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax", lang.tag())
}

/// The language of a tag; nothing for others than ours.
pub(crate) fn of_tag(tag: &str) -> Option<Lang> {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    match primary.trim().to_ascii_lowercase().as_str() {
        "ja" => Some(Lang::Ja),
        "en" => Some(Lang::En),
        _ => None,
    }
}

fn asked(headers: &HeaderMap) -> Lang {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let chosen = text(header::COOKIE).split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then(|| of_tag(value))?
    });
    chosen.or_else(|| preferred(text(header::ACCEPT_LANGUAGE))).unwrap_or(Lang::En)
}

/// The language of ours with the highest weight in an `Accept-Language` (RFC 9110 section 12.5.4).
fn preferred(header: &str) -> Option<Lang> {
    let mut best: Option<(f64, Lang)> = None;
    for range in header.split(',').take(32) {
        let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
        let weight: f64 =
            weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse().ok()).unwrap_or(1.0);
        if let Some(lang) = of_tag(tag)
            && weight > 0.0
            && best.is_none_or(|(most, _)| weight > most)
        {
            best = Some((weight, lang));
        }
    }
    best.map(|(_, lang)| lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_preference_decides_unless_the_person_chose() {
        assert_eq!(preferred("ja,en-US;q=0.9"), Some(Lang::Ja));
        assert_eq!(preferred("fr-FR, en;q=0.3, ja;q=0.5"), Some(Lang::Ja));
        assert_eq!(preferred("fr, ja;q=0"), None);
        assert_eq!(preferred(""), None);
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, "ja".parse().unwrap());
        assert_eq!(asked(&headers), Lang::Ja);
        headers.insert(header::COOKIE, "x=1; lang=en".parse().unwrap());
        assert_eq!(asked(&headers), Lang::En);
    }
}
