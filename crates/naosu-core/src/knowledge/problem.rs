//! What is wrong with the files.

/// Something wrong with a knowledge file.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, thiserror::Error)]
#[error("knowledge/{path}: {what}")]
pub struct Problem {
    /// The file, relative to the knowledge folder.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}
