//! The case that a request names, by the secret of its link, by its number, or as the own one.

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Path};
use axum::http::request::Parts;

use super::problem::{Cause, Problem};
use super::take::{Credential, failed};
use crate::casework::CaseFile;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::wording;

/// A case that whoever asks may see.
pub(super) struct Reached(pub(super) CaseFile);

/// How a path names a case.
enum Key {
    /// The secret of its link.
    Secret(String),
    /// Its number, for helpers.
    Number(i64),
    /// That of the `Authorization` header.
    Own,
}

impl FromRequestParts<Desk> for Reached {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Self::Rejection> {
        let w = wording::of(&parts.headers);
        let problem = |cause| Problem::of(cause, w);
        let path = <Path<String> as FromRequestParts<Desk>>::from_request_parts(parts, desk).await;
        let Ok(Path(text)) = path else { return Err(problem(Cause::Nothing)) };
        let credential =
            <Credential as OptionalFromRequestParts<Desk>>::from_request_parts(parts, desk).await?;
        let found = match (key(&text), credential) {
            (None, _) => Err(Failure::NoSuchCase),
            (Some(Key::Secret(secret)), _) => desk.by_link(&secret).await,
            (Some(Key::Number(id)), Some(Credential::Token(token))) => {
                let program = desk.program(&token).await.map_err(failed(w))?;
                let name = program.ok_or_else(|| problem(Cause::Unknown))?.name;
                desk.by_id(id).await.map(|file| CaseFile { entered_by: Some(name), ..file })
            }
            (Some(Key::Own), Some(Credential::Case(secret))) => match desk.by_link(&secret).await {
                Err(Failure::NoSuchCase) => return Err(problem(Cause::Unknown)),
                found => found,
            },
            (Some(Key::Number(_) | Key::Own), _) => return Err(problem(Cause::Unknown)),
        };
        found.map(Self).map_err(failed(w))
    }
}

fn key(text: &str) -> Option<Key> {
    if text == "own" {
        return Some(Key::Own);
    }
    if text.len() <= 18 && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Key::Number);
    }
    let secret =
        text.len() == 22 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    secret.then(|| Key::Secret(text.to_owned()))
}
