//! Builds a world in three steps: bind every port, fill the zone with what is then known, start the servers.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{Running, WorldError};
use crate::account::Account;
use crate::clock::WorldClock;
use crate::delay::Relay;
use crate::fault::{Dns, Http, Mail, Ntp, Process, Reach, Security, Server};
use crate::gate::{Gate, UdpGate, bind_both};
use crate::scenario::{Scenario, fill};
use crate::server::dns::Zone;
use crate::server::http::HttpServer;
use crate::server::talk::{MailServer, Protocol};
use crate::server::tls::{Acceptor, Authority};
use crate::server::{dns, http, ntp, talk};

/// Starts all servers of a scenario.
pub(super) async fn start(scenario: &Scenario) -> Result<Running, WorldError> {
    let process = scenario.process.clone().ok_or(WorldError::NoProcess)?;
    let domain =
        scenario.check.address.rsplit_once('@').map_or("example.jp", |(_, domain)| domain).to_lowercase();
    let clock = WorldClock::new(process.clock_ahead_seconds);
    let account = Arc::new(account(scenario, &process));
    let mut builder = Builder {
        domain,
        clock,
        reach: process.reach,
        round_trip: Duration::from_millis(process.round_trip_ms),
        authority: Authority::new(clock)?,
        endpoints: BTreeMap::new(),
        values: BTreeMap::new(),
        zone: Zone::default(),
        published: Vec::new(),
        relays: Vec::new(),
        parts: Vec::new(),
    };
    builder.bind(process, &account).await?;
    builder.fill_zone()?;
    builder.play(scenario, account)
}

struct Builder {
    domain: String,
    clock: WorldClock,
    reach: Reach,
    round_trip: Duration,
    authority: Authority,
    endpoints: BTreeMap<String, SocketAddr>,
    values: BTreeMap<String, String>,
    /// What all resolvers of the world know.
    zone: Zone,
    /// Names and contents of the SRV records of the account's domain.
    published: Vec<(String, String)>,
    relays: Vec<Relay>,
    parts: Vec<Part>,
}

/// A bound server that waits until all ports are known.
enum Part {
    Dns { name: String, udp: UdpGate, tcp: Gate, dns: Dns },
    Http { gate: Gate, http: Http, acceptor: Option<Acceptor> },
    Mail { gate: Gate, server: Arc<MailServer> },
    Ntp { name: String, gate: UdpGate, ntp: Ntp },
}

fn account(scenario: &Scenario, process: &Process) -> Account {
    let mailbox = process.mailbox.clone();
    let user = mailbox.user.clone().unwrap_or_else(|| scenario.check.address.clone());
    let password = mailbox.password.clone().or_else(|| scenario.check.password.clone());
    Account::new(user, password.unwrap_or_else(|| "kaze-no-oto-3".to_owned()), mailbox)
}

impl Builder {
    async fn bind(&mut self, process: Process, account: &Arc<Account>) -> Result<(), WorldError> {
        self.dns("dns", process.dns, [127, 0, 0, 5]).await?;
        self.ntp("ntp", process.ntp, [127, 0, 0, 6]).await?;
        self.http("connectivity", process.connectivity, [127, 0, 0, 7]).await?;
        self.mail("imap", Protocol::Imap, process.imap, [127, 0, 0, 2], account, true).await?;
        self.mail("pop", Protocol::Pop, process.pop, [127, 0, 0, 4], account, true).await?;
        self.mail("smtp", Protocol::Smtp, process.smtp, [127, 0, 0, 3], account, true).await?;
        for (last, (name, server)) in (20_u8..=255).zip(process.more) {
            let address = [127, 0, 0, last];
            match server {
                Server::Dns(dns) => self.dns(&name, dns, address).await?,
                Server::Http(http) => self.http(&name, http, address).await?,
                Server::Imap(mail) => self.mail(&name, Protocol::Imap, mail, address, account, false).await?,
                Server::Ntp(ntp) => self.ntp(&name, ntp, address).await?,
                Server::Pop(mail) => self.mail(&name, Protocol::Pop, mail, address, account, false).await?,
                Server::Smtp(mail) => self.mail(&name, Protocol::Smtp, mail, address, account, false).await?,
            }
        }
        Ok(())
    }

    async fn dns(&mut self, name: &str, dns: Dns, default: [u8; 4]) -> Result<(), WorldError> {
        let ip = dns.address.unwrap_or_else(|| IpAddr::from(default));
        let (udp, tcp) = bind_both(ip, dns.reach.unwrap_or(self.reach)).await?;
        let mut address = udp.address();
        if !self.round_trip.is_zero() && udp.is_open() {
            let (near_udp, near_tcp) = bind_both(ip, Reach::Open).await?;
            address = near_udp.address();
            self.relays.push(Relay::over_udp(near_udp, udp.address(), self.round_trip));
            self.relays.push(Relay::over_tcp(near_tcp, tcp.address(), self.round_trip));
        }
        self.enter(name, &address.ip().to_string(), address, "dns", "");
        self.parts.push(Part::Dns { name: name.to_owned(), udp, tcp, dns });
        Ok(())
    }

