//! The ePass2003 driver against a software card in process.
#![allow(clippy::unwrap_used)]

mod listing;
mod pin;
mod signing;
mod simulated;
mod trouble;
