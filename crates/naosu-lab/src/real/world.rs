//! One world: a device, a router and the servers, each in its own network namespace, built as the scenario says.
//!
//! ```text
//! client 192.0.2.10 ── router (nftables, relay) ── servers 203.0.113.0/24, 198.51.100.0/24
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use naosu_lab::scenario::fill;
use tempfile::TempDir;

use crate::real::daemon::Daemon;
use crate::real::hosts::{self, CLIENT4, CLIENT6, GATEWAY4, GATEWAY6, HOSTS};
use crate::real::namespace::{Namespace, run};
use crate::real::play::Stage;
use crate::real::scenario::{Real, Route, Scenario, Site};
use crate::real::{certificate, dns, dovecot, postfix, time};

/// A running world; dropping it ends and removes everything.
pub(crate) struct World {
    // dropped in this order: the servers, the namespaces, the files
    daemons: Vec<Daemon>,
    client: Namespace,
    router: Namespace,
    server: Namespace,
    directory: TempDir,
}

impl World {
    /// Builds the world; `number` tells the worlds of one run apart.
    pub(crate) fn build(scenario: &Scenario, number: usize) -> Result<World> {
        let real = &scenario.real;
        let directory = tempfile::Builder::new().prefix("naosu-real-").tempdir()?;
        let w = directory.path();
        fs::set_permissions(w, fs::Permissions::from_mode(0o755))?;
        fs::create_dir(w.join("home"))?;
        if let Some(password) = &scenario.check.password {
            fs::write(w.join("password"), password)?;
        }
        certificate::write(&w.join("certificate"), certificates(real))?;

        let nameserver =
            resolvers(real).iter().map(|ip| format!("nameserver {ip}")).collect::<Vec<_>>().join("\n");
        let hosts = format!("127.0.0.1 localhost\n::1 localhost\n{}\n", real.client.hosts.join("\n"));
        let client = Namespace::new(number, "c", &[("resolv.conf", &nameserver), ("hosts", &hosts)])?;
        let router = Namespace::new(number, "r", &[])?;
        let near = format!("nameserver {}\noptions timeout:1 attempts:1\n", hosts::find("dns")?.ipv4);
        let server = Namespace::new(number, "s", &[("resolv.conf", &near)])?;
        wire(real, &client, &router, &server)?;

        let mut world = World { daemons: Vec::new(), client, router, server, directory };
        world.daemons = start(real, world.directory.path(), &world.client, &world.router, &world.server)?;
        // the faults come last: the servers themselves start in a whole world
        world.router.nft(&rules(real))?;
        if !real.client.network.is_empty() {
            world.client.ip(&(real.client.network.join("\n") + "\n"))?;
        }
        Ok(world)
    }

    /// The directory with the configurations, logs and results.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// `naosu check` as the scenario calls it, in the device's namespace.
    pub(crate) fn check(&self, naosu: &Path, scenario: &Scenario) -> Command {
        let w = self.directory.path();
        let client = &scenario.real.client;
        let mut line: Vec<String> = Vec::new();
        if client.full {
            let script = "mount -t tmpfs -o size=256k tmpfs \"$HOME\"; \
                          head -c 9999999 /dev/zero > \"$HOME/film\" 2>/dev/null; exec \"$@\"";
            line.extend(["sh", "-c", script, "sh"].map(str::to_owned));
        }
        if let Some(clock) = &client.clock {
            line.extend(["faketime", "--exclude-monotonic", "-f", clock].map(str::to_owned));
        }
        line.push(naosu.to_string_lossy().into_owned());
        line.push("check".to_owned());
        let check = &scenario.check;
        line.extend([&check.address, &check.words].into_iter().filter(|text| !text.is_empty()).cloned());
        line.extend(check.arguments.iter().map(|argument| fill(argument, &endpoints(w))));
        line.extend(usual_arguments(scenario, w));
        let arguments: Vec<&str> = line.iter().map(String::as_str).collect();
        let mut command = self.client.command(arguments[0], &arguments[1..]);
        command
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", w.join("home"))
            .env("LANG", "C.UTF-8")
            .envs(&client.environment);
        command
    }
}

