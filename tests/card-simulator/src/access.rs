//! Who may do what: the card's security level and the access bytes compared with it.

use serde::{Deserialize, Serialize};

/// What the holder has proven since the last handshake, 0 to 15.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecurityLevel(pub u8);

impl SecurityLevel {
    /// Nothing proven.
    pub const NONE: SecurityLevel = SecurityLevel(0);
    /// After the user PIN.
    pub const USER: SecurityLevel = SecurityLevel(6);
    /// After the PUK.
    pub const PUK: SecurityLevel = SecurityLevel(8);
}

/// One access condition, `m ccc llll`: m = secure messaging required, ccc = comparison
/// (0 ≠, 1 ≥, 2 <, 3 =) of the security level with llll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccessByte(pub u8);

impl AccessByte {
    /// Everyone, through secure messaging.
    pub const EVERYONE: AccessByte = AccessByte(0x90);
    /// After the user PIN (or above).
    pub const USER: AccessByte = AccessByte(0x96);
    /// Nobody; unused positions carry it.
    pub const NEVER: AccessByte = AccessByte(0xFF);

    /// Whether a command may run that came `wrapped` (or not) while the card was at `level`.
    pub fn allows(self, level: SecurityLevel, wrapped: bool) -> bool {
        let messaging = wrapped || self.0 & 0x80 == 0;
        let bound = SecurityLevel(self.0 & 0x0F);
        let comparison = match self.0 >> 4 & 0x07 {
            0 => level != bound,
            1 => level >= bound,
            2 => level < bound,
            3 => level == bound,
            _ => false,
        };
        messaging && comparison
    }
}

/// The eight access bytes of a file (tag 86); what each one guards depends on the file type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccessBytes(#[serde(with = "hex::serde")] pub [u8; 8]);

impl AccessBytes {
    /// The four used bytes; the other four are FF.
    pub const fn new(first: [u8; 4]) -> Self {
        let [a, b, c, d] = first;
        AccessBytes([a, b, c, d, 0xFF, 0xFF, 0xFF, 0xFF])
    }

    /// Index 0: list a directory, read a file or public key, install a secret.
    pub fn read(self) -> AccessByte {
        AccessByte(self.0[0])
    }

    /// Index 1: create in a directory, update a file, write or generate a key.
    pub fn update(self) -> AccessByte {
        AccessByte(self.0[1])
    }

    /// Index 2: use a key, append a record.
    pub fn use_or_append(self) -> AccessByte {
        AccessByte(self.0[2])
    }

    /// Index 3: delete.
    pub fn delete(self) -> AccessByte {
        AccessByte(self.0[3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_bytes_as_documented() {
        // byte, and the levels that pass when wrapped
        let cases: [(u8, &[u8]); 8] = [
            (0x90, &[0, 1, 5, 6, 7, 8, 14, 15]),
            (0x96, &[6, 7, 8, 14, 15]),
            (0x98, &[8, 14, 15]),
            (0xB8, &[8]),
            (0x9F, &[15]),
            (0xFF, &[]),
            (0x86, &[0, 1, 5, 7, 8, 14, 15]),
            (0xA6, &[0, 1, 5]),
        ];
        for (byte, passing) in cases {
            for level in [0, 1, 5, 6, 7, 8, 14, 15] {
                let access = AccessByte(byte);
                let expected = passing.contains(&level);
                assert_eq!(
                    access.allows(SecurityLevel(level), true),
                    expected,
                    "{byte:02X} at {level}"
                );
                assert!(
                    !access.allows(SecurityLevel(level), false),
                    "{byte:02X} plain at {level}"
                );
            }
        }
        assert!(AccessByte(0x16).allows(SecurityLevel::USER, false));
        assert!(!AccessByte(0x16).allows(SecurityLevel::NONE, false));
    }
}
