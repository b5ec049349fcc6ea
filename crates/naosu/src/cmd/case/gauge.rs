//! What a case is measured with, again and again: the options of its check, and the secret it signs in with.
//!
//! A secret that was accepted is used again without asking; one that was refused is not sent a second time, unless the
//! person says so because something was changed at the provider since.

use anyhow::Result;
use clap::Parser;
use naosu_core::evidence::{Evidence, Request, SignIn};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_probe::secret::Credential;

use super::guide::line;
use crate::cli::{CheckArguments, Cli, Command};
use crate::cmd::check::evidence;
use crate::cmd::order::order;
use crate::language::pick;

/// The options of a check, and what became of the last sign-in.
pub(in crate::cmd) struct Gauge {
    arguments: CheckArguments,
    /// What was signed in with; not refused.
    held: Option<Credential>,
    /// What was refused last.
    refused: Option<Credential>,
}

impl Gauge {
    /// After a check with these options, that credential, and that outcome.
    pub(in crate::cmd) fn new(
        arguments: CheckArguments,
        credential: Option<Credential>,
        seen: &Evidence,
    ) -> Self {
        let mut gauge = Self { arguments, held: None, refused: None };
        gauge.learn(credential, seen);
        gauge
    }

    /// For a case that was kept: with the options it keeps, else with those its request tells; nothing where servers were
    /// named that are not known any more.
    pub(super) fn of_kept(check: Option<&[String]>, request: &Request) -> Option<Self> {
        let options = match check {
            Some(options) => options.to_vec(),
            None if request.named.is_empty() => {
                request.address.as_ref()?;
                told(request)
            }
            None => return None,
        };
        let call = ["naosu", "check"].map(str::to_owned).into_iter().chain(options);
        match Cli::try_parse_from(call).ok()?.command? {
            Command::Check(arguments) => Some(Self { arguments: *arguments, held: None, refused: None }),
            _ => None,
        }
    }

    /// The options as a case keeps them: what would be asked again on a terminal, the secret, is left out.
    pub(super) fn options(&self) -> Vec<String> {
        let given = &self.arguments;
        let mut options = Vec::new();
        let lists = [
            ("--imap", &given.imap),
            ("--pop", &given.pop),
            ("--smtp", &given.smtp),
            ("--resolver", &given.outside.resolver),
            ("--ntp", &given.outside.ntp),
            ("--connectivity-url", &given.outside.connectivity_url),
            ("--status-url", &given.outside.status_url),
        ];
        for (option, values) in lists {
            options.extend(values.iter().map(|value| format!("{option}={value}")));
        }
        let file = given
            .outside
            .ca_file
            .as_ref()
            .map(|file| std::path::absolute(file).unwrap_or_else(|_| file.clone()));
        let single = [
            ("--user", given.user.clone()),
            ("--device", given.device.clone()),
            ("--service", given.service.clone()),
            ("--client", given.client.clone()),
            ("--ca-file", file.map(|file| file.to_string_lossy().into_owned())),
            ("--deadline", Some(given.deadline.clone())),
        ];
        for (option, value) in single {
            options.extend(value.map(|value| format!("{option}={value}")));
        }
        options.extend(given.no_login.then(|| "--no-login".to_owned()));
        options.extend(said(given.address.as_deref(), given.words.as_deref()));
        options
    }

    /// Measures; with a sign-in where there is a secret for it. Nothing where that would send a refused secret again and
    /// the person does not want that: without it nothing would be told.
    pub(super) fn measure(&mut self, knowledge: &Knowledge, lang: Lang) -> Result<Option<Evidence>> {
        let held = self.held.take();
        let mut arguments = self.arguments.clone();
        arguments.no_login |= held.is_some();
        let mut order = order(knowledge, &arguments, lang)?;
        if let Some(held) = held {
            order.request.sign_in = kind(&held);
            order.credential = Some(held);
        } else if let (Some(given), Some(refused)) = (&order.credential, &self.refused)
            && text(given) == text(refused)
            && !agreed(lang)?
        {
            return Ok(None);
        }
        let seen = evidence(knowledge, &order, lang)?;
        self.learn(order.credential, &seen);
        Ok(Some(seen))
    }

