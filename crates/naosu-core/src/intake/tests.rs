//! What must hold of the shipped knowledge of words.

use std::sync::OnceLock;

use super::*;
use crate::knowledge::embedded;

fn knowledge() -> &'static Knowledge {
    static LOADED: OnceLock<Knowledge> = OnceLock::new();
    LOADED.get_or_init(|| Knowledge::load(&embedded()).unwrap())
}

fn symptom(text: &str) -> String {
    recognise(knowledge(), text).symptom[0].id.clone()
}

fn cause(text: &str, id: &str) -> f64 {
    recognise(knowledge(), text).cause.iter().find(|scored| scored.id == id).unwrap().p
}

/// A message as it is on a screen: its placeholders filled in.
fn shown(template: &str) -> String {
    let mut text = template.to_owned();
    for (placeholder, value) in [
        ("%1$S", "taro@example.jp"),
        ("%2$S", "imap.example.jp"),
        ("%3$S", "NO"),
        ("%1$s", "taro@example.jp"),
        ("%S", "imap.example.jp"),
        ("%s", "imap.example.jp"),
        ("%@", "imap.example.jp"),
        ("%d", "993"),
    ] {
        text = text.replace(placeholder, value);
    }
    text
}

#[test]
fn the_knowledge_of_words_is_sound() {
    assert_eq!(problems(knowledge()), []);
}

#[test]
fn a_message_is_the_same_thing_in_both_languages() {
    let mut wrong = Vec::new();
    for (client, errors) in &knowledge().words().client_errors {
        for message in &errors.message {
            let texts = message.en.iter().chain(&message.ja);
            for text in texts.flat_map(|text| [text.clone(), shown(text)]) {
                let found = symptom(&text);
                if found != message.symptom {
                    wrong
                        .push(format!("{client}.{}: {text} is {found}, not {}", message.id, message.symptom));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}
