//! EF(PrKDF): private keys (PKCS#15 v1.1, section 6.3).

use der::Tag;

use super::path::Path;
use super::record::{Record, parse_each, small_integer};

/// A record of a private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PrivateKeyObject {
    /// The identifier that its certificate has, too.
    pub id: Vec<u8>,
    /// Its number on the card, if that is between 0 and 255.
    pub reference: Option<u8>,
    pub path: Path,
}

/// All readable records of RSA keys, and of keys on elliptic curves (tagged `[0]`).
pub(crate) fn parse(file: &[u8]) -> Vec<PrivateKeyObject> {
    parse_each(file, |bytes| {
        let record = Record::parse(bytes).or_else(|| Record::parse_tagged(bytes, 0))?;
        Some(PrivateKeyObject {
            id: record.class.octets()?,
            reference: record.class.first(Tag::Integer).and_then(small_integer),
            path: record.kind.get(0).and_then(Path::parse).unwrap_or_default(),
        })
    })
}
