//! EF(TokenInfo): what the token calls itself (PKCS#15 v1.1, section 6.9).

use std::time::Duration;

use der::asn1::{AnyRef, GeneralizedTime};
use der::{Decode, Tag};

use super::record::{Fields, records};

/// The fields of `TokenInfo` that are for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TokenDescription {
    pub manufacturer: String,
    pub label: String,
}

impl TokenDescription {
    /// `None` if it is no `TokenInfo`; fields that are absent are empty.
    pub(crate) fn parse(file: &[u8]) -> Option<Self> {
        let fields = Fields::of_sequence(AnyRef::from_der(records(file).next()?).ok()?)?;
        let text = |field: Option<AnyRef<'_>>| {
            field
                .map(|field| String::from_utf8_lossy(field.value()).trim_end().to_owned())
                .unwrap_or_default()
        };
        Some(Self {
            manufacturer: text(fields.first(Tag::Utf8String)),
            label: text(fields.tagged(0)),
        })
    }
}

/// When the token was last written to, in time since 1970; `None` if it does not say.
pub(crate) fn last_update(file: &[u8]) -> Option<Duration> {
    let fields = Fields::of_sequence(AnyRef::from_der(records(file).next()?).ok()?)?;
    let time = GeneralizedTime::from_der(fields.tagged(5)?.value()).ok()?;
    Some(time.to_unix_duration())
}
