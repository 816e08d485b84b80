//! The mouth towards vsmartcard's virtual reader (vpcd): a card in a reader of pcscd.
//!
//! vpcd listens on a TCP port and takes whoever connects for an inserted card. Each
//! message is a length (2 bytes, big-endian) and as many bytes: a message of one byte
//! is about power, any other a command that wants an answer.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::card::{Card, Outcome};

/// Port of vpcd as Debian installs it.
pub const DEFAULT_PORT: u16 = 35963;

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const GET_ATR: u8 = 4;

/// How long a reader may take to notice a card; pcscd looks a few times a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a card stays out at least. pcscd looks every 400 ms; a hand faster than that
/// would go unseen, and so would the new card.
const ABSENCE: Duration = Duration::from_millis(800);

/// A card that its reader and a test hold at once.
pub type SharedCard = Arc<Mutex<Card>>;

/// Called after each command, before its answer goes out; an error pulls the card
/// instead of answering.
pub type Observer = Arc<dyn Fn(&Card) -> io::Result<()> + Send + Sync>;

/// A place for a card in a virtual reader.
pub struct Reader {
    address: String,
    card: SharedCard,
    observer: Observer,
    inserted: Option<Inserted>,
    removed: Removed,
}

/// When the card last left, by whatever cause.
type Removed = Arc<Mutex<Option<Instant>>>;

/// A connection to vpcd and the thread that answers on it.
struct Inserted {
    stream: TcpStream,
    thread: JoinHandle<()>,
}

impl Reader {
    /// An empty reader whose vpcd listens at `address` (`host:port`). The card goes in
    /// with [`Reader::insert`].
    pub fn new(address: impl Into<String>, card: SharedCard) -> Reader {
        Reader::with_observer(address, card, Arc::new(|_| Ok(())))
    }

    /// The same with someone who watches every command.
    pub fn with_observer(
        address: impl Into<String>,
        card: SharedCard,
        observer: Observer,
    ) -> Reader {
        Reader {
            address: address.into(),
            card,
            observer,
            inserted: None,
            removed: Removed::default(),
        }
    }

    /// Inserts the card and waits until the reader has asked for its ATR. Does nothing
    /// if it is in already, and waits a moment if it was removed just now. `TimedOut` if
    /// nobody asks within ten seconds.
    pub fn insert(&mut self) -> io::Result<()> {
        if self.is_inserted() {
            return Ok(());
        }
        let removed = *lock(&self.removed);
        if let Some(removed) = removed {
            thread::sleep(ABSENCE.saturating_sub(removed.elapsed()));
        }
        // A card has no power outside a reader.
        lock(&self.card).reset();
        let stream = connect(&self.address)?;
        stream.set_nodelay(true)?;
        let serving = stream.try_clone()?;
        let (noticed, notice) = mpsc::channel();
        let card = Arc::clone(&self.card);
        let observer = Arc::clone(&self.observer);
        let removed = Arc::clone(&self.removed);
        let thread = thread::spawn(move || {
            serve(&serving, &card, &observer, &noticed);
            lock(&removed).replace(Instant::now());
        });
        self.inserted = Some(Inserted { stream, thread });
        notice.recv_timeout(PATIENCE).map_err(|_| {
            self.remove();
            io::ErrorKind::TimedOut.into()
        })
    }

    /// Pulls the card, even in the middle of a command.
    pub fn remove(&mut self) {
        if let Some(Inserted { stream, .. }) = self.inserted.take() {
            // Fails only if the other side was faster.
            let _ = stream.shutdown(Shutdown::Both);
            lock(&self.removed).replace(Instant::now());
        }
    }

    /// Whether the card is in: not if it was removed, by a fault or by the reader's end.
    pub fn is_inserted(&self) -> bool {
        self.inserted
            .as_ref()
            .is_some_and(|inserted| !inserted.thread.is_finished())
    }

    /// The card, to look at it or to set faults. It is locked while it answers.
    pub fn card(&self) -> MutexGuard<'_, Card> {
        lock(&self.card)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A card that panicked is still the card.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let start = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Err(error)
                if error.kind() == io::ErrorKind::ConnectionRefused
                    && start.elapsed() < PATIENCE =>
            {
                thread::sleep(Duration::from_millis(50));
            }
            other => return other,
        }
    }
}

/// Answers until either side hangs up.
fn serve(stream: &TcpStream, card: &SharedCard, observer: &Observer, noticed: &mpsc::Sender<()>) {
    while let Ok(message) = receive(stream) {
        let answer = match message[..] {
            [POWER_OFF | POWER_ON | RESET] => {
                lock(card).reset();
                continue;
            }
            [GET_ATR] => {
                // Nobody waits any more once insert has returned.
                let _ = noticed.send(());
                Outcome::Answer(lock(card).atr())
            }
            _ => {
                let mut card = lock(card);
                let outcome = card.exchange(&message);
                if observer(&card).is_err() {
                    Outcome::Removed
                } else {
                    outcome
                }
            }
        };
        match answer {
            Outcome::Answer(answer) => {
                if send(stream, &answer).is_err() {
                    break;
                }
            }
            // pcscd waits as well, until the card is removed: vpcd has no time-out, and
            // takes an empty answer for none.
            Outcome::Mute => {}
            Outcome::Removed => break,
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn receive(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    acknowledge(stream);
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    Ok(message)
}

/// vpcd sends length and message apart and waits for the first to be acknowledged, which
/// the system would otherwise put off for 40 ms: with hundreds of commands, seconds.
fn acknowledge(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::TcpStreamExt;
        // Only slower if it fails.
        let _ = stream.set_quickack(true);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

fn send(mut stream: &TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    stream.write_all(&[&length.to_be_bytes(), message].concat())
}
