//! What every page of the guide has around it, and how it leads to the others.

use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::name::name;

use super::topic::fragment;
use super::{Home, LANGUAGES, Topic};
use crate::said;

/// The frame of a page: whose language it speaks, and from where its links go out.
pub(super) struct Frame<'a> {
    pub(super) knowledge: &'a Knowledge,
    home: &'a Home,
    topic: Topic<'a>,
    pub(super) lang: Lang,
    /// What the page is called.
    pub(super) title: String,
    /// What search engines show under that.
    pub(super) description: String,
    /// The list that the page is in.
    pub(super) within: Option<Link>,
    /// Whether it is an answer to somebody's words: no page of the guide, at an address of its own.
    pub(super) answer: bool,
    /// The words that are searched for.
    pub(super) words: &'a str,
}

/// A link with its text.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Link {
    pub(super) text: String,
    pub(super) href: String,
}

impl<'a> Frame<'a> {
    pub(super) fn new(knowledge: &'a Knowledge, home: &'a Home, topic: Topic<'a>, lang: Lang) -> Self {
        Self {
            knowledge,
            home,
            topic,
            lang,
            title: String::new(),
            description: String::new(),
            within: None,
            answer: false,
            words: "",
        }
    }

    /// The same with what the page is called and what it says in a sentence.
    pub(super) fn named(mut self, title: impl Into<String>, description: impl Into<String>) -> Self {
        self.title = title.into();
        self.description = description.into();
        self
    }

    /// The same as a part of a list.
    pub(super) fn of(mut self, list: Topic<'a>, text: &str) -> Self {
        self.within = Some(self.link(list, text));
        self
    }

    /// The text of its language.
    pub(super) fn pick<'t>(&self, en: &'t str, ja: &'t str) -> &'t str {
        crate::pick(self.lang, en, ja)
    }

    pub(super) fn tag(&self) -> &'static str {
        self.lang.tag()
    }

    /// The other language's tag.
    pub(super) fn other_tag(&self) -> &'static str {
        self.pick("ja", "en")
    }

    /// The way to another page.
    pub(super) fn to(&self, topic: Topic<'_>) -> String {
        if self.answer {
            return format!("/guide/{}/{}", self.tag(), topic.path());
        }
        format!("{}{}", self.topic.up(), topic.path())
    }

    pub(super) fn link(&self, topic: Topic<'_>, text: impl Into<String>) -> Link {
        Link { text: text.into(), href: self.to(topic) }
    }

    /// The way to a part of another page.
    pub(super) fn part(&self, topic: Topic<'_>, anchor: &str, text: impl Into<String>) -> Link {
        Link { text: text.into(), href: self.to(topic) + &fragment(anchor) }
    }

    /// The same page in the other language.
    pub(super) fn in_other(&self) -> String {
        if self.answer {
            return format!("/guide/{}/index.html", self.other_tag());
        }
        format!("{}../{}/{}", self.topic.up(), self.other_tag(), self.topic.path())
    }

    pub(super) fn style(&self) -> String {
        match self.home {
            Home::Files { .. } => format!("{}../style.css", self.topic.up()),
            Home::Server { style, .. } => style.clone(),
        }
    }

    pub(super) fn on_server(&self) -> bool {
        matches!(self.home, Home::Server { .. })
    }

    /// Where a case begins: on the server its first page, else how to run Naosu.
    pub(super) fn start(&self) -> String {
        if self.on_server() { "/".to_owned() } else { self.to(Topic::Front) + "#naosu" }
    }

    /// Where the name at the top leads: to the first page of the server, or of the guide.
    pub(super) fn home(&self) -> String {
        if self.on_server() { "/".to_owned() } else { self.front() }
    }

    /// The way to the guide's first page.
    pub(super) fn front(&self) -> String {
        self.to(Topic::Front)
    }

    /// The way to the list of all messages.
    pub(super) fn messages(&self) -> String {
        self.to(Topic::Messages)
    }

    /// Whether the page says itself where a case begins.
    pub(super) fn says_start(&self) -> bool {
        self.topic == Topic::Front && !self.on_server()
    }

    /// Whether the page is one below the guide's first page.
    pub(super) fn has_trail(&self) -> bool {
        self.topic != Topic::Front || self.answer
    }

    /// The page's own address, where it is known.
    pub(super) fn canonical(&self) -> Option<String> {
        self.address(self.lang)
    }

    /// The page in each language, for search engines.
    pub(super) fn alternates(&self) -> Vec<(&'static str, String)> {
        let all = LANGUAGES.into_iter().filter_map(|lang| Some((lang.tag(), self.address(lang)?)));
        all.collect()
    }

    fn address(&self, lang: Lang) -> Option<String> {
        let (Home::Files { base_url: Some(base) } | Home::Server { base_url: base, .. }) = self.home else {
            return None;
        };
        (!self.answer).then(|| format!("{base}{}/{}", lang.tag(), self.topic.path()))
    }

    /// The way to a cause.
    pub(super) fn cause(&self, id: &str) -> Link {
        self.link(Topic::Cause(id), said::cause_name(self.knowledge, id, self.lang))
    }

    /// The way to an action, where there is one of that id.
    pub(super) fn action(&self, id: &str) -> Option<Link> {
        let action = self.knowledge.care().actions.get(id)?;
        Some(self.link(Topic::Action(id), action.title.get(self.lang)))
    }

    /// The way to a symptom, where there is one of that id.
    pub(super) fn symptom(&self, id: &str) -> Option<Link> {
        let symptom = self.knowledge.words().symptoms.get(id)?;
        Some(self.link(Topic::Symptom(id), symptom.name.get(self.lang)))
    }

    /// Names of devices, programs or services, in one line.
    pub(super) fn names<'s>(&self, ids: impl IntoIterator<Item = &'s String>) -> String {
        let known = ids.into_iter().filter(|id| *id != "unknown").map(|id| name(id, self.lang));
        known.collect::<Vec<_>>().join(self.pick(", ", "、"))
    }
}
