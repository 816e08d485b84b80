//! The fields of a request, each checked as it is taken.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{LogIn, Sign};
use crate::error::{ErrorCode, Failure};
use crate::limit::{CERTIFICATE_MAX, LOGIN_IDLE_MAX};
use crate::object::HashFunction;
use crate::origin::Origin;

/// Whether the bytes are one DER SEQUENCE and nothing else, as a certificate
/// is (X.690, section 8.1). What is in it is the token's to compare.
fn is_sequence(der: &[u8]) -> bool {
    let content = match der {
        [0x30, short @ ..=0x7f, rest @ ..] => (usize::from(*short), rest),
        [0x30, 0x81, length, rest @ ..] => (usize::from(*length), rest),
        [0x30, 0x82, high, low, rest @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return false,
    };
    content.0 == content.1.len()
}

/// The fields of an object, taken one by one, so that an error can name the
/// field and nothing is left over unseen.
pub(super) struct Fields(pub(super) Map<String, Value>);

impl Fields {
    pub(super) fn of(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text)
            .map(Self)
            .map_err(|_| ErrorCode::MessageNotObject.into())
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    pub(super) fn string(&mut self, name: &str) -> Result<String, Failure> {
        match self.take(name) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(Failure::invalid_arguments(name)),
        }
    }

    /// A field that must be there and may be null.
    pub(super) fn string_or_null(&mut self, name: &str) -> Result<Option<String>, Failure> {
        match self.take(name) {
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(Failure::invalid_arguments(name)),
        }
    }

    pub(super) fn log_in(&mut self) -> Result<LogIn, Failure> {
        let origin = self.string_or_null("origin")?;
        let idle = self.take("idleSeconds").as_ref().and_then(Value::as_u64);
        Ok(LogIn {
            origin: origin.map(|text| Origin::parse(&text)).transpose()?,
            certificate: self.string_or_null("certificate")?,
            token: self.string_or_null("token")?,
            idle_seconds: idle
                .filter(|&seconds| seconds <= LOGIN_IDLE_MAX as u64)
                .and_then(|seconds| u32::try_from(seconds).ok())
                .ok_or_else(|| Failure::invalid_arguments("idleSeconds"))?,
        })
    }

    pub(super) fn origin(&mut self) -> Result<Origin, Failure> {
        Origin::parse(&self.string("origin")?)
    }

    pub(super) fn sign(&mut self) -> Result<Sign, Failure> {
        let origin = self.origin()?;
        let certificate = STANDARD
            .decode(self.string("certificate")?)
            .ok()
            .filter(|der| der.len() <= CERTIFICATE_MAX && is_sequence(der))
            .ok_or(ErrorCode::InvalidCertificate)?;
        let hash = self.string("hash")?;
        let hash_function = HashFunction::from_name(&self.string("hashFunction")?)
            .ok_or(ErrorCode::UnknownHashFunction)?;
        let hash = STANDARD
            .decode(hash)
            .ok()
            .filter(|hash| hash.len() == hash_function.size())
            .ok_or(ErrorCode::InvalidHash)?;
        Ok(Sign {
            origin,
            certificate,
            hash,
            hash_function,
        })
    }

    pub(super) fn end(self) -> Result<(), Failure> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(Failure::invalid_arguments(name)),
        }
    }
}
