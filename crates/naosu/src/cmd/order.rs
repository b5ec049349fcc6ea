//! From the command line to an order for the probes; every mistake names the thing and the mend.

use std::io::{BufRead, BufReader, IsTerminal};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use naosu_core::evidence::{Request, SignIn};
use naosu_core::knowledge::{Knowledge, Lang, Protocol, Security};
use naosu_probe::discovery::Endpoint;
use naosu_probe::dns::Names;
use naosu_probe::plan::Order;
use naosu_probe::reach::Reach;
use naosu_probe::secret::{Credential, Secret};
use naosu_probe::tls::Trust;
use naosu_server::Outside;
use url::Url;

use crate::cli::{CheckArguments, OutsideArguments};
use crate::language::pick;
use crate::usage::Mistake;

/// The longest password or token that is read, in bytes.
const SECRET_LIMIT: u64 = 16 * 1024;

/// What some editors put before the first letter of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads the arguments; the first mistake ends it.
pub(crate) fn order(knowledge: &Knowledge, arguments: &CheckArguments, lang: Lang) -> Result<Order> {
    let address = arguments.address.as_deref().map(address).transpose()?;
    let mut servers = Vec::new();
    for (protocol, given) in [
        (Protocol::Imap, &arguments.imap),
        (Protocol::Pop, &arguments.pop),
        (Protocol::Smtp, &arguments.smtp),
    ] {
        for text in given {
            servers.push(server(protocol, text)?);
        }
    }
    situation(
        knowledge,
        arguments.device.as_deref(),
        arguments.service.as_deref(),
        arguments.client.as_deref(),
    )?;
    let (outside, trust) = outside(knowledge, &arguments.outside)?;
    let Outside { resolvers, ntp, connectivity, status, ca_pem: _ } = outside;
    let deadline = deadline(&arguments.deadline)?;
    let credential = credential(arguments, address.as_deref(), lang)?;

    let mut replaced = Vec::new();
    for (name, given) in [
        ("imap", !arguments.imap.is_empty()),
        ("pop", !arguments.pop.is_empty()),
        ("smtp", !arguments.smtp.is_empty()),
        ("resolver", !resolvers.is_empty()),
        ("ntp", !ntp.is_empty()),
        ("connectivity", !connectivity.is_empty()),
        ("status", !status.is_empty()),
    ] {
        if given {
            replaced.push(name.to_owned());
        }
    }
    let sign_in = match &credential {
        None => SignIn::None,
        Some(Credential::Password(_)) => SignIn::Password,
        Some(Credential::Token(_)) => SignIn::Token,
    };
    let request = Request {
        address,
        words: arguments.words.clone(),
        service: arguments.service.clone(),
        device: arguments.device.clone(),
        client: arguments.client.clone(),
        sign_in,
        user: arguments.user.clone(),
        named: replaced,
    };
    let send_test = arguments.send_test;
    let names = if resolvers.is_empty() { Names::System } else { Names::Servers(resolvers) };
    let confirmed = arguments.confirmed.clone();
    Ok(Order {
        request,
        servers,
        confirmed,
        credential,
        names,
        trust,
        reach: Reach::Everything,
        own_device: true,
        gate: None,
        ntp,
        connectivity,
        status,
        send_test,
        deadline,
    })
}

/// A mail address: something, one `@` (others only inside quotes), a domain that is a name.
pub(super) fn address(text: &str) -> Result<String> {
    let Some((local, domain)) = text.rsplit_once('@') else { return Err(no_address(text)) };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control());
    if is_ip(domain) {
        return Err(Mistake::error(
            format!(
                "{text}: {domain} is an IP address, not the domain of a mail address: write a name, as in hanako@example.jp"
            ),
            format!(
                "{text}: {domain} はIPアドレスで、メールアドレスのドメインではありません: hanako@example.jp のように書いてください"
            ),
        ));
    }
    if local.contains('@') && !quoted {
        return Err(Mistake::error(
            format!("{text}: more than one @: write the address with one @, as in hanako@example.jp"),
            format!("{text}: @ が2つ以上あります: hanako@example.jp のように @ は1つにしてください"),
        ));
    }
    let sound = plain(local)
        && plain(domain)
        && text.len() <= 320
        && domain.split('.').all(|label| !label.is_empty() && label.len() <= 63)
        && domain.contains('.');
    if sound { Ok(text.to_owned()) } else { Err(no_address(text)) }
}

