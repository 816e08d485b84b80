//! BER-TLV data objects (ISO/IEC 7816-4, clause 5.2.2), read leniently and written strictly.

/// One data object. `tag` holds its one to three tag bytes as a big-endian number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataObject<'a> {
    /// The tag as it stands on the wire, such as `0x82` or `0x5F2D`.
    pub tag: u32,
    /// The value.
    pub value: &'a [u8],
}

/// Walks over a sequence of data objects. It ends at the end of the bytes, at a `00` where a tag
/// should stand (padding), or at the first object that does not fit.
#[derive(Clone, Debug)]
pub struct DataObjects<'a> {
    rest: &'a [u8],
}

impl<'a> DataObjects<'a> {
    /// Starts at the first byte of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The value of the first object with this tag.
    pub fn find(mut self, tag: u32) -> Option<&'a [u8]> {
        self.find_map(|object| (object.tag == tag).then_some(object.value))
    }
}

impl<'a> Iterator for DataObjects<'a> {
    type Item = DataObject<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (object, rest) = split_object(self.rest)?;
        self.rest = rest;
        Some(object)
    }
}

/// The first object of `bytes` and what follows it.
pub fn split_object(bytes: &[u8]) -> Option<(DataObject<'_>, &[u8])> {
    let (tag, rest) = split_tag(bytes)?;
    let (length, rest) = split_length(rest)?;
    let (value, rest) = rest.split_at_checked(length)?;
    Some((DataObject { tag, value }, rest))
}

/// The length in bytes, header included, of the object that `bytes` begins with; `bytes` need hold
/// no more than that header.
pub fn object_length(bytes: &[u8]) -> Option<usize> {
    let (_, rest) = split_tag(bytes)?;
    let (length, rest) = split_length(rest)?;
    (bytes.len() - rest.len()).checked_add(length)
}

fn split_tag(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (&first, mut rest) = bytes.split_first()?;
    if first == 0 {
        return None;
    }
    let mut tag = u32::from(first);
    if first & 0x1F == 0x1F {
        for _ in 0..2 {
            let (&next, after) = rest.split_first()?;
            tag = tag << 8 | u32::from(next);
            rest = after;
            if next & 0x80 == 0 {
                return Some((tag, rest));
            }
        }
        return None;
    }
    Some((tag, rest))
}

fn split_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7F);
    if !(1..=3).contains(&count) {
        return None;
    }
    let (digits, rest) = rest.split_at_checked(count)?;
    Some((
        digits
            .iter()
            .fold(0, |length, &digit| length << 8 | usize::from(digit)),
        rest,
    ))
}

/// Writes an object with a one-byte tag and the shortest length field. `value` has at most 65,535
/// bytes.
pub fn encode(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let [high, low] = u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes();
    match (high, low) {
        (0, 0..0x80) => bytes.push(low),
        (0, _) => bytes.extend_from_slice(&[0x81, low]),
        _ => bytes.extend_from_slice(&[0x82, high, low]),
    }
    bytes.extend_from_slice(value);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_capabilities_answer_is_read() {
        let bytes =
            hex::decode("80010181021DD482010083020000840101850A07552E6F44EB001A0003860100870101")
                .unwrap();
        let tags: Vec<u32> = DataObjects::new(&bytes).map(|object| object.tag).collect();
        assert_eq!(tags, [0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87]);
        assert_eq!(DataObjects::new(&bytes).find(0x87), Some(&[1][..]));
        assert_eq!(DataObjects::new(&bytes).find(0x88), None);
    }

    #[test]
    fn lengths_round_trip() {
        for length in [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF] {
            let value = vec![7; length];
            let bytes = encode(0x87, &value);
            assert_eq!(
                split_object(&bytes),
                Some((
                    DataObject {
                        tag: 0x87,
                        value: &value
                    },
                    &[][..]
                ))
            );
            assert_eq!(
                object_length(&bytes[..bytes.len().min(4)]),
                Some(bytes.len())
            );
        }
    }

    #[test]
    fn no_truncation_panics_or_invents_bytes() {
        let whole = [
            encode(0x30, &[5; 200]),
            encode(0x5F, &[1]),
            vec![0x5F, 0x2D, 0x01, 0x41],
        ]
        .concat();
        for end in 0..whole.len() {
            let total: usize = DataObjects::new(&whole[..end])
                .map(|object| object.value.len())
                .sum();
            assert!(total <= end);
        }
        assert_eq!(split_object(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]), None);
        assert_eq!(split_object(&[0x30, 0x80, 0, 0]), None);
        assert_eq!(split_object(&[0, 1, 2]), None);
    }
}
