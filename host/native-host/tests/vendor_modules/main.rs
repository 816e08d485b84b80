//! Tokens of other makers by their own modules.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../openssl/mod.rs"]
mod openssl;

mod beside_own;
mod command_line;
mod hostile;
mod killed;
mod person;
mod signing;
mod softhsm;
mod worker;
