//! The module's end of a connection.

use std::io::{self, ErrorKind};
use std::time::Duration;

use super::endpoint::{ConnectError, HangUp, MeetingPlace, Name, Stream};
use super::message::{Answer, LoginBy, Question};
use super::{ANSWER_MAX, PATIENCE, PROTOCOL_VERSION};
use crate::error::Failure;
use crate::frame::{self, FrameError};

/// Why a question got no answer. After any of these but
/// [`AgentError::Failed`] the connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The host speaks another version.
    #[error("the host speaks version {0} of these messages")]
    Incompatible(u32),
    /// The host has gone, or hung up.
    #[error("the host has gone: {0}")]
    Gone(#[source] io::Error),
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The answer is none, or none to this question.
    #[error("the host talks nonsense")]
    Garbled,
    /// The host says why not.
    #[error(transparent)]
    Failed(Failure),
}

/// A connection to a host that has said hello.
#[derive(Debug)]
pub struct Client {
    stream: Stream,
    login: LoginBy,
}

impl Client {
    /// Connects and says hello.
    pub fn connect(place: &MeetingPlace, name: Name) -> Result<Self, AgentError> {
        let stream = place.connect(name)?;
        let mut client = Self {
            stream,
            login: LoginBy::Module,
        };
        match client.ask(&Question::hello(), PATIENCE)? {
            Answer::Hello { protocol, login } if protocol == PROTOCOL_VERSION => {
                client.login = login;
                Ok(client)
            }
            Answer::Hello { protocol, .. } => Err(AgentError::Incompatible(protocol)),
            _ => Err(AgentError::Garbled),
        }
    }

    /// Who asks for the PIN.
    pub fn login(&self) -> LoginBy {
        self.login
    }

    /// What ends this connection from another thread.
    pub fn hang_up(&self) -> io::Result<HangUp> {
        self.stream.hang_up()
    }

    /// Asks and waits, in all not longer than that.
    pub fn ask(&mut self, question: &Question, patience: Duration) -> Result<Answer, AgentError> {
        let outcome = self.exchange(question, patience);
        if !matches!(outcome, Ok(_) | Err(AgentError::Failed(_)))
            && let Ok(hang_up) = self.hang_up()
        {
            // A late answer must not be taken for the next question's.
            hang_up.now();
        }
        outcome
    }

    fn exchange(&mut self, question: &Question, patience: Duration) -> Result<Answer, AgentError> {
        self.stream.within(Some(patience));
        frame::write(&mut self.stream, &question.to_bytes()).map_err(of_stream)?;
        let body = match frame::read(&mut self.stream, ANSWER_MAX) {
            Ok(Some(body)) => body,
            Ok(None) | Err(FrameError::Truncated) => {
                return Err(AgentError::Gone(ErrorKind::UnexpectedEof.into()));
            }
            Err(FrameError::Stream(error)) => return Err(of_stream(error)),
            Err(FrameError::Empty | FrameError::TooLarge(_)) => return Err(AgentError::Garbled),
        };
        match serde_json::from_slice(&body) {
            Ok(Answer::Failure { error }) => Err(AgentError::Failed(error)),
            Ok(answer) => Ok(answer),
            Err(_) => Err(AgentError::Garbled),
        }
    }
}

fn of_stream(error: io::Error) -> AgentError {
    if error.kind() == ErrorKind::TimedOut {
        AgentError::TimedOut
    } else {
        AgentError::Gone(error)
    }
}
