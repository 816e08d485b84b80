//! The user PIN: proving, asking for the tries left, replacing.
//!
//! The PIN itself never travels; it becomes a 3DES key with which the card's challenge is encrypted.

use des::TdesEde3;
use des::cipher::{BlockEncrypt, KeyInit};
use kagibashi_card::apdu::Command;
use kagibashi_card::channel::Channel;
use kagibashi_card::status_word::StatusWord;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::Epass2003;
use crate::error::{Operation, PinChangeError, TokenError, ValidPin};
use crate::layout::Layout;
use crate::pin::{Pin, PinFormatError, PinStatus};
use crate::pkcs15::{aodf, odf::Directory};

/// The user PIN's number on every token that OpenSC set up. A cold signature relies on it rather
/// than reading it from the directory.
const USER_PIN: u8 = 0x01;

/// The PUK's number; with it the card lets the user PIN be written.
const PUK: u8 = 0x02;

/// Added to a PIN's number where a command names it: it lies in the application's directory.
const IN_APPLICATION: u8 = 0x80;

/// What the card encrypts challenges with.
struct PinKey(Zeroizing<[u8; 24]>);

impl PinKey {
    fn new(pin: &Pin) -> Self {
        let characters = pin.expose();
        let mut key = Zeroizing::new([0; 24]);
        key[..20].copy_from_slice(&Sha1::digest(characters));
        // At most 16.
        key[23] = u8::try_from(characters.len()).unwrap_or(u8::MAX);
        Self(key)
    }

    fn answer(&self, challenge: [u8; 8]) -> [u8; 8] {
        let mut block = challenge.into();
        TdesEde3::new((&*self.0).into()).encrypt_block(&mut block);
        block.into()
    }
}

impl Epass2003 {
    fn user_pin(&self) -> u8 {
        self.pin_reference.unwrap_or(USER_PIN)
    }

    /// Gives the PIN to the card, once. Up to that point a lost session is mended.
    pub(super) fn authenticate(&mut self, pin: &Pin) -> Result<(), TokenError> {
        match self.present(self.user_pin(), pin)? {
            StatusWord::Success => Ok(()),
            StatusWord::TriesLeft(0) | StatusWord::AuthenticationBlocked => {
                Err(TokenError::PinLocked)
            }
            StatusWord::TriesLeft(tries) => Err(TokenError::PinWrong {
                tries_left: Some(tries),
            }),
            StatusWord::AuthenticationFailed => Err(TokenError::PinWrong { tries_left: None }),
            StatusWord::KeyNotFound | StatusWord::ReferenceNotFound => Err(TokenError::NoPin),
            status_word => Err(refused(status_word)),
        }
    }

    /// The same for the PUK.
    fn authenticate_with_puk(&mut self, puk: &Pin) -> Result<(), TokenError> {
        match self.present(PUK, puk)? {
            StatusWord::Success => Ok(()),
            StatusWord::TriesLeft(0) | StatusWord::AuthenticationBlocked => {
                Err(TokenError::PukLocked)
            }
            StatusWord::TriesLeft(tries) => Err(TokenError::PukWrong {
                tries_left: Some(tries),
            }),
            StatusWord::AuthenticationFailed => Err(TokenError::PukWrong { tries_left: None }),
            StatusWord::KeyNotFound | StatusWord::ReferenceNotFound => Err(TokenError::NoPuk),
            status_word => Err(refused(status_word)),
        }
    }

    /// Answers a challenge of the card's with that secret.
    fn present(&mut self, reference: u8, pin: &Pin) -> Result<StatusWord, TokenError> {
        if pin.is_at_token() {
            return Err(PinFormatError::TooShort.into());
        }
        let key = PinKey::new(pin);
        let challenge = self.repeatable(Self::challenge)?;
        // Before the PIN goes out, so that whatever happens then no login is left behind.
        self.pin_given = true;
        self.card.channel_mut().reset_at_end();
        let command = Command::new(0x00, 0x82, 0x01, IN_APPLICATION | reference)
            .with_data(&key.answer(challenge));
        Ok(self.transmit(Operation::VerifyPin, &command)?.status)
    }

    /// A random number of the card's. PINs are searched for from the current directory upwards.
    fn challenge(&mut self) -> Result<[u8; 8], TokenError> {
        self.enter_application()?;
        let command = Command::new(0x00, 0x84, 0x00, 0x00).expecting(16);
        let answer = self.request(Operation::GetChallenge, &command)?;
        answer
            .first_chunk::<8>()
            .copied()
            .ok_or(TokenError::MalformedData {
                what: "a challenge",
            })
    }

