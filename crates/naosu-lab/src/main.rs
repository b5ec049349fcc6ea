//! The lab's executable: worlds of real servers with a fault put in, against which `naosu` is run from outside.
//! It never links `naosu`; the library half of this crate holds the worlds that live inside one process.
//! Start reading at [`real`].

use clap::{Parser, Subcommand};

#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod real;
mod stand;

#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs `naosu` in network namespaces against real servers and compares its verdict with the expected one
    Real(real::Options),
    /// Plays the small servers of a world (started by `real` inside a namespace)
    #[command(hide = true)]
    Play(real::PlayOptions),
    /// Starts a world inside this process, prints how Naosu is called in it as JSON, and stands until standard input ends
    Stand {
        /// The scenario's name
        name: String,
    },
}

fn main() -> anyhow::Result<std::process::ExitCode> {
    match Arguments::parse().command {
        Command::Real(options) => real::run(&options),
        Command::Play(options) => real::play(&options),
        Command::Stand { name } => stand::run(&name),
    }
}
