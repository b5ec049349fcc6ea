//! The complaints in `knowledge/corpus`: what people said, with what was the matter.

use serde::Deserialize;

use super::Lesson;

/// How the paths of their files begin.
const FOLDER: &str = "corpus/complaints-";
/// What stands in the names of files that do not name service, device and program as often as people do.
const TERSE: &str = "-own";
/// What stands in the names of files that were written to learn words from.
const WRITTEN: &str = "-written";

/// A labelled complaint.
#[derive(Clone, Debug, Deserialize)]
pub struct Complaint {
    /// What the person wrote.
    pub text: String,
    /// What they see.
    pub symptom: String,
    /// Why; `unknown` where nobody found out.
    pub cause: String,
    /// Their service, device and program; nothing or `unknown` where it is not told.
    #[serde(default)]
    pub service: Option<String>,
    /// Their device.
    #[serde(default)]
    pub device: Option<String>,
    /// Their program.
    #[serde(default)]
    pub client: Option<String>,
}

impl Complaint {
    /// The files of complaints among the files of the knowledge.
    pub fn files(files: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
        let all = files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        all.filter(|(path, _)| path.starts_with(FOLDER))
    }

    /// The complaints of a file, one JSON object a line.
    ///
    /// # Errors
    ///
    /// The number of the first line that is none, and why.
    pub fn read(text: &str) -> Result<Vec<Self>, (usize, serde_json::Error)> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines.map(|(at, line)| serde_json::from_str(line).map_err(|error| (at + 1, error))).collect()
    }

    /// Whether the complaints of a file of that name were written to learn words from.
    pub fn is_written(file: &str) -> bool {
        file.contains(WRITTEN)
    }

    /// What it teaches, from a file of that name.
    pub fn lesson(&self, file: &str) -> Lesson<'_> {
        let who =
            [&self.service, &self.device, &self.client].map(|value| value.as_deref().unwrap_or("unknown"));
        Lesson {
            text: &self.text,
            symptom: &self.symptom,
            cause: &self.cause,
            who: (!file.contains(TERSE)).then_some(who),
            made: !Self::is_written(file) && !file.contains(TERSE),
        }
    }
}
