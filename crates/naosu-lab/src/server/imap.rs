//! An IMAP server (RFC 3501, RFC 9051 in part, RFC 2087 quota, RFC 2971 ID, RFC 2177 IDLE, RFC 4959 SASL-IR).

mod fetch;

use std::io;

use crate::server::sasl;
use crate::server::talk::{Claim, Talk};

/// Holds one conversation.
pub(crate) async fn serve(talk: &mut Talk) -> io::Result<()> {
    let greeting = talk.server.mail.greeting.clone().unwrap_or_else(|| {
        format!("* OK [CAPABILITY {}] {} IMAP server ready", capabilities(talk, false), talk.server.host)
    });
    if !talk.reply("greeting", "", &greeting).await? {
        return Ok(());
    }
    let mut session = Session::default();
    loop {
        let line = command_line(talk).await?;
        let words = words(&line);
        let (Some(tag), Some(command)) =
            (words.first().cloned(), words.get(1).map(|word| word.to_uppercase()))
        else {
            talk.say("* BAD Invalid command").await?;
            continue;
        };
        if !session.obey(talk, &tag, &command, &words[2..]).await? {
            return Ok(());
        }
    }
}

#[derive(Debug, Default)]
struct Session {
    signed_in: bool,
    folder: Option<String>,
}

impl Session {
    /// Answers one command; false after LOGOUT.
    async fn obey(
        &mut self,
        talk: &mut Talk,
        tag: &str,
        command: &str,
        words: &[String],
    ) -> io::Result<bool> {
        let first = words.first().map_or("", String::as_str);
        match command {
            "CAPABILITY" => {
                let text =
                    format!("* CAPABILITY {}\nOK Capability completed.", capabilities(talk, self.signed_in));
                talk.reply("capability", tag, &text).await?;
            }
            "ID" => {
                talk.reply("id", tag, "* ID (\"name\" \"Lab\")\nOK ID completed.").await?;
            }
            "NOOP" => {
                talk.reply("noop", tag, "OK NOOP completed.").await?;
            }
            "LOGOUT" => {
                talk.reply("logout", tag, "* BYE Logging out\nOK Logout completed.").await?;
                return Ok(false);
            }
            "STARTTLS" if talk.offers_starttls() => {
                if talk.reply("starttls", tag, "OK Begin TLS negotiation now.").await? {
                    talk.encrypt().await?;
                }
            }
            "LOGIN" if !self.signed_in => self.login(talk, tag, words).await?,
            "AUTHENTICATE" if !self.signed_in => {
                match sasl::authenticate(talk, first, words.get(1).map(String::as_str)).await? {
                    Some(claim) => self.sign_in(talk, tag, claim).await?,
                    None => talk.say(&format!("{tag} NO Unsupported authentication mechanism.")).await?,
                }
            }
            _ if self.signed_in => self.obey_signed_in(talk, tag, command, words).await?,
            _ => talk.say(&format!("{tag} BAD Error in IMAP command received by server.")).await?,
        }
        Ok(true)
    }

