//! The server as a browser sees it.

mod browser;
mod desk;
mod postgres;
mod server;
