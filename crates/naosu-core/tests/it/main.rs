//! The core as its users see it: evidence in, diagnosis out.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod diagnosis;
mod flows;
mod guide;
mod language;
mod learning;
mod messages;
mod scenarios;
mod steps;
