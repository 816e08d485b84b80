//! A software ePass2003 that plugs into PC/SC.
//!
//! [`Card`] is the token as a state machine: command bytes in, answer bytes out. It
//! has three mouths: [`Card::transmit`] in process, [`vpcd::Reader`] through
//! vsmartcard's virtual reader, and the program `kagibashi-card-simulator` around
//! that. [`personalise`] issues demo tokens, [`pcscd::PrivatePcscd`] starts a PC/SC
//! daemon nobody else sees, and [`faults`] breaks things on request.
//!
//! There is no public documentation of the card. Where no behaviour was observed or
//! can be inferred from what OpenSC sends, the choice made here is marked *choice* in
//! the code; a real token may differ.

pub mod access;
pub mod apdu;
pub mod card;
pub mod cipher;
mod command;
pub mod faults;
mod fcp;
pub mod file;
#[cfg(target_os = "linux")]
pub mod pcscd;
pub mod personalise;
pub mod random;
pub mod secret;
pub mod secure_messaging;
pub mod settings;
pub mod state_file;
pub mod status_word;
pub mod tlv;
pub mod vpcd;

pub use card::Card;
pub use settings::{Mode, Refusal, RefusedCommand, Settings};
pub use status_word::StatusWord;
