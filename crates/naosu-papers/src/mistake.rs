//! Something given that cannot be used, told in one line that names the thing and the mend.

use std::fmt;

use naosu_core::knowledge::Lang;

use crate::pick;

/// What is wrong with what was given, and what to do, in both languages.
#[derive(Debug)]
pub struct Mistake {
    en: String,
    ja: String,
}

impl Mistake {
    /// A mistake, told in English and in Japanese.
    pub fn error(en: impl Into<String>, ja: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self { en: en.into(), ja: ja.into() })
    }

    /// It in that language.
    pub fn text(&self, lang: Lang) -> &str {
        pick(lang, &self.en, &self.ja)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

impl std::error::Error for Mistake {}
