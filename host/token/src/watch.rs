//! Waiting for tokens to come and go.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use kagibashi_card::reader::{self, Service};

use crate::driver::pkcs11::Listener;
use crate::error::TokenError;
use crate::service::{Reader, ReaderState, TokenKind, Tokens};

/// How often a service is looked for that does not run.
const SERVICE_RETRY: Duration = Duration::from_secs(2);

/// Modules see a card by themselves, some of them a little later than PC/SC tells of it.
const MODULE_LATENESS: Duration = Duration::from_millis(300);
const MODULE_LOOKS: u32 = 8;

/// Something that happened in a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A card was put in, or a token plugged in with its reader.
    Inserted(Reader),
    /// The card is gone, alone or with its reader.
    Removed {
        /// Where it was.
        reader: String,
    },
    /// A reader without a card was plugged in or out.
    EmptyReader,
}

/// Waits for cards to come and go.
///
/// Modules are looked at when PC/SC tells of a change, when one of them tells of its own, and when
/// there are others than before. Of a module that tells nothing, a token that comes without PC/SC
/// is seen by whoever looks next.
pub struct Watch {
    tokens: Tokens,
    way: Way,
    /// The tokens of modules as they were last told of.
    of_modules: Vec<Reader>,
    /// What the modules call; they hold it no longer than this.
    _listener: Arc<Listener>,
}

enum Way {
    Service(reader::Watch),
    /// Until there is one.
    Without(NoService),
}

#[derive(Clone, Default)]
struct NoService(Arc<(Mutex<Phase>, Condvar)>);

#[derive(Default)]
struct Phase {
    stopped: bool,
    woken: bool,
}

impl Watch {
    pub(crate) fn new(tokens: Tokens) -> Result<Self, TokenError> {
        let way = if tokens.has_service() {
            Way::Service(reader::Watch::new()?)
        } else {
            Way::Without(NoService::default())
        };
        let stop = Stop::of(&way);
        let listener: Arc<Listener> = Arc::new(move || stop.wake());
        // Before the first look, so that the modules know of it when they begin.
        tokens.modules().listen(&listener);
        let of_modules = if tokens.has_modules() {
            of_modules(&tokens.readers()?)
        } else {
            Vec::new()
        };
        Ok(Self {
            tokens,
            way,
            of_modules,
            _listener: listener,
        })
    }

    /// Blocks until something happened and says what; at once if it happened since the last call.
    /// [`TokenError::Cancelled`] after [`Stop::stop`].
    pub fn wait(&mut self) -> Result<Vec<Event>, TokenError> {
        let events = match &mut self.way {
            Way::Service(watch) => watch.wait()?,
            Way::Without(signal) => {
                signal.wait_for_service()?;
                Vec::new()
            }
        };
        let events: Vec<Event> = events.into_iter().map(Event::from).collect();
        if self.tokens.has_modules() || !self.of_modules.is_empty() {
            self.look_at_modules(events)
        } else {
            Ok(events)
        }
    }

    /// Adds what happened to the tokens of modules, and takes away what is a module's now.
    fn look_at_modules(&mut self, events: Vec<Event>) -> Result<Vec<Event>, TokenError> {
        let unknown_card = |event: &Event| {
            let Event::Inserted(reader) = event else {
                return false;
            };
            matches!(reader.state, ReaderState::Unsupported { .. })
        };
        let awaited = events.iter().any(unknown_card);
        let mut looks = 0;
        let (readers, changes) = loop {
            let readers = self.tokens.readers()?;
            let changes = changes(&self.of_modules, &of_modules(&readers));
            looks += 1;
            let came = changes.iter().any(|it| matches!(it, Event::Inserted(_)));
            if came || !awaited || looks == MODULE_LOOKS {
                break (readers, changes);
            }
            thread::sleep(MODULE_LATENESS);
        };
        self.of_modules = of_modules(&readers);
        let is_there = |event: &Event| match event {
            Event::Inserted(inserted) => readers.iter().any(|reader| reader.name == inserted.name),
            Event::Removed { .. } | Event::EmptyReader => true,
        };
        let mut all: Vec<Event> = events.into_iter().filter(is_there).collect();
        all.extend(changes);
        if all.is_empty() {
            all.push(Event::EmptyReader);
        }
        Ok(all)
    }

    /// A handle with which another thread can end the wait.
    pub fn stop_handle(&self) -> Stop {
        Stop::of(&self.way)
    }
}

impl NoService {
    /// Returns when the modules have something to tell.
    fn wait_for_service(&self) -> Result<(), TokenError> {
        let mut phase = self.phase();
        loop {
            if phase.stopped {
                return Err(TokenError::Cancelled);
            }
            if mem::take(&mut phase.woken) {
                return Ok(());
            }
            let changed = &self.0.1;
            let (after, waited) = changed
                .wait_timeout(phase, SERVICE_RETRY)
                .unwrap_or_else(PoisonError::into_inner);
            phase = after;
            if waited.timed_out() && Service::connect().is_ok() {
                // It is there now: whoever waits has to begin anew, with it.
                return Err(TokenError::ServiceUnavailable);
            }
        }
    }

    fn interrupt(&self, flag: impl Fn(&mut Phase) -> &mut bool) {
        *flag(&mut self.phase()) = true;
        self.0.1.notify_all();
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_modules(readers: &[Reader]) -> Vec<Reader> {
    let of_module = ReaderState::Token {
        kind: TokenKind::OfModule,
    };
    let readers = readers.iter().filter(|reader| reader.state == of_module);
    readers.cloned().collect()
}

fn changes(before: &[Reader], after: &[Reader]) -> Vec<Event> {
    let gone = before.iter().filter(|reader| !after.contains(reader));
    let come = after.iter().filter(|reader| !before.contains(reader));
    let gone = gone.map(|reader| Event::Removed {
        reader: reader.name.clone(),
    });
    gone.chain(come.cloned().map(Event::Inserted)).collect()
}

impl From<reader::Event> for Event {
    fn from(event: reader::Event) -> Self {
        match event {
            reader::Event::Inserted(reader) => Self::Inserted(Reader {
                name: reader.name,
                state: reader.contents.into(),
            }),
            reader::Event::Removed { reader } => Self::Removed { reader },
            reader::Event::EmptyReader => Self::EmptyReader,
        }
    }
}

/// Ends a [`Watch`] from another thread.
#[derive(Clone)]
pub struct Stop {
    way: StopWay,
}

#[derive(Clone)]
enum StopWay {
    Service(reader::Stop),
    Without(NoService),
}

impl Stop {
    fn of(way: &Way) -> Self {
        Self {
            way: match way {
                Way::Service(watch) => StopWay::Service(watch.stop_handle()),
                Way::Without(signal) => StopWay::Without(signal.clone()),
            },
        }
    }

    /// Ends the wait, the present one or the next. There is no way back.
    pub fn stop(&self) {
        match &self.way {
            StopWay::Service(stop) => stop.stop(),
            StopWay::Without(signal) => signal.interrupt(|phase| &mut phase.stopped),
        }
    }

    /// Has the modules looked at, at the end of the present wait or of the next.
    fn wake(&self) {
        match &self.way {
            StopWay::Service(stop) => stop.wake(),
            StopWay::Without(signal) => signal.interrupt(|phase| &mut phase.woken),
        }
    }
}
