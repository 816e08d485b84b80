//! Waiting for cards to come and go.

use std::collections::HashMap;
use std::ffi::CString;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pcsc::{Context, PNP_NOTIFICATION, ReaderState, State};

use super::{Reader, channel_error, establish, names, reader_in, unaware_states};
use crate::channel::ChannelError;

/// Without an end, except where PC/SC has no way to announce a new reader (macOS).
const LONGEST_CALL: Option<Duration> = if cfg!(target_os = "macos") {
    Some(Duration::from_secs(1))
} else {
    None
};

/// How often an interruption repeats itself until it was heard.
const REPEAT_INTERVAL: Duration = Duration::from_millis(20);

/// Something that happened in a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A card was put in, or came with its reader.
    Inserted(Reader),
    /// The card is gone, alone or with its reader.
    Removed {
        /// Where it was.
        reader: String,
    },
    /// A reader without a card was plugged in or out.
    EmptyReader,
}

/// Waits for cards to come and go, as long as PC/SC itself waits: nothing is polled.
pub struct Watch {
    context: Context,
    states: Vec<ReaderState>,
    /// How many insertions and removals PC/SC had counted in each reader when it was last looked at.
    counts: HashMap<CString, u32>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    phase: Mutex<Phase>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default)]
struct Phase {
    stopped: bool,
    woken: bool,
    waiting: bool,
}

/// Ends a [`Watch`], or one wait of it, from another thread.
#[derive(Clone)]
pub struct Stop {
    context: Context,
    shared: Arc<Shared>,
}

impl Watch {
    /// Watches from now on: what is in the readers at this moment is no event.
    pub fn new() -> Result<Self, ChannelError> {
        let context = establish()?;
        let mut states = unaware_states(&context)?;
        match context.get_status_change(Duration::ZERO, &mut states) {
            Ok(()) | Err(pcsc::Error::Timeout | pcsc::Error::UnknownReader) => {}
            Err(error) => return Err(channel_error(error, "")),
        }
        let mut counts = HashMap::new();
        for state in &mut states {
            counts.insert(state.name().to_owned(), state.event_count());
            state.sync_current_state();
        }
        if !cfg!(target_os = "macos") {
            states.insert(0, ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE));
        }
        Ok(Self {
            context,
            states,
            counts,
            shared: Arc::default(),
        })
    }

    /// Blocks until cards came or went, and says which; at once if that happened since the last
    /// call. Nothing did if [`Stop::wake`] ended the wait. [`ChannelError::Cancelled`] after
    /// [`Stop::stop`].
    pub fn wait(&mut self) -> Result<Vec<Event>, ChannelError> {
        loop {
            let mut events = self.compare_readers()?;
            let mut woken = false;
            if events.is_empty() {
                woken = self.block()?;
                events = self.compare_cards();
            }
            if woken || !events.is_empty() {
                return Ok(events);
            }
        }
    }

    /// A handle to end the wait.
    pub fn stop_handle(&self) -> Stop {
        Stop {
            context: self.context.clone(),
            shared: Arc::clone(&self.shared),
        }
    }

    /// Takes up new readers and lets go of those that have gone, with the cards in them.
    fn compare_readers(&mut self) -> Result<Vec<Event>, ChannelError> {
        let present = names(&self.context)?;
        let mut events = Vec::new();
        let counts = &mut self.counts;
        self.states.retain(|state| {
            let stays = state.name() == PNP_NOTIFICATION()
                || present.iter().any(|name| name.as_c_str() == state.name());
            if !stays {
                counts.remove(state.name());
                let with_card = state.current_state().contains(State::PRESENT);
                events.push(if with_card {
                    Event::Removed {
                        reader: state.name().to_string_lossy().into_owned(),
                    }
                } else {
                    Event::EmptyReader
                });
            }
            stays
        });
        for name in present {
            if !self
                .states
                .iter()
                .any(|state| state.name() == name.as_c_str())
            {
                // As if it had been empty: a card that came with it is an event.
                self.states.push(ReaderState::new(name, State::UNAWARE));
            }
        }
        Ok(events)
    }

    fn compare_cards(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for state in &mut self.states {
            if state.name() == PNP_NOTIFICATION() {
                state.sync_current_state();
                continue;
            }
            let (before, after) = (state.current_state(), state.event_state());
            if !after.contains(State::CHANGED) {
                continue;
            }
            let was = before.contains(State::PRESENT);
            let is = after.contains(State::PRESENT) && !after.contains(State::UNKNOWN);
            // A card that is present before and after is another one if PC/SC counted a change.
            let count = state.event_count();
            let earlier = self.counts.insert(state.name().to_owned(), count);
            let replaced = was && is && earlier.is_some_and(|earlier| earlier != count);
            if earlier.is_none() && !is {
                events.push(Event::EmptyReader);
            }
            if was && (!is || replaced) {
                events.push(Event::Removed {
                    reader: state.name().to_string_lossy().into_owned(),
                });
            }
            if is && (!was || replaced) {
                events.extend(reader_in(state).map(Event::Inserted));
            }
            state.sync_current_state();
        }
        events
    }

    /// Whether it was woken.
    fn block(&mut self) -> Result<bool, ChannelError> {
        {
            let mut phase = self.shared.phase();
            if phase.stopped {
                return Err(ChannelError::Cancelled);
            }
            if mem::take(&mut phase.woken) {
                return Ok(true);
            }
            phase.waiting = true;
        }
        let outcome = self
            .context
            .get_status_change(LONGEST_CALL, &mut self.states);
        let (stopped, woken) = {
            let mut phase = self.shared.phase();
            phase.waiting = false;
            (phase.stopped, mem::take(&mut phase.woken))
        };
        self.shared.changed.notify_all();
        match outcome {
            _ if stopped => Err(ChannelError::Cancelled),
            // A reader that vanished is found by the comparison that follows. A wait may be
            // cancelled late, by somebody who meant the one before.
            Ok(())
            | Err(pcsc::Error::Timeout | pcsc::Error::UnknownReader | pcsc::Error::Cancelled) => {
                Ok(woken)
            }
            Err(error) => Err(channel_error(error, "")),
        }
    }
}

impl Shared {
    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stop {
    /// Ends the wait, the present one or the next. There is no way back.
    pub fn stop(&self) {
        self.interrupt(|phase| &mut phase.stopped);
    }

    /// Ends one wait, the present one or the next, as if something had happened.
    pub fn wake(&self) {
        self.interrupt(|phase| &mut phase.woken);
    }

    fn interrupt(&self, flag: impl Fn(&mut Phase) -> &mut bool) {
        let mut phase = self.shared.phase();
        *flag(&mut phase) = true;
        // PC/SC forgets a cancellation that comes before the call it is meant for.
        while phase.waiting && *flag(&mut phase) {
            if let Err(error) = self.context.cancel() {
                tracing::debug!(%error, "the wait for cards could not be cancelled");
            }
            phase = self
                .shared
                .changed
                .wait_timeout(phase, REPEAT_INTERVAL)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}
