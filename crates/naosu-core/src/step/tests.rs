//! The decision is held to what is published, to an exact optimum, and to what holds of every model.
//!
//! The vectors of §2 of the survey of troubleshooting, by number:
//! - 2.1 to 2.4: [`vectors`].
//! - 2.5 and 2.6, of which only figures and no models are in print: [`profiles`].
//! - 2.7, network and costs of which are in print: [`car`].
//! - 2.8 is about inference in general Bayesian networks. The diagnosis here is one cause with everything else observed as its
//!   child, so there is no junction tree to be held to it, and a test could only check a network of its own making.
//! - 2.9 names one share of a study whose model is not in print, and 2.10 names no numbers.

mod ahead;
mod car;
mod models;
mod profiles;
mod properties;
mod vectors;