fn no_address(text: &str) -> anyhow::Error {
    Mistake::error(
        format!("{text}: not a mail address: write it whole, as in hanako@example.jp"),
        format!("{text}: メールアドレスではありません: hanako@example.jp のように全体を入力してください"),
    )
}

/// Whether that is an IP address, bare or in brackets as RFC 5321 section 4.1.3 writes it.
fn is_ip(text: &str) -> bool {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.trim_start_matches("IPv6:").parse::<IpAddr>().is_ok()
}

/// `HOST:PORT[/tls|/starttls|/plain]`.
pub(super) fn server(protocol: Protocol, text: &str) -> Result<Endpoint> {
    let option = format!("--{}", protocol.as_str());
    if let Some((scheme, place)) = text.split_once("://") {
        return server_by_url(&option, protocol, text, scheme, place);
    }
    let (place, security) = match text.rsplit_once('/') {
        Some((place, "tls")) => (place, Some(Security::Tls)),
        Some((place, "starttls")) => (place, Some(Security::Starttls)),
        Some((place, "plain")) => (place, Some(Security::Plain)),
        Some((_, other)) => {
            return Err(Mistake::error(
                format!("{option} {text}: /{other} is no security: write /tls, /starttls or /plain"),
                format!(
                    "{option} {text}: /{other} は使えません: /tls、/starttls、/plain のどれかにしてください"
                ),
            ));
        }
        None => (text, None),
    };
    let usual = match protocol {
        Protocol::Imap => 993,
        Protocol::Pop => 995,
        Protocol::Smtp => 465,
    };
    let (host, port) = host_port(&option, place, usual)?;
    let security = security.unwrap_or(match port {
        25 | 110 | 143 | 587 => Security::Starttls,
        _ => Security::Tls,
    });
    Ok(Endpoint { protocol, host, port, security })
}

/// The same server written as a web address, as in `imaps://imap.example.jp`; only schemes of that protocol.
fn server_by_url(
    option: &str,
    protocol: Protocol,
    text: &str,
    scheme: &str,
    place: &str,
) -> Result<Endpoint> {
    let (usual, security) = match (protocol, scheme.to_ascii_lowercase().as_str()) {
        (Protocol::Imap, "imaps") => (993, Some(Security::Tls)),
        (Protocol::Imap, "imap") => (143, None),
        (Protocol::Pop, "pop3s" | "pops") => (995, Some(Security::Tls)),
        (Protocol::Pop, "pop3" | "pop") => (110, None),
        (Protocol::Smtp, "smtps" | "submissions") => (465, Some(Security::Tls)),
        (Protocol::Smtp, "smtp" | "submission") => (587, None),
        _ => {
            return Err(Mistake::error(
                format!(
                    "{option} {text}: {scheme}:// does not belong here: write HOST:PORT, as in imap.example.jp:993"
                ),
                format!(
                    "{option} {text}: {scheme}:// は使えません: imap.example.jp:993 のように書いてください"
                ),
            ));
        }
    };
    let (host, port) = host_port(option, place.trim_end_matches('/'), usual)?;
    // without an "s" the port decides: the line is encrypted either way
    let security =
        security.unwrap_or(if matches!(port, 465 | 993 | 995) { Security::Tls } else { Security::Starttls });
    Ok(Endpoint { protocol, host, port, security })
}

