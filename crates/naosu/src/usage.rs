//! Mistakes in how the program was called, told in one line that names the thing and the mend.

use std::process::ExitCode;

use clap::CommandFactory;
use naosu_core::knowledge::Lang;

/// Exit status for wrong usage and unusable input.
const WRONG_USAGE: u8 = 2;

use crate::screen::{Gone, say};
pub(crate) use naosu_papers::Mistake;

/// Tells the error on stderr; everything that ends here is answered with exit status 2, but for a reader of the output who
/// has enough.
pub(crate) fn tell(error: &anyhow::Error, lang: Lang) -> ExitCode {
    if error.is::<Gone>() {
        return ExitCode::SUCCESS;
    }
    say(&format!("naosu: {}\n", text(error, lang)));
    ExitCode::from(WRONG_USAGE)
}

/// The error in one line.
pub(crate) fn text(error: &anyhow::Error, lang: Lang) -> String {
    let text = match error.downcast_ref::<Mistake>() {
        Some(mistake) => mistake.text(lang).to_owned(),
        None => format!("{error:#}"),
    };
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// Prints the help on stderr: nothing was asked for, and there is nobody to talk with.
pub(crate) fn tell_bare() -> ExitCode {
    say(&crate::cli::Cli::command().render_help().to_string());
    ExitCode::from(WRONG_USAGE)
}

/// Tells a call that could not be read, in one line; help and version, which were asked for, are printed.
pub(crate) fn tell_call(error: &clap::Error, lang: Lang) -> ExitCode {
    if !error.use_stderr() {
        return if error.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::from(WRONG_USAGE) };
    }
    let rendered = error.render().to_string();
    let what: Vec<&str> = rendered
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty())
        .collect();
    let what = what.join(" ");
    let what = what.trim_start_matches("error: ");
    let line = match lang {
        Lang::En => format!("{what}: see naosu --help"),
        Lang::Ja => format!("呼び出し方の誤り: {what}: naosu --help で使い方を確認できます"),
    };
    say(&format!("naosu: {line}\n"));
    ExitCode::from(WRONG_USAGE)
}
