//! Tokens in readers of a real PC/SC daemon.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod daemon;
mod opensc;
mod readers;
mod sharing;
mod trouble;
