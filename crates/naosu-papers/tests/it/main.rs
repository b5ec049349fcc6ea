//! The guide as a browser and a search engine read it.
#![expect(clippy::unwrap_used, reason = "a test that cannot read a page has failed")]

mod guide;
mod page;
