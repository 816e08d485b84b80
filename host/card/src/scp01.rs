//! The keys and transformations of ePass2003's secure messaging: in its frame like SCP01 of
//! `GlobalPlatform`, in its data objects like ISO/IEC 7816-4.
//!
//! Pure functions of keys, counter and bytes; the exchange itself is in
//! [`secure_messaging`](crate::secure_messaging).

mod cipher;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::apdu::{Command, Form, Response, encode};
use crate::channel::ChannelError;
use crate::secure_messaging::SecureMessagingError as Error;
use crate::status_word::StatusWord;

/// The three families of algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// AES-128 in CBC for both encryption and MAC.
    Aes,
    /// AES-128 in CBC for encryption, AES-CMAC for the MAC, keys derived as in SCP03.
    Cmac,
    /// Two-key 3DES in CBC for encryption, retail MAC.
    TripleDes,
}

impl Mode {
    fn block(self) -> usize {
        match self {
            Self::Aes | Self::Cmac => 16,
            Self::TripleDes => 8,
        }
    }
}

/// The two long-lived keys of a card.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct StaticKeys {
    /// K-ENC
    pub encryption: [u8; 16],
    /// K-MAC
    pub authentication: [u8; 16],
}

impl StaticKeys {
    /// The keys every ePass2003 is delivered with, and which nobody changes. With them secure
    /// messaging keeps nothing secret from a local attacker; it is a wire format.
    pub const TRANSPORT: Self = {
        let key = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
        Self {
            encryption: key,
            authentication: key,
        }
    };
}

/// The keys of one session and its counter.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SessionKeys {
    #[zeroize(skip)]
    mode: Mode,
    encryption: [u8; 16],
    authentication: [u8; 16],
    /// The initial chaining value: as long as a block, incremented before each command.
    counter: Vec<u8>,
}

impl SessionKeys {
    /// Derives the keys from both sides' random numbers.
    pub fn derive(mode: Mode, keys: &StaticKeys, host: [u8; 8], card: [u8; 8]) -> Self {
        let (encryption, authentication) = match mode {
            Mode::Aes | Mode::TripleDes => {
                let mut data = [0; 16];
                data[0..4].copy_from_slice(&card[4..8]);
                data[4..8].copy_from_slice(&host[0..4]);
                data[8..12].copy_from_slice(&card[0..4]);
                data[12..16].copy_from_slice(&host[4..8]);
                let derive = if mode == Mode::Aes {
                    cipher::aes_ecb
                } else {
                    cipher::triple_des_ecb
                };
                (
                    derive(&keys.encryption, data),
                    derive(&keys.authentication, data),
                )
            }
            Mode::Cmac => (
                derive_cmac(&keys.encryption, 0x04, 0x0080, host, card),
                derive_cmac(&keys.authentication, 0x06, 0x0080, host, card),
            ),
        };
        Self {
            mode,
            encryption,
            authentication,
            counter: vec![0; mode.block()],
        }
    }

    /// What the card proves its keys with.
    pub fn card_cryptogram(&self, host: [u8; 8], card: [u8; 8]) -> [u8; 8] {
        match self.mode {
            Mode::Cmac => first_eight(&derive_cmac(&self.encryption, 0x00, 0x0040, host, card)),
            Mode::Aes | Mode::TripleDes => self.cryptogram(host, card),
        }
    }

    /// The data of the EXTERNAL AUTHENTICATE command that opens the session: host cryptogram and
    /// MAC. The counter is set from that MAC.
    pub fn authenticate(&mut self, host: [u8; 8], card: [u8; 8]) -> [u8; 16] {
        let cryptogram = match self.mode {
            Mode::Cmac => first_eight(&derive_cmac(&self.encryption, 0x01, 0x0040, host, card)),
            Mode::Aes | Mode::TripleDes => self.cryptogram(card, host),
        };
        let mut message = vec![0x84, 0x82, 0x03, 0x00, 0x10];
        message.extend_from_slice(&cryptogram);
        let mac = match self.mode {
            Mode::Cmac => first_eight(&cipher::cmac(&self.authentication, &[0; 16], &message)),
            Mode::Aes => first_eight(&cipher::aes_cbc(
                &self.authentication,
                &[0; 16],
                &padded(&message, self.mode.block()),
            )),
            // The whole of it is 3DES here; only later MACs are retail MACs.
            Mode::TripleDes => last_eight(&cipher::triple_des_cbc(
                &self.authentication,
                &padded(&message, self.mode.block()),
            )),
        };
        self.counter.fill(0);
        self.counter[..8].copy_from_slice(&mac);
        let mut data = [0; 16];
        data[..8].copy_from_slice(&cryptogram);
        data[8..].copy_from_slice(&mac);
        data
    }