/// What `{imap}` and the like stand for in the arguments; `{world}` is the directory with the certificates.
fn endpoints(w: &Path) -> BTreeMap<String, String> {
    let usual = [
        ("imap", "imap.example.jp:993"),
        ("pop", "pop.example.jp:995"),
        ("smtp", "smtp.example.jp:587"),
        ("world", &w.to_string_lossy()),
    ];
    usual.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// What every run is given unless the scenario names it itself.
fn usual_arguments(scenario: &Scenario, w: &Path) -> Vec<String> {
    let given = |flag: &str| scenario.check.arguments.iter().any(|argument| argument == flag);
    let path = |name: &str| w.join(name).to_string_lossy().into_owned();
    let mut arguments = vec!["--json".to_owned(), "--evidence-out".to_owned(), path("evidence.json")];
    if scenario.check.password.is_some() {
        arguments.extend(["--password-file".to_owned(), path("password")]);
    } else if !given("--no-login") {
        arguments.push("--no-login".to_owned());
    }
    if scenario.real.client.resolver && !given("--resolver") {
        for resolver in resolvers(&scenario.real) {
            arguments.extend(["--resolver".to_owned(), resolver]);
        }
    }
    if scenario.real.client.trust && !given("--ca-file") {
        arguments.extend(["--ca-file".to_owned(), path("certificate/root.pem")]);
    }
    let url = "http://connectivity.example.net/generate_204";
    for (flag, value) in [("--ntp", "time.example.net"), ("--connectivity-url", url)] {
        if !given(flag) {
            arguments.extend([flag.to_owned(), value.to_owned()]);
        }
    }
    arguments
}

/// The addresses of the resolvers that the device knows.
fn resolvers(real: &Real) -> Vec<String> {
    let names = ["dns"].into_iter().chain(real.second_dns.as_ref().map(|_| "second_dns"));
    names
        .filter_map(|name| hosts::find(name).ok())
        .map(|host| if real.client.ipv4 { host.ipv4.to_string() } else { host.ipv6.to_string() })
        .collect()
}

fn certificates(real: &Real) -> Vec<String> {
    let mut names =
        vec!["valid".to_owned(), real.dovecot.certificate.clone(), real.postfix.certificate.clone()];
    names.extend(real.web.iter().filter_map(|site| site.certificate.clone()));
    names.extend(real.script.iter().map(|script| script.certificate.clone()));
    if real.apple {
        names.push("apple".to_owned());
    }
    names
}

fn wire(real: &Real, client: &Namespace, router: &Namespace, server: &Namespace) -> Result<()> {
    let (c, r, s) = (&client.name, &router.name, &server.name);
    let links = format!(
        "link add name eth0 netns {c} type veth peer name client netns {r}\n\
         link add name eth0 netns {s} type veth peer name server netns {r}\n"
    );
    run(Command::new("ip").args(["-batch", "-"]), &links)?;
    router.sysctl(&[
        "net/ipv4/ip_forward 1",
        "net/ipv6/conf/all/forwarding 1",
        "net/ipv4/conf/all/rp_filter 0",
        "net/ipv4/conf/default/rp_filter 0",
    ])?;

    // one segment a packet, so that the router's rules see the sizes that a wire would carry
    let mut text = "link set eth0 gso_max_segs 1 up\n".to_owned();
    if real.client.ipv4 {
        let _ = write!(text, "addr add {CLIENT4}/24 dev eth0\nroute add default via {GATEWAY4}\n");
    }
    if real.client.ipv6 {
        let _ = write!(text, "addr add {CLIENT6}/64 dev eth0 nodad\nroute add default via {GATEWAY6}\n");
    }
    client.ip(&text)?;
    router.ip(&format!(
        "link set client gso_max_segs 1 up\nlink set server gso_max_segs 1 up\n\
         addr add {GATEWAY4}/24 dev client\naddr add {GATEWAY6}/64 dev client nodad\n\
         addr add 203.0.113.1/24 dev server\naddr add 198.51.100.1/24 dev server\n\
         addr add 2001:db8:2::1/64 dev server nodad\naddr add 2001:db8:3::1/64 dev server nodad\n"
    ))?;
    let mut text = "link set eth0 gso_max_segs 1 up\n".to_owned();
    for host in HOSTS {
        let _ =
            write!(text, "addr add {}/24 dev eth0\naddr add {}/64 dev eth0 nodad\n", host.ipv4, host.ipv6);
    }
    text += "route add default via 203.0.113.1\nroute add default via 2001:db8:2::1\n";
    server.ip(&text)
}

fn start(
    real: &Real,
    w: &Path,
    client: &Namespace,
    router: &Namespace,
    server: &Namespace,
) -> Result<Vec<Daemon>> {
    let mut daemons = Vec::new();
    let runs = |name: &str| !real.without.contains(name);
    if runs("dns") {
        daemons.push(dns::start(&real.dns, "dns", real.apple, w, server)?);
    }
    if let Some(second) = &real.second_dns {
        daemons.push(dns::start(second, "second_dns", real.apple, w, server)?);
    }
    if runs("time") {
        daemons.push(time::start(w, server)?);
    }
    if runs("dovecot") {
        daemons.push(dovecot::start(&real.dovecot, w, server)?);
    }
    if runs("postfix") {
        daemons.push(postfix::start(&real.postfix, w, server)?);
    }
    let stage = Stage {
        certificates: w.join("certificate"),
        web: sites(real),
        script: real.script.clone(),
        ..Stage::default()
    };
    daemons.extend(play("stage", &stage, w, server)?);
    let stage = Stage {
        certificates: w.join("certificate"),
        intercept: real.intercept.clone(),
        relay: real.router.delay_ms.map(|delay| ("hold0".to_owned(), "hold1".to_owned(), delay)),
        ..Stage::default()
    };
    daemons.extend(play("router", &stage, w, router)?);
    if stage.relay.is_some() {
        relay(router)?;
    }
    let stage = Stage { held: real.client.held.clone(), ..Stage::default() };
    daemons.extend(play("device", &stage, w, client)?);
    Ok(daemons)
}

fn play(name: &str, stage: &Stage, w: &Path, inside: &Namespace) -> Result<Option<Daemon>> {
    if stage.is_empty() {
        return Ok(None);
    }
    let file = w.join(format!("{name}.json"));
    fs::write(&file, serde_json::to_string_pretty(stage)?)?;
    let own = std::env::current_exe().context("find this executable")?;
    let command = inside.command(&own.to_string_lossy(), &["play", &file.to_string_lossy()]);
    let mut daemon = Daemon::start(name, w, command)?;
    daemon.listens(w, &stage.ports(), &[])?;
    if !stage.held.is_empty() || stage.relay.is_some() {
        daemon.says(w, "ready")?;
    }
    Ok(Some(daemon))
}

/// The usual sites, after those of the scenario, which thereby go first where both listen on one address.
fn sites(real: &Real) -> Vec<Site> {
    let route = |path: Option<&str>, status: u16, body: &str| Route {
        host: None,
        path: path.map(str::to_owned),
        status,
        headers: vec!["Content-Type: text/html".to_owned()],
        body: body.to_owned(),
    };
    let site = |listen: &str, certificate: Option<&str>, routes: Vec<Route>| Site {
        listen: listen.to_owned(),
        certificate: certificate.map(str::to_owned),
        routes,
        delay_ms: 0,
    };
    let page = "<html><title>example</title><body>Welcome</body></html>\n";
    let success = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>";
    let mut sites = real.web.clone();
    let mut usual = Vec::new();
    if !real.without.contains("web") {
        let tests =
            || vec![route(Some("/generate_204"), 204, ""), route(Some("/hotspot-detect.html"), 200, success)];
        usual.push(site("connectivity:80", None, tests()));
        usual.push(site("connectivity:443", Some("valid"), tests()));
        usual.push(site("web:80", None, vec![route(Some("/"), 200, page)]));
        usual.push(site("web:443", Some("valid"), vec![route(Some("/"), 200, page)]));
    }
    if real.apple {
        for port in [443, 5223] {
            usual.push(site(&format!("apple:{port}"), Some("apple"), vec![route(Some("/"), 200, page)]));
        }
    }
    usual.retain(|site| real.web.iter().all(|own| own.listen != site.listen));
    sites.extend(usual);
    sites
}

fn relay(router: &Namespace) -> Result<()> {
    router.ip("link set hold0 up\nlink set hold1 up\n\
         rule add iif client lookup 100\nrule add iif server lookup 101\n\
         route add default dev hold0 table 100\nroute add default dev hold1 table 101\n\
         route add ::/0 dev hold0 table 100\nroute add ::/0 dev hold1 table 101\n")?;
    let rules = "rule add iif client lookup 100\nrule add iif server lookup 101\n";
    run(Command::new("ip").args(["-6", "-n", &router.name, "-batch", "-"]), rules)
}

/// The router's ruleset. nft wants closing braces on lines of their own.
fn rules(real: &Real) -> String {
    let mut text = format!("define client4 = {CLIENT4}\ndefine client6 = {CLIENT6}\n");
    for host in HOSTS {
        let _ = write!(text, "define {0}4 = {1}\ndefine {0}6 = {2}\n", host.name, host.ipv4, host.ipv6);
    }
    let mut nat = real.router.nat.clone();
    for port in real.intercept.iter().flat_map(|intercept| &intercept.ports) {
        let own = super::play::own_port(*port);
        nat.push(format!("iifname \"client\" tcp dport {port} redirect to :{own}"));
    }
    text += "table inet fault {\n";
    for (name, hook, lines) in [
        ("forward", "type filter hook forward priority 0; policy accept;", &real.router.forward),
        ("input", "type filter hook input priority 0; policy accept;", &real.router.input),
        ("nat", "type nat hook prerouting priority -100; policy accept;", &nat),
    ] {
        let _ = write!(text, "chain {name} {{\n{hook}\n{}\n}}\n", lines.join("\n"));
    }
    text + "}\n"
}
