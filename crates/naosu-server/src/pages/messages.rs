//! The common messages, drawn as they look on the device: tapping one opens a case with its words.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use naosu_core::evidence::Request;
use naosu_core::knowledge::{ClientErrors, Knowledge, KnownMessage, Lang, Text};

use super::show;
use crate::desk::Desk;
use crate::wording::Wording;

/// A device's messages: which file of the knowledge, which of its messages.
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

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/messages", get(messages))
}

#[derive(Template)]
#[template(path = "messages.html")]
struct MessagesPage {
    w: Wording,
    shelves: Vec<ShelfView>,
}

struct ShelfView {
    look: &'static str,
    id: &'static str,
    name: &'static str,
    /// The name on a window's bar.
    program: String,
    dialogs: Vec<Dialog>,
}

struct Dialog {
    /// What the form sends.
    value: String,
    title: String,
    text: Option<String>,
    /// What it amounts to, where the text alone does not say it.
    gloss: Option<String>,
}

async fn messages(State(desk): State<Desk>, w: Wording) -> Response {
    show(StatusCode::OK, &MessagesPage { w, shelves: shelves(desk.knowledge, w) })
}

fn shelves(knowledge: &Knowledge, w: Wording) -> Vec<ShelfView> {
    SHELVES
        .iter()
        .map(|shelf| ShelfView {
            look: shelf.look,
            id: shelf.id,
            name: w.pick(shelf.en, shelf.ja),
            program: if shelf.id == "windows" { "Outlook" } else { shelf.en }.to_owned(),
            dialogs: shelf
                .messages
                .iter()
                .filter_map(|(file, id)| {
                    let (_, message) = find(knowledge, file, id)?;
                    Some(dialog(knowledge, message, format!("{file}/{id}"), w))
                })
                .collect(),
        })
        .collect()
}

fn find<'a>(knowledge: &'a Knowledge, file: &str, id: &str) -> Option<(&'a ClientErrors, &'a KnownMessage)> {
    let client = knowledge.words().client_errors.get(file)?;
    Some((client, client.message.iter().find(|message| message.id == id)?))
}

fn dialog(knowledge: &Knowledge, message: &KnownMessage, value: String, w: Wording) -> Dialog {
    let symptom = knowledge.words().symptoms.get(&message.symptom).map(|symptom| &symptom.name);
    let gloss = |name: &Text| name.get(w.0).to_owned();
    match (words(message, w), message.code.first()) {
        (Some(words), None) => {
            let (title, text) = parted(&words);
            Dialog { value, title, text, gloss: None }
        }
        (Some(words), Some(code)) => Dialog { value, title: words, text: Some(code.clone()), gloss: None },
        // in this language its text is not known, its number is
        (None, code) => Dialog {
            value,
            title: code.cloned().or_else(|| message.en.first().cloned()).unwrap_or_default(),
            text: None,
            gloss: symptom.map(gloss),
        },
    }
}

/// The message's text in that language, with "…" where the device names a server or an account.
fn words(message: &KnownMessage, w: Wording) -> Option<String> {
    let texts = if w.0 == Lang::En { &message.en } else { &message.ja };
    texts.first().filter(|text| !text.is_empty()).map(|text| filled(text))
}

fn filled(text: &str) -> String {
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

/// What each of the messages says of a case, in the order of the list.
pub(crate) fn requests(knowledge: &Knowledge, w: Wording) -> Vec<Request> {
    let all = SHELVES.iter().flat_map(|shelf| shelf.messages);
    all.filter_map(|(file, id)| request(knowledge, &format!("{file}/{id}"), w)).collect()
}

/// What a message of the list says of a case: its words, and the device and program they are seen on.
pub(super) fn request(knowledge: &Knowledge, value: &str, w: Wording) -> Option<Request> {
    let (file, id) = value.split_once('/')?;
    let shelf = SHELVES.iter().find(|shelf| shelf.messages.contains(&(file, id)))?;
    let (client, message) = find(knowledge, file, id)?;
    let said = match (words(message, w), message.code.first()) {
        (Some(words), Some(code)) => format!("{words} ({code})"),
        (Some(words), None) => words,
        (None, Some(code)) => code.clone(),
        (None, None) => message.en.first()?.clone(),
    };
    Some(Request {
        words: Some(said),
        device: shelf.device.map(str::to_owned),
        client: client.client.clone(),
        service: client.service.clone(),
        ..Request::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_of_the_list_is_known_and_speaks_of_its_symptom() {
        let knowledge = Knowledge::built_in().unwrap();
        for w in [Wording(Lang::En), Wording(Lang::Ja)] {
            let shown = shelves(&knowledge, w);
            assert_eq!(
                shown.iter().map(|shelf| shelf.dialogs.len()).collect::<Vec<_>>(),
                SHELVES.iter().map(|shelf| shelf.messages.len()).collect::<Vec<_>>()
            );
            for (file, id) in SHELVES.iter().flat_map(|shelf| shelf.messages) {
                let request = request(&knowledge, &format!("{file}/{id}"), w).unwrap();
                let words = request.words.unwrap();
                assert!(!words.contains('%') && !words.contains('{'), "{words}");
                let said = naosu_core::intake::recognise(&knowledge, &words);
                let symptom = &find(&knowledge, file, id).unwrap().1.symptom;
                assert_eq!(said.symptom.first().map(|one| &one.id), Some(symptom), "{words}");
            }
        }
        assert!(request(&knowledge, "ios_mail/no_such", Wording(Lang::En)).is_none());
        assert!(request(&knowledge, "", Wording(Lang::En)).is_none());
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
