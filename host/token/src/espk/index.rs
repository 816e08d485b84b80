//! The index: which file has which name.

/// How many files a directory of this card holds at most.
const MOST_FILES: usize = 127;

const RECORD: usize = 30;

/// A file by its record: identifier (2 bytes, little-endian; FFFF the name of a directory, 0000
/// nothing), directory (10), name (13), access (1), bytes in use (2), bytes set aside (2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileRecord {
    /// The file's identifier on the card.
    pub id: u16,
    /// Such as `cert0000`.
    pub name: String,
    /// Bytes in use, by the record's word; 0 if it does not say.
    pub used: usize,
}

/// What the files are that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `certNNNN`
    Certificate(u16),
    /// `pubkNNNN`
    PublicKey(u16),
    /// `prvkNNNN`
    PrivateKey(u16),
    /// `containermap`
    ContainerMap,
    /// `tokeninfo`
    TokenInfo,
    /// Any other.
    Other,
}

impl FileRecord {
    pub(crate) fn kind(&self) -> Kind {
        match self.name.as_str() {
            "containermap" => Kind::ContainerMap,
            "tokeninfo" => Kind::TokenInfo,
            name => numbered(name).unwrap_or(Kind::Other),
        }
    }
}

fn numbered(name: &str) -> Option<Kind> {
    let (kind, digits) = name.split_at_checked(4)?;
    let number = match digits.as_bytes() {
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9'] => digits.parse().ok()?,
        _ => return None,
    };
    match kind {
        "cert" => Some(Kind::Certificate(number)),
        "pubk" => Some(Kind::PublicKey(number)),
        "prvk" => Some(Kind::PrivateKey(number)),
        _ => None,
    }
}

/// The files in the order of the index. Of two records for one file, or with one name, the first
/// counts; the index itself, `own_id`, is nobody's content.
pub(crate) fn parse(index: &[u8], own_id: u16) -> Vec<FileRecord> {
    let mut files: Vec<FileRecord> = Vec::new();
    for record in index.chunks_exact(RECORD) {
        let Some(file) = parse_record(record) else {
            continue;
        };
        let known = |other: &FileRecord| other.id == file.id || other.name == file.name;
        if file.id == own_id || files.iter().any(known) {
            continue;
        }
        if files.len() == MOST_FILES {
            break;
        }
        files.push(file);
    }
    files
}

/// Where the identifier ends of the record after the last one in use: whatever comes new is written
/// before that.
pub(crate) fn end(index: &[u8]) -> usize {
    const IDENTIFIER: usize = 2;
    let used = index.iter().rposition(|&byte| byte != 0);
    let records = used.map_or(0, |last| last / RECORD + 1);
    (records * RECORD + IDENTIFIER).min(index.len())
}

fn parse_record(record: &[u8]) -> Option<FileRecord> {
    let (id, rest) = record.split_first_chunk()?;
    let (_folder, rest) = rest.split_first_chunk::<10>()?;
    let (name, rest) = rest.split_first_chunk::<13>()?;
    let (_access, rest) = rest.split_first()?;
    let (used, _set_aside) = rest.split_first_chunk()?;
    let id = match u16::from_le_bytes(*id) {
        0x0000 | 0xFFFF => return None,
        id => id,
    };
    let length = name.iter().position(|&byte| byte == 0);
    let name = &name[..length.unwrap_or(name.len())];
    Some(FileRecord {
        id,
        name: String::from_utf8_lossy(name).into_owned(),
        used: u16::from_le_bytes(*used).into(),
    })
}
