//! The guide: everything that is known of messages, causes and fixes, as pages to read and to search.
//!
//! Pure: knowledge goes in, pages come out. The same pages are files that work from a disk ([`Guide::files`]) and are shown
//! by the server; only where the style sheet is and where a case begins differs ([`Home`]). Every symptom, cause, action,
//! program, provider, flow and checklist has a page of its id, everything smaller an anchor ([`Topic`]).

use std::collections::BTreeSet;

use askama::Template;
use naosu_core::knowledge::{Knowledge, Lang};

pub use self::topic::Topic;

use self::frame::Frame;

mod action;
mod cause;
mod client;
mod course;
mod frame;
mod front;
mod lists;
mod provider;
mod replies;
mod search;
mod shown;
mod symptom;
mod topic;

/// The style sheet of these pages and of the server's.
pub const STYLE: &str = include_str!("../assets/style.css");

/// The languages of the guide.
pub const LANGUAGES: [Lang; 2] = [Lang::En, Lang::Ja];

/// Where the pages are.
#[derive(Clone, Debug)]
pub enum Home {
    /// Files in a folder.
    Files {
        /// The address at which the folder will be found, ending in `/`, where it is known.
        base_url: Option<String>,
    },
    /// Pages of the server.
    Server {
        /// The address of the guide, ending in `/`.
        base_url: String,
        /// The path of the style sheet.
        style: String,
    },
}

/// The guide to a knowledge.
#[derive(Debug)]
pub struct Guide<'a> {
    knowledge: &'a Knowledge,
    home: Home,
}

/// The first page of the files: it leads to either language.
#[derive(Template)]
#[template(path = "guide/languages.html")]
struct LanguagesPage;

/// All addresses, for search engines (sitemaps.org, with the languages of each page).
#[derive(Template)]
#[template(path = "guide/sitemap.xml")]
struct Sitemap<'a> {
    base: &'a str,
    paths: BTreeSet<String>,
}

impl<'a> Guide<'a> {
    /// The guide to a knowledge, to be shown there.
    pub fn new(knowledge: &'a Knowledge, home: Home) -> Self {
        Self { knowledge, home }
    }

    /// What there is a page about, in every language.
    pub fn topics(&self) -> Vec<Topic<'a>> {
        Topic::all(self.knowledge)
    }

    /// The page about that.
    ///
    /// # Errors
    /// When a template cannot be filled, which is a mistake of ours.
    pub fn page(&self, topic: Topic<'a>, lang: Lang) -> askama::Result<String> {
        let frame = Frame::new(self.knowledge, &self.home, topic, lang);
        match topic {
            Topic::Front => front::page(frame),
            Topic::Symptom(id) => symptom::page(frame, id),
            Topic::Cause(id) => cause::page(frame, id),
            Topic::Action(id) => action::page(frame, id),
            Topic::Client(id) => client::page(frame, id),
            Topic::Replies(id) => replies::page(frame, id),
            Topic::Provider(id) => provider::page(frame, id),
            Topic::Flow(id) => course::flow(frame, id),
            Topic::Checklist(id) => course::checklist(frame, id),
            Topic::Messages => lists::messages(frame),
            Topic::Causes => lists::causes(frame),
            Topic::Actions => lists::actions(frame),
            Topic::Providers => lists::providers(frame),
            Topic::Answers => course::answers(frame),
            Topic::Corrections => course::corrections(frame),
        }
    }

    /// What the guide has about somebody's words, best first.
    ///
    /// # Errors
    /// When a template cannot be filled, which is a mistake of ours.
    pub fn search(&self, words: &'a str, lang: Lang) -> askama::Result<String> {
        search::page(Frame::new(self.knowledge, &self.home, Topic::Front, lang), words)
    }

    /// All files, as path and text.
    ///
    /// # Errors
    /// When a template cannot be filled, which is a mistake of ours.
    pub fn files(&self) -> askama::Result<Vec<(String, String)>> {
        let topics = self.topics();
        let mut files = vec![
            ("index.html".to_owned(), LanguagesPage.render()?),
            ("style.css".to_owned(), STYLE.to_owned()),
        ];
        if let Home::Files { base_url: Some(base) } = &self.home {
            let paths = topics.iter().map(Topic::path).collect();
            files.push(("sitemap.xml".to_owned(), Sitemap { base, paths }.render()?));
        }
        for lang in LANGUAGES {
            for topic in &topics {
                files.push((format!("{}/{}", lang.tag(), topic.path()), self.page(*topic, lang)?));
            }
        }
        Ok(files)
    }
}
