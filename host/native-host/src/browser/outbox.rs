//! Everything that goes to the extension, one whole frame at a time.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use kagibashi_protocol::message::MessageToExtension;
use kagibashi_protocol::{ErrorCode, frame};

/// The only writer to stdout, shared by all threads.
#[derive(Clone)]
pub struct Outbox {
    stream: Arc<Mutex<Box<dyn Write + Send>>>,
}

impl Outbox {
    /// Writes to this program's stdout.
    pub fn to_stdout() -> Self {
        Self {
            stream: Arc::new(Mutex::new(Box::new(std::io::stdout()))),
        }
    }

    /// Writes one message. A browser that no longer reads has also closed
    /// stdin, which is where its going is noticed.
    pub fn send(&self, message: &MessageToExtension) {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = frame::write(&mut *stream, &message.to_bytes()) {
            tracing::info!(%error, "nobody reads any more");
        }
    }

    /// Writes a failure without details.
    pub fn fail(&self, request: Option<u32>, code: ErrorCode) {
        self.send(&MessageToExtension::Failure {
            request,
            error: code.into(),
        });
    }
}
