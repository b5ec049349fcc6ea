//! The page that a person with a broken phone can use, the desk of those who help them, and the API.
//!
//! Nothing is decided here: what a case means and what comes next is [`naosu_core::case::Case`], what is measured is
//! [`naosu_probe::plan::measure`]. This crate takes requests, keeps events, and shows what follows of them.
//!
//! ```text
//! request ─► fence (origin, limits, headers) ─► pages · api ─► casework ─► store
//!                                                    └────────► measuring ─► naosu-probe (within reach)
//! ```

mod api;
mod browser;
mod budget;
mod calendar;
mod casework;
mod config;
mod desk;
mod drawing;
mod failure;
mod fence;
mod helpers;
mod keeping;
mod limit;
mod measuring;
mod moving;
mod news;
mod pages;
mod papers;
mod reach;
mod screen;
mod secret_link;
mod serve;
mod statistics;
mod store;
mod tokens;
mod vitals;
mod webhooks;
mod wording;

pub use crate::config::{Certificate, Config, KEEP_DAYS, Keeping, Outside, Policy};
pub use crate::helpers::{Helper, Helpers, Role, Unfit};
pub use crate::serve::{listen, serve};
pub use crate::tokens::make_token;
