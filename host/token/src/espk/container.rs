//! The container map: which private key belongs to which public one.

const HEADER: usize = 32;
const RECORD: usize = 24;

/// A pair of handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Container {
    /// By which the card signs.
    pub private: u16,
    /// That the public half's attributes name.
    pub public: u16,
}

/// 32 bytes of header, then records of 24: private and public handle (4 bytes each, little-endian)
/// and zeros. They end at the first that has no such handles, or with the file.
pub(crate) fn parse(map: &[u8]) -> Vec<Container> {
    let records = map.get(HEADER..).unwrap_or_default();
    records
        .chunks_exact(RECORD)
        .map_while(|record| {
            let (private, rest) = record.split_first_chunk()?;
            let (public, _) = rest.split_first_chunk()?;
            Some(Container {
                private: private_handle(u32::from_le_bytes(*private))?,
                public: public_handle(u32::from_le_bytes(*public))?,
            })
        })
        .collect()
}

/// A number by which the card may know a private key.
pub(crate) fn private_handle(number: u32) -> Option<u16> {
    (0xA000..=0xAFFF)
        .contains(&number)
        .then(|| u16::try_from(number).ok())?
}

/// The same for a public key.
pub(crate) fn public_handle(number: u32) -> Option<u16> {
    (0x8000..=0x8FFF)
        .contains(&number)
        .then(|| u16::try_from(number).ok())?
}
