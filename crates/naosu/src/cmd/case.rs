//! `naosu case`: one trouble, step by step.

use std::process::ExitCode;

use anyhow::Result;
use naosu_core::case::{Case, Event, What};
use naosu_core::evidence::Request;
use naosu_core::knowledge::{Knowledge, Lang};

use self::session::Session;
use super::now;
use crate::cli::{CaseArguments, CaseCommand, Color};
use crate::language::choose;
use crate::usage::Mistake;

mod export;
pub(super) mod gauge;
pub(super) mod guide;
mod outcomes;
mod session;
mod shelf;
mod stdio;

/// Goes through a case, or looks after those that are kept. `asked` is the language that the call names; a case that is
/// resumed goes on in its own without.
pub(crate) fn run(
    knowledge: &Knowledge,
    arguments: &CaseArguments,
    asked: Option<Lang>,
    lang: Lang,
    color: Color,
) -> Result<ExitCode> {
    match &arguments.command {
        None if arguments.stdio => {
            let case = open(knowledge, arguments, asked)?;
            let session = if arguments.keep {
                Session::kept(knowledge, case)?
            } else {
                Session::passing(knowledge, case)
            };
            stdio::run(knowledge, session, asked)
        }
        None if crate::terminal() => guide::new(knowledge, open(knowledge, arguments, asked)?, color),
        None => Err(Mistake::error(
            "naosu case: there is no terminal to talk on: list, show, resume, close, export or outcomes, or --stdio for JSON lines; naosu check begins one",
            "naosu case: 端末がないため対話できません。list・show・resume・close・export・outcomes か、--stdio(JSONの行)を指定してください。始めるには naosu check です",
        )),
        Some(CaseCommand::List) => shelf::list(knowledge, lang, color),
        Some(CaseCommand::Show { id }) => shelf::show(knowledge, *id, lang, color),
        Some(CaseCommand::Resume { id, stdio: true }) => {
            stdio::run(knowledge, Session::resume(knowledge, *id)?, asked)
        }
        Some(CaseCommand::Resume { id, stdio: false }) => guide::resume(knowledge, *id, asked, color),
        Some(CaseCommand::Close { id, resolved }) => shelf::close(knowledge, *id, *resolved, lang),
        Some(CaseCommand::Outcomes { command }) => outcomes::run(knowledge, command, lang),
        Some(CaseCommand::Export(arguments)) => export::run(knowledge, arguments, lang),
    }
}

/// The case as the command line describes it.
fn open(knowledge: &Knowledge, arguments: &CaseArguments, asked: Option<Lang>) -> Result<Case> {
    known(knowledge, "device", arguments.device.as_deref())?;
    known(knowledge, "service", arguments.service.as_deref())?;
    known(knowledge, "client", arguments.client.as_deref())?;
    let request = Request {
        words: arguments.text.clone(),
        device: arguments.device.clone(),
        service: arguments.service.clone(),
        client: arguments.client.clone(),
        ..Request::default()
    };
    let evidence = arguments.evidence.as_deref().map(super::diagnose::load).transpose()?;
    let measured = evidence.as_ref().and_then(|evidence| evidence.request.words.as_deref());
    let lang = choose(asked, arguments.text.as_deref().or(measured));
    let mut case = match &arguments.flow {
        Some(flow) => Case::in_flow(now(), request, lang, known_flow(knowledge, flow)?),
        None => Case::new(now(), request, lang),
    };
    if let Some(evidence) = evidence {
        case.apply(Event { at: now(), what: What::Measured(Box::new(evidence)) })?;
    }
    Ok(case)
}

/// That there is such a flow.
fn known_flow(knowledge: &Knowledge, id: &str) -> Result<String> {
    let flows = &knowledge.care().flows;
    if flows.contains_key(id) {
        return Ok(id.to_owned());
    }
    let list = |lang| -> String {
        let titles = flows.iter().map(|(id, flow)| format!("  {id}: {}", flow.title.get(lang)));
        titles.collect::<Vec<_>>().join("\n")
    };
    Err(Mistake::error(
        format!("--flow {id}: not known: use one of\n{}", list(Lang::En)),
        format!("--flow {id}: 次のどれかを指定してください:\n{}", list(Lang::Ja)),
    ))
}

/// That a value is one of the taxonomy's.
fn known(knowledge: &Knowledge, list: &str, value: Option<&str>) -> Result<()> {
    let values = knowledge.taxonomy.values.get(list).map_or(&[][..], Vec::as_slice);
    match value {
        Some(value) if !values.iter().any(|known| known == value) => {
            let all = values.join(", ");
            Err(Mistake::error(
                format!("--{list} {value}: not known: use one of {all}"),
                format!("--{list} {value}: 次のどれかを指定してください: {all}"),
            ))
        }
        _ => Ok(()),
    }
}
