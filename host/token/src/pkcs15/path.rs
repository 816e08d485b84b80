//! Where an object lies (PKCS#15 v1.1, section 6.1.5).

use der::asn1::AnyRef;

use super::record::Fields;

/// File identifiers from the master file downwards, or fewer of them from a known directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path(Vec<u16>);

impl Path {
    /// Reads `SEQUENCE { path OCTET STRING, index INTEGER, [0] length }`; index and length point
    /// into a file and are used by no token we know.
    pub(super) fn parse(object: AnyRef<'_>) -> Option<Self> {
        let octets = Fields::of_sequence(object)?.octets()?;
        let (pairs, rest) = octets.as_chunks::<2>();
        (rest.is_empty() && !pairs.is_empty())
            .then(|| Self(pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect()))
    }

    /// The file itself.
    pub(crate) fn file_id(&self) -> Option<u16> {
        self.0.last().copied()
    }
}
