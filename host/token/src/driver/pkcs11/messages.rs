//! What crosses the pipe between the host and the process in which a module runs: frames of JSON,
//! each with its length before it (four bytes, little-endian).

use std::fmt;
use std::io::{self, Read, Write};

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// Bytes of one frame. The largest holds all certificates of a token.
const FRAME_MAX: usize = 8 * 1024 * 1024;

/// Room for a frame with a PIN in it, so that it need not grow and leave a copy behind.
const REQUEST_ROOM: usize = 64 * 1024;

/// A message and its number; an answer has that of its request.
#[derive(Debug, Serialize, Deserialize)]
pub struct Numbered<T> {
    pub number: u32,
    pub message: T,
}

/// What the host may ask.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Which tokens are there?
    Tokens,
    /// How is this token now?
    Token(Identity),
    /// What is public on it?
    Certificates(Identity),
    /// Take this PIN, once; without one, the token asks for it by itself.
    LogIn(Identity, Option<SecretPin>),
    /// Sign, in the first of these ways that the token takes.
    Sign(Identity, Signature),
    /// End the login of that number, if it is still the one.
    LogOut(Identity, u32),
    /// Replace the PIN.
    ChangePin(Identity, SecretPin, SecretPin),
    /// Tell from now on, without being asked, when a token comes or goes.
    Watch,
}

/// What the module's process answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// The module is loaded: the first answer, to nothing.
    Loaded(Library),
    Tokens(Vec<TokenFacts>),
    Token(TokenFacts),
    Certificates(Vec<CertificateFacts>),
    /// The number of the login.
    LoggedIn(u32),
    Signature(#[serde(with = "hexadecimal")] Vec<u8>),
    /// Whether the module tells of tokens that come and go.
    Watching(bool),
    /// A token has come or gone: an answer to nothing, of no number.
    SlotEvent,
    Done,
    Trouble(Trouble),
}

/// What a module says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    pub manufacturer: String,
    pub description: String,
    pub version: String,
}

/// By which a token is found again in whatever slot it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub model: String,
    pub serial: String,
    pub label: String,
    /// The slot's description, for a token that has no serial number.
    pub place: Option<String>,
}

/// What a token is and how it stands with its PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFacts {
    pub identity: Identity,
    pub manufacturer: String,
    pub firmware: String,
    pub slot: String,
    pub hardware: bool,
    pub pin: PinFacts,
}

/// What a module tells of a PIN: no number of tries, but these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "they are flags")]
pub struct PinFacts {
    pub set: bool,
    pub pad: bool,
    pub final_try: bool,
    pub locked: bool,
}

/// A certificate on a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFacts {
    #[serde(with = "hexadecimal")]
    pub der: Vec<u8>,
    pub label: String,
    #[serde(with = "hexadecimal")]
    pub id: Vec<u8>,
    pub authority: bool,
    /// `None` while the token shows no private key, as most do before login.
    pub has_private_key: Option<bool>,
}

/// A signature that is wanted.
#[derive(Debug, Serialize, Deserialize)]
pub struct Signature {
    /// The number of the login.
    pub login: u32,
    /// The key's public half, as `SubjectPublicKeyInfo`.
    #[serde(with = "hexadecimal")]
    pub public_key: Vec<u8>,
    pub ways: Vec<Way>,
}

/// A mechanism and what it is given.
#[derive(Debug, Serialize, Deserialize)]
pub struct Way {
    pub mechanism: Mechanism,
    #[serde(with = "hexadecimal")]
    pub data: Vec<u8>,
}

/// The mechanisms that are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mechanism {
    RsaRaw,
    RsaPkcs1,
    RsaPkcs1Hashing(Hash),
    RsaPss(Hash),
    Ecdsa,
}

/// A hash function of a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    /// The module can't be loaded, and why.
    NotLoaded(String),
    /// It is our own.
    OurOwn,
    /// The token is not there.
    NoToken,
    /// Nobody is logged in, or not with that number any more.
    NotLoggedIn,
    PinWrong(PinFacts),
    PinLocked,
    NoPin,
    /// The person has cancelled at the token.
    Cancelled,
    NoKey,
    /// The token knows none of the ways, and what it said last.
    NoWay(String),
    /// A function of the module failed, and which, and how.
    Refused(String),
    /// The module said what can't be true.
    Nonsense(String),
}

