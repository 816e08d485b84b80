//! BER-TLV with one-byte tags, all this card uses.

/// `tag ‖ length ‖ value`, the length in 1, 2 or 3 bytes.
///
/// Panics if the value is longer than 65,535 bytes; nothing on the card is.
pub fn encode(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).expect("the card has no object over 65,535 bytes");
    let [high, low] = length.to_be_bytes();
    let mut object = vec![tag];
    match length {
        0..=0x7F => object.push(low),
        0x80..=0xFF => object.extend([0x81, low]),
        _ => object.extend([0x82, high, low]),
    }
    object.extend(value);
    object
}

/// Splits the first object off: its tag, its value, and what follows it.
pub fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (
            usize::from(u16::from_be_bytes(*rest.first_chunk()?)),
            &rest[2..],
        ),
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((tag, value, rest))
}

/// All objects in a row, or `None` if they do not end where the bytes end.
pub fn parse(mut bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut objects = Vec::new();
    while !bytes.is_empty() {
        let (tag, value, rest) = split(bytes)?;
        objects.push((tag, value));
        bytes = rest;
    }
    Some(objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_round_trip_and_cut_objects_are_refused() {
        for length in [0, 1, 0x7F, 0x80, 0xE1, 0xFF, 0x100, 0x111] {
            let value = vec![0xA5; length];
            let object = encode(0x87, &value);
            assert_eq!(parse(&object), Some(vec![(0x87, value.as_slice())]));
            for cut in 1..object.len() {
                assert_eq!(parse(&object[..cut]), None, "length {length} cut at {cut}");
            }
        }
        assert_eq!(encode(0x87, &[0; 0xE1])[..3], [0x87, 0x81, 0xE1]);
        assert_eq!(parse(&[0x87, 0x80, 0x00]), None);
    }
}
