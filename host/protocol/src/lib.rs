//! What crosses a process border in Kagibashi.
//!
//! `PROTOCOL.md` and `AGENT.md` beside this crate are the documents; the types
//! here are held against them by `tests/document.rs` and
//! `tests/agent_document.rs`.

pub mod agent;
pub mod details;
pub mod error;
pub mod frame;
pub mod limit;
pub mod message;
pub mod modules;
pub mod object;
pub mod origin;
pub mod request;
mod secret;
pub mod text;
pub mod view;

pub use error::{Blame, Detail, ErrorCode, Failure};
pub use origin::Origin;
pub use text::Text;
