//! `scenarios/<name>/fault.toml` as the real lab reads it: what to expect, how `naosu` is called, and `[real]`, the
//! description of the world. A new scenario is a new file; nothing here knows a scenario by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use naosu_lab::scenario::{Check, Expect};
use serde::{Deserialize, Serialize};

/// The password that the servers of a world take, unless the scenario names its own users.
pub(crate) const PASSWORD: &str = "sakura-no-hana-7";

/// One scenario that has a `[real]` section.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// The name of its directory.
    pub(crate) name: String,
    /// Where its goldens lie.
    pub(crate) directory: PathBuf,
    /// Are the goldens those of the in-process world of the same name?
    pub(crate) shared: bool,
    pub(crate) expect: Expect,
    pub(crate) check: Check,
    pub(crate) real: Real,
}

/// The world: everything not said is healthy, dual-stacked and switched on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Real {
    /// Servers that do not run: `dns`, `time`, `web`, `dovecot`, `postfix`.
    pub(crate) without: BTreeSet<String>,
    /// Apple's domains exist; all their names belong to one machine that serves 443 and 5223.
    pub(crate) apple: bool,
    pub(crate) client: Client,
    pub(crate) router: Router,
    pub(crate) dns: Dns,
    /// A second resolver, asked after the first.
    pub(crate) second_dns: Option<Dns>,
    pub(crate) dovecot: Dovecot,
    pub(crate) postfix: Postfix,
    pub(crate) web: Vec<Site>,
    pub(crate) script: Vec<Script>,
    pub(crate) intercept: Option<Intercept>,
}

/// The device on which `naosu` runs.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one switch of the file format")]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Client {
    pub(crate) ipv4: bool,
    pub(crate) ipv6: bool,
    /// Lines for `ip -batch` after the usual addresses and routes are in place.
    pub(crate) network: Vec<String>,
    /// Lines of the hosts file.
    pub(crate) hosts: Vec<String>,
    /// How far the clock is wrong, as libfaketime reads it: `+1095d`, `-2d`.
    pub(crate) clock: Option<String>,
    /// The home directory has no room left.
    pub(crate) full: bool,
    pub(crate) environment: BTreeMap<String, String>,
    /// Connections that other programs of the device keep open: `mail:993` is signed in over IMAP, any other has
    /// read its greeting.
    pub(crate) held: Vec<String>,
    /// `--resolver` is given; otherwise the system's own resolution is used.
    pub(crate) resolver: bool,
    /// `--ca-file` with the root of the valid certificates is given.
    pub(crate) trust: bool,
}

impl Default for Client {
    fn default() -> Self {
        Client {
            ipv4: true,
            ipv6: true,
            network: Vec::new(),
            hosts: Vec::new(),
            clock: None,
            full: false,
            environment: BTreeMap::new(),
            held: Vec::new(),
            resolver: true,
            trust: true,
        }
    }
}

/// What stands between the device and the servers. Rules are nftables text; `$mail4`, `$mail6` and so on are the
/// addresses of the hosts of [`crate::real::hosts`].
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Router {
    /// For packets that are passed on.
    pub(crate) forward: Vec<String>,
    /// For packets to the router itself.
    pub(crate) input: Vec<String>,
    /// Address translation of what comes in.
    pub(crate) nat: Vec<String>,
    /// Every packet is held back so long, in each direction.
    pub(crate) delay_ms: Option<u64>,
}

/// The resolver that stands for the outside world's names.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Dns {
    /// Records added to the usual ones, in master file form.
    pub(crate) records: Vec<String>,
    /// Usual records left out: `NAME`, `NAME TYPE` or `* TYPE`.
    pub(crate) without: Vec<String>,
    /// Every name resolves to this address.
    pub(crate) catch_all: Option<String>,
    /// Lines for the `server:` section of Unbound.
    pub(crate) settings: String,
    /// Further sections.
    pub(crate) sections: String,
}

/// The IMAP and POP server, which also checks passwords for Postfix.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Dovecot {
    /// Name of a certificate of [`crate::real::certificate`].
    pub(crate) certificate: String,
    /// `imap`, `imaps`, `pop3`, `pop3s` with their ports; 0 is off.
    pub(crate) ports: BTreeMap<String, u16>,
    /// Lines of the password file in place of the usual single user.
    pub(crate) users: Option<Vec<String>>,
    /// Configuration appended to the usual one; `$W` is the world's directory.
    pub(crate) settings: String,
    /// In place of the usual password database.
    pub(crate) passdb: Option<String>,
    /// Shell commands run on the mail store before the start; the working directory is the world's.
    pub(crate) prepare: String,
    /// An OpenSSL configuration in place of the system's, for what Dovecot itself cannot be told.
    pub(crate) openssl: String,
}

