//! ISO 7816-4 from APDUs to a card in a PC/SC reader, with secure messaging.
//!
//! The rooms, from the wire upwards:
//!
//! * [`reader`]: PC/SC readers, insertion and removal, exclusive transactions;
//! * [`channel`]: bytes to a card and back, whatever carries them;
//! * [`transcript`]: a channel that writes exchanges down, and one that plays them back;
//! * [`apdu`], [`status_word`], [`tlv`]: what those bytes mean;
//! * [`secure_messaging`] and [`scp01`]: the same, encrypted and authenticated.
//!
//! Trouble on the way to the card ([`channel::ChannelError`]) and what a card answers
//! ([`status_word::StatusWord`]) never share a type. Nothing here knows of keys, PINs or
//! certificates.

pub mod apdu;
pub mod cancel;
pub mod channel;
pub mod reader;
pub mod scp01;
pub mod secure_messaging;
pub mod status_word;
pub mod tlv;
pub mod transcript;
