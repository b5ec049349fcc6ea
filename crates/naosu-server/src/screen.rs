//! The words on a picture of a screen.
//!
//! Everything that reads pictures is behind [`read`]: the pages know nothing else of it.

use std::sync::LazyLock;
use std::time::Duration;

use axum::http::StatusCode;
use naosu_papers::picture::{Picture, Unfit};
use naosu_papers::{Mistake, reading};
use tokio::sync::Semaphore;

use crate::wording::Wording;

/// The largest picture that is taken, in bytes.
pub(crate) const BYTES_LIMIT: usize = 15 * 1024 * 1024;

/// How many pictures are read at once: each takes a processor for seconds.
static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));
/// How long a picture waits for its turn.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why no words came of a picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRead {
    /// It is not taken at all.
    #[error("no picture that is read: {0:?}")]
    Unfit(Unfit),
    /// Too many pictures are waiting.
    #[error("too many pictures are being read")]
    Busy,
    /// There are no words on it, or it cannot be decoded.
    #[error("no words were found on the picture")]
    NoWords,
    /// Nothing that reads pictures is installed.
    #[error("Tesseract with Japanese and English is not installed")]
    NoReader,
    /// We failed.
    #[error(transparent)]
    Ours(#[from] anyhow::Error),
}

impl NotRead {
    /// The status that says it, and it in words.
    pub(crate) fn told(&self, w: Wording) -> (StatusCode, &'static str) {
        match self {
            Self::Unfit(Unfit::Large | Unfit::Points) => (StatusCode::PAYLOAD_TOO_LARGE, too_large(w)),
            Self::Unfit(Unfit::Kind | Unfit::Heic | Unfit::Damaged) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                w.pick(
                    "That is no picture that can be read here: use PNG, JPEG or WebP.",
                    "読み取れない形式です。PNG・JPEG・WebPの画像を選んでください。",
                ),
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                w.pick(
                    "Many pictures are waiting just now. Try again in a minute.",
                    "混み合っています。1分ほど待って、もう一度お試しください。",
                ),
            ),
            Self::NoWords => (
                StatusCode::UNPROCESSABLE_ENTITY,
                w.pick(
                    "No words were found on the picture. Take it straight from the front, or type the message.",
                    "画像から文字を読み取れませんでした。正面から撮り直すか、メッセージを入力してください。",
                ),
            ),
            Self::NoReader => (
                StatusCode::NOT_IMPLEMENTED,
                w.pick(
                    "This server cannot read pictures yet. Type the message instead.",
                    "このサーバでは、まだ画像を読み取れません。メッセージを入力してください。",
                ),
            ),
            Self::Ours(error) => {
                tracing::error!(error = format!("{error:#}"), "a picture was not read");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    w.pick(
                        "Something went wrong here. Type the message instead.",
                        "こちらの不具合です。メッセージを入力してください。",
                    ),
                )
            }
        }
    }
}

/// What is said of a picture that is too large.
pub(crate) fn too_large(w: Wording) -> &'static str {
    w.pick(
        "The picture is too large (15 MB at most). Cut out the part with the message.",
        "画像が大きすぎます(15 MBまで)。メッセージの部分だけを切り取ってください。",
    )
}

/// Reads the words on a picture.
pub(crate) async fn read(picture: Vec<u8>) -> Result<String, NotRead> {
    let place = tokio::time::timeout(PATIENCE, PLACES.acquire()).await;
    let Ok(Ok(place)) = place else { return Err(NotRead::Busy) };
    let read = tokio::task::spawn_blocking(move || read_screenshot(&picture)).await;
    drop(place);
    read.map_err(|error| anyhow::Error::new(error).context("read a picture"))?
}

/// Reads the words; blocks for as long as that takes.
fn read_screenshot(picture: &[u8]) -> Result<String, NotRead> {
    let decoded = Picture::of(picture).map_err(NotRead::Unfit)?;
    match reading::read("picture", decoded) {
        Ok(words) if words.chars().any(char::is_alphanumeric) => Ok(words),
        Ok(_) => Err(NotRead::NoWords),
        // what is wrong with the picture, or that nothing is installed, is a mistake; the rest is ours
        Err(error) if error.is::<Mistake>() && reading::is_installed() => Err(NotRead::NoWords),
        Err(error) if error.is::<Mistake>() => Err(NotRead::NoReader),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_no_picture_is_told() {
        assert!(matches!(read(b"no picture".to_vec()).await, Err(NotRead::Unfit(Unfit::Kind))));
    }
}
