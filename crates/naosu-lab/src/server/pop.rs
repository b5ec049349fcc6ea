//! A POP3 server (RFC 1939, RFC 2449, RFC 2595, RFC 5034).

use std::io;

use crate::account::Message;
use crate::server::sasl;
use crate::server::talk::{Claim, Talk};

/// Holds one conversation.
pub(crate) async fn serve(talk: &mut Talk) -> io::Result<()> {
    let greeting = talk.server.mail.greeting.clone().unwrap_or_else(|| "+OK POP3 server ready".to_owned());
    if !talk.reply("greeting", "", &greeting).await? {
        return Ok(());
    }
    let mut user = None;
    let mut messages: Option<Vec<Message>> = None;
    loop {
        let line = talk.line().await?;
        let mut words = line.split(' ');
        let command = words.next().unwrap_or_default().to_uppercase();
        let argument = words.next();
        match (command.as_str(), &messages) {
            ("CAPA", _) => {
                let text = capabilities(talk);
                talk.reply("capa", "", &text).await?;
            }
            ("STLS", _) if talk.offers_starttls() => {
                if talk.reply("starttls", "", "+OK begin TLS").await? {
                    talk.encrypt().await?;
                }
            }
            ("USER", None) if !talk.mechanisms().is_empty() => {
                user = argument.map(str::to_owned);
                talk.reply("user", "", "+OK").await?;
            }
            ("PASS", None) => {
                let Some(user) = user.take() else {
                    talk.say("-ERR USER first").await?;
                    continue;
                };
                // A password may hold spaces: it is the rest of the line.
                let password = line.split_once(' ').map_or("", |(_, rest)| rest).to_owned();
                let proven = talk.server.account.admits(&user, &password);
                let claim =
                    Claim { mechanism: "USER/PASS".to_owned(), user, password: Some(password), proven };
                messages = signed_in(talk, claim).await?;
            }
            ("AUTH", None) => {
                match sasl::authenticate(talk, argument.unwrap_or_default(), words.next()).await? {
                    Some(claim) => messages = signed_in(talk, claim).await?,
                    None => talk.say("-ERR Unsupported authentication mechanism.").await?,
                }
            }
            ("STAT", Some(inside)) => {
                let size: usize = inside.iter().map(|message| message.text.len()).sum();
                let text = format!("+OK {} {size}", inside.len());
                talk.reply("stat", "", &text).await?;
            }
            ("LIST" | "UIDL", Some(inside)) => {
                let uidl = command == "UIDL";
                let entry = |(number, message): (usize, &Message)| {
                    let size = message.text.len();
                    if uidl {
                        format!("{} uid{:08}", number + 1, message.uid)
                    } else {
                        format!("{} {size}", number + 1)
                    }
                };
                let text = match argument.map(|number| picked(inside, number)) {
                    None => {
                        let lines: Vec<String> = inside.iter().enumerate().map(entry).collect();
                        [vec!["+OK".to_owned()], lines, vec![".".to_owned()]].concat().join("\n")
                    }
                    Some(Some(found)) => format!("+OK {}", entry(found)),
                    Some(None) => NO_SUCH.to_owned(),
                };
                multi_line(talk, &command.to_lowercase(), &text).await?;
            }
            ("TOP" | "RETR", Some(inside)) => {
                let rows = words.next().and_then(|rows| rows.parse().ok()).filter(|_| command == "TOP");
                let text = argument.and_then(|number| picked(inside, number)).map_or_else(
                    || NO_SUCH.to_owned(),
                    |(_, message)| format!("+OK\n{}\n.", stuffed(&message.text, rows)),
                );
                multi_line(talk, &command.to_lowercase(), &text).await?;
            }
            ("DELE", Some(inside)) => {
                if let Some((_, message)) = argument.and_then(|number| picked(inside, number)) {
                    talk.server.account.remove(message.uid);
                }
                talk.reply("dele", "", "+OK").await?;
            }
            ("NOOP" | "RSET", Some(_)) => talk.say("+OK").await?,
            ("QUIT", _) => {
                talk.reply("quit", "", "+OK bye").await?;
                return Ok(());
            }
            _ => talk.say("-ERR Unknown command.").await?,
        }
    }
}

const NO_SUCH: &str = "-ERR There's no such message.";

fn capabilities(talk: &Talk) -> String {
    let mut lines: Vec<String> =
        ["TOP", "UIDL", "RESP-CODES", "PIPELINING", "AUTH-RESP-CODE"].map(str::to_owned).to_vec();
    if talk.offers_starttls() {
        lines.push("STLS".to_owned());
    }
    let mechanisms = talk.mechanisms();
    if mechanisms.iter().any(|name| matches!(name.as_str(), "PLAIN" | "LOGIN")) {
        lines.push("USER".to_owned());
    }
    if !mechanisms.is_empty() {
        lines.push(format!("SASL {}", mechanisms.join(" ")));
    }
    lines.extend(talk.server.mail.capabilities.iter().cloned());
    lines.retain(|line| !talk.server.mail.without.contains(line));
    format!("+OK\n{}\n.", lines.join("\n"))
}

/// A reply of many lines, which the script knows by its first one: a refusal has no list after it.
async fn multi_line(talk: &mut Talk, stage: &str, text: &str) -> io::Result<bool> {
    talk.reply(stage, "", text).await
}

async fn signed_in(talk: &mut Talk, claim: Claim) -> io::Result<Option<Vec<Message>>> {
    let accepted = talk.sign_in("", claim, "+OK Logged in.", "-ERR [AUTH] Authentication failed.").await?;
    Ok(accepted.then(|| talk.server.account.messages("INBOX")))
}

/// The message of a number, counted from 1, with its index.
fn picked<'a>(messages: &'a [Message], number: &str) -> Option<(usize, &'a Message)> {
    let index = number.parse::<usize>().ok()?.checked_sub(1)?;
    messages.get(index).map(|message| (index, message))
}

/// The lines of a message with their first dots doubled; with `rows`, only the headers and so many lines.
fn stuffed(text: &str, rows: Option<usize>) -> String {
    let body_from = text.lines().position(str::is_empty).map_or(usize::MAX, |empty| empty + 1);
    let limit = rows.map_or(usize::MAX, |rows| body_from.saturating_add(rows));
    let double = |line: &str| if line.starts_with('.') { format!(".{line}") } else { line.to_owned() };
    text.lines().take(limit).map(double).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_and_top_is_short() {
        let text = "A: b\r\n\r\n.one\r\ntwo\r\n";
        assert_eq!(stuffed(text, None), "A: b\n\n..one\ntwo");
        assert_eq!(stuffed(text, Some(1)), "A: b\n\n..one");
        assert_eq!(stuffed(text, Some(0)), "A: b\n");
    }
}
