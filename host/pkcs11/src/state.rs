//! What the module knows between two calls.

pub mod login;
pub mod session;
pub mod slot;

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwapOption;
use cryptoki_sys as ck;
use cryptoki_sys::{CK_FLAGS, CK_SESSION_HANDLE, CK_SLOT_ID};
use kagibashi_protocol::ErrorCode;
use kagibashi_protocol::agent::{AgentError, Answer, Client, LoginBy, Question};

use crate::link::{Link, Look};
use crate::lock::lock;
use crate::object::Object;
use crate::return_value::{Outcome, ReturnValue};
use login::Logins;
use session::{Session, Sessions, Signature};
use slot::{Present, Slots};

/// The module between `C_Initialize` and `C_Finalize`.
///
/// Swapped without a lock: after a fork the child must be able to look at it,
/// whatever the parent's other threads held at that moment.
static CURRENT: ArcSwapOption<Module> = ArcSwapOption::const_empty();

/// An initialised module.
#[derive(Debug)]
pub struct Module {
    /// The process that initialised it. A child that was forked finds it here
    /// too and has to begin anew; the connections are its parent's.
    process: u32,
    link: Link,
    slots: Mutex<Slots>,
    sessions: Sessions,
    logins: Logins,
}

impl Module {
    /// `C_Initialize`.
    pub fn initialise() -> Outcome<()> {
        let fresh = Arc::new(Self {
            process: std::process::id(),
            link: Link::of_this_process(),
            slots: Mutex::default(),
            sessions: Sessions::default(),
            logins: Logins::default(),
        });
        let before = CURRENT.load_full();
        if before.as_ref().is_some_and(|module| module.is_ours()) {
            return Err(ReturnValue::CryptokiAlreadyInitialized);
        }
        let found = CURRENT.compare_and_swap(&before, Some(fresh));
        let found = arc_swap::Guard::into_inner(found);
        let first = match (&before, &found) {
            (None, None) => true,
            (Some(before), Some(found)) => Arc::ptr_eq(before, found),
            _ => false,
        };
        // The parent's state may have been in the middle of anything: it must
        // not be taken apart here.
        std::mem::forget(before);
        if first {
            std::mem::forget(found);
            Ok(())
        } else {
            Err(ReturnValue::CryptokiAlreadyInitialized)
        }
    }

    /// `C_Finalize`. Calls that wait for the host come back at once.
    pub fn finalise() -> Outcome<()> {
        let module = Self::current()?;
        let found = CURRENT.compare_and_swap(&module, None);
        if !arc_swap::Guard::into_inner(found).is_some_and(|found| Arc::ptr_eq(&found, &module)) {
            return Err(ReturnValue::CryptokiNotInitialized);
        }
        module.link.close();
        module.sessions.close_all(|_| true);
        module.logins.end_all(|_| true);
        Ok(())
    }

    /// The module that this process has initialised.
    pub fn current() -> Outcome<Arc<Self>> {
        CURRENT
            .load_full()
            .filter(|module| module.is_ours())
            .ok_or(ReturnValue::CryptokiNotInitialized)
    }

    fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }

    /// Whether `C_Finalize` has not been called yet.
    pub fn is_open(&self) -> bool {
        Self::current().is_ok_and(|module| std::ptr::eq(&raw const *module, self))
    }

    /// Asks the host whether tokens have come or gone. Neither this nor
    /// anything else that a search does reaches a card.
    pub fn look(&self) {
        self.link.look(|look| {
            {
                let mut slots = lock(&self.slots);
                match look {
                    Look::Same => return,
                    Look::Nothing => slots.update(0, LoginBy::Module, vec![]),
                    Look::Tokens {
                        host,
                        login,
                        tokens,
                    } => slots.update(host, login, tokens),
                }
            }
            self.sessions.close_all(|session| !self.is_usable(session));
            self.logins
                .end_all(|login| !lock(&self.slots).lasts(login.slot, login.stay));
        });
    }

    fn lasts(&self, session: &Session) -> bool {
        lock(&self.slots).lasts(session.slot, session.stay())
    }

    /// Whether the session can still be worked with. A browser's can until the
    /// browser asks whether it goes on, even if the token was out meanwhile:
    /// NSS believes its last look for 10 seconds, and would find no key.
    fn is_usable(&self, session: &Session) -> bool {
        match session.login {
            LoginBy::Window => lock(&self.slots).holds(session.slot, &session.contents),
            LoginBy::Module => self.lasts(session),
        }
    }

    /// Whether the token has been in since the session was opened. While a
    /// person is asked for a signature the answer is yes: NSS would give up the
    /// handshake, and Firefox would never notice.
    fn goes_on(&self, session: &Session) -> bool {
        self.lasts(session)
            || session.login == LoginBy::Window && lock(&self.slots).is_asked(session.slot)
    }

    /// What that makes of the slots' state.
    pub fn slots<T>(&self, act: impl FnOnce(&mut Slots) -> T) -> T {
        act(&mut lock(&self.slots))
    }

    /// The token in a slot.
    pub fn present(&self, slot: CK_SLOT_ID) -> Outcome<Present> {
        let slots = lock(&self.slots);
        let present = slots.present(slot)?;
        present.cloned().ok_or(ReturnValue::TokenNotPresent)
    }

    /// How many sessions there are with a slot.
    pub fn session_count(&self, slot: CK_SLOT_ID) -> usize {
        self.sessions.count(slot)
    }

    /// `C_OpenSession`.
    pub fn open_session(&self, slot: CK_SLOT_ID, flags: CK_FLAGS) -> Outcome<CK_SESSION_HANDLE> {
        if flags & ck::CKF_SERIAL_SESSION == 0 {
            return Err(ReturnValue::SessionParallelNotSupported);
        }
        let present = self.present(slot)?;
        if flags & ck::CKF_RW_SESSION != 0 && present.is_write_protected() {
            return Err(ReturnValue::TokenWriteProtected);
        }
        self.sessions.open(slot, flags, &present)
    }

    /// `C_CloseSession`. With its last session a program's login ends.
    pub fn close_session(&self, handle: CK_SESSION_HANDLE) -> Outcome<()> {
        let session = self.sessions.close(handle)?;
        if self.sessions.count(session.slot) == 0 {
            self.logins.log_out(|login| login.slot == session.slot);
        }
        Ok(())
    }

    /// `C_CloseAllSessions`.
    pub fn close_sessions(&self, slot: CK_SLOT_ID) -> Outcome<()> {
        lock(&self.slots).present(slot)?;
        self.sessions.close_all(|session| session.slot == slot);
        self.logins.log_out(|login| login.slot == slot);
        Ok(())
    }

    /// The session of a handle, if its token has not gone.
    pub fn session(&self, handle: CK_SESSION_HANDLE) -> Outcome<Arc<Session>> {
        let session = self.sessions.get(handle)?;
        if self.is_usable(&session) {
            Ok(session)
        } else {
            Err(ReturnValue::SessionHandleInvalid)
        }
    }

    /// The session of a handle, for whoever asks whether its token has been in
    /// all the time: if not, this is where the session ends.
    pub fn lasting_session(&self, handle: CK_SESSION_HANDLE) -> Outcome<Arc<Session>> {
        let session = self.session(handle)?;
        if self.goes_on(&session) {
            return Ok(session);
        }
        drop(self.sessions.close(handle));
        Err(ReturnValue::SessionHandleInvalid)
    }

    /// Whether the program has logged in to the session's token.
    pub fn is_logged_in(&self, session: &Session) -> bool {
        self.logins.client(session.slot, session.stay()).is_some()
    }

    /// Its state, in the standard's numbers.
    pub fn state(&self, session: &Session) -> ck::CK_STATE {
        match (
            session.flags & ck::CKF_RW_SESSION != 0,
            self.is_logged_in(session),
        ) {
            (false, false) => ck::CKS_RO_PUBLIC_SESSION,
            (false, true) => ck::CKS_RO_USER_FUNCTIONS,
            (true, false) => ck::CKS_RW_PUBLIC_SESSION,
            (true, true) => ck::CKS_RW_USER_FUNCTIONS,
        }
    }

    /// Whether the session shows that object.
    pub fn shows(&self, session: &Session, object: &Object) -> bool {
        !object.private || self.is_logged_in(session)
    }

    fn connect(&self, login: LoginBy) -> Outcome<Client> {
        let client = self.link.connect(login);
        client.map_err(|error| ReturnValue::from(&error))
    }

    /// Asks the host for a signature. As long as it takes, nothing of ours is
    /// locked but, in classic mode, the connection that the login belongs to.
    pub fn sign(&self, session: &Session, signature: Signature) -> Outcome<Vec<u8>> {
        let Signature { key, data, .. } = signature;
        let (algorithm, digest) = data.end(key.size)?;
        let present = self
            .present(session.slot)
            .map_err(|_| ReturnValue::DeviceRemoved)?;
        let question = Question::Sign {
            token: present.token.id,
            certificate: key.certificate,
            algorithm,
            digest,
        };
        let answer = match present.login {
            LoginBy::Window => self.ask_person(session, &question)?,
            LoginBy::Module => {
                let client = self.logins.client(session.slot, session.stay());
                let client = client.ok_or(ReturnValue::UserNotLoggedIn)?;
                let answer = ask(session, &mut lock(&client), &question)?;
                if answer.as_ref().is_err_and(ends_login) {
                    self.logins.end_all(|login| login.slot == session.slot);
                }
                answer
            }
        };
        match answer {
            Ok(Answer::Signature { signature }) if signature.len() == key.size => Ok(signature),
            Ok(_) => Err(ReturnValue::DeviceError),
            Err(error) => Err((&error).into()),
        }
    }

    /// Asks a browser's host for a signature. What the browser sees of the
    /// token does not change meanwhile; and once there is a signature, that the
    /// token was out before does not count any more.
    fn ask_person(
        &self,
        session: &Session,
        question: &Question,
    ) -> Outcome<Result<Answer, AgentError>> {
        let mut client = self.connect(LoginBy::Window)?;
        lock(&self.slots).begin_asking(session.slot);
        let answer = ask(session, &mut client, question);
        let signed = matches!(answer, Ok(Ok(Answer::Signature { .. })));
        if signed {
            self.look();
            self.renew_sessions(session);
        }
        lock(&self.slots).end_asking(session.slot);
        self.link.forget_last_look();
        answer
    }

    /// Has the sessions with the same token go on as if it had not been out.
    fn renew_sessions(&self, signed: &Session) {
        let stay = match lock(&self.slots).present(signed.slot) {
            Ok(Some(present)) => present.stay,
            _ => return,
        };
        self.sessions.for_each(|session| {
            if session.slot == signed.slot && Arc::ptr_eq(&session.contents, &signed.contents) {
                session.renew(stay);
            }
        });
    }
}

fn ask(
    session: &Session,
    client: &mut Client,
    question: &Question,
) -> Outcome<Result<Answer, AgentError>> {
    let hang_up = client.hang_up().map_err(|_| ReturnValue::DeviceError)?;
    session.calling(hang_up, || client.ask(question, question.patience()))
}

/// Whether there is no login any more after that trouble with a signature.
fn ends_login(error: &AgentError) -> bool {
    match error {
        AgentError::Failed(failure) => matches!(
            failure.code,
            ErrorCode::PinMissing
                | ErrorCode::SessionStolen
                | ErrorCode::TokenRemoved
                | ErrorCode::OtherToken
                | ErrorCode::NoToken
        ),
        _ => true,
    }
}
