//! Challenge nonces: random, short-lived, one per session, used once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How long a nonce may wait for its token.
pub const LIFETIME: Duration = Duration::from_mins(5);

/// A challenge: base64 text of 32 random bytes, 44 characters.
///
/// The text itself is what gets signed; nobody decodes it.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    fn random() -> Result<Self, NonceError> {
        let mut bytes = [0; 32];
        getrandom::getrandom(&mut bytes).map_err(|_| NonceError::NoRandomness)?;
        Ok(Self(STANDARD.encode(bytes)))
    }

    /// The text to send and to hash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(..)")
    }
}

/// Why there is no nonce to check a token against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NonceError {
    /// The session asked for none, or has used it already.
    #[error("this session has no open challenge")]
    Missing,
    /// It was given out longer ago than [`LIFETIME`].
    #[error("the challenge has expired")]
    Expired,
    /// The operating system gave no random bytes.
    #[error("no random bytes are at hand")]
    NoRandomness,
}

/// The open challenges, by session.
#[derive(Debug, Default)]
pub struct NonceStore {
    open: Mutex<HashMap<String, (Nonce, SystemTime)>>,
}

impl NonceStore {
    /// Makes a challenge for `session`. An older one of that session is void
    /// from now on.
    pub fn issue(&self, session: &str, now: SystemTime) -> Result<Nonce, NonceError> {
        let nonce = Nonce::random()?;
        let mut open = self.lock();
        open.retain(|_, (_, issued)| !has_expired(*issued, now));
        open.insert(session.to_owned(), (nonce.clone(), now));
        Ok(nonce)
    }

    /// Takes the session's challenge out: whatever becomes of the token it is
    /// checked against, the challenge is used up.
    pub fn consume(&self, session: &str, now: SystemTime) -> Result<Nonce, NonceError> {
        let (nonce, issued) = self.lock().remove(session).ok_or(NonceError::Missing)?;
        if has_expired(issued, now) {
            return Err(NonceError::Expired);
        }
        Ok(nonce)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Nonce, SystemTime)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock set back must not lengthen a life, so "issued in the future"
/// counts as expired.
fn has_expired(issued: SystemTime, now: SystemTime) -> bool {
    now.duration_since(issued)
        .map_or(true, |age| age >= LIFETIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_serves_one_session_once_and_for_five_minutes() {
        let store = NonceStore::default();
        let start = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        let nonce = store.issue("a", start).unwrap();
        assert_eq!(nonce.as_str().len(), 44);
        assert_eq!(STANDARD.decode(nonce.as_str()).unwrap().len(), 32);

        assert_eq!(store.consume("b", start), Err(NonceError::Missing));
        assert_eq!(store.consume("a", start), Ok(nonce.clone()));
        assert_eq!(store.consume("a", start), Err(NonceError::Missing));

        let second = store.issue("a", start).unwrap();
        assert_ne!(second, nonce);
        let last = start + LIFETIME.checked_sub(Duration::from_millis(1)).unwrap();
        assert_eq!(store.consume("a", last), Ok(second));

        for late in [start + LIFETIME, start - Duration::from_secs(1)] {
            store.issue("a", start).unwrap();
            assert_eq!(store.consume("a", late), Err(NonceError::Expired));
        }
    }
}
