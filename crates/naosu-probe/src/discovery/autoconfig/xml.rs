//! The XML file itself: `clientConfig` version 1.1.

use naosu_core::knowledge::{Protocol, Security};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// The deepest nesting that is read.
const DEPTH_LIMIT: usize = 24;

/// How many events are read.
const EVENT_LIMIT: usize = 20_000;

/// How many servers are kept.
const SERVER_LIMIT: usize = 24;

/// The longest text of an element that is kept, in bytes.
const TEXT_LIMIT: usize = 512;

/// What a file says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Autoconfig {
    /// The name of the provider, where it gives one.
    pub name: Option<String>,
    /// The servers in its order.
    pub servers: Vec<AutoconfigServer>,
}

/// A server as the file gives it; texts may hold placeholders such as `%EMAILADDRESS%`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AutoconfigServer {
    /// What it speaks.
    pub protocol: Protocol,
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is encrypted.
    pub security: Security,
    /// The user name.
    pub user_name: Option<String>,
    /// The ways to sign in, as the file names them.
    pub authentication: Vec<String>,
}

/// Why a file cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AutoconfigError {
    /// It is not such a file at all, a web page for instance.
    #[error("not a settings file")]
    OtherDocument,
    /// It is not well-formed.
    #[error("not well-formed XML: {0}")]
    Malformed(String),
    /// It is nested too deep or holds too much.
    #[error("too deep or too much")]
    TooMuch,
    /// It brings a document type, which such a file never needs.
    #[error("brings a document type")]
    DocumentType,
}

/// Reads a settings file. Of incomplete servers nothing is kept; document types and entities of its own are refused.
pub fn parse_autoconfig(bytes: &[u8]) -> Result<Autoconfig, AutoconfigError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(&text);
    let mut reading = Reading::default();
    for _ in 0..EVENT_LIMIT {
        match reader.read_event() {
            Ok(Event::Start(start)) => reading.open(&start)?,
            Ok(Event::Empty(start)) => {
                reading.open(&start)?;
                reading.close();
            }
            Ok(Event::End(_)) => reading.close(),
            Ok(Event::Text(text)) => reading.text(&text)?,
            Ok(Event::CData(data)) => reading.text(&data)?,
            Ok(Event::GeneralRef(reference)) => reading.text(&resolved(&reference)?)?,
            Ok(Event::DocType(doctype)) => {
                let html = doctype.to_ascii_lowercase().starts_with("html");
                return Err(if html {
                    AutoconfigError::OtherDocument
                } else {
                    AutoconfigError::DocumentType
                });
            }
            Ok(Event::Eof) if reading.is_config => return Ok(reading.config),
            Ok(Event::Eof) => return Err(AutoconfigError::OtherDocument),
            Ok(_) => {}
            Err(_) if !reading.is_config => return Err(AutoconfigError::OtherDocument),
            Err(problem) => return Err(AutoconfigError::Malformed(problem.to_string())),
        }
    }
    Err(AutoconfigError::TooMuch)
}

#[derive(Default)]
struct Reading {
    config: Autoconfig,
    path: Vec<Element>,
    is_config: bool,
    server: Option<Draft>,
    text: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Element {
    Authentication,
    DisplayName,
    Host,
    Other,
    Port,
    Provider,
    Root,
    Security,
    Server,
    UserName,
}

struct Draft {
    protocol: Option<Protocol>,
    host: Option<String>,
    port: Option<u16>,
    security: Option<Security>,
    user_name: Option<String>,
    authentication: Vec<String>,
}

impl Reading {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), AutoconfigError> {
        if self.path.len() >= DEPTH_LIMIT {
            return Err(AutoconfigError::TooMuch);
        }
        let name = start.local_name();
        let element = match (self.path.last(), name.as_ref()) {
            (None, "clientConfig") => Element::Root,
            (None, _) => return Err(AutoconfigError::OtherDocument),
            (Some(Element::Root), "emailProvider") => Element::Provider,
            (Some(Element::Provider), "incomingServer" | "outgoingServer") => Element::Server,
            (Some(Element::Provider), "displayName") => Element::DisplayName,
            (Some(Element::Server), "hostname") => Element::Host,
            (Some(Element::Server), "port") => Element::Port,
            (Some(Element::Server), "socketType") => Element::Security,
            (Some(Element::Server), "username") => Element::UserName,
            (Some(Element::Server), "authentication") => Element::Authentication,
            _ => Element::Other,
        };
        self.is_config |= element == Element::Root;
        if element == Element::Server {
            self.server = Some(Draft::new(start));
        }
        self.path.push(element);
        self.text.clear();
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), AutoconfigError> {
        if self.path.is_empty() && !text.trim().is_empty() {
            return Err(AutoconfigError::OtherDocument);
        }
        if self.text.len() + text.len() <= TEXT_LIMIT {
            self.text.push_str(text);
        }
        Ok(())
    }

