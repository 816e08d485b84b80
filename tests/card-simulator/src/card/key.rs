//! RSA keys: generating, writing, reading the public half, and using the private one.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::RsaPrivateKey;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};

use super::Card;
use crate::access::AccessByte;
use crate::command::KeyComponent;
use crate::file::{Body, File, PrivateKey, PublicKey};
use crate::status_word::StatusWord;

impl Card {
    /// `00 46`: a new key into two files made for it.
    pub(super) fn generate_key(
        &mut self,
        bits: u16,
        private: u16,
        public: u16,
    ) -> Result<(), StatusWord> {
        let update = |file: &File| file.access.update();
        if self.private_key_mut(private, update)?.bits != bits
            || self.public_key_mut(public, update)?.bits != bits
        {
            return Err(StatusWord::BAD_DATA);
        }
        let mut rng = ChaCha20Rng::from_seed(self.random.take_array());
        // With at least 1024 bits and the usual exponent there is always a key to find.
        let key =
            RsaPrivateKey::new(&mut rng, usize::from(bits)).map_err(|_| StatusWord::BAD_DATA)?;
        let length = usize::from(bits / 8);
        let modulus = fill(&key.n().to_bytes_be(), length);
        let private = self.private_key_mut(private, update)?;
        private.modulus.clone_from(&modulus);
        private.exponent = fill(&key.d().to_bytes_be(), length);
        self.public_key_mut(public, update)?.modulus = modulus;
        self.changes += 1;
        Ok(())
    }

    /// `80 E7`: one number of a private key, at most as long as the modulus.
    ///
    /// OpenSC leaves out leading zeros, so one private exponent in 256 comes a byte shorter.
    pub(super) fn write_key(
        &mut self,
        component: KeyComponent,
        id: u16,
        value: &[u8],
    ) -> Result<(), StatusWord> {
        let key = self.private_key_mut(id, |file| file.access.update())?;
        let length = usize::from(key.bits / 8);
        if value.is_empty() || value.len() > length {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let value = fill(value, length);
        match component {
            KeyComponent::Modulus => key.modulus = value,
            KeyComponent::Exponent => key.exponent = value,
        }
        self.changes += 1;
        Ok(())
    }

    /// `80 B4`: the modulus; the exponent is always 65537.
    pub(super) fn read_public_key(&mut self, id: u16) -> Result<Vec<u8>, StatusWord> {
        let modulus = self
            .public_key_mut(id, |file| file.access.read())?
            .modulus
            .clone();
        if modulus.is_empty() {
            Err(StatusWord::REFERENCE_NOT_FOUND)
        } else {
            Ok(modulus)
        }
    }

    /// `00 22 41 B8`: the key for the next operations.
    pub(super) fn set_key(&mut self, id: u16) -> Result<(), StatusWord> {
        match self.current_directory()?.file(id) {
            Some(File {
                body: Body::PrivateKey(_),
                ..
            }) => {
                self.state.key = Some(id);
                Ok(())
            }
            _ => Err(StatusWord::REFERENCE_NOT_FOUND),
        }
    }

    /// `00 2A 80 86`: the raw operation.
    pub(super) fn apply_key(&mut self, block: &[u8]) -> Result<Vec<u8>, StatusWord> {
        let id = self.state.key.ok_or(StatusWord::REFERENCE_NOT_FOUND)?;
        let delay = self.faults.key_delay;
        let key = self.private_key_mut(id, |file| file.access.use_or_append())?;
        std::thread::sleep(delay);
        key.apply(block)
    }

    fn private_key_mut(
        &mut self,
        id: u16,
        access: impl Fn(&File) -> AccessByte,
    ) -> Result<&mut PrivateKey, StatusWord> {
        match &mut self.permitted_file_mut(id, access)?.body {
            Body::PrivateKey(key) => Ok(key),
            _ => Err(StatusWord::WRONG_FILE_TYPE),
        }
    }

    fn public_key_mut(
        &mut self,
        id: u16,
        access: impl Fn(&File) -> AccessByte,
    ) -> Result<&mut PublicKey, StatusWord> {
        match &mut self.permitted_file_mut(id, access)?.body {
            Body::PublicKey(key) => Ok(key),
            _ => Err(StatusWord::WRONG_FILE_TYPE),
        }
    }

    fn permitted_file_mut(
        &mut self,
        id: u16,
        access: impl Fn(&File) -> AccessByte,
    ) -> Result<&mut File, StatusWord> {
        let file = self
            .current_directory()?
            .file(id)
            .ok_or(StatusWord::FILE_NOT_FOUND)?;
        self.permit(access(file))?;
        self.current_directory_mut()?
            .file_mut(id)
            .ok_or(StatusWord::FILE_NOT_FOUND)
    }
}

/// A number with leading zeros.
fn fill(number: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length - number.len()];
    bytes.extend(number);
    bytes
}
