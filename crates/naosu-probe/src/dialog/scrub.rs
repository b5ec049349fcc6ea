//! Takes a secret out of what a server said: some repeat the command they refuse.

use serde_json::Value;
use zeroize::Zeroizing;

use super::sasl::encode;
use super::{Aim, Transcript};
use crate::recorder::tame_text;
use crate::secret::Credential;

/// What stands in its place.
const MASK: &str = "***";

/// Shorter than this, a form of the secret is only recognised as a whole word: it may stand in any text by chance.
const SHORT: usize = 4;

/// Takes every form in which the secret was sent out of a transcript.
pub(super) fn scrub(transcript: &mut Transcript, aim: &Aim<'_>) {
    let Some(Credential::Password(secret) | Credential::Token(secret)) = aim.credential else { return };
    let secret = secret.expose();
    let plain = Zeroizing::new(format!("\0{}\0{secret}", aim.user));
    let mut forms: Vec<Zeroizing<String>> = vec![
        Zeroizing::new(secret.to_owned()),
        Zeroizing::new(tame_text(secret)),
        Zeroizing::new(secret.replace('\\', "\\\\").replace('"', "\\\"")),
        encode(secret.as_bytes()),
        encode(plain.as_bytes()),
    ];
    forms.retain(|form| !form.is_empty());
    let clean = |text: &mut String| {
        for form in &forms {
            mask(text, form);
        }
    };
    if let Some(reply) = &mut transcript.reply {
        clean(&mut reply.text);
        clean(&mut reply.code);
        reply.enhanced.iter_mut().for_each(clean);
    }
    transcript.capabilities.iter_mut().for_each(clean);
    let extras = transcript.extras.iter_mut().flat_map(|extra| extra.detail.values_mut());
    for value in transcript.detail.values_mut().chain(extras) {
        walk(value, &clean);
    }
}

fn walk(value: &mut Value, clean: &impl Fn(&mut String)) {
    match value {
        Value::String(text) => clean(text),
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, clean)),
        Value::Object(map) => map.values_mut().for_each(|item| walk(item, clean)),
        _ => {}
    }
}

/// Masks a form wherever it stands, in any case, and what is left of it where a text was cut in its middle.
fn mask(text: &mut String, form: &str) {
    if form.len() < SHORT {
        if text.split_whitespace().any(|word| word.eq_ignore_ascii_case(form)) {
            MASK.clone_into(text);
        }
        return;
    }
    let wanted = form.to_ascii_lowercase();
    while let Some(start) = text.to_ascii_lowercase().find(&wanted) {
        text.replace_range(start..start + form.len(), MASK);
    }
    let lower = text.to_ascii_lowercase();
    let mut cut = (SHORT..wanted.len()).rev().filter(|end| wanted.is_char_boundary(*end));
    if let Some(end) = cut.find(|end| lower.ends_with(&wanted[..*end])) {
        text.truncate(lower.len() - end);
        text.push_str(MASK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_whole_cut_and_in_any_case() {
        let masked = |text: &str, form: &str| {
            let mut text = text.to_owned();
            mask(&mut text, form);
            text
        };
        assert_eq!(masked("LOGIN x OpenSesame OPENSESAME?", "opensesame"), "LOGIN x *** ***?");
        assert_eq!(masked("bad command: opense", "opensesame"), "bad command: ***");
        assert_eq!(masked("an apple a day", "a"), "***");
        assert_eq!(masked("nothing here", "a"), "nothing here");
        assert_eq!(masked("日本語パスワードです", "パスワード"), "日本語***です");
        assert_eq!(masked("****", "****"), "***");
    }
}
