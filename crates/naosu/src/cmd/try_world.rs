//! `naosu try`: the main job in a small mail world inside this process, with a fault put in.

use std::process::ExitCode;
use std::sync::mpsc;

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::report::report;
use naosu_lab::catalogue;
use naosu_lab::scenario::Scenario;
use naosu_lab::world::World;
use rand::seq::IndexedRandom;
use tokio::sync::oneshot;

use super::check::{View, evidence, show};
use super::order::order;
use crate::cli::{Cli, Color, Command, TryArguments};
use crate::language::pick;
use crate::render::text::Detail;
use crate::usage::Mistake;

/// Plays a scenario and checks the account in it.
pub(crate) fn run(
    knowledge: &Knowledge,
    arguments: &TryArguments,
    lang: Lang,
    color: Color,
) -> Result<ExitCode> {
    if arguments.list {
        return list(lang);
    }
    let drawn = arguments.scenario.is_none();
    let name = match &arguments.scenario {
        Some(name) => name.clone(),
        None => {
            (*catalogue::in_process().choose(&mut rand::rng()).context("there is no scenario to draw")?)
                .to_owned()
        }
    };
    let scenario = scenario(&name)?;
    let world = Playing::start(scenario.clone())?;
    let call = ["naosu", "check"].map(str::to_owned).into_iter().chain(world.arguments.iter().cloned());
    let Some(Command::Check(check)) = Cli::try_parse_from(call).context("the scenario's arguments")?.command
    else {
        return Err(anyhow!("the scenario does not call check"));
    };
    let evidence = evidence(knowledge, &order(knowledge, &check, lang)?, lang)?;
    drop(world);
    let detail = Detail { verbose: arguments.verbose, step: true };
    let view = View { json: arguments.json, detail, color };
    let status = show(knowledge, &report(knowledge, evidence, lang), lang, &view)?;
    if !arguments.json {
        let title = pick(lang, &scenario.title.en, &scenario.title.ja);
        let told = match (lang, drawn) {
            (Lang::En, true) => format!("\nThe world that was drawn: {name}: {title}\n"),
            (Lang::Ja, true) => format!("\n抽選された世界: {name}: {title}\n"),
            (Lang::En, false) => format!("\nThe world: {name}: {title}\n"),
            (Lang::Ja, false) => format!("\nこの世界: {name}: {title}\n"),
        };
        super::print(&told)?;
    }
    Ok(status)
}

fn list(lang: Lang) -> Result<ExitCode> {
    let mut out = String::new();
    for name in catalogue::in_process() {
        let title = scenario(name)?.title;
        out.push_str(&format!(
            "{}  {}\n",
            crate::render::page::padded(name, 40),
            pick(lang, title.en, title.ja)
        ));
    }
    super::print(&out)?;
    Ok(ExitCode::SUCCESS)
}

fn scenario(name: &str) -> Result<Scenario> {
    match catalogue::load(name) {
        Some(Ok(scenario)) if scenario.process.is_some() => Ok(scenario),
        Some(Err(error)) => Err(anyhow!("scenario {name}: {error}")),
        Some(Ok(_)) => Err(Mistake::error(
            format!("{name}: this scenario needs real servers: see naosu try --list"),
            format!("{name}: 実サーバが必要なシナリオです: naosu try --list から選んでください"),
        )),
        None => Err(Mistake::error(
            format!("{name}: no such scenario: see naosu try --list"),
            format!("{name}: そのシナリオはありません: naosu try --list から選んでください"),
        )),
    }
}

/// A world that plays on a thread of its own until this is dropped.
struct Playing {
    arguments: Vec<String>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Playing {
    fn start(scenario: Scenario) -> Result<Self> {
        let (ready, started) = mpsc::channel();
        let (end, ended) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(ready.send(Err(anyhow!(error).context("start the world")))),
            };
            runtime.block_on(async {
                match World::start(&scenario).await {
                    Ok(world) => {
                        // the receiver waits for exactly this; the world then plays until it is told to end
                        drop(ready.send(Ok(world.arguments.clone())));
                        let _ = ended.await;
                        world.stop().await;
                    }
                    Err(error) => drop(ready.send(Err(anyhow!(error).context("start the world")))),
                }
            });
        });
        let arguments = started.recv().context("start the world")??;
        Ok(Self { arguments, end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            // a world that has already ended needs no word
            let _ = end.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
