//! What happened in a case, as a person reads it.

use super::{Closing, FIXED, NOT_FIXED, What};
use crate::diagnosis::{Verdict, diagnose};
use crate::evidence::Evidence;
use crate::knowledge::{Knowledge, Lang};

/// What an event says.
pub fn told(knowledge: &Knowledge, what: &What, lang: Lang) -> String {
    let action = |id: &String| {
        let known = knowledge.care().actions.get(id);
        known.map_or(id.as_str(), |action| action.title.get(lang)).to_owned()
    };
    match what {
        What::Opened(opening) => match &opening.request.words {
            Some(words) => pick(lang, format!("Began: \"{words}\""), format!("開始: 「{words}」")),
            None => pick(lang, "Began".to_owned(), "開始".to_owned()),
        },
        What::Measured(evidence) => {
            let (count, says) = (evidence.observations.len(), measured(knowledge, evidence, lang));
            pick(
                lang,
                format!("Measured: {says} (observations: {count})"),
                format!("測定: {says}({count}件)"),
            )
        }
        What::Answered { question, option } => {
            let known = knowledge.care().questions.get(question);
            let asked = known.map_or(question.as_str(), |question| question.text.get(lang));
            let chosen = known.and_then(|known| known.options.iter().find(|known| known.id == *option));
            let answer = match chosen {
                Some(chosen) => chosen.text.get(lang),
                None if option == "unknown" => pick(lang, "not known", "分からない"),
                None => option,
            };
            format!("{asked} → {answer}")
        }
        What::Done { action: id } => {
            pick(lang, format!("Done: {}", action(id)), format!("実行: {}", action(id)))
        }
        What::Fixed { action: id } => {
            pick(lang, format!("It worked: {}", action(id)), format!("直った: {}", action(id)))
        }
        What::NotFixed { action: id } => {
            pick(lang, format!("Did not help: {}", action(id)), format!("直らなかった: {}", action(id)))
        }
        What::CouldNot { action: id } => {
            pick(lang, format!("Not done: {}", action(id)), format!("できなかった: {}", action(id)))
        }
        What::Deferred { action: id } => {
            pick(lang, format!("Put off: {}", action(id)), format!("あとで: {}", action(id)))
        }
        What::Went { flow, state, way, .. } => {
            let state_known = knowledge.care().flows.get(flow).and_then(|known| known.states.get(state));
            let chosen = state_known.and_then(|known| known.next.iter().find(|next| next.id == *way));
            match (chosen, way.as_str()) {
                (Some(chosen), _) => chosen.when.get(lang).to_owned(),
                (None, FIXED) => pick(lang, "It works", "直った").to_owned(),
                (None, NOT_FIXED) => pick(lang, "It does not work", "直らなかった").to_owned(),
                (None, way) => format!("{flow}: {way}"),
            }
        }
        What::Paused => pick(lang, "Paused", "中断").to_owned(),
        What::Resumed => pick(lang, "Went on", "再開").to_owned(),
        What::Retracted { index } => {
            let number = index + 1;
            pick(lang, format!("Took back number {number}"), format!("{number}番を取り消し"))
        }
        What::Language { lang: to } => match to {
            Lang::En => "English".to_owned(),
            Lang::Ja => "日本語".to_owned(),
        },
        What::Stopped => pick(lang, "Ended by the person", "利用者が終了").to_owned(),
        What::Closed(closing) => closed(knowledge, closing, lang),
    }
}

/// What a measurement says, in a few words.
pub fn measured(knowledge: &Knowledge, seen: &Evidence, lang: Lang) -> String {
    let diagnosis = diagnose(knowledge, seen);
    let cause = diagnosis.causes.first().and_then(|cause| knowledge.taxonomy.cause.get(&cause.id));
    match (diagnosis.verdict, cause) {
        (Verdict::Healthy, _) => {
            pick(lang, "everything that was measured works", "測定したところはすべて正常").to_owned()
        }
        (Verdict::CauseFound, Some(cause)) => pick(lang, &cause.en, &cause.ja).clone(),
        _ => pick(lang, "no clear cause", "はっきりした原因なし").to_owned(),
    }
}

/// How a case ended.
pub fn closed(knowledge: &Knowledge, closing: &Closing, lang: Lang) -> String {
    let cause = closing.cause.as_ref().and_then(|id| knowledge.taxonomy.cause.get(id));
    match (closing.resolved, cause) {
        (true, Some(cause)) => pick(
            lang,
            format!("Solved. The cause was most probably: {}.", cause.en),
            format!("解決しました。原因はおそらく「{}」でした。", cause.ja),
        ),
        (true, None) => pick(lang, "Solved.", "解決しました。").to_owned(),
        (false, _) => pick(lang, "Ended unsolved.", "未解決のまま終了しました。").to_owned(),
    }
}

fn pick<T>(lang: Lang, en: T, ja: T) -> T {
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}
