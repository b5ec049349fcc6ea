//! What we believe: data files in `knowledge/`, embedded when built, replaceable at run time.
//!
//! One file per thing, the file's stem is its id, English and Japanese side by side. Each kind of thing has a
//! folder of that name, a schema here (`deny_unknown_fields`) and checks over the whole set.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::de::DeserializeOwned;

use crate::diagnosis::Model;
use crate::intake::{Compiled, Taught};
use crate::step::tables::Tables;

pub use self::action::{Action, ActionKind, Risk, Steps, Variant, Who};
pub use self::answer::Answer;
pub use self::apple::{AppleHost, ApplePurpose, apple_purposes};
pub use self::care::{Care, Entry};
pub use self::cause::{Cause, Fix};
pub use self::check::{CHECKS, Check, Stated, Whole};
pub use self::checklist::{Checklist, Every, Importance, Item, Occasion};
pub use self::client_error::{ClientErrors, KnownMessage};
pub use self::coverage::{Claim, Coverage, Row};
pub use self::flow::{Flow, FlowState, FlowStateKind, Transition};
pub use self::interceptor::{Interceptor, InterceptorKind, interceptor};
pub use self::phrase::{Context, Forms, Phrase, Topic};
pub use self::problem::Problem;
pub use self::provider::{Auth, Protocol, Provider, Providers, Quirk, Security, Server, UserName};
pub use self::question::{Choice, Question, STRONGEST_RATIO};
pub use self::reply::{Classified, Group, Kind, Match, Replies, Reply, Said, Side, Specificity};
pub use self::signature::{Pair, Pairs, Scope, Signature, SignatureGroup};
pub use self::situation::{Only, Situation};
pub use self::status::{Covers, StatusFeed, StatusFormat, status_feeds};
pub use self::symptom::Symptom;
pub use self::taxonomy::{CauseEntry, Taxonomy};
pub use self::text::{Lang, Text};
pub use self::variable::{Outcome, State, Variable};

mod action;
mod answer;
mod apple;
mod care;
mod cause;
mod check;
mod checklist;
mod client_error;
mod coverage;
mod flow;
mod interceptor;
mod phrase;
mod problem;
mod provider;
mod question;
mod reply;
mod signature;
mod situation;
mod status;
mod symptom;
mod taxonomy;
mod text;
mod variable;

/// Everything we believe, parsed and indexed by id.
#[derive(Debug)]
pub struct Knowledge {
    /// The closed vocabulary of causes, symptoms, services, devices and clients.
    pub taxonomy: Taxonomy,
    /// What can be observed, with its outcomes and their sentences.
    pub variables: BTreeMap<String, Variable>,
    /// The causes: how common, explained, and what fixes them.
    pub causes: BTreeMap<String, Cause>,
    /// Priors and signatures, made ready for the diagnosis.
    pub model: Model,
    later: Later,
}

/// A path relative to `knowledge/`, and the text. What is built in is not copied.
type File = (Cow<'static, str>, Cow<'static, str>);

/// The folders that are parsed only when they are first asked for: the large ones, of which many runs need none.
#[derive(Debug, Default)]
struct Later {
    /// Whether the files are those that are built in, so that their words are compiled already.
    built_in: bool,
    files: Vec<File>,
    apple: OnceLock<BTreeMap<String, ApplePurpose>>,
    interceptors: OnceLock<BTreeMap<String, Interceptor>>,
    care: OnceLock<Care>,
    providers: OnceLock<Providers>,
    replies: OnceLock<Replies>,
    status: OnceLock<BTreeMap<String, StatusFeed>>,
    tables: OnceLock<Tables>,
    words: OnceLock<Words>,
}

/// What we know of the words people and programs use.
#[derive(Debug)]
pub struct Words {
    /// What the user sees.
    pub symptoms: BTreeMap<String, Symptom>,
    /// How people say it, by topic.
    pub phrases: BTreeMap<String, Topic>,
    /// What clients say, by client.
    pub client_errors: BTreeMap<String, ClientErrors>,
    /// What the words of the complaints in `corpus` say, as written by `intake::Taught::show`.
    pub learned: Taught,
    /// Symptoms, phrases and messages, compiled for [`crate::intake`] when first needed.
    pub compiled: Compiled,
}

