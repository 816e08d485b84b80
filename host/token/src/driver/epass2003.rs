//! Feitian ePass2003, set up by OpenSC or by the maker's own software.
//!
//! There is no public documentation by the maker; commands and layout are those that OpenSC's users
//! have relied on for years.

mod capabilities;
mod espk;
mod files;
mod key;
mod pin;
mod pkcs15;
mod recollection;
mod way;

use kagibashi_card::apdu::{Command, Response};
use kagibashi_card::channel::{Channel, ChannelError};
use kagibashi_card::scp01::{Mode, StaticKeys};
use kagibashi_card::secure_messaging::{SecureMessaging, SecureMessagingError};
use kagibashi_card::status_word::StatusWord;

use self::capabilities::Capabilities;
use self::files::Files;
use self::recollection::Recollection;
use super::TokenKind;
use crate::algorithm::SignatureAlgorithm;
use crate::cache::PublicCache;
use crate::error::{Operation, TokenError, ValidPin};
use crate::layout::Layout;
use crate::pin::{Pin, PinStatus};
use crate::token::{
    KeptLogin, KeyHandle, LoggedIn, PrivateKeys, Signable, Token, TokenCertificate, TokenInfo,
};

/// The ATR; the mask leaves out firmware version, layout mark and check byte.
const ATR: [u8; 23] = [
    0x3B, 0x9F, 0x95, 0x81, 0x31, 0xFE, 0x9F, 0x00, 0x66, 0x46, 0x53, 0x05, 0x00, 0x00, 0x00, 0x71,
    0xDF, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
];
const ATR_MASK: [u8; 23] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0xFF,
    0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00,
];

/// The firmware version in the ATR of an ePass2003, such as `01.00.11`; `None` for other cards.
pub(super) fn firmware(atr: &[u8]) -> Option<String> {
    let matches = atr.len() == ATR.len()
        && atr
            .iter()
            .zip(ATR)
            .zip(ATR_MASK)
            .all(|((byte, wanted), mask)| byte & mask == wanted);
    matches.then(|| format!("{:02x}.{:02x}.{:02x}", atr[12], atr[13], atr[14]))
}

/// The arrangement of files that the ATR speaks for: whoever makes a master file of their own leaves
/// a mark there.
fn likely_layout(atr: &[u8]) -> Layout {
    match atr.get(19..21) {
        Some([0x03, 0x90]) => Layout::Pkcs15,
        _ => Layout::Espk,
    }
}

/// An ePass2003 held open.
pub(super) struct Epass2003 {
    card: SecureMessaging<Box<dyn Channel>>,
    reader: String,
    firmware: String,
    /// In upper-case hexadecimal, once known.
    serial: Option<String>,
    files: Files,
    certificates: Option<Vec<TokenCertificate>>,
    recollection: Option<Recollection>,
    /// The number of the user PIN, once the directory was read.
    pin_reference: Option<u8>,
    /// A PIN was sent, and the card not reset since.
    pin_given: bool,
}

impl Epass2003 {
    pub(super) fn open(
        mut channel: Box<dyn Channel>,
        reader: &str,
        atr: &[u8],
    ) -> Result<Self, TokenError> {
        let capabilities = Capabilities::read(&mut channel)?;
        let mut token = Self::new(channel, capabilities.mode, reader, atr, likely_layout(atr));
        token.serial = capabilities.serial.map(hex::encode_upper);
        token.renew()?;
        Ok(token)
    }

    /// With what was noted of it before, and noting what is read now. The mode of secure messaging
    /// goes by the firmware, and that by the ATR.
    pub(super) fn open_with_cache(
        channel: Box<dyn Channel>,
        reader: &str,
        atr: &[u8],
        cache: &PublicCache,
    ) -> Result<Self, TokenError> {
        let notes = cache.find(atr);
        let mut token = match notes.first() {
            Some(note) => Self::open_expecting(channel, note.mode, reader, atr, note.layout)?,
            None => Self::open(channel, reader, atr)?,
        };
        token.recollection = Some(Recollection::new(cache, atr, notes));
        Ok(token)
    }

    /// Instead of its capabilities asks the card for its serial number only.
    pub(super) fn open_again(
        channel: Box<dyn Channel>,
        atr: &[u8],
        known: &TokenInfo,
    ) -> Result<Self, TokenError> {
        let mode = known.secure_messaging;
        let layout = known.layout.unwrap_or_else(|| likely_layout(atr));
        let mut token = Self::open_expecting(channel, mode, &known.reader, atr, layout)?;
        token.check_serial(&known.serial)?;
        Ok(token)
    }

