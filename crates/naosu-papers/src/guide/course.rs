//! What goes over several things: flows, checklists, short answers, and corrections of old advice.

use askama::Template;
use naosu_core::knowledge::{Action, Checklist, Flow, FlowState, FlowStateKind, Importance, Item};

use super::Topic;
use super::frame::{Frame, Link};
use super::shown::Sources;
use super::topic::anchor;
use crate::said;

#[derive(Template)]
#[template(path = "guide/flow.html")]
struct FlowPage<'a> {
    f: Frame<'a>,
    causes: Vec<Link>,
    correction: Option<&'a str>,
    stages: Vec<Stage<'a>>,
    sources: Sources,
}

/// A state of a flow.
struct Stage<'a> {
    anchor: String,
    kind: &'static str,
    title: &'a str,
    time: Option<String>,
    steps: &'a [String],
    actions: Vec<Link>,
    flow: Option<Link>,
    next: Vec<(&'a str, Link)>,
}

/// The page of a flow.
pub(super) fn flow<'a>(frame: Frame<'a>, id: &'a str) -> askama::Result<String> {
    let Some(flow) = frame.knowledge.care().flows.get(id) else { return Ok(String::new()) };
    let lang = frame.lang;
    let title = flow.title.get(lang);
    let description = crate::pick(
        lang,
        format!("{title}: step by step, with the waits and the ways out."),
        format!("{title}: 順番、待ち時間、分かれ道をまとめました。"),
    );
    let frame = frame.named(title, description);
    FlowPage {
        causes: flow.causes.iter().map(|id| frame.cause(id)).collect(),
        correction: flow.correction.as_ref().map(|text| text.get(lang)),
        stages: in_order(flow).into_iter().map(|(id, state)| Stage::new(&frame, flow, id, state)).collect(),
        sources: Sources::new(&frame, &flow.sources, Some(&flow.checked)),
        f: frame,
    }
    .render()
}

/// The states as they are come to: the beginning first, and after each those that follow it; at the end what nothing
/// leads to.
fn in_order(flow: &Flow) -> Vec<(&str, &FlowState)> {
    let mut order: Vec<(&str, &FlowState)> = Vec::new();
    let mut coming = std::collections::VecDeque::from([flow.start.as_str()]);
    while let Some(id) = coming.pop_front() {
        if order.iter().any(|(known, _)| *known == id) {
            continue;
        }
        let Some((id, state)) = flow.states.get_key_value(id) else { continue };
        order.push((id, state));
        coming.extend(state.next.iter().map(|way| way.to.as_str()));
    }
    for (id, state) in &flow.states {
        if !order.iter().any(|(known, _)| known == id) {
            order.push((id, state));
        }
    }
    order
}

impl<'a> Stage<'a> {
    fn new(frame: &Frame<'_>, flow: &'a Flow, id: &str, state: &'a FlowState) -> Self {
        let lang = frame.lang;
        let to = |id: &str| {
            let title = flow.states.get(id).map_or(id, |state| state.title.get(lang));
            Link { text: title.to_owned(), href: super::topic::fragment(id) }
        };
        let handed = |id: &String| {
            let flow = frame.knowledge.care().flows.get(id)?;
            Some(frame.link(Topic::Flow(id), flow.title.get(lang)))
        };
        Self {
            anchor: anchor(id),
            kind: match state.kind {
                FlowStateKind::Choice => crate::pick(lang, "Decide", "分かれ道"),
                FlowStateKind::Done => crate::pick(lang, "Done", "完了"),
                FlowStateKind::HandOver => crate::pick(lang, "Goes on elsewhere", "引き継ぎ"),
                FlowStateKind::Task => crate::pick(lang, "Do", "すること"),
                FlowStateKind::Wait => crate::pick(lang, "Wait", "待つ"),
            },
            title: state.title.get(lang),
            time: time(frame, state),
            steps: state.steps.get(lang),
            actions: state.actions.iter().filter_map(|id| frame.action(id)).collect(),
            flow: state.flow.as_ref().and_then(handed),
            next: state.next.iter().map(|way| (way.when.get(lang), to(&way.to))).collect(),
        }
    }
}

fn time(frame: &Frame<'_>, state: &FlowState) -> Option<String> {
    let minutes = |minutes| said::minutes(minutes, frame.lang);
    match (state.kind, state.minutes, state.wait_at_most_minutes) {
        (FlowStateKind::Wait, _, most) if most > 0.0 => {
            let most = minutes(most);
            Some(crate::pick(frame.lang, format!("at most {most}"), format!("長くて{most}")))
        }
        (FlowStateKind::Task, own, _) if own > 0.0 => Some(minutes(own)),
        _ => None,
    }
}

#[derive(Template)]
#[template(path = "guide/checklist.html")]
struct ChecklistPage<'a> {
    f: Frame<'a>,
    correction: Option<&'a str>,
    items: Vec<Point<'a>>,
    sources: Sources,
}

/// One thing to look at.
struct Point<'a> {
    anchor: String,
    text: &'a str,
    why: &'a str,
    every: &'static str,
    important: bool,
    only: Option<String>,
    action: Option<Link>,
    measured: bool,
}

