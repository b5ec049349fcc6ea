//! The words on a picture of a screen.
//!
//! Everything that reads pictures is behind [`read`]: the pages know nothing else of it.

use std::sync::LazyLock;
use std::time::Duration;

use naosu_papers::picture::{Picture, Unfit};
use naosu_papers::{Mistake, reading};
use tokio::sync::Semaphore;

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
