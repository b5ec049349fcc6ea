//! Mail providers: `knowledge/providers/`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod near;

/// A protocol that a mail account is read or written with.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// IMAP (RFC 9051).
    Imap,
    /// POP3 (RFC 1939).
    Pop,
    /// SMTP submission (RFC 6409).
    Smtp,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// From the first byte (RFC 8314).
    Tls,
    /// By an upgrade of a plaintext connection.
    Starttls,
    /// Not at all.
    Plain,
}

/// What a provider wants as the user name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UserName {
    /// The whole mail address.
    Address,
    /// What stands before the `@`.
    LocalPart,
    /// An id of its own, which has nothing to do with the address.
    SeparateId,
}

/// A way to prove who one is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// A password made for one app.
    #[serde(rename = "app_password")]
    AppPassword,
    /// Nothing is asked.
    None,
    /// An OAuth 2.0 access token.
    Oauth2,
    /// The account's password.
    Password,
}

/// All providers we know, by id.
#[derive(Debug, Default)]
pub struct Providers(BTreeMap<String, Provider>);

/// One provider: facts, each with its source.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Its name in English.
    pub en: String,
    /// Its name in Japanese.
    pub ja: String,
    /// The service of the taxonomy that it is.
    pub service: String,
    /// The domains of its addresses, in lower case.
    pub domains: Vec<String>,
    /// Whether sub-domains of these are its addresses too.
    #[serde(default)]
    pub subdomains: bool,
    /// The mail exchangers by which a domain hosted there is recognised; `*.` stands for any labels.
    #[serde(default)]
    pub mx: Vec<String>,
    /// Where the mail exchangers come from.
    pub mx_source: Option<String>,
    /// Its own page about mail settings.
    pub help: Option<String>,
    /// Whether that page was seen.
    #[serde(default)]
    pub help_verified: bool,
    /// Where the entry comes from.
    pub source: String,
    /// Whether it was seen in that source.
    pub verified: bool,
    /// When it was last looked at, `YYYY-MM`.
    pub checked: Option<String>,
    /// Peculiarities.
    #[serde(default)]
    pub quirk: Vec<Quirk>,
    /// Its servers, the preferred one of each protocol first.
    #[serde(default)]
    pub server: Vec<Server>,
}

/// A peculiarity of a provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quirk {
    /// What it is about.
    pub key: String,
    /// The fact in English.
    pub en: String,
    /// The fact in Japanese.
    pub ja: String,
    /// Where it comes from.
    pub source: String,
    /// Whether it was seen in that source.
    pub verified: bool,
}

/// A server of a provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// What it speaks.
    pub protocol: Protocol,
    /// Its name; [`Server::host_for`] fills in the parts that depend on the account.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is encrypted.
    pub security: Security,
    /// What it wants as the user name, where it is known.
    pub username: Option<UserName>,
    /// What it takes as proof.
    pub auth: Vec<Auth>,
    /// Where the entry comes from.
    pub source: String,
    /// Whether it was seen in that source.
    pub verified: bool,
}

impl Protocol {
    /// The id: `imap`, `pop` or `smtp`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Pop => "pop",
            Self::Smtp => "smtp",
        }
    }
}

impl Security {
    /// The id: `tls`, `starttls` or `plain`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Starttls => "starttls",
            Self::Plain => "plain",
        }
    }
}

impl UserName {
    /// The user name for an address; `None` where the address does not tell it.
    pub fn fill(self, address: &str) -> Option<&str> {
        match self {
            Self::Address => Some(address),
            Self::LocalPart => address.rsplit_once('@').map(|(local, _)| local),
            Self::SeparateId => None,
        }
    }
}

impl Providers {
    /// Takes providers by id.
    pub fn new(providers: BTreeMap<String, Provider>) -> Self {
        Self(providers)
    }

    /// The provider of that id.
    pub fn get(&self, id: &str) -> Option<&Provider> {
        self.0.get(id)
    }

