//! `naosu completions` and `naosu man`: documents made from the command line's definition.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// Prints the completion script for a shell.
pub(crate) fn completions(shell: Shell) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "naosu", &mut script);
    super::print_data(&String::from_utf8(script).context("make the completion script")?)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the manual: the page of the program, then one section per command.
pub(crate) fn man() -> Result<ExitCode> {
    let mut roff = Vec::new();
    let command = Cli::command();
    clap_mangen::Man::new(command.clone()).render(&mut roff).context("make the manual page")?;
    for subcommand in command.get_subcommands() {
        let page = clap_mangen::Man::new(subcommand.clone());
        page.render_name_section(&mut roff).context("make the manual page")?;
        page.render_synopsis_section(&mut roff).context("make the manual page")?;
        page.render_options_section(&mut roff).context("make the manual page")?;
    }
    super::print_data(&String::from_utf8(roff).context("make the manual page")?)?;
    Ok(ExitCode::SUCCESS)
}
