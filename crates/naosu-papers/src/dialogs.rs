//! The common messages, as they look on the device.

use naosu_core::knowledge::{ClientErrors, Knowledge, KnownMessage, Lang};

use crate::pick;

/// A device's messages: which file of the knowledge, which of its messages.
#[derive(Debug)]
struct Shelf {
    /// The anchor, and how dialogs look: `ios`, `android`, `mac`, `windows`.
    look: &'static str,
    id: &'static str,
    en: &'static str,
    ja: &'static str,
    device: Option<&'static str>,
    messages: &'static [(&'static str, &'static str)],
}

/// What people see most, most frequent first.
const SHELVES: [Shelf; 6] = [
    Shelf {
        look: "ios",
        id: "iphone",
        en: "Mail on iPhone and iPad",
        ja: "iPhone・iPadの「メール」",
        device: Some("iphone"),
        messages: &[
            ("ios_mail", "c217"),
            ("ios_mail", "cannot_get_mail_the_connection_to_the_server_fai"),
            ("ios_mail", "the_user_name_or_password_for_is_incorrect"),
            ("ios_mail", "account_error"),
            ("ios_mail", "cannot_verify_server_identity"),
            ("ios_mail", "c214"),
            ("ios_mail", "the_imap_server_is_not_responding"),
        ],
    },
    Shelf {
        look: "ios",
        id: "apple-account",
        en: "Apple Account, iCloud, iMessage",
        ja: "Apple Account・iCloud・iMessage",
        device: None,
        messages: &[
            ("apple_account", "there_was_an_error_connecting_to_the_apple_id_se"),
            ("apple_account", "your_apple_id_or_password_was_incorrect"),
            ("apple_account", "this_apple_id_has_been_locked_for_security_reaso"),
            ("apple_account", "icloud_storage_is_full"),
            ("imessage", "imessage_is_signed_out"),
            ("imessage", "an_error_occurred_during_activation"),
        ],
    },
    Shelf {
        look: "android",
        id: "android",
        en: "Gmail on Android",
        ja: "Androidの「Gmail」",
        device: Some("android"),
        messages: &[
            ("gmail_app", "couldn_t_open_connection_to_server"),
            ("gmail_app", "couldn_t_sign_in"),
            ("gmail_app", "account_not_synced"),
            ("gmail_app", "certificate_not_valid"),
        ],
    },
    Shelf {
        look: "windows",
        id: "windows",
        en: "Outlook and Windows Mail",
        ja: "Outlook・Windowsのメール",
        device: Some("windows"),
        messages: &[
            ("outlook_express", "ixp_e_failed_to_connect"),
            ("outlook_express", "ixp_e_pop3_invalid_password"),
            ("outlook_express", "ixp_e_timeout"),
            ("outlook", "outlook_is_unable_to_connect_to_your_outgoing_sm"),
        ],
    },
    Shelf {
        look: "mac",
        id: "mac",
        en: "Mail on the Mac",
        ja: "Macの「メール」",
        device: Some("mac"),
        messages: &[
            ("mac_mail", "unable_to_verify_account_name_or_password"),
            ("mac_mail", "cannot_send_message_using_the_server"),
            ("mac_mail", "mail_can_t_verify_the_identity_of_the_server"),
        ],
    },
    Shelf {
        look: "windows",
        id: "thunderbird",
        en: "Thunderbird",
        ja: "Thunderbird",
        device: None,
        messages: &[
            ("thunderbird", "mailServerLoginFailed2"),
            ("thunderbird", "imapNetTimeoutError"),
            ("thunderbird", "connectionRefusedError"),
            ("thunderbird", "cert_error_expired"),
        ],
    },
];

/// The messages of one device or program.
#[derive(Debug)]
pub struct ShelfView {
    /// How its dialogs look: `ios`, `android`, `mac`, `windows`.
    pub look: &'static str,
    /// Its anchor.
    pub id: &'static str,
    /// What the device or program is called.
    pub name: &'static str,
    /// The name on a window's bar.
    pub program: String,
    /// The messages, most frequent first.
    pub dialogs: Vec<Dialog>,
}

/// A message as it looks.
#[derive(Debug)]
pub struct Dialog {
    /// The file of the knowledge it is in.
    pub client: &'static str,
    /// Its id there.
    pub id: &'static str,
    /// Its heading.
    pub title: String,
    /// The rest of its text.
    pub text: Option<String>,
    /// What it amounts to, where the text alone does not say it.
    pub gloss: Option<String>,
}

