//! Mistakes in how the program was called, told in one line that names the thing and the mend.

use std::fmt;
use std::io::Write;
use std::process::ExitCode;

use naosu_core::knowledge::Lang;

use crate::language::pick;

/// Exit status for wrong usage and unusable input.
const WRONG_USAGE: u8 = 2;

/// A mistake in how the program was called: what is wrong, and what to do, in both languages.
#[derive(Debug)]
pub(crate) struct Mistake {
    en: String,
    ja: String,
}

impl Mistake {
    /// A mistake, told in English and in Japanese.
    pub(crate) fn error(en: impl Into<String>, ja: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self { en: en.into(), ja: ja.into() })
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

impl std::error::Error for Mistake {}

/// Tells the error on stderr; everything that ends here is answered with exit status 2.
pub(crate) fn tell(error: &anyhow::Error, lang: Lang) -> ExitCode {
    let text = match error.downcast_ref::<Mistake>() {
        Some(mistake) => pick(lang, &mistake.en, &mistake.ja).clone(),
        None => format!("{error:#}"),
    };
    let line = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" · ");
    // when stderr is gone there is nobody left to tell
    drop(writeln!(std::io::stderr(), "naosu: {line}"));
    ExitCode::from(WRONG_USAGE)
}
