//! How results are shown: calm text for people, stable JSON for machines.

pub(crate) mod advice;
pub(crate) mod page;
pub(crate) mod text;