    async fn obey_signed_in(
        &mut self,
        talk: &mut Talk,
        tag: &str,
        command: &str,
        words: &[String],
    ) -> io::Result<()> {
        let first = words.first().map_or("", String::as_str);
        let stage = command.to_lowercase();
        match (command, &self.folder) {
            ("SELECT" | "EXAMINE", _) => {
                let count = talk.server.account.messages(first).len();
                let text = if talk
                    .server
                    .account
                    .folders()
                    .iter()
                    .any(|folder| folder.eq_ignore_ascii_case(first))
                {
                    format!(
                        "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\n* {count} EXISTS\n* 0 RECENT\n\
                         * OK [UIDVALIDITY 1700000000] UIDs valid\n* OK [UIDNEXT 1000]\nOK [READ-ONLY] {command} completed."
                    )
                } else {
                    format!("NO Mailbox doesn't exist: {first}")
                };
                let taken = talk.reply("select", tag, &text).await?;
                self.folder = taken.then(|| first.to_owned());
            }
            ("LIST" | "LSUB", _) => {
                let text = format!("{}OK List completed.", listed(talk));
                talk.reply("list", tag, &text).await?;
            }
            ("NAMESPACE", _) => {
                talk.reply("namespace", tag, "* NAMESPACE ((\"\" \"/\")) NIL NIL\nOK Namespace completed.")
                    .await?;
            }
            ("STATUS", _) => {
                let count = talk.server.account.messages(first).len();
                let text = format!(
                    "* STATUS \"{first}\" (MESSAGES {count} RECENT 0 UIDNEXT 1000 UIDVALIDITY 1700000000 UNSEEN {count})\n\
                     OK Status completed."
                );
                talk.reply("status", tag, &text).await?;
            }
            ("GETQUOTAROOT" | "GETQUOTA", _) => {
                let mailbox = &talk.server.account.mailbox;
                let root = if command == "GETQUOTA" {
                    String::new()
                } else {
                    format!("* QUOTAROOT \"{first}\" \"User quota\"\n")
                };
                let text = if mailbox.quota_limit == 0 {
                    "BAD Error in IMAP command received by server.".to_owned()
                } else {
                    let (used, limit) = (mailbox.quota_used, mailbox.quota_limit);
                    format!("{root}* QUOTA \"User quota\" (STORAGE {used} {limit})\nOK {command} completed.")
                };
                talk.reply("getquotaroot", tag, &text).await?;
            }
            ("IDLE", Some(_)) => {
                if talk.reply("idle", tag, "+ idling").await? {
                    talk.line().await?;
                    talk.say(&format!("{tag} OK Idle completed.")).await?;
                }
            }
            ("UID", Some(folder)) => {
                let folder = folder.clone();
                self.by_number(
                    talk,
                    tag,
                    &first.to_uppercase(),
                    &folder,
                    words.get(1..).unwrap_or_default(),
                    true,
                )
                .await?;
            }
            ("FETCH" | "SEARCH" | "STORE", Some(folder)) => {
                let folder = folder.clone();
                self.by_number(talk, tag, command, &folder, words, false).await?;
            }
            ("CLOSE" | "UNSELECT", Some(_)) => {
                self.folder = None;
                talk.reply(&stage, tag, "OK Close completed.").await?;
            }
            ("ENABLE" | "EXPUNGE" | "CHECK", _) => {
                talk.reply(&stage, tag, &format!("OK {command} completed.")).await?;
            }
            _ => talk.say(&format!("{tag} BAD Error in IMAP command {command}: Unknown command.")).await?,
        }
        Ok(())
    }

    async fn by_number(
        &self,
        talk: &mut Talk,
        tag: &str,
        command: &str,
        folder: &str,
        words: &[String],
        uid: bool,
    ) -> io::Result<()> {
        let messages = talk.server.account.messages(folder);
        let rest = words.get(1..).unwrap_or_default().join(" ");
        let first = words.first().map_or("", String::as_str);
        let text = match command {
            "FETCH" => format!("{}OK Fetch completed.", fetch::answers(&messages, first, &rest, uid)),
            "SEARCH" => format!("{}OK Search completed.", fetch::found(&messages, words, uid)),
            "STORE" => {
                for (_, message) in fetch::chosen(&messages, first, uid) {
                    if rest.contains("\\Deleted") {
                        talk.server.account.remove(message.uid);
                    }
                }
                "OK Store completed.".to_owned()
            }
            _ => "BAD Unknown command.".to_owned(),
        };
        talk.reply(&command.to_lowercase(), tag, &text).await?;
        Ok(())
    }

    async fn login(&mut self, talk: &mut Talk, tag: &str, words: &[String]) -> io::Result<()> {
        let [user, password] = words else {
            return talk.say(&format!("{tag} BAD Missing arguments.")).await;
        };
        let (user, password) = (user.clone(), password.clone());
        let allowed = talk.mechanisms().iter().any(|name| matches!(name.as_str(), "PLAIN" | "LOGIN"));
        let proven = allowed && talk.server.account.admits(&user, &password);
        let claim = Claim { mechanism: "LOGIN command".to_owned(), user, password: Some(password), proven };
        if allowed {
            return self.sign_in(talk, tag, claim).await;
        }
        // The password is already out: it is written down for the tests that forbid it.
        let refusal = "NO [PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure connections.";
        talk.sign_in(tag, claim, refusal, refusal).await?;
        Ok(())
    }

