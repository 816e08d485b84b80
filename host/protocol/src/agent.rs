//! Between the PKCS#11 module and the host; the document is `AGENT.md`.

pub mod algorithm;
pub mod client;
pub mod endpoint;
pub mod message;

use std::time::Duration;

pub use algorithm::Algorithm;
pub use client::{AgentError, Client};
pub use endpoint::{
    AcceptError, BindError, ConnectError, Listener, MeetingPlace, Name, Peer, Stream,
};
pub use message::{Answer, LoginBy, Question, SlotCertificate, SlotToken};

/// The version of these messages, told in both `hello`s.
pub const PROTOCOL_VERSION: u32 = 1;

/// Bytes of one question.
pub const QUESTION_MAX: usize = 65_536;
/// Bytes of one answer; certificates travel in them.
pub const ANSWER_MAX: usize = 4_194_304;
/// How long the module waits for any answer but a signature or a login.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How long it waits for these: a person may have to type.
pub const SIGNATURE_PATIENCE: Duration = Duration::from_secs(150);
