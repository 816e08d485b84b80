//! Native messaging frames: four length bytes in native order, then JSON.

use std::io::{self, Read, Write};

use byteorder::{NativeEndian, ReadBytesExt, WriteBytesExt};
use zeroize::Zeroizing;

use crate::error::ErrorCode;

/// Why no frame could be read. After any of these the stream has no known
/// frame border any more.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The length is zero.
    #[error("a frame of length 0")]
    Empty,
    /// The length is over the limit; nothing was allocated.
    #[error("a frame of {0} bytes")]
    TooLarge(u32),
    /// The stream ended inside the length or the body.
    #[error("the stream ended inside a frame")]
    Truncated,
    /// The stream itself failed.
    #[error("the stream failed: {0}")]
    Stream(#[from] io::Error),
}

impl FrameError {
    /// The code that is told to the extension.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Empty => ErrorCode::MessageEmpty,
            Self::TooLarge(_) => ErrorCode::MessageTooLarge,
            Self::Truncated | Self::Stream(_) => ErrorCode::MessageTruncated,
        }
    }
}

/// Reads the body of one frame, of at most `limit` bytes; `None` when the
/// stream ended before one began.
///
/// The body may hold a PIN, so it is wiped when dropped.
pub fn read(
    stream: &mut impl Read,
    limit: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>, FrameError> {
    let mut first = [0];
    loop {
        match stream.read(&mut first) {
            Ok(0) => return Ok(None),
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let length = (&first[..])
        .chain(&mut *stream)
        .read_u32::<NativeEndian>()
        .map_err(inside_a_frame)?;
    let size = length as usize;
    if size == 0 {
        return Err(FrameError::Empty);
    }
    if size > limit {
        return Err(FrameError::TooLarge(length));
    }
    let mut body = Zeroizing::new(vec![0; size]);
    stream.read_exact(&mut body).map_err(inside_a_frame)?;
    Ok(Some(body))
}

fn inside_a_frame(error: io::Error) -> FrameError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        FrameError::Truncated
    } else {
        FrameError::Stream(error)
    }
}

/// Writes one frame and flushes it.
pub fn write(stream: &mut impl Write, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a frame over 4 GiB"))?;
    stream.write_u32::<NativeEndian>(length)?;
    stream.write_all(body)?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 65_536;

    fn framed(length: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn reads_what_was_written() {
        for size in [1, 2, 255, 256, 65_535, LIMIT] {
            let body = vec![b' '; size];
            let mut wire = Vec::new();
            write(&mut wire, &body).unwrap();
            write(&mut wire, b"{}").unwrap();
            let mut stream = &wire[..];
            assert_eq!(*read(&mut stream, LIMIT).unwrap().unwrap(), body);
            assert_eq!(*read(&mut stream, LIMIT).unwrap().unwrap(), b"{}");
            assert!(read(&mut stream, LIMIT).unwrap().is_none());
        }
    }

    #[test]
    fn refuses_bad_lengths_before_the_body() {
        // The stream behind the length is endless: only a reader that decides
        // by the length alone comes back.
        let mut endless = (&[0_u8; 4][..]).chain(io::repeat(b' '));
        assert!(matches!(read(&mut endless, LIMIT), Err(FrameError::Empty)));
        for length in [65_537, u32::MAX] {
            let length_bytes = length.to_ne_bytes();
            let mut endless = (&length_bytes[..]).chain(io::repeat(b' '));
            assert!(
                matches!(read(&mut endless, LIMIT), Err(FrameError::TooLarge(l)) if l == length)
            );
        }
    }

    #[test]
    fn says_when_the_stream_ends_inside() {
        let whole = framed(5, b"hello");
        for cut in 1..whole.len() {
            let outcome = read(&mut &whole[..cut], LIMIT);
            assert!(
                matches!(outcome, Err(FrameError::Truncated)),
                "cut at {cut}"
            );
        }
        assert!(read(&mut &[][..], LIMIT).unwrap().is_none());
    }
}
