//! The handshake, PINs, and the secrets behind them.

use super::{Card, State};
use crate::access::SecurityLevel;
use crate::cipher::triple_des;
use crate::file::{Body, Secrets};
use crate::secret::{Secret, SecretKind, Tries};
use crate::secure_messaging::handshake::{Handshake, TRANSPORT_KEY};
use crate::settings::{LastTry, Mode};
use crate::status_word::StatusWord;

impl Card {
    /// `80 50`: ends the session there was. Answers 10 bytes of diversification data, the
    /// key information, the card's random number and its cryptogram.
    pub(super) fn initialize_update(&mut self, host_random: [u8; 8]) -> Vec<u8> {
        self.end_session();
        let static_keys = [SecretKind::HandshakeEncryption, SecretKind::HandshakeMac].map(|kind| {
            let installed = self
                .find_secret(kind, 0)
                .map(|secret| secret.value.as_slice().try_into());
            // Only values of 16 bytes can be installed.
            installed.and_then(Result::ok).unwrap_or(TRANSPORT_KEY)
        });
        let card_random = self.random.take_array();
        let handshake = Handshake::new(self.settings.mode, static_keys, host_random, card_random);
        let mut data = vec![0x00, 0x00];
        data.extend(self.settings.serial);
        match self.settings.mode {
            Mode::Aes | Mode::TripleDes => data.extend([0x00, 0x01]),
            Mode::Cmac => data.extend([0x00, 0x03, 0x00]),
        }
        data.extend(card_random);
        data.extend(handshake.card_cryptogram());
        self.state.handshake = Some(handshake);
        data
    }

    /// `84 82 03 00`: begins a session, or 6300 *(choice)*.
    pub(super) fn finish_handshake(
        &mut self,
        cryptogram: [u8; 8],
        mac: [u8; 8],
    ) -> Result<(), StatusWord> {
        let handshake = self
            .state
            .handshake
            .take()
            .ok_or(StatusWord::CONDITIONS_OF_USE)?;
        if cryptogram != handshake.host_cryptogram() || mac != handshake.mac() {
            return Err(StatusWord::AUTHENTICATION_FAILED);
        }
        self.state.session = Some(handshake.into_session(self.settings.retry_query_without_icv));
        Ok(())
    }

    /// Session, PIN, challenge and chosen key are gone; the selection stays *(choice)*.
    pub(super) fn end_session(&mut self) {
        let State {
            directory, file, ..
        } = std::mem::take(&mut self.state);
        self.state = State {
            directory,
            file,
            ..State::default()
        };
    }

