//! Secrets: PINs and keys inside secret-key files, with their counters.

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

use crate::access::{AccessByte, SecurityLevel};

/// What a secret is good for (first byte of INSTALL SECRET).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// 01: encryption key of the handshake.
    HandshakeEncryption,
    /// 02: MAC key of the handshake.
    HandshakeMac,
    /// 04: 3DES key for external authentication, made from a PIN.
    ExternalAuthentication,
    /// 06: a password compared as it is; opens the card for erasing.
    Password,
}

impl SecretKind {
    /// The kind with this number.
    pub fn from_byte(byte: u8) -> Option<SecretKind> {
        match byte {
            0x01 => Some(SecretKind::HandshakeEncryption),
            0x02 => Some(SecretKind::HandshakeMac),
            0x04 => Some(SecretKind::ExternalAuthentication),
            0x06 => Some(SecretKind::Password),
            _ => None,
        }
    }
}

/// Tries of a secret: how many there are and how many are left, 0 to 15 each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tries {
    /// After a success.
    pub max: u8,
    /// Now.
    pub left: u8,
}

impl Tries {
    /// A full counter.
    pub fn new(max: u8) -> Tries {
        Tries { max, left: max }
    }

    /// High nibble max, low nibble left.
    pub fn from_byte(byte: u8) -> Tries {
        Tries {
            max: byte >> 4,
            left: byte & 0x0F,
        }
    }
}

/// One secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Kind and `id` together name it within its file.
    pub kind: SecretKind,
    /// 01 user PIN, 02 PUK.
    pub id: u8,
    /// Who may try it.
    pub usage: AccessByte,
    /// Who may change it.
    pub change: AccessByte,
    /// Security level after a success.
    pub level: SecurityLevel,
    /// Counter of wrong tries.
    pub tries: Tries,
    /// The key or password.
    #[serde(with = "hex::serde")]
    pub value: Vec<u8>,
}

impl Secret {
    /// Reads the data field of INSTALL SECRET: ten bytes of description, then the value.
    /// Bytes 4, 5, 6 and 8 of the description have no known meaning.
    pub fn parse(data: &[u8]) -> Option<Secret> {
        let (&[kind, id, usage, change, _, _, _, level, _, tries], value) =
            data.split_first_chunk()?;
        let kind = SecretKind::from_byte(kind)?;
        let length_fits = match kind {
            SecretKind::HandshakeEncryption | SecretKind::HandshakeMac | SecretKind::Password => {
                value.len() == 16
            }
            SecretKind::ExternalAuthentication => value.len() == 24,
        };
        length_fits.then(|| Secret {
            kind,
            id,
            usage: AccessByte(usage),
            change: AccessByte(change),
            level: SecurityLevel(level & 0x0F),
            tries: Tries::from_byte(tries),
            value: value.to_vec(),
        })
    }
}

/// A PIN as the 3DES key it is on the card: SHA-1(PIN) ‖ length as 4 bytes big-endian.
pub fn pin_key(pin: &str) -> [u8; 24] {
    let length = u32::try_from(pin.len()).expect("a PIN has at most 16 characters");
    let mut key = [0; 24];
    key[..20].copy_from_slice(&Sha1::digest(pin.as_bytes()));
    key[20..].copy_from_slice(&length.to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::triple_des;

    #[test]
    fn pin_keys_as_published() {
        let challenge = hex::decode("BC60BE83150CB9D3").unwrap().try_into().unwrap();
        for (pin, key, answer) in [
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
        ] {
            assert_eq!(hex::encode_upper(pin_key(pin)), key);
            assert_eq!(
                hex::encode_upper(triple_des(&pin_key(pin), challenge)),
                answer
            );
        }
    }
}
