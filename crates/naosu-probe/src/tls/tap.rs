//! A stream that remembers how its conversation began.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many of the first bytes received are kept.
const KEPT: usize = 1024;

/// A stream that remembers the first bytes it received and counts all of them, so that a handshake that failed can be
/// explained by what the server sent instead.
pub struct Tapped<S> {
    stream: S,
    tap: Tap,
}

/// What a [`Tapped`] stream remembers; it outlives the stream.
#[derive(Clone, Default)]
pub struct Tap(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    received: Vec<u8>,
    received_total: u64,
    sent: u64,
}

impl<S> Tapped<S> {
    /// Wraps a stream.
    pub fn new(stream: S) -> (Self, Tap) {
        let tap = Tap::default();
        (Self { stream, tap: tap.clone() }, tap)
    }

    /// The stream inside, for its addresses.
    pub fn inner(&self) -> &S {
        &self.stream
    }
}

impl Tap {
    /// The first bytes received, at most 1024.
    pub fn received(&self) -> Vec<u8> {
        self.seen(|seen| seen.received.clone())
    }

    /// How many bytes were received.
    pub fn received_total(&self) -> u64 {
        self.seen(|seen| seen.received_total)
    }

    /// How many bytes were sent.
    pub fn sent(&self) -> u64 {
        self.seen(|seen| seen.sent)
    }

    fn seen<T>(&self, read: impl FnOnce(&mut Seen) -> T) -> T {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = polled {
            let new = &buffer.filled()[before..];
            self.tap.seen(|seen| {
                let room = KEPT.saturating_sub(seen.received.len()).min(new.len());
                seen.received.extend_from_slice(&new[..room]);
                seen.received_total += new.len() as u64;
            });
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = polled {
            self.tap.seen(|seen| seen.sent += count as u64);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
