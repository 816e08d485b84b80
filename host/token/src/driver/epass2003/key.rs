//! Private keys: what the card does with a number or a hash, and everything around it.

use kagibashi_card::apdu::Command;
use kagibashi_card::status_word::StatusWord;

use super::Epass2003;
use super::way::{self, Way};
use crate::algorithm::SignatureAlgorithm;
use crate::begun_hash::BegunHash;
use crate::certificate::Certificate;
use crate::emsa;
use crate::error::{Operation, TokenError};
use crate::key::KeyKind;
use crate::token::{KeyHandle, Signable};
use crate::verify::verify;

/// A signature that the card did not make.
struct Refusal {
    operation: Operation,
    status_word: StatusWord,
}

impl Refusal {
    /// Whether it may mean that there is no such key.
    fn is_of_key(&self) -> bool {
        matches!(
            self.status_word,
            StatusWord::FileNotFound | StatusWord::ReferenceNotFound | StatusWord::KeyNotFound
        )
    }
}

impl Epass2003 {
    /// Signs, in the other way if the card refuses the first. A lost session has lost the login,
    /// too, so nothing here is repeated; and no PIN is given again.
    pub(super) fn make_signature(
        &mut self,
        key: &KeyHandle,
        algorithm: SignatureAlgorithm,
        content: Signable,
    ) -> Result<Vec<u8>, TokenError> {
        let digest = content.digest(algorithm.hash_function());
        let KeyKind::Rsa(modulus_bits) = key.kind else {
            return Err(TokenError::AlgorithmUnsupported);
        };
        let block = emsa::encode(algorithm, &digest, modulus_bits)?;
        let begun = match content {
            Signable::Message(message) if algorithm == SignatureAlgorithm::Rs256 => {
                BegunHash::of(message)
            }
            _ => None,
        };
        let ways = match (way::taken(&key.serial), &begun) {
            (Some(Way::Hashing), Some(_)) => vec![Way::Hashing, Way::Raw],
            (_, Some(_)) => vec![Way::Raw, Way::Hashing],
            (_, None) => vec![Way::Raw],
        };
        let mut refusals = Vec::new();
        for &way in &ways {
            let signed = match (way, &begun) {
                (Way::Hashing, Some(begun)) => self.sign_hashing(key, begun),
                _ => self.sign_raw(key, &block),
            }?;
            match signed {
                Ok(signature) => {
                    verify(&key.public_key, algorithm, &digest, &signature)?;
                    way::remember(&key.serial, way);
                    return Ok(signature);
                }
                Err(refusal) => {
                    let status = refusal.status_word;
                    tracing::info!(?way, %status, "the card refuses a way of signing");
                    refusals.push(refusal);
                }
            }
        }
        // A word that some cards have for a way they do not know is others' for a key they do not
        // have.
        let no_key = refusals.iter().all(Refusal::is_of_key)
            && (begun.is_some() || self.choose_key(key, Way::Hashing)?.is_err());
        match refusals.pop() {
            _ if no_key => Err(TokenError::KeyNotFound),
            Some(Refusal { status_word, .. }) if begun.is_none() => {
                Err(TokenError::SignatureUnsupported {
                    algorithm,
                    status_word,
                })
            }
            Some(Refusal {
                operation,
                status_word,
            }) => Err(TokenError::Unexpected {
                operation,
                status_word,
            }),
            None => Err(TokenError::KeyNotFound),
        }
    }

    fn sign_raw(
        &mut self,
        key: &KeyHandle,
        block: &[u8],
    ) -> Result<Result<Vec<u8>, Refusal>, TokenError> {
        if let Err(refusal) = self.choose_key(key, Way::Raw)? {
            return Ok(Err(refusal));
        }
        let exponentiate = Command::new(0x00, 0x2A, 0x80, 0x86)
            .with_data(block)
            .expecting(0);
        self.use_key(Operation::UseKey, &exponentiate)
    }

    fn sign_hashing(
        &mut self,
        key: &KeyHandle,
        begun: &BegunHash,
    ) -> Result<Result<Vec<u8>, Refusal>, TokenError> {
        if let Err(refusal) = self.choose_key(key, Way::Hashing)? {
            return Ok(Err(refusal));
        }
        let hash = Command::new(0x00, 0x2A, 0x90, 0xA0)
            .with_data(&begun.to_data())
            .expecting(0);
        if let Err(refusal) = self.use_key(Operation::Hash, &hash)? {
            return Ok(Err(refusal));
        }
        let sign = Command::new(0x00, 0x2A, 0x9E, 0x9A).expecting(0);
        self.use_key(Operation::UseKey, &sign)
    }

    fn choose_key(
        &mut self,
        key: &KeyHandle,
        way: Way,
    ) -> Result<Result<Vec<u8>, Refusal>, TokenError> {
        let (parameter, algorithm) = way.environment();
        let [high, low] = key.reference.to_be_bytes();
        let command = Command::new(0x00, 0x22, 0x41, parameter)
            .with_data(&[0x80, 0x01, algorithm, 0x81, 0x02, high, low]);
        self.use_key(Operation::SelectKey, &command)
    }

    fn use_key(
        &mut self,
        operation: Operation,
        command: &Command,
    ) -> Result<Result<Vec<u8>, Refusal>, TokenError> {
        match self.request(operation, command) {
            Ok(answer) => Ok(Ok(answer)),
            Err(TokenError::Unexpected {
                operation,
                status_word,
            }) => Ok(Err(Refusal {
                operation,
                status_word,
            })),
            Err(error) => Err(error),
        }
    }

    /// By which a certificate's private key is found again; `None` if it is not an RSA key, or if
    /// the card's number for it is not known.
    pub(super) fn key_handle(
        &mut self,
        reference: Option<u16>,
        certificate: &Certificate,
    ) -> Result<Option<KeyHandle>, TokenError> {
        let Some(kind @ KeyKind::Rsa(_)) = certificate.key_kind() else {
            return Ok(None);
        };
        let Some(reference) = reference else {
            return Ok(None);
        };
        Ok(Some(KeyHandle {
            reader: self.reader.clone(),
            serial: self.serial()?,
            reference,
            kind,
            public_key: certificate.public_key.clone(),
        }))
    }
}
