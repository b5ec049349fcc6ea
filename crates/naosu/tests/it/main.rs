//! `naosu` from outside, as a person or a script calls it. One binary for all tests, so that it is linked once.

mod asking;
mod care;
mod cases;
mod conversations;
mod documents;
mod guide;
mod hostile;
mod images;
mod killed_server;
mod mistakes;
mod outcomes;
mod package;
mod replay;
mod run;
mod schema;
#[cfg(unix)]
mod terminal;
mod worlds;
