//! Asks the person about servers that no trustworthy source names (RFC 6186 section 6).

use anyhow::Result;
use naosu_core::evidence::Evidence;
use naosu_core::knowledge::{Lang, Protocol};
use naosu_probe::discovery::Endpoint;

use crate::cmd::case::guide::line;
use crate::cmd::order::server;
use crate::language::pick;

/// The servers from which a sign-in was withheld and which the person says are theirs. Nothing is asked after a refused
/// sign-in: the same password would be sent again.
pub(super) fn ask(evidence: &Evidence, lang: Lang) -> Result<Vec<Endpoint>> {
    let mut confirmed = Vec::new();
    for found in unconfirmed(evidence) {
        let name = found.subject();
        let protocol = found.protocol.as_str().to_uppercase();
        let answer = line(&pick(
            lang,
            format!(
                "{name} was named as your {protocol} server, but over a line that others can change. The password was not \
                 sent there.\nDoes your provider name this very server? [y/N] "
            ),
            format!(
                "{protocol}サーバとして{name}が見つかりましたが、途中で書き換えられるおそれのある経路の情報です。\
                 パスワードは送っていません。\n提供元が案内しているサーバと同じですか [y/N] "
            ),
        ))?;
        let Some(answer) = answer else { break };
        if is_yes(&answer) {
            confirmed.push(found);
        }
    }
    Ok(confirmed)
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "はい")
}

fn unconfirmed(evidence: &Evidence) -> Vec<Endpoint> {
    let all = &evidence.observations;
    if all.iter().any(|seen| seen.outcome == "sign_in_refused") {
        return Vec::new();
    }
    let withheld = |protocol: Protocol, found: &Endpoint| {
        let subject = found.subject();
        all.iter().any(|seen| {
            seen.variable == protocol.as_str()
                && seen.subject == subject
                && seen.outcome == "reachable"
                && seen.text("sign_in_withheld").is_some()
        })
    };
    all.iter()
        .filter(|seen| seen.variable == "settings" && seen.outcome == "unconfirmed")
        .filter_map(|seen| {
            let protocol = [Protocol::Imap, Protocol::Pop, Protocol::Smtp]
                .into_iter()
                .find(|protocol| protocol.as_str() == seen.subject)?;
            let found = server(protocol, seen.text("server")?).ok()?;
            withheld(protocol, &found).then_some(found)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use naosu_core::evidence::{Observation, ObservationId, Request, SCHEMA};
    use serde_json::json;

    use super::*;

    fn seen(variable: &str, outcome: &str, subject: &str, detail: &serde_json::Value) -> Observation {
        let detail = detail.as_object().cloned().unwrap_or_default().into_iter().collect();
        let (variable, outcome, subject) = (variable.to_owned(), outcome.to_owned(), subject.to_owned());
        let id = ObservationId("o1".to_owned());
        Observation {
            id,
            variable,
            outcome,
            subject,
            detail,
            started_ms: 0,
            elapsed_ms: 1,
            after: Vec::new(),
        }
    }

    fn evidence(observations: Vec<Observation>) -> Evidence {
        let (schema, started) = (SCHEMA.to_owned(), "2026-11-22T10:00:00Z".to_owned());
        Evidence { schema, request: Request::default(), started, elapsed_ms: 1, observations }
    }

    #[test]
    fn only_servers_that_a_sign_in_was_withheld_from_are_asked_about() {
        let named =
            seen("settings", "unconfirmed", "imap", &json!({ "server": "mail.host.example:993/tls" }));
        let withheld = json!({ "sign_in_withheld": "unauthenticated_settings" });
        let imap = |outcome, detail: &_| seen("imap", outcome, "mail.host.example:993", detail);
        let asked = |observations| unconfirmed(&evidence(observations)).len();
        assert_eq!(asked(vec![named.clone(), imap("reachable", &withheld)]), 1);
        assert_eq!(asked(vec![named.clone(), imap("reachable", &json!({}))]), 0);
        assert_eq!(asked(vec![named.clone(), imap("tcp_silent", &withheld)]), 0);
        assert_eq!(asked(vec![imap("reachable", &withheld)]), 0);
        let refused = seen("smtp", "sign_in_refused", "smtp.example.jp:587", &json!({}));
        assert_eq!(asked(vec![named, imap("reachable", &withheld), refused]), 0);
    }

    #[test]
    fn only_a_clear_yes_is_one() {
        assert!(is_yes("y") && is_yes(" Yes ") && is_yes("はい"));
        assert!(!is_yes("") && !is_yes("n") && !is_yes("?"));
    }
}
