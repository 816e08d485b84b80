//! Sessions: a random cookie, and what the site remembers behind it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::verifier::{Certificate, HashFunction};

/// The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
const COOKIE_NAME: &str = "__Host-session";

/// How long a session lives without a request.
const IDLE_LIFETIME: Duration = Duration::from_mins(30);

/// With more sessions than this the longest idle one has to go.
const MOST_SESSIONS: usize = 10_000;

/// The cookie's value: 32 random bytes as base64url.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct SessionId(String);

impl SessionId {
    fn random() -> Option<Self> {
        let mut bytes = [0; 32];
        getrandom::getrandom(&mut bytes).ok()?;
        Some(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The session the browser claims, known to the site or not.
    pub(super) fn claimed(headers: &HeaderMap) -> Option<Self> {
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE_NAME)
            .map(|(_, value)| Self(value.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The header that gives the browser this session.
    pub(super) fn cookie(&self) -> [(HeaderName, String); 1] {
        let attributes = "Path=/; Secure; HttpOnly; SameSite=Strict";
        [(
            SET_COOKIE,
            format!("{COOKIE_NAME}={}; {attributes}", self.0),
        )]
    }

    /// The header that takes the session away from the browser.
    pub(super) fn no_cookie() -> [(HeaderName, String); 1] {
        let attributes = "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0";
        [(SET_COOKIE, format!("{COOKIE_NAME}=; {attributes}"))]
    }
}

/// A document that waits for its signature.
#[derive(Clone)]
pub(super) struct PendingDocument {
    /// The certificate that will sign, base64 DER as received.
    pub(super) certificate: String,
    pub(super) hash_function: HashFunction,
    pub(super) hash: Vec<u8>,
    /// Its length in bytes.
    pub(super) length: usize,
    pub(super) prepared: SystemTime,
}

struct Session {
    holder: Option<Certificate>,
    pending: Option<PendingDocument>,
    last_seen: SystemTime,
}

impl Session {
    fn new(holder: Option<Certificate>, now: SystemTime) -> Self {
        Self {
            holder,
            pending: None,
            last_seen: now,
        }
    }

    fn is_over(&self, now: SystemTime) -> bool {
        now.duration_since(self.last_seen)
            .is_ok_and(|idle| idle >= IDLE_LIFETIME)
    }
}

/// All sessions of the site, in memory only.
#[derive(Default)]
pub(super) struct SessionStore(Mutex<HashMap<SessionId, Session>>);

impl SessionStore {
    /// Begins a session, signed in or not. `None` without random bytes.
    pub(super) fn open(&self, holder: Option<Certificate>, now: SystemTime) -> Option<SessionId> {
        let id = SessionId::random()?;
        let mut sessions = self.lock();
        if sessions.len() >= MOST_SESSIONS {
            sessions.retain(|_, session| !session.is_over(now));
        }
        if sessions.len() >= MOST_SESSIONS {
            let longest_idle = sessions
                .iter()
                .min_by_key(|(_, session)| session.last_seen)
                .map(|(id, _)| id.clone());
            longest_idle.and_then(|id| sessions.remove(&id));
        }
        sessions.insert(id.clone(), Session::new(holder, now));
        Some(id)
    }

    /// Whether the session lives; a living one is refreshed.
    pub(super) fn is_alive(&self, id: &SessionId, now: SystemTime) -> bool {
        self.with(id, now, |_| ()).is_some()
    }

    /// Who is signed in with the session.
    pub(super) fn holder(&self, id: &SessionId, now: SystemTime) -> Option<Certificate> {
        self.with(id, now, |session| session.holder.clone())
            .flatten()
    }

    /// Remembers the document to be signed; an older one is forgotten.
    pub(super) fn keep_document(&self, id: &SessionId, document: PendingDocument, now: SystemTime) {
        self.with(id, now, |session| session.pending = Some(document));
    }

    /// Takes the waiting document out: it gets one signature or none.
    pub(super) fn take_document(&self, id: &SessionId, now: SystemTime) -> Option<PendingDocument> {
        self.with(id, now, |session| session.pending.take())
            .flatten()
    }

    /// Ends the session.
    pub(super) fn close(&self, id: &SessionId) {
        self.lock().remove(id);
    }

    fn with<T>(
        &self,
        id: &SessionId,
        now: SystemTime,
        act: impl FnOnce(&mut Session) -> T,
    ) -> Option<T> {
        let mut sessions = self.lock();
        let session = sessions.get_mut(id)?;
        if session.is_over(now) {
            sessions.remove(id);
            return None;
        }
        session.last_seen = now;
        Some(act(session))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; session=no"));
        assert!(SessionId::claimed(&headers).is_none());
        headers.append(COOKIE, HeaderValue::from_static("b=2; __Host-session=yes"));
        assert_eq!(SessionId::claimed(&headers).unwrap().as_str(), "yes");
    }

    #[test]
    fn an_idle_session_ends_and_the_longest_idle_makes_room() {
        let store = SessionStore::default();
        let start = SystemTime::UNIX_EPOCH;
        let first = store.open(None, start).unwrap();
        let almost = start + IDLE_LIFETIME.checked_sub(Duration::from_secs(1)).unwrap();
        assert!(store.is_alive(&first, almost));
        assert!(store.is_alive(&first, almost + Duration::from_secs(2)));
        assert!(!store.is_alive(&first, almost + Duration::from_hours(1)));

        let oldest = store.open(None, start).unwrap();
        let later = start + Duration::from_secs(1);
        let others: Vec<_> = (0..MOST_SESSIONS)
            .map(|_| store.open(None, later).unwrap())
            .collect();
        assert!(!store.is_alive(&oldest, later));
        assert!(others.iter().all(|id| store.is_alive(id, later)));
    }
}
