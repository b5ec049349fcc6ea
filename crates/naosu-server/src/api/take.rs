//! What a request brings: taken only as the document describes it, else answered with a problem.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::{Cause, Problem};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::helpers::Role;
use crate::tokens::Program;
use crate::wording::{self, Wording};

/// A JSON body: an object with just the fields that are known.
pub(super) struct Body<T>(pub(super) T);

/// A parameter of the path.
pub(super) struct Place<T>(pub(super) T);

/// The parameters of the query.
pub(super) struct Asked<T>(pub(super) T);

/// A password of at most 200 characters, which no error repeats: it is read as any value first.
#[derive(Deserialize)]
pub(super) struct Password(Value);

impl Password {
    /// The longest, in characters.
    const LIMIT: usize = 200;

    pub(super) fn text(self, w: Wording) -> Result<String, Problem> {
        match self.0 {
            Value::String(text) if text.chars().count() <= Self::LIMIT => Ok(text),
            _ => {
                Err(Problem::of(Cause::Invalid("password: no text of at most 200 characters".to_owned()), w))
            }
        }
    }
}

/// The largest whole number that every reader of JSON has exactly.
const WHOLE_LIMIT: f64 = 9_007_199_254_740_991.0;

/// Somebody with a token of that role or a higher one.
#[derive(Clone, Debug)]
pub(super) struct Helper(pub(super) Program);

/// Somebody with a token of an administrator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Administrator;

/// How somebody says who they are.
pub(super) enum Credential {
    /// By the secret of a case's link.
    Case(String),
    /// By a token.
    Token(String),
}

/// Turns what went wrong into a problem; for `map_err`.
pub(super) fn failed<E: Into<Failure>>(w: Wording) -> impl FnOnce(E) -> Problem {
    move |error| Problem::of(Cause::Failure(error.into()), w)
}

impl<T: DeserializeOwned> FromRequest<Desk> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Self::Rejection> {
        let w = wording::of(request.headers());
        if !is_json(request.headers()) {
            return Err(Problem::of(Cause::MediaType(&["application/json"]), w));
        }
        let bytes = Bytes::from_request(request, desk).await.map_err(|error| match error {
            BytesRejection::FailedToBufferBody(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Problem::of(Cause::TooLarge, w)
            }
            _ => Problem::of(Cause::Malformed("the body was cut off".to_owned()), w),
        })?;
        let mut value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| Problem::of(Cause::Malformed(error.to_string()), w))?;
        // a list would be read as the fields of an object in their order
        if !value.is_object() {
            return Err(Problem::of(Cause::Invalid("not an object".to_owned()), w));
        }
        whole(&mut value);
        let taken = serde_json::from_value(value)
            .map_err(|error| Problem::of(Cause::Invalid(error.to_string()), w))?;
        Ok(Self(taken))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Desk> for Place<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Self::Rejection> {
        let w = wording::of(&parts.headers);
        // what is no number or no text names nothing
        let Path(place) = <Path<T> as FromRequestParts<Desk>>::from_request_parts(parts, desk)
            .await
            .map_err(|_| Problem::of(Cause::Nothing, w))?;
        Ok(Self(place))
    }
}

impl<T: DeserializeOwned> FromRequestParts<Desk> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Self::Rejection> {
        let w = wording::of(&parts.headers);
        let Query(asked) = Query::from_request_parts(parts, desk)
            .await
            .map_err(|error| Problem::of(Cause::Parameter(error.body_text()), w))?;
        Ok(Self(asked))
    }
}

impl OptionalFromRequestParts<Desk> for Credential {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Desk) -> Result<Option<Self>, Self::Rejection> {
        let Some(value) = parts.headers.get(header::AUTHORIZATION) else { return Ok(None) };
        let unknown = || Problem::of(Cause::Unknown, wording::of(&parts.headers));
        let (scheme, given) =
            value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(unknown)?;
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Ok(Some(Self::Token(given.trim().to_owned()))),
            "case" => Ok(Some(Self::Case(given.trim().to_owned()))),
            _ => Err(unknown()),
        }
    }
}

impl FromRequestParts<Desk> for Helper {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Self::Rejection> {
        let w = wording::of(&parts.headers);
        let credential =
            <Credential as OptionalFromRequestParts<Desk>>::from_request_parts(parts, desk).await?;
        let Some(Credential::Token(token)) = credential else { return Err(Problem::of(Cause::Unknown, w)) };
        let known = desk.program(&token).await.map_err(failed(w))?;
        known.map(Self).ok_or_else(|| Problem::of(Cause::Unknown, w))
    }
}

impl FromRequestParts<Desk> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Self::Rejection> {
        let helper = Helper::from_request_parts(parts, desk).await?;
        if helper.0.role != Role::Administrator {
            return Err(Problem::of(Cause::Forbidden, wording::of(&parts.headers)));
        }
        Ok(Self)
    }
}

/// Whether the body is said to be JSON (RFC 8259 section 11), with whatever parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// Numbers without a fraction as whole numbers, however they are written: JSON Schema does not tell `1.0` from `1`.
fn whole(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let float =
                number.as_f64().filter(|float| float.fract() == 0.0 && (0.0..=WHOLE_LIMIT).contains(float));
            if let (true, Some(float)) = (number.is_f64(), float) {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "whole and in range"
                )]
                let whole = float as u64;
                *number = whole.into();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(whole),
        // details stay as they were measured
        Value::Object(map) => {
            map.iter_mut().filter(|(name, _)| *name != "detail").for_each(|(_, value)| whole(value));
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
