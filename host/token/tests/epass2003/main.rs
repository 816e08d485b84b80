//! The ePass2003 driver against a software card in process.
#![allow(clippy::unwrap_used)]

mod cache;
mod espk;
mod espk_trouble;
mod kept_login;
mod listing;
mod pausing;
mod pin;
mod signing;
mod simulated;
mod trouble;
mod ways;
