//! What is handed out, and what is read from pictures: the guide, the support package with its letters, calendar files, and
//! the text of a screenshot. The terminal and the web page give the same.
//!
//! Everything that leaves is masked first ([`mask`]); a picture is decoded within limits and encoded anew ([`picture`]).

pub mod calendar;
pub mod dialogs;
pub mod guide;
pub mod mask;
mod mistake;
pub mod moment;
pub mod package;
pub mod picture;
pub mod reading;
pub mod said;

use naosu_core::knowledge::Lang;

pub use crate::mistake::Mistake;

/// The text of that language.
pub fn pick<T>(lang: Lang, en: T, ja: T) -> T {
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}
