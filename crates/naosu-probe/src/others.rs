//! Measurements that go on in the background after their probe has given its answer.

use tokio::task::JoinHandle;

use crate::deadline::Deadline;

/// What is still being measured: a losing connection attempt, a record whose answer nobody waits for. Dropped, it
/// goes on and records what it sees as long as the run lasts.
#[derive(Debug, Default)]
pub struct Others(Vec<JoinHandle<()>>);

impl Others {
    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a measurement.
    pub fn add(&mut self, task: JoinHandle<()>) {
        self.0.push(task);
    }

    /// Takes over what another one holds.
    pub fn join(&mut self, other: Others) {
        self.0.extend(other.0);
    }

    /// Waits until all are recorded, or the deadline has come.
    pub async fn ended(self, deadline: Deadline) {
        for task in self.0 {
            if deadline.run(task).await.is_none() {
                return;
            }
        }
    }
}
