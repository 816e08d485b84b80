//! Distinguished names, in whatever string type their issuer wrote them.

use std::fmt;

use der::{Any, Encode, Tag, Tagged};
use x509_cert::name::Name as DistinguishedName;
use x509_cert::spki::ObjectIdentifier;

const PARTS: [(ObjectIdentifier, &str); 16] = [
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
    (ObjectIdentifier::new_unwrap("2.5.4.9"), "street"),
    (ObjectIdentifier::new_unwrap("2.5.4.17"), "postalCode"),
    (ObjectIdentifier::new_unwrap("2.5.4.46"), "dnQualifier"),
    (
        ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25"),
        "DC",
    ),
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
    /// Every attribute in the order of the certificate.
    pub attributes: Vec<Attribute>,
    /// The name in DER, for comparing.
    pub der: Vec<u8>,
}

/// One attribute of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// What it is, as an object identifier.
    pub oid: String,
    /// Its short name, such as `CN`; `None` for a rare one.
    pub name: Option<&'static str>,
    /// Its text.
    pub value: String,
    /// The string type that its issuer chose, such as `UTF8String`.
    pub encoding: &'static str,
}

impl From<&DistinguishedName> for Name {
    fn from(name: &DistinguishedName) -> Self {
        let attributes: Vec<Attribute> = name
            .0
            .iter()
            .flat_map(|relative| relative.0.iter())
            .map(|attribute| Attribute {
                oid: attribute.oid.to_string(),
                name: PARTS
                    .iter()
                    .find(|(identifier, _)| *identifier == attribute.oid)
                    .map(|(_, name)| *name),
                value: text(&attribute.value),
                encoding: encoding(attribute.value.tag()),
            })
            .collect();
        let of = |name: &'static str| {
            attributes
                .iter()
                .filter(move |attribute| attribute.name == Some(name))
                .map(|attribute| attribute.value.clone())
        };
        let all = |name: &'static str| of(name).collect();
        let first = |name: &'static str| of(name).next();
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
        for (index, attribute) in self.attributes.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let key = attribute.name.unwrap_or(&attribute.oid);
            write!(formatter, "{comma}{key}={}", attribute.value)?;
        }
        Ok(())
    }
}

fn encoding(tag: Tag) -> &'static str {
    match tag {
        Tag::Utf8String => "UTF8String",
        Tag::PrintableString => "PrintableString",
        Tag::Ia5String => "IA5String",
        Tag::NumericString => "NumericString",
        Tag::VisibleString => "VisibleString",
        Tag::TeletexString => "TeletexString",
        Tag::BmpString => "BMPString",
        _ => "ANY",
    }
}

/// The text of an attribute. A `TeletexString` is read as UTF-8 if it is, else as Latin-1, as
/// everybody does; what is no string at all is shown as hexadecimal after `#` (RFC 4514).
pub fn text(value: &Any) -> String {
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