/// The common messages in that language, by device or program.
pub fn shelves(knowledge: &Knowledge, lang: Lang) -> Vec<ShelfView> {
    let dialogs = |shelf: &Shelf| {
        let known = shelf.messages.iter().filter_map(|&(client, id)| {
            let (_, message) = find(knowledge, client, id)?;
            Some(dialog(knowledge, client, id, message, lang))
        });
        known.collect()
    };
    let view = |shelf: &'static Shelf| ShelfView {
        look: shelf.look,
        id: shelf.id,
        name: pick(lang, shelf.en, shelf.ja),
        program: if shelf.id == "windows" { "Outlook" } else { shelf.en }.to_owned(),
        dialogs: dialogs(shelf),
    };
    SHELVES.iter().map(view).collect()
}

/// A common message and the device it is seen on, where only one has it; nothing for messages that are not on a shelf.
pub fn common<'a>(knowledge: &'a Knowledge, client: &str, id: &str) -> Option<Common<'a>> {
    let shelf = SHELVES.iter().find(|shelf| shelf.messages.contains(&(client, id)))?;
    let (client, message) = find(knowledge, client, id)?;
    Some(Common { client, message, device: shelf.device })
}

/// A message of a shelf.
#[derive(Clone, Copy, Debug)]
pub struct Common<'a> {
    /// The program that says it.
    pub client: &'a ClientErrors,
    /// The message.
    pub message: &'a KnownMessage,
    /// The device it is seen on.
    pub device: Option<&'static str>,
}

fn find<'a>(knowledge: &'a Knowledge, file: &str, id: &str) -> Option<(&'a ClientErrors, &'a KnownMessage)> {
    let client = knowledge.words().client_errors.get(file)?;
    Some((client, client.message.iter().find(|message| message.id == id)?))
}

fn dialog(
    knowledge: &Knowledge,
    client: &'static str,
    id: &'static str,
    message: &KnownMessage,
    lang: Lang,
) -> Dialog {
    let symptom = knowledge.words().symptoms.get(&message.symptom);
    let of = |title: String, text: Option<String>, gloss: Option<String>| Dialog {
        client,
        id,
        title,
        text,
        gloss,
    };
    match (words(message, lang), message.code.first()) {
        (Some(words), None) => {
            let (title, text) = parted(&words);
            of(title, text, None)
        }
        (Some(words), Some(code)) => of(words, Some(code.clone()), None),
        // in this language its text is not known, its number is
        (None, code) => {
            let title = code.or(message.en.first()).cloned().unwrap_or_default();
            of(title, None, symptom.map(|symptom| symptom.name.get(lang).to_owned()))
        }
    }
}

/// The message's text in that language, with "…" where the device names a server or an account.
pub fn words(message: &KnownMessage, lang: Lang) -> Option<String> {
    let texts = pick(lang, &message.en, &message.ja);
    texts.first().filter(|text| !text.is_empty()).map(|text| filled(text))
}

/// A message's text with "…" where the program names a server or an account.
pub fn filled(text: &str) -> String {
    let mut out = text.to_owned();
    while let Some(start) = out.find("{ $") {
        let Some(end) = out[start..].find('}') else { break };
        out.replace_range(start..=start + end, "…");
    }
    for place in ["%1$S", "%2$S", "%3$S", "%@", "%S", "%s", "%d"] {
        out = out.replace(place, "…");
    }
    out
}

/// A dialog's heading and text: the first sentence, and the rest.
fn parted(words: &str) -> (String, Option<String>) {
    for end in ["。", " – ", ". "] {
        if let Some((title, text)) = words.split_once(end)
            && !text.trim().is_empty()
        {
            let stop = if end == " – " { "" } else { end.trim() };
            return (format!("{title}{stop}"), Some(text.trim().to_owned()));
        }
    }
    (words.to_owned(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_of_the_shelves_is_known() {
        let knowledge = Knowledge::built_in().unwrap();
        for lang in [Lang::En, Lang::Ja] {
            let shown: Vec<usize> =
                shelves(&knowledge, lang).iter().map(|shelf| shelf.dialogs.len()).collect();
            assert_eq!(shown, SHELVES.iter().map(|shelf| shelf.messages.len()).collect::<Vec<_>>());
        }
        assert!(common(&knowledge, "ios_mail", "no_such").is_none());
    }

    #[test]
    fn a_message_is_parted_into_heading_and_text() {
        assert_eq!(
            parted("メールを取得できません。パスワードが間違っています"),
            ("メールを取得できません。".to_owned(), Some("パスワードが間違っています".to_owned()))
        );
        assert_eq!(
            parted("Cannot Get Mail – The connection to the server failed."),
            ("Cannot Get Mail".to_owned(), Some("The connection to the server failed.".to_owned()))
        );
        assert_eq!(parted("Account Error"), ("Account Error".to_owned(), None));
        assert_eq!(
            filled("The certificate for { $hostname } expired on { $not-after }."),
            "The certificate for … expired on …."
        );
    }
}
