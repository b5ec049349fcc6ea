//! A mail provider: its servers, what it wants as user name and password, its peculiarities.

use askama::Template;
use naosu_core::knowledge::{Auth, Protocol, Provider, Quirk, Security, Server, UserName};

use super::Topic;
use super::frame::{Frame, Link};
use super::replies::whose;
use super::shown::{Source, Sources};

#[derive(Template)]
#[template(path = "guide/provider.html")]
struct ProviderPage<'a> {
    f: Frame<'a>,
    domains: String,
    subdomains: bool,
    servers: Vec<Row>,
    password: Password,
    app_password: Option<Link>,
    web_window: Option<Link>,
    help: Option<Source>,
    status: Vec<Link>,
    /// Peculiarities by what they are about.
    quirks: Vec<(&'static str, Vec<Fact<'a>>)>,
    replies: Vec<Link>,
    sources: Sources,
}

/// A server, in words.
struct Row {
    kind: String,
    host: String,
    port: u16,
    security: &'static str,
    user: &'static str,
    auth: String,
    verified: bool,
}

/// A peculiarity.
struct Fact<'a> {
    text: &'a str,
    verified: bool,
}

/// What is taken as proof.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Password {
    /// A password made for the app, and nothing else.
    App,
    /// No password of any kind.
    Window,
    /// The account's own.
    Own,
    Unknown,
}

impl ProviderPage<'_> {
    fn wants_app_password(&self) -> bool {
        self.password == Password::App
    }

    fn wants_window(&self) -> bool {
        self.password == Password::Window
    }

    fn takes_own(&self) -> bool {
        self.password == Password::Own
    }
}

/// The page of a provider.
pub(super) fn page<'a>(frame: Frame<'a>, id: &'a str) -> askama::Result<String> {
    let knowledge = frame.knowledge;
    let Some(provider) = knowledge.providers().get(id) else { return Ok(String::new()) };
    let lang = frame.lang;
    let name = frame.pick(&provider.en, &provider.ja).to_owned();
    let title = crate::pick(lang, format!("{name}: mail settings"), format!("{name}のメール設定"));
    let description = crate::pick(
        lang,
        format!(
            "{name}: incoming and outgoing servers, ports, user name, and whether an app password is needed."
        ),
        format!("{name}の受信・送信サーバ、ポート、ユーザ名、アプリ用パスワードの要否。"),
    );
    let providers = frame.pick("Providers", "メール提供元");
    let frame = frame.named(title, description).of(Topic::Providers, providers);
    let is_own = |group_id: &str, listed: &[String]| {
        if listed.is_empty() { group_id == id } else { listed.iter().any(|one| one == id) }
    };
    let replies = knowledge.replies().groups().filter(|(group_id, group)| is_own(group_id, &group.providers));
    let sources = provider.server.iter().map(|server| &server.source);
    let sources = sources.chain(provider.quirk.iter().map(|quirk| &quirk.source)).chain([&provider.source]);
    ProviderPage {
        domains: provider
            .domains
            .iter()
            .map(|domain| format!("@{domain}"))
            .collect::<Vec<_>>()
            .join(frame.pick(", ", "、")),
        subdomains: provider.subdomains,
        servers: provider.server.iter().map(|server| Row::new(&frame, server)).collect(),
        password: password(provider),
        app_password: frame.action("create_app_password"),
        web_window: frame.action("sign_in_with_web_window"),
        help: provider.help.as_ref().map(|url| Source::new(url, lang)),
        status: status(&frame, id, provider),
        quirks: quirks(&frame, provider),
        replies: replies
            .map(|(id, group)| frame.link(Topic::Replies(id), whose(&frame, id, group)))
            .collect(),
        sources: Sources::new(&frame, sources, provider.checked.as_deref()),
        f: frame,
    }
    .render()
}

fn password(provider: &Provider) -> Password {
    if provider.oauth_only() {
        Password::Window
    } else if provider.app_password_only() {
        Password::App
    } else if provider.server.iter().any(|server| server.auth.contains(&Auth::Password)) {
        Password::Own
    } else {
        Password::Unknown
    }
}

