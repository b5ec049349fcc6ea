//! The first page: what people see, and the common messages as they look.

use super::Topic;
use super::frame::{Frame, Link};
use crate::dialogs::{ShelfView, shelves};
use askama::Template;

#[derive(Template)]
#[template(path = "guide/front.html")]
struct FrontPage<'a> {
    f: Frame<'a>,
    symptoms: Vec<Link>,
    shelves: Vec<(ShelfView, Vec<Link>)>,
    flows: Vec<Link>,
    checklists: Vec<Link>,
    lists: Vec<(Link, &'static str)>,
}

/// The first page.
pub(super) fn page(frame: Frame<'_>) -> askama::Result<String> {
    let (knowledge, lang) = (frame.knowledge, frame.lang);
    let frame = frame.named(
        crate::pick(lang, "Guide to mail troubles", "メールの困りごとガイド"),
        crate::pick(
            lang,
            "What error messages of mail and Apple accounts mean, what is behind them, and what to do: message by message.",
            "メールやApple Accountのエラーメッセージの意味、原因、直し方を、メッセージごとにまとめました。",
        ),
    );
    let mut symptoms: Vec<_> = knowledge.words().symptoms.iter().collect();
    symptoms.sort_by(|a, b| b.1.prior.total_cmp(&a.1.prior).then_with(|| a.0.cmp(b.0)));
    let shelves = shelves(knowledge, lang).into_iter().map(|shelf| {
        let links = shelf.dialogs.iter();
        let links = links.map(|dialog| frame.part(Topic::Client(dialog.client), dialog.id, "")).collect();
        (shelf, links)
    });
    let care = knowledge.care();
    let pick = |en, ja| crate::pick(lang, en, ja);
    let list = |topic, text: &str, about| (frame.link(topic, text), about);
    FrontPage {
        symptoms: symptoms.into_iter().filter_map(|(id, _)| frame.symptom(id)).collect(),
        shelves: shelves.collect(),
        flows: care
            .flows
            .iter()
            .map(|(id, flow)| frame.link(Topic::Flow(id), flow.title.get(lang)))
            .collect(),
        checklists: care
            .checklists
            .iter()
            .map(|(id, list)| frame.link(Topic::Checklist(id), list.title.get(lang)))
            .collect(),
        lists: vec![
            list(
                Topic::Messages,
                pick("All messages and codes", "すべてのメッセージとコード"),
                pick("Sorted, to look up what the screen says", "画面の文やコードから引く"),
            ),
            list(
                Topic::Causes,
                pick("All causes", "すべての原因"),
                pick("What it can be, by where it lies", "どこに原因があるか"),
            ),
            list(
                Topic::Actions,
                pick("What to do", "直し方"),
                pick("Every repair, step by step, by device", "すべての対処を、端末別の手順で"),
            ),
            list(
                Topic::Providers,
                pick("Mail providers", "メール提供元"),
                pick("Servers, ports, user names", "サーバ・ポート・ユーザ名"),
            ),
            list(
                Topic::Answers,
                pick("Short answers", "よくある質問"),
                pick("Questions that people ask", "短く答えます"),
            ),
            list(
                Topic::Corrections,
                pick("Old advice", "古い説明"),
                pick("What no longer holds", "今は当てはまらないこと"),
            ),
        ],
        f: frame,
    }
    .render()
}
