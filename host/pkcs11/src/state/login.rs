//! `C_Login` and `C_Logout`, for programs that ask for the PIN themselves.

use std::sync::{Arc, Mutex};

use cryptoki_sys::CK_SLOT_ID;
use kagibashi_protocol::agent::{AgentError, Answer, Client, LoginBy, PATIENCE, Question};
use kagibashi_protocol::{ErrorCode, Text};
use secrecy::SecretString;

use super::Module;
use super::session::Session;
use super::slot::Stay;
use crate::lock::lock;
use crate::return_value::{Outcome, ReturnValue};

/// The logins of this process. Each is a connection: the agent's login belongs
/// to it and ends with it, however this process ends.
#[derive(Debug, Default)]
pub struct Logins {
    open: Mutex<Vec<Login>>,
}

/// A login to one token.
#[derive(Debug)]
pub struct Login {
    /// Where the token is.
    pub slot: CK_SLOT_ID,
    /// The stay of the token; the login ends with it.
    pub stay: Stay,
    token: Text,
    client: Arc<Mutex<Client>>,
}

impl Logins {
    /// The connection of the login to that token.
    pub fn client(&self, slot: CK_SLOT_ID, stay: Stay) -> Option<Arc<Mutex<Client>>> {
        let open = lock(&self.open);
        let found = open
            .iter()
            .find(|login| login.slot == slot && login.stay == stay);
        found.map(|login| Arc::clone(&login.client))
    }

    /// Ends those of which that is true by ending their connections: at once,
    /// or after the signature that is being made on one.
    pub fn end_all(&self, which: impl Fn(&Login) -> bool) {
        self.take(which);
    }

    /// As before, but said in words too, so that it is done when this returns.
    /// Not while a signature is being made: that would mean waiting for a card.
    pub fn log_out(&self, which: impl Fn(&Login) -> bool) {
        for login in self.take(which) {
            if let Ok(mut client) = login.client.try_lock() {
                let token = login.token;
                // Whatever the answer, the connection ends, and the login with it.
                drop(client.ask(&Question::Logout { token }, PATIENCE));
            }
        }
    }

    fn take(&self, which: impl Fn(&Login) -> bool) -> Vec<Login> {
        lock(&self.open)
            .extract_if(.., |login| which(login))
            .collect()
    }
}

impl Module {
    /// `C_Login` as the user.
    pub fn log_in(&self, session: &Session, pin: SecretString) -> Outcome<()> {
        let present = self.present(session.slot)?;
        if present.login == LoginBy::Window {
            // The PIN of this token is asked for elsewhere; it must not be
            // sent where nobody asked for it.
            return Err(ReturnValue::UserPinNotInitialized);
        }
        if self.is_logged_in(session) {
            return Err(ReturnValue::UserAlreadyLoggedIn);
        }
        let mut client = self.connect(present.login)?;
        let question = Question::Login {
            token: present.token.id.clone(),
            pin,
        };
        match super::ask(session, &mut client, &question)? {
            Ok(Answer::Done) => {
                self.slots(|slots| {
                    slots.note_pin(session.slot, |pin| {
                        pin.tries_left = pin.maximum.or(pin.tries_left);
                        pin.locked = false;
                    });
                });
                let mut open = lock(&self.logins.open);
                if open
                    .iter()
                    .any(|login| login.slot == session.slot && login.stay == session.stay())
                {
                    return Err(ReturnValue::UserAlreadyLoggedIn);
                }
                open.push(Login {
                    slot: session.slot,
                    stay: session.stay(),
                    token: present.token.id,
                    client: Arc::new(Mutex::new(client)),
                });
                Ok(())
            }
            Ok(_) => Err(ReturnValue::DeviceError),
            Err(error) => {
                self.note_failed_login(session.slot, &error);
                Err((&error).into())
            }
        }
    }

    /// So that the token's flags warn before the last try, without asking the
    /// card again.
    fn note_failed_login(&self, slot: CK_SLOT_ID, error: &AgentError) {
        let AgentError::Failed(failure) = error else {
            return;
        };
        self.slots(|slots| {
            slots.note_pin(slot, |pin| match failure.code {
                ErrorCode::WrongPin => pin.tries_left = failure.detail.tries_left,
                ErrorCode::PinLocked => pin.locked = true,
                _ => {}
            });
        });
    }

    /// `C_Logout`.
    pub fn log_out(&self, session: &Session) -> Outcome<()> {
        if !self.is_logged_in(session) {
            return Err(ReturnValue::UserNotLoggedIn);
        }
        self.logins.log_out(|login| login.slot == session.slot);
        Ok(())
    }
}