/// The page of a checklist.
pub(super) fn checklist<'a>(frame: Frame<'a>, id: &'a str) -> askama::Result<String> {
    let Some(list) = frame.knowledge.care().checklists.get(id) else { return Ok(String::new()) };
    let lang = frame.lang;
    let title = list.title.get(lang);
    let description = crate::pick(
        lang,
        format!("{title}: {} things to look at, with why and how often.", list.items.len()),
        format!("{title}: 見ておくこと{}項目と、その理由・頻度。", list.items.len()),
    );
    let frame = frame.named(title, description);
    ChecklistPage {
        correction: list.correction.as_ref().map(|text| text.get(lang)),
        items: list.items.iter().map(|item| Point::new(&frame, item)).collect(),
        sources: Sources::new(&frame, &list.sources, Some(&list.checked)),
        f: frame,
    }
    .render()
}

impl<'a> Point<'a> {
    fn new(frame: &Frame<'_>, item: &'a Item) -> Self {
        let only = frame.names(item.only.device.iter().chain(&item.only.client).chain(&item.only.service));
        Self {
            anchor: anchor(&item.id),
            text: item.text.get(frame.lang),
            why: item.why.get(frame.lang),
            every: said::every(item.every, frame.lang),
            important: item.importance == Importance::High,
            only: Some(only).filter(|names| !names.is_empty()),
            action: item.action.as_ref().and_then(|id| frame.action(id)),
            measured: !item.probes.is_empty(),
        }
    }
}

#[derive(Template)]
#[template(path = "guide/answers.html")]
struct AnswersPage<'a> {
    f: Frame<'a>,
    answers: Vec<Answered<'a>>,
    sources: Sources,
}

/// A question that people ask, answered.
struct Answered<'a> {
    anchor: String,
    question: &'a str,
    answer: &'a str,
    causes: Vec<Link>,
    actions: Vec<Link>,
}

/// The page of short answers.
pub(super) fn answers(frame: Frame<'_>) -> askama::Result<String> {
    let (lang, all) = (frame.lang, &frame.knowledge.care().answers);
    let frame = frame.named(
        crate::pick(lang, "Short answers", "よくある質問"),
        crate::pick(
            lang,
            "What people ask about mail and Apple accounts, answered in a few sentences.",
            "メールやApple Accountについてよくある質問に、短く答えます。",
        ),
    );
    let answers = all.iter().map(|(id, answer)| Answered {
        anchor: anchor(id),
        question: answer.question.get(lang),
        answer: answer.answer.get(lang),
        causes: answer.causes.iter().map(|id| frame.cause(id)).collect(),
        actions: answer.actions.iter().filter_map(|id| frame.action(id)).collect(),
    });
    let answers = answers.collect();
    let checked = all.values().map(|answer| answer.checked.as_str()).min();
    let sources = Sources::new(&frame, all.values().flat_map(|answer| &answer.sources), checked);
    AnswersPage { f: frame, answers, sources }.render()
}

#[derive(Template)]
#[template(path = "guide/corrections.html")]
struct CorrectionsPage<'a> {
    f: Frame<'a>,
    corrections: Vec<Corrected<'a>>,
}

/// What holds today where old advice goes round.
struct Corrected<'a> {
    anchor: String,
    about: Link,
    text: &'a str,
    sources: Sources,
}

/// The page of corrections.
pub(super) fn corrections(frame: Frame<'_>) -> askama::Result<String> {
    let lang = frame.lang;
    let care = frame.knowledge.care();
    let frame = frame.named(
        crate::pick(lang, "Old advice, and what holds today", "古い説明と、今の正しい情報"),
        crate::pick(
            lang,
            "Advice about mail and Apple accounts that is still going round and no longer holds, with what holds today.",
            "今も出回っているメールやApple Accountの古い説明と、現在の正しい情報。",
        ),
    );
    let actions = care.actions.iter().map(|(id, action)| {
        let Action { title, correction, sources, checked, .. } = action;
        (id.clone(), frame.link(Topic::Action(id), title.get(lang)), correction, sources, checked)
    });
    let flows = care.flows.iter().map(|(id, flow)| {
        let Flow { title, correction, sources, checked, .. } = flow;
        (format!("flow-{id}"), frame.link(Topic::Flow(id), title.get(lang)), correction, sources, checked)
    });
    let lists = care.checklists.iter().map(|(id, list)| {
        let Checklist { title, correction, sources, checked, .. } = list;
        (
            format!("list-{id}"),
            frame.link(Topic::Checklist(id), title.get(lang)),
            correction,
            sources,
            checked,
        )
    });
    let corrections = actions
        .chain(flows)
        .chain(lists)
        .filter_map(|(id, about, correction, sources, checked)| {
            let text = correction.as_ref()?.get(lang);
            Some(Corrected {
                anchor: anchor(&id),
                about,
                text,
                sources: Sources::new(&frame, sources, Some(checked)),
            })
        })
        .collect();
    CorrectionsPage { corrections, f: frame }.render()
}
