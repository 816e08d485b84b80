//! The PKCS#11 module (Cryptoki 2.40) of Kagibashi.
//!
//! Thin: it knows slots, sessions and objects; the card belongs to the host,
//! which it talks to as `AGENT.md` of `kagibashi-protocol` says. In a browser
//! with our extension it asks that browser's own host, which asks for the PIN
//! in the extension's window: the token needs no login then. In any other
//! program it is an ordinary token with a login, through `kagibashi agent`.
//!
//! A call goes through `entry` (pointers in, values out), then `state`
//! (slots, sessions), and where the host must be asked, `link`.

mod entry;
mod link;
mod lock;
mod log;
mod mechanism;
mod object;
mod return_value;
mod state;
