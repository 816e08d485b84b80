//! The thread that speaks to PC/SC for a [`Transaction`](super::Transaction).

use std::ffi::CString;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use pcsc::{Card, Context, Disposition, Error, Protocols, ShareMode, State};
use zeroize::Zeroizing;

use crate::channel::ChannelError;
use crate::reader::{channel_error, establish};

/// Every answer ends with SW1 and SW2.
const STATUS_LENGTH: usize = 2;

/// How soon a connection refused by an exclusive one is tried again.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// How long a reader may take to notice that a card which stopped answering has been pulled out.
const REMOVAL_NOTICE: Duration = Duration::from_secs(2);

/// What a [`Transaction`](super::Transaction) asks for.
pub(super) enum Request {
    /// Take hold of the card; answered with nothing.
    Hold,
    /// Answered with the card's answer.
    Transmit(Zeroizing<Vec<u8>>),
    /// Answered with nothing.
    Reset,
    /// Let go of the card until [`Self::Hold`]. Not answered, nor are those that follow.
    Pause,
    ResetAtEnd,
    LeaveAtEnd,
}

/// Connects to the card, takes hold of it, answers with its ATR and then to each request. Ends when
/// nobody can ask any more.
pub(super) fn run(
    reader: &str,
    deadline: Instant,
    requests: &Receiver<Request>,
    answers: &Sender<Result<Vec<u8>, ChannelError>>,
) {
    if let Err(error) = connect_and_serve(reader, deadline, requests, answers) {
        // Nobody may be listening any more.
        let _ = answers.send(Err(error));
    }
}

fn connect_and_serve(
    reader: &str,
    deadline: Instant,
    requests: &Receiver<Request>,
    answers: &Sender<Result<Vec<u8>, ChannelError>>,
) -> Result<(), ChannelError> {
    // The context is not shared: it is locked for as long as a call waits for another program.
    let context = establish()?;
    let mut card = connect(&context, reader, deadline)?;
    let mut holder = Holder {
        context: &context,
        reader,
        requests,
        answers,
        at_end: Disposition::LeaveCard,
        was_reset: false,
        buffer: Zeroizing::new(vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED]),
    };
    let error = |error| channel_error(error, reader);
    // A reset that came before us is not ours to report.
    let (transaction, _) = hold(&mut card).map_err(error)?;
    let atr = transaction.status2_owned().map_err(error)?.atr().to_vec();
    let next = if answers.send(Ok(atr)).is_ok() {
        holder.serve(transaction)
    } else {
        end(transaction, Disposition::LeaveCard);
        Next::End
    };
    if next == Next::Pause {
        holder.pause(&mut card);
    }
    if let Err((_, error)) = card.disconnect(Disposition::LeaveCard) {
        tracing::debug!(%error, "the card did not disconnect cleanly");
    }
    Ok(())
}

/// What follows a transaction.
#[derive(PartialEq, Eq)]
enum Next {
    Pause,
    End,
}

struct Holder<'a> {
    context: &'a Context,
    reader: &'a str,
    requests: &'a Receiver<Request>,
    answers: &'a Sender<Result<Vec<u8>, ChannelError>>,
    at_end: Disposition,
    /// The card was reset in a pause, and nobody has been told yet.
    was_reset: bool,
    buffer: Zeroizing<Vec<u8>>,
}

