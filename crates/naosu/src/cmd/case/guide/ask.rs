//! What can be answered to a step on a terminal, and what the person chose.

use anyhow::Result;
use naosu_core::case::{Case, DID_IT_HELP, Driver, What};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::step::NextStep;

use super::{line, number};
use crate::language::pick;
use crate::render::page::Page;

/// What a person wants.
pub(super) enum Wish {
    Take(Box<What>),
    Measure,
    Watch,
    Back,
    History,
    Language,
    Calendar,
    Pause,
    Stop,
    Nothing,
}

/// Something that can be chosen by its number.
struct Choice {
    wants: Wants,
    text: String,
}

/// What a choice means.
#[derive(Debug, PartialEq)]
enum Wants {
    /// An answer that the case understands.
    Answer(String),
    Measure,
    Watch,
}

/// Asks until the input ends; the end of the input pauses the case.
pub(super) fn ask(
    knowledge: &Knowledge,
    case: &Case,
    step: &NextStep,
    driver: Driver,
    page: Page,
) -> Result<Wish> {
    let lang = case.lang();
    let choices = choices(knowledge, case, step, driver);
    let mut prompt = String::new();
    for (index, choice) in choices.iter().enumerate() {
        prompt.push_str(&page.hanging(&format!("  {:<2} ", index + 1), 5, &choice.text));
    }
    let wait = step.due.is_some();
    prompt.push_str(&page.hanging("  ", 2, &keys(lang, wait)));
    prompt.push_str("> ");
    let Some(answer) = line(&prompt)? else { return Ok(Wish::Pause) };
    Ok(match answer.to_lowercase().as_str() {
        "b" | "ｂ" => Wish::Back,
        "h" | "ｈ" => Wish::History,
        "p" | "ｐ" => Wish::Pause,
        "l" | "ｌ" => Wish::Language,
        "q" | "ｑ" => Wish::Stop,
        "c" | "ｃ" if wait => Wish::Calendar,
        answer => match number(answer).and_then(|number| choices.get(number.checked_sub(1)?)) {
            Some(Choice { wants: Wants::Measure, .. }) => Wish::Measure,
            Some(Choice { wants: Wants::Watch, .. }) => Wish::Watch,
            Some(Choice { wants: Wants::Answer(id), .. }) => match case.answer(knowledge, step, id) {
                Some(what) => Wish::Take(Box::new(what)),
                None => Wish::Nothing,
            },
            None => Wish::Nothing,
        },
    })
}

/// The letters. A no-break space keeps each with its meaning.
fn keys(lang: Lang, wait: bool) -> String {
    let calendar = pick(lang, ("c", "calendar file"), ("c", "カレンダーに入れる"));
    let keys = pick(
        lang,
        [("b", "back"), ("h", "what I said"), ("p", "pause"), ("l", "日本語"), ("q", "end")],
        [("b", "戻る"), ("h", "答えの一覧"), ("p", "中断"), ("l", "English"), ("q", "終了")],
    );
    let all = wait.then_some(calendar).into_iter().chain(keys);
    let all: Vec<String> =
        all.map(|(key, text)| format!("{key}\u{a0}{}", text.replace(' ', "\u{a0}"))).collect();
    all.join(" · ")
}

/// What can be chosen.
fn choices(knowledge: &Knowledge, case: &Case, step: &NextStep, driver: Driver) -> Vec<Choice> {
    let lang = case.lang();
    let own = |wants: Wants, en: &str, ja: &str| Choice { wants, text: pick(lang, en, ja).to_owned() };
    let answer = |id: &str| Wants::Answer(id.to_owned());
    let mut choices: Vec<Choice> = step
        .options
        .iter()
        .map(|option| Choice { wants: answer(&option.id), text: option.text.clone() })
        .collect();
    let in_flow = step.id.contains('.');
    let measures = driver == Driver::Measures;
    if step.kind == "question" {
        if step.id != DID_IT_HELP && !in_flow && !step.options.iter().any(|option| option.id == "unknown") {
            choices.push(own(answer("unknown"), "I do not know; skip it", "分からない・飛ばす"));
        }
        return choices;
    }
    if step.kind == "wait" && measures {
        choices.push(own(Wants::Measure, "look now whether it works again", "今、直っているかを測る"));
        choices.push(own(
            Wants::Watch,
            "stay here: it is measured every ten minutes, and you are told when it is over",
            "このまま待つ(10分ごとに測り、直ったらお知らせします)",
        ));
    }
    if in_flow {
        return choices;
    }
    let verifiable = knowledge.care().actions.get(&step.id).is_some_and(|action| !action.verify.is_empty());
    let leads = case.leads_into_a_flow(knowledge, step, driver);
    if step.kind == "wait" {
        if leads {
            choices.push(own(
                answer("done"),
                "I am waiting; tell me how it goes on",
                "待っている(続きを見る)",
            ));
        }
        choices.push(own(answer("fixed"), "it works again", "直った"));
        choices.push(own(
            answer("not_fixed"),
            "I have waited, and it is still the same",
            "待ったが、直らない",
        ));
    } else {
        if leads {
            choices.push(own(answer("done"), "done; go on from there", "済んだ(続きに進む)"));
        }
        if !leads && measures && verifiable && step.kind == "action" {
            choices.push(own(
                answer("done"),
                "done; measure whether it works now",
                "やってみた(直ったかどうかを測る)",
            ));
        } else {
            choices.push(own(answer("fixed"), "done, and it works now", "やってみて、直った"));
        }
        choices.push(own(answer("not_fixed"), "done, still the same", "やってみたが、直らない"));
    }
    if !case.is_put_off(&step.id) {
        choices.push(own(
            answer("later"),
            "later: something else first; this comes back in half a day, or when nothing else is left",
            "あとで(先に別のことをします。半日後か、ほかに手がなくなったときに、また出ます)",
        ));
    }
    choices.push(own(answer("unknown"), "I cannot or do not want to; skip it", "できない・飛ばす"));
    choices
}
