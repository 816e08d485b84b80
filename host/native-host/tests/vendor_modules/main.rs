//! Tokens of other makers by their own modules.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../browser/mod.rs"]
mod browser;
#[path = "../openssl/mod.rs"]
mod openssl;
#[path = "../terminal/mod.rs"]
mod terminal;

mod beside_own;
mod command_line;
mod hostile;
mod killed;
mod management_page;
mod person;
mod signing;
mod slot_events;
mod softhsm;
mod worker;
