//! FETCH and SEARCH over the few messages of a lab mailbox.

use crate::account::Message;

/// The messages of a sequence set with their numbers, counted from 1; by UID when `uid`.
pub(super) fn chosen<'a>(messages: &'a [Message], set: &str, uid: bool) -> Vec<(usize, &'a Message)> {
    let last = if uid { messages.last().map_or(0, |message| message.uid) } else { count(messages.len()) };
    let number = |text: &str| if text == "*" { Some(last) } else { text.parse::<u32>().ok() };
    let ranges: Vec<(u32, u32)> = set
        .split(',')
        .filter_map(|part| {
            let (from, to) = part.split_once(':').unwrap_or((part, part));
            let (from, to) = (number(from)?, number(to)?);
            Some((from.min(to), from.max(to)))
        })
        .collect();
    let numbered = messages.iter().enumerate().map(|(index, message)| (index + 1, message));
    let inside = |(at, message): &(usize, &Message)| {
        let key = if uid { message.uid } else { count(*at) };
        ranges.iter().any(|(from, to)| (*from..=*to).contains(&key))
    };
    numbered.filter(inside).collect()
}

/// The untagged FETCH lines for a set and the items asked for.
pub(super) fn answers(messages: &[Message], set: &str, items: &str, uid: bool) -> String {
    let mut text = String::new();
    for (number, message) in chosen(messages, set, uid) {
        let mut parts = Vec::new();
        if uid || items.to_uppercase().contains("UID") {
            parts.push(format!("UID {}", message.uid));
        }
        for item in split(items) {
            parts.extend(part(message, &item));
        }
        text.extend(["* ", &number.to_string(), " FETCH (", &parts.join(" "), ")\n"]);
    }
    text
}

/// The untagged SEARCH line. HEADER and SUBJECT are looked at, every other key matches.
pub(super) fn found(messages: &[Message], words: &[String], uid: bool) -> String {
    let wanted = words.iter().enumerate().find_map(|(at, word)| match word.to_uppercase().as_str() {
        "HEADER" => Some((words.get(at + 1)?.to_lowercase(), words.get(at + 2)?.to_lowercase())),
        "SUBJECT" => Some(("subject".to_owned(), words.get(at + 1)?.to_lowercase())),
        _ => None,
    });
    let matches = |message: &Message| {
        wanted.as_ref().is_none_or(|(name, value)| {
            head(&message.text).lines().any(|line| {
                line.split_once(':').is_some_and(|(key, rest)| {
                    key.to_lowercase() == *name && rest.to_lowercase().contains(value)
                })
            })
        })
    };
    let mut line = "* SEARCH".to_owned();
    for (index, message) in messages.iter().enumerate().filter(|(_, message)| matches(message)) {
        line.extend([" ", &if uid { message.uid } else { count(index + 1) }.to_string()]);
    }
    line + "\n"
}

fn part(message: &Message, item: &str) -> Option<String> {
    let upper = item.to_uppercase();
    Some(match upper.as_str() {
        "FLAGS" => "FLAGS ()".to_owned(),
        "INTERNALDATE" => "INTERNALDATE \"02-Nov-2026 09:00:00 +0900\"".to_owned(),
        "RFC822.SIZE" => format!("RFC822.SIZE {}", message.text.len()),
        "RFC822.HEADER" => literal("RFC822.HEADER", head(&message.text)),
        "RFC822" => literal("RFC822", &message.text),
        "ENVELOPE" => {
            let subject = header(&message.text, "subject");
            let id = header(&message.text, "message-id");
            format!("ENVELOPE (NIL \"{subject}\" NIL NIL NIL NIL NIL NIL NIL \"{id}\")")
        }
        "BODYSTRUCTURE" => {
            format!(
                "BODYSTRUCTURE (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"7BIT\" {} 1)",
                body(&message.text).len()
            )
        }
        _ => {
            let section = upper.strip_prefix("BODY.PEEK[").or_else(|| upper.strip_prefix("BODY["))?;
            let (section, partial) = section.rsplit_once(']')?;
            let content = if section.is_empty() {
                message.text.clone()
            } else if let Some(fields) = section.strip_prefix("HEADER.FIELDS ") {
                some_headers(&message.text, fields)
            } else if section.starts_with("HEADER") {
                head(&message.text).to_owned()
            } else {
                body(&message.text).to_owned()
            };
            let (content, start) = cut(content, partial);
            literal(&format!("BODY[{section}]{start}"), &content)
        }
    })
}