    /// Measures what can be without asking the person anything.
    pub(super) fn glance(&mut self, knowledge: &Knowledge, lang: Lang) -> Result<Evidence> {
        if self.held.is_some()
            && let Some(seen) = self.measure(knowledge, lang)?
        {
            return Ok(seen);
        }
        let mut arguments = self.arguments.clone();
        arguments.no_login = true;
        evidence(knowledge, &order(knowledge, &arguments, lang)?, lang)
    }

    fn learn(&mut self, credential: Option<Credential>, seen: &Evidence) {
        let Some(credential) = credential else { return };
        if seen.observations.iter().any(|seen| seen.outcome == "sign_in_refused") {
            self.refused = Some(credential);
        } else {
            self.held = Some(credential);
        }
    }
}

/// What a request tells of how it was asked.
fn told(request: &Request) -> Vec<String> {
    let options = [
        ("--service", &request.service),
        ("--device", &request.device),
        ("--client", &request.client),
        ("--user", &request.user),
    ];
    let mut told: Vec<String> = options
        .into_iter()
        .filter_map(|(option, value)| value.as_ref().map(|value| format!("{option}={value}")))
        .collect();
    told.extend(said(request.address.as_deref(), request.words.as_deref()));
    told
}

/// The address and the words as they stand behind all options.
fn said(address: Option<&str>, words: Option<&str>) -> Vec<String> {
    match address {
        Some(address) => {
            let all = ["--", address].into_iter().chain(words);
            all.map(str::to_owned).collect()
        }
        None => Vec::new(),
    }
}

fn kind(credential: &Credential) -> SignIn {
    match credential {
        Credential::Password(_) => SignIn::Password,
        Credential::Token(_) => SignIn::Token,
    }
}

fn text(credential: &Credential) -> &str {
    match credential {
        Credential::Password(secret) | Credential::Token(secret) => secret.expose(),
    }
}

fn agreed(lang: Lang) -> Result<bool> {
    let answer = line(pick(
        lang,
        "This password was refused before. Sending it again counts against the account. Send it again, because something \
         was changed at the provider since? [y/N] ",
        "このパスワードは先ほど拒否されました。もう一度送ると、失敗としてまた数えられます。提供元で何かを変えたあとなので、もう一度送りますか [y/N] ",
    ))?;
    Ok(answer.is_some_and(|answer| matches!(answer.to_lowercase().as_str(), "y" | "yes" | "はい")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_account_is_measured_again_unless_servers_were_named_that_are_not_kept() {
        let mut request = Request {
            address: Some("hanako@example.jp".to_owned()),
            words: Some("-x".to_owned()),
            device: Some("iphone".to_owned()),
            ..Request::default()
        };
        let arguments = Gauge::of_kept(None, &request).unwrap().arguments;
        assert_eq!(arguments.address.as_deref(), Some("hanako@example.jp"));
        assert_eq!(arguments.words.as_deref(), Some("-x"));
        assert_eq!(arguments.device.as_deref(), Some("iphone"));
        request.named.push("imap".to_owned());
        assert!(Gauge::of_kept(None, &request).is_none());
        let kept = ["--imap=[::1]:993/tls".to_owned(), "--".to_owned(), "hanako@example.jp".to_owned()];
        assert_eq!(Gauge::of_kept(Some(&kept), &request).unwrap().arguments.imap, ["[::1]:993/tls"]);
    }

    #[test]
    fn what_is_kept_says_the_same_again_but_for_the_secret() {
        let call = [
            "naosu",
            "check",
            "--imap",
            "imap.example.jp:993/tls",
            "--smtp",
            "smtp.example.jp",
            "--smtp",
            "b:25",
            "--resolver",
            "192.0.2.1",
            "--ntp",
            "n",
            "--connectivity-url",
            "http://c/",
            "--status-url",
            "icloud=http://s/",
            "--user",
            "u",
            "--password-file",
            "/secret/file",
            "--device",
            "mac",
            "--deadline",
            "7",
            "--",
            "hanako@example.jp",
            "-- --odd words",
        ];
        let Some(Command::Check(given)) = Cli::try_parse_from(call).unwrap().command else { panic!() };
        let gauge = Gauge { arguments: *given, held: None, refused: None };
        let options = gauge.options();
        assert!(!options.iter().any(|option| option.contains("secret")), "{options:?}");
        let again = Gauge::of_kept(Some(&options), &Request::default()).unwrap();
        let mut given = gauge.arguments.clone();
        given.password_file = None;
        assert_eq!(format!("{:?}", again.arguments), format!("{given:?}"));
    }
}
