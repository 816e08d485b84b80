//! What a certificate says about its holder, in words for a page.

use std::time::SystemTime;

use der::asn1::{BmpString, ObjectIdentifier, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use der::{Any, DateTime, Tag, Tagged};
use serde::Serialize;
use x509_cert::name::Name;

use super::Certificate;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANISATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const ORGANISATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");

/// The holder's details, independent of how the certificate arrived (a Web
/// eID token, a document signature or a TLS handshake).
///
/// Names are data from a stranger: control and direction characters are
/// replaced by their visible symbols, nothing else is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// The common name, or the whole subject when there is none.
    pub name: String,
    /// The organisation, if named.
    pub organisation: Option<String>,
    /// The service's certificate ID: `FC` and more letters and digits.
    pub certificate_id: Option<String>,
    /// The issuer's common name, or its whole name when there is none.
    pub issuer: String,
    /// The serial number in upper-case hexadecimal.
    pub serial: String,
    /// Begin of validity, RFC 3339 in UTC.
    pub valid_from: String,
    /// End of validity, RFC 3339 in UTC.
    pub valid_until: String,
}

impl From<&Certificate> for Holder {
    fn from(certificate: &Certificate) -> Self {
        let fields = &certificate.decoded().tbs_certificate;
        Self {
            name: common_name_of(&fields.subject),
            organisation: texts(&fields.subject, ORGANISATION).next(),
            certificate_id: texts(&fields.subject, ORGANISATIONAL_UNIT)
                .find(|text| is_certificate_id(text)),
            issuer: common_name_of(&fields.issuer),
            serial: hex::encode_upper(fields.serial_number.as_bytes()),
            valid_from: date_of(fields.validity.not_before.to_system_time()),
            valid_until: date_of(fields.validity.not_after.to_system_time()),
        }
    }
}

/// A time as RFC 3339 text in UTC, to the second.
pub fn date_of(time: SystemTime) -> String {
    DateTime::from_system_time(time).map_or_else(|_| String::new(), |date| date.to_string())
}

fn is_certificate_id(text: &str) -> bool {
    text.strip_prefix("FC")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn common_name_of(name: &Name) -> String {
    texts(name, COMMON_NAME)
        .next()
        .unwrap_or_else(|| visible(&name.to_string()))
}

/// The values of one attribute type, in the order of the certificate.
fn texts(name: &Name, attribute: ObjectIdentifier) -> impl Iterator<Item = String> + '_ {
    name.0
        .iter()
        .flat_map(|relative| relative.0.iter())
        .filter(move |entry| entry.oid == attribute)
        .filter_map(|entry| text_of(&entry.value))
        .map(|text| visible(&text))
}

/// A directory string as text (RFC 5280, section 4.1.2.4).
fn text_of(value: &Any) -> Option<String> {
    match value.tag() {
        Tag::Utf8String => Some(value.decode_as::<Utf8StringRef<'_>>().ok()?.to_string()),
        Tag::PrintableString => Some(
            value
                .decode_as::<PrintableStringRef<'_>>()
                .ok()?
                .to_string(),
        ),
        Tag::TeletexString => Some(value.decode_as::<TeletexStringRef<'_>>().ok()?.to_string()),
        Tag::BmpString => Some(value.decode_as::<BmpString>().ok()?.to_string()),
        _ => None,
    }
}

/// Replaces what would act on a screen instead of being seen.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\x7f' => '\u{2421}',
            '\u{80}'..='\u{9f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => '\u{fffd}',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_id_is_fc_and_alphanumerics() {
        for (text, good) in [
            ("FC12345678", true),
            ("FC0aZ", true),
            ("FC", false),
            ("fc12345678", false),
            ("FC1234-5678", false),
            ("営業部", false),
        ] {
            assert_eq!(is_certificate_id(text), good, "{text}");
        }
    }

    #[test]
    fn nothing_in_a_name_acts_on_the_screen() {
        assert_eq!(
            visible("山田\u{202e}\n太郎\u{200b}\x7f"),
            "山田\u{fffd}\u{240a}太郎\u{fffd}\u{2421}"
        );
    }
}
