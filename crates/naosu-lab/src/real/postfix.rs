//! Postfix: submission for the user, delivery into the store that Dovecot serves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::real::daemon::Daemon;
use crate::real::hosts::find;
use crate::real::namespace::{Namespace, run};
use crate::real::scenario::Postfix;

/// The directories of a queue, as postfix-files(5) lists them.
const QUEUE: &[&str] = &[
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "pid",
    "private", "public", "saved", "trace",
];

const MASTER: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// Starts it on the mail host.
pub(crate) fn start(postfix: &Postfix, directory: &Path, inside: &Namespace) -> Result<Daemon> {
    let w = directory.to_string_lossy();
    let home = directory.join("postfix");
    let queue = home.join("queue");
    for part in QUEUE {
        fs::create_dir_all(queue.join(part))?;
    }
    fs::create_dir_all(home.join("data"))?;
    let script = format!(
        "cd {}\nchown postfix active bounce corrupt defer deferred flush hold incoming private saved trace \
         ../data\nchown postfix:postdrop maildrop public\nchmod 0730 maildrop\nchmod 0710 public\n\
         chmod 0700 private active bounce corrupt defer deferred flush hold incoming saved trace ../data\n",
        queue.display()
    );
    run(Command::new("sh").arg("-e"), &script)?;

    let mut main: BTreeMap<String, String> = usual(postfix, &home.to_string_lossy(), &w)?;
    main.extend(postfix.settings.iter().map(|(key, value)| (key.clone(), value.replace("$W", &w))));
    let mut text = String::new();
    for (key, value) in main {
        let _ = writeln!(text, "{key} = {value}");
    }
    fs::write(home.join("main.cf"), text)?;

    let mut master = MASTER.to_owned();
    let mut ports = Vec::new();
    for service in &postfix.services {
        let (port, options) = match service.as_str() {
            "smtp" => (25, " -o smtpd_sasl_auth_enable=no"),
            "submission" => (587, " -o smtpd_tls_security_level=encrypt"),
            "submissions" => (465, " -o smtpd_tls_wrappermode=yes"),
            other => bail!("no Postfix service is called {other}"),
        };
        let _ = writeln!(master, "{port} inet n - n - - smtpd{options}");
        ports.push(port);
    }
    fs::write(home.join("master.cf"), master)?;

    let command = inside.command("/usr/lib/postfix/sbin/master", &["-c", &home.to_string_lossy(), "-d"]);
    let mut daemon = Daemon::start("postfix", directory, command)?;
    daemon.listens(directory, &ports, &[])?;
    Ok(daemon)
}

fn usual(postfix: &Postfix, home: &str, w: &str) -> Result<BTreeMap<String, String>> {
    let host = find("mail")?;
    let certificate = format!("{w}/certificate/{}.both.pem", postfix.certificate);
    let interfaces = format!("{}, {}", host.ipv4, host.ipv6);
    let settings = [
        ("compatibility_level", "3.6"),
        ("queue_directory", &format!("{home}/queue")),
        ("data_directory", &format!("{home}/data")),
        ("command_directory", "/usr/sbin"),
        ("daemon_directory", "/usr/lib/postfix/sbin"),
        ("mail_owner", "postfix"),
        ("setgid_group", "postdrop"),
        ("maillog_file", &format!("{w}/postfix.log")),
        ("maillog_file_prefixes", "/"),
        ("inet_interfaces", &interfaces),
        ("inet_protocols", "all"),
        ("myhostname", "mail.example.jp"),
        ("mydestination", ""),
        ("mynetworks", "127.0.0.0/8"),
        ("alias_maps", ""),
        ("local_recipient_maps", ""),
        ("virtual_mailbox_domains", "example.jp"),
        ("virtual_mailbox_maps", "inline:{{hanako@example.jp=hanako/}}"),
        ("virtual_mailbox_base", &format!("{w}/mail")),
        ("virtual_uid_maps", "static:8"),
        ("virtual_gid_maps", "static:8"),
        ("virtual_minimum_uid", "1"),
        // the resolver of the world answers at once; without reverse lookups nothing depends on it
        ("smtpd_peername_lookup", "no"),
        ("smtpd_sasl_auth_enable", "yes"),
        ("smtpd_sasl_type", "dovecot"),
        ("smtpd_sasl_path", &format!("{w}/auth-postfix")),
        ("smtpd_sasl_authenticated_header", "no"),
        ("smtpd_tls_chain_files", &certificate),
        ("smtpd_tls_security_level", "may"),
        ("smtpd_tls_auth_only", "yes"),
        ("smtpd_tls_mandatory_protocols", ">=TLSv1.2"),
        ("smtpd_tls_protocols", ">=TLSv1.2"),
        ("smtpd_relay_restrictions", "permit_sasl_authenticated, reject_unauth_destination"),
        ("smtpd_error_sleep_time", "0"),
        ("message_size_limit", "26214400"),
    ];
    Ok(settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}
