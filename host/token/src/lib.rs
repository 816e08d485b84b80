//! Certificates and signatures out of a token.
//!
//! A program goes through these rooms:
//!
//! ```no_run
//! use kagibashi_token::{Cancel, Pin, SignatureAlgorithm, Tokens};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens = Tokens::connect()?;
//! let reader = tokens.readers()?.into_iter().find(|reader| reader.state.is_token()).ok_or("none")?;
//! let mut token = tokens.open(&reader.name, &Cancel::new())?;
//! let certificates = token.certificates()?;
//! let key = certificates[0].key.clone().ok_or("no key")?;
//! let digest = [0; 32];
//! let signature = token.login_for(&key, &Pin::new("12345678")?)?.sign(&key, SignatureAlgorithm::Rs256, &digest)?;
//! # Ok(()) }
//! ```
//!
//! While a [`Token`] lives it holds the card for itself; dropping it lets go, and resets the card if
//! somebody logged in. [`Token::pause`] and [`KeptLogin`] let others use the card in between.

pub mod algorithm;
mod begun_hash;
pub mod cache;
pub mod certificate;
pub mod driver;
mod emsa;
pub mod error;
mod espk;
pub mod key;
pub mod layout;
pub mod pin;
mod pkcs15;
pub mod service;
pub mod token;
mod verify;
pub mod watch;

pub use algorithm::{HashFunction, SignatureAlgorithm};
pub use cache::PublicCache;
pub use certificate::{Certificate, CertificateError, Usability};
pub use driver::pkcs11::{ModuleSettings, ModuleTrouble, Modules, WorkerProgram};
pub use error::{PinChangeError, TokenError, ValidPin};
pub use kagibashi_card::cancel::Cancel;
pub use kagibashi_card::scp01::Mode as SecureMessagingMode;
pub use kagibashi_card::status_word::StatusWord;
pub use key::{Curve, KeyKind};
pub use layout::Layout;
pub use pin::{Pin, PinFormatError, PinStatus};
pub use service::{Reader, ReaderState, TokenKind, Tokens};
pub use token::{KeptLogin, KeyHandle, LoggedIn, Signable, Token, TokenCertificate, TokenInfo};
pub use watch::{Event, Stop, Watch};
