//! What somebody wants to be measured, read as they wrote it.

use naosu_core::evidence::Evidence;
use naosu_core::knowledge::{Protocol, Security};
use naosu_probe::discovery::Endpoint;
use naosu_probe::secret::Secret;

use crate::casework::{CaseFile, latest_evidence};
use crate::failure::Failure;

/// The longest password that is taken, in bytes.
const PASSWORD_LIMIT: usize = 1024;
/// The longest mail address (RFC 5321 section 4.5.3.1: 64 + 1 + 255).
const ADDRESS_LIMIT: usize = 320;

/// What a person wants to be measured.
#[derive(Default)]
pub(crate) struct Wish {
    /// The mail address, where the case has none.
    pub(crate) address: Option<String>,
    /// The servers, where they are known.
    pub(crate) servers: Vec<Endpoint>,
    /// The password, for one sign-in.
    pub(crate) password: Option<Secret>,
    /// Whether that is another password than the one that was refused.
    pub(crate) other_password: bool,
}

/// What was sent. Without `Debug`: it holds a password.
pub(crate) struct Written {
    /// The mail address; empty where the case has one.
    pub(crate) address: String,
    /// Where mail is fetched from; empty for what is found out, nothing for the one of before.
    pub(crate) incoming: Option<String>,
    /// Where mail is handed in; the same.
    pub(crate) outgoing: Option<String>,
    /// The password; empty for none.
    pub(crate) password: Secret,
    /// Whether that is another password than the one that was refused.
    pub(crate) other_password: bool,
}

/// What cannot be read of what was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unread {
    /// No mail address.
    Address,
    /// No server for incoming mail.
    Incoming,
    /// No server for outgoing mail.
    Outgoing,
    /// The password is too long.
    Password,
}

impl From<Unread> for Failure {
    fn from(unread: Unread) -> Self {
        let what = match unread {
            Unread::Address => "no mail address",
            Unread::Incoming | Unread::Outgoing => "no server",
            Unread::Password => "the password is too long",
        };
        Self::Mistaken(what.to_owned())
    }
}

impl Wish {
    /// Reads what was sent for a case.
    pub(crate) fn read(file: &CaseFile, written: Written) -> Result<Self, Unread> {
        let address = Some(written.address.trim().to_owned()).filter(|address| !address.is_empty());
        if !address.iter().all(|address| is_address(address)) {
            return Err(Unread::Address);
        }
        let mut servers = Vec::new();
        for (protocol, text, unread) in [
            (Protocol::Imap, written.incoming, Unread::Incoming),
            (Protocol::Smtp, written.outgoing, Unread::Outgoing),
        ] {
            let before =
                || latest_evidence(&file.case).and_then(|seen| named_before(seen, protocol.as_str()));
            let text = text.or_else(before).unwrap_or_default();
            if !text.trim().is_empty() {
                servers.push(server(protocol, text.trim()).ok_or(unread)?);
            }
        }
        if written.password.expose().len() > PASSWORD_LIMIT {
            return Err(Unread::Password);
        }
        Ok(Self {
            address,
            servers,
            password: Some(written.password).filter(|password| !password.expose().is_empty()),
            other_password: written.other_password,
        })
    }
}

/// The server that was named for what was measured last, as the form takes it.
pub(crate) fn named_before(evidence: &Evidence, variable: &str) -> Option<String> {
    evidence.request.named.iter().find(|name| *name == variable)?;
    let server = evidence.observations.iter().find(|seen| seen.variable == variable)?;
    Some(format!("{}/{}", server.subject, server.text("security").unwrap_or("tls")))
}

/// Whether it can be a mail address at all; whether it is one, only its provider knows.
pub(crate) fn is_address(text: &str) -> bool {
    text.len() <= ADDRESS_LIMIT
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'))
}

/// `HOST[:PORT][/tls|/starttls|/plain]`; what is left out is usual for the protocol.
fn server(protocol: Protocol, text: &str) -> Option<Endpoint> {
    let (place, security) = match text.rsplit_once('/') {
        Some((place, "tls")) => (place, Some(Security::Tls)),
        Some((place, "starttls")) => (place, Some(Security::Starttls)),
        Some((place, "plain")) => (place, Some(Security::Plain)),
        Some(_) => return None,
        None => (text, None),
    };
    let usual = match protocol {
        Protocol::Imap => 993,
        Protocol::Pop => 995,
        Protocol::Smtp => 465,
    };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0)?),
        None => (place, usual),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if host.is_empty() || host.len() > 253 || !host.chars().all(plain) {
        return None;
    }
    let security = security.unwrap_or(match port {
        25 | 110 | 143 | 587 => Security::Starttls,
        _ => Security::Tls,
    });
    Some(Endpoint { protocol, host: host.to_owned(), port, security })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_two_sides_a_domain_and_no_spaces() {
        for address in ["hanako@example.jp", "a@b.c", "花子@例え.jp"] {
            assert!(is_address(address), "{address}");
        }
        for text in ["hanako", "@example.jp", "hanako@", "a@b", "a b@c.d", "a\r\nb@c.d", &"a@".repeat(400)] {
            assert!(!is_address(text), "{text}");
        }
    }

    #[test]
    fn servers_are_read_as_people_write_them() {
        let read =
            |text| server(Protocol::Imap, text).map(|server| (server.host, server.port, server.security));
        let at = |port, security| Some(("imap.example.jp".to_owned(), port, security));
        assert_eq!(read("imap.example.jp"), at(993, Security::Tls));
        assert_eq!(read("imap.example.jp:143"), at(143, Security::Starttls));
        assert_eq!(read("imap.example.jp:1993/tls"), at(1993, Security::Tls));
        for wrong in [
            "",
            ":993",
            "imap.example.jp:0",
            "imap.example.jp:99999",
            "a b",
            "http://x/",
            "x/ssl",
            "[::1]:993",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn addresses_are_whole() {
        assert!(is_address("hanako@example.jp"));
        for wrong in ["hanako", "@example.jp", "a@b@example.jp", "a@localhost", "a b@example.jp"] {
            assert!(!is_address(wrong), "{wrong}");
        }
    }
}
