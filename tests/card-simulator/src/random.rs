//! The card's random numbers: a stream that its seed alone decides.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// SHA-256("epass2003" ‖ decimal seed ‖ counter as 4 bytes big-endian), block after block.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomStream {
    seed: u64,
    /// Bytes taken so far.
    position: u64,
}

impl RandomStream {
    /// The stream of this seed, from its beginning.
    pub fn new(seed: u64) -> Self {
        RandomStream { seed, position: 0 }
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next_byte()).collect()
    }

    /// The next `N` bytes.
    pub fn take_array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next_byte())
    }

    fn next_byte(&mut self) -> u8 {
        let [block, offset] = [self.position / 32, self.position % 32];
        // The counter has four bytes: after 128 GiB the stream starts again.
        let counter = (block & u64::from(u32::MAX)).to_be_bytes();
        self.position += 1;
        let digest = Sha256::new()
            .chain_update(b"epass2003")
            .chain_update(self.seed.to_string())
            .chain_update(&counter[4..])
            .finalize();
        digest[usize::from(offset.to_le_bytes()[0])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the published exchanges: a handshake, then two challenges.
    #[test]
    fn seed_one_gives_the_published_numbers() {
        let mut stream = RandomStream::new(1);
        assert_eq!(hex::encode(stream.take_array::<8>()), "2953358331f153c1");
        assert_eq!(
            hex::encode(stream.take(16)),
            "bc60be83150cb9d34fe01ecfbffbb5c9"
        );
        assert_eq!(
            hex::encode(stream.take(16)),
            "8db20d07bd96191c31acdf44be529f31"
        );
    }
}