    async fn sign_in(&mut self, talk: &mut Talk, tag: &str, claim: Claim) -> io::Result<()> {
        let yes = format!("OK [CAPABILITY {}] Logged in", capabilities(talk, true));
        self.signed_in =
            talk.sign_in(tag, claim, &yes, "NO [AUTHENTICATIONFAILED] Authentication failed.").await?;
        Ok(())
    }
}

fn capabilities(talk: &Talk, signed_in: bool) -> String {
    let mut names: Vec<String> =
        ["IMAP4rev1", "SASL-IR", "LITERAL+", "ID", "ENABLE", "IDLE"].map(str::to_owned).to_vec();
    if signed_in {
        names.extend(["NAMESPACE", "UIDPLUS", "UNSELECT", "SPECIAL-USE"].map(str::to_owned));
        if talk.server.account.mailbox.quota_limit > 0 {
            names.push("QUOTA".to_owned());
        }
    } else {
        if talk.offers_starttls() {
            names.push("STARTTLS".to_owned());
        }
        let mechanisms = talk.mechanisms();
        if !mechanisms.iter().any(|name| matches!(name.as_str(), "PLAIN" | "LOGIN")) {
            names.push("LOGINDISABLED".to_owned());
        }
        names.extend(mechanisms.iter().map(|name| format!("AUTH={name}")));
    }
    names.extend(talk.server.mail.capabilities.iter().cloned());
    names.retain(|name| !talk.server.mail.without.contains(name));
    names.join(" ")
}

fn listed(talk: &Talk) -> String {
    let junk = &talk.server.account.mailbox.junk_name;
    let line = |folder: &String| {
        let mark = match folder.as_str() {
            "Archive" => " \\Archive",
            "Drafts" => " \\Drafts",
            "Sent" => " \\Sent",
            "Trash" => " \\Trash",
            name if name == junk => " \\Junk",
            _ => "",
        };
        format!("* LIST (\\HasNoChildren{mark}) \"/\" \"{folder}\"\n")
    };
    talk.server.account.folders().iter().map(line).collect()
}

/// A command with its literals put in as quoted strings.
async fn command_line(talk: &mut Talk) -> io::Result<String> {
    let mut whole = String::new();
    loop {
        let line = talk.line().await?;
        let literal =
            line.strip_suffix('}').and_then(|start| start.rsplit_once('{')).and_then(|(start, length)| {
                let count = length.trim_end_matches(['+', '-']);
                Some((start.to_owned(), count.parse::<usize>().ok()?, count.len() == length.len()))
            });
        let Some((start, length, waits)) = literal else {
            return Ok(whole + &line);
        };
        if waits {
            talk.say("+ OK").await?;
        }
        let content = talk.data(length).await?;
        let quoted = String::from_utf8_lossy(&content).replace('\\', "\\\\").replace('"', "\\\"");
        whole.extend([start.as_str(), "\"", &quoted, "\""]);
    }
}

/// The words of a line: quoted strings without their quotes, all else apart at spaces.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.peek().copied() {
        let mut word = String::new();
        if letter == ' ' {
            letters.next();
            continue;
        }
        if letter == '"' {
            letters.next();
            while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
                word.push(if letter == '\\' { letters.next().unwrap_or('\\') } else { letter });
            }
        } else {
            while let Some(letter) = letters.next_if(|letter| *letter != ' ') {
                word.push(letter);
            }
        }
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn quoted_strings_are_words() {
        assert_eq!(
            words(r#"a1 LOGIN "hanako example" "p\"\\w""#),
            ["a1", "LOGIN", "hanako example", r#"p"\w"#]
        );
        assert_eq!(words(r#"a "" b"#), ["a", "", "b"]);
        assert!(words("   ").is_empty());
        assert_eq!(words("\"never ends"), ["never ends"]);
    }
}