/// A PIN on its way through the pipe. It shows nothing of itself.
pub struct SecretPin(Zeroizing<Vec<u8>>);

impl SecretPin {
    pub fn new(pin: &[u8]) -> Self {
        Self(Zeroizing::new(pin.to_vec()))
    }

    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretPin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretPin")
    }
}

/// In hexadecimal: a text without escapes is read in place, and no copy of it is made.
impl Serialize for SecretPin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = Zeroizing::new(hex::encode(&self.0));
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for SecretPin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        // The error of `hex` would show what it found.
        let pin = hex::decode(text).map_err(|_| D::Error::custom("this is no PIN"))?;
        Ok(Self(Zeroizing::new(pin)))
    }
}

mod hexadecimal {
    use super::{Deserialize, Deserializer, Serializer};
    use serde::de::Error as _;

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(text).map_err(D::Error::custom)
    }
}

/// Writes one message.
pub fn send<T: Serialize>(pipe: &mut impl Write, message: &Numbered<T>) -> io::Result<()> {
    let mut frame = Zeroizing::new(Vec::with_capacity(REQUEST_ROOM));
    frame.extend_from_slice(&[0; 4]);
    serde_json::to_writer(&mut *frame, message)?;
    let length = u32::try_from(frame.len() - 4).map_err(io::Error::other)?;
    frame[..4].copy_from_slice(&length.to_le_bytes());
    pipe.write_all(&frame)?;
    pipe.flush()
}

/// Reads one message; `None` at the end of the pipe.
pub fn receive<T: DeserializeOwned>(pipe: &mut impl Read) -> io::Result<Option<Numbered<T>>> {
    let Some(frame) = frame(pipe)? else {
        return Ok(None);
    };
    serde_json::from_slice(&frame)
        .map(Some)
        .map_err(io::Error::other)
}

fn frame(pipe: &mut impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut length = [0; 4];
    let mut read = 0;
    while read < length.len() {
        match pipe.read(&mut length[read..]) {
            Ok(0) if read == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let length = u32::from_le_bytes(length) as usize;
    if length == 0 || length > FRAME_MAX {
        return Err(io::Error::other("a frame of impossible length"));
    }
    let mut frame = Zeroizing::new(vec![0; length]);
    pipe.read_exact(&mut frame)?;
    Ok(Some(frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            model: "m".into(),
            serial: "01".into(),
            label: "ラベル".into(),
            place: None,
        }
    }

    #[test]
    fn a_pin_goes_through_the_pipe_unseen() {
        // Every printable character, those that JSON has to escape among them.
        let pin: Vec<u8> = (b' '..=b'~').collect();
        let message = Request::LogIn(identity(), Some(SecretPin::new(&pin)));
        let mut pipe = Vec::new();
        send(&mut pipe, &Numbered { number: 7, message }).unwrap();
        let shown = String::from_utf8_lossy(&pipe);
        assert!(!shown.contains("0123456789"), "{shown}");
        let read: Numbered<Request> = receive(&mut pipe.as_slice()).unwrap().unwrap();
        assert_eq!(read.number, 7);
        assert!(!format!("{read:?}").contains("30313233"));
        let Request::LogIn(to, Some(read)) = read.message else {
            panic!("another message");
        };
        assert_eq!((to, read.expose()), (identity(), pin.as_slice()));
    }

    #[test]
    fn rubbish_is_an_error_and_the_end_is_none() {
        let cases: [&[u8]; 7] = [
            b"\x00\x00\x00\x00",
            b"\xff\xff\xff\xff{}",
            b"\x05\x00",
            b"\x05\x00\x00\x00{}",
            b"\x02\x00\x00\x00{}",
            b"\x04\x00\x00\x00null",
            b"Loading module...\n",
        ];
        for bytes in cases {
            let read = receive::<Answer>(&mut &bytes[..]);
            assert!(read.is_err(), "{bytes:?}");
        }
        assert!(receive::<Answer>(&mut &[][..]).unwrap().is_none());
    }
}