/// `HOST[:PORT]`, with `[::1]:PORT` for IPv6 addresses.
fn host_port(option: &str, text: &str, usual: u16) -> Result<(String, u16)> {
    if text.parse::<IpAddr>().is_ok() {
        return Ok((text.to_owned(), usual));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || host.len() > 253 || !host.chars().all(plain) {
        return Err(Mistake::error(
            format!("{option} {text}: no host name: write HOST:PORT, as in imap.example.jp:993"),
            format!("{option} {text}: サーバ名がありません: imap.example.jp:993 のように書いてください"),
        ));
    }
    let Some(port) = port else { return Ok((host.to_owned(), usual)) };
    match port.parse::<u16>() {
        Ok(port) if port > 0 => Ok((host.to_owned(), port)),
        _ => Err(Mistake::error(
            format!("{option} {text}: {port} is no port: write a number from 1 to 65535"),
            format!("{option} {text}: {port} はポート番号ではありません: 1から65535の数字にしてください"),
        )),
    }
}

fn resolver(text: &str) -> Result<SocketAddr> {
    let parsed = text
        .parse::<SocketAddr>()
        .ok()
        .or_else(|| text.trim_matches(['[', ']']).parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53)));
    match parsed {
        Some(address) if address.port() > 0 => Ok(address),
        _ => Err(Mistake::error(
            format!("--resolver {text}: not an address: write IP or IP:PORT, as in 192.0.2.53:53"),
            format!("--resolver {text}: IPアドレスではありません: 192.0.2.53:53 のように書いてください"),
        )),
    }
}

fn url(option: &str, text: &str) -> Result<Url> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(Mistake::error(
            format!("{option} {text}: not a web address: write http:// or https:// and a host"),
            format!("{option} {text}: URLではありません: http:// か https:// で始めてください"),
        )),
    }
}

fn status(knowledge: &Knowledge, text: &str) -> Result<(String, Url)> {
    let Some((service, address)) = text.split_once('=') else {
        return Err(Mistake::error(
            format!("--status-url {text}: write SERVICE=URL, as in icloud=https://status.example.jp/"),
            format!(
                "--status-url {text}: icloud=https://status.example.jp/ のように「サービス=URL」で書いてください"
            ),
        ));
    };
    one_of(knowledge, "status-url", "service", service)?;
    Ok((service.to_owned(), url("--status-url", address)?))
}

/// `--device`, `--service` and `--client` as the taxonomy knows them.
pub(super) fn situation(
    knowledge: &Knowledge,
    device: Option<&str>,
    service: Option<&str>,
    client: Option<&str>,
) -> Result<()> {
    for (option, value) in [("device", device), ("service", service), ("client", client)] {
        if let Some(value) = value {
            one_of(knowledge, option, option, value)?;
        }
    }
    Ok(())
}

/// A value of a closed list of the taxonomy.
fn one_of(knowledge: &Knowledge, option: &str, list: &str, value: &str) -> Result<()> {
    let known = knowledge.taxonomy.values.get(list).map(Vec::as_slice).unwrap_or_default();
    if known.iter().any(|known| known == value) {
        return Ok(());
    }
    let all = known.join(", ");
    Err(Mistake::error(
        format!("--{option} {value}: not known: one of {all}"),
        format!("--{option} {value}: 使えない値です。次から選んでください: {all}"),
    ))
}

/// What stands for the outside world, and the trust that follows of it.
pub(super) fn outside(knowledge: &Knowledge, arguments: &OutsideArguments) -> Result<(Outside, Trust)> {
    let (ca_pem, trust) = trust(arguments.ca_file.as_deref())?;
    let outside = Outside {
        resolvers: arguments.resolver.iter().map(|text| resolver(text)).collect::<Result<_>>()?,
        ntp: arguments.ntp.iter().map(|text| host_port("--ntp", text, 123)).collect::<Result<_>>()?,
        connectivity: arguments
            .connectivity_url
            .iter()
            .map(|text| url("--connectivity-url", text))
            .collect::<Result<_>>()?,
        status: arguments.status_url.iter().map(|text| status(knowledge, text)).collect::<Result<_>>()?,
        ca_pem,
    };
    Ok((outside, trust))
}

