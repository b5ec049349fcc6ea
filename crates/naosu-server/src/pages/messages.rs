//! The common messages, drawn as they look on the device: tapping one opens a case with its words.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use naosu_core::evidence::Request;
use naosu_core::knowledge::Knowledge;
use naosu_papers::dialogs::{Common, ShelfView, common, shelves, words};

use super::show;
use crate::desk::Desk;
use crate::wording::Wording;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/messages", get(messages))
}

#[derive(Template)]
#[template(path = "messages.html")]
struct MessagesPage {
    w: Wording,
    shelves: Vec<ShelfView>,
}

async fn messages(State(desk): State<Desk>, w: Wording) -> Response {
    show(StatusCode::OK, &MessagesPage { w, shelves: shelves(desk.knowledge, w.0) })
}

/// What each of the messages says of a case, in the order of the list.
pub(crate) fn requests(knowledge: &Knowledge, w: Wording) -> Vec<Request> {
    let all = shelves(knowledge, w.0).into_iter().flat_map(|shelf| shelf.dialogs);
    all.filter_map(|dialog| request(knowledge, &format!("{}/{}", dialog.client, dialog.id), w)).collect()
}

/// What a message of the list says of a case: its words, and the device and program they are seen on.
pub(super) fn request(knowledge: &Knowledge, value: &str, w: Wording) -> Option<Request> {
    let (file, id) = value.split_once('/')?;
    let Common { client, message, device } = common(knowledge, file, id)?;
    let said = match (words(message, w.0), message.code.first()) {
        (Some(words), Some(code)) => format!("{words} ({code})"),
        (Some(words), None) => words,
        (None, Some(code)) => code.clone(),
        (None, None) => message.en.first()?.clone(),
    };
    Some(Request {
        words: Some(said),
        device: device.map(str::to_owned),
        client: client.client.clone(),
        service: client.service.clone(),
        ..Request::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use naosu_core::knowledge::Lang;

    #[test]
    fn every_message_of_the_list_speaks_of_its_symptom() {
        let knowledge = Knowledge::built_in().unwrap();
        for w in [Wording(Lang::En), Wording(Lang::Ja)] {
            for dialog in shelves(&knowledge, w.0).iter().flat_map(|shelf| &shelf.dialogs) {
                let request = request(&knowledge, &format!("{}/{}", dialog.client, dialog.id), w).unwrap();
                let words = request.words.unwrap();
                assert!(!words.contains('%') && !words.contains('{'), "{words}");
                let said = naosu_core::intake::recognise(&knowledge, &words);
                let symptom = &common(&knowledge, dialog.client, dialog.id).unwrap().message.symptom;
                assert_eq!(said.symptom.first().map(|one| &one.id), Some(symptom), "{words}");
            }
        }
        assert!(request(&knowledge, "ios_mail/no_such", Wording(Lang::En)).is_none());
        assert!(request(&knowledge, "", Wording(Lang::En)).is_none());
    }
}
