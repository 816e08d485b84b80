//! Commands: bytes become one of these once, and what makes no sense stops here.

use crate::apdu::{Apdu, Le};
use crate::fcp;
use crate::file::File;
use crate::secret::{Secret, SecretKind, Tries};
use crate::status_word::StatusWord;
use crate::tlv;

/// What a host may ask.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// GET DATA 0186: what the card can do.
    GetCapabilities,
    /// GET DATA 0180: serial number.
    GetSerial,
    /// INITIALIZE UPDATE: begins a handshake.
    InitializeUpdate { host_random: [u8; 8] },
    /// EXTERNAL AUTHENTICATE of the handshake.
    FinishHandshake { cryptogram: [u8; 8], mac: [u8; 8] },
    /// SELECT by file identifier.
    SelectFile { id: u16 },
    /// SELECT by DF name.
    SelectName { name: Vec<u8> },
    /// CREATE FILE.
    CreateFile(File),
    /// DELETE FILE.
    DeleteFile { id: u16 },
    /// LIST FILES of the current directory.
    ListFiles,
    /// READ BINARY.
    ReadBinary { offset: usize, le: Le },
    /// UPDATE BINARY.
    UpdateBinary { offset: usize, data: Vec<u8> },
    /// READ RECORD by number.
    ReadRecord { number: u8, le: Le },
    /// APPEND RECORD.
    AppendRecord { data: Vec<u8> },
    /// UPDATE RECORD by number.
    UpdateRecord { number: u8, data: Vec<u8> },
    /// GET CHALLENGE.
    GetChallenge { length: usize },
    /// EXTERNAL AUTHENTICATE with a PIN: the challenge under the PIN's key.
    Authenticate { id: u8, response: [u8; 8] },
    /// The same without data: how many tries are left.
    QueryTries { id: u8 },
    /// VERIFY, only for passwords of type 06.
    Verify { id: u8, password: Vec<u8> },
    /// INSTALL SECRET.
    InstallSecret(Secret),
    /// UPDATE SECRET: new value and a new counter.
    UpdateSecret {
        kind: SecretKind,
        id: u8,
        tries: Tries,
        value: Vec<u8>,
    },
    /// WRITE KEY: one component of a private key.
    WriteKey {
        component: KeyComponent,
        id: u16,
        value: Vec<u8>,
    },
    /// GENERATE KEY of RSA into two files.
    GenerateKey {
        bits: u16,
        private: u16,
        public: u16,
    },
    /// READ PUBLIC KEY of RSA.
    ReadPublicKey { id: u16 },
    /// MANAGE SECURITY ENVIRONMENT: chooses an RSA private key.
    SetKey { id: u16, usage: KeyUse },
    /// PERFORM SECURITY OPERATION: raw RSA with the chosen key.
    ApplyKey { block: Vec<u8> },
    /// PERFORM SECURITY OPERATION: finishes a SHA-256 that the host began.
    Hash(BegunHash),
    /// PERFORM SECURITY OPERATION: signs what was hashed with the chosen key.
    SignHash,
}

/// What a private key is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// 84: the raw operation.
    Raw,
    /// 82: RSASSA-PKCS1-v1_5 over a SHA-256 that the card finishes.
    Pkcs1Sha256,
}

/// SHA-256 of a message, but for its last 1 to 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunHash {
    /// How many blocks of 64 bytes went into it.
    pub blocks: u32,
    /// The chaining value after them.
    pub state: [u32; 8],
    /// The rest of the message.
    pub rest: Vec<u8>,
}

/// Which number of a private key WRITE KEY brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyComponent {
    /// 02: n.
    Modulus,
    /// 03: d.
    Exponent,
}

impl Command {
    /// Whether it runs without secure messaging, as only the way into it does.
    pub fn runs_plain(&self) -> bool {
        matches!(
            self,
            Command::GetCapabilities
                | Command::InitializeUpdate { .. }
                | Command::FinishHandshake { .. }
        )
    }
}

impl TryFrom<&Apdu> for Command {
    type Error = StatusWord;

