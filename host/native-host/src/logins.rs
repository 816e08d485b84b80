//! Logins that sign TLS handshakes without asking, and the handshakes that
//! wait for one.
//!
//! A login is the card's session, held by this process alone; the PIN is not
//! kept. Between signatures other programs may use the card, and whoever does
//! ends the login.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use kagibashi_protocol::limit::LOGIN_IDLE_MAX;
use kagibashi_protocol::message::MessageToExtension;
use kagibashi_protocol::object;
use kagibashi_protocol::{ErrorCode, Failure, Text};
use kagibashi_token::{KeptLogin, KeyHandle, SignatureAlgorithm, TokenError};

use crate::clock::now;
use crate::command::found::Found;
use crate::failure;

/// How long the extension may take to ask for a login that a handshake needs.
const ATTENTION: Duration = Duration::from_secs(5);

/// How long a handshake waits for a person.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long a login without idle time waits for the handshake that it was
/// opened for.
const FIRST_USE: Duration = Duration::from_secs(15);

/// All logins of one browser.
#[derive(Clone)]
pub struct Logins {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    announce: Box<dyn Fn(&MessageToExtension) + Send + Sync>,
}

#[derive(Default)]
struct State {
    open: HashMap<Text, Open>,
    /// The reader of a login that is about to be opened.
    opening: Option<String>,
    /// Handshakes that want a signature now, waiting or being signed.
    pending: u32,
    /// Requests that a person is busy with: there is one window for all.
    asked: u32,
    /// Grows with every log-in that failed; the last one's failure.
    refusals: (u64, Option<Failure>),
    over: bool,
}

struct Open {
    /// Apart from the table, so that a slow card holds nothing else up.
    login: Arc<Mutex<KeptLogin>>,
    /// The certificate that it was opened with.
    certificate: String,
    /// Its key, where it is now: the browser may have chosen it when the token
    /// was in another reader, or in none.
    key: Option<KeyHandle>,
    label: Text,
    since: i64,
    opened: Instant,
    used: Instant,
    idle_seconds: u32,
}

impl Open {
    fn ends(&self) -> Instant {
        let longest = Duration::from_secs(LOGIN_IDLE_MAX as u64);
        (self.used + self.idle()).min(self.opened + longest)
    }

    fn key_of(&self, found: &Found) -> Option<KeyHandle> {
        let same = self.certificate == found.shown.id;
        same.then(|| self.key.clone()).flatten()
    }

    fn idle(&self) -> Duration {
        match self.idle_seconds {
            0 => FIRST_USE,
            seconds => Duration::from_secs(seconds.into()),
        }
    }

    fn shown(&self, token: &Text) -> object::Login {
        let left = self.ends().saturating_duration_since(Instant::now());
        object::Login {
            token: token.clone(),
            label: self.label.clone(),
            since: self.since,
            idle_seconds: self.idle_seconds,
            ends: now() + i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        }
    }
}