/// The certificates in that file, and what is trusted with them.
fn trust(file: Option<&Path>) -> Result<(Option<Vec<u8>>, Trust)> {
    let Some(file) = file else { return Ok((None, Trust::load(None)?)) };
    let name = file.display();
    let pem = std::fs::read(file).map_err(|error| unreadable("--ca-file", file, &error))?;
    let trust = Trust::load(Some(&pem)).map_err(|error| {
        Mistake::error(
            format!("--ca-file {name}: no usable certificate: {error}: it must hold PEM certificates (BEGIN CERTIFICATE)"),
            format!("--ca-file {name}: 使える証明書がありません: {error}: PEM形式(BEGIN CERTIFICATE)のファイルにしてください"),
        )
    })?;
    Ok((Some(pem), trust))
}

fn deadline(text: &str) -> Result<Duration> {
    let seconds: f64 = text.parse().unwrap_or(f64::NAN);
    if (0.1..=600.0).contains(&seconds) {
        return Ok(Duration::from_secs_f64(seconds));
    }
    Err(Mistake::error(
        format!("--deadline {text}: must be from 0.1 to 600 seconds"),
        format!("--deadline {text}: 0.1秒から600秒の間にしてください"),
    ))
}

/// The password or token: from a file, from standard input, or asked for on a terminal.
fn credential(arguments: &CheckArguments, address: Option<&str>, lang: Lang) -> Result<Option<Credential>> {
    if arguments.no_login {
        return Ok(None);
    }
    if let Some(file) = &arguments.password_file {
        return Ok(Some(Credential::Password(secret_of("--password-file", file)?)));
    }
    if let Some(file) = &arguments.token_file {
        return Ok(Some(Credential::Token(secret_of("--token-file", file)?)));
    }
    if arguments.password_stdin {
        let secret = first_line(std::io::stdin().lock());
        let secret = secret.map_err(|error| unreadable("--password-stdin", Path::new("-"), &error))?;
        return Ok(Some(Credential::Password(
            secret.ok_or_else(|| empty("--password-stdin", Path::new("-")))?,
        )));
    }
    let (Some(address), true, false) = (address, std::io::stdin().is_terminal(), arguments.json) else {
        return Ok(None);
    };
    if !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    let prompt = pick(
        lang,
        format!("Password of {address} (not shown; empty: check without signing in): "),
        format!("{address} のパスワード(表示されません。空のままEnterでサインインせずに調べます): "),
    );
    match rpassword::prompt_password(prompt) {
        Ok(text) if !text.is_empty() => Ok(Some(Credential::Password(Secret::new(text)))),
        _ => Ok(None),
    }
}

fn secret_of(option: &str, file: &Path) -> Result<Secret> {
    let opened = std::fs::File::open(file).map_err(|error| unreadable(option, file, &error))?;
    let secret = first_line(BufReader::new(opened)).map_err(|error| unreadable(option, file, &error))?;
    secret.ok_or_else(|| empty(option, file))
}

