//! Command APDUs as ISO 7816-4 frames them: short and extended, cases 1 to 4.

use crate::status_word::StatusWord;

/// Le as it was written: its bytes matter, because secure messaging repeats them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Le {
    /// One byte; 00 asks for up to 256 bytes.
    Short(u8),
    /// Two bytes; 0000 asks for up to 65,536 bytes.
    Extended(u16),
}

impl Le {
    /// How many bytes are asked for, at most; `None` for "as many as there are" (00 or 0000).
    pub fn exact(self) -> Option<usize> {
        match self {
            Le::Short(0) | Le::Extended(0) => None,
            Le::Short(length) => Some(usize::from(length)),
            Le::Extended(length) => Some(usize::from(length)),
        }
    }

    /// The number written, where 00 and 0000 are both 0.
    pub fn number(self) -> u16 {
        match self {
            Le::Short(length) => u16::from(length),
            Le::Extended(length) => length,
        }
    }
}

/// A command APDU taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apdu {
    /// Class.
    pub cla: u8,
    /// Instruction.
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// Data field; empty if there is none.
    pub data: Vec<u8>,
    /// Expected length, if the command expects an answer.
    pub le: Option<Le>,
}

impl Apdu {
    /// Takes a command apart; 6700 if its lengths contradict each other.
    pub fn parse(bytes: &[u8]) -> Result<Apdu, StatusWord> {
        let (&[cla, ins, p1, p2], body) =
            bytes.split_first_chunk().ok_or(StatusWord::WRONG_LENGTH)?;
        let (data, le) = match *body {
            [] => (&[][..], None),
            [le] => (&[][..], Some(Le::Short(le))),
            [0, high, low] => (&[][..], Some(Le::Extended(u16::from_be_bytes([high, low])))),
            [0, high, low, ref rest @ ..] => {
                let length = usize::from(u16::from_be_bytes([high, low]));
                match rest.split_at_checked(length) {
                    Some((data, [])) => (data, None),
                    Some((data, &[high, low])) => {
                        (data, Some(Le::Extended(u16::from_be_bytes([high, low]))))
                    }
                    _ => return Err(StatusWord::WRONG_LENGTH),
                }
            }
            [length, ref rest @ ..] => match rest.split_at_checked(usize::from(length)) {
                Some((data, [])) => (data, None),
                Some((data, &[le])) => (data, Some(Le::Short(le))),
                _ => return Err(StatusWord::WRONG_LENGTH),
            },
        };
        Ok(Apdu {
            cla,
            ins,
            p1,
            p2,
            data: data.to_vec(),
            le,
        })
    }

    /// The four header bytes.
    pub fn header(&self) -> [u8; 4] {
        [self.cla, self.ins, self.p1, self.p2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_short_and_extended() {
        let cases: [(&str, usize, Option<Le>); 8] = [
            ("00A40000", 0, None),
            ("00CA018600", 0, Some(Le::Short(0))),
            ("00A40000023F00", 2, None),
            ("00A40000023F0000", 2, Some(Le::Short(0))),
            ("00B000000000D8", 0, Some(Le::Extended(0xD8))),
            ("00D60000000002ABCD", 2, None),
            ("00D60000000002ABCD0100", 2, Some(Le::Extended(0x100))),
            ("00B00000000000", 0, Some(Le::Extended(0))),
        ];
        for (bytes, length, le) in cases {
            let apdu = Apdu::parse(&hex::decode(bytes).unwrap()).unwrap();
            assert_eq!((apdu.data.len(), apdu.le), (length, le), "{bytes}");
        }
        for bytes in [
            "",
            "00A400",
            "00A40000023F",
            "00A40000023F000000",
            "00D60000000003ABCD",
            "00D6000000FFFF",
        ] {
            let refused = Apdu::parse(&hex::decode(bytes).unwrap());
            let expected = if bytes == "00D6000000FFFF" {
                // This one is a case 2 extended command, and a legal one.
                refused.is_ok()
            } else {
                refused == Err(StatusWord::WRONG_LENGTH)
            };
            assert!(expected, "{bytes}");
        }
    }
}
