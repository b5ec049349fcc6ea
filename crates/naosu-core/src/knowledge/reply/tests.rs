use std::collections::BTreeSet;

use super::super::{Knowledge, embedded};
use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Samples {
    sample: Vec<Sample>,
}

/// A reply as real servers give it, and what it means (empty: no fault).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    protocol: Protocol,
    phase: String,
    provider: Option<String>,
    text: String,
    means: String,
}

fn knowledge() -> Knowledge {
    Knowledge::load(&embedded()).unwrap()
}

fn said<'a>(protocol: Protocol, phase: &'a str, text: &'a str) -> Said<'a> {
    Said { provider: None, protocol, phase, code: None, enhanced: None, text }
}

/// How many of the known replies are recognised as what they mean, and which are not.
fn known_replies(replies: &Replies, with_provider: bool) -> (usize, Vec<String>) {
    let (mut all, mut wrong) = (0, Vec::new());
    for (name, group) in replies.groups().filter(|(_, group)| group.kind != Kind::Wording) {
        for reply in &group.reply {
            let text = match reply.by {
                Match::Code | Match::EnhancedCode => String::new(),
                Match::FormatCi => {
                    let text = reply.patterns().next().unwrap().replace("%%", "%");
                    text.replace("%s", "INBOX").replace("%d", "93")
                }
                Match::Literal | Match::LiteralCi => reply.patterns().next().unwrap().to_owned(),
                Match::ResponseCode => format!("[{}] sorry", reply.patterns().next().unwrap()),
            };
            let enhanced = reply.enhanced.as_ref().map(|code| {
                let class = if reply.code.is_some_and(|code| code < 500) { "4." } else { "5." };
                code.split('-').next().unwrap().replace("X.", class)
            });
            let phase = reply.phases.first().or(reply.phase.as_ref()).map_or("data", String::as_str);
            let said = Said {
                provider: (with_provider && group.kind == Kind::Provider).then_some(name),
                protocol: reply.protocol.unwrap_or(Protocol::Imap),
                phase,
                code: reply.code,
                enhanced: enhanced.as_deref(),
                text: &text,
            };
            all += 1;
            let got = replies.classify(&said);
            if got.as_ref().and_then(|got| got.means.first()) != reply.means.first() || got.is_none() {
                wrong.push(format!("{} {text:?} is {:?}, got {got:?}", reply.id, reply.means));
            }
        }
    }
    (all, wrong)
}

#[test]
fn known_replies_mean_what_they_are_known_to_mean() {
    let knowledge = knowledge();
    for (with_provider, least) in [(true, 99), (false, 97)] {
        let (all, wrong) = known_replies(knowledge.replies(), with_provider);
        assert!(all >= 560, "{all}");
        let right = (all - wrong.len()) * 100;
        assert!(right >= all * least, "{} of {all} wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}

#[test]
fn replies_of_real_servers_are_recognised() {
    let knowledge = knowledge();
    let samples: Samples = toml::from_str(include_str!("samples.toml")).unwrap();
    assert!(samples.sample.len() >= 60);
    let mut wrong = Vec::new();
    for sample in &samples.sample {
        let mut said = said(sample.protocol, &sample.phase, &sample.text);
        said.provider = sample.provider.as_deref();
        let got = knowledge.replies().classify(&said);
        let means = got.as_ref().map(|got| got.means.first().map_or("", String::as_str));
        if means != Some(sample.means.as_str()) {
            wrong.push(format!("{:?} is {}, got {got:?}", sample.text, sample.means));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), samples.sample.len(), wrong.join("\n"));
}

#[test]
fn every_reply_has_an_id_of_its_own_and_causes_of_the_taxonomy() {
    let knowledge = knowledge();
    let mut ids = BTreeSet::new();
    for (name, group) in knowledge.replies().groups() {
        for reply in &group.reply {
            assert!(ids.insert(&reply.id), "{name}: {} is there twice", reply.id);
            for cause in &reply.means {
                assert!(knowledge.taxonomy.cause.contains_key(cause), "{name}: {}: {cause}", reply.id);
            }
            assert!(reply.by == Match::Code || reply.patterns().next().is_some(), "{name}: {}", reply.id);
            assert!(!reply.source.is_empty(), "{name}: {}", reply.id);
        }
        for provider in &group.providers {
            assert!(knowledge.providers().get(provider).is_some(), "{name}: {provider}");
        }
    }
    assert!(ids.len() >= 630);
}

#[test]
fn the_providers_own_text_wins_before_the_general_one() {
    let knowledge = knowledge();
    let text = "[AUTHENTICATIONFAILED] Authentication failed";
    let mut said = said(Protocol::Imap, "auth", text);
    said.provider = Some("icloud");
    assert_eq!(knowledge.replies().classify(&said).unwrap().means[0], "app_password_required");
    said.provider = Some("ocn");
    let got = knowledge.replies().classify(&said).unwrap();
    assert!(got.specificity <= Specificity::Text);
}

#[test]
fn text_wins_before_enhanced_code_before_code() {
    let knowledge = knowledge();
    let of = |text: &str| {
        let got = knowledge.replies().classify(&said(Protocol::Smtp, "auth", text)).unwrap();
        (got.means[0].clone(), got.specificity)
    };
    assert_eq!(of("535 ..."), ("wrong_password".to_owned(), Specificity::Code));
    assert_eq!(of("535 5.7.9 ..."), ("app_password_required".to_owned(), Specificity::EnhancedCode));
    assert_eq!(
        of("535 5.7.9 Account is locked"),
        ("account_locked_or_suspended".to_owned(), Specificity::Wording)
    );
}

#[test]
fn nothing_is_made_of_nothing_and_hostile_text_is_harmless() {
    let knowledge = knowledge();
    assert_eq!(knowledge.replies().classify(&said(Protocol::Imap, "auth", "")), None);
    assert_eq!(knowledge.replies().classify(&said(Protocol::Imap, "auth", "NO xyzzy")), None);
    for text in
        ["[", "]", "[[[]", "550", "550-", "5.7.", "\u{0}\u{feff}", "９９９ ５．７．８", "é50 5.1.1", "%s%d%%"]
    {
        let _ = knowledge.replies().classify(&said(Protocol::Smtp, "rcpt", text));
    }
    let long = "imap ".repeat(100_000);
    let _ = knowledge.replies().classify(&said(Protocol::Imap, "auth", &long));
}