    pub(super) fn ask_pin_status(&mut self) -> Result<PinStatus, TokenError> {
        self.find_user_pin()?;
        let (tries_left, locked) = self.ask_tries_left()?;
        let maximum = self.maximum_tries()?;
        Ok(PinStatus {
            tries_left,
            maximum: maximum.pin,
            locked,
            can_unblock: maximum.puk.is_some(),
            pad: false,
        })
    }

    /// Reads the user PIN's number from the directory. A token without such a record may have a PIN
    /// all the same; one in the maker's own layout has no directory of PINs.
    fn find_user_pin(&mut self) -> Result<(), TokenError> {
        if self.pin_reference.is_none() && self.find_layout()? == Layout::Pkcs15 {
            let files = self.directory(Directory::Authentication)?;
            self.pin_reference = files
                .iter()
                .flat_map(|file| aodf::parse(file))
                .find(|pin| pin.is_user_pin)
                .map(|pin| pin.reference & !IN_APPLICATION);
        }
        Ok(())
    }

    /// The tries left, if the card says, and whether the PIN is locked.
    pub(super) fn ask_tries_left(&mut self) -> Result<(Option<u8>, bool), TokenError> {
        let asked = self.ask_tries_left_of(self.user_pin())?;
        asked.ok_or(TokenError::NoPin)
    }

    pub(super) fn ask_puk_status(&mut self) -> Result<PinStatus, TokenError> {
        self.check_puk_is_known()?;
        let (tries_left, locked) = self.ask_tries_left_of(PUK)?.ok_or(TokenError::NoPuk)?;
        Ok(PinStatus {
            tries_left,
            maximum: self.maximum_tries()?.puk,
            locked,
            can_unblock: false,
            pad: false,
        })
    }

    /// `None` if there is no such secret. The firmware with CMAC may refuse the question by dropping
    /// the session; nothing depends on the answer.
    fn ask_tries_left_of(
        &mut self,
        reference: u8,
    ) -> Result<Option<(Option<u8>, bool)>, TokenError> {
        let query = Command::new(0x00, 0x82, 0x01, IN_APPLICATION | reference);
        let asked = self.repeatable(|token| {
            token.challenge()?;
            token.transmit(Operation::VerifyPin, &query)
        });
        match asked {
            Ok(answer) => Ok(match answer.status {
                StatusWord::TriesLeft(0) | StatusWord::AuthenticationBlocked => {
                    Some((Some(0), true))
                }
                StatusWord::TriesLeft(tries) => Some((Some(tries), false)),
                StatusWord::KeyNotFound | StatusWord::ReferenceNotFound => None,
                _ => Some((None, false)),
            }),
            Err(TokenError::Unexpected { .. }) => Ok(Some((None, false))),
            Err(TokenError::SessionStolen) => {
                self.renew()?;
                Ok(Some((None, false)))
            }
            Err(error) => Err(error),
        }
    }

    /// Replaces the PIN and proves the new one.
    pub(super) fn replace_pin(&mut self, current: &Pin, new: &Pin) -> Result<(), TokenError> {
        self.authenticate(current)?;
        self.write_pin(Some(current), new)
    }

    /// The same without the current PIN.
    pub(super) fn replace_pin_with_puk(&mut self, puk: &Pin, new: &Pin) -> Result<(), TokenError> {
        self.check_puk_is_known()?;
        self.authenticate_with_puk(puk)?;
        self.write_pin(None, new)
    }

    /// How the maker's own software unlocks a token is not known.
    fn check_puk_is_known(&mut self) -> Result<(), TokenError> {
        match self.find_layout()? {
            Layout::Pkcs15 => Ok(()),
            Layout::Espk => Err(TokenError::NoPuk),
        }
    }

