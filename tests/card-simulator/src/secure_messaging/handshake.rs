//! Mutual authentication: from two random numbers and the static keys to a session.

use crate::cipher::{cbc_encrypt, cmac, ecb_encrypt, last_block, pad};
use crate::secure_messaging::Session;
use crate::settings::Mode;

/// Both static keys of every token seen, "transport" keys that hosts know.
pub const TRANSPORT_KEY: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

/// Header and Lc of EXTERNAL AUTHENTICATE, which its MAC covers.
const EXTERNAL_AUTHENTICATE: [u8; 5] = [0x84, 0x82, 0x03, 0x00, 0x10];

/// What both sides know after INITIALIZE UPDATE.
#[derive(Debug, Clone)]
pub struct Handshake {
    mode: Mode,
    encryption_key: [u8; 16],
    mac_key: [u8; 16],
    host_random: [u8; 8],
    card_random: [u8; 8],
}

impl Handshake {
    /// Derives the session keys from the static encryption and MAC keys.
    pub fn new(
        mode: Mode,
        static_keys: [[u8; 16]; 2],
        host_random: [u8; 8],
        card_random: [u8; 8],
    ) -> Self {
        let [encryption_key, mac_key] = match mode {
            Mode::Aes | Mode::TripleDes => {
                let (host_first, host_last) = host_random.split_at(4);
                let (card_first, card_last) = card_random.split_at(4);
                let derivation = [card_last, host_first, card_first, host_last].concat();
                static_keys.map(|key| last_block(&ecb_encrypt(mode, &key, &derivation)))
            }
            Mode::Cmac => {
                let [encryption, mac] = static_keys;
                [(encryption, 0x04), (mac, 0x06)].map(|(key, constant)| {
                    cmac(
                        &key,
                        &[0; 16],
                        &derivation_data(constant, 0x80, host_random, card_random),
                    )
                })
            }
        };
        Handshake {
            mode,
            encryption_key,
            mac_key,
            host_random,
            card_random,
        }
    }

    /// What the card proves itself with.
    pub fn card_cryptogram(&self) -> [u8; 8] {
        self.cryptogram(0x00, self.host_random, self.card_random)
    }

    /// What the host proves itself with.
    pub fn host_cryptogram(&self) -> [u8; 8] {
        self.cryptogram(0x01, self.card_random, self.host_random)
    }

    /// The MAC of EXTERNAL AUTHENTICATE.
    pub fn mac(&self) -> [u8; 8] {
        let mut input = EXTERNAL_AUTHENTICATE.to_vec();
        input.extend(self.host_cryptogram());
        match self.mode {
            Mode::Aes => {
                let chained = cbc_encrypt(self.mode, &self.mac_key, &[0; 16], &pad(&input, 16));
                std::array::from_fn(|index| chained[index])
            }
            // Full 3DES here; only wrapped commands use the retail MAC.
            Mode::TripleDes => last_block(&cbc_encrypt(
                self.mode,
                &self.mac_key,
                &[0; 8],
                &pad(&input, 8),
            )),
            Mode::Cmac => {
                let mac = cmac(&self.mac_key, &[0; 16], &input);
                std::array::from_fn(|index| mac[index])
            }
        }
    }

    /// The session once both sides are satisfied.
    pub fn into_session(self, retry_query_without_icv: bool) -> Session {
        let mut icv = [0; 16];
        icv[..8].copy_from_slice(&self.mac());
        Session {
            mode: self.mode,
            encryption_key: self.encryption_key,
            mac_key: self.mac_key,
            icv,
            retry_query_without_icv,
        }
    }

    fn cryptogram(&self, constant: u8, first: [u8; 8], second: [u8; 8]) -> [u8; 8] {
        match self.mode {
            Mode::Aes => {
                let input = pad(&[first, second].concat(), 16);
                let chained = cbc_encrypt(self.mode, &self.encryption_key, &[0; 16], &input);
                std::array::from_fn(|index| chained[16 + index])
            }
            Mode::TripleDes => {
                let input = pad(&[first, second].concat(), 8);
                last_block(&cbc_encrypt(
                    self.mode,
                    &self.encryption_key,
                    &[0; 8],
                    &input,
                ))
            }
            Mode::Cmac => {
                let input = derivation_data(constant, 0x40, self.host_random, self.card_random);
                let block = cmac(&self.encryption_key, &[0; 16], &input);
                std::array::from_fn(|index| block[index])
            }
        }
    }
}

/// SCP03's derivation data: 11 zeros, constant, 00, length in bits, counter 01, context.
fn derivation_data(constant: u8, bits: u16, host_random: [u8; 8], card_random: [u8; 8]) -> Vec<u8> {
    let mut data = vec![0; 11];
    data.extend([constant, 0x00]);
    data.extend(bits.to_be_bytes());
    data.push(0x01);
    data.extend(host_random);
    data.extend(card_random);
    data
}