    fn close(&mut self) {
        let text = std::mem::take(&mut self.text);
        let text = text.trim().to_owned();
        match (self.path.pop(), &mut self.server) {
            (Some(Element::DisplayName), _) if !text.is_empty() => {
                self.config.name.get_or_insert(text);
            }
            (Some(Element::Host), Some(server)) => server.host = Some(text),
            (Some(Element::Port), Some(server)) => server.port = text.parse().ok().filter(|port| *port != 0),
            (Some(Element::Security), Some(server)) => server.security = security(&text),
            (Some(Element::UserName), Some(server)) => server.user_name = Some(text),
            (Some(Element::Authentication), Some(server)) if server.authentication.len() < 8 => {
                server.authentication.push(text);
            }
            (Some(Element::Server), _) => {
                let complete = self.server.take().and_then(Draft::complete);
                if self.config.servers.len() < SERVER_LIMIT {
                    self.config.servers.extend(complete);
                }
            }
            _ => {}
        }
    }
}

impl Draft {
    fn new(start: &BytesStart<'_>) -> Self {
        let kind = start.attributes().with_checks(false).flatten().find(|a| a.key.as_ref() == "type");
        let protocol = kind.and_then(|kind| match kind.value.as_ref() {
            "imap" => Some(Protocol::Imap),
            "pop3" => Some(Protocol::Pop),
            "smtp" => Some(Protocol::Smtp),
            _ => None,
        });
        let authentication = Vec::new();
        Self { protocol, host: None, port: None, security: None, user_name: None, authentication }
    }

    fn complete(self) -> Option<AutoconfigServer> {
        Some(AutoconfigServer {
            protocol: self.protocol?,
            host: self.host.filter(|host| !host.is_empty())?,
            port: self.port?,
            security: self.security?,
            user_name: self.user_name.filter(|name| !name.is_empty()),
            authentication: self.authentication,
        })
    }
}

fn security(text: &str) -> Option<Security> {
    match text.to_ascii_uppercase().as_str() {
        "SSL" | "TLS" => Some(Security::Tls),
        "STARTTLS" => Some(Security::Starttls),
        "PLAIN" => Some(Security::Plain),
        _ => None,
    }
}

