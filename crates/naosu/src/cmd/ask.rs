//! `naosu ask`: what the words say, and what to do about it; nothing is measured.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_core::diagnosis::{Diagnosis, RankedCause, Verdict};
use naosu_core::evidence::{Evidence, Request, SCHEMA};
use naosu_core::intake::{Recognised, Scored, recognise, rounded};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::step::{NextStep, next_step};
use naosu_papers::picture::Picture;
use naosu_papers::reading;
use serde_json::json;

use crate::cli::{AskArguments, Color};
use crate::language::choose;
use crate::render::advice::{Advice, advice};
use crate::render::page::Page;
use crate::usage::Mistake;

mod batch;

/// The longest text that is read, in bytes; what is beyond says nothing new about one trouble.
const TEXT_LIMIT: usize = 64 * 1024;

/// Recognises words, a picture or a file of many texts, and prints what follows; `asked` is the language that the call
/// names.
pub(crate) fn run(
    knowledge: &Knowledge,
    arguments: &AskArguments,
    asked: Option<Lang>,
    lang: Lang,
    color: Color,
) -> Result<ExitCode> {
    if let Some(file) = &arguments.batch {
        return batch::run(knowledge, file, lang);
    }
    super::order::situation(
        knowledge,
        arguments.device.as_deref(),
        arguments.service.as_deref(),
        arguments.client.as_deref(),
    )?;
    let read = arguments.image.as_deref().map(picture).transpose()?;
    let words = [arguments.words.as_deref(), read.as_deref()].into_iter().flatten();
    let words = words.collect::<Vec<_>>().join("\n");
    let words = limited(words.trim());
    if words.is_empty() {
        return Err(Mistake::error(
            "there are no words: write what the screen says, as in naosu ask \"Cannot Get Mail\"",
            "言葉がありません: naosu ask \"メールを取得できません\" のように、画面の文を書いてください",
        ));
    }
    // a picture can hold the words
    let lang = choose(asked, Some(words));
    // the advice needs another part of the knowledge than the words do
    let mut found = std::thread::scope(|scope| {
        scope.spawn(|| knowledge.care());
        recognise(knowledge, words)
    });
    for (given, place) in [
        (&arguments.device, &mut found.device),
        (&arguments.service, &mut found.service),
        (&arguments.client, &mut found.client),
    ] {
        if let Some(given) = given {
            place.clone_from(given);
        }
    }
    let next = next(knowledge, words, &found, lang);
    if arguments.json {
        let value = json!({
            "words": words,
            "symptom": rounded(&found.symptom),
            "cause": rounded(&found.cause),
            "service": found.service,
            "device": found.device,
            "client": found.client,
            "messages": found.messages,
            "circumstances": found.circumstances,
            "next": next,
        });
        super::print_data(&(serde_json::to_string(&value).context("write the result as JSON")? + "\n"))?;
    } else {
        let read = read.as_deref().map(|_| words);
        let page = Page::of_stdout(color);
        let advice = advice(&Advice { knowledge, found: &found, next: next.as_ref(), read, lang, page });
        super::print_on(page, &advice)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// As much of the text as is read.
fn limited(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_LIMIT)]
}

/// The step that the words alone speak for.
fn next(knowledge: &Knowledge, words: &str, found: &Recognised, lang: Lang) -> Option<NextStep> {
    let known = |value: &str| (value != "unknown").then(|| value.to_owned());
    let request = Request {
        words: Some(words.to_owned()),
        service: known(&found.service),
        device: known(&found.device),
        client: known(&found.client),
        ..Request::default()
    };
    let evidence = Evidence {
        schema: SCHEMA.to_owned(),
        request,
        started: "1970-01-01T00:00:00Z".to_owned(),
        elapsed_ms: 0,
        observations: Vec::new(),
    };
    let ranked = |Scored { id, p }: &Scored| RankedCause {
        id: id.clone(),
        probability: *p,
        evidence_for: Vec::new(),
        evidence_against: Vec::new(),
    };
    let diagnosis = Diagnosis {
        verdict: Verdict::Inconclusive,
        causes: found.cause.iter().map(ranked).collect(),
        something_else: 0.0,
        would_settle: Vec::new(),
    };
    next_step(knowledge, &evidence, &diagnosis, lang)
}

/// The text in a picture.
fn picture(file: &Path) -> Result<String> {
    let name = format!("--image {}", file.display());
    reading::read(&name, Picture::read("--image", file)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "あ".repeat(TEXT_LIMIT);
        let cut = limited(&long);
        assert!(cut.len() <= TEXT_LIMIT && cut.len() > TEXT_LIMIT - 3);
    }
}
