//! What can be done: on a page of its own, and among the fixes of a cause.

use askama::Template;
use naosu_core::knowledge::{Action, ActionKind, Fix, Lang, Risk, Variant, Who};
use naosu_core::name::name;
use naosu_core::sentence::variable_name;

use super::Topic;
use super::frame::{Frame, Link};
use super::shown::{Sources, observation};
use crate::{pick, said};

#[derive(Template)]
#[template(path = "guide/action.html")]
struct ActionPage<'a> {
    f: Frame<'a>,
    remedy: Remedy,
    against: Vec<Link>,
    sources: Sources,
}

/// Something to do, as it is shown.
pub(super) struct Remedy {
    pub(super) id: String,
    pub(super) title: Link,
    /// Time, waiting, and whose task it is.
    pub(super) facts: Vec<String>,
    pub(super) why: String,
    /// Where it can be done at all.
    pub(super) only: Option<String>,
    /// What must or must not have been measured for it.
    pub(super) when: Vec<String>,
    pub(super) unless: Vec<String>,
    pub(super) risk: Option<&'static str>,
    pub(super) grave: bool,
    pub(super) warning: Option<String>,
    pub(super) requires: Vec<Link>,
    /// The ways to do it: for whom, and the steps; the general one first.
    pub(super) ways: Vec<Way>,
    /// What is measured again, and what is asked, to see whether it has helped.
    pub(super) measured: Option<String>,
    pub(super) asked: Option<String>,
    pub(super) correction: Option<String>,
}

/// One way to do something.
pub(super) struct Way {
    pub(super) whose: String,
    pub(super) steps: Vec<String>,
}

/// The page of an action.
pub(super) fn page<'a>(frame: Frame<'a>, id: &'a str) -> askama::Result<String> {
    let knowledge = frame.knowledge;
    let Some(action) = knowledge.care().actions.get(id) else { return Ok(String::new()) };
    let lang = frame.lang;
    let helped = knowledge.causes.iter().filter(|(_, cause)| cause.fixes.iter().any(|fix| fix.action == id));
    let mut helped: Vec<_> = helped.collect();
    helped.sort_by(|a, b| b.1.prior.total_cmp(&a.1.prior));
    let against = helped.into_iter().map(|(id, _)| frame.cause(id)).collect();
    let actions = frame.pick("What to do", "直し方");
    let frame = frame.named(action.title.get(lang), action.why.get(lang)).of(Topic::Actions, actions);
    let remedy = Remedy::new(&frame, id, action, None);
    let sources = Sources::new(&frame, &action.sources, Some(&action.checked));
    ActionPage { f: frame, remedy, against, sources }.render()
}

impl Remedy {
    /// An action, as a fix of a cause where it is shown as one.
    pub(super) fn new(frame: &Frame<'_>, id: &str, action: &Action, fix: Option<&Fix>) -> Self {
        let (knowledge, lang) = (frame.knowledge, frame.lang);
        let seen = |list: &[String]| -> Vec<String> {
            let mut sentences: Vec<String> =
                list.iter().filter_map(|fact| observation(knowledge, fact, lang)).collect();
            sentences.dedup();
            sentences
        };
        let names: Vec<&str> =
            action.verify.iter().map(|variable| variable_name(knowledge, variable, lang)).collect();
        let question = action.verify_question.as_ref().and_then(|id| knowledge.care().questions.get(id));
        let mut ways: Vec<&Variant> = action.instructions.iter().collect();
        ways.sort_by_key(|way| !way.is_generic());
        let only = &action.only;
        let only = frame.names(only.device.iter().chain(&only.client).chain(&only.service));
        Self {
            id: id.to_owned(),
            title: frame.link(Topic::Action(id), action.title.get(lang)),
            facts: facts(action, lang),
            why: action.why.get(lang).to_owned(),
            only: Some(only).filter(|names| !names.is_empty()),
            when: fix.map_or_else(Vec::new, |fix| seen(&fix.when)),
            unless: fix.map_or_else(Vec::new, |fix| seen(&fix.unless)),
            risk: said::risk(action.risk, lang),
            grave: action.risk >= Risk::LosesSettings,
            warning: action.warning.as_ref().map(|text| text.get(lang).to_owned()),
            requires: action.requires.iter().filter_map(|id| frame.action(id)).collect(),
            ways: ways.into_iter().map(|way| Way::new(way, lang)).collect(),
            measured: (!names.is_empty()).then(|| names.join(frame.pick(", ", "、"))),
            asked: question.map(|question| question.text.get(lang).to_owned()),
            correction: action.correction.as_ref().map(|text| text.get(lang).to_owned()),
        }
    }
}

impl Way {
    fn new(variant: &Variant, lang: Lang) -> Self {
        let named = |ids: &[String]| {
            let known = ids.iter().filter(|id| *id != "unknown").map(|id| name(id, lang));
            known.collect::<Vec<_>>().join(pick(lang, ", ", "、"))
        };
        let mut whose = [named(&variant.device), named(&variant.client), named(&variant.service)]
            .into_iter()
            .filter(|names| !names.is_empty())
            .collect::<Vec<_>>()
            .join(" · ");
        if whose.is_empty() {
            pick(lang, "On any device", "どの端末でも").clone_into(&mut whose);
        }
        if let Some(os) = &variant.os {
            whose.push_str(&pick(lang, format!(" ({os})"), format!("({os})")));
        }
        Self { whose, steps: variant.told(lang) }
    }
}

fn facts(action: &Action, lang: Lang) -> Vec<String> {
    let mut facts = Vec::new();
    match action.kind {
        ActionKind::Action => {}
        ActionKind::Escalation => facts.push(pick(lang, "ask for help", "相談する").to_owned()),
        ActionKind::Wait => facts.push(pick(lang, "wait", "待つ").to_owned()),
    }
    if action.kind != ActionKind::Wait {
        facts.push(said::minutes(action.minutes, lang));
    }
    if action.wait_minutes > 0.0 {
        let wait = said::minutes(action.wait_minutes, lang);
        facts.push(pick(lang, format!("then {wait} of waiting"), format!("ほかに待ち時間が{wait}")));
    }
    let who = match action.who {
        Who::Person => None,
        Who::Helper => Some(pick(lang, "best with somebody who knows computers", "詳しい人と一緒に")),
        Who::DomainAdmin => {
            Some(pick(lang, "for whoever runs the mail domain", "メールのドメインの管理者が行う"))
        }
        Who::Provider => Some(pick(lang, "the provider's task", "提供元が行う")),
    };
    facts.extend(who.map(str::to_owned));
    facts
}