    /// A card that does not understand us in the mode it should have is asked for its capabilities.
    fn open_expecting(
        channel: Box<dyn Channel>,
        mode: Option<Mode>,
        reader: &str,
        atr: &[u8],
        layout: Layout,
    ) -> Result<Self, TokenError> {
        let mut token = Self::new(channel, mode, reader, atr, layout);
        match token.renew() {
            Err(TokenError::SecureMessaging(_) | TokenError::Unexpected { .. }) => {
                Self::open(token.card.into_channel(), reader, atr)
            }
            renewed => renewed.map(|()| token),
        }
    }

    fn new(
        channel: Box<dyn Channel>,
        mode: Option<Mode>,
        reader: &str,
        atr: &[u8],
        likely: Layout,
    ) -> Self {
        let card = match mode {
            Some(mode) => SecureMessaging::new(channel, mode, StaticKeys::TRANSPORT),
            None => SecureMessaging::unprotected(channel),
        };
        Self {
            card,
            reader: reader.to_owned(),
            firmware: firmware(atr).unwrap_or_default(),
            serial: None,
            files: Files::new(likely),
            certificates: None,
            recollection: None,
            pin_reference: None,
            pin_given: false,
        }
    }

    /// Opens a new session with the card; no PIN is valid after that and no file selected.
    fn renew(&mut self) -> Result<(), TokenError> {
        self.files.forget_selection();
        let renewed = match self.card.renew() {
            // A directory without keys is selected, left over from another program.
            Err(SecureMessagingError::Handshake {
                status: StatusWord::KeyNotFound,
            }) => {
                self.card.reset()?;
                self.card.renew()
            }
            Err(
                SecureMessagingError::Channel(ChannelError::WasReset)
                | SecureMessagingError::Handshake {
                    status: StatusWord::ConditionsNotSatisfied,
                },
            ) => self.card.renew(),
            renewed => renewed,
        };
        renewed.map_err(|error| situation(Operation::Handshake, error))
    }

    /// Sends a command once. A lost session is [`TokenError::SessionStolen`].
    fn transmit(
        &mut self,
        operation: Operation,
        command: &Command,
    ) -> Result<Response, TokenError> {
        let answer = self
            .card
            .transmit(command)
            .map_err(|error| situation(operation, error));
        match &answer {
            Ok(response) => tracing::debug!(%operation, status = %response.status, "exchange"),
            Err(error) => tracing::debug!(%operation, %error, "exchange failed"),
        }
        answer
    }

    /// The same for a command that nothing but 9000 is an answer to.
    fn request(&mut self, operation: Operation, command: &Command) -> Result<Vec<u8>, TokenError> {
        let response = self.transmit(operation, command)?;
        match response.status {
            StatusWord::Success => Ok(response.data),
            status_word => Err(TokenError::Unexpected {
                operation,
                status_word,
            }),
        }
    }

    /// Runs `steps`, and once more in a new session if the first was lost on the way. They must
    /// begin by selecting what they need and must not give a PIN.
    fn repeatable<T>(
        &mut self,
        mut steps: impl FnMut(&mut Self) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        match steps(self) {
            Err(TokenError::SessionStolen) => {
                tracing::info!("the session with the card was lost; opening a new one");
                self.recover()?;
                steps(self)
            }
            outcome => outcome,
        }
    }

    /// Opens a new session with the same card. In a pause it may have been exchanged for another:
    /// the reset that follows an insertion can hide the removal before it.
    fn recover(&mut self) -> Result<(), TokenError> {
        let capabilities = Capabilities::read(self.card.channel_mut())?;
        if capabilities.mode != self.card.mode() {
            return Err(TokenError::CardRemoved);
        }
        self.renew()?;
        let Some(known) = self.serial.clone() else {
            return Ok(());
        };
        let found = match capabilities.serial {
            Some(serial) => hex::encode_upper(serial),
            None => self.ask_serial()?,
        };
        if found == known {
            Ok(())
        } else {
            Err(TokenError::CardRemoved)
        }
    }

    fn serial(&mut self) -> Result<String, TokenError> {
        if let Some(serial) = &self.serial {
            return Ok(serial.clone());
        }
        let serial = self.repeatable(Self::ask_serial)?;
        self.serial = Some(serial.clone());
        Ok(serial)
    }

    fn check_serial(&mut self, expected: &str) -> Result<(), TokenError> {
        let found = self.serial()?;
        if found == expected {
            Ok(())
        } else {
            Err(TokenError::WrongToken {
                expected: expected.to_owned(),
                found,
            })
        }
    }

    fn ask_serial(&mut self) -> Result<String, TokenError> {
        let command = Command::new(0x00, 0xCA, 0x01, 0x80).expecting(0);
        self.request(Operation::GetData, &command)
            .map(hex::encode_upper)
    }
}

