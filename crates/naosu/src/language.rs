//! Which language to speak.

use naosu_core::intake::language;
use naosu_core::knowledge::Lang;
pub(crate) use naosu_papers::pick;

/// The language to speak: the one that is asked for. Else Japanese where the words are Japanese, and that of the environment
/// where they are not, since many a Japanese screen shows an English message.
pub(crate) fn choose(asked: Option<Lang>, words: Option<&str>) -> Lang {
    match (asked, words.map(language)) {
        (Some(asked), _) => asked,
        (None, Some(Lang::Ja)) => Lang::Ja,
        (None, _) => of_environment(),
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
