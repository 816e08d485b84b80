//! The block cipher operations that handshake, secure messaging and PIN need.
//!
//! All inputs are whole blocks; who calls pads first.

use aes::Aes128;
use aes::cipher::{
    BlockDecrypt, BlockDecryptMut, BlockEncrypt, BlockEncryptMut, BlockSizeUser, KeyInit, KeyIvInit,
};
use des::{Des, TdesEde2, TdesEde3};

use crate::settings::Mode;

/// Appends 80 and as many 00 as fill the block (ISO 7816-4 padding).
pub fn pad(data: &[u8], block: usize) -> Vec<u8> {
    let mut padded = data.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(block), 0x00);
    padded
}

/// Removes that padding, or `None` if it is not there.
pub fn unpad(data: &[u8]) -> Option<&[u8]> {
    let end = data.iter().rposition(|&byte| byte != 0x00)?;
    (data[end] == 0x80).then(|| &data[..end])
}

/// One pass of ECB with a 16-byte key, for deriving session keys.
pub fn ecb_encrypt(mode: Mode, key: &[u8; 16], data: &[u8]) -> Vec<u8> {
    match mode {
        Mode::Aes | Mode::Cmac => ecb(&Aes128::new(key.into()), data),
        Mode::TripleDes => ecb(&TdesEde2::new(key.into()), data),
    }
}

fn ecb<C: BlockEncrypt + BlockSizeUser>(cipher: &C, data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    for block in data.chunks_exact_mut(C::block_size()) {
        cipher.encrypt_block(block.into());
    }
    data
}

/// CBC encryption with a 16-byte key.
pub fn cbc_encrypt(mode: Mode, key: &[u8; 16], iv: &[u8], data: &[u8]) -> Vec<u8> {
    match mode {
        Mode::Aes | Mode::Cmac => cbc_with::<Aes128>(key, iv, data),
        Mode::TripleDes => cbc_with::<TdesEde2>(key, iv, data),
    }
}

fn cbc_with<C>(key: &[u8], iv: &[u8], data: &[u8]) -> Vec<u8>
where
    C: aes::cipher::BlockCipher + BlockEncrypt + KeyInit,
{
    let mut cipher = cbc::Encryptor::<C>::new(key.into(), iv.into());
    let mut data = data.to_vec();
    for block in data.chunks_exact_mut(C::block_size()) {
        cipher.encrypt_block_mut(block.into());
    }
    data
}

/// CBC decryption with a 16-byte key and IV 0.
pub fn cbc_decrypt(mode: Mode, key: &[u8; 16], data: &[u8]) -> Vec<u8> {
    match mode {
        Mode::Aes | Mode::Cmac => cbc_back::<Aes128>(key, data),
        Mode::TripleDes => cbc_back::<TdesEde2>(key, data),
    }
}

fn cbc_back<C>(key: &[u8], data: &[u8]) -> Vec<u8>
where
    C: aes::cipher::BlockCipher + BlockDecrypt + KeyInit,
{
    let iv = vec![0; C::block_size()];
    let mut cipher = cbc::Decryptor::<C>::new(key.into(), iv.as_slice().into());
    let mut data = data.to_vec();
    for block in data.chunks_exact_mut(C::block_size()) {
        cipher.decrypt_block_mut(block.into());
    }
    data
}

/// ISO 9797-1 algorithm 3 with single DES and a final DES decrypt and encrypt: 8 bytes.
pub fn retail_mac(key: &[u8; 16], iv: &[u8], data: &[u8]) -> [u8; 8] {
    let (first, second) = key.split_at(8);
    let chained = cbc_with::<Des>(first, iv, data);
    let mut mac = last_block::<8>(&chained);
    Des::new(second.into()).decrypt_block((&mut mac).into());
    Des::new(first.into()).encrypt_block((&mut mac).into());
    mac
}

/// AES-CMAC (RFC 4493) over a message of any length, with the chaining value started
/// at `iv` in place of zeros: 16 bytes. With `iv` 0 it is the standard's.
pub fn cmac(key: &[u8; 16], iv: &[u8; 16], message: &[u8]) -> [u8; 16] {
    let zero = cbc_encrypt(Mode::Cmac, key, &[0; 16], &[0; 16]);
    let subkey1 = double(last_block(&zero));
    let (mut data, subkey) = if message.is_empty() || !message.len().is_multiple_of(16) {
        (pad(message, 16), double(subkey1))
    } else {
        (message.to_vec(), subkey1)
    };
    let start = data.len() - 16;
    for (byte, mask) in data[start..].iter_mut().zip(subkey) {
        *byte ^= mask;
    }
    last_block(&cbc_encrypt(Mode::Cmac, key, iv, &data))
}

/// Multiplication by x in GF(2^128), the subkey step of CMAC.
fn double(block: [u8; 16]) -> [u8; 16] {
    let value = u128::from_be_bytes(block);
    let reduction = if value >> 127 == 1 { 0x87 } else { 0 };
    ((value << 1) ^ reduction).to_be_bytes()
}

/// A block under three-key 3DES, the proof of knowing a PIN: 8 bytes.
pub fn triple_des(key: &[u8; 24], block: [u8; 8]) -> [u8; 8] {
    let mut block = block;
    TdesEde3::new(key.into()).encrypt_block((&mut block).into());
    block
}

/// The last `N` bytes of `data`, which has at least that many.
pub fn last_block<const N: usize>(data: &[u8]) -> [u8; N] {
    *data
        .last_chunk()
        .expect("a cipher text has at least one block")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The four examples of RFC 4493, section 4.
    #[test]
    fn cmac_agrees_with_its_standard() {
        let key = hex::decode("2b7e151628aed2a6abf7158809cf4f3c")
            .unwrap()
            .try_into()
            .unwrap();
        let message = hex::decode(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
             30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
        )
        .unwrap();
        for (length, mac) in [
            (0, "bb1d6929e95937287fa37d129b756746"),
            (16, "070a16b46b4d4144f79bdd9dd04a287c"),
            (40, "dfa66747de9ae63030ca32611497c827"),
            (64, "51f0bebf7e3b9d92fc49741779363cfe"),
        ] {
            assert_eq!(
                hex::encode(cmac(&key, &[0; 16], &message[..length])),
                mac,
                "{length}"
            );
        }
    }

    #[test]
    fn padding_comes_off_only_if_it_is_there() {
        for length in 0..20 {
            let data = vec![0x80; length];
            assert_eq!(unpad(&pad(&data, 16)), Some(data.as_slice()));
        }
        assert_eq!(unpad(&[0; 16]), None);
        assert_eq!(unpad(&[0x80, 0x01]), None);
    }
}
