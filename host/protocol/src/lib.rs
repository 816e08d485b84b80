//! What crosses a process border in Kagibashi.
//!
//! `PROTOCOL.md` beside this crate is the document; the types here are held
//! against it by `tests/document.rs`.

pub mod error;
pub mod frame;
pub mod limit;
pub mod message;
pub mod object;
pub mod origin;
pub mod request;
pub mod text;
pub mod view;

pub use error::{Blame, Detail, ErrorCode, Failure};
pub use origin::Origin;
pub use text::Text;
