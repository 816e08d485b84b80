//! Attribute streams: what a certificate or key file holds.

/// `CKA_LABEL` (PKCS#11).
pub(crate) const LABEL: u32 = 0x003;
/// `CKA_VALUE`: of a certificate, its DER.
pub(crate) const VALUE: u32 = 0x011;
/// `CKA_ID`
pub(crate) const ID: u32 = 0x102;
/// `CKA_MODULUS`
pub(crate) const MODULUS: u32 = 0x120;
/// The maker's own: by which number the card knows the key.
pub(crate) const HANDLE: u32 = 0x8000_0100;

/// Type and length.
const HEADER: usize = 8;

/// `CK_UNAVAILABLE_INFORMATION` (PKCS#11) where a length stands: there is no value.
const UNAVAILABLE: u32 = u32::MAX;

/// PKCS#11 attributes in a row: type and length, each 4 bytes little-endian, then the value. They
/// end at the first that is cut short, or at zeros.
#[derive(Clone, Debug)]
pub(crate) struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    pub(crate) fn new(stream: &'a [u8]) -> Self {
        Self(stream)
    }

    /// The value of the first attribute of this type.
    pub(crate) fn find(&self, kind: u32) -> Option<&'a [u8]> {
        self.clone()
            .find_map(|(found, value)| (found == kind).then_some(value))
    }

    /// The value of an attribute that is a number of 4 bytes.
    pub(crate) fn number(&self, kind: u32) -> Option<u32> {
        let value = self.find(kind)?.as_array()?;
        Some(u32::from_le_bytes(*value))
    }

    /// Whether the stream goes no further than these bytes: zeros follow.
    pub(crate) fn ended(mut self) -> bool {
        while self.next().is_some() {}
        self.0.len() >= HEADER && self.0[..HEADER] == [0; HEADER]
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, rest) = self.0.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let kind = u32::from_le_bytes(*kind);
        let length = match u32::from_le_bytes(*length) {
            // Of all attributes `CKA_CLASS` is never empty.
            0 if kind == 0 => return None,
            UNAVAILABLE => 0,
            length => usize::try_from(length).ok()?,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((kind, value))
    }
}