impl Words {
    fn new(files: &[File], problems: &mut Vec<Problem>) -> Self {
        Self {
            symptoms: folder(files, "symptoms", problems),
            phrases: folder(files, "phrases", problems),
            client_errors: folder(files, "client_errors", problems),
            learned: Taught::read(|name| {
                let file = files.iter().find(|(path, _)| *path == name);
                file.map(|(_, text)| text.as_bytes().to_vec().into())
            }),
            compiled: Compiled::default(),
        }
    }
}

impl Knowledge {
    /// The knowledge that is built in: what [`embedded`] holds, read quickly.
    ///
    /// # Errors
    ///
    /// Every problem, as [`Knowledge::load`] tells it.
    pub fn built_in() -> Result<Self, Vec<Problem>> {
        let mut files: Vec<File> = COMPACT.iter().map(|&(path, text)| (path.into(), text.into())).collect();
        let rows = EMBEDDED.get_file(coverage::FILE).and_then(include_dir::File::contents_utf8);
        files.extend(rows.map(|text| (coverage::FILE.into(), text.into())));
        let mut knowledge = Self::of(&files)?;
        knowledge.later.built_in = true;
        Ok(knowledge)
    }

    /// Parses knowledge from pairs of path (relative to `knowledge/`, with `/`) and text; every problem is told.
    ///
    /// What is `NAME.toml` may also be there as `NAME.json`, with the same values.
    pub fn load(files: &[(String, String)]) -> Result<Self, Vec<Problem>> {
        let owned = files.iter().map(|(path, text)| (path.clone().into(), text.clone().into()));
        Self::of(&owned.collect::<Vec<File>>())
    }