    fn cryptogram(&self, first: [u8; 8], second: [u8; 8]) -> [u8; 8] {
        let message = padded(&[first, second].concat(), self.mode.block());
        match self.mode {
            Mode::TripleDes => last_eight(&cipher::triple_des_cbc(&self.encryption, &message)),
            _ => last_of(&cipher::aes_cbc(&self.encryption, &[0; 16], &message), 16),
        }
    }

    /// Encrypts a command and adds its MAC. Every call counts, so what it returns must be sent, once,
    /// and the answer given to [`Self::unwrap`] before the next.
    pub fn wrap(&mut self, command: &Command) -> Vec<u8> {
        self.increment();
        let mut header = command.header;
        header[0] |= 0x0C;
        let mut objects = Vec::new();
        if !command.data.is_empty() {
            objects.extend_from_slice(&self.cryptogram_object(&command.data));
        }
        if let Some(length) = command.expected {
            let [high, low] = length.to_be_bytes();
            if length > 0x7F {
                objects.extend_from_slice(&[0x97, 0x02, high, low]);
            } else {
                objects.extend_from_slice(&[0x97, 0x01, low]);
            }
        }
        let mac = self.command_mac(header, &objects);
        objects.extend_from_slice(&[0x8E, 0x08]);
        objects.extend_from_slice(&mac);
        let long_answer = command.expected.is_some_and(|length| length > 0x7F);
        let form = if objects.len() > 0xFF || long_answer {
            Form::Extended
        } else {
            Form::Short
        };
        encode(header, &objects, Some(command.expected.unwrap_or(0)), form).to_vec()
    }

    fn cryptogram_object(&self, data: &[u8]) -> Vec<u8> {
        let message = padded(data, self.mode.block());
        let encrypted = match self.mode {
            Mode::TripleDes => cipher::triple_des_cbc(&self.encryption, &message),
            _ => cipher::aes_cbc(&self.encryption, &[0; 16], &message),
        };
        let mut object = vec![0x87];
        // Never 81: the card's firmware knows one byte or three.
        let length = u16::try_from(encrypted.len() + 1).unwrap_or(u16::MAX);
        match length.to_be_bytes() {
            [0, low] if low < 0x80 => object.push(low),
            [high, low] => object.extend_from_slice(&[0x82, high, low]),
        }
        object.push(0x01);
        object.extend_from_slice(&encrypted);
        object
    }

    fn command_mac(&self, header: [u8; 4], objects: &[u8]) -> [u8; 8] {
        let block = self.mode.block();
        let mut message = padded(&header, block);
        match self.mode {
            // The question for the tries left is the one message that CMAC itself pads.
            Mode::Cmac if objects.is_empty() => self.mac(&header),
            Mode::Cmac => {
                message.extend_from_slice(objects);
                self.mac(&message)
            }
            Mode::Aes | Mode::TripleDes => {
                if !objects.is_empty() {
                    message.extend_from_slice(&padded(objects, block));
                }
                self.mac(&message)
            }
        }
    }

    /// The MAC over a message that is already padded, except in CMAC mode.
    fn mac(&self, message: &[u8]) -> [u8; 8] {
        match self.mode {
            Mode::Aes => {
                let encrypted = cipher::aes_cbc(&self.authentication, &self.counter, message);
                last_of(&encrypted, self.mode.block())
            }
            Mode::Cmac => first_eight(&cipher::cmac(&self.authentication, &self.counter, message)),
            Mode::TripleDes => cipher::retail_mac(&self.authentication, &self.counter, message),
        }
    }

