//! Distinguished names, in whatever string type their issuer wrote them.

use std::fmt;

use der::{Any, Encode, Tag, Tagged};
use x509_cert::name::Name as DistinguishedName;
use x509_cert::spki::ObjectIdentifier;

const PARTS: [(ObjectIdentifier, &str); 12] = [
    (ObjectIdentifier::new_unwrap("2.5.4.3"), "CN"),
    (ObjectIdentifier::new_unwrap("2.5.4.4"), "SN"),
    (ObjectIdentifier::new_unwrap("2.5.4.5"), "serialNumber"),
    (ObjectIdentifier::new_unwrap("2.5.4.6"), "C"),
    (ObjectIdentifier::new_unwrap("2.5.4.7"), "L"),
    (ObjectIdentifier::new_unwrap("2.5.4.8"), "ST"),
    (ObjectIdentifier::new_unwrap("2.5.4.10"), "O"),
    (ObjectIdentifier::new_unwrap("2.5.4.11"), "OU"),
    (ObjectIdentifier::new_unwrap("2.5.4.12"), "title"),
    (ObjectIdentifier::new_unwrap("2.5.4.42"), "GN"),
    (
        ObjectIdentifier::new_unwrap("2.5.4.97"),
        "organizationIdentifier",
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1"),
        "emailAddress",
    ),
];

/// A distinguished name, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// CN; the first if there are several.
    pub common_name: Option<String>,
    /// O
    pub organization: Option<String>,
    /// OU, in the order of the certificate.
    pub organizational_units: Vec<String>,
    /// serialNumber, an attribute of the person or company, not of the certificate.
    pub serial_number: Option<String>,
    /// C
    pub country: Option<String>,
    /// Every attribute in the order of the certificate: its short name, or its object identifier,
    /// and its text.
    pub attributes: Vec<(String, String)>,
    /// The name in DER, for comparing.
    pub der: Vec<u8>,
}

impl From<&DistinguishedName> for Name {
    fn from(name: &DistinguishedName) -> Self {
        let attributes: Vec<(String, String)> = name
            .0
            .iter()
            .flat_map(|relative| relative.0.iter())
            .map(|attribute| {
                let key = PARTS
                    .iter()
                    .find(|(identifier, _)| *identifier == attribute.oid)
                    .map_or_else(|| attribute.oid.to_string(), |(_, key)| (*key).to_owned());
                (key, text(&attribute.value))
            })
            .collect();
        let all = |key: &str| {
            attributes
                .iter()
                .filter(|(name, _)| name == key)
                .map(|(_, text)| text.clone())
                .collect()
        };
        let first = |key: &str| {
            attributes
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, text)| text.clone())
        };
        Self {
            common_name: first("CN"),
            organization: first("O"),
            organizational_units: all("OU"),
            serial_number: first("serialNumber"),
            country: first("C"),
            der: name.to_der().unwrap_or_default(),
            attributes,
        }
    }
}

/// As in `CN=山田 太郎, O=株式会社サンプル, C=JP`; for people, not for parsing.
impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, text)) in self.attributes.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(formatter, "{comma}{key}={text}")?;
        }
        Ok(())
    }
}

/// The text of an attribute. A `TeletexString` is read as UTF-8 if it is, else as Latin-1, as
/// everybody does; what is no string at all is shown as hexadecimal after `#` (RFC 4514).
fn text(value: &Any) -> String {
    let bytes = value.value();
    let latin = || bytes.iter().map(|&byte| char::from(byte)).collect();
    match value.tag() {
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::NumericString
        | Tag::VisibleString => String::from_utf8_lossy(bytes).into_owned(),
        Tag::TeletexString => {
            std::str::from_utf8(bytes).map_or_else(|_| latin(), ToOwned::to_owned)
        }
        Tag::BmpString => {
            let units = bytes
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units)
                .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        _ => value
            .to_der()
            .map_or_else(|_| "#".to_owned(), |der| format!("#{}", hex::encode(der))),
    }
}