    async fn ntp(&mut self, name: &str, ntp: Ntp, default: [u8; 4]) -> Result<(), WorldError> {
        let ip = ntp.address.unwrap_or_else(|| IpAddr::from(default));
        let gate = UdpGate::bind(ip, 0, ntp.reach.unwrap_or(self.reach)).await?;
        let mut address = gate.address();
        if !self.round_trip.is_zero() && gate.is_open() {
            let relay = Relay::udp(address, self.round_trip).await?;
            address = relay.address();
            self.relays.push(relay);
        }
        self.enter(name, &address.ip().to_string(), address, "ntp", "");
        self.parts.push(Part::Ntp { name: name.to_owned(), gate, ntp });
        Ok(())
    }

    async fn http(&mut self, name: &str, http: Http, default: [u8; 4]) -> Result<(), WorldError> {
        let host = http.host.clone().unwrap_or_else(|| format!("{name}.test"));
        let gate = self.tcp(http.address, default, http.reach).await?;
        let address = self.delayed(&gate).await?;
        let acceptor = http.tls.as_ref().map(|tls| self.authority.acceptor(tls, &host)).transpose()?;
        self.enter(name, &host, address, if acceptor.is_some() { "https" } else { "http" }, "");
        self.zone.add_host(&host, address.ip());
        self.parts.push(Part::Http { gate, http, acceptor });
        Ok(())
    }

