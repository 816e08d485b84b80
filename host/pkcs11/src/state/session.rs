//! Sessions: a table, and in each session a lock of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use cryptoki_sys::{CK_FLAGS, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_SLOT_ID};
use kagibashi_protocol::agent::LoginBy;
use kagibashi_protocol::agent::endpoint::HangUp;

use super::slot::{Contents, Present, Stay};
use crate::lock::lock;
use crate::mechanism::Data;
use crate::object::Key;
use crate::return_value::{Outcome, ReturnValue};

/// How many sessions there can be, in all slots together.
pub const SESSIONS_MAX: usize = 1_000;

/// A session of the program with a token.
#[derive(Debug)]
pub struct Session {
    /// The token's slot.
    pub slot: CK_SLOT_ID,
    /// As passed to `C_OpenSession`.
    pub flags: CK_FLAGS,
    /// Who asks for the token's PIN.
    pub login: LoginBy,
    /// The token's objects.
    pub contents: Arc<Contents>,
    /// What is going on. Never held while the host is asked.
    pub operations: Mutex<Operations>,
    stay: Mutex<Stay>,
    call: Mutex<Call>,
}

/// The operations that a session can have open: one of each.
#[derive(Debug, Default)]
pub struct Operations {
    /// Between `C_FindObjectsInit` and `C_FindObjectsFinal`: what is still to be
    /// handed out.
    pub search: Option<std::vec::IntoIter<CK_OBJECT_HANDLE>>,
    /// Between `C_SignInit` and `C_Sign` or `C_SignFinal`.
    pub signature: Option<Signature>,
}

/// A signature that was begun.
#[derive(Debug)]
pub struct Signature {
    /// With what.
    pub key: Key,
    /// Of what.
    pub data: Data,
    /// `C_SignUpdate` was called.
    pub in_parts: bool,
}

/// The session's question to the host.
#[derive(Debug)]
enum Call {
    None,
    Waiting(HangUp),
    /// The session was closed: there will be no more.
    Closed,
}

impl Session {
    fn new(slot: CK_SLOT_ID, flags: CK_FLAGS, present: &Present) -> Self {
        Self {
            slot,
            flags,
            login: present.login,
            contents: Arc::clone(&present.contents),
            operations: Mutex::default(),
            stay: Mutex::new(present.stay),
            call: Mutex::new(Call::None),
        }
    }

    /// Asks the host something that another thread can end by closing the
    /// session.
    pub fn calling<T>(&self, hang_up: HangUp, ask: impl FnOnce() -> T) -> Outcome<T> {
        {
            let mut call = lock(&self.call);
            if matches!(*call, Call::Closed) {
                return Err(ReturnValue::SessionClosed);
            }
            *call = Call::Waiting(hang_up);
        }
        let answer = ask();
        let mut call = lock(&self.call);
        if matches!(*call, Call::Closed) {
            return Err(ReturnValue::SessionClosed);
        }
        *call = Call::None;
        Ok(answer)
    }

    /// The stay of the token; the session ends with it.
    pub fn stay(&self) -> Stay {
        *lock(&self.stay)
    }

    /// Has the session go on in a later stay.
    pub fn renew(&self, stay: Stay) {
        *lock(&self.stay) = stay;
    }

    fn close(&self) {
        let before = std::mem::replace(&mut *lock(&self.call), Call::Closed);
        if let Call::Waiting(hang_up) = before {
            hang_up.now();
        }
    }
}

/// All open sessions.
#[derive(Debug, Default)]
pub struct Sessions {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    sessions: HashMap<CK_SESSION_HANDLE, Arc<Session>>,
    last: CK_SESSION_HANDLE,
}

impl Sessions {
    /// Opens one.
    pub fn open(
        &self,
        slot: CK_SLOT_ID,
        flags: CK_FLAGS,
        present: &Present,
    ) -> Outcome<CK_SESSION_HANDLE> {
        let mut table = lock(&self.table);
        if table.sessions.len() >= SESSIONS_MAX {
            return Err(ReturnValue::SessionCount);
        }
        // Counts up, so that a handle that was closed stays wrong.
        table.last += 1;
        let handle = table.last;
        let session = Arc::new(Session::new(slot, flags, present));
        table.sessions.insert(handle, session);
        Ok(handle)
    }

    /// The session of that handle.
    pub fn get(&self, handle: CK_SESSION_HANDLE) -> Outcome<Arc<Session>> {
        let table = lock(&self.table);
        let session = table.sessions.get(&handle);
        session.cloned().ok_or(ReturnValue::SessionHandleInvalid)
    }

    /// Closes one, and gives it back.
    pub fn close(&self, handle: CK_SESSION_HANDLE) -> Outcome<Arc<Session>> {
        let session = lock(&self.table).sessions.remove(&handle);
        let session = session.ok_or(ReturnValue::SessionHandleInvalid)?;
        session.close();
        Ok(session)
    }

    /// Closes those of which that is true.
    pub fn close_all(&self, which: impl Fn(&Session) -> bool) {
        let closed: Vec<_> = lock(&self.table)
            .sessions
            .extract_if(|_, session| which(session))
            .collect();
        for (_, session) in closed {
            session.close();
        }
    }

    /// Does that with each.
    pub fn for_each(&self, act: impl Fn(&Session)) {
        let table = lock(&self.table);
        table.sessions.values().for_each(|session| act(session));
    }

    /// How many there are with that slot.
    pub fn count(&self, slot: CK_SLOT_ID) -> usize {
        let table = lock(&self.table);
        let sessions = table.sessions.values();
        sessions.filter(|session| session.slot == slot).count()
    }
}
