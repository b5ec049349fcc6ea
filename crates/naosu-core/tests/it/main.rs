//! The core as its users see it: evidence in, diagnosis out.

mod diagnosis;
