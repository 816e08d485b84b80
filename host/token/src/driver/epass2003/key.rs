//! Private keys: the card raises a number to the private exponent, everything else is done here.

use kagibashi_card::apdu::Command;
use kagibashi_card::status_word::StatusWord;

use super::Epass2003;
use crate::algorithm::SignatureAlgorithm;
use crate::emsa;
use crate::error::{Operation, TokenError};
use crate::token::KeyHandle;
use crate::verify::verify;

impl Epass2003 {
    /// Signs a digest. A lost session has lost the login, too, so nothing here is repeated.
    pub(super) fn make_signature(
        &mut self,
        key: &KeyHandle,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        let block = emsa::encode(algorithm, digest, key.modulus_bits)?;
        let [high, low] = key.reference.to_be_bytes();
        let select_key = Command::new(0x00, 0x22, 0x41, 0xB8)
            .with_data(&[0x80, 0x01, 0x84, 0x81, 0x02, high, low]);
        self.use_key(Operation::SelectKey, &select_key)?;
        let exponentiate = Command::new(0x00, 0x2A, 0x80, 0x86)
            .with_data(&block)
            .expecting(0);
        let signature = self.use_key(Operation::UseKey, &exponentiate)?;
        verify(&key.public_key, algorithm, digest, &signature)?;
        Ok(signature)
    }

    fn use_key(&mut self, operation: Operation, command: &Command) -> Result<Vec<u8>, TokenError> {
        match self.request(operation, command) {
            Err(TokenError::Unexpected {
                status_word:
                    StatusWord::FileNotFound | StatusWord::ReferenceNotFound | StatusWord::KeyNotFound,
                ..
            }) => Err(TokenError::KeyNotFound),
            outcome => outcome,
        }
    }
}
