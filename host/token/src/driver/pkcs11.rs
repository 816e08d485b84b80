//! Tokens of other makers, by the makers' own PKCS#11 modules.
//!
//! A module runs in a process of its own, which [`serve`] is all of: it may crash, hang or write
//! where it should not, and takes nothing with it but its own logins. The host is at the other ends
//! of two pipes, and ends the process when it does not answer in time. A PIN crosses the pipe once,
//! and is wiped on both sides.

mod bell;
mod file;
mod keys;
mod messages;
mod module;
mod modules;
mod process;
mod slot_events;
mod token;
mod trouble;
mod worker;

pub use bell::Listener;
pub use file::{FileRefusal, check as check_file};
pub use module::ModuleSettings;
pub use modules::{ModuleFindings, ModuleLook, Modules};
pub use process::{INSIDE, Limits, WorkerProgram};
pub use trouble::ModuleTrouble;
pub use worker::serve;
