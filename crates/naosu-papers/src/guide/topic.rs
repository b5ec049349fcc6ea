//! What there is a page about, and where it is.

use naosu_core::knowledge::Knowledge;

/// What a page is about; the ids are those of the knowledge.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Topic<'a> {
    /// The first page.
    Front,
    /// What a person sees.
    Symptom(&'a str),
    /// Why.
    Cause(&'a str),
    /// Something to do.
    Action(&'a str),
    /// The messages of a mail program.
    Client(&'a str),
    /// What a kind of server answers.
    Replies(&'a str),
    /// A mail provider.
    Provider(&'a str),
    /// A trouble of several steps and waits.
    Flow(&'a str),
    /// Things to look at.
    Checklist(&'a str),
    /// All messages by their texts and codes.
    Messages,
    /// All causes.
    Causes,
    /// Everything that can be done.
    Actions,
    /// All providers.
    Providers,
    /// Short answers.
    Answers,
    /// Where old advice is out of date.
    Corrections,
}

impl<'a> Topic<'a> {
    /// Everything that the knowledge has a page about.
    pub(super) fn all(knowledge: &'a Knowledge) -> Vec<Self> {
        let (words, care) = (knowledge.words(), knowledge.care());
        let mut all = vec![
            Self::Front,
            Self::Messages,
            Self::Causes,
            Self::Actions,
            Self::Providers,
            Self::Answers,
            Self::Corrections,
        ];
        all.extend(words.symptoms.keys().map(|id| Self::Symptom(id)));
        all.extend(knowledge.causes.keys().map(|id| Self::Cause(id)));
        all.extend(care.actions.keys().map(|id| Self::Action(id)));
        // a file of patterns alone has no message that could be looked up
        let told = words.client_errors.iter().filter(|(_, client)| {
            client.message.iter().any(|message| !message.en.is_empty() || !message.ja.is_empty())
        });
        all.extend(told.map(|(id, _)| Self::Client(id)));
        all.extend(knowledge.replies().groups().map(|(id, _)| Self::Replies(id)));
        all.extend(knowledge.providers().iter().map(|(id, _)| Self::Provider(id)));
        all.extend(care.flows.keys().map(|id| Self::Flow(id)));
        all.extend(care.checklists.keys().map(|id| Self::Checklist(id)));
        all
    }

    /// The path of its page within a language's folder.
    pub fn path(&self) -> String {
        let (folder, id) = match self {
            Self::Front => return "index.html".to_owned(),
            Self::Messages => return "messages.html".to_owned(),
            Self::Causes => return "causes.html".to_owned(),
            Self::Actions => return "actions.html".to_owned(),
            Self::Providers => return "providers.html".to_owned(),
            Self::Answers => return "answers.html".to_owned(),
            Self::Corrections => return "corrections.html".to_owned(),
            Self::Symptom(id) => ("symptoms", id),
            Self::Cause(id) => ("causes", id),
            Self::Action(id) => ("actions", id),
            Self::Client(id) => ("messages", id),
            Self::Replies(id) => ("replies", id),
            Self::Provider(id) => ("providers", id),
            Self::Flow(id) => ("flows", id),
            Self::Checklist(id) => ("checklists", id),
        };
        format!("{folder}/{}.html", file_name(id))
    }

    /// The way from its page to its language's folder.
    pub(super) fn up(&self) -> &'static str {
        if self.path().contains('/') { "../" } else { "" }
    }
}

/// An id as a file's name: ids are small letters and `_`, with `.` and `-` for providers; what else a foreign file brings is
/// spelt out.
fn file_name(id: &str) -> String {
    let mut name = String::new();
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => name.push(char::from(byte)),
            other => name.push_str(&format!("-{other:02x}")),
        }
    }
    name
}

/// An id as an anchor, which has no spaces (HTML, the `id` attribute).
pub(super) fn anchor(id: &str) -> String {
    id.split_whitespace().collect::<Vec<_>>().join("-")
}

/// An anchor as the fragment of a link (RFC 3986 section 3.5).
pub(super) fn fragment(id: &str) -> String {
    let mut out = String::from("#");
    for byte in anchor(id).bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:@!$&'()*+,;=/?".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_id_stays_in_its_folder() {
        assert_eq!(Topic::Provider("t-online.de").path(), "providers/t-online.de.html");
        assert_eq!(Topic::Cause("../x/\"y").path(), "causes/..-2fx-2f-22y.html");
        assert_eq!(fragment("error::no such\"<"), "#error::no-such%22%3C");
    }
}
