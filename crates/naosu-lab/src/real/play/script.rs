//! Mail servers that follow a script: the protocol's usual dialog with single replies exchanged.

use anyhow::Result;
use base64::Engine as _;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::real::scenario::{Protocol, Reply, Script, Security};

/// Answers connections until the process ends.
pub(crate) async fn serve(listener: TcpListener, script: Script, tls: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let (script, tls) = (script.clone(), tls.clone());
        tokio::spawn(async move { connection(stream, &script, &tls).await });
    }
}

async fn connection(stream: TcpStream, script: &Script, tls: &TlsAcceptor) -> Result<()> {
    if script.security == Security::Tls {
        let mut stream = BufStream::new(tls.accept(stream).await?);
        dialog(&mut stream, script, true, true).await?;
        return Ok(());
    }
    let mut stream = BufStream::new(stream);
    if dialog(&mut stream, script, true, false).await? == Next::Starttls {
        let mut stream = BufStream::new(tls.accept(stream.into_inner()).await?);
        dialog(&mut stream, script, false, true).await?;
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Next {
    Close,
    Starttls,
}

async fn dialog<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufStream<S>,
    script: &Script,
    greet: bool,
    secure: bool,
) -> Result<Next> {
    if greet {
        let greeting = script.greeting.as_deref().unwrap_or(match script.protocol {
            Protocol::Imap => "* OK IMAP4rev1 ready",
            Protocol::Pop => "+OK ready",
            Protocol::Smtp => "220 mail.example.jp ESMTP",
        });
        send(stream, greeting).await?;
        if ["* BYE", "-ERR", "421", "554"].iter().any(|refusal| greeting.starts_with(refusal)) {
            return Ok(Next::Close);
        }
    }
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(Next::Close);
        }
        let line = line.trim_end();
        let (tag, command) = match script.protocol {
            Protocol::Imap => line.split_once(' ').unwrap_or(("*", line)),
            Protocol::Pop | Protocol::Smtp => ("", line),
        };
        let upper = command.to_ascii_uppercase();
        if let Some(reply) = script.replies.iter().find(|reply| upper.starts_with(&reply.command)) {
            challenge(stream, script.protocol, &upper).await?;
            send(stream, &tagged(tag, reply)).await?;
            if reply.close {
                return Ok(Next::Close);
            }
            continue;
        }
        if (upper == "STARTTLS" || upper == "STLS") && !secure {
            let reply = match script.protocol {
                Protocol::Imap => format!("{tag} OK begin"),
                Protocol::Pop => "+OK begin".to_owned(),
                Protocol::Smtp => "220 2.0.0 begin".to_owned(),
            };
            send(stream, &reply).await?;
            return Ok(Next::Starttls);
        }
        let (reply, close) = usual(script, tag, &upper, secure);
        send(stream, &reply).await?;
        if close {
            return Ok(Next::Close);
        }
    }
}

/// What a healthy server says; signing in always fails unless the script says otherwise.
fn usual(script: &Script, tag: &str, upper: &str, secure: bool) -> (String, bool) {
    let word = upper.split(' ').next().unwrap_or_default();
    let capabilities = |usual: &[&str]| -> Vec<String> {
        let mut list =
            script.capabilities.clone().unwrap_or_else(|| usual.iter().map(ToString::to_string).collect());
        if script.security == Security::Starttls && !secure {
            list.push(if matches!(script.protocol, Protocol::Pop) { "STLS" } else { "STARTTLS" }.to_owned());
        }
        list
    };
    match (script.protocol, word) {
        (Protocol::Imap, "CAPABILITY") => {
            let list = capabilities(&["IMAP4rev1", "AUTH=PLAIN", "SASL-IR"]).join(" ");
            (format!("* CAPABILITY {list}\r\n{tag} OK done"), false)
        }
        (Protocol::Imap, "LOGOUT") => (format!("* BYE bye\r\n{tag} OK done"), true),
        (Protocol::Imap, "NOOP" | "ID") => (format!("{tag} OK done"), false),
        (Protocol::Imap, _) => (format!("{tag} NO not here"), false),
        (Protocol::Pop, "CAPA") => {
            let list = capabilities(&["USER", "UIDL", "SASL PLAIN"]).join("\r\n");
            (format!("+OK\r\n{list}\r\n."), false)
        }
        (Protocol::Pop, "USER" | "NOOP") => ("+OK".to_owned(), false),
        (Protocol::Pop, "QUIT") => ("+OK bye".to_owned(), true),
        (Protocol::Pop, _) => ("-ERR not here".to_owned(), false),
        (Protocol::Smtp, "EHLO") => {
            let mut list = vec!["mail.example.jp".to_owned()];
            list.extend(capabilities(&[
                "SIZE 26214400",
                "AUTH PLAIN LOGIN",
                "8BITMIME",
                "ENHANCEDSTATUSCODES",
            ]));
            let end = list.len() - 1;
            let lines = list
                .iter()
                .enumerate()
                .map(|(index, line)| format!("250{}{line}", if index == end { ' ' } else { '-' }));
            (lines.collect::<Vec<_>>().join("\r\n"), false)
        }
        (Protocol::Smtp, "HELO" | "RSET" | "NOOP") => ("250 2.0.0 OK".to_owned(), false),
        (Protocol::Smtp, "QUIT") => ("221 2.0.0 bye".to_owned(), true),
        (Protocol::Smtp, _) => ("502 5.5.1 not here".to_owned(), false),
    }
}

/// Asks for what a client that sends its credentials in pieces still holds back.
async fn challenge<S>(stream: &mut BufStream<S>, protocol: Protocol, upper: &str) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(rest) = upper.strip_prefix("AUTH ").or_else(|| upper.strip_prefix("AUTHENTICATE ")) else {
        return Ok(());
    };
    let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
    let prompts: &[&str] = match mechanism {
        "LOGIN" if initial.is_empty() => &["Username:", "Password:"],
        "LOGIN" => &["Password:"],
        "PLAIN" if initial.is_empty() => &[""],
        _ => &[],
    };
    for prompt in prompts {
        let text = base64::engine::general_purpose::STANDARD.encode(prompt);
        let sign = if matches!(protocol, Protocol::Smtp) { "334" } else { "+" };
        send(stream, &format!("{sign} {text}")).await?;
        stream.read_line(&mut String::new()).await?;
    }
    Ok(())
}

fn tagged(tag: &str, reply: &Reply) -> String {
    if tag.is_empty() {
        return reply.reply.replace('\n', "\r\n");
    }
    let mut lines: Vec<String> = reply.reply.lines().map(str::to_owned).collect();
    if let Some(last) = lines.last_mut()
        && !last.starts_with("* ")
    {
        *last = format!("{tag} {last}");
    }
    lines.join("\r\n")
}

async fn send<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>, text: &str) -> Result<()> {
    stream.write_all(text.as_bytes()).await?;
    stream.write_all(b"\r\n").await?;
    stream.flush().await?;
    Ok(())
}
