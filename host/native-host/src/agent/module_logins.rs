//! Logins that programs have opened with `C_Login`: each on a connection of its
//! own, and gone with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kagibashi_card::cancel::Cancel;
use kagibashi_protocol::object::PinStatus;
use kagibashi_protocol::{ErrorCode, Failure, Text};
use kagibashi_token::{KeptLogin, Pin, SignatureAlgorithm, TokenError};
use secrecy::SecretString;

use crate::command::found::Found;
use crate::command::reading::pin_shown;
use crate::failure;
use crate::vendor_modules;

/// The logins of all programs that are connected to the agent.
#[derive(Clone, Default)]
pub struct ModuleLogins {
    shared: Arc<Mutex<State>>,
}

/// A connection's number and a token's id.
type Whose = (u64, Text);

#[derive(Default)]
struct State {
    open: HashMap<Whose, Arc<Mutex<KeptLogin>>>,
    /// What the last login said of a token's PIN.
    pins: HashMap<Text, PinStatus>,
}

impl ModuleLogins {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection was closed: its logins end.
    pub fn went(&self, connection: u64) {
        let ended: Vec<_> = {
            let mut state = self.lock();
            state
                .open
                .extract_if(|whose, _| whose.0 == connection)
                .collect()
        };
        drop(ended);
    }

    /// A token was pulled out.
    pub fn removed(&self, token: &Text) {
        let ended: Vec<_> = {
            let mut state = self.lock();
            state.pins.remove(token);
            state
                .open
                .extract_if(|whose, _| whose.1 == *token)
                .collect()
        };
        drop(ended);
    }

    /// Ends every login.
    pub fn close_all(&self) {
        let ended = std::mem::take(&mut self.lock().open);
        drop(ended);
    }

    /// What is known of a token's PIN since its last login.
    pub fn pin(&self, token: &Text) -> Option<PinStatus> {
        self.lock().pins.get(token).copied()
    }

    /// Gives a PIN to the token, once.
    pub fn log_in(
        &self,
        connection: u64,
        token: &Text,
        reader: &str,
        pin: SecretString,
    ) -> Result<(), Failure> {
        let pin = Pin::new(pin).map_err(failure::code_of_pin_format)?;
        // The program's own older login would lose its session anyway.
        self.log_out(connection, token);
        let mut opened = vendor_modules::tokens()
            .and_then(|tokens| tokens.open(reader, &Cancel::new()))
            .map_err(|error| failure::of_token(&error))?;
        let before = opened
            .pin_status()
            .map_err(|error| failure::of_token(&error))?;
        let outcome = opened.log_in(&pin);
        let mut status = pin_shown(before);
        match &outcome {
            Ok(_) => status.tries_left = status.maximum.or(status.tries_left),
            Err(TokenError::PinWrong { tries_left }) => {
                status.tries_left = *tries_left;
                status.locked = *tries_left == Some(0);
            }
            Err(TokenError::PinLocked) => {
                status.tries_left = Some(0);
                status.locked = true;
            }
            Err(_) => {}
        }
        let mut state = self.lock();
        state.pins.insert(token.clone(), status);
        let login = outcome.map_err(|error| failure::of_token(&error))?;
        state
            .open
            .insert((connection, token.clone()), Arc::new(Mutex::new(login)));
        Ok(())
    }

    /// Ends a connection's login.
    pub fn log_out(&self, connection: u64, token: &Text) {
        let ended = self.lock().open.remove(&(connection, token.clone()));
        drop(ended);
    }

    /// Signs with a connection's own login.
    pub fn sign(
        &self,
        connection: u64,
        found: &Found,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        let key = found.key.as_ref().ok_or(ErrorCode::CertificateNotFound)?;
        let token = &found.shown.token;
        let login = self
            .lock()
            .open
            .get(&(connection, token.clone()))
            .map(Arc::clone);
        let login = login.ok_or(ErrorCode::SessionStolen)?;
        let outcome = {
            let mut login = login.lock().unwrap_or_else(PoisonError::into_inner);
            login.sign(key, algorithm, digest)
        };
        outcome.map_err(|error| {
            if matches!(error, TokenError::SessionStolen | TokenError::CardRemoved) {
                self.log_out(connection, token);
            }
            failure::of_token(&error)
        })
    }
}
