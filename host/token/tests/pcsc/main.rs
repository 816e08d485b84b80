//! Tokens in readers of a real PC/SC daemon.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod daemon;
mod keeping;
mod opensc;
mod other_program;
mod readers;
mod sharing;
mod trouble;
