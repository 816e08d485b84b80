//! Notices tokens coming and going while a request waits for a person.

use std::sync::mpsc::{self, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use kagibashi_token::Stop;

use crate::vendor_modules;

/// How often a service that does not run is looked for. PC/SC itself is never
/// polled; this is only for when there is none.
const SERVICE_RETRY: Duration = Duration::from_secs(1);

/// A thread that watches; dropping this ends it.
pub struct TokenWatch {
    ended: Option<Sender<()>>,
    stop: Arc<Mutex<Option<Stop>>>,
}

impl TokenWatch {
    /// Calls `changed` whenever a token comes or goes, until it returns false.
    pub fn start(changed: impl Fn() -> bool + Send + 'static) -> Self {
        let (ended, end) = mpsc::channel();
        let stop = Arc::new(Mutex::new(None));
        let first = vendor_modules::tokens().and_then(|tokens| tokens.watch());
        let handle = |watch: &kagibashi_token::Watch, slot: &Mutex<Option<Stop>>| {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch.stop_handle());
        };
        if let Ok(watch) = &first {
            handle(watch, &stop);
        }
        let slot = Arc::clone(&stop);
        thread::spawn(move || {
            let mut watch = first;
            loop {
                if let Ok(watch) = &mut watch {
                    while watch.wait().is_ok() {
                        if !changed() {
                            return;
                        }
                    }
                }
                // Stopped, or the service has gone, or there was none.
                match end.recv_timeout(SERVICE_RETRY) {
                    Err(RecvTimeoutError::Timeout) => {}
                    _ => return,
                }
                watch = vendor_modules::tokens().and_then(|tokens| tokens.watch());
                if let Ok(watch) = &watch {
                    handle(watch, &slot);
                    // Dropped since the last look: too early for the handle.
                    let dropped = end.try_recv() == Err(TryRecvError::Disconnected);
                    if dropped || !changed() {
                        return;
                    }
                }
            }
        });
        Self {
            ended: Some(ended),
            stop,
        }
    }
}

impl Drop for TokenWatch {
    fn drop(&mut self) {
        // First the flag, then the wait that it is looked at after.
        self.ended.take();
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stop) = stop.as_ref() {
            stop.stop();
        }
    }
}
