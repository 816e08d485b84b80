//! A card held for one program alone.
//!
//! A thread of its own holds the PC/SC transaction. So waiting for another program's transaction can
//! be given up, which PC/SC itself has no means for, and so can waiting for a card that hangs.

mod holder;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use self::holder::Request;
use crate::cancel::Cancel;
use crate::channel::{Channel, ChannelError};

/// How long another program may hold the card before [`Transaction::begin`], or taking the card up
/// again after a pause, gives up.
pub const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How long a card may think about one command; a private key operation takes about a second.
pub const LONGEST_ANSWER: Duration = Duration::from_secs(30);

/// How long dropping a transaction may take. Only one that is paused, and still has the card to
/// reset, has to wait for others.
const LONGEST_END: Duration = Duration::from_secs(3);

/// How soon a raised [`Cancel`] flag is seen while waiting for another program.
const CANCEL_INTERVAL: Duration = Duration::from_millis(50);

/// A PC/SC transaction, and the connection that it is made on. Dropping it ends both.
///
/// In a pause only the connection stays. It keeps the card powered, and keeps those out who want
/// the reader for themselves alone (`SCARD_SHARE_EXCLUSIVE`).
pub struct Transaction {
    atr: Vec<u8>,
    requests: Option<Sender<Request>>,
    answers: Receiver<Result<Vec<u8>, ChannelError>>,
    thread: Option<JoinHandle<()>>,
    cancel: Cancel,
    longest_wait: Duration,
    longest_answer: Duration,
    held: bool,
    /// How many answers will come that nobody waits for any more.
    unclaimed: usize,
}

impl Transaction {
    /// Connects to the card in `reader` and takes hold of it. Another program's transaction is
    /// waited for, at most [`LONGEST_WAIT`] or until `cancel` is raised; after a
    /// [pause](Channel::pause), the same again.
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
        let deadline = Instant::now() + longest_wait;
        let thread = std::thread::Builder::new()
            .name("card".to_owned())
            .spawn(move || holder::run(&name, deadline, &request_receiver, &answer_sender))
            .map_err(|error| ChannelError::Other(Box::new(error)))?;
        let mut transaction = Self {
            atr: Vec::new(),
            requests: Some(requests),
            answers,
            thread: Some(thread),
            cancel: cancel.clone(),
            longest_wait,
            longest_answer: LONGEST_ANSWER,
            held: false,
            unclaimed: 0,
        };
        match transaction.wait_for_the_card() {
            Ok(atr) => {
                transaction.atr = atr;
                Ok(transaction)
            }
            Err(error) => {
                // The thread is left to itself: once it gets the card it finds nobody to tell, and
                // lets go at once.
                transaction.thread = None;
                Err(error)
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

    /// Waits for the thread to say that it holds the card, and returns the bytes it says.
    fn wait_for_the_card(&mut self) -> Result<Vec<u8>, ChannelError> {
        let started = Instant::now();
        loop {
            match self.answers.recv_timeout(CANCEL_INTERVAL) {
                Ok(_) if self.unclaimed > 0 => self.unclaimed -= 1,
                Ok(Err(ChannelError::Busy { .. })) => {
                    return Err(ChannelError::Busy {
                        waited: started.elapsed(),
                    });
                }
                Ok(answer) => {
                    self.held = answer.is_ok();
                    return answer;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(ChannelError::ServiceUnavailable);
                }
                Err(RecvTimeoutError::Timeout) => {
                    let waited = started.elapsed();
                    let reason = if self.cancel.is_cancelled() {
                        ChannelError::Cancelled
                    } else if waited >= self.longest_wait {
                        ChannelError::Busy { waited }
                    } else {
                        continue;
                    };
                    // Once the thread gets the card it lets go at once.
                    self.unclaimed += 1;
                    self.send(Request::Pause)?;
                    return Err(reason);
                }
            }
        }
    }

    fn ask(&mut self, request: Request) -> Result<Vec<u8>, ChannelError> {
        self.resume()?;
        self.send(request)?;
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

    /// [`ChannelError::Mute`] if the thread was given up with a card that does not answer.
    fn send(&self, request: Request) -> Result<(), ChannelError> {
        let requests = self.requests.as_ref().ok_or(ChannelError::Mute)?;
        requests
            .send(request)
            .map_err(|_| ChannelError::ServiceUnavailable)
    }

    /// Without its thread there is nothing left that this could be done to.
    fn tell(&self, request: Request) {
        if self.send(request).is_err() {
            tracing::debug!("nobody holds the card any more");
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
        self.tell(Request::ResetAtEnd);
    }

    fn leave_at_end(&mut self) {
        self.tell(Request::LeaveAtEnd);
    }

    fn pause(&mut self) {
        if self.held {
            self.held = false;
            self.tell(Request::Pause);
        }
    }

    fn resume(&mut self) -> Result<(), ChannelError> {
        if !self.held {
            self.send(Request::Hold)?;
            self.wait_for_the_card()?;
        }
        Ok(())
    }

    fn outlive_cancel(&mut self) {
        self.cancel = Cancel::new();
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.requests = None;
        let Some(thread) = self.thread.take() else {
            return;
        };
        // Whoever drops this may rely on the card being free, so the thread is waited for. One that
        // waits for another program in turn goes on alone.
        let deadline = Instant::now() + LONGEST_END;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // It does not panic; if it did there would be nothing to add here.
        let _ = thread.join();
    }
}
