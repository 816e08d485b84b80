//! SHA-256 of a message but for its end, which some cards hash for themselves.

use sha2::compress256;

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// Before the first block (FIPS 180-4, section 5.3.3).
const FRESH: [u32; 8] = [
    0x6A09_E667,
    0xBB67_AE85,
    0x3C6E_F372,
    0xA54F_F53A,
    0x510E_527F,
    0x9B05_688C,
    0x1F83_D9AB,
    0x5BE0_CD19,
];

/// SHA-256 after all blocks but the last, which may be a whole one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BegunHash<'a> {
    /// How many blocks went into it.
    pub blocks: u32,
    /// The chaining value after them, as its words stand in a digest.
    pub state: [u8; 32],
    /// The 1 to 64 bytes that did not.
    pub rest: &'a [u8],
}

impl<'a> BegunHash<'a> {
    /// `None` for an empty message, and for one of 256 GiB or more.
    pub(crate) fn of(message: &'a [u8]) -> Option<Self> {
        let hashed = message.len().checked_sub(1)? / BLOCK;
        let (begin, rest) = message.split_at(hashed * BLOCK);
        let mut words = FRESH;
        for &block in begin.as_chunks::<BLOCK>().0 {
            compress256(&mut words, &[block.into()]);
        }
        let mut state = [0; 32];
        for (bytes, word) in state.chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        Some(Self {
            blocks: u32::try_from(hashed).ok()?,
            state,
            rest,
        })
    }

    /// As the card takes it: `81` number of blocks, `90` chaining value, `80` rest.
    pub(crate) fn to_data(&self) -> Vec<u8> {
        let mut data = vec![0x81, 4];
        data.extend(self.blocks.to_be_bytes());
        data.extend([0x90, 32]);
        data.extend(self.state);
        // At most 64.
        data.extend([0x80, u8::try_from(self.rest.len()).unwrap_or(u8::MAX)]);
        data.extend(self.rest);
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value after 64 times "A" was published with the card's commands.
    const AFTER_A: &str = "6cb7244102f65790145141e105d2c3d387a1d91e9ceda13a4a3d25dd87beea05";
    const FRESH_HEX: &str = "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19";

    #[test]
    fn the_last_block_stays_even_a_whole_one() {
        let cases = [
            (1, 0, FRESH_HEX),
            (63, 0, FRESH_HEX),
            (64, 0, FRESH_HEX),
            (65, 1, AFTER_A),
            (128, 1, AFTER_A),
        ];
        for (length, blocks, state) in cases {
            let message = vec![b'A'; length];
            let begun = BegunHash::of(&message).unwrap();
            assert_eq!(begun.blocks, blocks, "{length}");
            assert_eq!(hex::encode(begun.state), state, "{length}");
            assert_eq!(begun.rest.len(), length - 64 * blocks as usize);
            assert_eq!(begun.to_data().len(), 42 + begun.rest.len());
        }
        assert_eq!(BegunHash::of(b""), None);
    }

    #[test]
    fn the_card_is_told_in_three_objects() {
        let data = BegunHash::of(b"abc").unwrap().to_data();
        assert_eq!(
            hex::encode(data),
            format!("8104000000009020{FRESH_HEX}8003616263")
        );
    }
}
