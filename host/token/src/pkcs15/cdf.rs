//! EF(CDF): certificates (PKCS#15 v1.1, section 6.6).

use der::Tag;

use super::path::Path;
use super::record::{Record, parse_each};

/// A record of an X.509 certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateObject {
    /// May be empty.
    pub label: String,
    /// The identifier that its key has, too.
    pub id: Vec<u8>,
    /// Whether it is an authority's.
    pub authority: bool,
    pub path: Path,
}

/// All readable records of certificates that lie in a file of their own.
pub(crate) fn parse(file: &[u8]) -> Vec<CertificateObject> {
    parse_each(file, |bytes| {
        let record = Record::parse(bytes)?;
        Some(CertificateObject {
            id: record.class.octets()?,
            authority: record
                .class
                .first(Tag::Boolean)
                .is_some_and(|flag| flag.value() != [0]),
            path: Path::parse(record.kind.get(0)?)?,
            label: record.label,
        })
    })
}
