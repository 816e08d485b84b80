//! What all records of directory files have in common (PKCS#15 v1.1, section 6.1.8):
//! `SEQUENCE { common attributes, attributes of the class, [0] of the subclass, [1] of the type }`.

use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};
use kagibashi_card::tlv::split_object;

/// The records of a directory file as whole DER objects, up to the first `00`.
pub(super) fn records(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = file;
    std::iter::from_fn(move || {
        let (_, after) = split_object(rest)?;
        let (record, after) = rest.split_at(rest.len() - after.len());
        rest = after;
        Some(record)
    })
}

/// Reads every record with `read`, leaving out those it cannot read.
pub(super) fn parse_each<T>(file: &[u8], read: impl Fn(&[u8]) -> Option<T>) -> Vec<T> {
    records(file)
        .filter_map(|record| {
            let object = read(record);
            if object.is_none() {
                tracing::warn!("a record of a directory file cannot be read and is left out");
            }
            object
        })
        .collect()
}

/// The fields of a constructed object, in their order.
#[derive(Debug)]
pub(super) struct Fields<'a>(Vec<AnyRef<'a>>);

impl<'a> Fields<'a> {
    /// `contents` is what stands within the object, without its tag and length.
    pub(super) fn parse(contents: &'a [u8]) -> Option<Self> {
        let mut reader = SliceReader::new(contents).ok()?;
        let mut fields = Vec::new();
        while !reader.is_finished() {
            fields.push(reader.decode().ok()?);
        }
        Some(Self(fields))
    }

    pub(super) fn of_sequence(object: AnyRef<'a>) -> Option<Self> {
        (object.tag() == Tag::Sequence).then(|| Self::parse(object.value()))?
    }

    pub(super) fn get(&self, index: usize) -> Option<AnyRef<'a>> {
        self.0.get(index).copied()
    }

    /// The first field with a universal tag.
    pub(super) fn first(&self, tag: Tag) -> Option<AnyRef<'a>> {
        self.all(tag).next()
    }

    /// All fields with a universal tag.
    pub(super) fn all(&self, tag: Tag) -> impl Iterator<Item = AnyRef<'a>> {
        self.0
            .iter()
            .copied()
            .filter(move |field| field.tag() == tag)
    }

    /// The field tagged `[number]`, be it primitive or constructed.
    pub(super) fn tagged(&self, number: u8) -> Option<AnyRef<'a>> {
        let number = TagNumber::new(number);
        self.0.iter().copied().find(|field| {
            matches!(field.tag(), Tag::ContextSpecific { number: found, .. } if found == number)
        })
    }

    pub(super) fn octets(&self) -> Option<Vec<u8>> {
        let octets: OctetStringRef<'_> = self.first(Tag::OctetString)?.decode_as().ok()?;
        Some(octets.as_bytes().to_vec())
    }
}

/// A record of an untagged kind, such as an X.509 certificate or an RSA key.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// May be empty.
    pub label: String,
    pub class: Fields<'a>,
    /// The attributes of the type: what stands within `[1]`.
    pub kind: Fields<'a>,
}

impl<'a> Record<'a> {
    pub(super) fn parse(record: &'a [u8]) -> Option<Self> {
        Self::of(&Fields::of_sequence(AnyRef::from_der(record).ok()?)?)
    }

    /// A record of the kind `[number]`, such as a key on an elliptic curve.
    pub(super) fn parse_tagged(record: &'a [u8], number: u8) -> Option<Self> {
        Self::of(&Fields::parse(
            Fields::parse(record)?.tagged(number)?.value(),
        )?)
    }

    fn of(fields: &Fields<'a>) -> Option<Self> {
        let common = Fields::of_sequence(fields.get(0)?)?;
        let label = common
            .first(Tag::Utf8String)
            .map(|label| String::from_utf8_lossy(label.value()).into_owned())
            .unwrap_or_default();
        let kind = Fields::parse(fields.tagged(1)?.value())?;
        Some(Self {
            label,
            class: Fields::of_sequence(fields.get(1)?)?,
            kind: Fields::of_sequence(kind.get(0)?)?,
        })
    }
}

/// Whether a bit of a BIT STRING is set; bits are counted from the left.
pub(super) fn bit(string: AnyRef<'_>, index: usize) -> bool {
    let bytes = string.value().get(1..).unwrap_or_default();
    bytes
        .get(index / 8)
        .is_some_and(|byte| byte << (index % 8) & 0x80 != 0)
}

/// The number in a small non-negative INTEGER, whatever its tag.
pub(super) fn small_integer(field: AnyRef<'_>) -> Option<u8> {
    match *field.value() {
        [number] if number < 0x80 => Some(number),
        [0, number] if number >= 0x80 => Some(number),
        _ => None,
    }
}