    fn write_pin(&mut self, current: Option<&Pin>, new: &Pin) -> Result<(), TokenError> {
        // What has begun is ended: between the two PINs there is no good place to stop.
        self.card.channel_mut().outlive_cancel();
        // Until the card is told to write, the old PIN stays whatever happens.
        let unchanged = |reason| change_error(ValidPin::Current, reason);
        let maximum = self.tries_to_set().map_err(unchanged)?;
        let mut data = Zeroizing::new(vec![maximum << 4 | maximum]);
        data.extend_from_slice(&*PinKey::new(new).0);
        let command = Command::new(0x80, 0xE5, 0x04, self.user_pin()).with_data(&data);
        match self.request(Operation::UpdatePin, &command) {
            Ok(_) => match self.authenticate(new) {
                Ok(()) => {}
                // The card says it wrote the PIN and then refuses it.
                Err(reason @ (TokenError::PinWrong { .. } | TokenError::PinLocked)) => {
                    let valid = match current.map(|current| self.authenticate(current)) {
                        None | Some(Ok(())) => ValidPin::Current,
                        Some(Err(_)) => ValidPin::Unknown,
                    };
                    return Err(change_error(valid, reason));
                }
                // It confirmed the change; only the proof is missing.
                Err(reason) => return Err(change_error(ValidPin::New, reason)),
            },
            Err(reason @ TokenError::Unexpected { .. }) => return Err(unchanged(reason)),
            // Nobody knows whether it was written.
            Err(reason) => {
                let valid = self.renew().and_then(|()| self.try_both_pins(current, new));
                let valid = valid.unwrap_or(ValidPin::Unknown);
                return Err(change_error(valid, reason));
            }
        }
        self.log_out_after_change();
        Ok(())
    }

    /// Which PIN is valid after the card was told to write and nobody knows whether it did.
    pub(super) fn try_both_pins(
        &mut self,
        current: Option<&Pin>,
        new: &Pin,
    ) -> Result<ValidPin, TokenError> {
        let (tries_left, locked) = self.ask_tries_left()?;
        let valid = match (current, locked, tries_left) {
            // Written, it would not be locked.
            (None, true, _) => return Ok(ValidPin::Current),
            (Some(_), true, _) | (Some(_), false, Some(1)) => return Ok(ValidPin::Unknown),
            (_, false, _) => match (self.authenticate(new), current) {
                (Ok(()), _) => ValidPin::New,
                (Err(TokenError::PinWrong { .. } | TokenError::PinLocked), None) => {
                    ValidPin::Current
                }
                (Err(TokenError::PinWrong { .. }), Some(current)) => {
                    match self.authenticate(current) {
                        Ok(()) => ValidPin::Current,
                        Err(TokenError::PinWrong { .. } | TokenError::PinLocked) => {
                            ValidPin::Unknown
                        }
                        Err(error) => return Err(error),
                    }
                }
                (Err(error), _) => return Err(error),
            },
        };
        self.log_out_after_change();
        Ok(valid)
    }

    fn log_out_after_change(&mut self) {
        if let Err(error) = self.renew() {
            // The PIN is known; the reset at the end logs out as well.
            tracing::warn!(%error, "no new session after the change of the PIN");
        }
    }

    /// The counter to give a new PIN, which must be told along with it. Right after a right PIN the
    /// tries left are all there are.
    fn tries_to_set(&mut self) -> Result<u8, TokenError> {
        /// What a PIN of few tries is worth less than: the file that says so is open to anybody.
        const FEWEST: u8 = 3;
        const USUAL: u8 = 6;
        if let Some(maximum) = self
            .maximum_tries()?
            .pin
            .filter(|&maximum| maximum >= FEWEST)
        {
            return Ok(maximum);
        }
        let query = Command::new(0x00, 0x82, 0x01, IN_APPLICATION | self.user_pin());
        self.challenge()?;
        match self.transmit(Operation::VerifyPin, &query)?.status {
            StatusWord::TriesLeft(tries @ FEWEST..) => Ok(tries),
            _ => Ok(USUAL),
        }
    }
}

fn refused(status_word: StatusWord) -> TokenError {
    TokenError::Unexpected {
        operation: Operation::VerifyPin,
        status_word,
    }
}

fn change_error(valid: ValidPin, reason: TokenError) -> TokenError {
    PinChangeError {
        valid,
        reason: Box::new(reason),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pin_becomes_a_key() {
        let cases = [
            (
                "12345678",
                "7C222FB2927D828AF22F592134E8932480637C0D00000008",
                "0EC693520DA045D6",
            ),
            (
                "00000000",
                "70352F41061EDA4FF3C322094AF068BA70C3B38B00000008",
                "517834F7A961E84A",
            ),
        ];
        let challenge = hex::decode("BC60BE83150CB9D3").unwrap().try_into().unwrap();
        for (pin, key, answer) in cases {
            let pin_key = PinKey::new(&Pin::new(pin).unwrap());
            assert_eq!(hex::encode_upper(*pin_key.0), key);
            assert_eq!(hex::encode_upper(pin_key.answer(challenge)), answer);
        }
    }
}
