//! Several futures side by side.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Runs futures side by side until one gives what is enough, or all have ended. What has not ended is `None`.
pub(crate) async fn until<F: Future>(
    futures: Vec<F>,
    enough: impl Fn(&F::Output) -> bool,
) -> Vec<Option<F::Output>> {
    let mut running: Vec<Option<Pin<Box<F>>>> =
        futures.into_iter().map(|future| Some(Box::pin(future))).collect();
    let mut results: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut sufficient = false;
        for (slot, result) in running.iter_mut().zip(&mut results) {
            let Some(future) = slot else { continue };
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                sufficient |= enough(&output);
                *result = Some(output);
                *slot = None;
            }
        }
        if sufficient || running.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    results
}

/// Runs futures side by side to their ends.
pub(crate) async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    until(futures, |_| false).await.into_iter().flatten().collect()
}