impl Holder<'_> {
    /// Serves one transaction and ends it.
    fn serve(&mut self, mut transaction: pcsc::Transaction<'_>) -> Next {
        while let Ok(request) = self.requests.recv() {
            let answer = match request {
                Request::Hold => Ok(Vec::new()),
                Request::Transmit(_) if std::mem::take(&mut self.was_reset) => {
                    Err(ChannelError::WasReset)
                }
                Request::Transmit(command) => self.transmit(&mut transaction, &command),
                Request::Reset => self.reset(&mut transaction),
                Request::Pause => {
                    end(transaction, Disposition::LeaveCard);
                    return Next::Pause;
                }
                Request::ResetAtEnd => {
                    self.at_end = Disposition::ResetCard;
                    continue;
                }
                Request::LeaveAtEnd => {
                    self.at_end = Disposition::LeaveCard;
                    continue;
                }
            };
            if self.answers.send(answer).is_err() {
                break;
            }
        }
        end(transaction, self.at_end);
        Next::End
    }

    /// Waits without a transaction until one is asked for, serves it, and so on to the end.
    fn pause(&mut self, card: &mut Card) {
        while let Ok(request) = self.requests.recv() {
            match request {
                Request::ResetAtEnd => self.at_end = Disposition::ResetCard,
                Request::LeaveAtEnd => self.at_end = Disposition::LeaveCard,
                Request::Pause => {}
                Request::Hold | Request::Transmit(_) | Request::Reset => {
                    let next = match self.hold_again(card) {
                        Ok(transaction) => {
                            // Somebody who has gone does not ask for more.
                            let _ = self.answers.send(Ok(Vec::new()));
                            self.serve(transaction)
                        }
                        Err(error) => {
                            let _ = self.answers.send(Err(error));
                            Next::Pause
                        }
                    };
                    if next == Next::End {
                        return;
                    }
                }
            }
        }
        if self.at_end == Disposition::ResetCard {
            match self.hold_again(card) {
                Ok(transaction) => end(transaction, self.at_end),
                Err(error) => tracing::debug!(%error, "the card could not be reset at the end"),
            }
        }
    }

    fn hold_again<'card>(
        &mut self,
        card: &'card mut Card,
    ) -> Result<pcsc::Transaction<'card>, ChannelError> {
        let (transaction, was_reset) =
            hold(card).map_err(|error| failure(error, self.context, self.reader))?;
        if was_reset {
            self.was_reset = true;
            self.at_end = Disposition::LeaveCard;
        }
        Ok(transaction)
    }

    fn transmit(
        &mut self,
        transaction: &mut pcsc::Transaction<'_>,
        command: &[u8],
    ) -> Result<Vec<u8>, ChannelError> {
        let answer = match transaction.transmit(command, &mut self.buffer) {
            // Some drivers report a card pulled out on the way as an answer of nothing.
            Ok(answer) if answer.len() < STATUS_LENGTH => Err(Error::NotTransacted),
            Ok(answer) => Ok(answer.to_vec()),
            Err(Error::ResetCard) => {
                self.at_end = Disposition::LeaveCard;
                transaction
                    .reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard)
                    .and(Err(Error::ResetCard))
            }
            Err(error) => Err(error),
        };
        answer.map_err(|error| failure(error, self.context, self.reader))
    }

    fn reset(&mut self, transaction: &mut pcsc::Transaction<'_>) -> Result<Vec<u8>, ChannelError> {
        transaction
            .reconnect(ShareMode::Shared, Protocols::ANY, Disposition::ResetCard)
            .map_err(|error| failure(error, self.context, self.reader))?;
        self.was_reset = false;
        self.at_end = Disposition::LeaveCard;
        Ok(Vec::new())
    }
}

/// Begins a transaction, waiting for others to end theirs, and says whether the card was reset since
/// the connection was made or last used.
fn hold(card: &mut Card) -> Result<(pcsc::Transaction<'_>, bool), Error> {
    let mut was_reset = false;
    let mut connected = card;
    loop {
        match connected.transaction2() {
            Ok(transaction) => return Ok((transaction, was_reset)),
            Err((again, Error::ResetCard)) => {
                was_reset = true;
                again.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard)?;
                connected = again;
            }
            Err((_, error)) => return Err(error),
        }
    }
}

fn end(transaction: pcsc::Transaction<'_>, disposition: Disposition) {
    if let Err((_, error)) = transaction.end(disposition) {
        tracing::debug!(%error, "the transaction did not end cleanly");
    }
}

/// Connects, and tries again while another program is connected for itself alone.
fn connect(context: &Context, reader: &str, deadline: Instant) -> Result<Card, ChannelError> {
    let name = CString::new(reader).map_err(|_| ChannelError::NoSuchReader {
        reader: reader.to_owned(),
    })?;
    loop {
        match context.connect(&name, ShareMode::Shared, Protocols::ANY) {
            Ok(card) => return Ok(card),
            Err(Error::SharingViolation) if Instant::now() < deadline => {
                std::thread::sleep(RETRY_INTERVAL);
            }
            Err(error) => return Err(channel_error(error, reader)),
        }
    }
}

/// Tells a card that was pulled out from one that fell silent: during a command PC/SC reports both
/// as a failed transmission.
fn failure(error: Error, context: &Context, reader: &str) -> ChannelError {
    match error {
        Error::ReaderUnavailable | Error::UnknownReader | Error::NoSmartcard => {
            ChannelError::Removed
        }
        Error::NotTransacted | Error::CommDataLost | Error::InternalError => {
            if is_gone(context, reader) {
                ChannelError::Removed
            } else {
                ChannelError::Mute
            }
        }
        other => channel_error(other, reader),
    }
}

fn is_gone(context: &Context, reader: &str) -> bool {
    let Ok(name) = CString::new(reader) else {
        return false;
    };
    let mut states = [pcsc::ReaderState::new(name, State::PRESENT)];
    let deadline = Instant::now() + REMOVAL_NOTICE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match context.get_status_change(left, &mut states) {
            Ok(()) => {}
            Err(Error::Timeout) => return false,
            Err(_) => return true,
        }
        if !states[0].event_state().contains(State::PRESENT) {
            return true;
        }
        states[0].sync_current_state();
        if left.is_zero() {
            return false;
        }
    }
}