    async fn mail(
        &mut self,
        name: &str,
        protocol: Protocol,
        mail: Mail,
        default: [u8; 4],
        account: &Arc<Account>,
        publish: bool,
    ) -> Result<(), WorldError> {
        let host = mail.host.clone().unwrap_or_else(|| format!("{name}.{}", self.domain));
        let usual = if protocol == Protocol::Smtp { Security::Starttls } else { Security::Tls };
        let security = mail.security.unwrap_or(usual);
        let gate = self.tcp(mail.address, default, mail.reach).await?;
        let address = self.delayed(&gate).await?;
        let socket = match security {
            Security::Plain => "plain",
            Security::Starttls => "STARTTLS",
            Security::Tls => "SSL",
        };
        // The names of RFC 6186 and RFC 8314.
        let (scheme, service) = match (protocol, security) {
            (Protocol::Imap, Security::Tls) => ("imap", "imaps"),
            (Protocol::Imap, _) => ("imap", "imap"),
            (Protocol::Pop, Security::Tls) => ("pop", "pop3s"),
            (Protocol::Pop, _) => ("pop", "pop3"),
            (Protocol::Smtp, Security::Tls) => ("smtp", "submissions"),
            (Protocol::Smtp, _) => ("smtp", "submission"),
        };
        self.enter(name, &host, address, scheme, socket);
        self.zone.add_host(&host, address.ip());
        if publish {
            let record =
                (format!("_{service}._tcp.{}", self.domain), format!("0 1 {} {host}", address.port()));
            self.published.push(record);
        }
        let acceptor = self.authority.acceptor(&mail.tls, &host)?;
        let server = Arc::new(MailServer {
            name: name.to_owned(),
            host,
            protocol,
            security,
            mail,
            acceptor,
            account: Arc::clone(account),
            domain: self.domain.clone(),
            clock: self.clock,
        });
        if let Some(reach) = server.mail.ipv6 {
            self.zone.add_host(&server.host, IpAddr::V6(Ipv6Addr::LOCALHOST));
            match Gate::bind(IpAddr::V6(Ipv6Addr::LOCALHOST), address.port(), reach).await {
                Ok(gate) => self.parts.push(Part::Mail { gate, server: Arc::clone(&server) }),
                // Without IPv6 on this machine the address is as dead as it can be.
                Err(_) if reach != Reach::Open => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.parts.push(Part::Mail { gate, server });
        Ok(())
    }

    async fn tcp(&self, address: Option<IpAddr>, default: [u8; 4], reach: Option<Reach>) -> io::Result<Gate> {
        Gate::bind(address.unwrap_or_else(|| IpAddr::from(default)), 0, reach.unwrap_or(self.reach)).await
    }

    /// Where a gate is seen from outside: behind a relay on a long path.
    async fn delayed(&mut self, gate: &Gate) -> io::Result<SocketAddr> {
        if self.round_trip.is_zero() || !gate.is_open() {
            return Ok(gate.address());
        }
        let relay = Relay::tcp(gate.address(), self.round_trip).await?;
        let address = relay.address();
        self.relays.push(relay);
        Ok(address)
    }

    fn enter(&mut self, name: &str, host: &str, address: SocketAddr, scheme: &str, socket: &str) {
        let port = address.port();
        self.endpoints.insert(name.to_owned(), address);
        for (part, value) in [
            ("", format!("{host}:{port}")),
            (".address", address.to_string()),
            (".host", host.to_owned()),
            (".port", port.to_string()),
            (".socket", socket.to_owned()),
            (".url", format!("{scheme}://{host}:{port}")),
        ] {
            self.values.insert(format!("{name}{part}"), value);
        }
    }

    /// The records of a well-kept mail domain beside the hosts that are already there.
    fn fill_zone(&mut self) -> Result<(), WorldError> {
        let domain = &self.domain;
        let exchange = format!("mx.{domain}");
        self.zone.add_host(&exchange, IpAddr::V4(Ipv4Addr::new(127, 0, 0, 8)));
        self.zone.add(domain, "MX", &format!("10 {exchange}"))?;
        self.zone.add(domain, "TXT", "v=spf1 mx -all")?;
        self.zone.add(&format!("_dmarc.{domain}"), "TXT", "v=DMARC1; p=quarantine")
    }

    /// A resolver's own view: the zone, what it publishes, and the records given for it.
    fn view(&self, dns: &Dns) -> Result<Zone, WorldError> {
        let mut zone = self.zone.clone();
        for (name, value) in self.published.iter().filter(|_| dns.publish) {
            zone.add(name, "SRV", value)?;
        }
        for (name, kinds) in &dns.records {
            for (kind, values) in kinds {
                zone.clear(name, kind);
                for value in values {
                    zone.add(name, kind, &fill(value, &self.values))?;
                }
            }
        }
        Ok(zone)
    }

    fn play(mut self, scenario: &Scenario, account: Arc<Account>) -> Result<Running, WorldError> {
        let values = Arc::new(self.values.clone());
        let mut tasks = JoinSet::new();
        let (mut resolvers, mut time_servers) = (Vec::new(), Vec::new());
        for part in std::mem::take(&mut self.parts) {
            match part {
                Part::Dns { name, udp, tcp, dns } => {
                    let view = self.view(&dns)?;
                    tasks.spawn(dns::run(udp, tcp, dns, view));
                    resolvers.push(name);
                }
                Part::Http { gate, http, acceptor } => {
                    let (values, domain) = (Arc::clone(&values), self.domain.clone());
                    tasks.spawn(http::run(
                        gate,
                        HttpServer { http, acceptor, values, domain, clock: self.clock },
                    ));
                }
                Part::Mail { gate, server } => {
                    tasks.spawn(talk::run(gate, server));
                }
                Part::Ntp { name, gate, ntp } => {
                    tasks.spawn(ntp::run(gate, ntp, self.clock));
                    time_servers.push(name);
                }
            }
        }
        let files = tempfile::Builder::new().prefix("naosu-lab-").tempdir()?;
        let ca_pem = self.authority.trusted_pem();
        fs::write(files.path().join("ca.pem"), &ca_pem)?;
        let arguments = self.arguments(scenario, &files, &resolvers, &time_servers)?;
        let Self { endpoints, relays, .. } = self;
        Ok(Running { endpoints, ca_pem, arguments, account, tasks, relays, files })
    }

    /// What the scenario says, then all that points Naosu at this world and that the scenario does not say itself.
    fn arguments(
        &self,
        scenario: &Scenario,
        files: &TempDir,
        resolvers: &[String],
        time_servers: &[String],
    ) -> io::Result<Vec<String>> {
        let check = &scenario.check;
        let mut arguments: Vec<String> =
            [&check.address, &check.words].into_iter().filter(|word| !word.is_empty()).cloned().collect();
        arguments.extend(check.arguments.iter().map(|argument| fill(argument, &self.values)));
        let mut point = |option: &str, values: Vec<String>| {
            if !check.arguments.iter().any(|argument| argument == option) {
                arguments.extend(values.into_iter().flat_map(|value| [option.to_owned(), value]));
            }
        };
        let address = |name: &String| self.values[&format!("{name}.address")].clone();
        point("--resolver", resolvers.iter().map(address).collect());
        point("--ntp", time_servers.iter().map(address).collect());
        point("--connectivity-url", vec![format!("{}/hotspot-detect.html", self.values["connectivity.url"])]);
        point("--ca-file", vec![files.path().join("ca.pem").display().to_string()]);
        match &check.password {
            Some(password) => {
                let file = files.path().join("password");
                fs::write(&file, format!("{password}\n"))?;
                point("--password-file", vec![file.display().to_string()]);
            }
            None => arguments.push("--no-login".to_owned()),
        }
        Ok(arguments)
    }
}
