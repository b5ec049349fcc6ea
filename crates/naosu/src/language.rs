//! Which language to speak.

use naosu_core::intake::language;
use naosu_core::knowledge::Lang;
pub(crate) use naosu_papers::pick;

/// The language to answer words in: Japanese where they are Japanese, else that of the environment, since many a Japanese
/// screen shows an English message.
pub(crate) fn of_words(words: Option<&str>) -> Lang {
    match words.map(language) {
        Some(Lang::Ja) => Lang::Ja,
        _ => of_environment(),
    }
}

/// The language of the environment: Japanese where `LC_ALL`, `LC_MESSAGES` or `LANG` (the first that is set) says so.
pub(crate) fn of_environment() -> Lang {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|name| std::env::var(name).ok());
    match set.into_iter().find(|value| !value.is_empty()) {
        Some(value) if value.starts_with("ja") => Lang::Ja,
        _ => Lang::En,
    }
}