impl Token for Epass2003 {
    fn info(&mut self) -> Result<TokenInfo, TokenError> {
        self.recall()?;
        let layout = self.find_layout()?;
        let description = match layout {
            Layout::Pkcs15 => self.read_pkcs15_description()?,
            Layout::Espk => self.read_espk_description()?,
        };
        Ok(TokenInfo {
            label: description.label,
            serial: self.serial()?,
            manufacturer: description.manufacturer,
            model: TokenKind::Epass2003.model().to_owned(),
            firmware: self.firmware.clone(),
            reader: self.reader.clone(),
            layout: Some(layout),
            secure_messaging: self.card.mode(),
        })
    }

    fn layout(&mut self) -> Result<Option<Layout>, TokenError> {
        self.find_layout().map(Some)
    }

    fn certificates(&mut self) -> Result<Vec<TokenCertificate>, TokenError> {
        if let Some(certificates) = &self.certificates {
            return Ok(certificates.clone());
        }
        // First what tells of a later change, so that none in between is missed.
        if self.recollection.is_some() {
            self.info()?;
        }
        let certificates = match self.find_layout()? {
            Layout::Pkcs15 => self.read_pkcs15_certificates()?,
            Layout::Espk => self.read_espk_certificates()?,
        };
        self.certificates = Some(certificates.clone());
        self.note()?;
        Ok(certificates)
    }

    fn pin_status(&mut self) -> Result<PinStatus, TokenError> {
        self.recall()?;
        let status = self.ask_pin_status()?;
        self.note()?;
        Ok(status)
    }

    fn pin_status_again(&mut self, earlier: PinStatus) -> Result<PinStatus, TokenError> {
        let (tries_left, locked) = self.ask_tries_left()?;
        Ok(PinStatus {
            tries_left,
            locked,
            ..earlier
        })
    }

    fn check_holds(&mut self, key: &KeyHandle) -> Result<(), TokenError> {
        self.check_serial(&key.serial)
    }

    fn login(&mut self, pin: &Pin) -> Result<LoggedIn<'_>, TokenError> {
        self.authenticate(pin)?;
        Ok(LoggedIn::new(self))
    }

    fn verify_pin(&mut self, pin: &Pin) -> Result<(), TokenError> {
        self.authenticate(pin)?;
        self.renew()
    }

    fn log_in(mut self: Box<Self>, pin: &Pin) -> Result<KeptLogin, TokenError> {
        if self.card.mode().is_none() {
            return Err(TokenError::LoginUnprotected);
        }
        self.authenticate(pin)?;
        // The operation whose flag this is ends with the login that it was for.
        self.card.channel_mut().outlive_cancel();
        Ok(KeptLogin::new(self))
    }

    fn pause(&mut self) {
        if self.pin_given {
            self.files.forget_selection();
            match self.card.reset() {
                Ok(()) => self.pin_given = false,
                // The session's keys are forgotten, so nobody can use the login; and the reset at
                // the end still stands.
                Err(error) => tracing::warn!(%error, "the card could not be reset"),
            }
        }
        self.card.channel_mut().pause();
    }

    fn change_pin(&mut self, current: &Pin, new: &Pin) -> Result<(), TokenError> {
        self.replace_pin(current, new)
    }

    fn puk_status(&mut self) -> Result<PinStatus, TokenError> {
        self.ask_puk_status()
    }

    fn unblock_pin(&mut self, puk: &Pin, new: &Pin) -> Result<(), TokenError> {
        self.replace_pin_with_puk(puk, new)
    }

    fn find_valid_pin(&mut self, current: Option<&Pin>, new: &Pin) -> Result<ValidPin, TokenError> {
        self.try_both_pins(current, new)
    }
}

impl PrivateKeys for Epass2003 {
    fn sign(
        &mut self,
        key: &KeyHandle,
        algorithm: SignatureAlgorithm,
        content: Signable,
    ) -> Result<Vec<u8>, TokenError> {
        self.check_holds(key)?;
        self.make_signature(key, algorithm, content)
    }

    fn pause_with_login(&mut self) {
        self.card.channel_mut().pause();
    }

    fn forget_login(&mut self) {
        self.card.channel_mut().leave_at_end();
    }
}

fn situation(operation: Operation, error: SecureMessagingError) -> TokenError {
    match error {
        SecureMessagingError::Channel(error) => error.into(),
        SecureMessagingError::SessionLost
        | SecureMessagingError::Handshake {
            status: StatusWord::ConditionsNotSatisfied,
        } => TokenError::SessionStolen,
        SecureMessagingError::Handshake { status }
        | SecureMessagingError::Unprotected { status } => TokenError::Unexpected {
            operation,
            status_word: status,
        },
        SecureMessagingError::NoRandomness => TokenError::NoRandomness,
        other => TokenError::SecureMessaging(other),
    }
}
