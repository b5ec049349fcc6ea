//! A case as a person sees it: where it stands, the step, its end.

use naosu_core::case::history;
use naosu_core::case::{Case, Closing};
use naosu_core::knowledge::{Knowledge, Lang, Risk};
use naosu_core::step::NextStep;

use crate::cmd::now;
use crate::language::pick;
use crate::render::page::{Page, Tone, padded};
use naosu_papers::moment;

/// That the case is kept, and how to come back to it.
pub(super) fn head(id: i64, lang: Lang, page: Page) -> String {
    let text = pick(
        lang,
        format!(
            "Case {id}: every answer is kept. Leave whenever you like; go on with: naosu case resume {id}"
        ),
        format!("ケース{id}: 答えはその都度保存します。いつでもやめられます。続きは: naosu case resume {id}"),
    );
    String::from("\n") + &page.hanging("", 0, &text)
}

/// Where a case stands that is come back to: its beginning, and the last that was said.
pub(super) fn recap(knowledge: &Knowledge, case: &Case, lang: Lang, page: Page) -> String {
    let mut out = String::new();
    let mut put =
        |at: u64, text: &str| out.push_str(&page.hanging(&format!("{}  ", moment::time(at)), 18, text));
    if let Some(first) = case.events().first() {
        put(first.at, &history::told(knowledge, &first.what, lang));
    }
    let said = case.retractable();
    if said.len() > LAST {
        put(case.events()[said[said.len() - LAST - 1]].at, "…");
    }
    for index in said.iter().rev().take(LAST).rev() {
        let event = &case.events()[*index];
        put(event.at, &history::told(knowledge, &event.what, lang));
    }
    if let Some(closing) = case.closed() {
        put(case.events().last().map_or(0, |event| event.at), &history::closed(knowledge, &closing, lang));
    }
    out
}

/// So many of the last answers are told.
const LAST: usize = 3;

/// The step: what, why, how.
pub(super) fn step(knowledge: &Knowledge, case: &Case, step: &NextStep, lang: Lang, page: Page) -> String {
    let action = knowledge.care().actions.get(&step.id);
    let mut out = String::from("\n");
    let title = if step.kind == "question" {
        step.title.clone()
    } else {
        let minutes = moment::minutes(step.minutes, lang);
        pick(lang, format!("{} ({minutes})", step.title), format!("{}({minutes})", step.title))
    };
    out.push_str(&page.hanging(&page.paint(Tone::Strong, "▶ "), 2, &title));
    if let Some(why) = &step.why {
        let label = pick(lang, "why: ", "理由: ");
        let columns = 2 + pick(lang, 5, 6);
        out.push_str(&page.hanging(
            &padded(&page.paint(Tone::Quiet, &format!("  {label}")), 0),
            columns,
            why,
        ));
    }
    if let Some(text) = risk(step.risk, lang) {
        out.push_str(&page.hanging(&page.paint(Tone::Note, "  ! "), 4, text));
    }
    if case.is_put_off(&step.id) {
        let text = pick(lang, "You put this off earlier.", "先ほど「あとで」にした手順です。");
        out.push_str(&page.hanging("  ", 2, text));
    }
    if let Some(due) = step.due {
        let at = moment::time(due);
        let text = if due > now() {
            pick(lang, format!("until {at}"), format!("{at} まで"))
        } else {
            pick(
                lang,
                format!("the time to wait was over on {at}: look whether it works"),
                format!("待つ時間は {at} に過ぎました。直っているかを確かめてください"),
            )
        };
        out.push_str(&page.hanging("  ", 2, &text));
    }
    // what can be answered stands below, with its number
    let mut instructions = &step.instructions[..step.instructions.len().saturating_sub(step.options.len())];
    let warning = action.and_then(|action| action.warning.as_ref()).map(|warning| warning.get(lang));
    if let (Some(warning), Some((first, rest))) = (warning, instructions.split_first())
        && warning == first
    {
        out.push_str(&page.hanging(&page.paint(Tone::Note, "  ! "), 4, warning));
        instructions = rest;
    }
    let wide = if instructions.len() > 9 { 4 } else { 3 };
    for (index, instruction) in instructions.iter().enumerate() {
        // some number themselves, as the screens are counted that they are about
        let number = index + 1;
        let text = instruction.strip_prefix(&format!("{number}: ")).unwrap_or(instruction);
        out.push_str(&page.hanging(&format!("  {:<wide$}", format!("{number}.")), 2 + wide, text));
    }
    if let Some(correction) = action.and_then(|action| action.correction.as_ref()) {
        let label = page.paint(Tone::Quiet, pick(lang, "  today: ", "  現在は: "));
        out.push_str(&page.hanging(&label, pick(lang, 9, 10), correction.get(lang)));
    }
    out
}

/// What is lost by it, where anything is.
fn risk(risk: Risk, lang: Lang) -> Option<&'static str> {
    match risk {
        Risk::None | Risk::Interrupts => None,
        Risk::LosesSettings => Some(pick(
            lang,
            "Settings are lost by this: write down what you need first.",
            "設定が失われます。必要なものを先に書き留めてください。",
        )),
        Risk::LosesData => Some(pick(
            lang,
            "Data can be lost by this: only with a backup.",
            "データが失われることがあります。バックアップがあるときだけ行ってください。",
        )),
        Risk::Irreversible => Some(pick(lang, "This cannot be undone.", "元に戻せません。")),
    }
}

/// How the case ended, and what can be done with it.
pub(super) fn end(knowledge: &Knowledge, id: i64, closing: &Closing, lang: Lang, page: Page) -> String {
    let mut out = String::from("\n");
    out.push_str(&page.hanging("", 0, &history::closed(knowledge, closing, lang)));
    let more = if closing.resolved {
        pick(
            lang,
            format!("Should it come back: naosu case resume {id}"),
            format!("再発したら: naosu case resume {id}"),
        )
    } else {
        pick(
            lang,
            format!("For support: naosu case export {id}"),
            format!("サポートへの相談用: naosu case export {id}"),
        )
    };
    out.push_str(&page.hanging("", 0, &more));
    out
}
