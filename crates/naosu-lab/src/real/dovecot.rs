//! Dovecot: IMAP, POP3 and the password check for Postfix.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::real::daemon::Daemon;
use crate::real::hosts::find;
use crate::real::namespace::{Namespace, run};
use crate::real::scenario::{Dovecot, PASSWORD};

/// Starts it on the mail host.
pub(crate) fn start(dovecot: &Dovecot, directory: &Path, inside: &Namespace) -> Result<Daemon> {
    let users = match &dovecot.users {
        Some(users) => users.join("\n") + "\n",
        None => format!("hanako@example.jp:{{PLAIN}}{PASSWORD}::::::\n"),
    };
    fs::write(directory.join("users"), users)?;
    store(directory)?;
    if !dovecot.prepare.is_empty() {
        run(Command::new("sh").arg("-e").current_dir(directory), &dovecot.prepare)?;
    }
    let ports = ports(dovecot);
    let file = directory.join("dovecot.conf");
    fs::write(&file, configuration(dovecot, &ports, directory)?)?;
    let mut command = inside.command("dovecot", &["-F", "-c", &file.to_string_lossy()]);
    if !dovecot.openssl.is_empty() {
        let openssl = directory.join("openssl.cnf");
        fs::write(&openssl, &dovecot.openssl)?;
        command.env("OPENSSL_CONF", openssl);
    }
    let mut daemon = Daemon::start("dovecot", directory, command)?;
    let listening: Vec<u16> = ports.values().copied().filter(|port| *port != 0).collect();
    daemon.listens(directory, &listening, &[])?;
    Ok(daemon)
}

fn ports(dovecot: &Dovecot) -> BTreeMap<String, u16> {
    let usual = [("imap", 143), ("imaps", 993), ("pop3", 110), ("pop3s", 995)];
    let mut ports: BTreeMap<String, u16> = usual.map(|(name, port)| (name.to_owned(), port)).into();
    ports.extend(dovecot.ports.clone());
    ports
}

/// Three messages in the mailbox of the usual user.
fn store(directory: &Path) -> Result<()> {
    let inbox = directory.join("mail/hanako");
    for part in ["cur", "new", "tmp"] {
        fs::create_dir_all(inbox.join(part))?;
    }
    for number in 1..=3 {
        fs::write(
            inbox.join(format!("cur/17000000{number:02}.M{number}.mail:2,S")),
            format!(
                "From: Taro <taro@example.net>\r\nTo: hanako@example.jp\r\nSubject: note {number}\r\n\
                 Date: Mon, 02 Nov 2026 09:0{number}:00 +0900\r\nMessage-ID: <{number}@example.net>\r\n\r\nhello\r\n"
            ),
        )?;
    }
    run(Command::new("chown").args(["-R", "mail:mail"]).arg(directory.join("mail")), "")
}

/// A refused sign-in costs the next one nothing here: the delays of `auth_failure_delay` and of the penalty counter
/// would only make every run longer.
fn configuration(dovecot: &Dovecot, ports: &BTreeMap<String, u16>, directory: &Path) -> Result<String> {
    let host = find("mail")?;
    let w = directory.to_string_lossy();
    let certificate = &dovecot.certificate;
    let passdb = dovecot.passdb.clone().unwrap_or_else(|| {
        "driver = passwd-file\n  args = scheme=PLAIN username_format=%Lu $W/users".to_owned()
    });
    let mut text = format!(
        "base_dir = $W/run\nstate_dir = $W/run/state\nlog_path = $W/dovecot.log\nauth_verbose = yes\n\
         protocols = imap pop3\nlisten = {}, {}\nssl = required\nssl_cert = <$W/certificate/{certificate}.pem\n\
         ssl_key = <$W/certificate/{certificate}.key\nssl_min_protocol = TLSv1.2\n\
         auth_mechanisms = plain login\nauth_failure_delay = 0\nfirst_valid_uid = 1\n\
         mail_location = maildir:$W/mail/%n\nshutdown_clients = yes\n\
         passdb {{\n  {passdb}\n}}\n\
         userdb {{\n  driver = static\n  args = uid=mail gid=mail home=$W/mail/%n\n}}\n\
         service anvil {{\n  unix_listener anvil-auth-penalty {{\n    mode = 0\n  }}\n}}\n\
         service auth {{\n  unix_listener $W/auth-postfix {{\n    mode = 0666\n  }}\n}}\n\
         namespace inbox {{\n  inbox = yes\n  mailbox Junk {{\n    auto = subscribe\n    special_use = \\Junk\n  }}\n}}\n",
        host.ipv4, host.ipv6
    );
    for (service, plain, secure) in [("imap", "imap", "imaps"), ("pop3", "pop3", "pop3s")] {
        let listener = |name: &str, ssl: &str| {
            let port = ports.get(name).copied().unwrap_or_default();
            format!("  inet_listener {name} {{\n    port = {port}\n    ssl = {ssl}\n  }}\n")
        };
        let _ = write!(
            text,
            "service {service}-login {{\n  process_min_avail = 1\n{}{}}}\n",
            listener(plain, "no"),
            listener(secure, "yes")
        );
    }
    if !dovecot.openssl.is_empty() {
        text += "import_environment = $import_environment OPENSSL_CONF\n";
    }
    text += &dovecot.settings;
    text.push('\n');
    Ok(text.replace("$W", &w))
}