fn literal(name: &str, content: &str) -> String {
    format!("{name} {{{}}}\r\n{content}", content.len())
}

/// The part of a content that `<from.length>` asks for, and the `<from>` of its answer.
fn cut(content: String, partial: &str) -> (String, String) {
    let bounds = partial.trim_matches(['<', '>']).split_once('.');
    let Some((Ok(from), Ok(length))) =
        bounds.map(|(from, length)| (from.parse::<usize>(), length.parse::<usize>()))
    else {
        return (content, String::new());
    };
    let bytes: Vec<u8> = content.into_bytes().into_iter().skip(from).take(length).collect();
    (String::from_utf8_lossy(&bytes).into_owned(), format!("<{from}>"))
}

/// The items of `(A B[C (D E)] F)` or of a single one, apart at spaces outside brackets.
fn split(items: &str) -> Vec<String> {
    let inside = items.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(items);
    let mut parts = vec![String::new()];
    let mut depth = 0_i32;
    for letter in inside.chars() {
        depth += match letter {
            '[' => 1,
            ']' => -1,
            _ => 0,
        };
        if letter == ' ' && depth == 0 {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts
}

fn head(text: &str) -> &str {
    text.find("\r\n\r\n").map_or(text, |end| &text[..end + 4])
}

fn body(text: &str) -> &str {
    text.find("\r\n\r\n").map_or("", |end| &text[end + 4..])
}

fn header<'a>(text: &'a str, name: &str) -> &'a str {
    let value = |line: &'a str| {
        line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    head(text).lines().find_map(value).unwrap_or_default()
}

fn some_headers(text: &str, fields: &str) -> String {
    let wanted: Vec<&str> = fields.trim_matches(['(', ')']).split(' ').collect();
    let asked = |line: &&str| {
        line.split_once(':').is_some_and(|(key, _)| wanted.iter().any(|name| name.eq_ignore_ascii_case(key)))
    };
    let lines: String = head(text).lines().filter(asked).flat_map(|line| [line, "\r\n"]).collect();
    lines + "\r\n"
}

/// Lab mailboxes are small.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Account;
    use crate::fault::Mailbox;

    fn messages() -> Vec<Message> {
        Account::new("hanako@example.jp".to_owned(), String::new(), Mailbox::default()).messages("inbox")
    }

    #[test]
    fn sets_choose_by_number_and_uid() {
        let messages = messages();
        assert_eq!(chosen(&messages, "1,3", false).len(), 2);
        assert_eq!(chosen(&messages, "2:*", false).len(), 2);
        assert_eq!(chosen(&messages, "*", true)[0].1.uid, 3);
        assert!(chosen(&messages, "nonsense", false).is_empty());
    }

    #[test]
    fn items_are_answered_with_true_lengths() {
        let messages = messages();
        let text = answers(&messages, "1", "(UID BODY.PEEK[HEADER.FIELDS (Subject Message-ID)])", false);
        assert!(text.starts_with("* 1 FETCH (UID 1 BODY[HEADER.FIELDS (SUBJECT MESSAGE-ID)] {"), "{text}");
        let (start, rest) = text.split_once("}\r\n").unwrap();
        let length: usize = start.rsplit_once('{').unwrap().1.parse().unwrap();
        assert_eq!(&rest[length..], ")\n");
        assert!(answers(&messages, "1", "BODY[]<0.8>", false).contains("BODY[]<0> {8}\r\nReturn-P)"));
    }

    #[test]
    fn a_message_is_found_by_its_header() {
        let words = ["HEADER", "Message-ID", "<lunch-1@example.com>"].map(str::to_owned);
        assert_eq!(found(&messages(), &words, false), "* SEARCH 2\n");
        assert_eq!(found(&messages(), &["ALL".to_owned()], true), "* SEARCH 1 2 3\n");
        let unknown = ["SUBJECT", "tea"].map(str::to_owned);
        assert_eq!(found(&messages(), &unknown, false), "* SEARCH\n");
    }
}
