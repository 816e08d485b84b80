//! Calls into PKCS#11 modules of other makers (PKCS#11 version 2.40, which every later module serves,
//! too).
//!
//! A library of unknown quality shares the memory of whoever loads it: this belongs into a process of
//! its own. What such a library *says* is not believed here: lengths have limits, missing functions
//! are errors, texts are cleaned. What it *does* (crashing, hanging, writing where it should not) can
//! only be survived by another process.

mod call;
mod error;
#[cfg(windows)]
pub mod file_security;
mod library;
mod mechanism;
mod object;
mod session;
mod token;

pub use error::{ModuleError, ReturnValue};
pub use library::{Library, LibraryInfo, SlotEvents};
pub use mechanism::{HashFunction, Mechanism};
pub use object::{Attribute, Class, KeyType, Object};
pub use session::Session;
pub use token::{Slot, SlotInfo, TokenFlags, TokenInfo};