    /// All of them, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Provider)> {
        self.0.iter().map(|(id, provider)| (id.as_str(), provider))
    }

    /// The provider whose addresses have that domain (in ASCII); an exact domain before a sub-domain.
    pub fn by_domain(&self, domain: &str) -> Option<(&str, &Provider)> {
        let domain = canonical(domain);
        if let Some(found) = self.iter().find(|(_, p)| p.domains.contains(&domain)) {
            return Some(found);
        }
        let mut rest = domain.as_str();
        while let Some((_, parent)) = rest.split_once('.') {
            let found = self.iter().find(|(_, p)| p.subdomains && p.domains.iter().any(|d| d == parent));
            if found.is_some() {
                return found;
            }
            rest = parent;
        }
        None
    }

    /// Whether a host is a server of some provider, by its full name.
    pub fn knows_host(&self, host: &str) -> bool {
        let host = canonical(host);
        self.0.values().any(|provider| provider.server.iter().any(|server| server.host == host))
    }

    /// The domain of a provider that somebody most probably meant who wrote this one: at most two letters apart
    /// (a fourth of the shorter one's letters; swapped neighbours count once), and none of a provider itself.
    pub fn resembling(&self, domain: &str) -> Option<&str> {
        let domain = canonical(domain);
        if self.by_domain(&domain).is_some() {
            return None;
        }
        let near = self.0.values().flat_map(|provider| &provider.domains).filter_map(|known| {
            let most = (domain.len().min(known.len()) / 4).min(2);
            let apart = near::distance(&domain, known, most)?;
            Some((apart, known.as_str()))
        });
        near.min().map(|(_, known)| known)
    }

    /// The provider that one of these mail exchangers belongs to, the first exchanger first; a full name before
    /// a pattern.
    pub fn by_mx<'a, S: AsRef<str>>(&'a self, exchangers: &[S]) -> Option<(&'a str, &'a Provider)> {
        let exchangers: Vec<String> = exchangers.iter().map(|host| canonical(host.as_ref())).collect();
        exchangers.iter().find_map(|host| {
            let full = self.iter().find(|(_, p)| p.mx.contains(host));
            full.or_else(|| self.iter().find(|(_, p)| p.mx.iter().any(|pattern| under(host, pattern))))
        })
    }
}

impl Provider {
    /// The servers for a protocol, preferred first.
    pub fn servers(&self, protocol: Protocol) -> impl Iterator<Item = &Server> {
        self.server.iter().filter(move |server| server.protocol == protocol)
    }

    /// Whether a host is the provider's own: one of its servers, or directly under a domain of its addresses or mail
    /// exchangers. Names deeper down may be those of machines that customers rent.
    pub fn covers(&self, host: &str) -> bool {
        let host = canonical(host);
        let parent = host.split_once('.').map_or("", |(_, parent)| parent);
        let of_exchangers = |pattern: &String| pattern.strip_prefix("*.") == Some(parent);
        self.server.iter().any(|server| server.host == host)
            || self.domains.iter().any(|domain| domain == parent)
            || self.mx.iter().any(of_exchangers)
    }

    /// The peculiarity of that name.
    pub fn quirk(&self, key: &str) -> Option<&Quirk> {
        self.quirk.iter().find(|quirk| quirk.key == key)
    }

    /// Whether the account's own password is refused but a password made for the app is taken.
    pub fn app_password_only(&self) -> bool {
        let takes = |auth| self.server.iter().any(|server| server.auth.contains(&auth));
        takes(Auth::AppPassword) && !takes(Auth::Password)
    }

    /// Whether no password of any kind is taken.
    pub fn oauth_only(&self) -> bool {
        !self.server.is_empty() && self.server.iter().all(|server| server.auth == [Auth::Oauth2])
    }
}

impl Server {
    /// The host's name for an account at `domain`, whose first mail exchanger is `exchanger`; `None` where a part
    /// of it cannot be known from these.
    pub fn host_for(&self, domain: &str, exchanger: Option<&str>) -> Option<String> {
        let host = self.host.replace("%EMAILDOMAIN%", domain);
        let host = match exchanger {
            Some(exchanger) => host.replace("%MXHOST%", exchanger.trim_end_matches('.')),
            None => host,
        };
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        host.chars().all(known).then_some(host)
    }
}