impl Default for Dovecot {
    fn default() -> Self {
        Dovecot {
            certificate: "valid".to_owned(),
            ports: BTreeMap::new(),
            users: None,
            settings: String::new(),
            passdb: None,
            prepare: String::new(),
            openssl: String::new(),
        }
    }
}

/// The SMTP server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Postfix {
    pub(crate) certificate: String,
    /// `smtp` (25), `submission` (587), `submissions` (465); a service not named here is off.
    pub(crate) services: Vec<String>,
    /// `main.cf` over the usual.
    pub(crate) settings: BTreeMap<String, String>,
}

impl Default for Postfix {
    fn default() -> Self {
        Postfix {
            certificate: "valid".to_owned(),
            services: ["smtp", "submission", "submissions"].map(str::to_owned).to_vec(),
            settings: BTreeMap::new(),
        }
    }
}

/// A web server.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Site {
    /// `HOST:PORT` with a host of [`crate::real::hosts`]; both families listen.
    pub(crate) listen: String,
    /// With a certificate it speaks TLS.
    pub(crate) certificate: Option<String>,
    #[serde(default)]
    pub(crate) routes: Vec<Route>,
    /// Waits so long before each answer.
    #[serde(default)]
    pub(crate) delay_ms: u64,
}

/// One answer; the first route that fits is taken, otherwise 404.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    /// The `Host` header, without port; absent fits every host.
    pub(crate) host: Option<String>,
    /// A path without its query; absent fits every path.
    pub(crate) path: Option<String>,
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: Vec<String>,
    #[serde(default)]
    pub(crate) body: String,
}

/// A mail server that says what no free server says.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    pub(crate) listen: String,
    pub(crate) protocol: Protocol,
    #[serde(default)]
    pub(crate) security: Security,
    #[serde(default = "valid")]
    pub(crate) certificate: String,
    /// Overrides the protocol's usual greeting.
    pub(crate) greeting: Option<String>,
    /// Overrides the protocol's usual capabilities.
    pub(crate) capabilities: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) replies: Vec<Reply>,
}

/// An answer in place of the protocol's usual one.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reply {
    /// The beginning of the command, without an IMAP tag.
    pub(crate) command: String,
    /// Without the IMAP tag; lines before the last are sent as they are.
    pub(crate) reply: String,
    /// Hangs up afterwards.
    #[serde(default)]
    pub(crate) close: bool,
}

/// The language of a [`Script`].
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    Imap,
    Pop,
    Smtp,
}

/// How a [`Script`] is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Security {
    Plain,
    Starttls,
    #[default]
    Tls,
}

/// A box in the middle that opens TLS and closes it again with its own certificates.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Intercept {
    /// Common name of its root.
    pub(crate) issuer: String,
    #[serde(default)]
    pub(crate) organization: String,
    /// The ports it takes, of every host.
    pub(crate) ports: Vec<u16>,
}

fn valid() -> String {
    "valid".to_owned()
}

/// All scenarios of the directory that have a `[real]` section, by name.
pub(crate) fn load(directory: &Path) -> Result<Vec<Scenario>> {
    let mut scenarios = Vec::new();
    let entries = fs::read_dir(directory).with_context(|| format!("read {}", directory.display()))?;
    for entry in entries {
        let directory = entry?.path();
        let file = directory.join("fault.toml");
        if !file.exists() {
            continue;
        }
        let text = fs::read_to_string(&file)?;
        let read = || -> Result<Option<Scenario>> {
            let whole = naosu_lab::scenario::Scenario::load(&text)?;
            let Some(real) = whole.real else { return Ok(None) };
            let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Some(Scenario {
                name,
                directory: directory.clone(),
                shared: whole.process.is_some(),
                expect: whole.expect,
                check: whole.check,
                real: real.try_into()?,
            }))
        };
        scenarios.extend(read().with_context(|| format!("in {}", file.display()))?);
    }
    scenarios.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(scenarios)
}