/// The pages on which it tells of its faults.
fn status(frame: &Frame<'_>, id: &str, provider: &Provider) -> Vec<Link> {
    let feeds = frame.knowledge.status().values();
    let tells = feeds.filter(|feed| {
        feed.covers.iter().any(|covers| {
            covers.service == provider.service
                && (covers.providers.is_empty() || covers.providers.iter().any(|one| one == id))
        })
    });
    let mut links: Vec<Link> = tells
        .filter_map(|feed| {
            let page = feed.page.as_ref().filter(|page| page.starts_with("https://"))?;
            Some(Link { text: frame.pick(&feed.en, &feed.ja).to_owned(), href: page.clone() })
        })
        .collect();
    links.sort();
    links.dedup();
    links
}

impl Row {
    fn new(frame: &Frame<'_>, server: &Server) -> Self {
        let protocol = match server.protocol {
            Protocol::Imap => frame.pick("Receiving (IMAP)", "受信(IMAP)"),
            Protocol::Pop => frame.pick("Receiving (POP)", "受信(POP)"),
            Protocol::Smtp => frame.pick("Sending (SMTP)", "送信(SMTP)"),
        };
        let auth: Vec<&str> = server
            .auth
            .iter()
            .map(|auth| match auth {
                Auth::AppPassword => frame.pick("app password", "アプリ用パスワード"),
                Auth::None => frame.pick("none", "なし"),
                Auth::Oauth2 => {
                    frame.pick("the provider's web window (OAuth 2.0)", "提供元のWeb画面(OAuth 2.0)")
                }
                Auth::Password => frame.pick("password", "パスワード"),
            })
            .collect();
        let domain = frame.pick("YOUR-DOMAIN", "アドレスの@より後ろ");
        let exchanger = frame.pick("MAIL-EXCHANGER", "MXのホスト名");
        Self {
            kind: protocol.to_owned(),
            host: server.host.replace("%EMAILDOMAIN%", domain).replace("%MXHOST%", exchanger),
            port: server.port,
            security: match server.security {
                Security::Tls => frame.pick("SSL/TLS", "SSL/TLS"),
                Security::Starttls => "STARTTLS",
                Security::Plain => frame.pick("none (not safe)", "なし(安全ではありません)"),
            },
            user: match server.username {
                Some(UserName::Address) => frame.pick("the whole address", "アドレス全体"),
                Some(UserName::LocalPart) => frame.pick("the part before @", "@より前"),
                Some(UserName::SeparateId) => frame.pick("an id of its own", "アドレスとは別のID"),
                None => frame.pick("not known", "不明"),
            },
            auth: auth.join(frame.pick(", ", "、")),
            verified: server.verified,
        }
    }
}

/// The peculiarities by what they are about, in the order of the file.
fn quirks<'a>(frame: &Frame<'_>, provider: &'a Provider) -> Vec<(&'static str, Vec<Fact<'a>>)> {
    let mut all: Vec<(&'static str, Vec<Fact<'a>>)> = Vec::new();
    for Quirk { key, en, ja, verified, .. } in &provider.quirk {
        let (about, fact) = (about(frame, key), Fact { text: frame.pick(en, ja), verified: *verified });
        match all.iter_mut().find(|(known, _)| *known == about) {
            Some((_, facts)) => facts.push(fact),
            None => all.push((about, vec![fact])),
        }
    }
    all
}

/// What a peculiarity is about, in a word.
fn about(frame: &Frame<'_>, key: &str) -> &'static str {
    let has = |parts: &[&str]| parts.iter().any(|part| key.contains(part));
    let (en, ja) = if has(&["limit", "max_", "quota", "lockout", "too_many"]) {
        ("Limits", "制限")
    } else if has(&["user", "two_services", "mailbox_vs_account"]) {
        ("User name", "ユーザ名")
    } else if has(&["auth", "password", "secret"]) {
        ("Password and sign-in", "パスワード・サインイン")
    } else if has(&["enable", "imap_new", "external", "setup", "admin", "required"]) {
        ("Has to be turned on", "事前の設定")
    } else if has(&["overseas", "region", "mobile", "irumo", "iphone", "profiles", "android"]) {
        ("Where it works", "使える場所・端末")
    } else if has(&["host", "smtp", "imap", "pop", "servers", "port", "mx", "tls", "cert"]) {
        ("Servers", "サーバ")
    } else {
        ("Good to know", "知っておくこと")
    };
    frame.pick(en, ja)
}
