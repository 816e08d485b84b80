//! `run`: a token in a virtual reader.

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use kagibashi_card_simulator::vpcd::{DEFAULT_PORT, Observer, Reader};
use kagibashi_card_simulator::{Card, state_file};

/// Options of `run`. Commands come on stdin, one a line: `remove`, `insert`,
/// `remove-after` with an instruction such as E5, `trace` (on or off), `quit`; each is
/// answered with `ok` or `error: …`.
#[derive(Debug, Args)]
pub struct Run {
    /// File that the token lives in.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// Where vpcd waits for cards.
    #[arg(long, value_name = "HOST:PORT", default_value_t = format!("127.0.0.1:{DEFAULT_PORT}"))]
    vpcd: String,
    /// Write every exchange to this file, as it crossed the wire and as it was meant.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// How much longer each private key operation takes, in milliseconds.
    #[arg(long, value_name = "N", default_value_t = 0)]
    delay_ms: u64,
}

impl Run {
    pub fn run(self) -> anyhow::Result<()> {
        let mut card = state_file::load(&self.state)
            .with_context(|| format!("cannot read a token from {}", self.state.display()))?;
        card.faults.key_delay = Duration::from_millis(self.delay_ms);
        let trace = Arc::new(Trace::open(self.trace.as_deref())?);
        let pull = Arc::new(Pull::default());
        let observer = observe(self.state, Arc::clone(&trace), Arc::clone(&pull));
        let mut reader =
            Reader::with_observer(self.vpcd.clone(), Arc::new(Mutex::new(card)), observer);
        reader.insert().with_context(|| {
            format!(
                "no virtual reader took the card at {} (is pcscd running?)",
                self.vpcd
            )
        })?;
        let mut stdout = io::stdout();
        writeln!(stdout, "ready")?;
        for line in io::stdin().lock().lines() {
            let outcome = match line?.trim() {
                "remove" => {
                    reader.remove();
                    Ok(())
                }
                "insert" => reader.insert(),
                told if told.starts_with("remove-after ") => {
                    pull.plan(&told["remove-after ".len()..])
                }
                "trace" => {
                    trace.enabled.fetch_xor(true, Ordering::Relaxed);
                    Ok(())
                }
                "quit" => return Ok(writeln!(stdout, "ok")?),
                _ => Err(io::Error::other(
                    "the commands are remove, insert, remove-after, trace and quit",
                )),
            };
            match outcome {
                Ok(()) => writeln!(stdout, "ok")?,
                Err(error) => writeln!(stdout, "error: {error}")?,
            }
        }
        // Whoever started us may have closed stdin on purpose; a signal ends us.
        loop {
            thread::park();
        }
    }
}

/// Saves the card before any answer that tells of a change, traces, and pulls it.
fn observe(state: PathBuf, trace: Arc<Trace>, pull: Arc<Pull>) -> Observer {
    let saved = AtomicU64::new(0);
    Arc::new(move |card: &Card| {
        if saved.swap(card.changes(), Ordering::Relaxed) != card.changes() {
            state_file::save(&state, card)?;
        }
        trace.write(card)?;
        pull.unless_due(card)
    })
}

/// After which instruction the card is pulled out: it has done what it was told, and
/// nobody hears of it.
#[derive(Default)]
struct Pull(Mutex<Option<u8>>);

impl Pull {
    /// Plans it for the next command with that instruction, in hexadecimal.
    fn plan(&self, instruction: &str) -> io::Result<()> {
        let instruction = u8::from_str_radix(instruction, 16).map_err(io::Error::other)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(instruction);
        Ok(())
    }

    /// An error, once, after the command that was waited for.
    fn unless_due(&self, card: &Card) -> io::Result<()> {
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let plain = card
            .last_exchange()
            .and_then(|it| it.plain_command.as_ref());
        if planned.is_some() && *planned == plain.map(|command| command.ins) {
            *planned = None;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }
}

/// Where exchanges are written down: a file, or stderr if none was named.
struct Trace {
    enabled: AtomicBool,
    target: Mutex<Box<dyn Write + Send>>,
}

impl Trace {
    /// On from the start if there is a file.
    fn open(path: Option<&Path>) -> anyhow::Result<Trace> {
        let target: Box<dyn Write + Send> = match path {
            Some(path) => Box::new(
                File::create(path).with_context(|| format!("cannot write {}", path.display()))?,
            ),
            None => Box::new(io::stderr()),
        };
        Ok(Trace {
            enabled: AtomicBool::new(path.is_some()),
            target: Mutex::new(target),
        })
    }

    fn write(&self, card: &Card) -> io::Result<()> {
        match card.last_exchange() {
            Some(exchange) if self.enabled.load(Ordering::Relaxed) => {
                let mut target = self.target.lock().unwrap_or_else(PoisonError::into_inner);
                writeln!(target, "{exchange}")
            }
            _ => Ok(()),
        }
    }
}
