//! The server as a browser meets it.

mod browser;
mod person;
mod pictures;
