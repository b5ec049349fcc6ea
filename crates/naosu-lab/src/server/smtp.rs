//! A submission server (RFC 5321, RFC 6409, RFC 3207, RFC 4954, RFC 1870).

use std::io;

use crate::server::sasl;
use crate::server::talk::Talk;

/// Holds one conversation.
pub(crate) async fn serve(talk: &mut Talk) -> io::Result<()> {
    let host = talk.server.host.clone();
    let greeting = talk.server.mail.greeting.clone().unwrap_or_else(|| format!("220 {host} ESMTP"));
    if !talk.reply("greeting", "", &greeting).await? {
        return Ok(());
    }
    let mut envelope = Envelope::default();
    loop {
        let line = talk.line().await?;
        let mut words = line.split(' ');
        let command = words.next().unwrap_or_default().to_uppercase();
        match command.as_str() {
            "EHLO" => {
                let text = extensions(talk);
                talk.reply("ehlo", "", &text).await?;
            }
            "HELO" => {
                talk.reply("ehlo", "", &format!("250 {host}")).await?;
            }
            "STARTTLS" if talk.offers_starttls() => {
                if talk.reply("starttls", "", "220 2.0.0 Ready to start TLS").await? {
                    talk.encrypt().await?;
                    envelope = Envelope::default();
                }
            }
            "AUTH" if !envelope.signed_in => {
                let mechanism = words.next().unwrap_or_default();
                match sasl::authenticate(talk, mechanism, words.next()).await? {
                    Some(claim) => {
                        let yes = "235 2.7.0 Authentication successful";
                        let no = "535 5.7.8 Error: authentication failed: authentication failure";
                        envelope.signed_in = talk.sign_in("", claim, yes, no).await?;
                    }
                    None => talk.say("504 5.5.4 Unrecognized authentication type").await?,
                }
            }
            "MAIL" => mail(talk, &line, &mut envelope).await?,
            "RCPT" => {
                let healthy =
                    if envelope.sender { "250 2.1.5 Ok" } else { "503 5.5.1 Error: need MAIL command" };
                if talk.reply("rcpt", "", healthy).await? && envelope.sender {
                    envelope.recipients.push(between_brackets(&line));
                }
            }
            "DATA" if envelope.recipients.is_empty() => {
                talk.say("503 5.5.1 Error: need RCPT command").await?;
            }
            "DATA" => {
                if talk.reply("data", "", "354 End data with <CR><LF>.<CR><LF>").await? {
                    message(talk, &mut envelope).await?;
                }
            }
            "RSET" => {
                envelope.clear();
                talk.say("250 2.0.0 Ok").await?;
            }
            "NOOP" => talk.say("250 2.0.0 Ok").await?,
            "QUIT" => {
                talk.reply("quit", "", "221 2.0.0 Bye").await?;
                return Ok(());
            }
            _ => talk.say("502 5.5.2 Error: command not recognized").await?,
        }
    }
}

#[derive(Debug, Default)]
struct Envelope {
    signed_in: bool,
    sender: bool,
    recipients: Vec<String>,
}

impl Envelope {
    fn clear(&mut self) {
        self.sender = false;
        self.recipients.clear();
    }
}

fn size_limit(talk: &Talk) -> u64 {
    talk.server.mail.size_limit.unwrap_or(25 * 1_024 * 1_024)
}

fn extensions(talk: &Talk) -> String {
    let mut lines =
        vec![talk.server.host.clone(), "PIPELINING".to_owned(), format!("SIZE {}", size_limit(talk))];
    if talk.offers_starttls() {
        lines.push("STARTTLS".to_owned());
    }
    let mechanisms = talk.mechanisms();
    if !mechanisms.is_empty() {
        lines.push(format!("AUTH {}", mechanisms.join(" ")));
    }
    lines.extend(["ENHANCEDSTATUSCODES", "8BITMIME"].map(str::to_owned));
    lines.extend(talk.server.mail.capabilities.iter().cloned());
    let without = &talk.server.mail.without;
    lines.retain(|line| !without.iter().any(|name| line.split(' ').next() == Some(name)));
    let last = lines.len() - 1;
    let numbered = lines
        .iter()
        .enumerate()
        .map(|(index, line)| format!("250{}{line}", if index == last { ' ' } else { '-' }));
    numbered.collect::<Vec<_>>().join("\n")
}

async fn mail(talk: &mut Talk, line: &str, envelope: &mut Envelope) -> io::Result<()> {
    let announced =
        line.split(' ').find_map(|word| word.to_uppercase().strip_prefix("SIZE=")?.parse::<u64>().ok());
    let healthy = if !envelope.signed_in {
        "530 5.7.0 Authentication required"
    } else if announced.is_some_and(|size| size > size_limit(talk)) {
        "552 5.3.4 Message size exceeds fixed limit"
    } else {
        "250 2.1.0 Ok"
    };
    let taken = talk.reply("mail", "", healthy).await?;
    envelope.clear();
    envelope.sender = taken && healthy.starts_with('2');
    Ok(())
}

async fn message(talk: &mut Talk, envelope: &mut Envelope) -> io::Result<()> {
    let mut text =
        format!("Received: by {} with ESMTPSA; {}\r\n", talk.server.host, talk.server.clock.http_date());
    let limit = size_limit(talk);
    let mut whole = true;
    loop {
        let line = talk.raw_line().await?;
        if line == "." {
            break;
        }
        whole &= u64::try_from(text.len() + line.len()).is_ok_and(|length| length <= limit);
        if whole {
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
            text.push_str("\r\n");
        }
    }
    let healthy =
        if whole { "250 2.0.0 Ok: queued as 4TkQ7y2Xz1z9" } else { "552 5.3.4 Error: message file too big" };
    if talk.reply("message", "", healthy).await? && whole {
        let here = |recipient: &String| {
            recipient.rsplit_once('@').is_some_and(|(_, domain)| domain == talk.server.domain)
        };
        if envelope.recipients.iter().any(here) {
            talk.server.account.deliver(text);
        }
    }
    envelope.clear();
    Ok(())
}

fn between_brackets(line: &str) -> String {
    let inside =
        line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(inside, _)| inside);
    inside.to_lowercase()
}