    /// `00 84`: a challenge; its first 8 bytes serve one attempt.
    pub(super) fn get_challenge(&mut self, length: usize) -> Result<Vec<u8>, StatusWord> {
        if !(8..=256).contains(&length) {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let challenge = self.random.take(length);
        self.state.challenge = challenge.first_chunk().copied();
        Ok(challenge)
    }

    /// `00 82 01 8x` with the challenge under the PIN's key.
    pub(super) fn authenticate(&mut self, id: u8, response: [u8; 8]) -> Result<(), StatusWord> {
        let challenge = self.state.challenge.take();
        let kind = SecretKind::ExternalAuthentication;
        let secret = self
            .find_secret(kind, id)
            .ok_or(StatusWord::KEY_NOT_FOUND)?;
        self.permit(secret.usage)?;
        if secret.tries.left == 0 {
            return Err(StatusWord::BLOCKED);
        }
        let challenge = challenge.ok_or(StatusWord::CONDITIONS_OF_USE)?;
        let key = secret
            .value
            .as_slice()
            .try_into()
            .map_err(|_| StatusWord::KEY_NOT_FOUND)?;
        let right = triple_des(key, challenge) == response;
        self.count_attempt(kind, id, right)
    }

    /// `00 82 01 8x` without data: 63Cx or 6983. *(choice)* It wants a challenge before it
    /// and uses it up, like an attempt; no try is lost.
    pub(super) fn query_tries(&mut self, id: u8) -> Result<(), StatusWord> {
        let challenge = self.state.challenge.take();
        let secret = self
            .find_secret(SecretKind::ExternalAuthentication, id)
            .ok_or(StatusWord::KEY_NOT_FOUND)?;
        challenge.ok_or(StatusWord::CONDITIONS_OF_USE)?;
        Err(match secret.tries.left {
            0 => StatusWord::BLOCKED,
            left => StatusWord::tries_left(left),
        })
    }

    /// `00 20`: a password of type 06.
    pub(super) fn verify(&mut self, id: u8, password: &[u8]) -> Result<(), StatusWord> {
        let secret = self
            .find_secret(SecretKind::Password, id)
            .ok_or(StatusWord::KEY_NOT_FOUND)?;
        self.permit(secret.usage)?;
        if secret.tries.left == 0 {
            return Err(StatusWord::BLOCKED);
        }
        let right = secret.value == password;
        self.count_attempt(SecretKind::Password, id, right)
    }

    /// `80 E3`: into the secret-key file of the current directory. *(choice)* A secret that
    /// exists is replaced only by who may change it, so nobody can put a new PIN over an
    /// old one; a password, which anyone may install, is.
    pub(super) fn install_secret(&mut self, secret: Secret) -> Result<(), StatusWord> {
        let level = self.state.level;
        let holder = self
            .current_directory_mut()?
            .files
            .iter_mut()
            .find(|file| matches!(file.body, Body::Secrets(_)))
            .ok_or(StatusWord::FILE_NOT_FOUND)?;
        if !holder.access.read().allows(level, true) {
            return Err(StatusWord::SECURITY_STATUS);
        }
        let Body::Secrets(Secrets { capacity, secrets }) = &mut holder.body else {
            return Err(StatusWord::FILE_NOT_FOUND);
        };
        let full = secrets.len() >= usize::from(*capacity);
        let existing = secrets
            .iter()
            .position(|other| other.kind == secret.kind && other.id == secret.id);
        match existing.map(|index| &mut secrets[index]) {
            Some(other)
                if other.kind == SecretKind::Password || other.change.allows(level, true) =>
            {
                *other = secret;
            }
            Some(_) => return Err(StatusWord::SECURITY_STATUS),
            None if full => return Err(StatusWord::NO_SPACE),
            None => secrets.push(secret),
        }
        self.changes += 1;
        Ok(())
    }

    /// `80 E5`: a new value with its counter full.
    pub(super) fn update_secret(
        &mut self,
        kind: SecretKind,
        id: u8,
        tries: Tries,
        value: Vec<u8>,
    ) -> Result<(), StatusWord> {
        let secret = self
            .find_secret(kind, id)
            .ok_or(StatusWord::KEY_NOT_FOUND)?;
        self.permit(secret.change)?;
        if secret.value.len() != value.len() {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let secret = self
            .find_secret_mut(kind, id)
            .ok_or(StatusWord::KEY_NOT_FOUND)?;
        secret.tries = tries;
        secret.value = value;
        self.changes += 1;
        Ok(())
    }

    /// Raises the level and fills the counter, or drops both.
    fn count_attempt(&mut self, kind: SecretKind, id: u8, right: bool) -> Result<(), StatusWord> {
        let last_try = self.settings.last_try;
        let secret = self
            .find_secret_mut(kind, id)
            .ok_or(StatusWord::KEY_NOT_FOUND)?;
        let before = secret.tries;
        let (level, outcome) = if right {
            secret.tries.left = secret.tries.max;
            (secret.level, Ok(()))
        } else {
            secret.tries.left -= 1;
            let status = match (secret.tries.left, last_try) {
                (0, LastTry::Blocked) => StatusWord::BLOCKED,
                (left, _) => StatusWord::tries_left(left),
            };
            (SecurityLevel::NONE, Err(status))
        };
        self.changes += u64::from(secret.tries != before);
        self.state.level = level;
        outcome
    }

    /// Looks in the current directory first, then upwards *(choice)*.
    fn find_secret(&self, kind: SecretKind, id: u8) -> Option<&Secret> {
        let path = &self.state.directory;
        let mut directories = vec![self.master_file.as_ref()?.as_directory()?];
        for &id in path {
            directories.push(directories.last()?.file(id)?.as_directory()?);
        }
        directories.iter().rev().find_map(|directory| {
            directory.files.iter().find_map(|file| match &file.body {
                Body::Secrets(Secrets { secrets, .. }) => secrets
                    .iter()
                    .find(|secret| secret.kind == kind && secret.id == id),
                _ => None,
            })
        })
    }

    fn find_secret_mut(&mut self, kind: SecretKind, id: u8) -> Option<&mut Secret> {
        let is_it = move |secret: &Secret| secret.kind == kind && secret.id == id;
        let depth = (0..=self.state.directory.len()).rev().find(|&depth| {
            self.directory_at_depth_mut(depth).is_some_and(|directory| {
                directory.files.iter().any(|file| match &file.body {
                    Body::Secrets(Secrets { secrets, .. }) => secrets.iter().any(is_it),
                    _ => false,
                })
            })
        })?;
        self.directory_at_depth_mut(depth)?
            .files
            .iter_mut()
            .find_map(|file| match &mut file.body {
                Body::Secrets(Secrets { secrets, .. }) => {
                    secrets.iter_mut().find(|secret| is_it(secret))
                }
                _ => None,
            })
    }
}
