//! Bytes to a card and back, whatever carries them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::cancel::Cancel;

/// Trouble on the way to the card. What the card itself answers is a
/// [`StatusWord`](crate::status_word::StatusWord).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// No smart card service answers (pcscd, `SCardSvr`).
    #[error("the smart card service is not running")]
    ServiceUnavailable,
    /// There is no reader of this name, or none any more.
    #[error("there is no reader named {reader:?}")]
    NoSuchReader {
        /// The name that was asked for.
        reader: String,
    },
    /// The reader is empty.
    #[error("there is no card in the reader")]
    NoCard,
    /// The card was there and was pulled out.
    #[error("the card was removed")]
    Removed,
    /// Something is in the reader but does not answer.
    #[error("the card does not answer")]
    Mute,
    /// The card was reset by somebody else: selected files, PIN and secure messaging are gone. The
    /// channel itself can be used again.
    #[error("the card was reset by another program")]
    WasReset,
    /// Another program holds the card.
    #[error("another program has held the card for {} seconds", waited.as_secs())]
    Busy {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The [`Cancel`] flag was raised.
    #[error("cancelled")]
    Cancelled,
    /// Fewer bytes came back than a status word has.
    #[error("the card's answer is cut short")]
    Truncated,
    /// Anything else the reader or its service reports.
    #[error("the reader failed: {0}")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An exchange of bytes with one card.
///
/// Whoever holds a channel holds the card: nobody else talks to it meanwhile, except in a
/// [pause](Self::pause).
pub trait Channel: Send {
    /// Sends a command APDU and returns the response APDU, status word included.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError>;

    /// Resets the card at once and goes on holding it.
    fn reset(&mut self) -> Result<(), ChannelError>;

    /// Has the card reset when the channel is dropped, so that no login outlives it. A reset before
    /// that, by whomever, makes up for it.
    fn reset_at_end(&mut self);

    /// Takes [`Self::reset_at_end`] back.
    fn leave_at_end(&mut self) {}

    /// Lets others use the card, as it is, until [`Self::resume`] or whatever else needs it. Nothing
    /// to do where there are no others.
    fn pause(&mut self) {}

    /// Takes hold of the card again after a pause, waiting for whoever has it. A reset in the
    /// meantime is [`ChannelError::WasReset`] to the next command.
    fn resume(&mut self) -> Result<(), ChannelError> {
        Ok(())
    }

    /// From now on no [`Cancel`] flag stops this channel. Nothing to do where none does.
    fn outlive_cancel(&mut self) {}
}

impl Channel for Box<dyn Channel> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        (**self).transmit(command)
    }

    fn reset(&mut self) -> Result<(), ChannelError> {
        (**self).reset()
    }

    fn reset_at_end(&mut self) {
        (**self).reset_at_end();
    }

    fn leave_at_end(&mut self) {
        (**self).leave_at_end();
    }

    fn pause(&mut self) {
        (**self).pause();
    }

    fn resume(&mut self) -> Result<(), ChannelError> {
        (**self).resume()
    }

    fn outlive_cancel(&mut self) {
        (**self).outlive_cancel();
    }
}

/// A channel that counts the commands it carries.
pub struct Counting<C> {
    channel: C,
    count: Count,
}

/// How many commands a [`Counting`] channel has carried; stays readable when the channel has gone
/// into a token.
#[derive(Clone, Debug, Default)]
pub struct Count(Arc<AtomicUsize>);

impl Count {
    /// The number of commands so far.
    pub fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl<C: Channel> Counting<C> {
    /// Starts counting at 0.
    pub fn new(channel: C) -> (Self, Count) {
        let count = Count::default();
        (
            Self {
                channel,
                count: count.clone(),
            },
            count,
        )
    }
}

impl<C: Channel> Channel for Counting<C> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.count.0.fetch_add(1, Ordering::SeqCst);
        self.channel.transmit(command)
    }

    fn reset(&mut self) -> Result<(), ChannelError> {
        self.channel.reset()
    }

    fn reset_at_end(&mut self) {
        self.channel.reset_at_end();
    }

    fn leave_at_end(&mut self) {
        self.channel.leave_at_end();
    }

    fn pause(&mut self) {
        self.channel.pause();
    }

    fn resume(&mut self) -> Result<(), ChannelError> {
        self.channel.resume()
    }

    fn outlive_cancel(&mut self) {
        self.channel.outlive_cancel();
    }
}

/// A channel that carries nothing more once its [`Cancel`] flag is raised.
pub struct Cancellable<C> {
    channel: C,
    cancel: Cancel,
}

impl<C: Channel> Cancellable<C> {
    /// Looks at `cancel` before each command.
    pub fn new(channel: C, cancel: Cancel) -> Self {
        Self { channel, cancel }
    }
}

impl<C: Channel> Channel for Cancellable<C> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        if self.cancel.is_cancelled() {
            return Err(ChannelError::Cancelled);
        }
        self.channel.transmit(command)
    }

    fn reset(&mut self) -> Result<(), ChannelError> {
        self.channel.reset()
    }

    fn reset_at_end(&mut self) {
        self.channel.reset_at_end();
    }

    fn leave_at_end(&mut self) {
        self.channel.leave_at_end();
    }

    fn pause(&mut self) {
        self.channel.pause();
    }

    fn resume(&mut self) -> Result<(), ChannelError> {
        if self.cancel.is_cancelled() {
            return Err(ChannelError::Cancelled);
        }
        self.channel.resume()
    }

    fn outlive_cancel(&mut self) {
        self.cancel = Cancel::new();
        self.channel.outlive_cancel();
    }
}
