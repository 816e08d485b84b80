//! EF(AODF): PINs (PKCS#15 v1.1, section 6.8).

use der::Tag;

use super::record::{Record, bit, parse_each, small_integer};

/// A record of a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PinObject {
    /// The PIN's number on the card.
    pub reference: u8,
    /// Neither a security officer's PIN nor one that unlocks another.
    pub is_user_pin: bool,
}

/// All readable records of PINs; other means of authentication are left out.
pub(crate) fn parse(file: &[u8]) -> Vec<PinObject> {
    const UNBLOCKING_PIN: usize = 6;
    const SECURITY_OFFICER_PIN: usize = 7;
    parse_each(file, |bytes| {
        let attributes = Record::parse(bytes)?.kind;
        let flags = attributes.first(Tag::BitString)?;
        Some(PinObject {
            reference: attributes.tagged(0).map_or(Some(0), small_integer)?,
            is_user_pin: !bit(flags, UNBLOCKING_PIN) && !bit(flags, SECURITY_OFFICER_PIN),
        })
    })
}
