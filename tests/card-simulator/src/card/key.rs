//! RSA keys: generating, writing, reading the public half, and using the private one.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::RsaPrivateKey;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use sha2::compress256;

use super::Card;
use crate::access::AccessByte;
use crate::command::{BegunHash, KeyComponent, KeyUse};
use crate::file::{Body, File, PrivateKey, PublicKey};
use crate::settings::RefusedCommand;
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

    /// `00 22 41 B8` or `B6`: the key for the next operations.
    pub(super) fn set_key(&mut self, id: u16, usage: KeyUse) -> Result<(), StatusWord> {
        self.refuse(usage, RefusedCommand::ChooseKey)?;
        match self.current_directory()?.file(id) {
            Some(File {
                body: Body::PrivateKey(_),
                ..
            }) => {
                self.state.key = Some((id, usage));
                Ok(())
            }
            _ => Err(StatusWord::REFERENCE_NOT_FOUND),
        }
    }

    /// `00 2A 80 86`: the raw operation.
    pub(super) fn apply_key(&mut self, block: &[u8]) -> Result<Vec<u8>, StatusWord> {
        self.use_key(KeyUse::Raw, block)
    }

    /// `00 2A 90 A0`: finishes a hash.
    pub(super) fn hash(&mut self, begun: &BegunHash) -> Result<(), StatusWord> {
        self.refuse(KeyUse::Pkcs1Sha256, RefusedCommand::UseKey)?;
        self.state.digest = Some(finish_sha256(begun));
        Ok(())
    }

    /// `00 2A 9E 9A`: signs what was hashed, once; 6985 if nothing was *(choice)*.
    pub(super) fn sign_hash(&mut self) -> Result<Vec<u8>, StatusWord> {
        /// `DigestInfo` of SHA-256 up to the digest (RFC 8017, section 9.2).
        const DIGEST_INFO: [u8; 19] = [
            0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
            0x01, 0x05, 0x00, 0x04, 0x20,
        ];
        let digest = self.state.digest.take();
        let digest = digest.ok_or(StatusWord::CONDITIONS_OF_USE)?;
        let (id, _) = self.state.key.ok_or(StatusWord::REFERENCE_NOT_FOUND)?;
        let bits = self
            .private_key_mut(id, |file| file.access.use_or_append())?
            .bits;
        let end = [&[0x00], DIGEST_INFO.as_slice(), &digest].concat();
        let mut block = vec![0x00, 0x01];
        block.resize(usize::from(bits / 8) - end.len(), 0xFF);
        block.extend(end);
        self.use_key(KeyUse::Pkcs1Sha256, &block)
    }

    /// Uses the chosen key for what it was chosen for; 6A88 for something else *(choice)*.
    fn use_key(&mut self, usage: KeyUse, block: &[u8]) -> Result<Vec<u8>, StatusWord> {
        self.refuse(usage, RefusedCommand::UseKey)?;
        let id = match self.state.key {
            Some((id, chosen)) if chosen == usage => id,
            _ => return Err(StatusWord::REFERENCE_NOT_FOUND),
        };
        let delay = self.faults.key_delay;
        let key = self.private_key_mut(id, |file| file.access.use_or_append())?;
        std::thread::sleep(delay);
        key.apply(block)
    }

    fn refuse(&self, usage: KeyUse, at: RefusedCommand) -> Result<(), StatusWord> {
        let refusal = match usage {
            KeyUse::Raw => self.settings.refuses_raw,
            KeyUse::Pkcs1Sha256 => self.settings.refuses_hashing,
        };
        match refusal {
            Some(refusal) if refusal.at == at => Err(StatusWord(refusal.status)),
            _ => Ok(()),
        }
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

/// The digest of a message whose first blocks the host has hashed (FIPS 180-4, sections 5.1.1 and 6.2).
fn finish_sha256(begun: &BegunHash) -> [u8; 32] {
    let bits = (u64::from(begun.blocks) * 64 + begun.rest.len() as u64) * 8;
    let mut end = begun.rest.clone();
    end.push(0x80);
    while end.len() % 64 != 56 {
        end.push(0x00);
    }
    end.extend(bits.to_be_bytes());
    let (blocks, _) = end.as_chunks::<64>();
    let blocks: Vec<_> = blocks.iter().map(|&block| block.into()).collect();
    let mut state = begun.state;
    compress256(&mut state, &blocks);
    let mut digest = [0; 32];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    /// The chaining value after 64 times "A" was published.
    #[test]
    fn a_begun_hash_is_finished() {
        let after_a = "6CB7244102F65790145141E105D2C3D387A1D91E9CEDA13A4A3D25DD87BEEA05";
        let state: Vec<u32> = hex::decode(after_a)
            .unwrap()
            .chunks_exact(4)
            .map(|word| u32::from_be_bytes(word.try_into().unwrap()))
            .collect();
        for length in [1, 55, 56, 63, 64] {
            let begun = BegunHash {
                blocks: 1,
                state: state.clone().try_into().unwrap(),
                rest: vec![b'B'; length],
            };
            let message = [vec![b'A'; 64], vec![b'B'; length]].concat();
            assert_eq!(finish_sha256(&begun), *Sha256::digest(message), "{length}");
        }
    }
}
