//! What kind of token this is: fixed when it is made.

use serde::{Deserialize, Serialize};

/// The three kinds of secure messaging an ePass2003 may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// AES-128 for encryption, AES-CBC-MAC for integrity: the common token.
    Aes,
    /// AES-128 with AES-CMAC and SCP03-like key derivation: the "FIPS" tokens since 2023.
    Cmac,
    /// Two-key 3DES with the retail MAC: never seen in public, known from hosts only.
    TripleDes,
}

impl Mode {
    /// Length of a cipher block in bytes: 16 for AES, 8 for 3DES.
    pub fn block(self) -> usize {
        match self {
            Mode::Aes | Mode::Cmac => 16,
            Mode::TripleDes => 8,
        }
    }
}

/// What the card answers when the last try of a PIN is used up. Not observed on
/// hardware; hosts must accept both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LastTry {
    /// 6983, authentication method blocked.
    Blocked,
    /// 63C0, wrong with no tries left.
    Counter,
}

/// A way of signing that a card refuses: some tokens take only one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// At which command.
    pub at: RefusedCommand,
    /// The status word.
    pub status: u16,
}

/// Where a way of signing ends that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusedCommand {
    /// MANAGE SECURITY ENVIRONMENT: the key cannot be chosen for it.
    ChooseKey,
    /// PERFORM SECURITY OPERATION: it can, but not be used.
    UseKey,
}

/// How a card is made. The same settings give the same card, random numbers included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Which secure messaging it speaks.
    pub mode: Mode,
    /// Start of its random numbers.
    pub seed: u64,
    /// Serial number of the chip.
    #[serde(with = "hex::serde")]
    pub serial: [u8; 8],
    /// Status word for the last wrong PIN.
    pub last_try: LastTry,
    /// Whether a CMAC card expects the retry query's MAC without the ICV, as OpenSC
    /// 0.24 and later send it. `false` agrees with OpenSC 0.23 and the field reports.
    pub retry_query_without_icv: bool,
    /// Whether it refuses the raw RSA operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refuses_raw: Option<Refusal>,
    /// Whether it refuses to finish a hash and sign that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refuses_hashing: Option<Refusal>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            mode: Mode::Aes,
            seed: 1,
            serial: [0x33, 0x07, 0x01, 0x16, 0x17, 0x05, 0x12, 0x01],
            last_try: LastTry::Blocked,
            retry_query_without_icv: false,
            refuses_raw: None,
            refuses_hashing: None,
        }
    }
}

impl Settings {
    /// Answer to reset, 23 bytes. `by_host` tells whether there is a master file
    /// that a host made; under one that the maker's software made it looks as if there were none.
    pub(crate) fn atr(&self, by_host: bool) -> Vec<u8> {
        let firmware = match self.mode {
            Mode::Aes => [0x01, 0x00, 0x11],
            Mode::Cmac => [0x10, 0x52, 0x39],
            // No 3DES token is known; this version number belongs to nothing.
            Mode::TripleDes => [0x00, 0x00, 0x03],
        };
        let life_cycle = if by_host { [0x03, 0x90] } else { [0x00, 0x00] };
        let mut atr = vec![
            0x3B, 0x9F, 0x95, 0x81, 0x31, 0xFE, 0x9F, 0x00, 0x66, 0x46, 0x53, 0x05,
        ];
        atr.extend(firmware);
        atr.extend([0x71, 0xDF, 0x00, 0x00]);
        atr.extend(life_cycle);
        atr.push(0x00);
        atr.push(atr[1..].iter().fold(0, |check, byte| check ^ byte));
        atr
    }

    /// What GET DATA 0186 answers: one-byte-tag TLVs as owners of tokens published them.
    pub(crate) fn capabilities(&self) -> Vec<u8> {
        match self.mode {
            Mode::Aes => vec![0x80, 1, 0x01, 0x81, 2, 0x1D, 0xD5, 0x82, 1, 0x03],
            Mode::Cmac => {
                let mut data = vec![0x80, 1, 0x01, 0x81, 2, 0x1D, 0xD4, 0x82, 1, 0x00];
                data.extend([0x83, 2, 0x00, 0x00, 0x84, 1, 0x01, 0x85, 10, 0x00, 0x00]);
                data.extend(self.serial);
                data.extend([0x86, 1, 0x00, 0x87, 1, 0x01]);
                data
            }
            Mode::TripleDes => {
                let mut data = vec![0x80, 1, 0x02, 0x81, 2, 0x1D, 0xD5, 0x82, 1, 0x03];
                data.extend([0x83, 2, 0x00, 0x00, 0x84, 1, 0x01]);
                data
            }
        }
    }
}
