//! DMARC records (RFC 9989, before it RFC 7489).

/// How many names are asked at the most, the domain itself included.
const PLACE_LIMIT: usize = 8;

/// What a domain wants done with mail that fails.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Policy {
    /// There is no record.
    Absent,
    /// There is one that cannot be used, with the part that is wrong.
    Invalid(String),
    /// Nothing is to be done, only told.
    Monitor,
    /// Such mail is to be put aside.
    Quarantine,
    /// Such mail is to be refused.
    Reject,
}

impl Policy {
    /// The outcome of variable `dmarc`.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Absent => "none",
            Self::Invalid(_) => "invalid",
            Self::Monitor => "monitor",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// Reads the TXT records at `_dmarc`; `inherited` says that they are those of a parent domain.
pub fn read(texts: &[String], inherited: bool) -> Policy {
    let meant = |text: &&String| {
        let start: String = text.chars().filter(|c| !c.is_whitespace()).take(7).collect();
        start.eq_ignore_ascii_case("v=dmarc")
    };
    let records: Vec<&String> = texts.iter().filter(meant).collect();
    match records.as_slice() {
        [] => Policy::Absent,
        [record] => read_one(record, inherited),
        several => Policy::Invalid(format!("v=DMARC1 × {}", several.len())),
    }
}

/// The domains whose records count for a domain: itself, then its parents down to two labels; of a long name the
/// middle is left out (RFC 9989 section 4.10).
pub fn places(domain: &str) -> Vec<&str> {
    let mut places = vec![domain];
    let mut rest = domain;
    while let Some((_, parent)) = rest.split_once('.') {
        rest = parent;
        let labels = parent.split('.').count();
        if (2..PLACE_LIMIT).contains(&labels) {
            places.push(parent);
        }
    }
    places.truncate(PLACE_LIMIT);
    places
}

fn read_one(record: &str, inherited: bool) -> Policy {
    let mut tags = Vec::new();
    for part in record.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some((name, value)) => tags.push((name.trim().to_ascii_lowercase(), value.trim())),
            None => return Policy::Invalid(part.to_owned()),
        }
    }
    if tags.first().is_none_or(|(name, value)| name != "v" || *value != "DMARC1") {
        return Policy::Invalid(record.split(';').next().unwrap_or(record).trim().to_owned());
    }
    let tag = |wanted: &str| tags.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    let (name, value) = match (tag("sp"), tag("p")) {
        (Some(value), Some(_)) if inherited => ("sp", value),
        (_, value) => ("p", value.unwrap_or_default()),
    };
    match value.to_ascii_lowercase().as_str() {
        "none" => Policy::Monitor,
        "quarantine" => Policy::Quarantine,
        "reject" => Policy::Reject,
        _ => Policy::Invalid(format!("{name}={value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(records: &[&str]) -> Policy {
        read(&records.iter().map(|record| (*record).to_owned()).collect::<Vec<_>>(), false)
    }

    #[test]
    fn policies_are_read() {
        assert_eq!(of(&["v=DMARC1; p=none; rua=mailto:a@example.jp"]), Policy::Monitor);
        assert_eq!(of(&["v=DMARC1;p=quarantine;pct=50"]), Policy::Quarantine);
        assert_eq!(of(&["V = DMARC1 ; P = Reject ;"]), Policy::Reject);
        assert_eq!(of(&["google-site-verification=x", "v=DMARC1; p=none"]), Policy::Monitor);
        assert_eq!(of(&["v=spf1 -all"]), Policy::Absent);
        assert_eq!(of(&[]), Policy::Absent);
    }

    #[test]
    fn broken_records_name_what_is_wrong() {
        let invalid = |record: &str| match of(&[record]) {
            Policy::Invalid(problem) => problem,
            other => panic!("{record}: {other:?}"),
        };
        assert_eq!(invalid("v=DMARC1; p=rejct"), "p=rejct");
        assert_eq!(invalid("v=DMARC1"), "p=");
        assert_eq!(invalid("v=dmarc1; p=none"), "v=dmarc1");
        assert_eq!(invalid("v=DMARC2; p=none"), "v=DMARC2");
        assert_eq!(invalid("v=DMARC1; p reject"), "p reject");
        assert_eq!(
            of(&["v=DMARC1; p=none", "v=DMARC1; p=reject"]),
            Policy::Invalid("v=DMARC1 × 2".to_owned())
        );
    }

    #[test]
    fn sub_domains_take_over_what_the_parent_says_for_them() {
        let parent = ["v=DMARC1; p=reject; sp=none".to_owned()];
        assert_eq!(read(&parent, true), Policy::Monitor);
        assert_eq!(read(&parent, false), Policy::Reject);
        assert_eq!(places("mail.example.co.jp"), ["mail.example.co.jp", "example.co.jp", "co.jp"]);
        let long = format!("{}example.jp", "a.".repeat(30));
        assert!(places(&long).len() <= PLACE_LIMIT);
        assert_eq!(places(&long)[1].split('.').count(), 7);
    }
}
