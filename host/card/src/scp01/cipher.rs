//! Block ciphers over whole blocks. Messages are padded by the caller.

use aes::Aes128;
use aes::cipher::{Block, BlockCipher, BlockDecrypt, BlockEncrypt, BlockSizeUser, KeyInit};
use des::{Des, TdesEde2};

pub(super) fn aes_ecb(key: &[u8; 16], data: [u8; 16]) -> [u8; 16] {
    let mut block = data.into();
    Aes128::new(key.into()).encrypt_block(&mut block);
    block.into()
}

pub(super) fn triple_des_ecb(key: &[u8; 16], data: [u8; 16]) -> [u8; 16] {
    let cipher = TdesEde2::new(key.into());
    let mut output = data;
    for block in output.chunks_exact_mut(8) {
        cipher.encrypt_block(block.into());
    }
    output
}

pub(super) fn aes_cbc(key: &[u8; 16], chaining: &[u8], message: &[u8]) -> Vec<u8> {
    cbc_encrypt(&Aes128::new(key.into()), chaining, message)
}

pub(super) fn aes_cbc_decrypt(key: &[u8; 16], message: &[u8]) -> Vec<u8> {
    cbc_decrypt(&Aes128::new(key.into()), message)
}

pub(super) fn triple_des_cbc(key: &[u8; 16], message: &[u8]) -> Vec<u8> {
    cbc_encrypt(&TdesEde2::new(key.into()), &[0; 8], message)
}

pub(super) fn triple_des_cbc_decrypt(key: &[u8; 16], message: &[u8]) -> Vec<u8> {
    cbc_decrypt(&TdesEde2::new(key.into()), message)
}

/// ISO/IEC 9797-1, MAC algorithm 3 with an initial chaining value: single DES along the message and
/// 3DES for the last block.
pub(super) fn retail_mac(key: &[u8; 16], chaining: &[u8], message: &[u8]) -> [u8; 8] {
    let (left, right) = key.split_at(8);
    let (left, right) = (Des::new(left.into()), Des::new(right.into()));
    let encrypted = cbc_encrypt(&left, chaining, message);
    let mut last = super::last_eight(&encrypted).into();
    right.decrypt_block(&mut last);
    left.encrypt_block(&mut last);
    last.into()
}

/// AES-CMAC (RFC 4493), with a chaining value that is mixed into the first block. The `cmac` crate
/// cannot start from one when the message is shorter than a block.
pub(super) fn cmac(key: &[u8; 16], chaining: &[u8], message: &[u8]) -> [u8; 16] {
    let whole = doubled(aes_ecb(key, [0; 16]));
    let (subkey, mut message) = if !message.is_empty() && message.len().is_multiple_of(16) {
        (whole, message.to_vec())
    } else {
        (doubled(whole), super::padded(message, 16))
    };
    let start = message.len() - 16;
    for (byte, mask) in message[start..].iter_mut().zip(subkey) {
        *byte ^= mask;
    }
    let encrypted = aes_cbc(key, chaining, &message);
    let mut last = [0; 16];
    last.copy_from_slice(&encrypted[start..]);
    last
}

/// Multiplication by x in GF(2^128) as RFC 4493 defines it.
fn doubled(block: [u8; 16]) -> [u8; 16] {
    let number = u128::from_be_bytes(block);
    let reduction = if number >> 127 == 1 { 0x87 } else { 0 };
    (number << 1 ^ reduction).to_be_bytes()
}

fn cbc_encrypt<C>(cipher: &C, chaining: &[u8], message: &[u8]) -> Vec<u8>
where
    C: BlockCipher + BlockEncrypt + BlockSizeUser,
{
    let mut previous = Block::<C>::default();
    previous.copy_from_slice(chaining);
    let mut output = Vec::with_capacity(message.len());
    for block in message.chunks_exact(C::block_size()) {
        for (byte, plain) in previous.iter_mut().zip(block) {
            *byte ^= plain;
        }
        cipher.encrypt_block(&mut previous);
        output.extend_from_slice(&previous);
    }
    output
}

fn cbc_decrypt<C>(cipher: &C, message: &[u8]) -> Vec<u8>
where
    C: BlockCipher + BlockDecrypt + BlockSizeUser,
{
    let mut previous = vec![0; C::block_size()];
    let mut output = Vec::with_capacity(message.len());
    for encrypted in message.chunks_exact(C::block_size()) {
        let mut block = Block::<C>::default();
        block.copy_from_slice(encrypted);
        cipher.decrypt_block(&mut block);
        output.extend(block.iter().zip(&previous).map(|(byte, mask)| byte ^ mask));
        previous = encrypted.to_vec();
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4493, section 4.
    #[test]
    fn cmac_examples_of_the_rfc() {
        let key = hex::decode("2b7e151628aed2a6abf7158809cf4f3c")
            .unwrap()
            .try_into()
            .unwrap();
        let message = hex::decode(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
             30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
        )
        .unwrap();
        for (length, expected) in [
            (0, "bb1d6929e95937287fa37d129b756746"),
            (16, "070a16b46b4d4144f79bdd9dd04a287c"),
            (40, "dfa66747de9ae63030ca32611497c827"),
            (64, "51f0bebf7e3b9d92fc49741779363cfe"),
        ] {
            assert_eq!(
                hex::encode(cmac(&key, &[0; 16], &message[..length])),
                expected
            );
        }
    }

    #[test]
    fn decryption_undoes_encryption() {
        let (key, message) = ([7; 16], (0..48).collect::<Vec<u8>>());
        assert_eq!(
            aes_cbc_decrypt(&key, &aes_cbc(&key, &[0; 16], &message)),
            message
        );
        assert_eq!(
            triple_des_cbc_decrypt(&key, &triple_des_cbc(&key, &message)),
            message
        );
    }
}