impl Logins {
    /// No login yet; the extension is told of every change by `announce`.
    pub fn new(announce: impl Fn(&MessageToExtension) + Send + Sync + 'static) -> Self {
        let logins = Self {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                changed: Condvar::new(),
                announce: Box::new(announce),
            }),
        };
        let clock = logins.clone();
        thread::spawn(move || clock.end_in_time());
        logins
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A person is being asked for a login; the guard says until when.
    pub fn asking(&self) -> Asking {
        self.lock().asked += 1;
        self.shared.changed.notify_all();
        Asking(self.clone())
    }

    /// The token in that reader has taken the PIN: its login will be opened.
    pub fn announce(&self, reader: &str) {
        self.lock().opening = Some(reader.to_owned());
    }

    /// Opens a login, in the place of an older one of the same token.
    pub fn open(
        &self,
        found: &Found,
        label: &Text,
        login: KeptLogin,
        idle_seconds: u32,
    ) -> object::Login {
        let open = Open {
            login: Arc::new(Mutex::new(login)),
            certificate: found.shown.id.clone(),
            key: found.key.clone(),
            label: label.clone(),
            since: now(),
            opened: Instant::now(),
            used: Instant::now(),
            idle_seconds,
        };
        let shown = open.shown(&found.shown.token);
        let before = {
            let mut state = self.lock();
            state.opening = None;
            state.open.insert(found.shown.token.clone(), open)
        };
        drop(before);
        self.tell();
        shown
    }

    /// A log-in did not succeed: the handshakes that wait end with it.
    pub fn refuse(&self, failure: &Failure) {
        let mut state = self.lock();
        state.refusals.0 += 1;
        state.refusals.1 = Some(failure.clone());
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Ends the login of a token; whether there was one.
    pub fn close(&self, token: &Text) -> bool {
        let Some(closed) = self.lock().open.remove(token) else {
            return false;
        };
        drop(closed);
        self.tell();
        true
    }

    /// Whether a login is open for the token in that reader.
    pub fn is_open_in(&self, reader: &str) -> bool {
        let state = self.lock();
        if state.opening.as_deref() == Some(reader) {
            return true;
        }
        let mut keys = state.open.values().filter_map(|open| open.key.as_ref());
        keys.any(|key| key.reader == reader)
    }

    /// Ends the login of the token that was in that reader.
    pub fn close_in(&self, reader: &str) {
        let of_reader = |open: &Open| open.key.as_ref().is_some_and(|key| key.reader == reader);
        let closed: Vec<_> = {
            let mut state = self.lock();
            let found = state.open.extract_if(|_, open| of_reader(open));
            found.collect()
        };
        if !closed.is_empty() {
            drop(closed);
            self.tell();
        }
    }

    /// Ends every login and says how many there were.
    pub fn close_all(&self) -> usize {
        let closed = std::mem::take(&mut self.lock().open);
        let ended = closed.len();
        drop(closed);
        if ended > 0 {
            self.tell();
        }
        ended
    }

    /// The end: nothing is signed any more, and every card is left without
    /// login.
    pub fn end(&self) {
        self.lock().over = true;
        self.refuse(&ErrorCode::PageGone.into());
        self.close_all();
    }

    /// Whether handshakes want a signature now.
    pub fn is_wanted(&self) -> bool {
        self.lock().pending > 0
    }

    /// Signs for a handshake, waiting for a login if there is none.
    pub fn sign(
        &self,
        found: &Found,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        self.lock().pending += 1;
        let outcome = self.sign_with_login(found, algorithm, digest);
        let done_with = {
            let mut state = self.lock();
            state.pending -= 1;
            let once = state.pending == 0
                && state
                    .open
                    .get(&found.shown.token)
                    .is_some_and(|open| open.idle_seconds == 0);
            if once && outcome.is_ok() {
                state.open.remove(&found.shown.token)
            } else {
                None
            }
        };
        drop(done_with);
        (self.shared.announce)(&MessageToExtension::HandshakeEnded {
            certificate: found.shown.id.clone(),
            error: outcome.as_ref().err().cloned(),
        });
        self.tell();
        outcome
    }

    fn sign_with_login(
        &self,
        found: &Found,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        let seen = found.key.as_ref().ok_or(ErrorCode::CertificateNotFound)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let token = &found.shown.token;
            let open = self
                .lock()
                .open
                .get(token)
                .map(|open| (Arc::clone(&open.login), open.key_of(found)));
            let Some((login, key)) = open else {
                self.wait_for_login(found, deadline)?;
                continue;
            };
            let outcome = {
                let mut login = login.lock().unwrap_or_else(PoisonError::into_inner);
                login.sign(key.as_ref().unwrap_or(seen), algorithm, digest)
            };
            match outcome {
                Ok(signature) => {
                    if let Some(open) = self.lock().open.get_mut(token) {
                        open.used = Instant::now();
                    }
                    return Ok(signature);
                }
                // Another program has used the card, or it was pulled out: the
                // person is asked anew.
                Err(
                    TokenError::SessionStolen
                    | TokenError::CardRemoved
                    | TokenError::NoCard
                    | TokenError::NoSuchReader { .. },
                ) => self.close_this(token, &login),
                Err(error) => {
                    tracing::warn!(%error, "a handshake was not signed");
                    self.close_this(token, &login);
                    return Err(failure::of_token(&error));
                }
            }
        }
    }

    /// Closes that login, not one that was opened meanwhile in its place.
    fn close_this(&self, token: &Text, login: &Arc<Mutex<KeptLogin>>) {
        let mut state = self.lock();
        if state
            .open
            .get(token)
            .is_some_and(|open| Arc::ptr_eq(&open.login, login))
        {
            let closed = state.open.remove(token);
            drop(state);
            drop(closed);
            self.tell();
        }
    }

    fn wait_for_login(&self, found: &Found, deadline: Instant) -> Result<(), Failure> {
        let mut state = self.lock();
        let refusals = state.refusals.0;
        let mut attention = Instant::now() + ATTENTION;
        (self.shared.announce)(&MessageToExtension::Handshake {
            certificate: found.shown.clone(),
            waiting: state.pending,
        });
        loop {
            if state.over {
                return Err(ErrorCode::PageGone.into());
            }
            if state.open.contains_key(&found.shown.token) {
                return Ok(());
            }
            if state.refusals.0 != refusals {
                let failure = state.refusals.1.clone();
                return Err(failure.unwrap_or_else(|| ErrorCode::Cancelled.into()));
            }
            if state.asked > 0 {
                attention = Instant::now() + ATTENTION;
            }
            let left = attention
                .min(deadline)
                .saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorCode::TimedOut.into());
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Wakes those who wait and tells the extension what is open.
    fn tell(&self) {
        self.shared.changed.notify_all();
        let logins = {
            let state = self.lock();
            state
                .open
                .iter()
                .map(|(token, open)| open.shown(token))
                .collect()
        };
        (self.shared.announce)(&MessageToExtension::Logins { logins });
    }

    /// Ends each login when its time has come.
    fn end_in_time(&self) {
        let mut state = self.lock();
        while !state.over {
            let now = Instant::now();
            let due: Vec<Text> = state
                .open
                .iter()
                .filter(|(_, open)| open.ends() <= now)
                .map(|(token, _)| token.clone())
                .collect();
            if !due.is_empty() {
                drop(state);
                for token in &due {
                    tracing::info!("a login has ended by time");
                    self.close(token);
                }
                state = self.lock();
                continue;
            }
            let next = state.open.values().map(Open::ends).min();
            let left = next.map_or(FIRST_USE, |end| end.saturating_duration_since(now));
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// While this lives, a person is being asked.
pub struct Asking(Logins);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.lock().asked -= 1;
        self.0.shared.changed.notify_all();
    }
}
