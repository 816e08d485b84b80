//! Secure messaging: the wire format of every command after the handshake.
//!
//! A [`Session`] lives from one handshake to the next. The integrity counter (ICV)
//! begins with the MAC of EXTERNAL AUTHENTICATE and goes up by one with each command;
//! the answer is protected under the same value.

pub mod handshake;

use crate::apdu::{Apdu, Le};
use crate::cipher::{self, pad, unpad};
use crate::settings::Mode;
use crate::status_word::StatusWord;
use crate::tlv;

/// Class bits of a wrapped command.
pub const WRAPPED: u8 = 0x0C;

/// Tag of an encrypted data field; its value starts with 01, the padding indicator.
const CRYPTOGRAM: u8 = 0x87;
/// Tag of Le.
const EXPECTED_LENGTH: u8 = 0x97;
/// Tag of the status word.
const STATUS: u8 = 0x99;
/// Tag of the MAC.
const MAC: u8 = 0x8E;

/// The keys and the counter of one session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Cipher and MAC in use.
    pub mode: Mode,
    /// Encrypts data fields.
    pub encryption_key: [u8; 16],
    /// Keys the MAC.
    pub mac_key: [u8; 16],
    /// Integrity counter, big-endian; 3DES uses its first 8 bytes.
    pub icv: [u8; 16],
    /// See [`crate::settings::Settings::retry_query_without_icv`].
    pub retry_query_without_icv: bool,
}

impl Session {
    /// Checks a wrapped command and returns the plain one. An error goes out bare,
    /// and *(choice)* the session ends with it.
    pub fn unwrap(&mut self, wrapped: &Apdu) -> Result<Apdu, StatusWord> {
        self.advance();
        let objects = tlv::parse(&wrapped.data).ok_or(StatusWord::SM_OBJECT_WRONG)?;
        let (cryptogram, le, mac) = match objects[..] {
            [(MAC, mac)] => (None, None, mac),
            [(CRYPTOGRAM, data), (MAC, mac)] => (Some(data), None, mac),
            [(EXPECTED_LENGTH, le), (MAC, mac)] => (None, Some(le), mac),
            [(CRYPTOGRAM, data), (EXPECTED_LENGTH, le), (MAC, mac)] => (Some(data), Some(le), mac),
            _ if objects.iter().all(|&(tag, _)| tag != MAC) => {
                return Err(StatusWord::SM_OBJECT_MISSING);
            }
            _ => return Err(StatusWord::SM_OBJECT_WRONG),
        };
        // What is before the MAC object, in the bytes of the sender: its way of
        // writing lengths is part of the MAC. The MAC object is 8E 08 and 8 bytes.
        let protected = &wrapped.data[..wrapped.data.len() - mac.len() - 2];
        if mac != self.command_mac(wrapped.header(), protected) {
            return Err(StatusWord::SM_OBJECT_WRONG);
        }
        let data = match cryptogram {
            Some(object) => self.decrypt(object).ok_or(StatusWord::SM_OBJECT_WRONG)?,
            None => Vec::new(),
        };
        let le = match le {
            None => None,
            Some(&[length]) => Some(Le::Short(length)),
            Some(&[high, low]) => Some(Le::Extended(u16::from_be_bytes([high, low]))),
            Some(_) => return Err(StatusWord::SM_OBJECT_WRONG),
        };
        let [cla, ins, p1, p2] = wrapped.header();
        Ok(Apdu {
            cla: cla & !WRAPPED,
            ins,
            p1,
            p2,
            data,
            le,
        })
    }

    /// Protects an answer: `[87] 99 8E SW`.
    pub fn wrap_answer(&self, data: &[u8], status: StatusWord) -> Vec<u8> {
        let mut answer = Vec::new();
        if !data.is_empty() {
            answer = tlv::encode(CRYPTOGRAM, &self.encrypt(data));
        }
        answer.extend(tlv::encode(STATUS, &status.to_bytes()));
        let mac = self.answer_mac(&answer);
        answer.extend(tlv::encode(MAC, &mac));
        answer.extend(status.to_bytes());
        answer
    }