    fn of(files: &[File]) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let taxonomy = single(files, "taxonomy.toml", &mut problems);
        let mut variables: BTreeMap<String, Variable> = folder(files, "variables", &mut problems);
        variable::extend(&mut variables, &mut problems);
        let signatures: BTreeMap<String, SignatureGroup> = folder(files, "signatures", &mut problems);
        let causes: BTreeMap<String, Cause> = folder(files, "causes", &mut problems);
        let prior = |id: &String| causes.get(id).map_or(PRIOR_UNDESCRIBED, |cause| cause.prior);
        let priors: BTreeMap<String, f64> = taxonomy
            .iter()
            .flat_map(|t: &Taxonomy| t.cause.keys())
            .map(|id| (id.clone(), prior(id)))
            .collect();
        let pairs: Pairs = single(files, "pairs.toml", &mut problems).unwrap_or_default();
        let model = Model::new(&priors, &pairs.pair, &signatures, &mut problems);
        match taxonomy {
            Some(taxonomy) if problems.is_empty() => {
                let later = Later { files: later(files), ..Later::default() };
                Ok(Self { taxonomy, variables, causes, model, later })
            }
            _ => Err(problems),
        }
    }

    /// What is wrong with the files that [`Knowledge::load`] left for later; for knowledge from outside.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let stated = self.stated(&mut problems);
        let care = Care::read(&self.later.files, &mut problems);
        let rows = self.rows(&mut problems);
        let claims = self.claims(&care);
        let Self { taxonomy, variables, causes, model, .. } = self;
        let facts = model.fact_texts().collect();
        let whole = Whole {
            taxonomy,
            variables,
            facts: &facts,
            causes,
            care: &care,
            rows: &rows,
            claims: &claims,
            stated: &stated,
        };
        problems.extend(check::check(&whole));
        Words::new(&self.later.files, &mut problems);
        problems.extend(crate::intake::problems(self));
        problems
    }

    /// Where the files of facts say that their facts come from.
    fn stated(&self, problems: &mut Vec<Problem>) -> Vec<Stated> {
        let files = &self.later.files;
        let mut stated = Vec::new();
        let mut state = |path: String, checked: Option<String>, sources: Vec<String>| {
            stated.push(Stated { path, checked, sources });
        };
        for (id, purpose) in folder::<ApplePurpose>(files, "apple", problems) {
            let sources = purpose.host.into_iter().map(|host| host.source).collect();
            state(format!("apple/{id}.toml"), purpose.checked, sources);
        }
        for (id, product) in folder::<Interceptor>(files, "interceptors", problems) {
            state(format!("interceptors/{id}.toml"), product.checked, vec![product.source]);
        }
        for (id, provider) in folder::<Provider>(files, "providers", problems) {
            let quirks = provider.quirk.into_iter().map(|quirk| quirk.source);
            let servers = provider.server.into_iter().map(|server| server.source);
            let sources = quirks.chain(servers).chain([provider.source]).collect();
            state(format!("providers/{id}.toml"), provider.checked, sources);
        }
        for (id, feed) in folder::<StatusFeed>(files, "status", problems) {
            state(format!("status/{id}.toml"), feed.checked, vec![feed.source]);
        }
        for (id, group) in folder::<Group>(files, "replies", problems) {
            let sources = group.reply.into_iter().map(|reply| reply.source).collect();
            state(format!("replies/{id}.toml"), group.checked, sources);
        }
        for (id, client) in folder::<ClientErrors>(files, "client_errors", problems) {
            let whole = client.source.join("; ");
            let source = |of: Vec<String>| if of.is_empty() { whole.clone() } else { of.join("; ") };
            let sources = client.message.into_iter().map(|message| source(message.source)).collect();
            state(format!("client_errors/{id}.toml"), client.checked, sources);
        }
        stated
    }

    /// What the files say that they serve.
    fn claims<'a>(&'a self, care: &'a Care) -> Vec<Claim<'a>> {
        let entries = care.entries(&self.causes).into_iter();
        let mut claims: Vec<Claim<'a>> =
            entries.map(|entry| Claim { path: entry.path, covers: entry.covers }).collect();
        claims.extend(
            self.words()
                .symptoms
                .iter()
                .map(|(id, symptom)| Claim { path: format!("symptoms/{id}.toml"), covers: &symptom.covers }),
        );
        for (id, client) in &self.words().client_errors {
            claims.extend(
                client.message.iter().map(|message| Claim {
                    path: format!("client_errors/{id}.toml"),
                    covers: &message.covers,
                }),
            );
        }
        claims
    }

    /// What can be done and asked. A file that cannot be read is left out; [`Knowledge::check`] tells of it.
    pub fn care(&self) -> &Care {
        self.later.care.get_or_init(|| Care::read(&self.later.files, &mut Vec::new()))
    }

    /// Questions and fixes as numbers, made when first needed.
    pub(crate) fn tables(&self) -> &Tables {
        self.later.tables.get_or_init(|| Tables::new(self.care(), &self.causes, self.model.causes()))
    }

    /// Which rows of `coverage.tsv` are served, and by what.
    pub fn coverage(&self) -> Coverage {
        coverage::coverage(&self.rows(&mut Vec::new()), &self.claims(self.care()))
    }

    /// What Apple devices must reach, by purpose. A file that cannot be read is left out, see [`Knowledge::check`].
    pub fn apple(&self) -> &BTreeMap<String, ApplePurpose> {
        self.later.apple.get_or_init(|| folder(&self.later.files, "apple", &mut Vec::new()))
    }

    /// Products that replace certificates. A file that cannot be read is left out, see [`Knowledge::check`].
    pub fn interceptors(&self) -> &BTreeMap<String, Interceptor> {
        self.later.interceptors.get_or_init(|| folder(&self.later.files, "interceptors", &mut Vec::new()))
    }

    /// Status pages. A file that cannot be read is left out, see [`Knowledge::check`].
    pub fn status(&self) -> &BTreeMap<String, StatusFeed> {
        self.later.status.get_or_init(|| folder(&self.later.files, "status", &mut Vec::new()))
    }

    /// The mail providers. A file that cannot be read is left out; [`Knowledge::check`] tells of it.
    pub fn providers(&self) -> &Providers {
        let files = &self.later.files;
        self.later.providers.get_or_init(|| Providers::new(folder(files, "providers", &mut Vec::new())))
    }

    /// The words people and programs use. A file that cannot be read is left out; [`Knowledge::check`] tells of it.
    pub fn words(&self) -> &Words {
        self.later.words.get_or_init(|| {
            let mut words = Words::new(&self.later.files, &mut Vec::new());
            if self.later.built_in {
                words.compiled = Compiled::built_in();
                words.learned =
                    Taught::built_in(|name| EMBEDDED.get_file(name).map(include_dir::File::contents));
            }
            words
        })
    }

    /// What servers say when they refuse. A file that cannot be read is left out; [`Knowledge::check`] tells of it.
    pub fn replies(&self) -> &Replies {
        let files = &self.later.files;
        self.later.replies.get_or_init(|| Replies::new(folder(files, "replies", &mut Vec::new())))
    }

    fn rows(&self, problems: &mut Vec<Problem>) -> Vec<Row> {
        let text = self.later.files.iter().find(|(path, _)| *path == coverage::FILE);
        text.map(|(_, text)| coverage::rows(text, problems)).unwrap_or_default()
    }
}

