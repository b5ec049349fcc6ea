//! The pure heart of Naosu.
//!
//! Words, evidence and knowledge go in; a diagnosis, a next step and a report come out. Nothing here reads a
//! clock, a file, the environment or a socket, and nothing is random: the same evidence and the same knowledge
//! give the same bytes, today and in ten years.
//!
//! Start reading at [`evidence`] (what was seen), then [`knowledge`] (what we believe), then [`diagnosis`]
//! (what follows), then [`report`] (what is said).

pub mod case;
pub mod diagnosis;
pub mod evidence;
pub mod intake;
pub mod knowledge;
pub mod name;
pub mod outcome;
pub mod report;
pub mod sentence;
pub mod step;