    /// Protects a command as a host does: for tests that play one.
    pub fn wrap(&mut self, plain: &Apdu) -> Vec<u8> {
        self.advance();
        let header = [plain.cla | WRAPPED, plain.ins, plain.p1, plain.p2];
        let mut objects = Vec::new();
        if !plain.data.is_empty() {
            objects = tlv::encode(CRYPTOGRAM, &self.encrypt(&plain.data));
        }
        match plain.le {
            Some(Le::Short(length)) => objects.extend([EXPECTED_LENGTH, 1, length]),
            Some(Le::Extended(length)) => {
                objects.extend(tlv::encode(EXPECTED_LENGTH, &length.to_be_bytes()));
            }
            None => {}
        }
        let mac = self.command_mac(header, &objects);
        objects.extend(tlv::encode(MAC, &mac));
        let le = plain.le.map_or(0, Le::number).to_be_bytes();
        let length = u16::try_from(objects.len())
            .expect("a command has at most 65,535 bytes")
            .to_be_bytes();
        let mut command = header.to_vec();
        if length[0] == 0 && !matches!(plain.le, Some(Le::Extended(_))) {
            command.push(length[1]);
            command.extend(objects);
            command.push(le[1]);
        } else {
            command.push(0);
            command.extend(length);
            command.extend(objects);
            command.extend(le);
        }
        command
    }

    /// Checks and opens a wrapped answer as a host does: for tests that play one.
    /// `None` if it is not under this session's keys.
    pub fn unwrap_answer(&self, answer: &[u8]) -> Option<(Vec<u8>, StatusWord)> {
        let (objects, outer) = answer.split_last_chunk::<2>()?;
        let (cryptogram, status, mac) = match tlv::parse(objects)?[..] {
            [(STATUS, status), (MAC, mac)] => (None, status, mac),
            [(CRYPTOGRAM, data), (STATUS, status), (MAC, mac)] => (Some(data), status, mac),
            _ => return None,
        };
        let genuine = mac == self.answer_mac(&objects[..objects.len() - 10]) && status == outer;
        let data = match cryptogram {
            Some(object) => self.decrypt(object)?,
            None => Vec::new(),
        };
        genuine.then_some((data, StatusWord(u16::from_be_bytes(*outer))))
    }

    /// Counts one command.
    fn advance(&mut self) {
        let counter = &mut self.icv[..self.mode.block()];
        for byte in counter.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }

    fn encrypt(&self, data: &[u8]) -> Vec<u8> {
        let block = self.mode.block();
        let mut object = vec![0x01];
        object.extend(cipher::cbc_encrypt(
            self.mode,
            &self.encryption_key,
            &[0; 16][..block],
            &pad(data, block),
        ));
        object
    }

    fn decrypt(&self, object: &[u8]) -> Option<Vec<u8>> {
        let (&0x01, cryptogram) = object.split_first()? else {
            return None;
        };
        if cryptogram.is_empty() || !cryptogram.len().is_multiple_of(self.mode.block()) {
            return None;
        }
        let padded = cipher::cbc_decrypt(self.mode, &self.encryption_key, cryptogram);
        unpad(&padded).map(<[u8]>::to_vec)
    }

    fn command_mac(&self, header: [u8; 4], objects: &[u8]) -> [u8; 8] {
        let block = self.mode.block();
        // The retry query (EXTERNAL AUTHENTICATE for a PIN, without data) is the one
        // command whose header a CMAC host leaves unpadded.
        if self.mode == Mode::Cmac
            && objects.is_empty()
            && matches!(header, [_, 0x82, 0x01, 0x80..=0xFF])
        {
            let icv = if self.retry_query_without_icv {
                [0; 16]
            } else {
                self.icv
            };
            return first_half(cipher::cmac(&self.mac_key, &icv, &header));
        }
        let mut input = pad(&header, block);
        match self.mode {
            Mode::Cmac => input.extend(objects),
            Mode::Aes | Mode::TripleDes if objects.is_empty() => {}
            Mode::Aes | Mode::TripleDes => input.extend(pad(objects, block)),
        }
        self.mac(&input)
    }

    fn answer_mac(&self, objects: &[u8]) -> [u8; 8] {
        match self.mode {
            Mode::Cmac => self.mac(objects),
            Mode::Aes | Mode::TripleDes => self.mac(&pad(objects, self.mode.block())),
        }
    }

    fn mac(&self, input: &[u8]) -> [u8; 8] {
        match self.mode {
            Mode::Aes => {
                let chained = cipher::cbc_encrypt(self.mode, &self.mac_key, &self.icv, input);
                first_half(cipher::last_block(&chained))
            }
            Mode::Cmac => first_half(cipher::cmac(&self.mac_key, &self.icv, input)),
            Mode::TripleDes => cipher::retail_mac(&self.mac_key, &self.icv[..8], input),
        }
    }
}

fn first_half(block: [u8; 16]) -> [u8; 8] {
    std::array::from_fn(|index| block[index])
}