/// The prior of a cause of the taxonomy that no file describes yet, per 1000 troubles.
const PRIOR_UNDESCRIBED: f64 = 10.0;

/// The files whose folders are parsed only when they are first asked for.
fn later(files: &[File]) -> Vec<File> {
    let mut starts = vec![
        "apple/",
        "interceptors/",
        "providers/",
        "replies/",
        "status/",
        "symptoms/",
        "phrases/",
        "client_errors/",
        coverage::FILE,
    ];
    starts.extend(Taught::PATHS);
    starts.extend(care::FOLDERS);
    files.iter().filter(|(path, _)| starts.iter().any(|start| path.starts_with(start))).cloned().collect()
}

/// The files of one folder, by their stems.
fn folder<T: DeserializeOwned>(
    files: &[File],
    name: &str,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, T> {
    let mut things = BTreeMap::new();
    for (path, text) in files {
        let Some(stem) = path.strip_prefix(name).and_then(|path| stem(path.strip_prefix('/')?)) else {
            continue;
        };
        match parse(path, text) {
            Ok(thing) => {
                things.insert(stem.to_owned(), thing);
            }
            Err(what) => problems.push(Problem { path: path.to_string(), what }),
        }
    }
    things
}

/// The name of a file without its ending, where it is one of ours.
fn stem(path: &str) -> Option<&str> {
    path.strip_suffix(".toml").or_else(|| path.strip_suffix(".json"))
}

/// Reads a file in the notation that its name tells.
fn parse<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, String> {
    if path.strip_suffix(".json").is_some() {
        serde_json::from_str(text).map_err(|error| error.to_string())
    } else {
        toml::from_str(text).map_err(|error| error.to_string())
    }
}

/// One file that must be there.
fn single<T: DeserializeOwned>(files: &[File], name: &str, problems: &mut Vec<Problem>) -> Option<T> {
    let Some((path, text)) = files.iter().find(|(path, _)| stem(path) == stem(name)) else {
        problems.push(Problem { path: name.to_owned(), what: "is missing".to_owned() });
        return None;
    };
    parse(path, text).map_err(|what| problems.push(Problem { path: path.to_string(), what })).ok()
}

/// The embedded knowledge files: pairs of path (relative to `knowledge/`, with `/`) and text, sorted.
pub fn embedded() -> Vec<(String, String)> {
    let mut files = Vec::new();
    collect(&EMBEDDED, &mut files);
    files.sort();
    files
}

fn collect(dir: &include_dir::Dir<'_>, files: &mut Vec<(String, String)>) {
    for file in dir.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        if let Some(text) = file.contents_utf8() {
            files.push((path, text.to_owned()));
        }
    }
    for inner in dir.dirs() {
        collect(inner, files);
    }
}

static EMBEDDED: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../../knowledge");

/// The embedded TOML files as JSON, which is read several times faster; written by `build.rs`.
static COMPACT: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/knowledge.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that is known, in words.
    fn told(knowledge: &Knowledge) -> Vec<String> {
        let Knowledge { taxonomy, variables, causes, model, later: _ } = knowledge;
        let words = knowledge.words();
        vec![
            format!("{taxonomy:?}"),
            format!("{variables:?}"),
            format!("{causes:?}"),
            format!("{model:?}"),
            format!("{:?}", knowledge.apple()),
            format!("{:?}", knowledge.interceptors()),
            format!("{:?}", knowledge.care()),
            format!("{:?}", knowledge.providers()),
            format!("{:?}", knowledge.replies()),
            format!("{:?}", knowledge.status()),
            format!("{:?}", (&words.symptoms, &words.phrases, &words.client_errors, &words.learned)),
            format!("{:?}", knowledge.coverage()),
        ]
    }

    #[test]
    fn what_is_built_in_is_what_the_files_say() {
        let (built_in, files) = (Knowledge::built_in().unwrap(), Knowledge::load(&embedded()).unwrap());
        for (quick, slow) in told(&built_in).iter().zip(&told(&files)) {
            assert!(quick == slow, "{quick:.300}\n{slow:.300}");
        }
        assert_eq!(built_in.check(), []);
    }

    #[test]
    fn the_embedded_knowledge_loads() {
        let knowledge = Knowledge::load(&embedded()).unwrap();
        assert!(knowledge.taxonomy.cause.contains_key("cert_expired"));
        assert_eq!(knowledge.check(), []);
        assert!(knowledge.variables["pop"].outcomes.contains_key("cert_expired"));
    }
}