    /// Checks an answer's MAC and status and decrypts its data.
    ///
    /// [`Error::SessionLost`] if the card answered in the clear that it has no such session,
    /// [`Error::Unprotected`] if it answered anything else in the clear.
    pub fn unwrap(&self, answer: &[u8]) -> Result<Response, Error> {
        let plain = Response::parse(answer).ok_or(ChannelError::Truncated)?;
        if plain.data.is_empty() {
            return Err(match plain.status {
                StatusWord::ConditionsNotSatisfied
                | StatusWord::SecureMessagingObjectsMissing
                | StatusWord::SecureMessagingObjectsIncorrect => Error::SessionLost,
                status => Error::Unprotected { status },
            });
        }
        let objects = AnswerObjects::parse(&plain.data).ok_or(Error::Malformed)?;
        let expected = match self.mode {
            Mode::Cmac => self.mac(objects.authenticated),
            _ => self.mac(&padded(objects.authenticated, self.mode.block())),
        };
        if expected != objects.mac {
            return Err(Error::AnswerMac);
        }
        if objects.status != plain.status {
            return Err(Error::StatusMismatch);
        }
        let data = match objects.encrypted {
            None => Vec::new(),
            Some(encrypted) if encrypted.len() % self.mode.block() != 0 => {
                return Err(Error::Malformed);
            }
            Some(encrypted) => {
                let message = match self.mode {
                    Mode::TripleDes => cipher::triple_des_cbc_decrypt(&self.encryption, encrypted),
                    _ => cipher::aes_cbc_decrypt(&self.encryption, encrypted),
                };
                unpadded(message).ok_or(Error::Malformed)?
            }
        };
        Ok(Response {
            data,
            status: objects.status,
        })
    }

    fn increment(&mut self) {
        for byte in self.counter.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }
}

/// The data objects of an answer: `[87 L 01 E] 99 02 SW 8E 08 MAC`.
struct AnswerObjects<'a> {
    encrypted: Option<&'a [u8]>,
    status: StatusWord,
    mac: [u8; 8],
    /// All bytes before the MAC object.
    authenticated: &'a [u8],
}

impl<'a> AnswerObjects<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (authenticated, mac_object) = bytes.split_last_chunk::<10>()?;
        let mac = mac_object.strip_prefix(&[0x8E, 0x08])?.try_into().ok()?;
        let (before, status_object) = authenticated.split_last_chunk::<4>()?;
        let status = status_object.strip_prefix(&[0x99, 0x02])?.try_into().ok()?;
        let encrypted = if before.is_empty() {
            None
        } else {
            Some(cryptogram_of(before.strip_prefix(&[0x87])?)?)
        };
        Some(Self {
            encrypted,
            status: StatusWord::from(u16::from_be_bytes(status)),
            mac,
            authenticated,
        })
    }
}

/// The encrypted bytes of an 87 object, given what follows its tag. Some firmware writes lengths
/// from 80 to FF as one bare byte; the `01` that begins the value tells it apart.
fn cryptogram_of(bytes: &[u8]) -> Option<&[u8]> {
    let (length, value) = match bytes {
        [length, 0x01, ..] if *length >= 0x80 && *length != 0x82 => {
            (usize::from(*length), &bytes[1..])
        }
        [0x81, length, value @ ..] => (usize::from(*length), value),
        [0x82, high, low, value @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), value),
        [length, value @ ..] if *length < 0x80 => (usize::from(*length), value),
        _ => return None,
    };
    if value.len() != length {
        return None;
    }
    value.strip_prefix(&[0x01])
}

fn derive_cmac(key: &[u8; 16], constant: u8, bits: u16, host: [u8; 8], card: [u8; 8]) -> [u8; 16] {
    let mut message = [0; 32];
    message[11] = constant;
    message[13..15].copy_from_slice(&bits.to_be_bytes());
    message[15] = 1;
    message[16..24].copy_from_slice(&host);
    message[24..].copy_from_slice(&card);
    cipher::cmac(key, &[0; 16], &message)
}

/// ISO/IEC 7816-4 padding: always `80`, then zeros up to a whole block.
fn padded(message: &[u8], block: usize) -> Vec<u8> {
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(block), 0);
    padded
}

fn unpadded(mut message: Vec<u8>) -> Option<Vec<u8>> {
    let end = message.iter().rposition(|&byte| byte != 0)?;
    (message[end] == 0x80).then(|| {
        message.truncate(end);
        message
    })
}

fn first_eight(bytes: &[u8]) -> [u8; 8] {
    last_of(bytes, bytes.len())
}

fn last_eight(bytes: &[u8]) -> [u8; 8] {
    last_of(bytes, 8)
}

/// The first eight of the last `count` bytes; zeros where there are fewer.
fn last_of(bytes: &[u8], count: usize) -> [u8; 8] {
    let mut eight = [0; 8];
    let start = bytes.len().saturating_sub(count);
    for (to, from) in eight.iter_mut().zip(&bytes[start..]) {
        *to = *from;
    }
    eight
}

#[cfg(test)]
mod tests;
