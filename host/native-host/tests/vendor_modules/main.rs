//! Tokens of other makers by their own modules.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../openssl/mod.rs"]
mod openssl;

mod hostile;
mod killed;
mod signing;
mod softhsm;
mod worker;
