//! The real-server lab on systems without network namespaces: it says that it skips.

use std::io::{self, Write as _};
use std::process::ExitCode;

/// Accepted and not used.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    all: Vec<String>,
}

/// Accepted and not used.
pub(crate) type PlayOptions = Options;

/// Says that nothing is run here.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    writeln!(
        io::stdout().lock(),
        "skipped: the real-server scenarios need Linux ({} arguments)",
        options.all.len()
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Says that nothing is run here.
pub(crate) fn play(options: &PlayOptions) -> anyhow::Result<ExitCode> {
    run(options)
}
