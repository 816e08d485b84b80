//! READ and UPDATE BINARY, READ, APPEND and UPDATE RECORD.

use super::Card;
use crate::apdu::Le;
use crate::file::{Body, File, RecordBytes, Records};
use crate::status_word::StatusWord;

/// Longest READ BINARY; what a longer Le does on a token is unknown, so hosts that try
/// it shall notice here.
const LONGEST_READ: usize = 256;

impl Card {
    /// `00 B0`: bytes of the current file. Le 00 reads to the end or 256 bytes *(choice)*;
    /// a Le beyond the end gets 6Cxx, an offset beyond it 6B00, as a token did.
    pub(super) fn read_binary(&self, offset: usize, le: Le) -> Result<Vec<u8>, StatusWord> {
        let content = transparent(self.current_file(|file| file.access.read())?)?;
        let rest = content
            .get(offset..)
            .filter(|rest| !rest.is_empty())
            .ok_or(StatusWord::WRONG_OFFSET)?;
        let length = match le.exact() {
            None => rest.len().min(LONGEST_READ),
            Some(length) if length > LONGEST_READ => return Err(StatusWord::WRONG_LENGTH),
            Some(length) => length,
        };
        rest.get(..length).map(<[u8]>::to_vec).ok_or_else(|| {
            // Le was at most 256 and the rest is shorter.
            StatusWord::wrong_le(u8::try_from(rest.len()).unwrap_or(0))
        })
    }

    /// `00 D6`: 6B00 outside the file, 6A84 across its end *(choice)*.
    pub(super) fn update_binary(&mut self, offset: usize, data: &[u8]) -> Result<(), StatusWord> {
        let file = self.current_file_mut(|file| file.access.update())?;
        let Body::Transparent(content) = &mut file.body else {
            return Err(StatusWord::WRONG_FILE_TYPE);
        };
        let rest = content.get_mut(offset..).ok_or(StatusWord::WRONG_OFFSET)?;
        rest.get_mut(..data.len())
            .ok_or(StatusWord::NO_SPACE)?
            .copy_from_slice(data);
        self.changes += 1;
        Ok(())
    }

    /// `00 B2`: a whole record; a Le longer than it is no error *(choice)*.
    pub(super) fn read_record(&self, number: u8, le: Le) -> Result<Vec<u8>, StatusWord> {
        let file = self.current_file(|file| file.access.read())?;
        let Body::Records(Records { records, .. }) = &file.body else {
            return Err(StatusWord::WRONG_FILE_TYPE);
        };
        let RecordBytes(record) = records
            .get(usize::from(number) - 1)
            .ok_or(StatusWord::RECORD_NOT_FOUND)?;
        let length = le.exact().unwrap_or(record.len()).min(record.len());
        Ok(record[..length].to_vec())
    }

    /// `00 E2`: one more record at the end.
    pub(super) fn append_record(&mut self, data: Vec<u8>) -> Result<(), StatusWord> {
        let file = self.current_file_mut(|file| file.access.use_or_append())?;
        let Body::Records(Records { longest, records }) = &mut file.body else {
            return Err(StatusWord::WRONG_FILE_TYPE);
        };
        if data.is_empty() || data.len() > usize::from(*longest) {
            return Err(StatusWord::WRONG_LENGTH);
        }
        if records.len() == 254 {
            return Err(StatusWord::NO_SPACE);
        }
        records.push(RecordBytes(data));
        self.changes += 1;
        Ok(())
    }

    /// `00 DC`: replaces a record, whatever its length was.
    pub(super) fn update_record(&mut self, number: u8, data: Vec<u8>) -> Result<(), StatusWord> {
        let file = self.current_file_mut(|file| file.access.update())?;
        let Body::Records(Records { longest, records }) = &mut file.body else {
            return Err(StatusWord::WRONG_FILE_TYPE);
        };
        let record = records
            .get_mut(usize::from(number) - 1)
            .ok_or(StatusWord::RECORD_NOT_FOUND)?;
        if data.is_empty() || data.len() > usize::from(*longest) {
            return Err(StatusWord::WRONG_LENGTH);
        }
        *record = RecordBytes(data);
        self.changes += 1;
        Ok(())
    }
}

fn transparent(file: &File) -> Result<&[u8], StatusWord> {
    match &file.body {
        Body::Transparent(content) => Ok(content),
        _ => Err(StatusWord::WRONG_FILE_TYPE),
    }
}