/// A character reference or one of the five entities of XML itself.
fn resolved(reference: &BytesRef<'_>) -> Result<String, AutoconfigError> {
    let malformed = || AutoconfigError::Malformed("an entity of its own".to_owned());
    if let Some(character) = reference.resolve_char_ref().map_err(|_| malformed())? {
        return Ok(character.to_string());
    }
    let text = match reference.as_ref() {
        "amp" => "&",
        "apos" => "'",
        "gt" => ">",
        "lt" => "<",
        "quot" => "\"",
        _ => return Err(malformed()),
    };
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="example.jp">
    <domain>example.jp</domain>
    <displayName>Example &amp; Co</displayName>
    <incomingServer type="imap">
      <hostname>imap.%EMAILDOMAIN%</hostname>
      <port>993</port><socketType>SSL</socketType>
      <authentication>OAuth2</authentication>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </incomingServer>
    <incomingServer type="pop3">
      <hostname>pop.example.jp</hostname><port>110</port><socketType>STARTTLS</socketType>
      <username>%EMAILLOCALPART%</username>
      <pop3><leaveMessagesOnServer>true</leaveMessagesOnServer></pop3>
    </incomingServer>
    <incomingServer type="exchange"><hostname>ex.example.jp</hostname><port>443</port>
      <socketType>SSL</socketType></incomingServer>
    <incomingServer type="imap"><hostname>broken.example.jp</hostname><port>99999</port>
      <socketType>SSL</socketType></incomingServer>
    <outgoingServer type="smtp">
      <hostname>smtp.example.jp</hostname><port>587</port><socketType>STARTTLS</socketType>
      <username>%EMAILADDRESS%</username>
    </outgoingServer>
  </emailProvider>
</clientConfig>"#;

    #[test]
    fn servers_are_read_in_their_order_and_incomplete_ones_left_out() {
        let config = parse_autoconfig(FILE.as_bytes()).unwrap();
        assert_eq!(config.name.as_deref(), Some("Example & Co"));
        let seen: Vec<_> =
            config.servers.iter().map(|s| (s.protocol, s.host.as_str(), s.port, s.security)).collect();
        assert_eq!(
            seen,
            [
                (Protocol::Imap, "imap.%EMAILDOMAIN%", 993, Security::Tls),
                (Protocol::Pop, "pop.example.jp", 110, Security::Starttls),
                (Protocol::Smtp, "smtp.example.jp", 587, Security::Starttls),
            ]
        );
        assert_eq!(config.servers[0].authentication, ["OAuth2", "password-cleartext"]);
        assert_eq!(config.servers[1].user_name.as_deref(), Some("%EMAILLOCALPART%"));
    }

    #[test]
    fn a_web_page_is_another_document() {
        for page in [
            "<!DOCTYPE html><html><body>404</body></html>",
            "<!doctype HTML>\n<html>",
            "<html><head><title>x</title></head></html>",
            "Not found",
            "",
            "{\"a\":1}",
            "<rss/>",
        ] {
            assert_eq!(parse_autoconfig(page.as_bytes()), Err(AutoconfigError::OtherDocument), "{page}");
        }
    }

    #[test]
    fn entities_document_types_depth_and_size_are_limited() {
        let bomb = r#"<!DOCTYPE clientConfig [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><clientConfig>&b;</clientConfig>"#;
        assert_eq!(parse_autoconfig(bomb.as_bytes()), Err(AutoconfigError::DocumentType));
        let own =
            "<clientConfig><emailProvider><displayName>&own;</displayName></emailProvider></clientConfig>";
        assert!(matches!(parse_autoconfig(own.as_bytes()), Err(AutoconfigError::Malformed(_))));
        let deep = format!("<clientConfig>{}", "<a>".repeat(100_000));
        assert_eq!(parse_autoconfig(deep.as_bytes()), Err(AutoconfigError::TooMuch));
        let wide = format!("<clientConfig>{}</clientConfig>", "<a/>".repeat(100_000));
        assert_eq!(parse_autoconfig(wide.as_bytes()), Err(AutoconfigError::TooMuch));
        let many = FILE.replace(
            "<outgoingServer",
            &format!("{}<outgoingServer", "<incomingServer type=\"imap\"><hostname>h.example.jp</hostname><port>993</port><socketType>SSL</socketType></incomingServer>".repeat(200)),
        );
        assert_eq!(parse_autoconfig(many.as_bytes()).unwrap().servers.len(), SERVER_LIMIT);
    }

    #[test]
    fn garbage_never_panics() {
        for cut in 0..FILE.len() {
            let _ = parse_autoconfig(&FILE.as_bytes()[..cut]);
        }
        let mut bytes = FILE.as_bytes().to_vec();
        for index in 0..bytes.len() {
            let old = std::mem::replace(&mut bytes[index], 0xff);
            let _ = parse_autoconfig(&bytes);
            bytes[index] = old;
        }
        let _ = parse_autoconfig(b"</a></a><clientConfig></b>");
        let _ = parse_autoconfig(b"<clientConfig></clientConfig></clientConfig>");
    }
}
