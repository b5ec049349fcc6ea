//! A world inside this process that stands for programs outside, the tests with a real browser for instance.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_lab::catalogue;
use naosu_lab::world::World;

/// Starts the world, says in one line of JSON how Naosu is called in it, and stands until standard input ends, so that
/// it is gone with whoever started it.
pub(crate) fn run(name: &str) -> Result<ExitCode> {
    let scenario = catalogue::load(name).with_context(|| format!("no such scenario: {name}"))??;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let world = World::start(&scenario).await.with_context(|| format!("start the world: {name}"))?;
        let told = serde_json::json!({ "arguments": world.arguments, "password": scenario.check.password });
        writeln!(io::stdout(), "{told}")?;
        tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
        world.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}
