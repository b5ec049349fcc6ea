//! Usual names, confirmed by their existence and an open port.

use std::net::{IpAddr, SocketAddr};

use naosu_core::knowledge::{Protocol, Security};

use super::{Candidate, Source, is_host, is_of, race};
use crate::deadline::Deadline;
use crate::dns::Names;
use crate::reach::Reach;
use crate::recorder::Recorder;
use crate::tcp;

/// Prefixes, and the protocols that their names promise; the empty one is the domain itself.
const PREFIXES: [(&str, &[Protocol]); 5] = [
    ("imap.", &[Protocol::Imap]),
    ("pop.", &[Protocol::Pop]),
    ("smtp.", &[Protocol::Smtp]),
    ("mail.", &[Protocol::Imap, Protocol::Pop, Protocol::Smtp]),
    ("", &[Protocol::Imap, Protocol::Pop, Protocol::Smtp]),
];

/// The ports of each protocol, the best first.
const PORTS: [(Protocol, u16, Security); 6] = [
    (Protocol::Imap, 993, Security::Tls),
    (Protocol::Imap, 143, Security::Starttls),
    (Protocol::Pop, 995, Security::Tls),
    (Protocol::Pop, 110, Security::Starttls),
    (Protocol::Smtp, 465, Security::Tls),
    (Protocol::Smtp, 587, Security::Starttls),
];

/// How many addresses of a name are tried.
const ADDRESS_LIMIT: usize = 2;

/// A usual name that exists.
#[derive(Clone, Debug)]
pub(super) struct Host {
    name: String,
    protocols: &'static [Protocol],
    addresses: Vec<IpAddr>,
    /// Whether the name itself says that mail is there.
    telling: bool,
}

/// Which of the usual names exist.
pub(super) async fn names(domain: &str, names: &Names, quiet: &Recorder, deadline: Deadline) -> Vec<Host> {
    let asked = PREFIXES.map(|(prefix, protocols)| async move {
        let name = format!("{prefix}{domain}");
        let addresses = addresses(&name, names, quiet, deadline).await;
        Host { name, protocols, addresses, telling: !prefix.is_empty() }
    });
    let hosts = race::all(asked.into_iter().collect()).await;
    hosts.into_iter().filter(|host| !host.addresses.is_empty()).collect()
}

/// The servers among these hosts and the first mail exchanger: those with an open port, or else those whose names
/// say what they are.
pub(super) async fn confirm(
    domain: &str,
    mut hosts: Vec<Host>,
    exchangers: &[String],
    names: &Names,
    reach: &Reach,
    quiet: &Recorder,
    deadline: Deadline,
) -> Vec<Candidate> {
    if let Some(name) =
        exchangers.first().filter(|name| is_host(name) && hosts.iter().all(|h| h.name != **name))
    {
        let addresses = addresses(name, names, quiet, deadline).await;
        let protocols = &[Protocol::Imap, Protocol::Pop, Protocol::Smtp];
        hosts.push(Host { name: name.clone(), protocols, addresses, telling: false });
    }
    let mut attempts = Vec::new();
    for host in &hosts {
        for (protocol, port, security) in PORTS.iter().filter(|(p, ..)| host.protocols.contains(p)) {
            attempts.push(async move {
                let open = is_open(&host.addresses, *port, reach, quiet, deadline).await;
                (host, *protocol, *port, *security, open)
            });
        }
    }
    let tried = race::all(attempts).await;
    let mut candidates = Vec::new();
    for protocol in [Protocol::Imap, Protocol::Pop, Protocol::Smtp] {
        let of_protocol = || tried.iter().filter(|(_, p, ..)| *p == protocol);
        let any_open = of_protocol().any(|(.., open)| *open);
        for (host, _, port, security, open) in of_protocol() {
            if *open || (!any_open && host.telling) {
                candidates.push(Candidate {
                    protocol,
                    host: host.name.clone(),
                    port: *port,
                    security: *security,
                    user_name: None,
                    source: Source::Guess,
                    authentic: is_of(&host.name, domain),
                });
            }
        }
    }
    candidates
}

async fn addresses(name: &str, names: &Names, quiet: &Recorder, deadline: Deadline) -> Vec<IpAddr> {
    let mut addresses = names.addresses(name, quiet, deadline, &[]).await.addresses;
    addresses.truncate(ADDRESS_LIMIT);
    addresses
}

async fn is_open(
    addresses: &[IpAddr],
    port: u16,
    reach: &Reach,
    quiet: &Recorder,
    deadline: Deadline,
) -> bool {
    let dial = |address: &IpAddr| {
        let to = reach.permit(SocketAddr::new(*address, port))?;
        Some(async move { tcp::dial(to, "tcp", None, quiet, deadline, &[]).await.stream.is_some() })
    };
    race::until(addresses.iter().filter_map(dial).collect(), |open| *open).await.contains(&Some(true))
}
