//! What servers say when they refuse: `knowledge/replies/`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::provider::Protocol;

mod matching;

/// All replies we know, by the group they are kept in.
#[derive(Debug, Default)]
pub struct Replies(BTreeMap<String, Group>);

/// The replies of one provider, server program or standard.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Whose replies they are.
    pub kind: Kind,
    /// The providers that speak so, where it is not the one of the file's name.
    #[serde(default)]
    pub providers: Vec<String>,
    /// When its facts were last looked at, `YYYY-MM`.
    pub checked: Option<String>,
    /// The replies. In wording, the first that fits wins.
    pub reply: Vec<Reply>,
}

/// Whose replies a group holds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Said by many.
    Any,
    /// Of one provider.
    Provider,
    /// Of one server program.
    Software,
    /// Laid down in a standard.
    Standard,
    /// Words that say it whoever says them.
    Wording,
}

/// One reply, or one class of replies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// Its id, unique over all groups.
    pub id: String,
    /// The protocol it is said in; any where it is left out.
    pub protocol: Option<Protocol>,
    /// When it is usually said: `greeting`, `starttls`, `auth`, `mail`, `rcpt`, `data`, `select`, `append`.
    pub phase: Option<String>,
    /// When alone it means this.
    #[serde(default)]
    pub phases: Vec<String>,
    /// The SMTP reply code.
    pub code: Option<u16>,
    /// The enhanced status code (RFC 3463): `5.7.8`, `X.7.8` for any class, `4.7.850-4.7.899` for a range.
    pub enhanced: Option<String>,
    /// How the pattern is matched.
    #[serde(default, rename = "match")]
    pub by: Match,
    /// What is searched for; with [`Match::EnhancedCode`] and [`Match::Code`] only a description.
    pub pattern: Option<String>,
    /// More such patterns, any of which will do.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// Whether it says no more than that something was refused, so that anything more precise wins.
    #[serde(default)]
    pub weak: bool,
    /// The causes it speaks for, the most likely first; none where it is no fault.
    pub means: Vec<String>,
    /// Whose trouble it is.
    pub side: Side,
    /// A remark.
    pub note: Option<String>,
    /// Where it comes from.
    pub source: String,
    /// Whether it was seen in that source.
    pub verified: bool,
}

/// How a pattern is matched.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// By the SMTP code alone.
    Code,
    /// By the enhanced status code alone.
    EnhancedCode,
    /// As a part of the text in any case, `%s` and `%d` standing for a few characters, `%%` for a per cent sign.
    FormatCi,
    /// As a part of the text, case counting.
    Literal,
    /// As a part of the text in any case.
    #[default]
    LiteralCi,
    /// As a response code in brackets (RFC 5530, RFC 2449, RFC 3206).
    ResponseCode,
}

/// Whose trouble a reply speaks of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The user's own account, device or network address.
    Own,
    /// The recipient's.
    Recipient,
    /// The domain that the mail is sent from.
    SenderDomain,
}

/// A reply as a server gave it.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The provider, an id of `knowledge/providers/`, where it is known.
    pub provider: Option<&'a str>,
    /// The protocol.
    pub protocol: Protocol,
    /// When it was said, see [`Reply::phase`].
    pub phase: &'a str,
    /// The SMTP reply code; taken from the text where it is left out.
    pub code: Option<u16>,
    /// The enhanced status code; taken from the text where it is left out.
    pub enhanced: Option<&'a str>,
    /// The text, with or without codes, lines parted by line ends.
    pub text: &'a str,
}

/// What a reply was recognised as.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Classified {
    /// The id of the entry in `knowledge/replies/`.
    pub reply: String,
    /// The causes it speaks for, the most likely first; none where it is no fault.
    pub means: Vec<String>,
    /// Whose trouble it is.
    pub side: Side,
    /// By what it was recognised.
    pub specificity: Specificity,
}

/// By what a reply was recognised, the vaguest first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Specificity {
    /// An enhanced code that says hardly anything, such as X.7.0.
    VagueCode,
    /// The SMTP code alone.
    Code,
    /// Words that say no more than a refusal.
    VagueWording,
    /// The enhanced status code.
    EnhancedCode,
    /// A response code in brackets.
    ResponseCode,
    /// A known text that says no more than a refusal.
    VagueText,
    /// Words that say what it is, whoever says them.
    Wording,
    /// A known text.
    Text,
}

impl Specificity {
    /// The id for details of observations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VagueCode => "vague_code",
            Self::Code => "code",
            Self::VagueWording => "vague_wording",
            Self::EnhancedCode => "enhanced_code",
            Self::ResponseCode => "response_code",
            Self::VagueText => "vague_text",
            Self::Wording => "wording",
            Self::Text => "text",
        }
    }
}

impl Replies {
    /// Takes the groups by the stems of their files.
    pub fn new(groups: BTreeMap<String, Group>) -> Self {
        Self(groups)
    }

    /// The group of that id.
    pub fn get(&self, id: &str) -> Option<&Group> {
        self.0.get(id)
    }

    /// The groups, sorted by name.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &Group)> {
        self.0.iter().map(|(name, group)| (name.as_str(), group))
    }

    /// Recognises a reply; the most specific entry wins, and the provider's own before the others'.
    pub fn classify(&self, said: &Said<'_>) -> Option<Classified> {
        let heard = matching::Heard::new(said);
        let mut best: Option<(matching::Rank, &Reply)> = None;
        for (name, group) in &self.0 {
            let own = group.kind == Kind::Provider
                && said.provider.is_some_and(|p| p == name || group.providers.iter().any(|other| other == p));
            for (index, reply) in group.reply.iter().enumerate() {
                let Some(rank) = heard.rank(group.kind, own, index, reply) else { continue };
                if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                    best = Some((rank, reply));
                }
            }
        }
        best.map(|(rank, reply)| Classified {
            reply: reply.id.clone(),
            means: reply.means.clone(),
            side: reply.side,
            specificity: rank.specificity(),
        })
    }
}

impl Reply {
    /// All its patterns.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.pattern.iter().chain(&self.patterns).map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
