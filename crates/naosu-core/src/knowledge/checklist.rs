//! Routine care and checks before and after something: `knowledge/checklists/`.

use serde::Deserialize;

use super::Text;
use super::situation::Only;

/// A list of things to look at.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    /// What it is for.
    pub title: Text,
    /// When it is used.
    pub occasion: Occasion,
    /// The rows of `coverage.tsv` that it serves.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// When they were last looked at, `YYYY-MM`.
    pub checked: String,
    /// Where advice that is still going round is out of date: what holds today.
    pub correction: Option<Text>,
    /// The things to look at.
    pub items: Vec<Item>,
}

/// When a checklist is used.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// After an update of the system or an app.
    AfterUpdate,
    /// Before support is asked.
    BeforeSupport,
    /// Before an update of the system or an app.
    BeforeUpdate,
    /// For whoever runs many accounts or a domain.
    Business,
    /// Again and again.
    Routine,
    /// When something is wrong, before anything else.
    SelfCheck,
}

/// One thing to look at.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Unique within the list.
    pub id: String,
    /// How often.
    pub every: Every,
    /// How much it matters.
    pub importance: Importance,
    /// What to look at.
    pub text: Text,
    /// Why.
    pub why: Text,
    /// Where it applies.
    #[serde(default)]
    pub only: Only,
    /// The variables that answer it without the person.
    #[serde(default)]
    pub probes: Vec<String>,
    /// What to do when it is not well.
    pub action: Option<String>,
}

/// How often something is looked at.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Whenever the list is used.
    Time,
    /// Every week.
    Week,
    /// Every month.
    Month,
    /// Every three months.
    Quarter,
    /// Every year.
    Year,
    /// After a change of phone, number, password or provider.
    Change,
}

/// How much something matters.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Importance {
    /// Without it mail or the account can be lost.
    High,
    /// It prevents troubles.
    Medium,
    /// It makes things easier.
    Low,
}

impl Every {
    /// The period in days, where there is one.
    pub fn days(self) -> Option<u16> {
        match self {
            Self::Week => Some(7),
            Self::Month => Some(30),
            Self::Quarter => Some(91),
            Self::Year => Some(365),
            Self::Time | Self::Change => None,
        }
    }
}
