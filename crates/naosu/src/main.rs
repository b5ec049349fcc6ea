//! `naosu`: finds out why mail or an Apple account stopped working, shows the proof, and gives the next step.
//!
//! Start reading at [`cli`] (what can be asked), then [`cmd`] (a file per command), then [`render`] (how it is shown).

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;

mod cli;
mod cmd;
mod language;
mod private;
mod progress;
mod render;
mod screen;
mod store;
mod usage;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) if cli.command.is_some() || terminal() => cli,
        Ok(_) => return usage::tell_bare(),
        Err(error) => return usage::tell_call(&error, language::of_environment()),
    };
    let lang = language::choose(cli.lang.map(Into::into), cli.words());
    cmd::run(cli, lang).unwrap_or_else(|error| usage::tell(&error, lang))
}

/// Whether there is a person to talk with.
fn terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && std::io::stderr().is_terminal()
}
