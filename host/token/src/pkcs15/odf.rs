//! EF(ODF): where the other directories are (PKCS#15 v1.1, section 6.2).

use der::asn1::AnyRef;
use der::{Decode, Tag, Tagged};

use super::path::Path;
use super::record::{Fields, records};

/// The directories we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Directory {
    PrivateKeys,
    Certificates,
    Authentication,
}

impl Directory {
    /// The context tags that mean it. There are three kinds of certificate directories: the
    /// holder's, trusted ones and useful ones.
    fn tags(self) -> &'static [u8] {
        match self {
            Self::PrivateKeys => &[0],
            Self::Certificates => &[4, 5, 6],
            Self::Authentication => &[8],
        }
    }
}

/// The paths of all directories of one kind.
pub(crate) fn parse(file: &[u8], directory: Directory) -> Vec<Path> {
    records(file)
        .filter_map(|record| {
            let object = AnyRef::from_der(record).ok()?;
            let Tag::ContextSpecific { number, .. } = object.tag() else {
                return None;
            };
            directory.tags().contains(&number.value()).then_some(())?;
            Path::parse(Fields::parse(object.value())?.get(0)?)
        })
        .collect()
}
