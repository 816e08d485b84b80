//! A card held for one program alone.
//!
//! A thread of its own holds the PC/SC transaction. So waiting for another program's transaction can
//! be given up, which PC/SC itself has no means for, and so can waiting for a card that hangs.

use std::ffi::CString;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pcsc::{Card, Context, Disposition, Error, Protocols, ShareMode, State};
use zeroize::Zeroizing;

use super::{channel_error, establish};
use crate::cancel::Cancel;
use crate::channel::{Channel, ChannelError};

/// How long another program may hold the card before [`Transaction::begin`] gives up.
pub const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How long a card may think about one command; a private key operation takes about a second.
pub const LONGEST_ANSWER: Duration = Duration::from_secs(30);

/// Every answer ends with SW1 and SW2.
const STATUS_LENGTH: usize = 2;

/// How soon a raised [`Cancel`] flag is seen while waiting for another program.
const CANCEL_INTERVAL: Duration = Duration::from_millis(50);

/// How soon a connection refused by an exclusive one is tried again.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// How long a reader may take to notice that a card which stopped answering has been pulled out.
const REMOVAL_NOTICE: Duration = Duration::from_secs(2);

/// A PC/SC transaction. Dropping it ends it.
pub struct Transaction {
    atr: Vec<u8>,
    requests: Option<Sender<Request>>,
    answers: Receiver<Result<Vec<u8>, ChannelError>>,
    thread: Option<JoinHandle<()>>,
    longest_answer: Duration,
}

enum Request {
    Transmit(Zeroizing<Vec<u8>>),
    Reset,
    ResetAtEnd,
}

impl Transaction {
    /// Connects to the card in `reader` and takes hold of it. Another program's transaction is
    /// waited for, at most [`LONGEST_WAIT`] or until `cancel` is raised.
    pub fn begin(reader: &str, cancel: &Cancel) -> Result<Self, ChannelError> {
        Self::begin_within(reader, cancel, LONGEST_WAIT)
    }

    /// The same with a wait of one's own choice.
    pub fn begin_within(
        reader: &str,
        cancel: &Cancel,
        longest_wait: Duration,
    ) -> Result<Self, ChannelError> {
        let (requests, request_receiver) = channel();
        let (answer_sender, answers) = channel();
        let name = reader.to_owned();
        let started = Instant::now();
        let thread = std::thread::Builder::new()
            .name("card".to_owned())
            .spawn(move || {
                hold(
                    &name,
                    started + longest_wait,
                    &request_receiver,
                    &answer_sender,
                );
            })
            .map_err(|error| ChannelError::Other(Box::new(error)))?;
        loop {
            match answers.recv_timeout(CANCEL_INTERVAL) {
                Ok(Ok(atr)) => {
                    return Ok(Self {
                        atr,
                        requests: Some(requests),
                        answers,
                        thread: Some(thread),
                        longest_answer: LONGEST_ANSWER,
                    });
                }
                Ok(Err(ChannelError::Busy { .. })) => {
                    return Err(ChannelError::Busy {
                        waited: started.elapsed(),
                    });
                }
                Ok(Err(error)) => return Err(error),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(ChannelError::ServiceUnavailable);
                }
                // The thread is left to itself: once it gets the card it finds nobody to tell, and
                // lets go at once.
                Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => {
                    return Err(ChannelError::Cancelled);
                }
                Err(RecvTimeoutError::Timeout) if started.elapsed() >= longest_wait => {
                    return Err(ChannelError::Busy {
                        waited: started.elapsed(),
                    });
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Waits for answers no longer than this instead of [`LONGEST_ANSWER`]. A card that takes longer
    /// counts as mute from then on.
    #[must_use]
    pub fn with_longest_answer(mut self, longest_answer: Duration) -> Self {
        self.longest_answer = longest_answer;
        self
    }

    /// The card's answer to reset.
    pub fn atr(&self) -> &[u8] {
        &self.atr
    }

    fn ask(&mut self, request: Request) -> Result<Vec<u8>, ChannelError> {
        let requests = self.requests.as_ref().ok_or(ChannelError::Mute)?;
        requests
            .send(request)
            .map_err(|_| ChannelError::ServiceUnavailable)?;
        match self.answers.recv_timeout(self.longest_answer) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Disconnected) => Err(ChannelError::ServiceUnavailable),
            Err(RecvTimeoutError::Timeout) => {
                // A late answer must not be taken for that to a later command.
                self.requests = None;
                self.thread = None;
                Err(ChannelError::Mute)
            }
        }
    }
}

impl Channel for Transaction {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.ask(Request::Transmit(Zeroizing::new(command.to_vec())))
    }

    fn reset(&mut self) -> Result<(), ChannelError> {
        self.ask(Request::Reset).map(drop)
    }

    fn reset_at_end(&mut self) {
        if let Some(requests) = &self.requests {
            // Without its thread there is no transaction left to end.
            let _ = requests.send(Request::ResetAtEnd);
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // Whoever drops this may rely on the card being free, so the thread is waited for. It
            // does not panic; if it did there would be nothing to add here.
            let _ = thread.join();
        }
    }
}

fn hold(
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
    let error = |error| channel_error(error, reader);
    // The context is not shared: it is locked for as long as a call waits for another program.
    let context = establish()?;
    let mut card = connect(&context, reader, deadline)?;
    let mut connected = &mut card;
    let mut transaction = loop {
        match connected.transaction2() {
            Ok(transaction) => break transaction,
            Err((again, Error::ResetCard)) => {
                again
                    .reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard)
                    .map_err(error)?;
                connected = again;
            }
            Err((_, other)) => return Err(error(other)),
        }
    };
    let atr = transaction.status2_owned().map_err(error)?.atr().to_vec();
    let mut disposition = Disposition::LeaveCard;
    if answers.send(Ok(atr)).is_ok() {
        let mut buffer = Zeroizing::new(vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED]);
        while let Ok(request) = requests.recv() {
            let answer = match request {
                Request::Transmit(command) => transmit(&mut transaction, &command, &mut buffer)
                    .map_err(|error| failure(error, &context, reader)),
                Request::Reset => transaction
                    .reconnect(ShareMode::Shared, Protocols::ANY, Disposition::ResetCard)
                    .map(|()| Vec::new())
                    .map_err(|error| failure(error, &context, reader)),
                Request::ResetAtEnd => {
                    disposition = Disposition::ResetCard;
                    continue;
                }
            };
            if answers.send(answer).is_err() {
                break;
            }
        }
    }
    if let Err((_, error)) = transaction.end(disposition) {
        tracing::debug!(%error, "the transaction did not end cleanly");
    }
    if let Err((_, error)) = card.disconnect(Disposition::LeaveCard) {
        tracing::debug!(%error, "the card did not disconnect cleanly");
    }
    Ok(())
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

fn transmit(
    transaction: &mut pcsc::Transaction<'_>,
    command: &[u8],
    buffer: &mut [u8],
) -> Result<Vec<u8>, Error> {
    match transaction.transmit(command, buffer) {
        // Some drivers report a card pulled out on the way as an answer of nothing.
        Ok(answer) if answer.len() < STATUS_LENGTH => Err(Error::NotTransacted),
        Ok(answer) => Ok(answer.to_vec()),
        Err(Error::ResetCard) => {
            transaction.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard)?;
            Err(Error::ResetCard)
        }
        Err(error) => Err(error),
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