    fn try_from(apdu: &Apdu) -> Result<Command, StatusWord> {
        match (apdu.cla, apdu.ins) {
            (0x00, 0xCA) => get_data(apdu),
            (0x00, 0xA4) => select(apdu),
            (0x00, 0xE0) => match parameters(apdu)? {
                [0, 0] => fcp::parse(&apdu.data)
                    .map(Command::CreateFile)
                    .ok_or(StatusWord::BAD_DATA),
                _ => Err(StatusWord::WRONG_PARAMETERS),
            },
            (0x00, 0xE4) => match parameters(apdu)? {
                [0, 0] => Ok(Command::DeleteFile {
                    id: file_id(&apdu.data)?,
                }),
                _ => Err(StatusWord::WRONG_PARAMETERS),
            },
            (0x80, 0x34) => Ok(Command::ListFiles),
            (0x00, 0xB0) => Ok(Command::ReadBinary {
                offset: offset(apdu)?,
                le: expected(apdu)?,
            }),
            (0x00, 0xD6) => Ok(Command::UpdateBinary {
                offset: offset(apdu)?,
                data: apdu.data.clone(),
            }),
            (0x00, 0xB2 | 0xDC | 0xE2) => record(apdu),
            (0x00, 0x84) => Ok(Command::GetChallenge {
                length: expected(apdu)?.exact().unwrap_or(16),
            }),
            (0x00, 0x82) => authenticate(apdu),
            (0x00, 0x20) => Ok(Command::Verify {
                id: apdu.p2,
                password: apdu.data.clone(),
            }),
            (0x80, 0x50) => {
                fixed(&apdu.data).map(|host_random| Command::InitializeUpdate { host_random })
            }
            (0x84, 0x82) => finish_handshake(apdu),
            (0x80, 0xE3) => Secret::parse(&apdu.data)
                .map(Command::InstallSecret)
                .ok_or(StatusWord::BAD_DATA),
            (0x80, 0xE5) => update_secret(apdu),
            (0x80, 0xE7) => write_key(apdu),
            (0x00, 0x46) => generate_key(apdu),
            (0x80, 0xB4) => match [apdu.p1, apdu.p2] {
                [2, 0] => expected(apdu).and(Ok(Command::ReadPublicKey {
                    id: file_id(&apdu.data)?,
                })),
                _ => Err(StatusWord::WRONG_PARAMETERS),
            },
            (0x00, 0x22) => set_key(apdu),
            (0x00, 0x2A) => match [apdu.p1, apdu.p2] {
                [0x80, 0x86] => expected(apdu).and(Ok(Command::ApplyKey {
                    block: apdu.data.clone(),
                })),
                [0x90, 0xA0] => expected(apdu).and(begun_hash(&apdu.data).map(Command::Hash)),
                [0x9E, 0x9A] if apdu.data.is_empty() => expected(apdu).and(Ok(Command::SignHash)),
                _ => Err(StatusWord::WRONG_PARAMETERS),
            },
            (0x00 | 0x80 | 0x84, _) => Err(StatusWord::UNKNOWN_INSTRUCTION),
            _ => Err(StatusWord::UNKNOWN_CLASS),
        }
    }
}

/// P1 and P2 of a command that has a data field.
fn parameters(apdu: &Apdu) -> Result<[u8; 2], StatusWord> {
    if apdu.data.is_empty() {
        Err(StatusWord::WRONG_LENGTH)
    } else {
        Ok([apdu.p1, apdu.p2])
    }
}

/// Le of a command that must have one. A token was seen to answer 6A80 without.
fn expected(apdu: &Apdu) -> Result<Le, StatusWord> {
    apdu.le.ok_or(StatusWord::BAD_DATA)
}

fn fixed<const N: usize>(data: &[u8]) -> Result<[u8; N], StatusWord> {
    data.try_into().map_err(|_| StatusWord::WRONG_LENGTH)
}

fn file_id(data: &[u8]) -> Result<u16, StatusWord> {
    fixed(data).map(u16::from_be_bytes)
}

/// Offsets have 15 bits; the highest would announce a short EF identifier, of which
/// nobody knows whether this card takes it.
fn offset(apdu: &Apdu) -> Result<usize, StatusWord> {
    match apdu.p1 {
        0..=0x7F => Ok(usize::from(u16::from_be_bytes([apdu.p1, apdu.p2]))),
        _ => Err(StatusWord::WRONG_PARAMETERS),
    }
}

fn get_data(apdu: &Apdu) -> Result<Command, StatusWord> {
    expected(apdu)?;
    match [apdu.p1, apdu.p2] {
        [0x01, 0x86] => Ok(Command::GetCapabilities),
        [0x01, 0x80] => Ok(Command::GetSerial),
        _ => Err(StatusWord::REFERENCE_NOT_FOUND),
    }
}

fn select(apdu: &Apdu) -> Result<Command, StatusWord> {
    expected(apdu)?;
    match [apdu.p1, apdu.p2] {
        [0x00, 0x00] => Ok(Command::SelectFile {
            id: file_id(&apdu.data)?,
        }),
        [0x04, 0x00] if !apdu.data.is_empty() => Ok(Command::SelectName {
            name: apdu.data.clone(),
        }),
        _ => Err(StatusWord::WRONG_PARAMETERS),
    }
}

fn record(apdu: &Apdu) -> Result<Command, StatusWord> {
    let data = apdu.data.clone();
    match (apdu.ins, apdu.p1, apdu.p2) {
        (0xE2, 0, 0) => Ok(Command::AppendRecord { data }),
        (0xB2, number @ 1.., 0x04) => Ok(Command::ReadRecord {
            number,
            le: expected(apdu)?,
        }),
        (0xDC, number @ 1.., 0x04) => Ok(Command::UpdateRecord { number, data }),
        _ => Err(StatusWord::WRONG_PARAMETERS),
    }
}

