//! Making a number out of a digest (RFC 8017, section 9), for cards whose private key operation is
//! nothing but a modular exponentiation.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::algorithm::{HashFunction, Scheme, SignatureAlgorithm};
use crate::error::TokenError;

/// What stands before a digest in a `DigestInfo` (RFC 8017, section 9.2, note 1).
fn digest_info_prefix(hash: HashFunction) -> Vec<u8> {
    let (total, algorithm, length) = match hash {
        HashFunction::Sha1 => {
            return vec![
                0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04,
                0x14,
            ];
        }
        HashFunction::Sha256 => (0x31, 0x01, 0x20),
        HashFunction::Sha384 => (0x41, 0x02, 0x30),
        HashFunction::Sha512 => (0x51, 0x03, 0x40),
    };
    vec![
        0x30, total, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
        algorithm, 0x05, 0x00, 0x04, length,
    ]
}

/// The `DigestInfo` of EMSA-PKCS1-v1_5, which some cards pad by themselves.
pub(crate) fn digest_info(hash: HashFunction, digest: &[u8]) -> Vec<u8> {
    let mut info = digest_info_prefix(hash);
    info.extend_from_slice(digest);
    info
}

/// The block to exponentiate: as many bytes as the modulus has, smaller than it as a number.
pub(crate) fn encode(
    algorithm: SignatureAlgorithm,
    digest: &[u8],
    modulus_bits: u32,
) -> Result<Vec<u8>, TokenError> {
    let hash = algorithm.hash_function();
    if digest.len() != hash.length() {
        return Err(TokenError::DigestLength {
            expected: hash.length(),
            found: digest.len(),
        });
    }
    let bits = usize::try_from(modulus_bits).map_err(|_| TokenError::AlgorithmUnsupported)?;
    match algorithm.scheme() {
        Scheme::Pkcs1 => pkcs1(hash, digest, bits.div_ceil(8)),
        Scheme::Pss => {
            let mut salt = vec![0; hash.length()];
            getrandom::getrandom(&mut salt).map_err(|_| TokenError::NoRandomness)?;
            pss(hash, digest, &salt, bits)
        }
        Scheme::Ecdsa => Err(TokenError::AlgorithmUnsupported),
    }
}

fn pkcs1(hash: HashFunction, digest: &[u8], length: usize) -> Result<Vec<u8>, TokenError> {
    let prefix = digest_info_prefix(hash);
    let filling = length
        .checked_sub(prefix.len() + digest.len() + 3)
        .filter(|&filling| filling >= 8)
        .ok_or(TokenError::AlgorithmUnsupported)?;
    let mut block = vec![0x00, 0x01];
    block.resize(2 + filling, 0xFF);
    block.push(0x00);
    block.extend_from_slice(&prefix);
    block.extend_from_slice(digest);
    Ok(block)
}

fn pss(
    hash: HashFunction,
    digest: &[u8],
    salt: &[u8],
    modulus_bits: usize,
) -> Result<Vec<u8>, TokenError> {
    let encoded_bits = modulus_bits
        .checked_sub(1)
        .ok_or(TokenError::AlgorithmUnsupported)?;
    let encoded_length = encoded_bits.div_ceil(8);
    let filling = encoded_length
        .checked_sub(digest.len() + salt.len() + 2)
        .ok_or(TokenError::AlgorithmUnsupported)?;
    let hashed = hash_of(hash, &[&[0; 8], digest, salt]);
    let mut masked = vec![0; filling];
    masked.push(0x01);
    masked.extend_from_slice(salt);
    for (byte, mask) in masked.iter_mut().zip(mask_generation(hash, &hashed)) {
        *byte ^= mask;
    }
    masked[0] &= 0xFF >> (8 * encoded_length - encoded_bits);
    // A modulus of 8n+1 bits is one byte longer than the encoded message.
    let mut block = vec![0; modulus_bits.div_ceil(8) - encoded_length];
    block.extend_from_slice(&masked);
    block.extend_from_slice(&hashed);
    block.push(0xBC);
    Ok(block)
}

/// MGF1 (RFC 8017, appendix B.2.1), as long as it is asked.
fn mask_generation(hash: HashFunction, seed: &[u8]) -> impl Iterator<Item = u8> {
    (0_u32..).flat_map(move |counter| hash_of(hash, &[seed, &counter.to_be_bytes()]))
}

fn hash_of(hash: HashFunction, parts: &[&[u8]]) -> Vec<u8> {
    fn digest<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
        let mut hasher = D::new();
        for part in parts {
            hasher.update(part);
        }
        hasher.finalize().to_vec()
    }
    match hash {
        HashFunction::Sha1 => digest::<Sha1>(parts),
        HashFunction::Sha256 => digest::<Sha256>(parts),
        HashFunction::Sha384 => digest::<Sha384>(parts),
        HashFunction::Sha512 => digest::<Sha512>(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyKind;

    #[test]
    fn pkcs1_of_abc() {
        let digest = Sha256::digest(b"abc");
        let block = encode(SignatureAlgorithm::Rs256, &digest, 2048).unwrap();
        let tail = "003031300d060960864801650304020105000420\
                    ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(
            hex::encode(block),
            format!("0001{}{tail}", "ff".repeat(202))
        );
    }

    #[test]
    fn pkcs1_of_abc_for_old_programs() {
        let digest = Sha1::digest(b"abc");
        let block = encode(SignatureAlgorithm::Rs1, &digest, 2048).unwrap();
        let tail = "003021300906052b0e03021a05000414a9993e364706816aba3e25717850c26c9cd0d89d";
        assert_eq!(
            hex::encode(block),
            format!("0001{}{tail}", "ff".repeat(218))
        );
    }

    #[test]
    fn pss_fills_every_key_length() {
        for bits in [1024, 1025, 1031, 2047, 2048, 2049, 3072] {
            let block = pss(HashFunction::Sha256, &[7; 32], &[9; 32], bits).unwrap();
            assert_eq!(block.len(), bits.div_ceil(8), "{bits}");
            let leading = block
                .iter()
                .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
            let zeros = leading.take_while(|&bit| bit == 0).count();
            assert!(zeros > block.len() * 8 - bits, "{bits}: {zeros}");
        }
    }

    #[test]
    fn a_short_key_and_a_wrong_digest_are_refused() {
        for algorithm in KeyKind::Rsa(2048).algorithms() {
            let length = algorithm.hash_function().length();
            let wrong = encode(algorithm, &vec![0; length - 1], 2048);
            assert!(
                matches!(wrong, Err(TokenError::DigestLength { .. })),
                "{algorithm}"
            );
            assert!(matches!(
                encode(algorithm, &vec![0; length], 408),
                Err(TokenError::AlgorithmUnsupported)
            ));
        }
        // The salt of SHA-512 does not fit into 1024 bits.
        assert!(encode(SignatureAlgorithm::Rs512, &[0; 64], 1024).is_ok());
        assert!(matches!(
            encode(SignatureAlgorithm::Ps512, &[0; 64], 1024),
            Err(TokenError::AlgorithmUnsupported)
        ));
    }
}
