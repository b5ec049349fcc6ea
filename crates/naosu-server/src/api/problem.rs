//! What is answered when a request is not carried out: problem details (RFC 9457), in the language that was asked for.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::failure::Failure;
use crate::helpers::Unfit;
use crate::screen::NotRead;
use crate::wording::Wording;

/// The media type of problem details.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was not carried out (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Which problem it is; the same in every language.
    #[serde(rename = "type")]
    #[schema(pattern = "^urn:naosu:problem:[a-z_]+$")]
    kind: String,
    /// It, in the language that was asked for.
    title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What exactly was wrong, where that can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
    /// When to try again, in seconds.
    #[serde(skip)]
    retry_after: u64,
}

/// What went wrong.
#[derive(Debug)]
pub(crate) enum Cause {
    /// The body is no JSON.
    Malformed(String),
    /// The body is JSON, and not what is wanted here.
    Invalid(String),
    /// The body is of another type than these.
    MediaType(&'static [&'static str]),
    /// The body is too large.
    TooLarge,
    /// A parameter is not what is wanted here.
    Parameter(String),
    /// Nobody says who they are, or nobody knows them.
    Unknown,
    /// They may not do this.
    Forbidden,
    /// Another site sent it in a person's name.
    Foreign,
    /// There is nothing there.
    Nothing,
    /// The step takes no such answer.
    NoAnswer,
    /// The method does not exist here.
    Method,
    /// The person does not want what the browser tells to be used.
    Unwanted,
    /// Somebody else holds the case, or nobody.
    NotHeld,
    /// The case is not over.
    NotOver,
    /// There is no room for more of that.
    Full,
    /// The name or password of a helper will not do.
    Unfit(Unfit),
    /// A picture is not read.
    NotRead(NotRead),
    /// The desk says no.
    Failure(Failure),
}

impl Problem {
    /// What is answered.
    pub(crate) fn of(cause: Cause, w: Wording) -> Self {
        let mut retry_after = 0;
        let (status, kind, title, detail): (_, _, String, _) = match cause {
            Cause::Malformed(detail) => (
                StatusCode::BAD_REQUEST,
                "malformed",
                w.pick("The body is not JSON.", "本文がJSONではありません。").into(),
                Some(detail),
            ),
            Cause::Invalid(detail) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid",
                w.pick("The body is not as the document describes it.", "本文の内容が仕様に合っていません。")
                    .into(),
                Some(detail),
            ),
            Cause::MediaType(kinds) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media_type",
                w.pick("The body is of another type.", "本文の形式が違います。").into(),
                Some(kinds.join(", ")),
            ),
            Cause::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                w.pick("The body is too large.", "本文が大きすぎます。").into(),
                None,
            ),
            Cause::Parameter(detail) => (
                StatusCode::BAD_REQUEST,
                "parameter",
                w.pick(
                    "A parameter is not as the document describes it.",
                    "パラメータが仕様に合っていません。",
                )
                .into(),
                Some(detail),
            ),
            Cause::Unknown => (
                StatusCode::UNAUTHORIZED,
                "unknown",
                w.pick(
                    "Say who you are with the Authorization header.",
                    "Authorizationヘッダーで認証してください。",
                )
                .into(),
                None,
            ),
            Cause::Forbidden => (
                StatusCode::FORBIDDEN,
                "forbidden",
                w.pick("Only an administrator may do this.", "管理者だけができる操作です。").into(),
                None,
            ),
            Cause::Foreign => (
                StatusCode::FORBIDDEN,
                "foreign",
                w.pick("Sent by a page of another site.", "別のサイトのページから送られた要求です。").into(),
                None,
            ),
            Cause::Nothing => (
                StatusCode::NOT_FOUND,
                "nothing",
                w.pick("There is nothing here.", "ここには何もありません。").into(),
                None,
            ),
            Cause::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                w.pick("This method does not exist here.", "このメソッドは使えません。").into(),
                None,
            ),
            Cause::NoAnswer => (
                StatusCode::CONFLICT,
                "no_answer",
                w.pick("The step does not take that.", "今の手順への答えではありません。").into(),
                None,
            ),
            Cause::Unwanted => (
                StatusCode::CONFLICT,
                "unwanted",
                w.pick(
                    "The person does not want what the browser tells to be used.",
                    "本人の希望により、ブラウザの情報は使いません。",
                )
                .into(),
                None,
            ),
            Cause::NotHeld => (
                StatusCode::CONFLICT,
                "not_held",
                w.pick("This token does not hold the case.", "このトークンの担当ではありません。").into(),
                None,
            ),
            Cause::NotOver => (
                StatusCode::CONFLICT,
                "not_over",
                w.pick("The case is not over.", "このケースは終わっていません。").into(),
                None,
            ),
            Cause::Unfit(unfit) => (
                match unfit {
                    Unfit::Taken => StatusCode::CONFLICT,
                    Unfit::Nobody => StatusCode::NOT_FOUND,
                    Unfit::Name | Unfit::Password => StatusCode::UNPROCESSABLE_ENTITY,
                },
                "unfit",
                unfit.text(w).into(),
                None,
            ),
            Cause::NotRead(error) => {
                let (status, text) = error.told(w);
                (status, "not_read", text.into(), None)
            }
            Cause::Full => (
                StatusCode::CONFLICT,
                "full",
                w.pick("There are as many as there can be.", "これ以上は追加できません。").into(),
                None,
            ),
            Cause::Failure(failure) => {
                let status = failure.status();
                let (kind, title, detail): (_, String, Option<String>) = match failure {
                    Failure::NoSuchCase => (
                        "no_such_case",
                        w.pick("There is no such case.", "このケースはありません。").into(),
                        None,
                    ),
                    Failure::WentOn => (
                        "went_on",
                        w.pick(
                            "The case went on elsewhere; ask for its step again.",
                            "別の画面で先に進んでいます。今の手順を取得し直してください。",
                        )
                        .into(),
                        None,
                    ),
                    Failure::Refused(refused) => (
                        "refused",
                        w.pick("The case does not take that now.", "このケースでは今はできません。").into(),
                        Some(refused.to_string()),
                    ),
                    Failure::NotAllowed => (
                        "forbidden",
                        w.pick("This is not allowed to you.", "この操作は許可されていません。").into(),
                        None,
                    ),
                    Failure::Mistaken(what) => (
                        "invalid",
                        w.pick(
                            "The body is not as the document describes it.",
                            "本文の内容が仕様に合っていません。",
                        )
                        .into(),
                        Some(what),
                    ),
                    Failure::NotNow(refusal) => {
                        retry_after = refusal.seconds;
                        ("not_now", refusal.title(w).to_owned(), Some(refusal.text(w)))
                    }
                    Failure::Ours(error) => {
                        tracing::error!(error = format!("{error:#}"), "a request of the API failed");
                        ("ours", w.pick("Something went wrong here.", "こちらの不具合です。").into(), None)
                    }
                };
                (status, kind, title, detail)
            }
        };
        let kind = format!("urn:naosu:problem:{kind}");
        Self { kind, title, status: status.as_u16(), detail, retry_after }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).expect("a problem is plain data");
        let mut response = (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"naosu\""));
        }
        if self.retry_after > 0 {
            headers.insert(header::RETRY_AFTER, self.retry_after.into());
        }
        response
    }
}