fn authenticate(apdu: &Apdu) -> Result<Command, StatusWord> {
    match [apdu.p1, apdu.p2] {
        [0x01, id @ 0x80..=0xFF] if apdu.data.is_empty() => {
            Ok(Command::QueryTries { id: id & 0x7F })
        }
        [0x01, id @ 0x80..=0xFF] => Ok(Command::Authenticate {
            id: id & 0x7F,
            response: fixed(&apdu.data)?,
        }),
        _ => Err(StatusWord::WRONG_PARAMETERS),
    }
}

fn finish_handshake(apdu: &Apdu) -> Result<Command, StatusWord> {
    let data: [u8; 16] = fixed(&apdu.data)?;
    match [apdu.p1, apdu.p2] {
        [0x03, 0x00] => Ok(Command::FinishHandshake {
            cryptogram: std::array::from_fn(|index| data[index]),
            mac: std::array::from_fn(|index| data[8 + index]),
        }),
        _ => Err(StatusWord::WRONG_PARAMETERS),
    }
}

fn update_secret(apdu: &Apdu) -> Result<Command, StatusWord> {
    let kind = SecretKind::from_byte(apdu.p1).ok_or(StatusWord::WRONG_PARAMETERS)?;
    let (&tries, value) = apdu.data.split_first().ok_or(StatusWord::WRONG_LENGTH)?;
    Ok(Command::UpdateSecret {
        kind,
        id: apdu.p2,
        tries: Tries::from_byte(tries),
        value: value.to_vec(),
    })
}

fn write_key(apdu: &Apdu) -> Result<Command, StatusWord> {
    let component = match [apdu.p1, apdu.p2] {
        [0x02, 0] => KeyComponent::Modulus,
        [0x03, 0] => KeyComponent::Exponent,
        _ => return Err(StatusWord::WRONG_PARAMETERS),
    };
    let (id, value) = apdu
        .data
        .split_first_chunk()
        .ok_or(StatusWord::WRONG_LENGTH)?;
    Ok(Command::WriteKey {
        component,
        id: u16::from_be_bytes(*id),
        value: value.to_vec(),
    })
}

/// Type 01 is RSA; old tokens refuse type 02, P-256, with 6A80 though hosts offer it.
fn generate_key(apdu: &Apdu) -> Result<Command, StatusWord> {
    match fixed(&apdu.data)? {
        [
            0x01,
            bits_high,
            bits_low,
            private_high,
            private_low,
            public_high,
            public_low,
        ] => Ok(Command::GenerateKey {
            bits: fcp::rsa_bits(u16::from_be_bytes([bits_high, bits_low]))
                .ok_or(StatusWord::BAD_DATA)?,
            private: u16::from_be_bytes([private_high, private_low]),
            public: u16::from_be_bytes([public_high, public_low]),
        }),
        _ => Err(StatusWord::BAD_DATA),
    }
}

/// `80 01 84` names raw RSA, `80 01 82` the signature of a SHA-256; `81 02` the key file.
fn set_key(apdu: &Apdu) -> Result<Command, StatusWord> {
    match ([apdu.p1, apdu.p2], apdu.data.as_slice()) {
        ([0x41, 0xB8], &[0x80, 1, 0x84, 0x81, 2, high, low]) => Ok(Command::SetKey {
            id: u16::from_be_bytes([high, low]),
            usage: KeyUse::Raw,
        }),
        ([0x41, 0xB6], &[0x80, 1, 0x82, 0x81, 2, high, low]) => Ok(Command::SetKey {
            id: u16::from_be_bytes([high, low]),
            usage: KeyUse::Pkcs1Sha256,
        }),
        ([0x41, 0xB8 | 0xB6], _) => Err(StatusWord::BAD_DATA),
        _ => Err(StatusWord::WRONG_PARAMETERS),
    }
}

/// `81 04` number of blocks, `90 20` chaining value, `80` rest. Shorter forms were never seen.
fn begun_hash(data: &[u8]) -> Result<BegunHash, StatusWord> {
    let objects = tlv::parse(data).ok_or(StatusWord::BAD_DATA)?;
    let &[(0x81, blocks), (0x90, state), (0x80, rest)] = objects.as_slice() else {
        return Err(StatusWord::BAD_DATA);
    };
    let state: [u8; 32] = fixed(state).map_err(|_| StatusWord::BAD_DATA)?;
    let (words, _) = state.as_chunks::<4>();
    if rest.is_empty() || rest.len() > 64 {
        return Err(StatusWord::BAD_DATA);
    }
    Ok(BegunHash {
        blocks: fixed(blocks)
            .map(u32::from_be_bytes)
            .map_err(|_| StatusWord::BAD_DATA)?,
        state: std::array::from_fn(|index| u32::from_be_bytes(words[index])),
        rest: rest.to_vec(),
    })
}