fn canonical(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether a host is under a pattern `*.suffix`.
fn under(host: &str, pattern: &str) -> bool {
    let Some(suffix) = pattern.strip_prefix('*') else { return false };
    host.len() > suffix.len() && host.ends_with(suffix)
}

#[cfg(test)]
mod tests {
    use super::super::{Knowledge, embedded};
    use super::*;

    fn knowledge() -> Knowledge {
        Knowledge::load(&embedded()).unwrap()
    }

    #[test]
    fn a_provider_is_found_by_the_domain_of_the_address() {
        let knowledge = knowledge();
        let id = |domain: &str| knowledge.providers().by_domain(domain).map(|(id, _)| id.to_owned());
        assert_eq!(id("icloud.com").as_deref(), Some("icloud"));
        assert_eq!(id("ME.com").as_deref(), Some("icloud"));
        assert_eq!(id("gmail.com").as_deref(), Some("gmail"));
        assert_eq!(id("docomo.ne.jp").as_deref(), Some("docomo"));
        assert_eq!(id("ezweb.ne.jp").as_deref(), Some("au"));
        assert_eq!(id("juno.ocn.ne.jp").as_deref(), Some("ocn"));
        assert_eq!(id("ocn.ne.jp.example.org"), None);
        assert_eq!(id("notgmail.com"), None);
        assert_eq!(id("sub.gmail.com"), None);
        assert_eq!(id(""), None);
    }

    #[test]
    fn a_hosted_domain_is_recognised_by_its_mail_exchanger() {
        let knowledge = knowledge();
        let id = |hosts: &[&str]| knowledge.providers().by_mx(hosts).map(|(id, _)| id.to_owned());
        assert_eq!(id(&["ASPMX.L.GOOGLE.COM."]).as_deref(), Some("google_workspace"));
        assert_eq!(id(&["alt1.aspmx.l.google.com"]).as_deref(), Some("google_workspace"));
        assert_eq!(id(&["example-jp.mail.protection.outlook.com"]).as_deref(), Some("microsoft365"));
        assert_eq!(id(&["mx01.mail.icloud.com", "mx02.mail.icloud.com"]).as_deref(), Some("icloud"));
        assert_eq!(id(&["mta5.am0.yahoodns.net"]).as_deref(), Some("yahoo"));
        assert_eq!(id(&["in1-smtp.messagingengine.com"]).as_deref(), Some("fastmail"));
        assert_eq!(id(&["mx.zoho.eu"]).as_deref(), Some("zoho_eu"));
        assert_eq!(id(&["sv123.xserver.jp"]).as_deref(), Some("xserver"));
        assert_eq!(id(&["mail.example.jp"]), None);
        assert_eq!(id(&["mail.protection.outlook.com.example.jp"]), None);
    }

    #[test]
    fn a_misspelt_domain_resembles_a_provider() {
        let knowledge = knowledge();
        let meant = |domain: &str| knowledge.providers().resembling(domain).map(str::to_owned);
        for (written, wanted) in [
            ("gmial.com", "gmail.com"),
            ("gmai.com", "gmail.com"),
            ("gmail.co", "gmail.com"),
            ("icluod.com", "icloud.com"),
            ("iclod.com", "icloud.com"),
            ("docmo.ne.jp", "docomo.ne.jp"),
            ("docomo.en.jp", "docomo.ne.jp"),
            ("softbnak.ne.jp", "softbank.ne.jp"),
            ("yaho.co.jp", "yahoo.co.jp"),
            ("Hotmial.com", "hotmail.com"),
        ] {
            assert_eq!(meant(written).as_deref(), Some(wanted), "{written}");
        }
        for domain in ["gmail.com", "tanaka-clinic.jp", "example.jp", "abc.com", "a.jp", ""] {
            assert_eq!(meant(domain), None, "{domain}");
        }
    }

    #[test]
    fn a_host_is_a_providers_own_by_its_full_name_or_directly_under_its_domains() {
        let knowledge = knowledge();
        assert!(knowledge.providers().knows_host("IMAP.gmail.com."));
        assert!(!knowledge.providers().knows_host("mail.evil.example"));
        let sakura = knowledge.providers().get("sakura").unwrap();
        assert!(sakura.covers("hanako.sakura.ne.jp"));
        assert!(!sakura.covers("ik1-2.vs.sakura.ne.jp"));
        assert!(!sakura.covers("sakura.ne.jp.evil.example"));
    }

    #[test]
    fn names_that_depend_on_the_account_are_filled_in_or_left_out() {
        let knowledge = knowledge();
        let sakura = knowledge.providers().get("sakura").unwrap();
        let imap = sakura.servers(Protocol::Imap).next().unwrap();
        assert_eq!(
            imap.host_for("example.jp", Some("hanako.sakura.ne.jp.")).as_deref(),
            Some("hanako.sakura.ne.jp")
        );
        assert_eq!(imap.host_for("example.jp", None), None);
        let onamae = knowledge.providers().get("onamae").unwrap();
        let pop = onamae.servers(Protocol::Pop).next().unwrap();
        assert_eq!(pop.host_for("example.jp", None).as_deref(), Some("pop.example.jp"));
        let dion = knowledge.providers().get("auone_dion").unwrap();
        assert_eq!(dion.server[0].host_for("ab.auone-net.jp", None), None);
    }

    #[test]
    fn what_is_taken_as_proof_and_as_user_name_is_known() {
        let knowledge = knowledge();
        let get = |id: &str| knowledge.providers().get(id).unwrap();
        assert!(get("icloud").app_password_only());
        assert!(get("outlook_com").oauth_only());
        assert!(get("microsoft365").oauth_only());
        assert!(!get("ocn").app_password_only() && !get("ocn").oauth_only());
        let imap = get("icloud").servers(Protocol::Imap).next().unwrap();
        assert_eq!(imap.username.unwrap().fill("hanako@icloud.com"), Some("hanako"));
        let docomo = get("docomo").servers(Protocol::Imap).next().unwrap();
        assert_eq!(docomo.username.unwrap().fill("hanako@docomo.ne.jp"), None);
    }

    #[test]
    fn every_provider_stands_by_the_taxonomy_and_no_domain_belongs_to_two() {
        let knowledge = knowledge();
        let mut domains = BTreeMap::new();
        for (id, provider) in knowledge.providers().iter() {
            assert!(knowledge.taxonomy.values["service"].contains(&provider.service), "{id}");
            assert!(!provider.source.is_empty(), "{id}");
            for domain in &provider.domains {
                assert_eq!(*domain, canonical(domain), "{id}");
                let other = domains.insert(domain, id);
                assert!(other.is_none(), "{domain} belongs to {id} and {other:?}");
            }
        }
        assert!(knowledge.providers().iter().count() >= 184);
    }
}
