//! A channel around a channel: every command encrypted and authenticated, every answer checked.

use crate::apdu::{Command, Response};
use crate::channel::{Channel, ChannelError};
use crate::scp01::{Mode, SessionKeys, StaticKeys};
use crate::status_word::StatusWord;

/// Why a protected exchange failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecureMessagingError {
    /// Trouble on the way to the card.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The card refused the handshake.
    #[error("the card answered {status} to the handshake")]
    Handshake {
        /// What it said.
        status: StatusWord,
    },
    /// The card does not have the keys it should have.
    #[error("the card's cryptogram is wrong")]
    CardCryptogram,
    /// The card knows nothing of this session: it was reset, or another program opened one. The PIN
    /// is gone with it. [`SecureMessaging::renew`] opens a new one.
    #[error("the session is lost")]
    SessionLost,
    /// The card answered in the clear, and not that the session is lost.
    #[error("the card answered {status} without protection")]
    Unprotected {
        /// What it said, for what that is worth.
        status: StatusWord,
    },
    /// The answer's MAC is wrong: it was altered, or is none of ours.
    #[error("the answer's MAC is wrong")]
    AnswerMac,
    /// The status inside the protected answer is not the one outside.
    #[error("the protected status is not the one outside")]
    StatusMismatch,
    /// The answer is not made as it should be.
    #[error("the protected answer is malformed")]
    Malformed,
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    NoRandomness,
}

/// How commands travel to the card.
enum Protection {
    /// In the clear: the card says it has no secure messaging.
    None,
    /// Wrapped.
    Session {
        mode: Mode,
        static_keys: StaticKeys,
        keys: Option<SessionKeys>,
    },
}

/// Gives the eight random bytes that a handshake begins with.
pub type HostChallenge = Box<dyn FnMut() -> Result<[u8; 8], SecureMessagingError> + Send>;

/// A card behind secure messaging.
pub struct SecureMessaging<C> {
    channel: C,
    protection: Protection,
    host_challenge: HostChallenge,
}

impl<C: Channel> SecureMessaging<C> {
    /// A card that wants secure messaging. [`Self::renew`] opens the first session, too.
    pub fn new(channel: C, mode: Mode, static_keys: StaticKeys) -> Self {
        let protection = Protection::Session {
            mode,
            static_keys,
            keys: None,
        };
        Self {
            channel,
            protection,
            host_challenge: Box::new(random_challenge),
        }
    }

    /// Takes the host's side of the handshake from elsewhere than the operating system's random
    /// numbers, to play a recorded exchange back.
    #[must_use]
    pub fn with_host_challenge(mut self, host_challenge: HostChallenge) -> Self {
        self.host_challenge = host_challenge;
        self
    }

    /// A card that has no secure messaging: everything goes in the clear.
    pub fn unprotected(channel: C) -> Self {
        Self {
            channel,
            protection: Protection::None,
            host_challenge: Box::new(random_challenge),
        }
    }

    /// How commands are protected; `None` if they are not.
    pub fn mode(&self) -> Option<Mode> {
        match self.protection {
            Protection::None => None,
            Protection::Session { mode, .. } => Some(mode),
        }
    }

    /// The channel under this one.
    pub fn channel_mut(&mut self) -> &mut C {
        &mut self.channel
    }

    /// The channel alone; the session is over.
    pub fn into_channel(self) -> C {
        self.channel
    }

    /// Resets the card. The session is over until [`Self::renew`].
    pub fn reset(&mut self) -> Result<(), ChannelError> {
        if let Protection::Session { keys, .. } = &mut self.protection {
            *keys = None;
        }
        self.channel.reset()
    }

    /// Opens a new session. Whatever PIN the card had accepted is forgotten by that.
    pub fn renew(&mut self) -> Result<(), SecureMessagingError> {
        let Protection::Session {
            mode,
            static_keys,
            keys,
        } = &mut self.protection
        else {
            return Ok(());
        };
        *keys = None;
        let host = (self.host_challenge)()?;
        let length = if *mode == Mode::Cmac { 0x1D } else { 0x1C };
        let initialize = Command::new(0x80, 0x50, 0, 0)
            .with_data(&host)
            .expecting(length);
        let answer = exchange(&mut self.channel, &initialize)?;
        if answer.status != StatusWord::Success {
            return Err(SecureMessagingError::Handshake {
                status: answer.status,
            });
        }
        if answer.data.len() != usize::from(length) {
            return Err(SecureMessagingError::Malformed);
        }
        let (rest, cryptogram) = answer
            .data
            .split_last_chunk::<8>()
            .ok_or(SecureMessagingError::Malformed)?;
        let (_, card) = rest
            .split_last_chunk::<8>()
            .ok_or(SecureMessagingError::Malformed)?;
        let mut fresh = SessionKeys::derive(*mode, static_keys, host, *card);
        if fresh.card_cryptogram(host, *card) != *cryptogram {
            return Err(SecureMessagingError::CardCryptogram);
        }
        let authenticate =
            Command::new(0x84, 0x82, 0x03, 0x00).with_data(&fresh.authenticate(host, *card));
        let answer = exchange(&mut self.channel, &authenticate)?;
        if answer.status != StatusWord::Success {
            return Err(SecureMessagingError::Handshake {
                status: answer.status,
            });
        }
        *keys = Some(fresh);
        Ok(())
    }

    /// Sends one command, exactly once. After an answer that cannot be trusted, and after
    /// [`SecureMessagingError::SessionLost`], the session is over: until [`Self::renew`] every
    /// command is refused with the latter without asking the card.
    pub fn transmit(&mut self, command: &Command) -> Result<Response, SecureMessagingError> {
        let Protection::Session { keys, .. } = &mut self.protection else {
            return exchange(&mut self.channel, command);
        };
        if keys.is_some() {
            // A command that is wrapped has to be sent, and this may fail.
            self.channel.resume()?;
        }
        let mut session = keys.take().ok_or(SecureMessagingError::SessionLost)?;
        let wrapped = session.wrap(command);
        let response = match self.channel.transmit(&wrapped) {
            Ok(answer) => session.unwrap(&answer),
            Err(ChannelError::WasReset) => Err(SecureMessagingError::SessionLost),
            Err(error) => Err(error.into()),
        };
        // After trouble on the way the card itself will say, if it can be reached, whether the
        // session still holds.
        if matches!(
            response,
            Ok(_)
                | Err(SecureMessagingError::Unprotected { .. } | SecureMessagingError::Channel(_))
        ) {
            *keys = Some(session);
        }
        response
    }
}

fn exchange(
    channel: &mut impl Channel,
    command: &Command,
) -> Result<Response, SecureMessagingError> {
    let answer = channel.transmit(&command.to_bytes())?;
    Response::parse(&answer).ok_or(SecureMessagingError::Channel(ChannelError::Truncated))
}

fn random_challenge() -> Result<[u8; 8], SecureMessagingError> {
    let mut challenge = [0; 8];
    getrandom::getrandom(&mut challenge).map_err(|_| SecureMessagingError::NoRandomness)?;
    Ok(challenge)
}

#[cfg(test)]
mod tests;