/// The first line without its end; `None` when it is empty.
fn first_line(source: impl BufRead) -> std::io::Result<Option<Secret>> {
    let mut line = String::new();
    source.take(SECRET_LIMIT).read_line(&mut line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    // editors on Windows put a byte order mark before the first letter
    if line.starts_with(BYTE_ORDER_MARK) {
        line.drain(..BYTE_ORDER_MARK.len_utf8());
    }
    Ok((!line.is_empty()).then(|| Secret::new(line)))
}

fn unreadable(option: &str, file: &Path, error: &std::io::Error) -> anyhow::Error {
    let name = file.display();
    Mistake::error(
        format!("{option} {name}: {error}: name a file that can be read"),
        format!("{option} {name}: 読めません({error}): 読み取れるファイルを指定してください"),
    )
}

fn empty(option: &str, file: &Path) -> anyhow::Error {
    let name = file.display();
    Mistake::error(
        format!("{option} {name}: its first line is empty: put the password there, or use --no-login"),
        format!("{option} {name}: 1行目が空です: パスワードを1行目に書くか、--no-login を使ってください"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(result: Result<impl Sized>) -> String {
        result.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn an_address_is_whole() {
        assert!(address("hanako@example.jp").is_ok());
        assert!(address("花子@例え.jp").is_ok());
        assert!(address("\"a@b\"@example.jp").is_ok());
        for wrong in ["hanako", "hanako@", "@example.jp", "hanako@example", "a b@example.jp", ""] {
            assert!(told(address(wrong)).contains("not a mail address"), "{wrong}");
        }
    }

    #[test]
    fn an_address_has_one_at_and_a_name_behind_it() {
        for wrong in ["hanako@@example.jp", "a@b@example.jp", "@@example.jp"] {
            assert!(told(address(wrong)).contains("more than one @"), "{wrong}");
        }
        for wrong in ["hanako@192.0.2.1", "hanako@[192.0.2.1]", "hanako@[IPv6:2001:db8::1]"] {
            assert!(told(address(wrong)).contains("is an IP address"), "{wrong}");
        }
    }

    #[test]
    fn a_server_may_be_written_as_a_web_address() {
        let read = |protocol, text| server(protocol, text).map(|s| (s.host, s.port, s.security)).unwrap();
        let at = |port, security| ("mail.example.jp".to_owned(), port, security);
        assert_eq!(read(Protocol::Imap, "imaps://mail.example.jp:993"), at(993, Security::Tls));
        assert_eq!(read(Protocol::Imap, "IMAPS://mail.example.jp:1993/"), at(1993, Security::Tls));
        assert_eq!(read(Protocol::Imap, "imap://mail.example.jp"), at(143, Security::Starttls));
        assert_eq!(read(Protocol::Imap, "imap://mail.example.jp:993"), at(993, Security::Tls));
        assert_eq!(read(Protocol::Pop, "pop3s://mail.example.jp"), at(995, Security::Tls));
        assert_eq!(read(Protocol::Smtp, "smtps://mail.example.jp"), at(465, Security::Tls));
        assert_eq!(read(Protocol::Smtp, "smtp://mail.example.jp:587"), at(587, Security::Starttls));
        for wrong in ["https://mail.example.jp", "smtp://mail.example.jp", "://mail.example.jp"] {
            assert!(told(server(Protocol::Imap, wrong)).contains("does not belong here"), "{wrong}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_password() {
        let read = |bytes: &[u8]| first_line(bytes).unwrap().map(|secret| secret.expose().to_owned());
        assert_eq!(read("\u{feff}himitsu\r\n".as_bytes()).as_deref(), Some("himitsu"));
        assert_eq!(read("himitsu\n".as_bytes()).as_deref(), Some("himitsu"));
        assert_eq!(read("\u{feff}\n".as_bytes()), None);
    }

    #[test]
    fn a_deadline_is_a_number_of_seconds() {
        assert_eq!(deadline("2.5").unwrap(), Duration::from_millis(2500));
        for wrong in ["-3", "0", "601", "soon", "NaN", "inf", ""] {
            assert!(told(deadline(wrong)).contains("from 0.1 to 600 seconds"), "{wrong}");
        }
    }

    #[test]
    fn a_server_has_the_security_of_its_port() {
        let read = |protocol, text| server(protocol, text).map(|s| (s.host, s.port, s.security)).unwrap();
        assert_eq!(
            read(Protocol::Imap, "imap.example.jp:143"),
            ("imap.example.jp".to_owned(), 143, Security::Starttls)
        );
        assert_eq!(
            read(Protocol::Imap, "imap.example.jp"),
            ("imap.example.jp".to_owned(), 993, Security::Tls)
        );
        assert_eq!(read(Protocol::Smtp, "[::1]:2525/plain"), ("::1".to_owned(), 2525, Security::Plain));
        assert_eq!(read(Protocol::Smtp, "::1"), ("::1".to_owned(), 465, Security::Tls));
    }

    #[test]
    fn an_impossible_port_is_named() {
        assert!(told(server(Protocol::Imap, "imap.example.jp:99999")).contains("99999 is no port"));
        assert!(told(server(Protocol::Imap, "imap.example.jp:0/tls")).contains("0 is no port"));
        assert!(told(server(Protocol::Imap, "imap.example.jp:993/ssl")).contains("/ssl is no security"));
        assert!(told(resolver("example.jp")).contains("not an address"));
    }
}
